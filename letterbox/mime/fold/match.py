"""Text as it is compared: what a quote keeps of the letter it quotes.

Mail programs wrap, indent and mark the lines they quote. Here text is brought to the
form that survives that. Nothing here decides what is folded or joined.
"""

from __future__ import annotations

from collections.abc import Sequence

# Shorter lines ("Hello", "Thank you") are written anew every day.
SHORTEST_TELLING_LINE = 12
# What normalise_line does, for the many lines of plain ASCII ten times as fast.
_ASCII = {
    code: chr(code).lower() if chr(code).isalnum() else None for code in range(128)
}
# So many words in the same order are not the same by chance.
_RUN = 6
# Quotes hold the last letters; older ones are quoted inside of them.
_MOST_TEXTS = 30
_MOST_CHARACTERS = 200_000


def normalise_line(line: str) -> str:
    """The letters and digits of a line in lower case, whatever stands around them."""
    if line.isascii():
        return line.translate(_ASCII)
    return "".join(filter(str.isalnum, line.casefold()))


def telling_lines(text: str, *, limit: int = 500) -> frozenset[str]:
    """Up to `limit` lines long enough to be recognised, normalised."""
    found: set[str] = set()
    for line in text.splitlines():
        if len(found) >= limit:
            break
        normal = normalise_line(line)
        if len(normal) >= SHORTEST_TELLING_LINE:
            found.add(normal)
    return frozenset(found)


def find_known(lines: Sequence[str], known: Sequence[str]) -> list[bool]:
    """For each line, whether its words stand in one of the known texts.

    Words are compared in runs, so that a quote may be wrapped anew; a line without
    spaces is compared as a whole. A line of few words counts when its neighbours do.
    """
    runs, whole = _index(known)
    words: list[str] = []
    owners: list[int] = []
    for number, line in enumerate(lines):
        for word in line.split():
            if normal := normalise_line(word):
                words.append(normal)
                owners.append(number)
    counts = [0] * len(lines)
    covered = [0] * len(lines)
    last_covered = -1
    for index, owner in enumerate(owners):
        counts[owner] += 1
        if tuple(words[index : index + _RUN]) in runs:
            for position in range(max(index, last_covered + 1), index + _RUN):
                covered[owners[position]] += 1
            last_covered = index + _RUN - 1
    return [
        (counts[number] >= 3 and covered[number] * 5 >= counts[number] * 4)
        or (len(line) >= SHORTEST_TELLING_LINE and normalise_line(line) in whole)
        for number, line in enumerate(lines)
    ]


def _index(known: Sequence[str]) -> tuple[set[tuple[str, ...]], set[str]]:
    """Every run of words of the known texts, and every telling line."""
    runs: set[tuple[str, ...]] = set()
    whole: set[str] = set()
    for text in known[:_MOST_TEXTS]:
        text = text[:_MOST_CHARACTERS]
        words = [normal for word in text.split() if (normal := normalise_line(word))]
        runs.update(zip(*(words[start:] for start in range(_RUN)), strict=False))
        for line in text.splitlines():
            normal = normalise_line(line)
            if len(normal) >= SHORTEST_TELLING_LINE:
                whole.add(normal)
    return runs, whole
