"""What the German catalogue knows: which texts of a page are in which language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from tools import messages

# Values in a text, each for something that nobody knows beforehand.
PLACE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{[a-z_][a-z0-9_]*\}")


def english_in(texts: Iterable[str]) -> list[str]:
    """Those that German says otherwise."""
    english, _german = _known()
    return [text for text in texts if any(each.fullmatch(text) for each in english)]


def german_in(texts: Iterable[str]) -> list[str]:
    """Those that English says otherwise."""
    _english, german = _known()
    return [text for text in texts if any(each.fullmatch(text) for each in german)]


@cache
def _known() -> tuple[list[re.Pattern[str]], list[re.Pattern[str]]]:
    pairs = [
        (english, german)
        for message in messages.read(messages.po_file("de"))
        if message.id and messages.is_translated(message)
        for english, german in zip(
            _forms(message.id), _forms(message.string), strict=True
        )
    ]
    # Words that are the same in both, or another word's in the other language.
    all_english = {english for english, _ in pairs}
    all_german = {german for _, german in pairs}
    return (
        [_pattern(each) for each in sorted(all_english - all_german) if _tells(each)],
        [_pattern(each) for each in sorted(all_german - all_english) if _tells(each)],
    )


def _forms(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)  # type: ignore[arg-type]


def _tells(text: str) -> bool:
    """Whether a text has words enough of its own to be known by them."""
    words = PLACE.sub(" ", text)
    return len(re.findall(r"[^\W\d_]", words)) > (2 if words == text else 7)


def _pattern(text: str) -> re.Pattern[str]:
    plain = re.sub(r"</?\w+[^>]*>", "", text).strip()
    return re.compile(".+".join(map(re.escape, PLACE.split(plain))), re.DOTALL)
