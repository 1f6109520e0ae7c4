"""Two documents → lines of what differs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ABSENT = "–"
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """One value; `path` leads to it through names."""

    path: tuple[str, ...]
    before: Any
    after: Any

    def __str__(self) -> str:
        place = " › ".join(self.path)
        return f"{place}: {_short(self.before)} → {_short(self.after)}"


def differences(
    before: Any, after: Any, path: tuple[str, ...] = ()
) -> Iterator[Difference]:
    """What the second document would change; what it does not name stays."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in after:
            yield from differences(
                before.get(name, ABSENT), after[name], (*path, str(name))
            )
        if _is_whole(path):
            for name in before.keys() - after.keys():
                yield Difference((*path, str(name)), before[name], ABSENT)
    elif _is_named_list(before) and _is_named_list(after):
        yield from _named_lists(before, after, path)
    elif isinstance(after, dict) and before == ABSENT and after:
        for name in after:
            yield from differences(ABSENT, after[name], (*path, str(name)))
    elif before != after:
        yield Difference(path, before, after)


def _named_lists(
    before: list[Any], after: list[Any], path: tuple[str, ...]
) -> Iterator[Difference]:
    """Rules: told apart by their names, and their order counts."""
    old = {each["name"]: each for each in before}
    new = {each["name"]: each for each in after}
    for name, each in new.items():
        yield from differences(old.get(name, ABSENT), each, (*path, name))
    for name in old.keys() - new.keys():
        yield Difference((*path, name), "a rule", ABSENT)
    kept = [name for name in old if name in new]
    order = [name for name in new if name in old]
    if kept != order:
        yield Difference((*path, "order"), kept, order)


def _is_whole(path: tuple[str, ...]) -> bool:
    """Whether a mapping here is the whole list, so that what lacks in it goes."""
    return len(path) == 3 and path[0] == "mailboxes" and path[2] == "people"


def _is_named_list(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict) and "name" in each for each in value
    )


def _short(value: Any) -> str:
    if isinstance(value, dict) and set(value) <= {"env", "file"} and value:
        return "a password from " + " ".join(map(str, value.values()))
    text = value if isinstance(value, str) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
