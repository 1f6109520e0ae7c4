"""A brief decision, as dry runs make it, ends as the one that people read."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from letterbox.mime.letter import Address
from letterbox.rules import conditions
from letterbox.rules.conditions import Condition, Conditions, EveryMessage, Group, Mode
from letterbox.rules.engine import Frequency, Rule, decide
from letterbox.rules.facts import Facts
from letterbox.rules.fields import Sight
from tests.unit.rules.letters import NOON, letter, rule

WORDS = ["a", "b", "ab"]
single = st.one_of(
    st.builds(
        Condition,
        st.sampled_from(["subject", "cc", "body", "new-text"]),
        st.sampled_from(["contains", "does-not-contain", "equals", "matches"]),
        st.sampled_from(WORDS),
    ),
    st.builds(Condition, st.just("size"), st.just("greater"), st.integers(0, 3)),
    st.builds(Condition, st.just("has-case"), st.just("equals"), st.booleans()),
)
trees = st.recursive(
    single,
    lambda inner: st.builds(
        Group, st.sampled_from(Mode), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)
letters = st.builds(
    letter,
    subject=st.sampled_from(["", *WORDS]),
    body=st.sampled_from(["", *WORDS]),
    new_text=st.sampled_from(["", *WORDS]),
    cc=st.lists(st.sampled_from(WORDS).map(Address), max_size=2).map(tuple),
    size=st.integers(0, 4),
    has_case=st.booleans(),
    kind=st.sampled_from(["human", "list", "bounce-hard"]),
    is_first_letter=st.booleans(),
    is_history=st.booleans(),
)
changes = st.fixed_dictionaries(
    {
        "conditions": st.one_of(trees, st.just(EveryMessage())),
        "is_active": st.booleans(),
        "goes_on": st.booleans(),
        "frequency": st.sampled_from(Frequency),
        "first_letter_only": st.booleans(),
        "active_since": st.sampled_from([0, 10]),
    }
)
rule_lists = st.lists(changes, max_size=4).map(
    lambda given: [rule(number, **each) for number, each in enumerate(given, 1)]
)


@settings(max_examples=300, deadline=None)
@given(tree=trees, seen=letters)
def test_the_cheapest_way_through_conditions_ends_where_the_whole_one_does(
    tree: Conditions, seen: Facts
) -> None:
    whole = conditions.evaluate(tree, Sight(seen)).holds

    assert conditions.holds(tree, Sight(seen)) == whole


@settings(max_examples=300, deadline=None)
@given(rules=rule_lists, seen=letters)
def test_a_brief_verdict_has_the_same_answers_and_the_same_fits(
    rules: list[Rule], seen: Facts
) -> None:
    whole = decide(seen, rules, now=NOON)
    brief = decide(seen, rules, now=NOON, is_brief=True)

    assert brief.answers == whole.answers
    assert brief.sentence == whole.sentence
    outcomes: list[Any] = [
        [(each.fit, each.sentence, each.guards) for each in verdict.trace.rules]
        for verdict in (whole, brief)
    ]
    assert outcomes[0] == outcomes[1]
    if brief.trace.guards:
        assert brief.trace.guards == whole.trace.guards


def test_conditions_that_are_read_again_are_the_same_value_until_they_change() -> None:
    first = conditions.recall({"field": "subject", "operator": "equals", "value": "a"})
    again = conditions.recall({"field": "subject", "operator": "equals", "value": "a"})
    other = conditions.recall({"field": "subject", "operator": "equals", "value": "b"})

    assert again is first
    assert other != first
