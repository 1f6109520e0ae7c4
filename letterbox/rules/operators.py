"""How a condition can look: the registry of operators, each one small function.

An operator is registered per kind of field, together with the parser of its value, so
that a value is checked once, on saving, and never while mail is waiting. Members of a
list have set semantics: "contains" holds when any member does, "does not contain" only
when no member does. Every test is linear in the text it reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from letterbox.rules import values
from letterbox.rules.fields import FieldKind
from letterbox.rules.seen import Seen
from letterbox.rules.values import Pattern, Time

Wanted = TypeVar("Wanted")
#: A condition's test with its value already in it.
BoundTest = Callable[[Seen], bool]


@dataclass(frozen=True, slots=True)
class Operator:
    """One way to compare: its name in JSON, its label, and its test per kind of field.

    `bind[kind](value)` gives the test, or raises `values.ValueProblem` with a sentence.
    `is_negative` says that it holds where something is missing.
    """

    name: str
    label: str
    is_negative: bool = False
    takes_value: bool = True
    takes_list: bool = False
    bind: dict[FieldKind, Callable[[object], BoundTest]] = field(default_factory=dict)


OPERATORS: dict[str, Operator] = {}

CONTAINS = Operator("contains", "contains")
DOES_NOT_CONTAIN = Operator("does-not-contain", "does not contain", is_negative=True)
EQUALS = Operator("equals", "is")
DOES_NOT_EQUAL = Operator("does-not-equal", "is not", is_negative=True)
STARTS_WITH = Operator("starts-with", "starts with")
ENDS_WITH = Operator("ends-with", "ends with")
ANY_OF = Operator("any-of", "is any of", takes_list=True)
NONE_OF = Operator("none-of", "is none of", is_negative=True, takes_list=True)
IS_EMPTY = Operator("is-empty", "is empty", is_negative=True, takes_value=False)
IS_NOT_EMPTY = Operator("is-not-empty", "is not empty", takes_value=False)
MATCHES = Operator("matches", "matches the pattern")
GREATER = Operator("greater", "is greater or later than")
LESS = Operator("less", "is less or earlier than")


def test(
    operator: Operator, kind: FieldKind, takes: Callable[[object], Wanted]
) -> Callable[[Callable[[Wanted, Seen], bool]], Callable[[Wanted, Seen], bool]]:
    """Register how an operator tests fields of a kind, and what reads its value."""
    OPERATORS[operator.name] = operator

    def register(
        holds: Callable[[Wanted, Seen], bool],
    ) -> Callable[[Wanted, Seen], bool]:
        def bind(raw: object) -> BoundTest:
            # Bound by position: the cheapest call there is, made by the thousand.
            return partial(holds, takes(raw))

        operator.bind[kind] = bind
        return holds

    return register


@test(CONTAINS, FieldKind.TEXT, values.words)
def contains(wanted: str, seen: Seen) -> bool:
    """Some member has the words in it."""
    return seen.has_in_it(wanted)


@test(DOES_NOT_CONTAIN, FieldKind.TEXT, values.words)
def does_not_contain(wanted: str, seen: Seen) -> bool:
    """No member has the words in it; true when there is no member."""
    return not contains(wanted, seen)


@test(EQUALS, FieldKind.TEXT, values.words)
def equals_text(wanted: str, seen: Seen) -> bool:
    """Some member is the text."""
    return wanted in seen.folded


@test(DOES_NOT_EQUAL, FieldKind.TEXT, values.words)
def does_not_equal_text(wanted: str, seen: Seen) -> bool:
    """No member is the text."""
    return wanted not in seen.folded


@test(STARTS_WITH, FieldKind.TEXT, values.words)
def starts_with(wanted: str, seen: Seen) -> bool:
    """Some member starts with the words."""
    return any(member.startswith(wanted) for member in seen.folded)


@test(ENDS_WITH, FieldKind.TEXT, values.words)
def ends_with(wanted: str, seen: Seen) -> bool:
    """Some member ends with the words."""
    return any(member.endswith(wanted) for member in seen.folded)


@test(ANY_OF, FieldKind.TEXT, values.word_list)
def any_of(wanted: frozenset[str], seen: Seen) -> bool:
    """Some member is one of the texts."""
    return not wanted.isdisjoint(seen.folded)


@test(NONE_OF, FieldKind.TEXT, values.word_list)
def none_of(wanted: frozenset[str], seen: Seen) -> bool:
    """No member is one of the texts."""
    return wanted.isdisjoint(seen.folded)


@test(IS_EMPTY, FieldKind.TEXT, values.nothing)
def is_empty(_: None, seen: Seen) -> bool:
    """There is nothing but white space."""
    return not seen.folded


@test(IS_NOT_EMPTY, FieldKind.TEXT, values.nothing)
def is_not_empty(_: None, seen: Seen) -> bool:
    """There is something other than white space."""
    return bool(seen.folded)


@test(MATCHES, FieldKind.TEXT, values.pattern)
def matches(wanted: Pattern, seen: Seen) -> bool:
    """The pattern is found in some member; RE2, without case, in linear time."""
    return any(wanted.is_found_in(member) for member in seen.encoded)


@test(EQUALS, FieldKind.NUMBER, values.number)
def equals_number(wanted: int, seen: Seen) -> bool:
    """The number is the same."""
    return seen.number == wanted


@test(DOES_NOT_EQUAL, FieldKind.NUMBER, values.number)
def does_not_equal_number(wanted: int, seen: Seen) -> bool:
    """The number is another one."""
    return seen.number != wanted


@test(GREATER, FieldKind.NUMBER, values.number)
def greater_number(wanted: int, seen: Seen) -> bool:
    """The number is greater, not equal."""
    return seen.number > wanted


@test(LESS, FieldKind.NUMBER, values.number)
def less_number(wanted: int, seen: Seen) -> bool:
    """The number is less, not equal."""
    return seen.number < wanted


@test(EQUALS, FieldKind.FLAG, values.flag)
def equals_flag(wanted: int, seen: Seen) -> bool:
    """Yes is asked and it is so, or no is asked and it is not."""
    return seen.number == wanted


@test(GREATER, FieldKind.MOMENT, values.time)
def later(wanted: Time, seen: Seen) -> bool:
    """It came after the time."""
    return wanted.is_before(seen.moment)


@test(LESS, FieldKind.MOMENT, values.time)
def earlier(wanted: Time, seen: Seen) -> bool:
    """It came before the time."""
    return wanted.is_after(seen.moment)
