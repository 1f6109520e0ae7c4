"""Stored letters as decisions see them: read by the thousand, in plain rows.

A trial looks at a hundred thousand letters while somebody waits. So only the columns
that its rules look at are fetched, and rows are taken as the database gives them:
making them fields of a model first took longer than deciding. Nothing here decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import psycopg
import zstandard
from django.db import connection
from django.db.models import BinaryField, F, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Substr

from letterbox.inbound import conversion, facts
from letterbox.inbound.facts import Columns, Remembered
from letterbox.mime.letter import Headers
from letterbox.mime.parse import parse_headers
from letterbox.models import Message
from letterbox.rules import conditions
from letterbox.rules.engine import Rule
from letterbox.rules.facts import Facts
from letterbox.rules.fields import HEADER_PREFIX, Sight
from letterbox.rules.trace import Fit
from letterbox.services import raw_letters

CHUNK = 1_000
_NO_HEADERS = Headers()
_GAVE_AN_ANSWER = frozenset({Fit.ANSWERS.value, Fit.HELD.value})
_NOTHING = Value("", output_field=TextField())
# What a condition on these looks at costs the most to fetch, so it is left otherwise.
_COLUMN_OF_FIELD = {
    "body": "text",
    "new-text": "new_text",
    "attachment-name": "attachments",
    "attachment-type": "attachments",
    "attachment-count": "attachments",
}
# Read here: the driver takes longer.
_JSON = frozenset({"recipients", "attachments", "facts"})
_COSTLY = frozenset(_COLUMN_OF_FIELD.values())
_RECIPIENTS = Columns._fields.index("recipients")
_ATTACHMENTS = Columns._fields.index("attachments")
_IS_HISTORY = Columns._fields.index("is_history")


class Stored(NamedTuple):
    """One stored letter, and what was decided about it when it came."""

    facts: Facts
    sight: Sight
    now: datetime
    #: Rule → its fit, for the rules that took the letter.
    fits: dict[int, str]

    @property
    def answered_by(self) -> frozenset[int]:
        """The rules that answered it, held answers included."""
        return frozenset(
            [rule for rule, fit in self.fits.items() if fit in _GAVE_AN_ANSWER]
        )

    @property
    def why_not_converted(self) -> str:
        """Why it would convert into nothing if it came now; empty where it would."""
        return conversion.why_not_this(
            kind=self.facts.kind, is_first=self.facts.is_first_letter
        )

    @property
    def was_converted(self) -> bool:
        """Whether it did become a case or a lead."""
        has_record = self.facts.has_case or self.facts.has_lead
        return self.facts.is_first_letter and has_record


def read(
    ids: Sequence[int], rules: Iterable[Rule], *, as_new: bool
) -> Iterator[Stored]:
    """The letters with these ids, in this order, with what the rules look at.

    `as_new`: as if they came now, without a mark of history.
    """
    wanted = _wanted(rules)
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        rows = {row[0]: row for row in _rows(chunk, wanted)}
        # A letter may have been removed since its id was read.
        yield from (
            _stored(rows[each], wanted, as_new=as_new) for each in chunk if each in rows
        )


class _Wanted(NamedTuple):
    """What rules look at that is dear to fetch: columns, and names of header fields."""

    columns: frozenset[str]
    headers: tuple[bytes, ...]
    # Made once for all letters: it has a large table to set up.
    decompressor: zstandard.ZstdDecompressor


def _wanted(rules: Iterable[Rule]) -> _Wanted:
    names = {
        node.field.lower()
        for rule in rules
        for _, node in conditions.walk(rule.conditions)
        if isinstance(node, conditions.Condition)
    }
    columns = {_COLUMN_OF_FIELD[name] for name in names if name in _COLUMN_OF_FIELD}
    headers = sorted(
        name.removeprefix(HEADER_PREFIX).encode()
        for name in names
        if name.startswith(HEADER_PREFIX)
    )
    return _Wanted(frozenset(columns), tuple(headers), zstandard.ZstdDecompressor())


def _rows(ids: Sequence[int], wanted: _Wanted) -> list[tuple[Any, ...]]:
    """The columns, what is remembered, and the head; JSON as text, not fetched as ""."""
    left_out = _COSTLY - wanted.columns
    expressions: list[str | Combinable] = [
        _NOTHING if name in left_out else _fetched(name) for name in Columns._fields
    ]
    head = Substr("raw__zstd", 1, raw_letters.START_BYTES, output_field=BinaryField())
    # One array: a thousand parameters take the driver longer than the rows.
    of_ids = Message.objects.extra(
        where=["letterbox_message.id = ANY(%s)"], params=[list(ids)]
    )
    asked = of_ids.values_list(
        *expressions, _fetched("facts"), head if wanted.headers else _NOTHING
    )
    connection.ensure_connection()
    # In binary, past Django's cursor: as text, bytes travel at twice their length, and
    # a time is taken apart by a pattern.
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as cursor,
    ):
        cursor.execute(*asked.query.sql_with_params(), binary=True)
        return cursor.fetchall()


def _fetched(column: str) -> Combinable:
    return Cast(column, TextField()) if column in _JSON else F(column)


def _stored(row: tuple[Any, ...], wanted: _Wanted, *, as_new: bool) -> Stored:
    *values, remembered, head = row
    values[_RECIPIENTS] = _people(values[_RECIPIENTS])
    attachments = values[_ATTACHMENTS]
    values[_ATTACHMENTS] = json.loads(attachments) if attachments else ()
    if as_new:
        values[_IS_HISTORY] = False
    columns = Columns(*values)
    known = json.loads(remembered)
    headers = _NO_HEADERS
    if wanted.headers:
        headers = _headers(columns.pk, head, wanted)
    now = columns.received_at
    if not as_new and "decided_at" in known:
        now = datetime.fromisoformat(known["decided_at"])
    fits = {int(rule): fit for rule, fit in known.get("fits", {}).items()}
    made = facts.make(columns, Remembered.from_json(known), headers)
    return Stored(made, Sight(made), now, fits)


def _people(text: str) -> dict[str, list[tuple[str, str]]]:
    """Who a letter went to; not to be changed, for letters share it."""
    return _usual_people(text) if len(text) <= _USUAL else _read_people(text)


def _read_people(text: str) -> dict[str, list[tuple[str, str]]]:
    people: dict[str, list[tuple[str, str]]] = json.loads(text)
    return people


# Most letters went to the mailbox alone.
_USUAL = 500
_usual_people = lru_cache(maxsize=1_000)(_read_people)


def _headers(message_id: int, head: bytes, wanted: _Wanted) -> Headers:
    """The fields of a letter, from the start of its compressed bytes where they are.

    None of them where not even the name of a wanted one is there.
    """
    start = wanted.decompressor.decompressobj().decompress(head)
    end = _end_of_header(start)
    if end < 0:
        start = Message.objects.select_related("raw").get(pk=message_id).raw.content
        end = _end_of_header(start)
    written = start[: end if end >= 0 else None].lower()
    if not any(name in written for name in wanted.headers):
        return _NO_HEADERS
    # With what follows the header: the charset of a letter shows in all of it.
    return parse_headers(start)


def _end_of_header(raw: bytes) -> int:
    """Behind the first empty line after something; -1 where there is none yet."""
    skipped = len(raw) - len(raw.lstrip(b"\r\n"))
    end = -1
    for line in (b"\n\r\n", b"\n\n", b"\r\r"):
        place = raw.find(line, skipped, end if end >= 0 else None)
        if place >= 0:
            end = place + len(line)
    return end
