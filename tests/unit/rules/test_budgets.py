from __future__ import annotations

from datetime import timedelta

import pytest

from letterbox.rules import budgets
from letterbox.rules.budgets import (
    DEFAULT_BUDGETS,
    Asked,
    Budget,
    Fate,
    PastAnswer,
    Scope,
    WhenSpent,
)
from tests.unit.rules.letters import NOON, later

ANNA = Asked("anna@a.example", "anna@a.example", 1)
TWO_IN_AN_HOUR = Budget(Scope.SENDER, 2, timedelta(hours=1))


def sent(minutes_ago: float, fate: Fate = Fate.PROMISED) -> PastAnswer:
    return PastAnswer(
        1, 1, later(minutes=-minutes_ago), ANNA.recipient, ANNA.author, fate=fate
    )


def test_what_is_spent_what_is_free_and_until_when() -> None:
    none = budgets.count(TWO_IN_AN_HOUR, [], ANNA, NOON)
    one = budgets.count(TWO_IN_AN_HOUR, [sent(5)], ANNA, NOON)
    full = budgets.count(TWO_IN_AN_HOUR, [sent(5), sent(50)], ANNA, NOON)
    over = budgets.count(TWO_IN_AN_HOUR, [sent(5), sent(50), sent(10)], ANNA, NOON)

    assert (none.spent, none.free, none.free_at) == (0, 2, None)
    assert (one.spent, one.free, one.free_at) == (1, 1, None)
    assert (full.spent, full.free, full.free_at) == (2, 0, later(minutes=10))
    assert (over.spent, over.free, over.free_at) == (3, 0, later(minutes=50))


def test_the_window_slides_and_ends_exactly_after_its_period() -> None:
    assert budgets.count(TWO_IN_AN_HOUR, [sent(60)], ANNA, NOON).spent == 0
    assert budgets.count(TWO_IN_AN_HOUR, [sent(59.999)], ANNA, NOON).spent == 1


@pytest.mark.parametrize(
    ("scope", "fate", "counts"),
    [
        (scope, fate, fate is Fate.PROMISED or (fate is Fate.HELD and scope in narrow))
        for narrow in [(Scope.SENDER, Scope.CONVERSATION)]
        for scope in Scope
        for fate in Fate
    ],
)
def test_held_answers_count_for_one_sender_and_discarded_ones_never(
    scope: Scope, fate: Fate, counts: bool
) -> None:
    past = PastAnswer(
        1, 1, NOON, ANNA.recipient, ANNA.author, conversation=1, fate=fate
    )

    balance = budgets.count(
        Budget(scope, 1, timedelta(hours=1)), [past], ANNA, later(minutes=1)
    )

    assert balance.spent == int(counts)


def test_answers_without_a_conversation_share_none() -> None:
    asked = Asked("b@b.example", "", None)
    past = PastAnswer(1, 1, NOON, "c@c.example")

    assert not budgets.is_same_conversation(past, asked)
    assert not budgets.is_same_person(past, asked)


def test_a_budget_of_nothing_is_never_free() -> None:
    balance = budgets.count(
        Budget(Scope.MAILBOX, 0, timedelta(hours=1)), [], ANNA, NOON
    )

    assert balance.free == 0
    assert balance.free_at is not None


def test_the_defaults_are_those_that_the_documentation_names() -> None:
    assert [str(each) for each in DEFAULT_BUDGETS] == [
        "2 in 1 day for each conversation",
        "5 in 2 hours for each sender",
        "10 in 1 day for each sender",
        "50 in 1 hour for each domain",
        "200 in 1 hour for each mailbox",
    ]
    holding = {
        each.scope for each in DEFAULT_BUDGETS if each.when_spent is WhenSpent.HOLD
    }
    assert holding == {Scope.DOMAIN, Scope.MAILBOX}
    assert budgets.longest_period(DEFAULT_BUDGETS) == timedelta(days=1)
    assert budgets.longest_period([]) == timedelta()


def test_balances_come_in_the_order_of_the_budgets() -> None:
    found = budgets.balances(DEFAULT_BUDGETS, [sent(5)], ANNA, NOON)

    assert [each.spent for each in found] == [0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("Anna+shop@A.Example", "anna@a.example"),
        (" anna@a.example ", "anna@a.example"),
        ("anna", "anna"),
        ("", ""),
    ],
)
def test_an_address_is_counted_without_case_and_tag(address: str, key: str) -> None:
    assert budgets.key(address) == key


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (timedelta(days=2), "2 days"),
        (timedelta(hours=25), "25 hours"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(seconds=61), "61 seconds"),
    ],
)
def test_periods_read_as_words(period: timedelta, words: str) -> None:
    assert budgets.describe(period) == words
