"""Leads: grown from a first letter once, then qualified or not."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from letterbox.models import Contact, Conversation, Lead, User
from letterbox.services import records

EDITABLE = (
    "name",
    "first_name",
    "last_name",
    "company",
    "email",
    "phone",
    "notes",
    "source",
    "status",
    "owner",
)


@transaction.atomic(savepoint=False)
def open_for(
    conversation: Conversation,
    *,
    name: str,
    notes: str,
    sender_name: str,
    email: str,
    by: User | None,
    contact: Contact | None = None,
    owner: User | None = None,
    source: str = "",
    is_new_conversation: bool = False,
) -> Lead:
    """Open a lead for the conversation, or give back the one it has.

    `is_new_conversation`: it began in this transaction, so it can have none.
    """
    if not is_new_conversation:
        known = records.find_or_lock(Lead, conversation)
        if known is not None:
            return known
    first_name, last_name = split_name(
        (contact.name if contact else "") or sender_name, email
    )
    lead = Lead.objects.create(
        conversation=conversation,
        mailbox_id=conversation.mailbox_id,
        name=name[:998],
        notes=notes,
        first_name=first_name[:200],
        last_name=last_name[:200],
        company=(contact.company if contact else "")[:300],
        email=email[:320],
        phone=(contact.phone if contact else "")[:60],
        contact=contact,
        owner=owner,
        source=source[:100],
    )
    records.opened(lead, by=by)
    return lead


@transaction.atomic
def change(lead: Lead, *, by: User | None, **fields: Any) -> Lead:
    """Set some of EDITABLE."""
    records.change(lead, fields, editable=EDITABLE, by=by)
    return lead


def split_name(name: str, email: str) -> tuple[str, str]:
    """First and last name from a display name, else from the address.

    >>> split_name("Anna Maria Berg", "x@y.z")
    ('Anna', 'Maria Berg')
    >>> split_name("Berg, Anna", "x@y.z")
    ('Anna', 'Berg')
    >>> split_name("", "anna.berg@example.com")
    ('Anna', 'Berg')
    """
    words = name.split()
    if not words or "@" in name:
        local = email.partition("@")[0].partition("+")[0]
        for mark in "._-":
            local = local.replace(mark, " ")
        words = [word.capitalize() for word in local.split()]
        if len(words) < 2:
            return "".join(words), email.partition("@")[2]
    elif words[0].endswith(",") and len(words) > 1:
        words = [*words[1:], words[0].rstrip(",")]
    return words[0], " ".join(words[1:])
