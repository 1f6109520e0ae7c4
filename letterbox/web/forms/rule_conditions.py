"""The conditions of a rule as a form: a tree of rows that keeps whatever was typed.

Each row and group has a path, such as `0.2`; the names of its controls carry it, so
that a form without scripts holds the whole tree. What is half written stays as it is:
`conditions.load` says what is wrong with it, and `note` puts that where it belongs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.utils.translation import gettext as _

from letterbox.rules import conditions, fields, operators
from letterbox.rules.conditions import Mode, Path, Problem
from letterbox.rules.fields import HEADER_PREFIX, FieldKind
from letterbox.services.speaking import say

HEADER = "header"
#: What a browser may send; the rules allow fewer still.
_MOST_NODES = 300


@dataclass(slots=True)
class Row:
    """One comparison as it is typed."""

    path: str = ""
    field: str = "subject"
    header: str = ""
    operator: str = "contains"
    value: str = ""
    problems: list[str] = dataclasses.field(default_factory=list)

    is_group = False

    @property
    def about(self) -> fields.Field | None:
        """The field of the registry; None for a header without a name."""
        return fields.find(self.name)

    @property
    def name(self) -> str:
        """The name of the field as conditions know it."""
        if self.field == HEADER:
            return f"{HEADER_PREFIX}{self.header.strip()}"
        return self.field

    @property
    def operators(self) -> Sequence[operators.Operator]:
        """The comparisons that make sense for the field."""
        text = fields.FIELDS["subject"]
        return conditions.operators_for(self.about or text)

    @property
    def is_flag(self) -> bool:
        """Whether the value is yes or no."""
        return self.about is not None and self.about.kind is FieldKind.FLAG

    @property
    def takes_value(self) -> bool:
        """Whether there is anything to compare with."""
        found = operators.OPERATORS.get(self.operator)
        return found is None or found.takes_value

    @property
    def help(self) -> str:
        """What to know of the field."""
        return self.about.help if self.about else ""

    def to_json(self) -> dict[str, Any]:
        """The JSON form of conditions; an operator without value has none."""
        data: dict[str, Any] = {"field": self.name, "operator": self.operator}
        if self.takes_value:
            data["value"] = self.value
        return data


@dataclass(slots=True)
class Rows:
    """A group of rows and groups."""

    path: str = ""
    mode: str = Mode.ALL.value
    members: list[Node] = dataclasses.field(default_factory=list)
    problems: list[str] = dataclasses.field(default_factory=list)

    is_group = True

    def to_json(self) -> dict[str, Any]:
        """The JSON form of conditions."""
        return {self.mode: [each.to_json() for each in self.members]}


Node: TypeAlias = Row | Rows


def field_choices() -> list[tuple[str, str]]:
    """What a condition can look at, for the select."""
    found = [(each.name, say(each.label)) for each in fields.FIELDS.values()]
    return [*found, (HEADER, _("Header …"))]


def of_json(data: Any) -> Rows:
    """The rows of stored conditions; one alone becomes a group of one."""
    node = _of_json(data if isinstance(data, Mapping) else {})
    root = node if isinstance(node, Rows) else Rows(members=[node])
    return _numbered(root)


def of_post(data: Mapping[str, str]) -> Rows:
    """The rows as a browser sent them."""
    found: dict[Path, Node] = {(): Rows(mode=_mode(data.get("m:", "")))}
    paths = sorted(
        path
        for key in list(data)
        if key[:2] in ("m:", "f:") and (path := _path(key[2:]))
    )
    for path in paths[:_MOST_NODES]:
        name = ".".join(map(str, path))
        parent = found.get(path[:-1])
        if not isinstance(parent, Rows):
            continue
        node: Node
        if f"m:{name}" in data:
            node = Rows(mode=_mode(data[f"m:{name}"]))
        else:
            node = Row(
                field=data.get(f"f:{name}", "")[:100],
                header=data.get(f"h:{name}", "")[:200],
                operator=data.get(f"o:{name}", "")[:40],
                value=data.get(f"v:{name}", ""),
            )
            _fit_operator(node)
        found[path] = node
        parent.members.append(node)
    root = found[()]
    assert isinstance(root, Rows)  # noqa: S101
    return _numbered(root)


def change(root: Rows, what: str) -> bool:
    """Do what a button asks: `add:0.1`, `group:`, `remove:0.2`; False if it is none."""
    verb, colon, name = what.partition(":")
    path = _path(name) or ()
    if not colon or verb not in ("add", "group", "remove"):
        return False
    place = find(root, path if verb != "remove" else path[:-1])
    if isinstance(place, Rows):
        match verb:
            case "add":
                place.members.append(Row())
            case "group":
                place.members.append(Rows(mode=Mode.ANY.value, members=[Row(), Row()]))
            case _ if path and path[-1] < len(place.members):
                del place.members[path[-1]]
    _numbered(root)
    return True


def find(root: Rows, path: Path) -> Node | None:
    """The row or group at a path."""
    node: Node = root
    for index in path:
        if not isinstance(node, Rows) or index >= len(node.members):
            return None
        node = node.members[index]
    return node


def note(root: Rows, problems: Iterable[Problem]) -> None:
    """Put what is wrong beside the rows that it is about."""
    for each in problems:
        node = find(root, each.path) or root
        node.problems.append(each.message)


def problems(node: Node) -> list[str]:
    """What is wrong with a row, or with a group and all in it."""
    found = list(node.problems)
    if isinstance(node, Rows):
        for each in node.members:
            found += problems(each)
    return found


def _of_json(data: Mapping[str, Any]) -> Node:
    for mode in Mode:
        members = data.get(mode.value)
        if isinstance(members, list):
            return Rows(
                mode=mode.value,
                members=[_of_json(each) for each in members if isinstance(each, dict)],
            )
    if "field" not in data:
        return Rows()
    name, value = str(data["field"]), data.get("value")
    is_header = name.startswith(HEADER_PREFIX)
    return Row(
        field=HEADER if is_header else name,
        header=name.removeprefix(HEADER_PREFIX) if is_header else "",
        operator=str(data.get("operator", "")),
        value=_written(value),
    )


def _written(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _fit_operator(row: Row) -> None:
    """A field that was just changed may not know the comparison of the old one."""
    names = [each.name for each in row.operators]
    if row.operator in operators.OPERATORS and row.operator not in names:
        row.operator = names[0]


def _numbered(node: Rows, prefix: str = "") -> Rows:
    for index, each in enumerate(node.members):
        each.path = f"{prefix}{index}"
        if isinstance(each, Rows):
            _numbered(each, f"{each.path}.")
    return node


def _path(name: str) -> Path | None:
    pieces = name.split(".")
    if len(pieces) > 10 or not all(
        each.isdecimal() and len(each) < 5 for each in pieces
    ):
        return None
    return tuple(map(int, pieces))


def _mode(text: str) -> str:
    return text if text in set(Mode) else Mode.ALL.value
