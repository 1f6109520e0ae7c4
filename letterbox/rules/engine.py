"""decide(): the facts of one letter and a mailbox's rules → verdict and trace.

The rules are asked in their order. The first that applies takes the letter, unless it
goes on; then the guards say whether its answer goes out, is held or is refused. A rule
that applies but has told this sender already takes the letter too, silently: otherwise
a rule below it would send what was meant for others. The same function serves the live
path and the dry run; it reads no clock and no database and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from letterbox.mime.letter import Address
from letterbox.rules import budgets, conditions, questions
from letterbox.rules.budgets import Fate, PastAnswer
from letterbox.rules.conditions import Conditions, Evaluated
from letterbox.rules.facts import Facts
from letterbox.rules.fields import Sight
from letterbox.rules.guards import GUARDS
from letterbox.rules.once import once
from letterbox.rules.questions import Finding, Guard, Question, Say, Settings
from letterbox.rules.trace import Fit, RuleTrace, Trace


class Timing(StrEnum):
    """When a rule is in force, by the calendar."""

    ALWAYS = "always"
    BUSINESS_HOURS = "business-hours"
    OUTSIDE_BUSINESS_HOURS = "outside-business-hours"
    HOLIDAYS = "holidays"


class Frequency(StrEnum):
    """How often a rule tells the same thing."""

    ONCE_PER_CONVERSATION = "once-per-conversation"
    EVERY_LETTER = "every-letter"
    ONCE_PER_SENDER_AND_PERIOD = "once-per-sender-and-period"


class Calendar(Protocol):
    """When people work; `rules.calendars` has one with hours and holidays."""

    def is_open(self, moment: datetime) -> bool:
        """Whether people work at this moment (aware)."""

    def is_holiday(self, moment: datetime) -> bool:
        """Whether the day of this moment is a holiday."""

    def why(self, moment: datetime) -> str:
        """In a sentence, whether people work at this moment."""


class AlwaysOpen:
    """The calendar of a mailbox that has none."""

    def is_open(self, moment: datetime) -> bool:
        """True: without hours there is no outside."""
        return True

    def is_holiday(self, moment: datetime) -> bool:
        """False."""
        return False

    def why(self, moment: datetime) -> str:
        """The same sentence for every moment."""
        return "This mailbox has no business hours; it counts as open."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One autoresponse rule as the engine sees it.

    `active_since` is the ledger position of the newest letter when the rule was last
    switched on: it answers only letters after it. `calendar` None means the mailbox's.
    `template` is our id of the template.
    """

    id: int
    version: int
    name: str
    conditions: Conditions
    template: int = 0
    is_active: bool = True
    goes_on: bool = False
    timing: Timing = Timing.ALWAYS
    calendar: Calendar | None = None
    frequency: Frequency = Frequency.ONCE_PER_CONVERSATION
    period: timedelta = timedelta(hours=24)
    first_letter_only: bool = False
    active_since: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to promise: by which rule, with which template, to whom.

    A held answer is stored like the others, but waits for a person.
    """

    rule: int
    rule_version: int
    template: int
    recipient: Address
    is_held: bool = False
    reason: str = ""

    def to_json(self) -> dict[str, object]:
        """This answer as JSON values."""
        return {
            "rule": self.rule,
            "rule_version": self.rule_version,
            "template": self.template,
            "recipient": str(self.recipient),
            "is_held": self.is_held,
            "reason": self.reason,
        }


# A named tuple, not a dataclass: a dry run makes hundreds of thousands.
class Verdict(NamedTuple):
    """What to answer, and why; refused answers stand only in the trace."""

    answers: tuple[Answer, ...]
    trace: Trace

    @property
    def sentence(self) -> str:
        """The whole decision in one sentence."""
        return self.trace.sentence

    def to_json(self) -> dict[str, object]:
        """The verdict with its trace as JSON values."""
        return {
            "answers": [each.to_json() for each in self.answers],
            "trace": self.trace.to_json(),
        }


def decide(
    facts: Facts,
    rules: Iterable[Rule],
    *,
    now: datetime,
    past: Iterable[PastAnswer] = (),
    settings: Settings | None = None,
    calendar: Calendar | None = None,
    guards_to_ask: Sequence[Guard] | None = None,
    sight: Sight | None = None,
    brief_about: int | None = None,
) -> Verdict:
    """Say which rules answer this letter, and why.

    `now` is aware. `past` holds the earlier automatic answers of this mailbox; see
    `questions.Question` for which of them are needed. `sight` is the same letter as an
    earlier decision has seen it. With `brief_about`, the id of a rule, the verdict is
    brief: it has the same answers, and this rule the same fit. Its trace is without
    conditions, without guards where no rule applies, and without the other rules that
    stand below the one that took the letter.
    """
    chosen = _EVERY_GUARD if guards_to_ask is None else _sort_out(guards_to_ask)
    question = Question(facts, now, settings or Settings(), past)
    desk = _Desk(
        sight or Sight(facts),
        question,
        calendar or AlwaysOpen(),
        chosen,
        brief_about=brief_about,
    )
    traces = tuple(
        [
            desk.ask(each)
            for each in sorted(rules, key=order)
            if desk.is_worth_asking(each)
        ]
    )
    is_brief = brief_about is not None
    on_letter = () if is_brief and not desk.has_asked_guards else desk.on_letter
    return Verdict(tuple(desk.answers), Trace(desk.summary(traces), on_letter, traces))


def order(rule: Rule) -> tuple[int, int]:
    """The key by which rules are asked, one after the other."""
    return rule.position, rule.id


_TAKES_THE_LETTER = frozenset({Fit.QUIET, Fit.REFUSED, Fit.HELD, Fit.ANSWERS})
_TIMING_WORDS = {
    Timing.ALWAYS: "always",
    Timing.BUSINESS_HOURS: "in business hours",
    Timing.OUTSIDE_BUSINESS_HOURS: "outside business hours",
    Timing.HOLIDAYS: "on holidays",
}


class _Guards(NamedTuple):
    """Those that look at the letter alone, and those asked once for each rule."""

    about_letter: tuple[Guard, ...]
    about_rule: tuple[Guard, ...]


def _sort_out(guards: Iterable[Guard]) -> _Guards:
    all_of_them = tuple(guards)
    return _Guards(
        tuple(each for each in all_of_them if not each.is_about_rule),
        tuple(each for each in all_of_them if each.is_about_rule),
    )


_EVERY_GUARD = _sort_out(GUARDS.values())


class _Desk:
    """Where one letter lies while the rules look at it, one after the other."""

    def __init__(
        self,
        sight: Sight,
        question: Question,
        calendar: Calendar,
        guards: _Guards,
        *,
        brief_about: int | None,
    ) -> None:
        self.answers: list[Answer] = []
        self.has_asked_guards = False
        self._sight = sight
        self._question = question
        self._calendar = calendar
        self._guards = guards
        self._brief_about = brief_about
        self._taken_by = ""

    @once
    def on_letter(self) -> tuple[Finding, ...]:
        """What the guards say that look at the letter, whichever rule answers."""
        self.has_asked_guards = True
        return questions.ask(self._guards.about_letter, self._question)

    def is_worth_asking(self, rule: Rule) -> bool:
        """Whether the verdict has to say what becomes of this rule."""
        is_told = self._brief_about is None or rule.id == self._brief_about
        return is_told or not self._taken_by

    def ask(self, rule: Rule) -> RuleTrace:
        """What becomes of one rule; an answer it gives is noted."""
        evaluated: Evaluated | None = None
        if self._brief_about is not None:
            holds = conditions.holds(rule.conditions, self._sight)
        else:
            evaluated = conditions.evaluate(rule.conditions, self._sight)
            holds = evaluated.holds
        findings: tuple[Finding, ...] = ()
        fit, sentence = self._why_not(rule, holds=holds)
        if fit is None:
            findings = questions.ask(self._guards.about_rule, self._question)
            fit, sentence = self._judge(rule, findings)
            if not rule.goes_on:
                self._taken_by = rule.name
        return RuleTrace(
            rule.id, rule.version, rule.name, fit, sentence, evaluated, findings
        )

    def summary(self, traces: Sequence[RuleTrace]) -> str:
        """The whole decision in one sentence."""
        for fit in (Fit.ANSWERS, Fit.HELD, Fit.REFUSED, Fit.QUIET):
            for each in traces:
                if each.fit is fit:
                    return _SUMMARIES[fit].format(name=each.name, why=each.sentence)
        return "No rule applies to it."

    def _why_not(self, rule: Rule, *, holds: bool) -> tuple[Fit | None, str]:
        """Why a rule does not apply to this letter; None where it does."""
        facts = self._question.facts
        calendar = rule.calendar or self._calendar
        if not rule.is_active:
            return Fit.INACTIVE, "The rule is switched off."
        if facts.ledger_position <= rule.active_since:
            return Fit.NOT_IN_FORCE, "The letter was here before the rule was."
        if not holds:
            return Fit.NO_MATCH, "Its conditions do not hold."
        if rule.first_letter_only and not facts.is_first_letter:
            return Fit.NOT_FIRST, "It answers first letters only; this is a reply."
        if not _is_time(rule.timing, calendar, facts.received_at):
            why = calendar.why(facts.received_at)
            return Fit.NOT_NOW, f"It answers {_TIMING_WORDS[rule.timing]} only. {why}"
        if self._taken_by:
            return Fit.NOT_REACHED, f"“{self._taken_by}” took the letter before."
        return None, ""

    def _judge(self, rule: Rule, findings: Sequence[Finding]) -> tuple[Fit, str]:
        """What the guards, or the rule's own frequency, make of a rule that applies."""
        all_findings = (*self.on_letter, *findings)
        say = questions.strongest(all_findings)
        reasons = ""
        if say is not Say.ALLOW:
            reasons = " ".join(each.reason for each in all_findings if each.say is say)
        if say is Say.REFUSE:
            return Fit.REFUSED, reasons
        told = _when_told(rule, self._question)
        if told:
            return Fit.QUIET, told
        self._note(rule, is_held=say is Say.HOLD, reason=reasons)
        if say is Say.HOLD:
            return Fit.HELD, reasons
        return Fit.ANSWERS, "It answers."

    def _note(self, rule: Rule, *, is_held: bool, reason: str) -> None:
        recipient = self._question.facts.recipient
        reason = reason if is_held else ""
        self.answers.append(
            Answer(rule.id, rule.version, rule.template, recipient, is_held, reason)
        )
        # Where the rule does not go on, none below it will ask.
        if rule.goes_on:
            self._count(self.answers[-1])

    def _count(self, answer: Answer) -> None:
        """Let the rules below see what has just been promised."""
        facts = self._question.facts
        promised = PastAnswer(
            rule=answer.rule,
            message=facts.message,
            at=self._question.now,
            recipient=answer.recipient.email,
            author=facts.author.email,
            message_id=facts.message_id,
            conversation=facts.conversation,
            fate=Fate.HELD if answer.is_held else Fate.PROMISED,
        )
        self._question = replace(
            self._question, promised=(*self._question.promised, promised)
        )


_SUMMARIES = {
    Fit.ANSWERS: "“{name}” answers.",
    Fit.HELD: "“{name}” would answer, but the answer is held. {why}",
    Fit.REFUSED: "“{name}” would answer, but must not. {why}",
    Fit.QUIET: "“{name}” applies, but stays quiet. {why}",
}


def _is_time(timing: Timing, calendar: Calendar, moment: datetime) -> bool:
    """Whether a rule is in force at the moment the letter came.

    Not at the moment of deciding: a replay must come to the same end.
    """
    match timing:
        case Timing.ALWAYS:
            return True
        case Timing.BUSINESS_HOURS:
            return calendar.is_open(moment)
        case Timing.OUTSIDE_BUSINESS_HOURS:
            return not calendar.is_open(moment)
        case Timing.HOLIDAYS:
            return calendar.is_holiday(moment)


def _when_told(rule: Rule, question: Question) -> str:
    """Why a rule that applies has nothing new to say; empty where it has."""
    own = [
        each
        for each in question.past
        if each.rule == rule.id and each.fate is not Fate.DISCARDED
    ]
    match rule.frequency:
        case Frequency.EVERY_LETTER:
            return ""
        case Frequency.ONCE_PER_CONVERSATION:
            asked = question.asked
            if any(budgets.is_same_conversation(each, asked) for each in own):
                return "It has answered in this conversation already."
            return ""
        case Frequency.ONCE_PER_SENDER_AND_PERIOD:
            since = question.now - rule.period
            times = [
                each.at
                for each in own
                if each.at > since and budgets.is_same_person(each, question.asked)
            ]
            if not times:
                return ""
            return (
                f"It has answered this sender at {max(times):%Y-%m-%d %H:%M %Z}; "
                f"it does so once in {budgets.describe(rule.period)}."
            )
