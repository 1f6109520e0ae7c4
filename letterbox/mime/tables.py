"""Read the tables of words that stand beside this package as text.

A table is for translators and for reviewers: one phrase a line under the name of its
section in brackets, comments behind #, quotes around a phrase whose outer space
counts. Read once, when the module that uses it is loaded.
"""

from __future__ import annotations

from importlib.resources import files


def read_tables(filename: str) -> dict[str, tuple[str, ...]]:
    """The phrases of a file in `data` by section, both in the order of the file."""
    tables: dict[str, list[str]] = {}
    phrases: list[str] = []
    text = (files("letterbox.mime") / "data" / filename).read_text("utf-8")
    for line in text.splitlines():
        phrase = line.strip()
        if not phrase or phrase.startswith("#"):
            continue
        if phrase.startswith("[") and phrase.endswith("]"):
            phrases = tables.setdefault(phrase[1:-1], [])
        else:
            phrases.append(phrase.strip('"'))
    return {section: tuple(phrases) for section, phrases in tables.items()}
