"""What conditions say about one another: which exclude each other, which follow.

`can_never_hold` is sound, not complete: where it says so, no letter can satisfy the
conditions; where it does not, it may have missed something. It works on the conditions
alone and never on mail.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from letterbox.rules import values
from letterbox.rules.conditions import (
    Condition,
    Conditions,
    EveryMessage,
    Group,
    Mode,
)
from letterbox.rules.fields import FieldKind

# Bounds of numbers and of microseconds since the year 1.
_HIGHEST = 1 << 70
_CASE_LIMIT = 64
_POSITIVE_OF = {
    "does-not-contain": "contains",
    "does-not-equal": "equals",
    "none-of": "any-of",
    "is-empty": "is-not-empty",
}


@dataclass(frozen=True, slots=True)
class _Claim:
    """A condition or its opposite, in the words of operators that are not negative."""

    condition: Condition
    operator: str
    holds: bool = True


def can_never_hold(conditions: Conditions) -> bool:
    """Whether no letter at all can satisfy these conditions."""
    return _is_impossible(conditions, holds=True, given=())


def always_holds(conditions: Conditions) -> bool:
    """Whether every letter satisfies these conditions."""
    return _is_impossible(conditions, holds=False, given=())


def follows(premise: Conditions, conclusion: Conditions) -> bool:
    """Whether every letter that satisfies the premise satisfies the conclusion too."""
    return all(
        _is_impossible(conclusion, holds=False, given=case)
        or any(_exclude(one, two) for one, two in itertools.combinations(case, 2))
        for case in _cases(premise)
    )


def _is_impossible(
    conditions: Conditions, *, holds: bool, given: tuple[_Claim, ...]
) -> bool:
    """Whether the conditions cannot come out as `holds` where the claims are true."""
    if isinstance(conditions, EveryMessage):
        return not holds
    if isinstance(conditions, Condition):
        claim = _claim(conditions, holds=holds)
        return _is_empty(claim) or any(_exclude(claim, each) for each in given)
    # "Any holds" fails like "all fail": one group needs every member, the other one.
    if (conditions.mode is Mode.ALL) is holds:
        members = _flatten(conditions, conditions.mode)
        own = tuple(
            _claim(each, holds=holds) for each in members if isinstance(each, Condition)
        )
        if any(_exclude(one, two) for one, two in itertools.combinations(own, 2)):
            return True
        known = (*given, *own)
        return any(
            _is_impossible(each, holds=holds, given=given)
            if isinstance(each, Condition)
            else _is_impossible(each, holds=holds, given=known)
            for each in members
        )
    return all(
        _is_impossible(each, holds=holds, given=given) for each in conditions.members
    )


def _cases(conditions: Conditions) -> list[tuple[_Claim, ...]]:
    """The ways in which conditions can hold: in each case all its claims are true.

    Where there would be too many, "any" groups are left out: fewer claims are known,
    and less is found, but nothing wrong.
    """
    if isinstance(conditions, EveryMessage):
        return [()]
    if isinstance(conditions, Condition):
        return [(_claim(conditions, holds=True),)]
    of_members = [_cases(each) for each in conditions.members]
    if conditions.mode is Mode.ANY:
        cases = list(itertools.chain.from_iterable(of_members))
        return cases if len(cases) <= _CASE_LIMIT else [()]
    cases = [()]
    for member in of_members:
        if len(cases) * len(member) <= _CASE_LIMIT:
            cases = [one + two for one in cases for two in member]
    return cases


def _flatten(group: Group, mode: Mode) -> Sequence[Conditions]:
    members: list[Conditions] = []
    for each in group.members:
        if isinstance(each, Group) and each.mode is mode:
            members += _flatten(each, mode)
        else:
            members.append(each)
    return members


def _claim(condition: Condition, *, holds: bool) -> _Claim:
    positive = _POSITIVE_OF.get(condition.operator)
    if positive is None:
        return _Claim(condition, condition.operator, holds)
    return _Claim(condition, positive, not holds)


def _exclude(one: _Claim, two: _Claim) -> bool:
    """Whether two claims cannot both be true of one letter."""
    if one.condition.about.name.lower() != two.condition.about.name.lower():
        return False
    if one.condition.about.kind is not FieldKind.TEXT:
        mine, theirs = _ranges(one), _ranges(two)
        if mine is None or theirs is None:
            return False
        return not any(
            max(low, other_low) <= min(high, other_high)
            for low, high in mine
            for other_low, other_high in theirs
        )
    if one.holds and two.holds:
        return one.condition.about.is_single and (
            _rules_out(one, two) or _rules_out(two, one)
        )
    if one.holds is not two.holds:
        true, false = (one, two) if one.holds else (two, one)
        return _implies(true, false)
    return False


def _is_empty(claim: _Claim) -> bool:
    if claim.condition.about.kind is FieldKind.TEXT:
        return False
    return _ranges(claim) == []


def _implies(one: _Claim, two: _Claim) -> bool:
    """Whether a text that makes the first claim true makes the second one true."""
    if two.operator == "is-not-empty":
        # A pattern may be found in nothing.
        return one.operator != "matches"
    if one.operator in ("matches", "is-not-empty") or two.operator == "matches":
        return (one.operator, one.condition.value) == (
            two.operator,
            two.condition.value,
        )
    if one.operator == "any-of":
        return all(_text_implies("equals", each, two) for each in _texts(one))
    (text,) = _texts(one)
    return _text_implies(one.operator, text, two)


def _text_implies(operator: str, text: str, claim: _Claim) -> bool:
    others = _texts(claim)
    match claim.operator:
        case "contains":
            return any(each in text for each in others)
        case "starts-with":
            known = operator in ("equals", "starts-with")
            return known and any(text.startswith(each) for each in others)
        case "ends-with":
            known = operator in ("equals", "ends-with")
            return known and any(text.endswith(each) for each in others)
        case _:
            return operator == "equals" and text in others


def _rules_out(one: _Claim, two: _Claim) -> bool:
    """Whether a field with one text cannot make both claims true."""
    if "matches" in (one.operator, two.operator):
        return False
    if one.operator in ("equals", "any-of"):
        as_equal = replace(one, operator="equals")
        return not any(
            two.operator == "is-not-empty" or _text_implies("equals", each, two)
            for each in _texts(as_equal)
        )
    if one.operator == two.operator == "starts-with":
        (text,), (other,) = _texts(one), _texts(two)
        return not (text.startswith(other) or other.startswith(text))
    if one.operator == two.operator == "ends-with":
        (text,), (other,) = _texts(one), _texts(two)
        return not (text.endswith(other) or other.endswith(text))
    return False


def _texts(claim: _Claim) -> frozenset[str]:
    value = claim.condition.value
    if claim.condition.operator in ("any-of", "none-of"):
        return values.word_list(value)
    return frozenset({values.words(value)})


def _ranges(claim: _Claim) -> list[tuple[int, int]] | None:
    """The numbers that make a claim true, as ranges; None where it cannot be told."""
    kind = claim.condition.about.kind
    point = _point(claim.condition)
    if point is None:
        return None
    lowest, highest = (0, 1) if kind is FieldKind.FLAG else (0, _HIGHEST)
    match claim.operator:
        case "equals":
            true = [(point, point)]
        case "greater":
            true = [(point + 1, highest)]
        case _:
            true = [(lowest, point - 1)]
    if not claim.holds:
        ((low, high),) = true
        true = [(lowest, low - 1), (high + 1, highest)]
    return [(low, high) for low, high in true if low <= high]


def _point(condition: Condition) -> int | None:
    match condition.about.kind:
        case FieldKind.NUMBER:
            return values.number(condition.value)
        case FieldKind.FLAG:
            return int(values.flag(condition.value))
        case _:
            moment = values.time(condition.value).moment
            if moment.tzinfo is None:
                # Which moment it means depends on the mailbox.
                return None
            return int((moment - _BEGINNING).total_seconds() * 1_000_000)


_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
