"""A test that asserts nothing is no test."""

from __future__ import annotations

import ast

from tests.house.source import modules

Function = ast.FunctionDef | ast.AsyncFunctionDef

# Calls that fail the test themselves.
VERDICTS = {"raises", "fail", "warns", "expect"}


def test_every_test_asserts_something() -> None:
    everything = {
        id(node): (module.path, node)
        for module in modules("tests/")
        for node in ast.walk(module.tree)
        if isinstance(node, Function)
    }
    asserting = {
        name for _, name in _asserting([each for _, each in everything.values()])
    }
    tests = [
        (path, node)
        for path, node in everything.values()
        if node.name.startswith("test_") and path.rsplit("/", 1)[-1].startswith("test_")
    ]

    idle = [
        f"{path}:{node.lineno} {node.name}"
        for path, node in tests
        if not _asserts(node, asserting)
    ]

    assert len(tests) > 500
    assert idle == []


def _asserting(functions: list[Function]) -> set[tuple[int, str]]:
    """The functions that assert, or call one that does, by name."""
    found: set[tuple[int, str]] = set()
    while True:
        names = {name for _, name in found}
        more = {(id(each), each.name) for each in functions if _asserts(each, names)}
        if more == found:
            return found
        found = more


def _asserts(function: Function, helpers: set[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = _name_of(node.func)
            if name in VERDICTS or name in helpers:
                return True
    return False


def _name_of(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""
