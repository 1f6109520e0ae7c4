"""The tables of the reference, written from the registries they are about.

    python -m tests.house.tables        writes them anew; `make fix` does so

A page holds a table between `<!-- table: name -->` and `<!-- end -->`. The house test
compares; nobody copies by hand.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterable, Mapping

import django

from letterbox.mime.classify import MailKind
from letterbox.rendering.filters import make_filters
from letterbox.rendering.variables import VARIABLES
from letterbox.rules.budgets import DEFAULT_BUDGETS, describe
from letterbox.rules.fields import FIELDS
from letterbox.rules.guards import GUARDS, TRUSTABLE_KINDS
from letterbox.rules.operators import OPERATORS
from tests.house.source import ROOT, modules

PAGES = ROOT / "docs"
TABLE = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.S)

Table = Callable[[], str]
TABLES: dict[str, Table] = {}


def table(name: str) -> Callable[[Table], Table]:
    """Register what writes the table of this name."""

    def register(write: Table) -> Table:
        TABLES[name] = write
        return write

    return register


def rewritten(text: str) -> str:
    """A page with its tables as they must be."""
    return TABLE.sub(
        lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}", text
    )


def settings_in_code() -> Mapping[str, str]:
    """Every setting that settings.py reads, with its default as it is written there."""
    (module,) = (each for each in modules() if each.path == "letterbox/settings.py")
    found: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id not in {"_text", "_flag", "_number", "_list"}:
            continue
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            found[f"LETTERBOX_{first.value}"] = _default(node)
    return found


@table("fields")
def _fields() -> str:
    return _rows(
        ("Field", "On screen", "Kind", "What it holds"),
        (
            (f"`{each.name}`", each.label, each.kind.value, each.help)
            for each in FIELDS.values()
        ),
    )


@table("operators")
def _operators() -> str:
    return _rows(
        ("Operator", "On screen", "For fields of kind", "Value", "Where there is none"),
        (
            (
                f"`{each.name}`",
                each.label,
                ", ".join(kind.value for kind in each.bind),
                "a list" if each.takes_list else "one" if each.takes_value else "none",
                "holds" if each.is_negative else "does not hold",
            )
            for each in OPERATORS.values()
        ),
    )


@table("guards")
def _guards() -> str:
    return _rows(
        ("Guard", "What it says", "The answer is", "Can be overruled by"),
        (
            (
                f"`{each.name}`",
                each.sentence,
                "held" if each.says.value == "hold" else "refused",
                " or ".join(
                    filter(
                        None,
                        (
                            "trust in the sender" if each.overridden_by_trust else "",
                            "the mailbox" if each.is_waivable else "",
                        ),
                    )
                )
                or "nothing",
            )
            for each in GUARDS.values()
        ),
    )


@table("budgets")
def _budgets() -> str:
    return _rows(
        ("For each", "At most", "In", "Then the answer is"),
        (
            (
                each.scope.value,
                str(each.limit),
                describe(each.period),
                "held" if each.when_spent.value == "hold" else "refused",
            )
            for each in DEFAULT_BUDGETS
        ),
    )


@table("variables")
def _variables() -> str:
    return _rows(
        ("Write", "To get", "Such as"),
        (
            (f"`{each.as_written}`", each.help, _example(each.example))
            for each in VARIABLES
        ),
    )


@table("filters")
def _filters() -> str:
    return ", ".join(f"`{name}`" for name in make_filters(html=True)) + "\n"


@table("kinds")
def _kinds() -> str:
    return _rows(
        ("Kind", "Automatic answer"),
        (
            (
                f"`{kind.value}`",
                "where no other guard forbids it"
                if kind is MailKind.HUMAN
                else "only to a sender whom somebody trusts"
                if kind.value in TRUSTABLE_KINDS
                else "never",
            )
            for kind in MailKind
        ),
    )


@table("actions")
def _actions() -> str:
    # Knows tables, so Django must be set up before.
    from letterbox.inbound.conversion import actions  # noqa: PLC0415

    return _rows(
        ("Action", "On screen"),
        ((f"`{each.name}`", each.label) for each in actions().values()),
    )


@table("commands")
def _commands() -> str:
    (module,) = (
        each for each in modules() if each.path == "letterbox/management/cli.py"
    )
    calls = (
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "add"
    )
    values = ([ast.literal_eval(argument) for argument in call.args] for call in calls)
    return _rows(
        ("Command", "Does"),
        ((f"`letterbox {name}`", help_text) for name, _, help_text in values),
    )


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(
        "| " + " | ".join(each.replace("|", "\\|") for each in line) + " |\n"
        for line in lines
    )


def _default(call: ast.Call) -> str:
    given = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "default")]
    if not given:
        return ""
    if not isinstance(given[0], ast.Constant):
        return "?"
    value = given[0].value
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _example(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value)


def main() -> None:
    """Write every page whose tables have changed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "letterbox.settings")
    django.setup()
    for page in sorted(PAGES.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        if rewritten(text) != text:
            page.write_text(rewritten(text), encoding="utf-8")
            print(f"{page.relative_to(ROOT)} is written anew.")


if __name__ == "__main__":
    main()
