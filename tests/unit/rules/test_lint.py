from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from letterbox.mime.letter import Address
from letterbox.rules import claims, conditions
from letterbox.rules.conditions import (
    Condition,
    Conditions,
    EveryMessage,
    Group,
    Mode,
    all_of,
    any_of,
)
from letterbox.rules.engine import Frequency, Rule, Timing
from letterbox.rules.fields import Sight
from letterbox.rules.lint import CHECKS, lint
from tests.unit.rules.letters import NOON, SUPPORT, letter, rule


def C(field: str, operator: str, value: Any = None) -> Condition:  # noqa: N802
    return Condition(field, operator, value)


def found(conditions: Conditions, *above: Rule, **changes: Any) -> list[str]:
    advice = lint(
        rule(9, conditions=conditions, **changes),
        above=above,
        own_addresses=[SUPPORT],
        now=NOON,
    )
    return [each.check for each in advice]


A, B = C("subject", "contains", "offer"), C("subject", "contains", "order")


@pytest.mark.parametrize(
    ("check", "bad", "good"),
    [
        ("never-matches", all_of(A, C("subject", "does-not-contain", "OFF")), all_of(A, C("subject", "does-not-contain", "offers"))),
        ("never-matches", all_of(A, C("subject", "is-empty")), all_of(A, C("subject", "is-not-empty"))),
        ("never-matches", all_of(C("subject", "equals", "a"), C("subject", "equals", "b")), all_of(C("to", "equals", "a"), C("to", "equals", "b"))),
        ("never-matches", all_of(C("subject", "equals", "a"), C("subject", "starts-with", "b")), all_of(C("subject", "equals", "ba"), C("subject", "starts-with", "b"))),
        ("never-matches", all_of(C("subject", "starts-with", "a"), C("subject", "starts-with", "b")), all_of(C("subject", "starts-with", "a"), C("subject", "starts-with", "ab"))),
        ("never-matches", all_of(C("subject", "ends-with", "a"), C("subject", "ends-with", "b")), all_of(C("subject", "ends-with", "a"), C("subject", "ends-with", "ba"))),
        ("never-matches", all_of(C("language", "any-of", "de, en"), C("language", "none-of", "en, de, fr")), all_of(C("language", "any-of", "de, en"), C("language", "none-of", "en"))),
        ("never-matches", all_of(C("language", "any-of", "de"), C("language", "any-of", "en")), all_of(C("language", "any-of", "de, en"), C("language", "any-of", "en"))),
        ("never-matches", all_of(C("size", "greater", 5), C("size", "less", 6)), all_of(C("size", "greater", 5), C("size", "less", 7))),
        ("never-matches", C("size", "less", 0), C("size", "less", 1)),
        ("never-matches", all_of(C("has-case", "equals", True), C("has-case", "equals", False)), all_of(C("has-case", "equals", True), C("has-lead", "equals", False))),
        ("never-matches", all_of(C("received-at", "greater", "2026-05-01T00:00:00Z"), C("received-at", "less", "2026-04-01T00:00:00Z")), all_of(C("received-at", "greater", "2026-05-01T00:00:00Z"), C("received-at", "less", "2026-06-01T00:00:00Z"))),
        ("never-matches", all_of(C("cc", "is-empty"), any_of(C("cc", "contains", "a"), C("cc", "equals", "b"))), all_of(C("cc", "is-empty"), any_of(C("cc", "contains", "a"), A))),
        ("never-matches", all_of(C("header:X-A", "is-empty"), C("header:x-a", "equals", "1")), all_of(C("header:X-A", "is-empty"), C("header:X-B", "equals", "1"))),
        ("never-matches", all_of(A, C("subject", "is-empty")), all_of(C("subject", "matches", ".*"), C("subject", "is-empty"))),
        ("always-matches", any_of(A, C("subject", "does-not-contain", "offer")), any_of(A, C("body", "does-not-contain", "offer"))),
        ("always-matches", any_of(C("cc", "is-empty"), C("cc", "is-not-empty")), EveryMessage()),
        ("always-matches", any_of(C("size", "less", 5), C("size", "greater", 4)), any_of(C("size", "less", 5), C("size", "greater", 5))),
        ("always-matches", any_of(C("has-case", "equals", True), C("has-case", "equals", False)), C("has-case", "equals", True)),
        ("part-never-matches", any_of(A, all_of(B, C("subject", "is-empty"))), any_of(A, all_of(B, C("cc", "is-empty")))),
        ("any-with-negative", any_of(C("cc", "does-not-contain", "a"), C("cc", "does-not-contain", "b")), all_of(C("cc", "does-not-contain", "a"), C("cc", "does-not-contain", "b"))),
        ("any-with-negative", any_of(A, C("body", "is-empty")), any_of(C("body", "is-empty"))),
        ("own-address", C("from", "equals", SUPPORT.upper()), C("from", "does-not-equal", SUPPORT)),
        ("own-address", C("from-address", "any-of", f"a@b.example, {SUPPORT}"), C("to", "equals", SUPPORT)),
        ("kind-is-never-answered", C("kind", "equals", "bounce-hard"), C("kind", "equals", "list")),
        ("kind-is-never-answered", C("kind", "any-of", "receipt, auto-reply"), C("kind", "any-of", "receipt, human")),
        ("empty-pattern", C("subject", "matches", ".*"), C("subject", "matches", ".+")),
        ("costly-pattern", C("subject", "matches", "[0-9]{350}"), C("subject", "matches", "[a-z]{2,20}")),
        ("past-time", C("received-at", "less", "2026-03-01"), C("received-at", "greater", "2026-03-01")),
        ("past-time", C("received-at", "less", "2026-03-04T11:59:00Z"), C("received-at", "less", "2026-03-04T12:01:00Z")),
        ("list-in-one-text", C("from", "contains", "a@b.example, c@d.example"), C("from", "any-of", "a@b.example, c@d.example")),
    ],
)  # fmt: skip
def test_every_check_finds_its_trap_and_nothing_else(
    check: str, bad: Conditions, good: Conditions
) -> None:
    assert check in found(bad)
    assert check not in found(good)


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (EveryMessage(), A),
        (A, A),
        (A, all_of(A, B)),
        (any_of(A, B), A),
        (any_of(A, B), any_of(B, A)),
        (all_of(A, any_of(B, C("cc", "is-empty"))), all_of(A, any_of(B, C("cc", "is-empty")))),
        (C("subject", "contains", "off"), C("subject", "equals", "offer")),
        (C("size", "greater", 5), C("size", "greater", 6)),
    ],
)  # fmt: skip
def test_a_rule_is_shadowed_where_one_above_takes_all_its_letters(
    above: Conditions, below: Conditions
) -> None:
    first = rule(1, conditions=above)

    assert "shadowed" in found(below, first)
    assert "shadowed" not in found(below, rule(1, conditions=above, is_active=False))
    assert "shadowed" not in found(below, rule(10, conditions=above))
    assert "shadowed" not in found(
        below, rule(1, conditions=above, first_letter_only=True)
    )
    assert "shadowed" not in found(
        below, rule(1, conditions=above, timing=Timing.HOLIDAYS)
    )
    assert "shadowed" not in found(below, first, is_active=False)
    assert "answers-together" in found(below, rule(1, conditions=above, goes_on=True))
    assert "answers-together" not in found(below, first)


def test_a_narrower_rule_above_shadows_nothing() -> None:
    assert found(A, rule(1, conditions=all_of(A, B))) == []
    assert found(EveryMessage(), rule(1, conditions=A)) == []
    assert found(any_of(A, B), rule(1, conditions=A)) == []


def test_a_rule_for_every_letter_of_everybody_is_mentioned() -> None:
    often = Frequency.EVERY_LETTER

    assert found(EveryMessage(), frequency=often) == ["answers-every-letter"]
    assert found(EveryMessage()) == []
    assert found(A, frequency=often) == []
    assert found(EveryMessage(), frequency=often, first_letter_only=True) == []


def test_advice_tells_where_and_what_to_do() -> None:
    trap = all_of(A, any_of(C("cc", "does-not-contain", "x"), B))

    (advice,) = lint(rule(9, conditions=trap), now=NOON)

    assert advice.path == (1,)
    assert "“Cc does not contain “x””" in advice.message
    assert "Do you mean “all”" in advice.message


def test_a_plain_rule_gets_no_advice() -> None:
    assert found(all_of(A, C("from-domain", "any-of", "a.example"))) == []
    assert set(CHECKS) >= {"never-matches", "always-matches", "shadowed", "own-address"}


WORDS = ["a", "b", "ab", "ba"]
TEXTS = [
    "contains",
    "does-not-contain",
    "equals",
    "does-not-equal",
    "starts-with",
    "ends-with",
]
single = st.one_of(
    st.builds(C, st.sampled_from(["subject", "cc"]), st.sampled_from(TEXTS), st.sampled_from(WORDS)),
    st.builds(
        C,
        st.sampled_from(["subject", "cc"]),
        st.sampled_from(["any-of", "none-of"]),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(tuple),
    ),
    st.builds(C, st.sampled_from(["subject", "cc"]), st.sampled_from(["is-empty", "is-not-empty"])),
    st.builds(
        C,
        st.just("size"),
        st.sampled_from(["equals", "does-not-equal", "greater", "less"]),
        st.integers(0, 3),
    ),
    st.builds(C, st.just("has-case"), st.just("equals"), st.booleans()),
)  # fmt: skip
trees = st.recursive(
    single,
    lambda inner: st.builds(
        Group, st.sampled_from(Mode), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)
small_letters = st.builds(
    letter,
    subject=st.sampled_from(["", *WORDS, "aba"]),
    cc=st.lists(st.sampled_from(WORDS).map(Address), max_size=2).map(tuple),
    size=st.integers(0, 4),
    has_case=st.booleans(),
)


@settings(max_examples=400, deadline=None)
@given(one=trees, two=trees, letters=st.lists(small_letters, min_size=5, max_size=5))
def test_what_lint_claims_is_true_of_every_letter(
    one: Conditions, two: Conditions, letters: list[Any]
) -> None:
    never, always = claims.can_never_hold(one), claims.always_holds(one)
    implied = claims.follows(one, two)

    for each in letters:
        sight = Sight(each)
        first = conditions.evaluate(one, sight).holds
        assert not (never and first)
        assert not (always and not first)
        assert not (implied and first and not conditions.evaluate(two, sight).holds)
