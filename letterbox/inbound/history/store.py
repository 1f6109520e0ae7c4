"""Store a batch of history in a handful of statements; decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Min

from letterbox import binary
from letterbox.inbound import many_rows, trouble
from letterbox.inbound.history.values import Placing, Read, Row
from letterbox.models import (
    Contact,
    ContactAddress,
    Conversation,
    Message,
    Reference,
)
from letterbox.services import letters

CONTACTS = """
    SELECT lower(address.email), contact.id, contact.name
    FROM letterbox_contactaddress address
    JOIN letterbox_contact contact ON contact.id = address.contact_id
    WHERE lower(address.email) = ANY(%b::text[])
"""


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
    return People(
        {
            email: Contact.from_db(None, ["id", "name"], row)
            for email, *row in binary.rows(CONTACTS, [list(emails)])
        }
    )


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
    _insert_contacts(people.made)
    for contact in people.named:
        contact.save(update_fields=["name"])
    for placing, contact in people.given:
        placing.contact_id = contact.pk


def _insert_contacts(made: Mapping[str, Contact]) -> None:
    if not made:
        return
    ids = many_rows.new_ids(Contact, len(made))
    for contact, pk in zip(made.values(), ids, strict=True):
        contact.pk = pk
    many_rows.insert(
        Contact, {"id": ids, "name": [contact.name for contact in made.values()]}
    )
    many_rows.insert(ContactAddress, {"contact_id": ids, "email": list(made)})


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
    if new:
        ids = many_rows.new_ids(Conversation, len(new))
        for row, pk in zip(new.values(), ids, strict=True):
            row.pk = pk
        many_rows.insert(Conversation, _columns(new.values(), ("id", *_BEGUN, *_SHOWN)))
    changed = [row for number, row in found.items() if number > 0]
    if changed:
        many_rows.update(Conversation, _columns(changed, ("id", *_SHOWN)))
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
    many_rows.insert(
        Reference,
        {
            "mailbox_id": [mailbox_id] * len(references),
            "message_id": list(references),
            "conversation_id": list(references.values()),
        },
        "ON CONFLICT DO NOTHING",
    )


def place_messages(placings: Sequence[Placing]) -> None:
    """Note where they belong, and what later letters are compared with.

    Their `where` is a stored conversation by now. All else is stored later.
    """
    letters.store_many()
    given = {name: [getattr(each, name) for each in placings] for name in _COMPARED}
    many_rows.update(
        Message,
        {
            "id": [each.message for each in placings],
            "conversation_id": [each.where for each in placings],
            **given,
        },
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
            given = {name: [row[name] for row in rows] for name in _PROCESSED}
            many_rows.update(Message, given, also=PROCESS)
    except DatabaseError as error:
        if trouble.is_the_databases(error):
            raise
        if len(rows) == 1:
            return [rows[0]["id"]]
        return [pk for row in rows for pk in save_messages([row])]
    return []


PROCESS = "state = 'processed', processed_at = clock_timestamp()"


def _columns(
    rows: Collection[Conversation], names: Iterable[str]
) -> dict[str, list[Any]]:
    return {name: [getattr(row, name) for row in rows] for name in names}


# What a conversation has from its first letter, and what changes with each.
_BEGUN = ("mailbox_id", "subject", "base_subject")
_SHOWN = (
    "message_count",
    "version",
    "last_message_at",
    "snippet",
    "last_from",
    "last_inbound_at",
    "is_unread",
    "contact_id",
)
# What threading asks of the messages before.
_COMPARED = ("message_id", "contact_id", "thread_facts")
_PROCESSED = (
    "id",
    "direction",
    *(name for name in letters.PARSED_FIELDS if name not in _COMPARED),
    "kind",
    "language",
    "facts",
    "trace",
)


def _email(read: Read) -> str:
    """The address of the person outside as contacts are known by it."""
    if read.person is None:
        return ""
    email = letters.without_nul(read.person.email).strip().lower()[:320]
    return email if "@" in email else ""
