"""The project's own files, read once: what the house tests look at."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Module:
    """One Python file: its path from the root, its lines, its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def line_count(self) -> int:
        return len(self.text.splitlines())


@cache
def files() -> tuple[str, ...]:
    """Every file that is, or is about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(set(listed.stdout.split("\0")) - {""})
    return tuple(name for name in names if (ROOT / name).is_file())


@cache
def modules(folder: str = "") -> tuple[Module, ...]:
    """Every Python module under a folder such as `letterbox/web`."""
    names = [name for name in files() if name.endswith(".py")]
    return tuple(_module(name) for name in names if name.startswith(folder))


def text_of(name: str) -> str:
    """A file's text; empty for what is not text."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@cache
def _module(name: str) -> Module:
    text = text_of(name)
    return Module(name, text, ast.parse(text))
