"""Taking back what the history of a conversation tells: merges, splits, conversions.

A case or a lead that nobody has worked on goes again, and the conversation is as if it
had never been converted; its number is not given to another one. What was sent is out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from letterbox import live
from letterbox.models import Case, Conversation, Event, Lead, User
from letterbox.services import history, matters, merging

_OPENED: dict[str, tuple[str, type[Case] | type[Lead]]] = {
    "case-opened": ("case", Case),
    "lead-opened": ("lead", Lead),
}


def undo(event: Event, *, by: User | None) -> Conversation:
    """Take it back; returns the conversation that it was done to.

    Raises ValueError where that cannot be: it was done before, or somebody has worked
    on what it made.
    """
    if event.verb in _OPENED:
        return _undo_conversion(event, by=by)
    if event.verb == matters.DECLINED:
        return matters.take_back(event, by=by)
    return merging.undo(event, by=by)


def undoable(events: Iterable[Event]) -> set[int]:
    """Which of these events `undo` would take back."""
    events = list(events)
    found = merging.undoable(events) | matters.still_declined(events)
    for verb, (kind, table) in _OPENED.items():
        opened = {
            each.data[kind]: each.pk
            for each in events
            if each.verb == verb and kind in each.data
        }
        if opened:
            there = table.objects.filter(pk__in=opened, conversation__isnull=False)
            records = set(there.values_list("pk", flat=True))
            found |= {opened[pk] for pk in records - _worked_on(kind, records)}
    return found


@transaction.atomic
def _undo_conversion(event: Event, *, by: User | None) -> Conversation:
    kind, table = _OPENED[event.verb]
    record = (
        table.objects.select_for_update(of=("self",))
        .select_related("conversation")
        .filter(pk=event.data.get(kind))
        .first()
    )
    if record is None or record.conversation is None:
        raise ValueError("It has been taken back already.")
    if _worked_on(kind, {record.pk}):
        raise ValueError("Somebody has worked on it since; close it instead.")
    conversation, mailbox_id = record.conversation, record.mailbox_id
    pk = record.pk
    record.delete()
    matters.ask_again(conversation, event)
    about: dict[str, Any] = {kind: pk}
    history.record(
        "conversion-undone",
        by=by,
        conversation=conversation,
        undone=event.pk,
        **about,
    )
    live.announce(kind, pk, mailbox_id=mailbox_id or 0)
    live.announce("conversation", conversation.pk, mailbox_id=conversation.mailbox_id)
    return conversation


def _worked_on(kind: str, records: set[int]) -> set[int]:
    """Those of these records that were changed after they were opened."""
    changed = Event.objects.filter(
        verb=f"{kind}-changed", **{f"data__{kind}__in": list(records)}
    )
    return set(changed.values_list(f"data__{kind}", flat=True))
