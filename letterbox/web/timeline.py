"""What a conversation page shows in the order it happened: messages, notes, history.

Reads rows of a conversation that `access` handed in; changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from letterbox.models import Conversation, Event, Message, Note, OutgoingMail
from letterbox.services import letters, undoing
from letterbox.web import folded_messages

# So many of the newest messages stand open; what is older is folded to a line.
OPEN_MESSAGES = 2
MOST_MESSAGES = 500
MOST_EVENTS = 500


class Kind(StrEnum):
    """What an item is; the name of its template too."""

    MESSAGE = "message"
    NOTE = "note"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened; `row` is a Message, a Note or an Event."""

    kind: Kind
    at: datetime
    row: Message | Note | Event
    is_folded: bool = False
    # A message that the server has deleted; it stays here.
    is_gone: bool = False
    # The promise behind a message of ours that has not been sent in peace.
    mail: OutgoingMail | None = None
    words: str | Promise = ""
    # The conversation that the event is about as well, and whether it can be undone.
    other: int | None = None
    is_undoable: bool = False

    @property
    def template(self) -> str:
        """The template that shows it."""
        return f"conversation/{self.kind}.html"


@dataclass(frozen=True, slots=True)
class Position:
    """The newest row of each kind that a browser has: it asks for what came after."""

    message: int = 0
    note: int = 0
    event: int = 0

    def __str__(self) -> str:
        return f"{self.message}.{self.note}.{self.event}"

    @classmethod
    def read(cls, text: str) -> Position:
        """The position written by `str`; nonsense reads as the beginning."""
        parts = text.split(".")
        if len(parts) != 3 or not all(p.isdecimal() and len(p) < 19 for p in parts):
            return cls()
        return cls(*map(int, parts))


# History that people care to read between letters; the rest stands in Activity.
VERBS: Mapping[str, str | Promise] = {
    "closed": _("closed the conversation"),
    "reopened": _("reopened the conversation"),
    "reopened-by-letter": _("A new letter reopened the conversation"),
    "assigned": _("changed who answers"),
    "snoozed": _("snoozed the conversation"),
    "marked-as-spam": _("marked it as spam"),
    "marked-as-not-spam": _("said that it is no spam"),
    "case-opened": _("A case was opened"),
    "case-changed": _("changed the case"),
    "lead-opened": _("A lead was opened"),
    "left-undecided": _("Its sender has an open matter, so nothing was opened"),
    "record-declined": _("said that this needs no case or lead"),
    "decision-undone": _("took back that this needs no case or lead"),
    "conversion-undone": _("took the conversion back: the case or lead is gone"),
    "lead-changed": _("changed the lead"),
    "reply-taken-back": _("took an answer back"),
    "mail-released": _("had a held mail sent"),
    "mail-discarded": _("discarded a held mail"),
    "mail-settled": _("An unsure mail turned out to have arrived"),
    "merged": _("merged another conversation into this one"),
    "merge-undone": _("took a merge back"),
    "split": _("gave messages a conversation of their own"),
    "split-off": _("split this off from another conversation"),
    "original-named": _("said who wrote the forwarded letter"),
    "original-forgotten": _("took back who wrote the forwarded letter"),
    "mail-bounced": _("A mail could not be delivered"),
}

# What a name stands before.
BY_SOMEBODY: Mapping[str, str | Promise] = {
    "case-opened": _("opened a case"),
    "lead-opened": _("opened a lead"),
}

LEADS_TO_OTHERS = frozenset({"merge-undone", "split", "split-off"})
OTHERS = ("into", "source", "merged")


def build(
    conversation: Conversation, *, after: Position | None = None
) -> tuple[list[Item], Position]:
    """The items in order, or those after a position, and the position they reach."""
    start = after or Position()
    newest_first = conversation.messages.filter(pk__gt=start.message).order_by(
        "-received_at", "-pk"
    )
    opened = newest_first.select_related(
        "author", "outgoing", "outgoing__rule", "contact"
    ).prefetch_related("answers", "contact__addresses")
    messages = list(opened[:OPEN_MESSAGES] if after is None else opened)
    folded: list[Message] = []
    if after is None and len(messages) == OPEN_MESSAGES:
        # Such a message shows a line, and fetches the rest when it is opened.
        folded = list(
            newest_first.only(*folded_messages.COLUMNS)[OPEN_MESSAGES:MOST_MESSAGES]
        )
    notes = list(conversation.notes.filter(pk__gt=start.note).select_related("author"))
    events = list(
        conversation.events.filter(pk__gt=start.event, verb__in=VERBS)
        .select_related("actor")
        .order_by("-pk")[:MOST_EVENTS]
    )
    newest_first_items = [
        *_messages(messages),
        *(Item(Kind.MESSAGE, row.received_at, row, is_folded=True) for row in folded),
    ]
    # Servers tell the time in seconds: of one second, the later letter stands below.
    items = [
        *reversed(newest_first_items),
        *(Item(Kind.NOTE, note.created_at, note) for note in notes),
        *reversed(list(_events(events))),
    ]
    items.sort(key=lambda item: item.at)
    position = Position(
        max([start.message, *(row.pk for row in messages + folded)]),
        max([start.note, *(row.pk for row in notes)]),
        max([start.event, *(row.pk for row in events)]),
    )
    return items, position


def newest_letters(items: Iterable[Item]) -> list[Message]:
    """The messages among these that stand open, newest first."""
    opened = [
        item.row
        for item in items
        if isinstance(item.row, Message) and not item.is_folded
    ]
    return opened[::-1]


def _messages(opened: Sequence[Message]) -> Iterator[Item]:
    gone = letters.gone_from_server([message.pk for message in opened])
    for message in opened:
        yield Item(
            Kind.MESSAGE,
            message.received_at,
            message,
            is_gone=message.pk in gone,
            mail=mail_of(message),
        )


def _events(events: Sequence[Event]) -> Iterator[Item]:
    undoable = undoing.undoable(events)
    for event in events:
        yield Item(
            Kind.EVENT,
            event.at,
            event,
            words=BY_SOMEBODY.get(event.verb, VERBS[event.verb])
            if event.actor
            else VERBS[event.verb],
            other=next((event.data[key] for key in OTHERS if key in event.data), None)
            if event.verb in LEADS_TO_OTHERS
            else None,
            is_undoable=event.pk in undoable,
        )


def mail_of(message: Message) -> OutgoingMail | None:
    """The promise that this message was made with, if it was written here."""
    try:
        return message.outgoing
    except OutgoingMail.DoesNotExist:
        return None
