"""A brief decision, as dry runs make it, ends as the one that people read."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from letterbox.mime.letter import Address
from letterbox.rules import conditions
from letterbox.rules.conditions import Condition, Conditions, EveryMessage, Group, Mode
from letterbox.rules.engine import Frequency, Rule, decide
from letterbox.rules.facts import Facts
from letterbox.rules.fields import Sight
from letterbox.rules.folding import fold
from letterbox.rules.seen import Seen
from letterbox.rules.trace import Fit
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


@settings(max_examples=400, deadline=None)
@given(rules=rule_lists, seen=letters, about=st.integers(0, 4))
def test_a_brief_verdict_has_the_same_answers_and_the_same_fit(
    rules: list[Rule], seen: Facts, about: int
) -> None:
    whole = decide(seen, rules, now=NOON)
    brief = decide(seen, rules, now=NOON, brief_about=about)

    assert brief.answers == whole.answers
    assert brief.sentence == whole.sentence
    outcomes: list[dict[int, Any]] = [
        {each.rule: (each.fit, each.sentence, each.guards) for each in trace.rules}
        for trace in (whole.trace, brief.trace)
    ]
    assert outcomes[1].items() <= outcomes[0].items()
    assert outcomes[1].get(about) == outcomes[0].get(about)
    # Only what can change no answer any more is left out.
    took = {Fit.ANSWERS, Fit.HELD, Fit.REFUSED, Fit.QUIET}
    left_out = outcomes[0].keys() - outcomes[1].keys()
    assert not any(outcomes[0][rule][0] in took for rule in left_out)
    if brief.trace.guards:
        assert brief.trace.guards == whole.trace.guards


texts = st.text(alphabet="abßİıﬁＡ \n\t\0\u00ad\u00a0\u2003\u0307x", max_size=12)


@settings(max_examples=500, deadline=None)
@given(members=st.lists(texts, max_size=3), words=texts)
def test_words_are_found_as_in_the_folded_text(members: list[str], words: str) -> None:
    wanted = fold(words)
    assume(wanted)

    found = Seen("", members).has_in_it(wanted)

    assert found == any(wanted in fold(each) for each in members)


def test_conditions_that_are_read_again_are_the_same_value_until_they_change() -> None:
    first = conditions.recall({"field": "subject", "operator": "equals", "value": "a"})
    again = conditions.recall({"field": "subject", "operator": "equals", "value": "a"})
    other = conditions.recall({"field": "subject", "operator": "equals", "value": "b"})

    assert again is first
    assert other != first
