from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from letterbox.mime.letter import Address
from letterbox.rules import conditions, trace
from letterbox.rules.budgets import Budget, Fate, PastAnswer, Scope
from letterbox.rules.conditions import Condition
from letterbox.rules.engine import Frequency, Timing, Verdict, decide
from letterbox.rules.questions import Settings
from letterbox.rules.trace import Fit
from tests.unit.rules.letters import NOON, later, letter, rule

ANNA = "anna@customer.example"


def past(number: int = 1, **changes: Any) -> PastAnswer:
    plain: dict[str, Any] = {
        "rule": number,
        "message": 100,
        "at": later(hours=-1),
        "recipient": ANNA,
        "author": ANNA,
        "conversation": 1,
    }
    return PastAnswer(**{**plain, **changes})


def fits(verdict: Verdict) -> list[Fit]:
    return [each.fit for each in verdict.trace.rules]


ORDER = Condition("subject", "contains", "order")
OFFER = Condition("subject", "contains", "offer")


def test_a_rule_that_holds_answers_to_the_sender() -> None:
    verdict = decide(letter(), [rule(3, version=2, template=7)], now=NOON)

    (answer,) = verdict.answers
    assert (answer.rule, answer.rule_version, answer.template) == (3, 2, 7)
    assert answer.recipient == Address(ANNA, "Anna Berg")
    assert not answer.is_held
    assert verdict.sentence == "“Rule 3” answers."


def test_the_answer_goes_to_the_reply_to_where_there_is_one() -> None:
    facts = letter(reply_to=(Address(""), Address("desk@other.example")))

    verdict = decide(facts, [rule()], now=NOON)

    assert verdict.answers[0].recipient.email == "desk@other.example"


def test_without_rules_nothing_happens() -> None:
    verdict = decide(letter(), [], now=NOON)

    assert verdict.answers == ()
    assert verdict.sentence == "No rule applies to it."


def test_the_first_rule_that_applies_takes_the_letter() -> None:
    rules = [rule(1, conditions=OFFER), rule(2, conditions=ORDER), rule(3)]

    verdict = decide(letter(), rules, now=NOON)

    assert [each.rule for each in verdict.answers] == [2]
    assert fits(verdict) == [Fit.NO_MATCH, Fit.ANSWERS, Fit.NOT_REACHED]
    assert "Rule 2" in verdict.trace.rules[2].sentence


def test_rules_are_asked_by_position_then_by_id() -> None:
    rules = [rule(1, position=5), rule(3, position=2), rule(2, position=2)]

    verdict = decide(letter(), rules, now=NOON)

    assert [each.rule for each in verdict.trace.rules] == [2, 3, 1]
    assert [each.rule for each in verdict.answers] == [2]


def test_a_rule_that_goes_on_lets_the_next_one_answer_too() -> None:
    verdict = decide(letter(), [rule(1, goes_on=True), rule(2), rule(3)], now=NOON)

    assert [each.rule for each in verdict.answers] == [1, 2]
    assert fits(verdict) == [Fit.ANSWERS, Fit.ANSWERS, Fit.NOT_REACHED]


def test_answers_of_the_same_letter_count_against_its_budgets() -> None:
    settings = Settings(budgets=(Budget(Scope.SENDER, 2, timedelta(hours=1)),))

    rules = [rule(1, goes_on=True), rule(2, goes_on=True), rule(3)]

    verdict = decide(letter(), rules, now=NOON, settings=settings)

    assert [each.rule for each in verdict.answers] == [1, 2]
    assert fits(verdict) == [Fit.ANSWERS, Fit.ANSWERS, Fit.REFUSED]


@pytest.mark.parametrize(
    ("changes", "facts", "fit"),
    [
        ({"is_active": False}, {}, Fit.INACTIVE),
        ({"active_since": 10}, {}, Fit.NOT_IN_FORCE),
        ({"active_since": 9}, {}, Fit.ANSWERS),
        ({"conditions": OFFER}, {}, Fit.NO_MATCH),
        ({"first_letter_only": True}, {"is_first_letter": False}, Fit.NOT_FIRST),
        ({"first_letter_only": True}, {"is_first_letter": True}, Fit.ANSWERS),
        ({"timing": Timing.BUSINESS_HOURS}, {}, Fit.ANSWERS),
        ({"timing": Timing.OUTSIDE_BUSINESS_HOURS}, {}, Fit.NOT_NOW),
        ({"timing": Timing.HOLIDAYS}, {}, Fit.NOT_NOW),
    ],
)
def test_a_rule_that_does_not_apply_says_why_and_the_next_is_asked(
    changes: dict[str, Any], facts: dict[str, Any], fit: Fit
) -> None:
    verdict = decide(letter(**facts), [rule(1, **changes), rule(2)], now=NOON)

    assert verdict.trace.rules[0].fit is fit
    assert verdict.trace.rules[0].sentence
    assert [each.rule for each in verdict.answers] == [1 if fit is Fit.ANSWERS else 2]


class ClosedOnHoliday:
    def is_open(self, moment: datetime) -> bool:
        return moment != NOON

    def is_holiday(self, moment: datetime) -> bool:
        return moment == NOON

    def why(self, moment: datetime) -> str:
        return f"It is {moment:%H:%M}."


@pytest.mark.parametrize("own", [True, False])
def test_the_moment_of_arrival_decides_whether_it_is_business_time(own: bool) -> None:
    calendar = ClosedOnHoliday()
    changes = {"calendar": calendar} if own else {}
    rules = [
        rule(number, timing=timing, goes_on=True, **changes)
        for number, timing in enumerate(Timing, 1)
    ]

    verdict = decide(
        letter(),
        rules,
        now=later(hours=1),
        calendar=None if own else calendar,
        settings=Settings(budgets=()),
    )

    assert fits(verdict) == [Fit.ANSWERS, Fit.NOT_NOW, Fit.ANSWERS, Fit.ANSWERS]
    assert verdict.trace.rules[1].sentence == (
        "It answers in business hours only. It is 12:00."
    )


def test_once_per_conversation_is_the_default() -> None:
    told = decide(letter(), [rule(1), rule(2)], now=NOON, past=[past()])
    elsewhere = decide(letter(conversation=2), [rule(1)], now=NOON, past=[past()])

    assert fits(told) == [Fit.QUIET, Fit.NOT_REACHED]
    assert told.sentence.startswith("“Rule 1” applies, but stays quiet.")
    assert fits(elsewhere) == [Fit.ANSWERS]


def test_every_letter_is_answered_where_the_rule_says_so() -> None:
    often = rule(frequency=Frequency.EVERY_LETTER)

    assert fits(decide(letter(), [often], now=NOON, past=[past()])) == [Fit.ANSWERS]


def test_once_per_sender_and_period_looks_across_conversations() -> None:
    daily = rule(
        frequency=Frequency.ONCE_PER_SENDER_AND_PERIOD, period=timedelta(hours=24)
    )

    def fit(**changes: Any) -> Fit:
        verdict = decide(
            letter(), [daily], now=NOON, past=[past(conversation=9, **changes)]
        )
        return fits(verdict)[0]

    assert fit() is Fit.QUIET
    assert fit(at=later(hours=-24)) is Fit.ANSWERS
    assert fit(recipient="b@b.example", author="b@b.example") is Fit.ANSWERS
    assert fit(fate=Fate.HELD) is Fit.QUIET
    assert fit(fate=Fate.DISCARDED) is Fit.ANSWERS


def test_another_rules_answer_does_not_make_a_rule_quiet() -> None:
    assert fits(decide(letter(), [rule(1)], now=NOON, past=[past(2)])) == [Fit.ANSWERS]


def test_a_refused_rule_still_takes_the_letter() -> None:
    verdict = decide(letter(is_history=True), [rule(1), rule(2)], now=NOON)

    assert verdict.answers == ()
    assert fits(verdict) == [Fit.REFUSED, Fit.NOT_REACHED]
    assert verdict.sentence == (
        "“Rule 1” would answer, but must not. It came with the import of older mail."
    )


def test_a_spent_mailbox_budget_holds_the_answer() -> None:
    settings = Settings(budgets=(Budget(Scope.MAILBOX, 1, timedelta(hours=2)),))
    other = past(2, conversation=5, recipient="b@b.example", author="b@b.example")

    verdict = decide(letter(), [rule()], now=NOON, past=[other], settings=settings)

    (answer,) = verdict.answers
    assert answer.is_held
    assert "the limit is 1" in answer.reason
    assert fits(verdict) == [Fit.HELD]


def test_a_letter_is_not_answered_twice_by_another_rule() -> None:
    verdict = decide(letter(), [rule(2)], now=NOON, past=[past(1, message=1)])

    assert fits(verdict) == [Fit.REFUSED]


def test_the_trace_shows_every_condition_with_the_value_it_saw() -> None:
    nested = conditions.all_of(
        OFFER,
        conditions.any_of(
            Condition("to", "contains", "support"), Condition("size", "less", 10)
        ),
    )

    verdict = decide(letter(size=99), [rule(1, conditions=nested), rule(2)], now=NOON)

    data: Any = verdict.to_json()["trace"]
    offer, group = data["rules"][0]["conditions"]["all"]
    assert offer == {
        "field": "subject",
        "operator": "contains",
        "value": "offer",
        "sentence": "Subject contains “offer”",
        "seen": "Where is my order?",
        "is_private": True,
        "holds": False,
    }
    assert [each["seen"] for each in group["any"]] == [["support@acme.example"], 99]
    assert [each["holds"] for each in group["any"]] == [True, False]
    assert data["rules"][1]["conditions"] == {"every": True, "holds": True}
    assert {each["says"] for each in data["guards"]} == {"allow"}


def test_a_verdict_is_plain_json() -> None:
    verdict = decide(letter(), [rule(1, conditions=ORDER)], now=NOON)

    data = verdict.to_json()

    assert json.loads(json.dumps(data)) == data
    assert data["answers"] == [
        {
            "rule": 1,
            "rule_version": 1,
            "template": 7,
            "recipient": f"Anna Berg <{ANNA}>",
            "is_held": False,
            "reason": "",
        }
    ]


def test_a_long_value_is_shown_where_the_words_stand() -> None:
    body = "x " * 500 + "the ORDER number " + "y " * 500
    found = Condition("body", "contains", "order number")
    missed = Condition("body", "contains", "invoice")

    rules = [rule(1, conditions=found), rule(2, conditions=missed)]
    data: Any = decide(letter(body=body), rules, now=NOON).to_json()

    seen = [each["conditions"]["seen"] for each in data["trace"]["rules"]]
    assert "the order number" in seen[0]
    assert seen[1].startswith("x x")
    assert all(len(each) < 250 for each in seen)


def test_the_same_question_gets_the_same_answer() -> None:
    rules = [rule(1, conditions=OFFER, goes_on=True), rule(2)]
    known = [past(9)]

    def run() -> dict[str, object]:
        return decide(letter(), rules, now=NOON, past=known).to_json()

    assert run() == run()
    assert known == [past(9)]


def test_those_who_may_not_read_the_letter_do_not_see_its_words() -> None:
    both = conditions.all_of(
        ORDER, Condition("size", "less", 10), conditions.any_of(OFFER)
    )
    data = decide(letter(size=3), [rule(1, conditions=both)], now=NOON).to_json()

    shown: Any = trace.redact(data, may_read_letter=False, may_see_rules=True)
    subject, size, group = shown["trace"]["rules"][0]["conditions"]["all"]

    assert subject["seen"] is None
    assert subject["is_hidden"]
    assert subject["holds"]
    assert size["seen"] == 3
    assert group["any"][0]["seen"] is None
    assert "Where is my order" not in json.dumps(shown)
    assert "Where is my order" in json.dumps(data)


def test_the_recipient_is_hidden_from_those_who_may_not_read_the_letter() -> None:
    data = decide(letter(), [rule()], now=NOON).to_json()

    shown = trace.redact(data, may_read_letter=False, may_see_rules=True)

    assert ANNA not in json.dumps(shown)
    assert ANNA in json.dumps(data)


def test_those_who_may_not_see_rules_see_only_what_became_of_them() -> None:
    data = decide(letter(), [rule(1, conditions=ORDER)], now=NOON).to_json()

    shown: Any = trace.redact(data, may_read_letter=True, may_see_rules=False)

    assert set(shown["trace"]["rules"][0]) == {
        "rule",
        "version",
        "name",
        "fit",
        "sentence",
        "guards",
    }
    assert shown["answers"] == data["answers"]


def test_those_who_may_see_everything_do() -> None:
    data = decide(letter(), [rule(1, conditions=ORDER)], now=NOON).to_json()

    assert trace.redact(data, may_read_letter=True, may_see_rules=True) == data
