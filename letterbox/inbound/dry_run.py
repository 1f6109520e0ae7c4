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

from django.db.models import QuerySet

from letterbox.inbound import stored_letters
from letterbox.inbound.past import Past
from letterbox.inbound.stored_letters import Stored
from letterbox.models import ContactAddress, Mailbox, Message
from letterbox.rules import engine, questions
from letterbox.rules.answer_settings import AnswerSettings
from letterbox.rules.engine import Rule, Verdict
from letterbox.services import answer_settings


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
        # Nobody can say what rules would have seen of words that are gone.
        erased_at=None,
    )
    if question.since is not None:
        rows = rows.filter(received_at__gte=question.since)
    if question.until is not None:
        rows = rows.filter(received_at__lt=question.until)
    return rows


def read(question: Question, ids: Sequence[int]) -> Iterator[Stored]:
    """The letters with these ids, in this order, as the rules of the question see them."""
    return stored_letters.read(ids, question.rules, as_new=question.as_new)


def decisions(
    question: Question, ids: Sequence[int]
) -> Iterator[tuple[Stored, Verdict]]:
    """Each letter with what the rules say to it, the earlier ones taken into account."""
    return Simulation(question, ids).decide_all(read(question, ids))


class Simulation:
    """One set of rules on its way through the letters, with the answers it has given.

    `brief_about` is for counting; see `engine.decide`.
    """

    def __init__(
        self,
        question: Question,
        ids: Sequence[int],
        *,
        brief_about: int | None = None,
    ) -> None:
        self._brief_about = brief_about
        chosen = answer_settings.of(question.mailbox)
        rules = [
            replace(each, active_since=0) if question.as_new else each
            for each in question.rules
        ]
        self.rules = sorted(rules, key=engine.order)
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
            brief_about=self._brief_about,
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
