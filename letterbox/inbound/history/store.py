"""Store a batch of history in a handful of statements; decides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import DatabaseError, connection, transaction
from django.db.models import Min
from django.db.models.functions import Lower

from letterbox.inbound import trouble
from letterbox.inbound.history.values import Placing, Read, Row
from letterbox.models import Contact, ContactAddress, Conversation, Message
from letterbox.services import letters


@dataclass(slots=True)
class People:
    """The contacts of a batch by their address; new ones are not stored yet."""

    by_email: dict[str, Contact]
    made: dict[str, Contact] = field(default_factory=dict)
    named: list[Contact] = field(default_factory=list)
    given: list[tuple[Placing, Contact]] = field(default_factory=list)


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


def give_contact(placing: Placing, read: Read, people: People) -> None:
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
    people.given.append((placing, known))


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
    for placing, contact in people.given:
        placing.contact_id = contact.pk


def locked_conversations(ids: Iterable[int]) -> dict[int, Conversation]:
    """Those that exist, by their id; nobody else changes them meanwhile."""
    rows = (
        Conversation.objects.select_for_update(no_key=True)
        .filter(pk__in=list(ids))
        .order_by("pk")
    )
    return {row.pk: row for row in rows}


def save_conversations(found: Mapping[int, Conversation]) -> dict[int, int]:
    """Store new and changed ones; returns negative number → id of the new ones."""
    new = {number: row for number, row in found.items() if number < 0}
    Conversation.objects.bulk_create(new.values())
    changed = [row for number, row in found.items() if number > 0]
    if changed:
        given = [
            {name: getattr(row, name) for name in ("id", *_SHOWN)} for row in changed
        ]
        _update("letterbox_conversation", _SHOWN, given)
    return {number: row.pk for number, row in new.items()}


def first_letters_of(mailbox_id: int, contacts: Iterable[int]) -> dict[int, int]:
    """Contact → the id of the first message that is about them, of those stored."""
    rows = (
        Message.objects.filter(mailbox=mailbox_id, contact__in=set(contacts))
        .values("contact")
        .annotate(first=Min("pk"))
        .values_list("contact", "first")
    )
    return {contact or 0: first for contact, first in rows}


def save_references(mailbox_id: int, references: Mapping[str, int]) -> None:
    """Have these keys lead to their conversations, where they lead nowhere yet."""
    if not references:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO letterbox_reference (mailbox_id, message_id, conversation_id)"
            " SELECT %s, * FROM unnest(%s::text[], %s::bigint[])"
            " ON CONFLICT DO NOTHING",
            [mailbox_id, list(references), list(references.values())],
        )


def place_messages(where: Mapping[int, int]) -> None:
    """Note, message → conversation, where they belong; the rest is stored later."""
    if not where:
        return
    letters.store_many()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE letterbox_message SET conversation_id = given.conversation"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS given(id, conversation)"
            " WHERE letterbox_message.id = given.id",
            [list(where), list(where.values())],
        )


def save_messages(rows: Sequence[Row]) -> list[int]:
    """Store what processing sets on these messages, and have them processed.

    Returns those that the tables do not take: they stay received.
    """
    if not rows:
        return []
    try:
        with transaction.atomic():
            letters.store_many()
            _update("letterbox_message", _PROCESSED, rows, PROCESS)
    except DatabaseError as error:
        if trouble.is_the_databases(error):
            raise
        if len(rows) == 1:
            return [rows[0]["id"]]
        return [pk for row in rows for pk in save_messages([row])]
    return []


PROCESS = "state = 'processed', processed_at = clock_timestamp()"


def _update(
    table: str, columns: Mapping[str, str], rows: Sequence[Row], also: str = ""
) -> None:
    """Set these columns of many rows at once; Django's own way takes ten times longer.

    Table, names and types are those written below; values travel apart from them, bound
    by the server and in binary: quoting the texts of a batch takes as long as storing.
    """
    types = {"id": "bigint", **columns}
    kinds = ", ".join(
        f"%b::{'text' if kind == 'jsonb' else kind}[]" for kind in types.values()
    )
    changes = ", ".join(f"{name} = given.{name}::{columns[name]}" for name in columns)
    values = [
        [_as_json(row[name]) for row in rows]
        if kind == "jsonb"
        else [row[name] for row in rows]
        for name, kind in types.items()
    ]
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as cursor,
    ):
        cursor.execute(
            f"UPDATE {table} SET {', '.join(filter(None, (changes, also)))}"  # noqa: S608
            f" FROM unnest({kinds}) AS given({', '.join(types)})"
            f" WHERE {table}.id = given.id"
            + (f" AND {table}.state = 'received'" if also else ""),
            values,
        )


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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
    "contact_id": "bigint",
    "thread_facts": "jsonb",
    "facts": "jsonb",
    "trace": "jsonb",
}


def _email(read: Read) -> str:
    """The address of the person outside as contacts are known by it."""
    if read.person is None:
        return ""
    email = letters.without_nul(read.person.email).strip().lower()[:320]
    return email if "@" in email else ""
