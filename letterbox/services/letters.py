"""Fill a Message from what was read in a letter, and keep its words searchable."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Q

from letterbox.mime import fold
from letterbox.mime.letter import Address, Attachment, Letter
from letterbox.models import Message, Placement
from letterbox.services import folds

logger = logging.getLogger(__name__)

PARSED_FIELDS = (
    "message_id",
    "sent_at",
    "subject",
    "from_email",
    "from_name",
    "recipients",
    "text",
    "new_text",
    "snippet",
    "has_html",
    "attachments",
)
# What `asdict` gives, which takes a copy of every value.
ATTACHMENT_FIELDS = tuple(field.name for field in fields(Attachment))
# PostgreSQL refuses a tsvector over 1 MB; nobody searches for what comes after this.
TEXT_LENGTH = 500_000
SUBJECT_LENGTH = 10_000
NAME_LENGTH = 1_000
# A B-tree takes entries of 2,700 bytes, and an id may be of characters of four.
KEY_BYTES = 900

# PostgreSQL's own way of packing texts takes ten times as long; not every server has
# been built with the other.
PACK_QUICKLY = """
    SELECT set_config(name, 'lz4', true) FROM pg_settings
    WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)
"""
# With columns named, letters are not cut into words again for it.
LEARN = """
    ANALYZE letterbox_message (mailbox_id, received_at, state),
            letterbox_conversation (mailbox_id, base_subject, last_message_at, status)
"""


def store_many() -> None:
    """Have this transaction store the words of many letters as quickly as it can.

    What it stores waits for the index of the search: a transaction that finds 4 MB
    waiting would sort them in for everybody, which takes a good part of a second; see
    tidy_index_of_words.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL gin_pending_list_limit = '64MB'")
        cursor.execute(PACK_QUICKLY)


def tidy_index_of_words() -> None:
    """Sort into the index of the search what waits for it; for a thread of its own.

    What waits is found as well, but by looking through all of it; and PostgreSQL does
    this by itself within minutes. It also learns how many letters there are by now:
    until it does, it takes a search through all letters of a mailbox for cheaper.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT gin_clean_pending_list('message_words')")
            cursor.execute(LEARN)
    except DatabaseError as error:
        logger.warning("The index of the search stays untidy: %s", type(error).__name__)
    finally:
        if not connection.in_atomic_block:
            connection.close()


@contextmanager
def by_the_index_of_words() -> Iterator[None]:
    """Have PostgreSQL take the index of the search for as cheap as it is.

    While a history comes, some letters wait for that index. PostgreSQL takes the look
    through those for so many jumps of a disk, and would rather cut all letters of the
    mailbox into words again, which takes seconds.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL random_page_cost = 1.1")
        yield


def fill(message: Message, letter: Letter) -> tuple[fold.Block, ...]:
    """Set the parsed columns of the message; the caller saves PARSED_FIELDS.

    Returns its text in folded blocks, so that it need not be folded again.
    """
    columns, blocks = columns_of(letter)
    for name, value in columns.items():
        setattr(message, name, value)
    return blocks


def columns_of(letter: Letter) -> tuple[dict[str, Any], tuple[fold.Block, ...]]:
    """PARSED_FIELDS as the table can keep them, and the text in folded blocks."""
    author = letter.author
    text = without_nul(letter.text[:TEXT_LENGTH])
    blocks = fold.fold(text)
    new_text, snippet = folds.new_words(text, blocks)
    columns = {
        "message_id": key(letter.message_id),
        "sent_at": letter.date,
        "subject": without_nul(letter.subject[:SUBJECT_LENGTH]),
        "from_email": without_nul(author.email)[:320],
        "from_name": without_nul(author.name[:NAME_LENGTH]),
        "recipients": {
            name: [
                [without_nul(each.name[:NAME_LENGTH]), without_nul(each.email[:320])]
                for each in people
            ]
            for name, people in (
                ("to", letter.to),
                ("cc", letter.cc),
                ("bcc", letter.bcc),
                ("reply_to", letter.reply_to),
            )
            if people
        },
        "text": text,
        "new_text": new_text,
        "snippet": snippet,
        "has_html": bool(letter.html),
        "attachments": [
            {
                name: without_nul(value[:NAME_LENGTH])
                if isinstance(value, str)
                else value
                for name in ATTACHMENT_FIELDS
                for value in (getattr(attachment, name),)
            }
            for attachment in letter.attachments
        ],
    }
    return columns, blocks


def recipients_of(message: Message, field: str) -> list[Address]:
    """The decoded addresses of one field: to, cc, bcc, reply_to or original."""
    return [
        Address(email=email, name=name)
        for name, email in message.recipients.get(field, [])
    ]


def gone_from_server(messages: Collection[int]) -> set[int]:
    """Which of these messages lie in no folder of the server any more, but did."""
    rows = (
        Placement.objects.filter(message__in=messages)
        .order_by()
        .values_list("message")
        .annotate(there=Count("pk", filter=Q(gone_at=None)))
    )
    return {number for number, there in rows if not there and number is not None}


def key(text: str) -> str:
    """A Message-ID as the tables keep and compare it: storable, and short enough."""
    text = without_nul(text[:KEY_BYTES])
    if len(text) * 4 <= KEY_BYTES or text.isascii():
        return text
    return text.encode()[:KEY_BYTES].decode(errors="ignore")


def storable(value: Any) -> Any:
    """The same JSON value with every text as PostgreSQL can keep it."""
    match value:
        case str():
            return without_nul(value)
        case dict():
            return {storable(name): storable(each) for name, each in value.items()}
        case list() | tuple():
            return [storable(each) for each in value]
        case _:
            return value


def without_nul(text: str) -> str:
    """The text as PostgreSQL can keep it: no NUL, no lone surrogates."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    text = text.replace("\0", "\ufffd")
    return text.encode("utf-8", "replace").decode("utf-8")
