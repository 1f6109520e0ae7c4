"""The step that answers by rule: gather, decide, promise.

`rules.engine.decide` decides. The answer is one more OutgoingMail row in the message's
own transaction, unique per rule and message: never two, never forgotten. Budgets are
counted in that transaction under a lock of the mailbox, so that parallel workers
cannot overshoot them. Whatever is wrong with a rule or its template, the letter that it
would answer is processed: the answer waits for a person, with its reason.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from letterbox.inbound import facts as facts_module
from letterbox.inbound import past, writing
from letterbox.inbound.work import Work
from letterbox.models import AutoresponseRule, Event, Mailbox, OutgoingMail
from letterbox.rules import budgets, engine, guards
from letterbox.rules.answer_settings import AnswerSettings
from letterbox.rules.calendars import BusinessCalendar
from letterbox.rules.facts import Facts
from letterbox.rules.questions import Say
from letterbox.services import (
    answer_settings,
    breaker,
    contacts,
    conversations,
    history,
    letters,
    outbox,
)
from letterbox.services import rules as rules_service

logger = logging.getLogger(__name__)

# The budget behind which many people stand: an administrator is told.
TRIPPING_GUARD = "mailbox-budget"


def answer(work: Work) -> None:
    """Ask the mailbox's rules, and promise what they say."""
    if not work.is_inbound or work.classification is None:
        return
    rows = list(
        AutoresponseRule.objects.filter(mailbox=work.mailbox).select_related("template")
    )
    chosen = answer_settings.of(work.mailbox)
    known = remember(work, chosen)
    # Also without rules: one that is written tomorrow can be tried on this letter.
    work.message.facts = letters.storable(known.to_json())
    if not rows:
        work.trace["answer"] = {"sentence": "This mailbox has no autoresponse rules."}
        return
    # Counting and promising must not interleave with another worker's.
    work.mailbox.breaker_open_since = (
        Mailbox.objects.select_for_update(no_key=True)
        .values_list("breaker_open_since", flat=True)
        .get(pk=work.mailbox.pk)
    )
    rules = _readable(work, rows)
    facts = facts_module.make(
        facts_module.Columns.of(work.message), known, work.letter.headers
    )
    now = timezone.now()
    verdict = engine.decide(
        facts,
        rules,
        now=now,
        past=past_answers(work.mailbox, facts, rules, chosen.budgets),
        settings=settings_of(work.mailbox, facts, chosen),
        calendar=_calendar(work.mailbox, rules),
    )
    work.message.facts |= facts_module.outcome(verdict, now)
    work.trace["answer"] = {**work.trace.get("answer", {}), **verdict.to_json()}
    by_id = {row.pk: row for row in rows}
    for each in verdict.answers:
        mail = promise(work, by_id[each.rule], each)
        work.trace["answer"].setdefault("mails", []).append(mail.pk)
    _trip_breaker(work.mailbox, verdict)


def settings_of(
    mailbox: Mailbox, facts: Facts, chosen: AnswerSettings
) -> guards.Settings:
    """What people decided about the guards, as far as it concerns this letter."""
    marked = contacts.marks_of(_ways_to_write(facts))
    return guards.Settings(
        trusted=frozenset(each.email for each in marked if each.is_trusted),
        muted=frozenset(each.email for each in marked if each.is_muted),
        waived=frozenset({"not-addressed"} if mailbox.is_fed_by_forwarding else ()),
        breaker_is_open=mailbox.breaker_open_since is not None,
        oldest=chosen.oldest,
        budgets=chosen.budgets,
    )


def past_answers(
    mailbox: Mailbox,
    facts: Facts,
    rules: Iterable[engine.Rule],
    limits: Sequence[budgets.Budget],
) -> list[budgets.PastAnswer]:
    """The earlier automatic answers that guards, budgets and frequencies look at.

    Those to this message and in its conversation, however old; those to these people,
    as far back as anything counts them; and all that left within the periods of the
    budgets of domain and mailbox.
    """
    now = timezone.now()
    to_everybody = budgets.longest_period(
        [
            each
            for each in limits
            if each.scope in (budgets.Scope.DOMAIN, budgets.Scope.MAILBOX)
        ]
    )
    to_these = max(
        [budgets.longest_period(limits), *(rule.period for rule in rules)],
        default=timedelta(),
    )
    rows = (
        OutgoingMail.objects.filter(
            Q(answers=facts.message)
            | Q(conversation=facts.conversation)
            | Q(
                people__overlap=_people(facts.recipient.email, facts.author.email),
                created_at__gte=now - to_these,
            )
            | (Q(created_at__gte=now - to_everybody) & ~Q(state__in=[*past.FATES])),
            mailbox=mailbox,
            kind=OutgoingMail.Kind.AUTORESPONSE,
            continues=None,
        )
        .select_related("answers")
        .only(*past.COLUMNS)
        .order_by("-id")[:5000]
    )
    return [past.past_answer(row) for row in rows]


def promise(work: Work, rule: AutoresponseRule, given: engine.Answer) -> OutgoingMail:
    """Write the answer and put it in the Outbox, held where a guard says so."""
    assert work.conversation is not None  # noqa: S101
    conversation = work.conversation
    message_id = outbox.new_message_id(work.mailbox, conversation)
    written = writing.write(
        work, rule, recipient=given.recipient, message_id=message_id
    )
    held_because = " ".join(filter(None, (given.reason, written.problem)))
    mail = outbox.promise(
        conversation,
        kind=OutgoingMail.Kind.AUTORESPONSE,
        raw=written.raw,
        message_id=message_id,
        recipients=[given.recipient.email],
        # RFC 3834, section 3.3: so that nobody's robot can answer the answer.
        sender="",
        due_at=timezone.now(),
        answers=work.message,
        rule=rule,
        people=_people(given.recipient.email, work.letter.author.email),
        dedupe_key=f"rule:{rule.pk}:message:{work.message.pk}",
        held_because=held_because,
        is_blank=bool(written.problem),
    )
    if mail.sent_message is not None:
        conversations.add_message(conversation, mail.sent_message, is_automatic=True)
    history.record(
        "autoresponse-held" if held_because else "autoresponse-queued",
        by=None,
        conversation=conversation,
        rule=rule.pk,
        version=rule.version,
        mail=mail.pk,
    )
    return mail


def remember(work: Work, chosen: AnswerSettings) -> facts_module.Remembered:
    """What is so about the message in hand, beyond what its columns will hold."""
    assert work.classification is not None  # noqa: S101
    return facts_module.remember(
        work.message,
        work.letter,
        mailbox=work.mailbox,
        classification=work.classification,
        own_addresses=work.own.addresses,
        is_first=work.is_first,
        has_case=work.case is not None,
        has_lead=work.lead is not None,
        sender_is_known=facts_module.sender_is_known(work.message),
        time_zone=chosen.time_zone,
        places=work.places,
    )


def _calendar(
    mailbox: Mailbox, rules: Sequence[engine.Rule]
) -> BusinessCalendar | None:
    """The business hours, read only where a rule asks for the time."""
    if all(rule.timing is engine.Timing.ALWAYS for rule in rules):
        return None
    return answer_settings.calendar_of(mailbox)


def _readable(work: Work, rows: Sequence[AutoresponseRule]) -> list[engine.Rule]:
    """The rules that can be asked; a broken one is left out, and people are told."""
    rules: list[engine.Rule] = []
    broken: list[dict[str, object]] = []
    for row in rows:
        try:
            rules.append(rules_service.as_engine(row))
        except (ValueError, TypeError, KeyError) as error:
            logger.warning("Rule %d cannot be read: %s", row.pk, type(error).__name__)
            broken.append({"rule": row.pk, "name": row.name, "problem": str(error)})
            _tell_once(row, problem=str(error))
    if broken:
        work.trace["answer"] = {"broken": broken}
    return rules


def _tell_once(row: AutoresponseRule, *, problem: str) -> None:
    told = Event.objects.filter(
        verb="rule-broken",
        mailbox=row.mailbox_id,
        data__rule=row.pk,
        data__version=row.version,
    )
    if not told.exists():
        history.record(
            "rule-broken",
            by=None,
            mailbox=row.mailbox,
            rule=row.pk,
            version=row.version,
            problem=problem[:500],
        )


def _trip_breaker(mailbox: Mailbox, verdict: engine.Verdict) -> None:
    """A spent budget of the mailbox holds all further answers until a person looks."""
    reasons = [
        finding.reason
        for rule in verdict.trace.rules
        for finding in rule.guards
        if finding.guard == TRIPPING_GUARD and finding.say is Say.HOLD
    ]
    if reasons and any(each.is_held for each in verdict.answers):
        breaker.trip(mailbox, reason=reasons[0])


def _people(*emails: str) -> list[str]:
    """The keys under which answers to these people are found again."""
    return [letters.without_nul(budgets.key(email))[:320] for email in emails if email]


def _ways_to_write(facts: Facts) -> list[str]:
    """The addresses that a decision of people may name: with and without a tag."""
    emails = (facts.recipient.email, facts.author.email)
    return [way for email in emails for way in (email, budgets.key(email))]
