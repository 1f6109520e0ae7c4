"""One line of the inbox list: what it shows, and how it is written in one go.

Code and not a template: the list shows fifty at once and is fetched again with every
letter that comes, and Django's templates take ten times as long. Values and not rows of
models for the same reason: a line shows something of six tables, and little of each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.html import conditional_escape as escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from letterbox.models import ContactAddress, Conversation
from letterbox.web import addresses, signs

MOST_TAGS = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation as its line shows it; `tags` are pairs of a name and a colour."""

    pk: int
    last_message_at: datetime
    sender: str
    subject: str
    snippet: str
    message_count: int
    is_unread: bool
    undecided: str
    case_id: int | None
    lead_id: int | None
    assignee: str
    tags: Sequence[tuple[str, str]]


COLUMNS = (
    "last_message_at",
    "subject",
    "snippet",
    "message_count",
    "is_unread",
    "undecided",
    "case__pk",
    "lead__pk",
    "assignee__name",
    "assignee__email",
    "contact",
    "contact__name",
    "last_from",
    "mailbox__label",
)


def read(conversations: QuerySet[Conversation], numbers: Sequence[int]) -> list[Row]:
    """Those of the conversations, in the order of the numbers.

    One that was merged away since the numbers were found is left out.
    """
    found = conversations.filter(pk__in=numbers).values("pk", *COLUMNS)
    by_number: dict[int, dict[str, Any]] = {values["pk"]: values for values in found}
    tags = _tags(by_number)
    addresses = _addresses(by_number.values())
    return [
        _row(by_number[number], tags.get(number, ()), addresses)
        for number in numbers
        if number in by_number
    ]


def _row(
    values: Mapping[str, Any],
    tags: Sequence[tuple[str, str]],
    addresses: Mapping[int, str],
) -> Row:
    sender = values["last_from"] or values["mailbox__label"]
    if contact := values["contact"]:
        sender = values["contact__name"] or addresses.get(contact, _("(no name)"))
    return Row(
        pk=values["pk"],
        last_message_at=values["last_message_at"],
        sender=sender,
        subject=values["subject"] or _("(no subject)"),
        snippet=values["snippet"],
        message_count=values["message_count"],
        is_unread=values["is_unread"],
        undecided=values["undecided"],
        case_id=values["case__pk"],
        lead_id=values["lead__pk"],
        assignee=values["assignee__name"] or values["assignee__email"] or "",
        tags=tags,
    )


def _tags(numbers: Collection[int]) -> dict[int, list[tuple[str, str]]]:
    """The tags of each conversation that has some, by name."""
    links = Conversation.tags.through.objects.filter(conversation__in=numbers)
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for number, name, colour in links.order_by("tag__name").values_list(
        "conversation", "tag__name", "tag__colour"
    ):
        found[number].append((name, colour))
    return found


def _addresses(rows: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """The first address of each contact that has no name."""
    nameless = {row["contact"] for row in rows if row["contact__name"] == ""}
    known = ContactAddress.objects.filter(contact__in=nameless).order_by("-pk")
    return dict(known.values_list("contact", "email"))


def draw(row: Row, *, place: str, is_opened: bool) -> SafeString:
    """The list item; `place` is the query that leads back to this list."""
    href = f"{addresses.of('conversation', row.pk)}?{escape(place)}"
    here = ' aria-current="true"' if is_opened else ""
    return SafeString(
        f'<li class="rows-item{" is-unread" if row.is_unread else ""}">'
        f'<a class="rows-link" id="row-{row.pk}" data-row="{row.pk}" href="{href}"'
        f' hx-get="{href}" hx-target="#pane" hx-push-url="true"'
        f' hx-swap="innerHTML show:none"{here}>'
        f"{signs.avatar(row.sender, 'rows-avatar')}"
        f'<span class="rows-top">'
        f'<span class="rows-from one-line">{escape(row.sender)}</span>'
        f'{_number(row)}{_unread(row)}<span class="rows-age">'
        f"{signs.age(row.last_message_at)}</span></span>"
        f'<span class="rows-subject one-line">{escape(row.subject)}</span>'
        f'<span class="rows-bottom"><span class="rows-snippet one-line">'
        f"{escape(row.snippet)}</span>{_marks(row)}</span></a></li>\n"
    )


def _number(row: Row) -> str:
    if row.message_count < 2:
        return ""
    words = ngettext(
        "%(counter)s message", "%(counter)s messages", row.message_count
    ) % {"counter": row.message_count}
    return (
        f'<span class="rows-number number" title="{escape(words)}">'
        f"{row.message_count}</span>"
    )


def _unread(row: Row) -> str:
    if not row.is_unread:
        return ""
    return f'<span class="unseen">{escape(_("unread"))}</span>'


def _marks(row: Row) -> str:
    """What it became, its tags, and who answers."""
    pieces = [
        signs.badge(f"#{row.case_id}", "blue") if row.case_id else "",
        signs.badge(_("Lead"), "purple") if row.lead_id else "",
        signs.badge(_("to decide"), "amber") if row.undecided else "",
        *(signs.badge(name, colour) for name, colour in row.tags[:MOST_TAGS]),
    ]
    if row.assignee:
        words = escape(_("%(name)s answers") % {"name": row.assignee})
        pieces.append(
            f'<span class="rows-who" title="{words}">'
            f"{signs.avatar(row.assignee, 'avatar-tiny')}"
            f'<span class="unseen">{escape(row.assignee)}</span></span>'
        )
    return "".join(pieces)
