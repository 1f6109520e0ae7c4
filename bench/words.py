"""Made-up words and sentences of several scripts, for generated letters.

A few words come again and again and most are rare, as in any language, so that an
index over them grows as it does with real mail.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

WORDS_PER_LANGUAGE = 12_000
SENTENCES_PER_LANGUAGE = 2_500


@dataclass(frozen=True, slots=True)
class Language:
    """Sentences of one script and the charsets that can write them.

    `bytes_each` is what a letter takes in a message, all encodings taken together.
    """

    code: str
    charsets: Sequence[str]
    bytes_each: float
    names: Sequence[str]
    sentences: Sequence[str]

    def sentence(self, chance: random.Random) -> str:
        """Any sentence."""
        return chance.choice(self.sentences)

    def name(self, person: int) -> str:
        """The name of this person, always the same."""
        first = self.names[person % len(self.names)]
        last = self.names[person * 7 // 3 % len(self.names)]
        return f"{first} {last}"


def _language(
    code: str, onsets: str, vowels: str, endings: str, charsets: str, bytes_each: float
) -> Language:
    chance = random.Random(code)  # noqa: S311
    syllables = [a + b for a, b in itertools.product(onsets, vowels)]
    words = [
        "".join(chance.choices(syllables, k=chance.choice((1, 2, 2, 3, 3, 4))))
        + chance.choice(endings.split("|"))
        for _ in range(WORDS_PER_LANGUAGE)
    ]
    # Zipf: the word of rank n comes with a share of 1/n.
    weights = list(
        itertools.accumulate(1 / rank for rank in range(1, WORDS_PER_LANGUAGE + 1))
    )
    sentences = [
        " ".join(
            chance.choices(words, cum_weights=weights, k=chance.randint(5, 18))
        ).capitalize()
        + chance.choice((".", ".", ".", "?", "!"))
        for _ in range(SENTENCES_PER_LANGUAGE)
    ]
    names = [word.capitalize() for word in chance.sample(words, 400)]
    return Language(code, charsets.split(), bytes_each, names, sentences)


LANGUAGES: Sequence[Language] = (
    _language("en", "bcdfghlmnprstw", "aeiou", "|s|ed|ing|t|n", "utf-8 us-ascii", 1.2),
    _language("en-2", "bdfgklmnprstv", "aeiou", "|ly|er|d", "iso-8859-1 utf-8", 1.2),
    _language("de", "bdfghklmnrstwz", "aeiouäöü", "|en|ung|ß", "utf-8 iso-8859-1", 1.7),
    _language("fr", "bcdfglmnprstv", "aeiouéèà", "|e|ons", "windows-1252 utf-8", 1.7),
    _language(
        "ru", "бвгдзклмнпрст", "аеиоуы", "|й|ть", "utf-8 windows-1251 koi8-r", 2.7
    ),
    _language(
        "ja", "あいうかきくさしたち", "のはをにがと", "|です", "utf-8 iso-2022-jp", 4.0
    ),
    _language("zh", "我你他们的是不在", "了有来人大小", "|吗", "utf-8 gb18030", 4.5),
)
