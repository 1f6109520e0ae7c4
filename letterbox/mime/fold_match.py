"""Lines as they are compared: what a quote keeps of the letter it quotes.

Mail programs wrap, indent and mark the lines they quote. Here a line is brought to
the form that survives that. Nothing here decides what is folded or joined.
"""

from __future__ import annotations

from collections.abc import Iterator

# Shorter lines ("Hello", "Thank you") are written anew every day.
SHORTEST_TELLING_LINE = 12
_QUOTE_MARKS = ">|»＞ \t\u00a0"


def normalise_line(line: str) -> str:
    """The letters and digits of a line in lower case, whatever stands around them."""
    return "".join(filter(str.isalnum, line.casefold()))


def is_marked(line: str) -> bool:
    """Tell whether a mail program marked the line as quoted: `> like this`."""
    return line.lstrip(" \t\u00a0")[:1] in (">", "＞")


def telling_lines(text: str, *, marked: bool, limit: int = 500) -> frozenset[str]:
    """Up to `limit` lines long enough to be recognised, normalised.

    `marked` chooses the lines that are quoted with `>`; else those that are not.
    """
    return frozenset(_telling_lines(text, marked=marked, limit=limit))


def _telling_lines(text: str, *, marked: bool, limit: int) -> Iterator[str]:
    for line in text.splitlines():
        if limit <= 0:
            return
        if is_marked(line) is marked:
            normal = normalise_line(line)
            if len(normal) >= SHORTEST_TELLING_LINE:
                limit -= 1
                yield normal
