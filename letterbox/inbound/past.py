"""The automatic answers that a dry run has given so far, found as the live path does.

Kept by conversation, by person and by time, so that a letter looks only at those which
guards, budgets and frequencies count. Nothing here writes.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from letterbox.models import Mailbox, OutgoingMail
from letterbox.rules import budgets
from letterbox.rules.budgets import Budget, Fate, PastAnswer, Scope
from letterbox.rules.engine import Answer, Rule
from letterbox.rules.facts import Facts
from letterbox.rules.once import once

FATES = {
    OutgoingMail.State.HELD: Fate.HELD,
    OutgoingMail.State.DISCARDED: Fate.DISCARDED,
}
MOST_LOADED = 20_000
# What `past_answer` reads of a row.
COLUMNS = (
    "rule",
    "created_at",
    "recipients",
    "conversation",
    "state",
    "answers__from_email",
    "answers__message_id",
)
_TO_EVERYBODY = (Scope.DOMAIN, Scope.MAILBOX)


class Past:
    """Answers given so far; times only ever grow."""

    def __init__(self, limits: Sequence[Budget], rules: Iterable[Rule]) -> None:
        self._to_everybody = budgets.longest_period(
            [each for each in limits if each.scope in _TO_EVERYBODY]
        )
        self._to_these = max(
            [budgets.longest_period(limits), *(rule.period for rule in rules)],
            default=timedelta(),
        )
        self._in_conversation: dict[int, list[PastAnswer]] = defaultdict(list)
        self._to_person: dict[str, deque[PastAnswer]] = defaultdict(deque)
        self._recent: deque[PastAnswer] = deque()

    def load(
        self,
        mailbox: Mailbox,
        *,
        but_not_to: Sequence[int],
        before: datetime | None,
    ) -> None:
        """Take over what was answered before a moment, but to letters of the run."""
        if before is None:
            return
        of_run = frozenset(but_not_to)
        rows = (
            OutgoingMail.objects.filter(
                mailbox=mailbox,
                kind=OutgoingMail.Kind.AUTORESPONSE,
                continues=None,
                created_at__lt=before,
            )
            .select_related("answers")
            .only(*COLUMNS)
            .order_by("-id")[:MOST_LOADED]
        )
        for row in reversed(rows):
            if row.answers_id not in of_run:
                self._keep(past_answer(row))

    def about(self, facts: Facts, now: datetime) -> Iterable[PastAnswer]:
        """The answers that a decision on this letter counts, found when it does."""
        return _WhenAsked(lambda: self._about(facts, now))

    def _about(self, facts: Facts, now: datetime) -> list[PastAnswer]:
        while self._recent and self._recent[0].at <= now - self._to_everybody:
            self._recent.popleft()
        found: dict[int, PastAnswer] = {id(each): each for each in self._recent}
        for each in self._in_conversation.get(facts.conversation or 0, ()):
            found[id(each)] = each
        for key in {
            budgets.key(facts.recipient.email),
            budgets.key(facts.author.email),
        }:
            given = self._to_person.get(key)
            while given and given[0].at <= now - self._to_these:
                given.popleft()
            for each in given or ():
                found[id(each)] = each
        return list(found.values())

    def add(self, answer: Answer, facts: Facts, now: datetime) -> None:
        """Count an answer that the run has just given."""
        self._keep(
            PastAnswer(
                rule=answer.rule,
                message=facts.message,
                at=now,
                recipient=answer.recipient.email,
                author=facts.author.email,
                message_id=facts.message_id,
                conversation=facts.conversation,
                fate=Fate.HELD if answer.is_held else Fate.PROMISED,
            )
        )

    def _keep(self, past: PastAnswer) -> None:
        if past.conversation is not None:
            self._in_conversation[past.conversation].append(past)
        for key in {past.recipient_key, past.author_key} - {""}:
            self._to_person[key].append(past)
        if past.fate is Fate.PROMISED:
            self._recent.append(past)


class _WhenAsked:
    """Answers that are looked for once somebody wants them: for most letters nobody does."""

    def __init__(self, find: Callable[[], list[PastAnswer]]) -> None:
        self._find = find

    @once
    def _found(self) -> list[PastAnswer]:
        return self._find()

    def __iter__(self) -> Iterator[PastAnswer]:
        return iter(self._found)


def past_answer(row: OutgoingMail) -> PastAnswer:
    """A stored answer as budgets count it."""
    return PastAnswer(
        rule=row.rule_id or 0,
        message=row.answers_id or 0,
        at=row.created_at,
        recipient=row.recipients[0] if row.recipients else "",
        author=row.answers.from_email if row.answers else "",
        message_id=row.answers.message_id if row.answers else "",
        conversation=row.conversation_id,
        fate=FATES.get(OutgoingMail.State(row.state), Fate.PROMISED),
    )
