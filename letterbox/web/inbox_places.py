"""The lines that lead to the views of the inbox and to its mailboxes, written in one go.

They stand twice on a page: beside the list, and in the menu of small screens. Code and
not a template: a house may have two hundred mailboxes, and Django's templates take ten
times as long for each line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.html import conditional_escape as escape
from django.utils.safestring import SafeString

from letterbox.models import Mailbox
from letterbox.web import addresses, signs
from letterbox.web.inbox_lists import View


@dataclass(frozen=True, slots=True)
class Look:
    """The markup around one line, its words and its count."""

    start: str
    words: str
    count: str
    end: str
    # Whether a line of a mailbox says its address, and whether it is the one shown.
    tells_mailbox: bool


BESIDE = Look(
    start='<li><a class="views-link"',
    words='<span class="one-line">',
    count='<span class="views-count number">',
    end="</a></li>\n",
    tells_mailbox=True,
)
MENU = Look(
    start='<a class="menu-item"',
    words="<span>",
    count='<span class="at-end soft number">',
    end="</a>\n",
    tells_mailbox=False,
)


def draw_views(
    counted: Iterable[tuple[View, int | None]],
    look: Look,
    *,
    here: str,
    mailbox_id: int,
) -> SafeString:
    """A line for each view, with how many it holds; `here` is the one that is shown."""
    inbox, of_mailbox = _inbox(), f"&amp;mailbox={mailbox_id}" if mailbox_id else ""
    lines = [
        f'{look.start} href="{inbox}?view={escape(view.name)}{of_mailbox}"'
        f"{_current(is_here=view.name == here)}>{signs.icon(view.icon)}"
        f"{_words(look, view.label, count)}"
        for view, count in counted
    ]
    return SafeString("".join(lines))


def draw_mailboxes(
    counted: Iterable[tuple[Mailbox, int]], look: Look, *, view: str, mailbox_id: int
) -> SafeString:
    """A line for each mailbox, with how many are open in it."""
    href, icon = f"{_inbox()}?view={escape(view)}&amp;mailbox=", signs.icon("mail")
    lines = [
        f'{look.start} href="{href}{each.pk}"{_told(look, each, mailbox_id)}>{icon}'
        f"{_words(look, each.label, count)}"
        for each, count in counted
    ]
    return SafeString("".join(lines))


def _inbox() -> str:
    return addresses.of("inbox")


def _current(*, is_here: bool) -> str:
    return ' aria-current="true"' if is_here else ""


def _told(look: Look, mailbox: Mailbox, mailbox_id: int) -> str:
    if not look.tells_mailbox:
        return ""
    here = _current(is_here=mailbox.pk == mailbox_id)
    return f' title="{escape(mailbox.address)}"{here}'


def _words(look: Look, label: object, count: int | None) -> str:
    """Every piece of it is escaped, or ours."""
    number = f"{look.count}{count}</span>" if count else ""
    return f"{look.words}{escape(str(label))}</span>{number}{look.end}"
