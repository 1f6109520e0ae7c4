"""Trying a rule, or a processing action, on past mail: the job and what it reports.

A RuleTrial row is the question; a worker answers it chunk by chunk, so that a page can
show how far it is. But for that row, only facts are written that no letter had yet.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from letterbox import jobs, live
from letterbox.inbound import dry_run, past_facts, stored_letters
from letterbox.inbound.dry_run import Question
from letterbox.inbound.stored_letters import Stored
from letterbox.models import Mailbox, RuleTrial
from letterbox.rules import budgets, questions
from letterbox.rules.engine import Rule, Verdict
from letterbox.rules.questions import Say
from letterbox.rules.trace import Fit, RuleTrace
from letterbox.services import rules, trials

logger = logging.getLogger(__name__)

EXAMPLES = 50
#: What a rule that is not stored yet is called in its question.
NEW_RULE = 0


@dataclass(slots=True)
class Report:
    """What would have become of the letters looked at so far.

    `fits` counts what became of the tried rule (`rules.trace.Fit`), `held_by` and
    `refused_by` the guards behind it. `gained` and `lost` count letters that would be
    answered but were not, and the other way round; `changed` those that another rule
    would answer than did. `standing_differs` counts letters to which the rules as they
    stand now would do something else. `of_same_sender` counts those of `would_convert`
    whose sender has an earlier one among the letters: what becomes of them depends on
    whether that is still open. `examples` are [message, fit, sentence] of the
    first letters that the rule matches. Letters that came as history are read first,
    `prepared` of `to_prepare`; `untried` are those that could not be.
    """

    prepared: int = 0
    to_prepare: int = 0
    untried: int = 0
    looked_at: int = 0
    total: int = 0
    matched: int = 0
    fits: Counter[str] = field(default_factory=Counter)
    held_by: Counter[str] = field(default_factory=Counter)
    refused_by: Counter[str] = field(default_factory=Counter)
    gained: int = 0
    lost: int = 0
    changed: int = 0
    standing_differs: int = 0
    would_convert: int = 0
    of_same_sender: int = 0
    did_convert: int = 0
    not_converted: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[int, str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """The report as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def run(
    question: Question, *, tried: int | None, standing: Question | None = None
) -> Iterator[Report]:
    """Answer a question; yields the same report, growing, after every chunk.

    `tried` is the rule to report on; None for a question about processing alone.
    `standing` holds the rules as they are, to say what would change against them.
    """
    unread = dry_run.unread_ids(question)
    report = Report(to_prepare=len(unread))
    for done in past_facts.complete(question.mailbox, unread):
        report.prepared = done
        yield report
    report.untried = len(dry_run.unread_ids(question)) if unread else 0
    ids = dry_run.letter_ids(question)
    report.total = len(ids)
    about = NEW_RULE if tried is None else tried
    simulation = dry_run.Simulation(question, ids, brief_about=about)
    beside = dry_run.Simulation(standing, ids, brief_about=about) if standing else None
    yield report
    senders: set[str] = set()
    for stored in dry_run.read(question, ids):
        report.looked_at += 1
        _count_conversion(report, stored, senders)
        if tried is not None:
            verdict = simulation.decide(stored)
            _count(report, stored, verdict, tried)
            if beside is not None:
                before, after = beside.decide(stored), verdict
                report.standing_differs += _answering(before) != _answering(after)
        if report.looked_at % stored_letters.CHUNK == 0:
            yield report
    yield report


def with_rule(mailbox: Mailbox, tried: Rule) -> list[Rule]:
    """The rules of the mailbox with one added, or one in the place of its older self."""
    others = rules.readable(mailbox.rules.exclude(pk=tried.id))
    return [*others, tried]


@jobs.drain(trials.TRY)
def answer_questions(mailbox_id: int) -> None:
    """Answer the questions that wait in a mailbox, oldest first."""
    while True:
        trial = (
            RuleTrial.objects.filter(
                mailbox=mailbox_id,
                # One that runs was left by a worker that died.
                state__in=[RuleTrial.State.WAITING, RuleTrial.State.RUNNING],
            )
            .select_related("mailbox")
            .order_by("id")
            .first()
        )
        if trial is None:
            return
        _answer(trial)


def _answer(trial: RuleTrial) -> None:
    rows = RuleTrial.objects.filter(pk=trial.pk)
    rows.update(state=RuleTrial.State.RUNNING)
    try:
        for report in _run(trial):
            going_on = rows.update(
                report=report.to_json(), looked_at=report.looked_at, total=report.total
            )
            if not going_on:
                # Somebody removed the question.
                return
            live.announce("trial", trial.pk, mailbox_id=trial.mailbox_id)
    except ValueError as error:
        logger.warning("Trial %d cannot be answered: %s", trial.pk, error)
        rows.update(state=RuleTrial.State.FAILED, problem=str(error)[:2000])
    else:
        rows.update(state=RuleTrial.State.DONE)
    finally:
        # Whatever else went wrong: its page must not wait for ever.
        rows.filter(state=RuleTrial.State.RUNNING).update(
            state=RuleTrial.State.FAILED, problem="It could not be answered."
        )
    live.announce("trial", trial.pk, mailbox_id=trial.mailbox_id)


def _run(trial: RuleTrial) -> Iterator[Report]:
    asked = trials.read(trial)
    if asked.rule is None:
        question = _question(trial, [], asked.since, asked.until)
        return run(question, tried=None)
    new = with_rule(trial.mailbox, asked.rule)
    old = rules.readable(trial.mailbox.rules.all())
    return run(
        _question(trial, new, asked.since, asked.until),
        tried=asked.rule.id,
        standing=_question(trial, old, asked.since, asked.until),
    )


def _question(
    trial: RuleTrial,
    asked: list[Rule],
    since: datetime | None,
    until: datetime | None,
) -> Question:
    return Question(mailbox=trial.mailbox, rules=asked, since=since, until=until)


def _count(report: Report, stored: Stored, verdict: Verdict, tried: int) -> None:
    would = _answering(verdict)
    did = stored.answered_by
    report.gained += bool(would) and not did
    report.lost += bool(did) and not would
    report.changed += bool(did) and bool(would) and did != would
    trace = next(each for each in verdict.trace.rules if each.rule == tried)
    report.fits[trace.fit.value] += 1
    if not trace.fit.says_match:
        return
    report.matched += 1
    if trace.fit in (Fit.HELD, Fit.REFUSED):
        counted = report.held_by if trace.fit is Fit.HELD else report.refused_by
        counted.update(_guards_behind(verdict, trace))
    if len(report.examples) < EXAMPLES:
        report.examples.append(
            (stored.facts.message, trace.fit.value, trace.sentence[:300])
        )


def _guards_behind(verdict: Verdict, trace: RuleTrace) -> list[str]:
    findings = (*verdict.trace.guards, *trace.guards)
    say = questions.strongest(findings)
    return [each.guard for each in findings if each.say is say and say is not Say.ALLOW]


def _answering(verdict: Verdict) -> frozenset[int]:
    return frozenset([each.rule for each in verdict.answers])


def _count_conversion(report: Report, stored: Stored, senders: set[str]) -> None:
    """Count what becomes of a letter; `senders` are those of first letters so far."""
    refusal = stored.why_not_converted
    if refusal:
        report.not_converted[refusal] += 1
    else:
        sender = budgets.key(stored.facts.author.email)
        report.would_convert += 1
        report.of_same_sender += sender in senders
        senders.add(sender)
    report.did_convert += stored.was_converted
