"""Hostile HTML → harmless HTML that still looks like the letter.

html      clean_html()
css       style attributes and sheets, by allow-list
markup    tags read in linear time
"""

from letterbox.mime.clean.html import (
    BLOCKED,
    BLOCKED_IMAGE,
    CleanHtml,
    RemoteContent,
    clean_html,
)

__all__ = ["BLOCKED", "BLOCKED_IMAGE", "CleanHtml", "RemoteContent", "clean_html"]
