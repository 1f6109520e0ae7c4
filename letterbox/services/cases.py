"""Cases: grown from a conversation once, then worked on."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from letterbox import live
from letterbox.models import Case, Contact, Conversation, User
from letterbox.services import history

EDITABLE = (
    "subject",
    "description",
    "resolution",
    "status",
    "priority",
    "owner",
    "assignee",
)
CLOSED = (Case.Status.RESOLVED, Case.Status.CLOSED)


@transaction.atomic(savepoint=False)
def open_for(
    conversation: Conversation,
    *,
    subject: str,
    description: str,
    by: User | None,
    contact: Contact | None = None,
    owner: User | None = None,
    assignee: User | None = None,
    status: str = Case.Status.OPEN,
    priority: str = Case.Priority.NORMAL,
    is_new_conversation: bool = False,
) -> Case:
    """Open a case for the conversation, or give back the one it has.

    `is_new_conversation`: it began in this transaction, so it can have none.
    """
    if not is_new_conversation:
        # Locked, so that two people who convert at once get the same case.
        Conversation.objects.select_for_update(no_key=True).get(pk=conversation.pk)
        known = find_for(conversation)
        if known is not None:
            return known
    now = timezone.now()
    case = Case.objects.create(
        conversation=conversation,
        mailbox_id=conversation.mailbox_id,
        subject=subject[:998],
        description=description,
        contact=contact,
        owner=owner,
        assignee=assignee,
        status=status,
        priority=priority,
        reported_at=now,
        closed_at=now if status in CLOSED else None,
    )
    history.record("case-opened", by=by, conversation=conversation, case=case.pk)
    _announce(case)
    return case


def find_for(conversation: Conversation) -> Case | None:
    """The case of the conversation, or of one that was merged into it."""
    return (
        Case.objects.filter(
            Q(conversation=conversation) | Q(conversation__merged_into=conversation)
        )
        .order_by("id")
        .first()
    )


@transaction.atomic
def change(case: Case, *, by: User | None, **fields: Any) -> Case:
    """Set some of EDITABLE; closing and reopening keep `closed_at` right."""
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise ValueError(f"A case has no editable {', '.join(sorted(unknown))}.")
    before = {name: history.plain(getattr(case, name)) for name in fields}
    for name, value in fields.items():
        setattr(case, name, value)
    if "status" in fields:
        is_closed = case.status in CLOSED
        case.closed_at = (case.closed_at or timezone.now()) if is_closed else None
    changes = history.differences(
        before, {name: history.plain(value) for name, value in fields.items()}
    )
    if changes:
        case.save(update_fields=[*fields, "closed_at", "updated_at"])
        history.record(
            "case-changed",
            by=by,
            mailbox=case.mailbox,
            conversation=case.conversation,
            case=case.pk,
            changes=changes,
        )
        _announce(case)
    return case


def reopen_for_letter(case: Case) -> None:
    """A reply from outside: what was resolved or closed is open again."""
    if case.status in CLOSED:
        change(case, by=None, status=Case.Status.OPEN)


def _announce(case: Case) -> None:
    live.announce("case", case.pk, mailbox_id=case.mailbox_id or 0)
