"""Conditions: field, operator, value; their groups; their JSON and what is wrong in it.

A condition cannot exist with a field, operator or value that does not fit: building
one checks it, so evaluating one never fails. The JSON form is what the database and
the form hold:

    {"field": "subject", "operator": "contains", "value": "offer"}
    {"all": [...]}    every member holds
    {"any": [...]}    at least one member holds
    {"every": true}   every message, said on purpose
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from letterbox.rules import fields, operators, values
from letterbox.rules.fields import Field, FieldKind, Sight
from letterbox.rules.operators import BoundTest, Operator
from letterbox.rules.seen import Seen

DEPTH_LIMIT = 5
CONDITION_LIMIT = 100

Value: TypeAlias = str | int | bool | tuple[str, ...] | None
#: Where a condition stands: (0, 2) is the third member of the first group.
Path: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with conditions: where, at which part of it, and what to do.

    `part` is "field", "operator", "value" or "group".
    """

    path: Path
    part: str
    message: str

    def __str__(self) -> str:
        if not self.path:
            return self.message
        return (
            f"Condition {'.'.join(str(each + 1) for each in self.path)}: {self.message}"
        )


class ConditionsInvalid(ValueError):
    """These conditions cannot be used; `problems` says why, one sentence each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(str(each) for each in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison: a field, an operator, a value.

    Raises ConditionsInvalid where they do not fit one another.
    """

    field: str
    operator: str
    value: Value = None
    about: Field = dataclasses.field(init=False, repr=False, compare=False)
    test: BoundTest = dataclasses.field(init=False, repr=False, compare=False)
    #: The part of its trace that is the same for every letter; not to be changed.
    said: dict[str, object] = dataclasses.field(init=False, repr=False, compare=False)
    #: How dear it is to look, among the members of a group.
    cost: int = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        about = fields.find(self.field)
        if about is None:
            raise _invalid("field", f"There is no field {self.field!r}; choose one.")
        operator = operators.OPERATORS.get(self.operator)
        if operator is None:
            raise _invalid(
                "operator", f"There is no comparison {self.operator!r}; choose one."
            )
        if about.kind not in operator.bind:
            raise _invalid(
                "operator",
                f"{about.label!r} cannot be compared by {operator.label!r}; choose "
                f"{' or '.join(each.label for each in operators_for(about))}.",
            )
        try:
            test = operator.bind[about.kind](self.value)
        except values.ValueProblem as problem:
            raise _invalid("value", str(problem)) from problem
        if operator.takes_list:
            pieces = tuple(str(each) for each in values.as_list(self.value))
            object.__setattr__(self, "value", pieces)
        object.__setattr__(self, "about", about)
        object.__setattr__(self, "test", test)
        object.__setattr__(self, "cost", _cost(about, operator))
        said = {**dump(self), "sentence": str(self), "is_private": about.is_private}
        object.__setattr__(self, "said", said)

    def __str__(self) -> str:
        label = operators.OPERATORS[self.operator].label
        match self.value:
            case None | "":
                return f"{self.about.label} {label}"
            case bool():
                return f"{self.about.label} {label} {'yes' if self.value else 'no'}"
            case tuple():
                pieces = ", ".join(f"“{each}”" for each in self.value)
                return f"{self.about.label} {label} {pieces}"
            case _:
                return f"{self.about.label} {label} “{self.value}”"


class Mode(StrEnum):
    """How the members of a group are summed up."""

    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Group:
    """Members that must all hold, or of which one must; never empty."""

    mode: Mode
    members: tuple[Conditions, ...]
    cheapest_first: tuple[Conditions, ...] = dataclasses.field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not self.members:
            raise _invalid("group", "Add a condition, or choose “every message”.")
        in_order = tuple(sorted(self.members, key=lambda each: each.cost))
        object.__setattr__(self, "cheapest_first", in_order)

    @property
    def cost(self) -> int:
        """That of its dearest member."""
        return self.cheapest_first[-1].cost

    def __str__(self) -> str:
        word = " and " if self.mode is Mode.ALL else " or "
        return word.join(
            f"({each})" if isinstance(each, Group) else str(each)
            for each in self.members
        )


@dataclass(frozen=True, slots=True)
class EveryMessage:
    """Holds for every message; a choice of its own, so that nobody makes it by mistake."""

    cost: int = dataclasses.field(default=0, init=False, repr=False, compare=False)

    def __str__(self) -> str:
        return "Every message"


Conditions: TypeAlias = Condition | Group | EveryMessage


def all_of(*members: Conditions) -> Group:
    """A group in which every member must hold."""
    return Group(Mode.ALL, members)


def any_of(*members: Conditions) -> Group:
    """A group in which one member must hold."""
    return Group(Mode.ANY, members)


def operators_for(about: Field) -> list[Operator]:
    """The comparisons that make sense for a field, in the order of the registry."""
    return [each for each in operators.OPERATORS.values() if about.kind in each.bind]


# Named tuples, not dataclasses: a decision makes hundreds of them for each letter, and
# they are made three times as fast.
class Step(NamedTuple):
    """One comparison as it was made: the condition, what it saw, whether it held."""

    condition: Condition
    seen: Seen
    holds: bool


class GroupStep(NamedTuple):
    """A group as it was found: its members, each with its result; none is left out."""

    mode: Mode
    members: tuple[Evaluated, ...]
    holds: bool


class EveryStep(NamedTuple):
    """“Every message” as it was found: true."""

    holds: bool


Evaluated: TypeAlias = Step | GroupStep | EveryStep


def evaluate(conditions: Conditions, sight: Sight) -> Evaluated:
    """Compare everything with one letter; what could be left out is compared too.

    The explain card owes its reader every value, not only those up to the first "no".
    """
    if isinstance(conditions, Condition):
        seen = sight.see(conditions.about)
        return Step(conditions, seen, conditions.test(seen))
    if isinstance(conditions, EveryMessage):
        return EveryStep(holds=True)
    members = tuple([evaluate(each, sight) for each in conditions.members])
    results = [each.holds for each in members]
    holds = False not in results if conditions.mode is Mode.ALL else True in results
    return GroupStep(conditions.mode, members, holds)


def holds(conditions: Conditions, sight: Sight) -> bool:
    """What `evaluate` says in the end, by the cheapest way there: for nobody to read."""
    if isinstance(conditions, Condition):
        return conditions.test(sight.see(conditions.about))
    if isinstance(conditions, EveryMessage):
        return True
    decides = conditions.mode is Mode.ANY
    for each in conditions.cheapest_first:
        if holds(each, sight) is decides:
            return decides
    return not decides


def walk(conditions: Conditions, path: Path = ()) -> Iterator[tuple[Path, Conditions]]:
    """Every node with its path, parents first."""
    yield path, conditions
    if isinstance(conditions, Group):
        for index, member in enumerate(conditions.members):
            yield from walk(member, (*path, index))


def dump(conditions: Conditions) -> dict[str, object]:
    """The JSON form, which `load` reads back to an equal value."""
    match conditions:
        case EveryMessage():
            return {"every": True}
        case Group():
            return {conditions.mode.value: [dump(each) for each in conditions.members]}
        case Condition():
            data: dict[str, object] = {
                "field": conditions.field,
                "operator": conditions.operator,
            }
            if operators.OPERATORS[conditions.operator].takes_value:
                is_list = isinstance(conditions.value, tuple)
                data["value"] = (
                    list(conditions.value)  # type: ignore[arg-type]
                    if is_list
                    else conditions.value
                )
            return data


def load(data: object) -> Conditions:
    """Conditions from their JSON form.

    Raises ConditionsInvalid with every problem found, not only the first.
    """
    reader = _Reader()
    conditions = reader.read(data, ())
    if reader.problems or conditions is None:
        raise ConditionsInvalid(reader.problems)
    return conditions


def recall(data: object) -> Conditions:
    """As `load`, but the same JSON gives the same value, made once.

    Rules are read again for every letter, and seldom change.
    """
    return _load_text(json.dumps(data))


@lru_cache(maxsize=1_000)
def _load_text(text: str) -> Conditions:
    return load(json.loads(text))


class _Reader:
    """Reads the JSON form and goes on after a problem, to find them all."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._conditions_left = CONDITION_LIMIT

    def read(self, data: object, path: Path) -> Conditions | None:
        if not isinstance(data, Mapping):
            self._wrong(path, "A condition is a field, a comparison and a value.")
            return None
        if "every" in data:
            return self._read_every(data, path)
        for mode in Mode:
            if mode.value in data:
                return self._read_group(mode, data, path)
        return self._read_condition(data, path)

    def _read_every(
        self, data: Mapping[str, object], path: Path
    ) -> EveryMessage | None:
        if path:
            self._wrong(path, "“Every message” stands alone, not among conditions.")
        elif len(data) != 1 or data["every"] is not True:
            self._wrong(path, 'Write {"every": true} and nothing else.')
        else:
            return EveryMessage()
        return None

    def _read_group(
        self, mode: Mode, data: Mapping[str, object], path: Path
    ) -> Group | None:
        members = data[mode.value]
        if len(data) != 1:
            self._wrong(path, "A group is either “all” or “any”, and nothing else.")
        elif len(path) >= DEPTH_LIMIT:
            self._wrong(path, f"Nest groups at most {DEPTH_LIMIT} deep.")
        elif not isinstance(members, list) or not members:
            self._wrong(path, "Add a condition, or choose “every message”.")
        else:
            read = [
                self.read(each, (*path, index))
                for index, each in enumerate(members[: CONDITION_LIMIT + 1])
            ]
            whole = tuple(each for each in read if each is not None)
            return Group(mode, whole) if len(whole) == len(members) else None
        return None

    def _read_condition(
        self, data: Mapping[str, object], path: Path
    ) -> Condition | None:
        self._conditions_left -= 1
        if self._conditions_left < 0:
            if self._conditions_left == -1:
                self._wrong(path, f"Use at most {CONDITION_LIMIT} conditions.")
            return None
        unknown = sorted(str(key) for key in data if key not in _CONDITION_KEYS)
        if unknown:
            self._wrong(path, f"Remove {', '.join(unknown)}: a condition has none.")
            return None
        value = data.get("value")
        if isinstance(value, list):
            value = tuple(value)
        if not isinstance(value, str | int | tuple | None):
            problem = Problem(path, "value", "Give a text, a number, or a list.")
            self.problems.append(problem)
            return None
        try:
            return Condition(
                str(data.get("field", "")), str(data.get("operator", "")), value
            )
        except ConditionsInvalid as error:
            self.problems += [
                Problem(path, each.part, each.message) for each in error.problems
            ]
            return None

    def _wrong(self, path: Path, message: str) -> None:
        self.problems.append(Problem(path, "group", message))


_CONDITION_KEYS = {"field", "operator", "value"}


def _cost(about: Field, operator: Operator) -> int:
    if about.kind is not FieldKind.TEXT:
        return 0
    return 1 + 2 * about.is_long + (operator is operators.MATCHES)


def _invalid(part: str, message: str) -> ConditionsInvalid:
    return ConditionsInvalid([Problem((), part, message)])
