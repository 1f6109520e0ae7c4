"""What the section Activity shows: who changed what in a mailbox, newest first."""

from __future__ import annotations

from typing import Any

from letterbox import access
from letterbox.models import Mailbox, User
from letterbox.web import history_words, record_lists

# The page has six other sections; the rest is one click away.
FIRST_ROWS = 10


def first_page(user: User, mailbox: Mailbox) -> dict[str, Any]:
    """The newest lines, and whether there are more."""
    rows = _rows(user, mailbox).order_by("-pk")[: FIRST_ROWS + 1]
    lines = [history_words.line(event) for event in rows]
    before = lines[FIRST_ROWS - 1].event.pk if len(lines) > FIRST_ROWS else 0
    return {"lines": lines[:FIRST_ROWS], "before": before}


def next_page(user: User, mailbox: Mailbox, before: str) -> dict[str, Any]:
    """The lines below this one."""
    page = record_lists.page(_rows(user, mailbox), before=before)
    return {
        "lines": [history_words.line(event) for event in page.rows],
        "before": page.before,
    }


def _rows(user: User, mailbox: Mailbox) -> Any:
    return access.events(user, mailbox).select_related("actor")
