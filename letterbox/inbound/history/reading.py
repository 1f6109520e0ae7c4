"""Read the letters of a history, and store what was read, in processes of their own.

What a reader has read stays with it, text and all, until it is told where the letter
belongs; only what the threading needs travels. The functions are those of the live
path. A process that a letter kills takes no worker with it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from letterbox import binary
from letterbox.inbound import (
    described,
    joining,
    reading,
    thread_facts,
)
from letterbox.inbound import facts as facts_module
from letterbox.inbound.history import store
from letterbox.inbound.history.values import (
    Answers,
    Desk,
    Placed,
    Read,
    Row,
    Unread,
    Unreadable,
)
from letterbox.mime import bounces, language, parse, subjects
from letterbox.mime.classify import classify
from letterbox.models import RawLetter
from letterbox.services import folds, letters

logger = logging.getLogger(__name__)

# What was read and never asked for, as after a pause, is forgotten beyond so many.
MOST_HELD = 1_000

BYTES_OF = """
    SELECT message.id, raw.id, raw.size, raw.zstd
    FROM letterbox_message message
    JOIN letterbox_rawletter raw ON raw.id = message.raw_id
    WHERE message.id = ANY(%b)
"""


_held: dict[int, Row] = {}


def read_all(desk: Desk, unread: Sequence[Unread]) -> Answers:
    """Read some letters, in their order; one that cannot be read spoils no other."""
    while len(_held) > MOST_HELD:
        _held.pop(next(iter(_held)), None)
    answers: Answers = []
    for each, raw in _with_bytes(unread):
        try:
            read, _held[each.message] = _read(desk, each, raw.content)
            answers.append(read)
        except Exception:
            logger.exception("Message %d could not be read.", each.message)
            answers.append(Unreadable(each.message))
    return answers


def store_all(desk: Desk, placed: Sequence[Placed]) -> list[int]:
    """Store what was read of these letters; returns those the tables do not take."""
    forgotten = [each.unread for each in placed if each.unread.message not in _held]
    read_all(desk, forgotten)
    rows: list[Row] = []
    refused: list[int] = []
    for each in placed:
        row = _held.pop(each.unread.message, None)
        if row is None:
            refused.append(each.unread.message)
            continue
        row["facts"] |= each.facts
        row["trace"] = letters.storable({**row["trace"], **each.trace})
        rows.append(row)
    return refused + store.save_messages(rows)


def _with_bytes(unread: Sequence[Unread]) -> Iterator[tuple[Unread, RawLetter]]:
    """Each letter with its row of bytes; one that is gone meanwhile is left out."""
    if not unread:
        return
    with binary.cursor() as cursor:
        cursor.execute(BYTES_OF, [[each.message for each in unread]], binary=True)
        found = {pk: row for pk, *row in cursor}
    for each in unread:
        if row := found.pop(each.message, None):
            yield each, RawLetter.from_db(None, ["id", "size", "zstd"], row)


def _read(desk: Desk, unread: Unread, raw: bytes) -> tuple[Read, Row]:
    """Read one letter as the steps of the live path do."""
    letter, own = parse.parse_letter(raw), desk.own
    trace: dict[str, Any] = {}
    if desk.is_written_by_form and not unread.is_in_sent:
        behind = reading.person_behind_form(letter, own)
        if behind is not None:
            letter, own, trace["form"] = behind
    columns, blocks = letters.columns_of(letter)
    is_ours = letter.author.email.lower() in desk.addresses
    is_from_us = unread.is_in_sent or is_ours
    bounce = bounces.read_bounce(letter)
    classification = classify(letter, own=own, bounce=bounce)
    detected = language.detect_language(letter)
    trace |= {
        "letter": described.describe(letter),
        "folds": folds.written(blocks),
        "classify": reading.trace_of_class(classification, detected),
    }
    about = ""
    if bounce is not None and classification.kind.is_delivery_report:
        trace["bounce"] = reading.trace_of_bounce(classification.kind, bounce)
        about = bounce.original_message_id
    if not is_from_us and (found := reading.trace_of_forward(letter, own)):
        trace["forwarded"] = found
    facts = thread_facts.read(
        letter, received_at=unread.received_at, ours=desk.addresses, about=about
    )
    signed = joining.signed_ids(letter, own.message_id_keys, about=about)
    person = reading.person_outside(letter, is_inbound=not is_from_us)
    read = Read(
        message=unread.message,
        message_id=columns["message_id"],
        subject=columns["subject"],
        from_email=columns["from_email"],
        from_name=columns["from_name"],
        snippet=columns["snippet"],
        is_from_us=is_from_us,
        kind=classification.kind.value,
        person=None if person.email.lower() in desk.addresses else person,
        facts=facts,
        remembered=joining.remembered(facts),
        named_by_us=tuple(dict.fromkeys(signed.values())),
        numbers=subjects.matter_numbers(columns["subject"]),
        bounced=letters.key(about),
        problems=letter.problems,
    )
    row: Row = {
        "id": unread.message,
        **columns,
        "direction": "out" if is_from_us else "in",
        "kind": classification.kind.value,
        "language": detected.code[:12],
        "facts": {}
        if is_from_us
        else letters.storable(
            facts_module.of_letter(letter, classification, own.addresses)
            ._replace(size=len(raw))
            .to_json()
        ),
        "trace": trace,
    }
    return read, row
