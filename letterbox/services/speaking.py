"""Sentences of ours that are English in code, in the database and in logs, said in the
reader's language where they are shown.

Rules, mail and services write plain English, with their values in it. The catalogues
hold each such sentence with names in braces where the values stand, as the extractor
(tools/messages.py) found it in the code. A sentence that no catalogue knows is shown as
it is: words of a mail server, of a person, or of an older version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import re2
from django.utils.functional import lazy
from django.utils.translation import get_language, gettext
from django.utils.translation.trans_real import translation

# A value's place: {host}, but not the {{ variable }} of a template.
PLACE = re.compile(r"(?<!\{)\{([a-z_][a-z0-9_]*)\}(?!\})")
# Where one sentence ends and the next may begin.
BREAK = re.compile(r"(?<=[.!?:…]) ")
# No text of ours is longer; what a server says may be.
MOST_CHARACTERS = 2_000
MOST_SENTENCES = 20
# A value may be a sentence, with a value that is one.
MOST_DEPTH = 3

OPTIONS = re2.Options()
OPTIONS.log_errors = False


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A sentence with places: how it looks in English, and what it is in the language."""

    english: Any
    beginning: str
    said: str


def say(text: str) -> str:
    """The text in the language of this request."""
    language = get_language() or "en"
    if not text or language.partition("-")[0] == "en" or len(text) > MOST_CHARACTERS:
        return text
    return _say(text, language)


#: The same, when it is shown: for labels that are made with the module.
say_later = lazy(say, str)


@lru_cache(maxsize=4_000)
def _say(text: str, language: str) -> str:
    """Sentence by sentence, the longest that is known first.

    Kept by language, as a grid says the same few a hundred times.
    """
    return _each(text, language, MOST_DEPTH)


def _each(text: str, language: str, depth: int) -> str:
    said = []
    while text:
        first, text = _first(text, language, depth)
        said.append(first)
    return " ".join(said)


def _first(text: str, language: str, depth: int) -> tuple[str, str]:
    """As much of the beginning as one sentence of ours says, and the rest."""
    ends = [found.start() for found in BREAK.finditer(text)][:MOST_SENTENCES]
    for end in (len(text), *reversed(ends)):
        said = _known(text[:end], language, depth)
        if said is not None:
            return said, text[end + 1 :]
    # Not words of ours, as far as the first full stop: what follows may be.
    end = ends[0] if ends else len(text)
    return text[:end], text[end + 1 :]


def _known(text: str, language: str, depth: int) -> str | None:
    """The whole text as one sentence of the catalogue; None when it is none."""
    said = gettext(text)
    if said != text:
        return said
    if depth == 0:
        return None
    for pattern in _patterns(language):
        if text.startswith(pattern.beginning) and (
            found := pattern.english.fullmatch(text)
        ):
            return _filled(pattern.said, found.groupdict(), language, depth - 1)
    return None


def _filled(said: str, values: dict[str, str], language: str, depth: int) -> str:
    """The words with the values in their places; a value may be words of ours too."""
    return PLACE.sub(
        lambda place: (
            _each(values[place[1]], language, depth) if depth else values[place[1]]
        ),
        said,
    )


@lru_cache
def _patterns(language: str) -> tuple[_Pattern, ...]:
    """Every sentence with places, those with the most words of their own first."""
    # Django keeps no public list of what a catalogue holds.
    catalogue = cast("Any", translation(language))._catalog
    found = {
        english: said
        for english, said in catalogue.items()
        if isinstance(english, str) and said and PLACE.search(english)
    }
    by_words = sorted(found, key=lambda each: -len(PLACE.sub("", each)))
    return tuple(_Pattern(*_read(each), found[each]) for each in by_words)


def _read(english: str) -> tuple[Any, str]:
    """A sentence as a pattern, and the words before its first value."""
    parts = PLACE.split(english)
    pieces, names = parts[::2], parts[1::2]
    pattern = re2.escape(pieces[0])
    for number, (name, piece) in enumerate(zip(names, pieces[1:], strict=True)):
        is_new = name not in names[:number]
        pattern += f"(?P<{name}>.+?)" if is_new else ".+?"
        pattern += re2.escape(piece)
    return re2.compile(f"(?s){pattern}", OPTIONS), pieces[0]
