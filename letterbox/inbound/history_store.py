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
from letterbox.services.conversations import SHOWN_FIELDS


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
    Conversation.objects.bulk_update(changed, SHOWN_FIELDS)
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
    columns: dict[str, tuple[str, list[object]]] = {
        "id": ("bigint", [each.pk for each in messages]),
        **{
            name: (kind, [getattr(each, name) for each in messages])
            for name, kind in _PLAIN.items()
        },
        **{
            name: ("text", [json.dumps(getattr(each, name)) for each in messages])
            for name in _JSON
        },
    }
    names = [name for name in columns if name != "id"]
    settings = ", ".join(
        f"{name} = given.{name}{'::jsonb' if name in _JSON else ''}" for name in names
    )
    arrays = ", ".join(f"%s::{kind}[]" for kind, _ in columns.values())
    with connection.cursor() as cursor:
        # Names and types are those of the tables below; values travel apart.
        cursor.execute(
            f"UPDATE letterbox_message AS message SET {settings},"  # noqa: S608
            " state = 'processed', processed_at = %s"
            f" FROM unnest({arrays}) AS given({', '.join(columns)})"
            " WHERE message.id = given.id",
            [at, *(values for _, values in columns.values())],
        )


_PLAIN = {
    "direction": "text",
    "message_id": "text",
    "sent_at": "timestamptz",
    "subject": "text",
    "from_email": "text",
    "from_name": "text",
    "text": "text",
    "new_text": "text",
    "snippet": "text",
    "has_html": "boolean",
    "kind": "text",
    "language": "text",
    "conversation_id": "bigint",
    "contact_id": "bigint",
}
_JSON = ("recipients", "attachments", "thread_facts", "trace")


def _email(read: Read) -> str:
    """The address of the person outside as contacts are known by it."""
    if read.person is None:
        return ""
    email = letters.without_nul(read.person.email).strip().lower()[:320]
    return email if "@" in email else ""
