"""Dry runs decide as the live path did, and leave nothing behind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from letterbox.inbound import dry_run, trials
from letterbox.inbound.dry_run import Question
from letterbox.models import (
    AutoresponseRule,
    EmailTemplate,
    Event,
    Mailbox,
    Message,
    OutgoingMail,
    RuleTrial,
    User,
)
from letterbox.rules.answer_settings import AnswerSettings
from letterbox.rules.budgets import Budget, Scope, WhenSpent
from letterbox.services import answer_settings, rules
from letterbox.services import trials as asking
from tests.conftest import Arrive
from tests.db.conftest import AddRule
from tests.mail import mail

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIELDS: tuple[dict[str, Any], ...] = (
    {"field": "subject", "operator": "contains", "value": "offer"},
    {"field": "body", "operator": "does-not-contain", "value": "refund"},
    {"field": "new-text", "operator": "matches", "value": "order [0-9]+"},
    {"field": "header:X-Priority", "operator": "equals", "value": "1"},
    {"field": "attachment-name", "operator": "ends-with", "value": ".pdf"},
    {"field": "is-first-letter", "operator": "equals", "value": True},
    {"field": "sender-is-known", "operator": "equals", "value": True},
    {"field": "received-at", "operator": "greater", "value": "2026-03-02 10:00"},
    {"field": "from-domain", "operator": "any-of", "value": ["a.example"]},
    {"field": "size", "operator": "less", "value": "1 KB"},
)
TIGHT = AnswerSettings(
    budgets=(
        Budget(Scope.CONVERSATION, 2, timedelta(hours=24)),
        Budget(Scope.SENDER, 3, timedelta(hours=2)),
        Budget(Scope.DOMAIN, 6, timedelta(hours=1), WhenSpent.HOLD),
        Budget(Scope.MAILBOX, 500, timedelta(hours=1), WhenSpent.HOLD),
    )
)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.mark.parametrize("seed", range(4))
def test_a_replay_comes_to_the_same_verdicts_as_the_live_path(
    mailbox: Mailbox,
    arrive: Arrive,
    add_rule: AddRule,
    clock: time_machine.Traveller,
    seed: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311
    answer_settings.change(mailbox, TIGHT, by=None)
    for number in range(4):
        _random_rule(add_rule, number, chance)
    for number in range(40):
        clock.shift(timedelta(minutes=chance.choice((1, 5, 45))))
        arrive(
            _random_letter(number, chance),
            is_history=chance.random() < 0.1,
            received_at=datetime.now(UTC) - timedelta(days=chance.choice((0, 0, 0, 5))),
        )
    question = Question(
        mailbox=mailbox, rules=rules.readable(mailbox.rules.all()), as_new=False
    )

    ids = dry_run.letter_ids(question)
    replayed = {
        stored.facts.message: verdict.to_json()
        for stored, verdict in dry_run.decisions(question, ids)
    }

    lived = {
        message.pk: {
            name: message.trace["answer"][name] for name in ("answers", "trace")
        }
        for message in Message.objects.filter(direction="in")
    }
    assert len(lived) == 40
    assert replayed == lived
    fits = {rule["fit"] for each in lived.values() for rule in each["trace"]["rules"]}
    assert {"answers", "no-match", "refused"} <= fits


def test_trying_a_new_rule_tells_what_it_would_do_and_leaves_nothing_behind(
    mailbox: Mailbox, max_: User, arrive: Arrive
) -> None:
    arrive(mail(subject="An offer"))
    arrive(mail(subject="Another offer", from_="d@other.example"))
    arrive(mail(subject="An offer", headers=[("Auto-Submitted", "auto-replied")]))
    arrive(mail(subject="A question", from_="e@other.example"))
    before = (OutgoingMail.objects.count(), Event.objects.count())

    trial = asking.ask(mailbox, by=max_, rule=_draft(mailbox, FIELDS[0]))
    trials.answer_questions(mailbox.pk)

    trial.refresh_from_db()
    report = trial.report
    assert trial.state == RuleTrial.State.DONE
    assert (trial.looked_at, trial.total) == (4, 4)
    assert report["matched"] == 3
    assert report["fits"] == {"answers": 2, "refused": 1, "no-match": 1}
    assert report["refused_by"]["machine"] == 1
    assert (report["gained"], report["lost"], report["changed"]) == (2, 0, 0)
    assert [fit for _, fit, _ in report["examples"]] == [
        "answers",
        "answers",
        "refused",
    ]
    assert (OutgoingMail.objects.count(), Event.objects.count()) == before


def test_an_edited_rule_is_compared_with_what_was_lived_and_with_what_stands(
    mailbox: Mailbox, max_: User, arrive: Arrive, add_rule: AddRule
) -> None:
    rule = add_rule()
    arrive(mail(subject="An offer"))
    arrive(mail(subject="A question", from_="d@other.example"))
    rule.conditions = {"all": [FIELDS[0]]}

    trial = asking.ask(mailbox, by=max_, rule=rule)
    trials.answer_questions(mailbox.pk)

    trial.refresh_from_db()
    assert trial.report["fits"] == {"answers": 1, "no-match": 1}
    assert (trial.report["gained"], trial.report["lost"]) == (0, 1)
    assert trial.report["standing_differs"] == 1


def test_old_letters_count_as_if_they_came_now_when_a_rule_is_tried(
    mailbox: Mailbox, max_: User, arrive: Arrive
) -> None:
    arrive(mail(), is_history=True, received_at=MONDAY - timedelta(days=400))

    trial = asking.ask(mailbox, by=max_, rule=_draft(mailbox, None))
    trials.answer_questions(mailbox.pk)

    trial.refresh_from_db()
    assert trial.report["fits"] == {"answers": 1}


def test_a_period_bounds_the_letters_that_are_looked_at(
    mailbox: Mailbox, max_: User, arrive: Arrive
) -> None:
    for day in range(5):
        arrive(
            mail(from_=f"p{day}@customer.example"),
            received_at=MONDAY + timedelta(days=day),
        )

    trial = asking.ask(
        mailbox,
        by=max_,
        rule=_draft(mailbox, None),
        since=MONDAY + timedelta(days=1),
        until=MONDAY + timedelta(days=3),
    )
    trials.answer_questions(mailbox.pk)

    trial.refresh_from_db()
    assert trial.total == 2


def test_a_change_of_processing_is_tried_without_rules(
    mailbox: Mailbox, max_: User, arrive: Arrive
) -> None:
    first = arrive(mail(message_id="first@customer.example"))
    arrive(mail(in_reply_to=first.message_id, references=[first.message_id]))
    arrive(mail(subject="Away", headers=[("Auto-Submitted", "auto-replied")]))

    trial = asking.ask(mailbox, by=max_, rule=None)
    trials.answer_questions(mailbox.pk)

    trial.refresh_from_db()
    assert trial.report["would_convert"] == 1
    assert trial.report["did_convert"] == 0
    assert sum(trial.report["not_converted"].values()) == 2


def test_a_second_question_withdraws_the_first(mailbox: Mailbox, max_: User) -> None:
    first = asking.ask(mailbox, by=max_, rule=None)
    second = asking.ask(mailbox, by=max_, rule=None)

    assert list(RuleTrial.objects.all()) == [second]
    assert first.pk != second.pk


def test_header_conditions_see_the_whole_header_however_long_it_is(
    mailbox: Mailbox, max_: User, arrive: Arrive
) -> None:
    noise = random.Random(1).randbytes(60_000).hex()  # noqa: S311
    long = [("X-Noise", noise[at : at + 900]) for at in range(0, len(noise), 900)]
    arrive(mail(headers=[*long, ("X-Priority", "1")]))
    arrive(mail(from_="d@other.example"))

    trial = asking.ask(mailbox, by=max_, rule=_draft(mailbox, FIELDS[3]))
    trials.answer_questions(mailbox.pk)

    trial.refresh_from_db()
    assert trial.report["matched"] == 1


def _draft(mailbox: Mailbox, condition: dict[str, Any] | None) -> AutoresponseRule:
    return AutoresponseRule(
        mailbox=mailbox,
        name="Tried",
        conditions={"all": [condition]} if condition else {"every": True},
        template=EmailTemplate(subject="Thanks", content="Soon"),
    )


def _random_rule(add_rule: AddRule, number: int, chance: random.Random) -> None:
    chosen = chance.sample(FIELDS, 2)
    add_rule(
        f"Rule {number}",
        conditions={chance.choice(("all", "any")): chosen},
        goes_on=chance.random() < 0.4,
        frequency=chance.choice(
            ("every-letter", "once-per-conversation", "once-per-sender-and-period")
        ),
        first_letter_only=chance.random() < 0.2,
    )


_FILES = {
    0: [("a.pdf", "application/pdf", b"1")],
    5: [("b.pdf", "application/pdf", random.Random(5).randbytes(200_000))],  # noqa: S311
}


def _random_letter(number: int, chance: random.Random) -> bytes:
    headers: list[tuple[str, str | bytes]] = []
    if chance.random() < 0.3:
        headers.append(("X-Priority", "1"))
    if chance.random() < 0.15:
        headers.append(("Auto-Submitted", "auto-replied"))
    sender = f"p{chance.randrange(4)}@{chance.choice(('a', 'b'))}.example"
    return mail(
        from_=sender,
        to=chance.choice(("support@acme.example", "list@else.example")),
        subject=chance.choice(("An offer", "A question", f"Order {number}")),
        text=chance.choice(("I want a refund", f"order {number} please", "Hello")),
        attachments=_FILES.get(number % 10, []),
        headers=headers,
    )
