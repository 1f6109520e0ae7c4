"""The line of a message that is folded, written in one go.

Code and not a template: a long conversation shows hundreds of them, and what Django does
for each before the first word of it stands there took half of the page's time.
"""

from __future__ import annotations

from html import escape

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from letterbox.models import Message
from letterbox.web import addresses, signs

# All that a line shows of a message.
COLUMNS = ("received_at", "from_name", "from_email", "snippet", "conversation")


def draw(message: Message) -> SafeString:
    """The line; opened, it fetches the message into itself."""
    writer = message.from_name or message.from_email
    address = addresses.of("message", message.pk)
    # What signs make is markup; all else is escaped.
    return SafeString(
        f'<details class="message is-folded" id="message-{message.pk}"'
        f' hx-get="{address}" hx-trigger="toggle once"'
        f' hx-target="find .message-inside"><summary class="message-line">'
        f"{signs.avatar(writer, 'avatar-small')}"
        f'<strong class="one-line">{escape(writer)}</strong>'
        f'<span class="one-line soft">{escape(message.snippet)}</span>'
        f'<span class="soft small">{signs.age(message.received_at)}</span></summary>'
        f'<div class="message-inside"><a href="{address}">'
        f"{escape(_('Open this message'))}</a></div></details>\n"
    )
