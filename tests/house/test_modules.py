"""How our modules are: small, introduced, and each reaching only what it may."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.source import Module, files, modules, text_of

LONGEST_MODULE = 400
# A table of cases may make a test longer than what it is about.
LONGEST_TEST = 600

# Written by Django, once; long because there is one of it.
MIGRATIONS = "letterbox/migrations/"

# Views reach rows through `access`. Beyond it stand only this, with its reason.
BESIDES_ACCESS = {
    # The event stream asks whether its own person may still be here.
    ("letterbox/web/views/events.py", "User.objects.filter"),
}

# The commands speak to the person who typed them; so does the pretend mail server.
MAY_PRINT = ("letterbox/management/", "letterbox/demo/server.py")


def test_no_module_is_long() -> None:
    long = {
        module.path: module.line_count
        for module in modules()
        if module.line_count > _longest(module)
        and not module.path.startswith(MIGRATIONS)
    }

    assert long == {}


def test_every_module_says_what_it_holds() -> None:
    silent = [
        module.path
        for module in (*modules("letterbox/"), *modules("bench/"), *modules("tools/"))
        if not ast.get_docstring(module.tree) and not module.path.startswith(MIGRATIONS)
    ]

    assert silent == []


def test_views_reach_rows_only_through_access() -> None:
    found = {
        (module.path, use)
        for folder in ("letterbox/web/views/", "letterbox/api/")
        for module in modules(folder)
        for use in _managers_used(module)
        # Choices that are empty reach nothing.
        if not use.endswith(".none")
    }

    assert found <= BESIDES_ACCESS, found - BESIDES_ACCESS


def test_no_migration_imports_our_code() -> None:
    wrong = [
        (module.path, name)
        for module in modules(MIGRATIONS)
        for name in _imported(module)
        if name.split(".")[0] == "letterbox"
    ]

    assert wrong == []


def test_only_commands_print() -> None:
    wrong = [
        f"{module.path}:{node.lineno}"
        for module in modules("letterbox/")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and not module.path.startswith(MAY_PRINT)
    ]

    assert wrong == []


def test_what_is_left_to_do_carries_the_number_of_its_issue() -> None:
    word = "TO" + "DO"
    marks = re.compile(rf"\b({word}|FIX" + r"ME)\b(?!\(#\d+\))")
    wrong = [
        f"{name}: {line.strip()}"
        for name in files()
        if name.endswith((".py", ".html", ".js", ".css", ".md", "Makefile"))
        and "/vendor/" not in name
        for line in text_of(name).splitlines()
        if marks.search(line)
    ]

    assert wrong == []


def _longest(module: Module) -> int:
    return LONGEST_TEST if module.path.startswith("tests/") else LONGEST_MODULE


def _managers_used(module: Module) -> Iterator[str]:
    """Such as `User.objects.filter`: what follows a manager, with whose it is."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            manager = node.value
            if manager.attr in {"objects", "_default_manager", "_base_manager"}:
                yield ast.unparse(node)
        if isinstance(node, ast.ImportFrom) and node.module == "django.db":
            for alias in node.names:
                if alias.name == "connection":
                    yield "django.db.connection"


def _imported(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "letterbox" if node.level else node.module or ""
