"""A sender whose case or lead is open writes anew: offered, decided, taken back.

No second one is opened unasked: the conversation is left undecided, and people say
whether it is about the open one. Merging does that; opening another is for
`inbound.conversion`. Nothing here looks at letters.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from letterbox import live
from letterbox.models import Case, Conversation, Event, Lead, User
from letterbox.services import history

#: What a matter may be, by the name that `Conversation.undecided` holds.
KINDS: dict[str, type[Case] | type[Lead]] = {"case": Case, "lead": Lead}
#: The statuses in which a new letter may well be about it.
OPEN: dict[str, tuple[str, ...]] = {
    "case": (Case.Status.OPEN, Case.Status.IN_PROGRESS),
    "lead": (Lead.Status.NEW,),
}
DECLINED = "record-declined"


def open_ones(
    kind: str, *, contact_id: int, mailbox_id: int, but_of: Conversation | None = None
) -> QuerySet[Any]:
    """What a person has open in a mailbox, but in this conversation; newest first.

    Only what has a conversation, for only there a letter can be added.
    """
    rows: QuerySet[Any] = KINDS[kind]._default_manager.filter(
        mailbox=mailbox_id,
        contact=contact_id,
        status__in=OPEN[kind],
        conversation__isnull=False,
    )
    if but_of is not None:
        # Nor in those that were merged into it.
        rows = rows.exclude(conversation=but_of).exclude(
            conversation__merged_into=but_of
        )
    return rows.select_related("conversation__merged_into").order_by("-id")


def leave_undecided(conversation: Conversation, *, beside: Case | Lead) -> None:
    """Open nothing for now: its sender has this one."""
    kind = _kind_of(beside)
    conversation.undecided = kind
    conversation.save(update_fields=["undecided"])
    about: dict[str, Any] = {kind: beside.pk}
    history.record("left-undecided", by=None, conversation=conversation, **about)


@transaction.atomic
def decline(conversation: Conversation, *, by: User) -> None:
    """Keep it without a case or a lead; nothing happens where it is decided already."""
    kind = settle(conversation)
    if kind:
        history.record(DECLINED, by=by, conversation=conversation, undecided=kind)
        _announce(conversation)


def settle(conversation: Conversation) -> str:
    """It is decided now; returns what was not, or "" where nothing was open."""
    undecided = Conversation.objects.filter(pk=conversation.pk).exclude(undecided="")
    # Locked, so that of two people who decide at once one finds it decided.
    kind = undecided.select_for_update(no_key=True).values_list("undecided", flat=True)
    found = kind.first() or ""
    if found:
        undecided.update(undecided="")
    conversation.undecided = ""
    return found


def ask_again(conversation: Conversation, event: Event) -> None:
    """What the event decided is undecided again."""
    kind = event.data.get("undecided", "")
    if kind in KINDS:
        Conversation.objects.filter(pk=conversation.pk).update(undecided=kind)
        conversation.undecided = kind


@transaction.atomic
def take_back(event: Event, *, by: User | None) -> Conversation:
    """Undo that a record was declined; ValueError where that was done before."""
    conversation = event.conversation
    if conversation is None or not still_declined([event]):
        raise ValueError("It has been taken back already.")
    ask_again(conversation, event)
    history.record("decision-undone", by=by, conversation=conversation, undone=event.pk)
    _announce(conversation)
    return conversation


def still_declined(events: list[Event]) -> set[int]:
    """Those of these events whose conversation has got nothing since."""
    declined = {
        each.conversation_id or 0: each.pk for each in events if each.verb == DECLINED
    }
    if not declined:
        return set()
    rows = Conversation.objects.filter(
        pk__in=declined, undecided="", case=None, lead=None
    )
    return {declined[pk] for pk in rows.values_list("pk", flat=True)}


def _kind_of(record: Case | Lead) -> str:
    return "case" if isinstance(record, Case) else "lead"


def _announce(conversation: Conversation) -> None:
    live.announce("conversation", conversation.pk, mailbox_id=conversation.mailbox_id)
