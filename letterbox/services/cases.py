"""Cases: grown from a conversation once, then worked on."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from letterbox.models import Case, Contact, Conversation, User
from letterbox.services import records

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
        known = records.find_or_lock(Case, conversation)
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
    records.opened(case, by=by)
    return case


@transaction.atomic
def change(case: Case, *, by: User | None, **fields: Any) -> Case:
    """Set some of EDITABLE; closing and reopening keep `closed_at` right."""
    if "status" in fields:
        is_closed = fields["status"] in CLOSED
        case.closed_at = (case.closed_at or timezone.now()) if is_closed else None
    records.change(case, fields, editable=EDITABLE, by=by, also=["closed_at"])
    return case


def reopen_for_letter(case: Case) -> None:
    """A reply from outside: what was resolved or closed is open again."""
    if case.status in CLOSED:
        change(case, by=None, status=Case.Status.OPEN)
