"""One line of the inbox list, written in one go.

Code and not a template: the list shows fifty at once and is fetched again with every
letter that comes, and Django's templates take ten times as long.
"""

from __future__ import annotations

from django.utils.html import conditional_escape as escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from letterbox.models import Conversation
from letterbox.web import addresses, signs

MOST_TAGS = 2


def draw(row: Conversation, *, place: str, is_opened: bool) -> SafeString:
    """The list item; `place` is the query that leads back to this list.

    Reads the assignee, case, contact with its addresses, lead, mailbox and tags of the
    row: whoever lists many has them fetched.
    """
    sender = str(row.contact or row.last_from or row.mailbox.label)
    href = f"{addresses.of('conversation', row.pk)}?{escape(place)}"
    here = ' aria-current="true"' if is_opened else ""
    return SafeString(
        f'<li class="rows-item{" is-unread" if row.is_unread else ""}">'
        f'<a class="rows-link" id="row-{row.pk}" data-row="{row.pk}" href="{href}"'
        f' hx-get="{href}" hx-target="#pane" hx-push-url="true"'
        f' hx-swap="innerHTML show:none"{here}>'
        f"{signs.avatar(sender, 'rows-avatar')}"
        f'<span class="rows-top"><span class="rows-from one-line">{escape(sender)}</span>'
        f'{_number(row)}{_unread(row)}<span class="rows-age">'
        f"{signs.age(row.last_message_at)}</span></span>"
        f'<span class="rows-subject one-line">{escape(str(row))}</span>'
        f'<span class="rows-bottom"><span class="rows-snippet one-line">'
        f"{escape(row.snippet)}</span>{_marks(row)}</span></a></li>\n"
    )


def _number(row: Conversation) -> str:
    if row.message_count < 2:
        return ""
    words = ngettext(
        "%(counter)s message", "%(counter)s messages", row.message_count
    ) % {"counter": row.message_count}
    return (
        f'<span class="rows-number number" title="{escape(words)}">'
        f"{row.message_count}</span>"
    )


def _unread(row: Conversation) -> str:
    if not row.is_unread:
        return ""
    return f'<span class="unseen">{escape(_("unread"))}</span>'


def _marks(row: Conversation) -> str:
    """What it became, its tags, and who answers."""
    case, lead = getattr(row, "case", None), getattr(row, "lead", None)
    pieces = [
        signs.badge(f"#{case.pk}", "blue") if case else "",
        signs.badge(_("Lead"), "purple") if lead else "",
        signs.badge(_("to decide"), "amber") if row.undecided else "",
        *(signs.badge(tag.name, tag.colour) for tag in row.tags.all()[:MOST_TAGS]),
    ]
    if row.assignee:
        name = str(row.assignee)
        words = escape(_("%(name)s answers") % {"name": name})
        pieces.append(
            f'<span class="rows-who" title="{words}">'
            f"{signs.avatar(name, 'avatar-tiny')}"
            f'<span class="unseen">{escape(name)}</span></span>'
        )
    return "".join(pieces)
