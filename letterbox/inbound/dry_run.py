"""What rules or a processing action would have done with stored letters; no effects.

The same `engine.decide` as on the live path, over the same facts: the columns of each
message and what was remembered when it was processed. Earlier answers are those that
this run itself has given, so that frequencies and budgets count as they would have. The
breaker is taken as closed: when it opens and who closes it is for people to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import zstandard
from django.db.models import BinaryField, F, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Substr

from letterbox.inbound import conversion, facts
from letterbox.inbound.facts import Columns, Remembered
from letterbox.inbound.past import Past
from letterbox.mime.letter import Headers
from letterbox.mime.parse import parse_letter
from letterbox.models import ContactAddress, Mailbox, Message
from letterbox.rules import conditions, engine, questions
from letterbox.rules.answer_settings import AnswerSettings
from letterbox.rules.engine import Rule, Verdict
from letterbox.rules.facts import Facts
from letterbox.rules.fields import HEADER_PREFIX, Sight
from letterbox.services import answer_settings

CHUNK = 1_000
# Of the compressed bytes of a letter, so many hold the header of nearly every one.
_HEAD = 24 * 1024
_NO_HEADERS = Headers()
_EMPTY = Value("", output_field=TextField())
# What a condition on these looks at costs the most to fetch, so it is left otherwise.
_COLUMN_OF_FIELD = {
    "body": "text",
    "new-text": "new_text",
    "attachment-name": "attachments",
    "attachment-type": "attachments",
    "attachment-count": "attachments",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which letters are looked at, with which rules.

    `since` and `until` (aware; None: no bound) say when the server took the letters.
    `as_new` treats each as if it came now, with the rules in force: it is how a rule is
    tried. Without it everything counts as it did: history, the position at which a rule
    was switched on, the time of the decision. That is a replay.
    """

    mailbox: Mailbox
    rules: Sequence[Rule]
    since: datetime | None = None
    until: datetime | None = None
    as_new: bool = True


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
        taking = {"answers", "held"}
        return frozenset(rule for rule, fit in self.fits.items() if fit in taking)

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


def letter_ids(question: Question) -> list[int]:
    """The letters that the question is about, in the order in which they count."""
    order = ("received_at", "id") if question.as_new else ("processed_at", "id")
    rows = _asked_about(question).exclude(facts={}).order_by(*order)
    return list(rows.values_list("pk", flat=True))


def unread_ids(question: Question) -> list[int]:
    """Those whose facts nobody has worked out yet, newest first; see `past_facts`."""
    rows = _asked_about(question).filter(facts={}).order_by("-received_at", "-id")
    return list(rows.values_list("pk", flat=True))


def _asked_about(question: Question) -> QuerySet[Message]:
    rows = Message.objects.filter(
        mailbox=question.mailbox,
        direction=Message.Direction.IN,
        state=Message.State.PROCESSED,
    )
    if question.since is not None:
        rows = rows.filter(received_at__gte=question.since)
    if question.until is not None:
        rows = rows.filter(received_at__lt=question.until)
    return rows


def read(question: Question, ids: Sequence[int]) -> Iterator[Stored]:
    """The letters with these ids, in this order, with what the rules look at."""
    wanted = _wanted(question.rules)
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        rows = {row[0]: row for row in _rows(chunk, wanted)}
        # A letter may have been removed since its id was read.
        yield from (
            _stored(rows[each], question, wanted) for each in chunk if each in rows
        )


def decisions(
    question: Question, ids: Sequence[int]
) -> Iterator[tuple[Stored, Verdict]]:
    """Each letter with what the rules say to it, the earlier ones taken into account."""
    return Simulation(question, ids).decide_all(read(question, ids))


class Simulation:
    """One set of rules on its way through the letters, with the answers it has given.

    A brief one is for counting; see `engine.decide`.
    """

    def __init__(
        self, question: Question, ids: Sequence[int], *, is_brief: bool = False
    ) -> None:
        self._is_brief = is_brief
        chosen = answer_settings.of(question.mailbox)
        self.rules = [
            replace(each, active_since=0) if question.as_new else each
            for each in question.rules
        ]
        self._calendar = answer_settings.calendar_of(question.mailbox)
        self._settings = _settings(question.mailbox, chosen)
        self._past = Past(chosen.budgets, self.rules)
        self._past.load(question.mailbox, but_not_to=ids, before=question.since)

    def decide_all(self, letters: Iterable[Stored]) -> Iterator[tuple[Stored, Verdict]]:
        """Decide on each letter in turn."""
        for each in letters:
            yield each, self.decide(each)

    def decide(self, stored: Stored) -> Verdict:
        """Decide on the next letter, and count its answers from now on."""
        verdict = engine.decide(
            stored.facts,
            self.rules,
            now=stored.now,
            past=self._past.about(stored.facts, stored.now),
            settings=self._settings,
            calendar=self._calendar,
            sight=stored.sight,
            is_brief=self._is_brief,
        )
        for answer in verdict.answers:
            self._past.add(answer, stored.facts, stored.now)
        return verdict


def _settings(mailbox: Mailbox, chosen: AnswerSettings) -> questions.Settings:
    def marked(**decided: bool) -> frozenset[str]:
        found = ContactAddress.objects.filter(**decided)
        return frozenset(found.values_list("email", flat=True))

    return questions.Settings(
        trusted=marked(is_trusted=True),
        muted=marked(is_muted=True),
        waived=frozenset({"not-addressed"} if mailbox.is_fed_by_forwarding else ()),
        oldest=chosen.oldest,
        budgets=chosen.budgets,
    )


class _Wanted(NamedTuple):
    """What rules look at that is dear to fetch: columns, and names of header fields."""

    columns: frozenset[str]
    headers: tuple[bytes, ...]


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
    return _Wanted(frozenset(columns), tuple(headers))


def _rows(ids: Sequence[int], wanted: _Wanted) -> QuerySet[Message, Any]:
    costly = {"text", "new_text", "attachments"}
    expressions: list[str | Combinable] = [
        _EMPTY if name in costly - wanted.columns else F(name)
        for name in Columns._fields
    ]
    head = Substr("raw__zstd", 1, _HEAD, output_field=BinaryField())
    return Message.objects.filter(pk__in=ids).values_list(
        *expressions, "facts", head if wanted.headers else _EMPTY
    )


def _stored(row: tuple[Any, ...], question: Question, wanted: _Wanted) -> Stored:
    columns = Columns(*row[: len(Columns._fields)])
    known, head = row[len(Columns._fields) :]
    if not isinstance(columns.attachments, list):
        columns = columns._replace(attachments=())
    headers = _NO_HEADERS
    if wanted.headers:
        headers = _headers(columns.pk, head, wanted.headers)
    now = columns.received_at
    if question.as_new:
        columns = columns._replace(is_history=False)
    elif "decided_at" in known:
        now = datetime.fromisoformat(known["decided_at"])
    fits = {int(rule): fit for rule, fit in known.get("fits", {}).items()}
    made = facts.make(columns, Remembered.from_json(known), headers)
    return Stored(made, Sight(made), now, fits)


def _headers(message_id: int, head: bytes, names: Sequence[bytes]) -> Headers:
    """The fields of a letter, from the start of its compressed bytes where they are.

    None of them where not even the name of a wanted one is there.
    """
    start = zstandard.ZstdDecompressor().decompressobj().decompress(bytes(head))
    end = _end_of_header(start)
    if end < 0:
        start = Message.objects.select_related("raw").get(pk=message_id).raw.content
        end = _end_of_header(start)
    header = start[:end] if end >= 0 else start
    written = header.lower()
    if not any(name in written for name in names):
        return _NO_HEADERS
    return parse_letter(header).headers


def _end_of_header(raw: bytes) -> int:
    """Behind the first empty line after something; -1 where there is none yet."""
    skipped = len(raw) - len(raw.lstrip(b"\r\n"))
    ends = [
        place + len(line)
        for line in (b"\n\r\n", b"\n\n", b"\r\r")
        if (place := raw.find(line, skipped)) >= 0
    ]
    return min(ends, default=-1)
