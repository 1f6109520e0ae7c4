"""Store a batch of history in a handful of statements; decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models.functions import Lower

from letterbox.inbound.history_reading import Read
from letterbox.models import Contact, ContactAddress, Conversation, Message, Reference
from letterbox.services import letters


@dataclass(slots=True)
class People:
    """The contacts of a batch by their address; new ones are not stored yet."""

    by_email: dict[str, Contact]
    made: dict[str, Contact] = field(default_factory=dict)
    named: list[Contact] = field(default_factory=list)
    given: list[tuple[Message, Contact]] = field(default_factory=list)


def contacts_of(reads: Sequence[Read]) -> People:
    """The contacts that we know of those whom the batch is about."""
    emails = {_email(each) for each in reads} - {""}
    rows = (
        ContactAddress.objects.annotate(key=Lower("email"))
        .filter(key__in=emails)
        .select_related("contact")
        .order_by("-id")
    )
    return People({row.email.lower(): row.contact for row in rows})


def give_contact(message: Message, read: Read, people: People) -> None:
    """Know the person outside by the address, or make them known: as `find_or_make`."""
    email = _email(read)
    if not email or read.person is None:
        return
    name = letters.without_nul(read.person.name).strip()[:300]
    known = people.by_email.get(email)
    if known is None:
        known = Contact(name=name)
        people.by_email[email] = people.made[email] = known
    elif name and not known.name:
        known.name = name
        if known.pk:
            people.named.append(known)
    people.given.append((message, known))


def save_contacts(people: People) -> None:
    """Store the new ones, and give every message its contact."""
    made = list(people.made.values())
    Contact.objects.bulk_create(made)
    ContactAddress.objects.bulk_create(
        [
            ContactAddress(contact=contact, email=email)
            for email, contact in people.made.items()
        ]
    )
    for contact in people.named:
        contact.save(update_fields=["name"])
    for message, contact in people.given:
        message.contact = contact


def save_conversations(found: Mapping[int, Conversation]) -> dict[int, int]:
    """Store new and changed ones; returns negative number → id of the new ones."""
    new = {number: row for number, row in found.items() if number < 0}
    Conversation.objects.bulk_create(new.values())
    changed = [row for number, row in found.items() if number > 0]
    if changed:
        _update("letterbox_conversation", _SHOWN, changed)
    return {number: row.pk for number, row in new.items()}


def save_references(mailbox_id: int, references: Mapping[str, int]) -> None:
    """Have these keys lead to their conversations, where they lead nowhere yet."""
    Reference.objects.bulk_create(
        [
            Reference(mailbox_id=mailbox_id, message_id=key, conversation_id=where)
            for key, where in references.items()
        ],
        ignore_conflicts=True,
    )


def save_messages(messages: Sequence[Message], *, at: datetime) -> None:
    """Store everything that processing sets on a message, in one statement."""
    for message in messages:
        message.state = Message.State.PROCESSED
        message.processed_at = at
    _update("letterbox_message", _PROCESSED, messages)


def _update(
    table: str, columns: Mapping[str, str], rows: Sequence[Message | Conversation]
) -> None:
    """Set these columns of many rows at once; Django's own way takes ten times longer.

    Table, names and types are those written below; values travel apart from them.
    """
    types = {"id": "bigint", **columns}
    given = [{name: getattr(row, name) for name in types} for row in rows]
    kinds = ", ".join(f"{name} {kind}" for name, kind in types.items())
    changes = ", ".join(f"{name} = given.{name}" for name in columns)
    with connection.cursor() as cursor:
        # As one JSON text: arrays of values would be quoted value by value in Python.
        cursor.execute(
            f"UPDATE {table} SET {changes}"  # noqa: S608
            f" FROM json_to_recordset(%s::json) AS given({kinds})"
            f" WHERE {table}.id = given.id",
            [json.dumps(given, default=datetime.isoformat)],
        )


_SHOWN = {
    "message_count": "integer",
    "version": "integer",
    "last_message_at": "timestamptz",
    "snippet": "text",
    "last_from": "text",
    "last_inbound_at": "timestamptz",
    "is_unread": "boolean",
    "contact_id": "bigint",
}
_PROCESSED = {
    "state": "text",
    "processed_at": "timestamptz",
    "direction": "text",
    "message_id": "text",
    "sent_at": "timestamptz",
    "subject": "text",
    "from_email": "text",
    "from_name": "text",
    "recipients": "jsonb",
    "text": "text",
    "new_text": "text",
    "snippet": "text",
    "has_html": "boolean",
    "attachments": "jsonb",
    "kind": "text",
    "language": "text",
    "conversation_id": "bigint",
    "contact_id": "bigint",
    "thread_facts": "jsonb",
    "trace": "jsonb",
}


def _email(read: Read) -> str:
    """The address of the person outside as contacts are known by it."""
    if read.person is None:
        return ""
    email = letters.without_nul(read.person.email).strip().lower()[:320]
    return email if "@" in email else ""
