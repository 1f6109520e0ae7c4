"""What cases and leads have in common: one for a conversation, changed with a history.

Never decides when one is opened; `inbound.conversion` and people do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from letterbox import live
from letterbox.models import Case, Conversation, Lead, User
from letterbox.services import history, matters

RecordT = TypeVar("RecordT", Case, Lead)


def find_for(kind: type[RecordT], conversation: Conversation) -> RecordT | None:
    """The record of the conversation, or of one that was merged into it."""
    return (
        kind.objects.filter(conversation__in=_places(conversation))
        .order_by("id")
        .first()
    )


def find_both(conversation: Conversation) -> tuple[Case | None, Lead | None]:
    """The case and the lead that `find_for` finds, in one question."""
    places = list(_places(conversation).select_related("case", "lead"))
    cases = [place.case for place in places if hasattr(place, "case")]
    leads = [place.lead for place in places if hasattr(place, "lead")]
    return (
        min(cases, key=lambda case: case.pk, default=None),
        min(leads, key=lambda lead: lead.pk, default=None),
    )


def _places(conversation: Conversation) -> QuerySet[Conversation]:
    # Two conditions on one table: across two, no index helps and all records are read.
    return Conversation.objects.filter(
        Q(pk=conversation.pk) | Q(merged_into=conversation)
    )


def find_or_lock(kind: type[RecordT], conversation: Conversation) -> RecordT | None:
    """The record of the conversation; if there is none, nobody else can open it now.

    The conversation stays locked until the transaction ends, so that two people who
    convert at once get the same record.
    """
    Conversation.objects.select_for_update(no_key=True).get(pk=conversation.pk)
    return find_for(kind, conversation)


def opened(record: Case | Lead, *, by: User | None) -> None:
    """Write and tell that a record was opened; its conversation is decided with that."""
    conversation = record.conversation
    settled = conversation and conversation.undecided and matters.settle(conversation)
    if settled:
        _write(record, "opened", by=by, undecided=settled)
    else:
        _write(record, "opened", by=by)


def change(
    record: Case | Lead,
    fields: Mapping[str, Any],
    *,
    editable: Collection[str],
    by: User | None,
    also: Collection[str] = (),
) -> None:
    """Set and save fields, and say in the history what was different before.

    `also` names fields that the caller has set and that follow from these. Only what
    is named is saved: a colleague's change of another field stays. Raises ValueError for a field that is not among the editable ones.
    """
    changes = history.assign(record, fields, editable=editable)
    if changes:
        record.save(update_fields=[*fields, *also, "updated_at"])
        _write(record, "changed", by=by, changes=changes)


def _write(
    record: Case | Lead,
    done: str,
    *,
    by: User | None,
    changes: Mapping[str, list[Any]] | None = None,
    **data: Any,
) -> None:
    kind = "case" if isinstance(record, Case) else "lead"
    about: dict[str, Any] = {kind: record.pk, **data}
    history.record(
        f"{kind}-{done}",
        by=by,
        mailbox=None if record.conversation_id else record.mailbox,
        conversation=record.conversation,
        changes=changes,
        **about,
    )
    live.announce(kind, record.pk, mailbox_id=record.mailbox_id or 0)
