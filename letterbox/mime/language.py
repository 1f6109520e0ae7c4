"""In which language a letter is written, for the language of the answer.

The headers are asked first, then the words; both are seldom sure, so every answer has a
confidence. Only the start of a letter is read, and what it quotes is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from letterbox.mime.letter import Letter
from letterbox.mime.tables import read_tables

MAX_TEXT = 1_500
MAX_WORDS = 250

# So sure must the words be to contradict a header: mail programs write the language of
# their menus into it, whatever their user writes in.
OVERRULES = 0.85


class LanguageSource(StrEnum):
    """What the language was told by."""

    CONTENT_LANGUAGE = "Content-Language"
    ACCEPT_LANGUAGE = "Accept-Language"
    TEXT = "text"
    NOTHING = "nothing"


class Language(NamedTuple):
    """A code of ISO 639-1 such as `de` (empty where unknown), 0 to 1, and a source."""

    code: str
    confidence: float
    source: LanguageSource


UNKNOWN = Language("", 0.0, LanguageSource.NOTHING)


def detect_language(letter: Letter) -> Language:
    """Name the language of a letter: what its headers declare, unless its words differ.

    Content-Language is RFC 3282, as is Accept-Language, which tells what its writer
    would like to read.
    """
    heard = language_of_text(f"{letter.subject}\n{letter.text[: 2 * MAX_TEXT]}")
    for source, confidence in (
        (LanguageSource.CONTENT_LANGUAGE, 0.7),
        (LanguageSource.ACCEPT_LANGUAGE, 0.5),
    ):
        code = _first_tag(letter.headers.get(source.value))
        if not code:
            continue
        if code == heard.code:
            return Language(code, max(0.95, heard.confidence), source)
        if heard.confidence < OVERRULES:
            return Language(code, confidence, source)
    return heard


def accepted_languages(letter: Letter) -> tuple[str, ...]:
    """The tags of Accept-Language (RFC 3282), the most wished for first; at most ten."""
    weighed: list[tuple[float, str]] = []
    for piece in letter.headers.get("Accept-Language")[:500].split(",")[:10]:
        tag, _, parameters = piece.strip().partition(";")
        weight = _quality(parameters)
        if weight > 0 and tag.strip().replace("-", "").isalnum():
            weighed.append((weight, tag.strip().lower()))
    # Sorting is stable: equal wishes stay in the order in which they are written.
    return tuple(tag for _, tag in sorted(weighed, key=lambda each: -each[0]))


def language_of_text(text: str) -> Language:
    """Name the language of plain text by its script and its everyday words."""
    own_words = _without_quotes(text)
    by_script = _by_script(own_words)
    if by_script is not None and by_script[0] not in _SHARED_SCRIPTS:
        code, share = by_script
        return Language(code, round(min(0.99, share), 2), LanguageSource.TEXT)
    return _by_words(own_words)


def _quality(parameters: str) -> float:
    """The weight of a tag, from 0 to 1; one that cannot be read counts in full."""
    name, _, value = parameters.strip().partition("=")
    try:
        weight = float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 1.0
    return weight if 0 <= weight <= 1 else 1.0


def _without_quotes(text: str) -> str:
    return _QUOTE.sub("", text[: 2 * MAX_TEXT])[:MAX_TEXT]


def _by_script(text: str) -> tuple[str, float] | None:
    """The script most letters belong to, as a language where it has only one.

    None where that says nothing: for no letters, and for those of ASCII alone.
    """
    if text.isascii():
        return None
    counts: Counter[str] = Counter()
    counts["latin"] = len(_without_non_letters(text))
    # A letter has a few dozen other characters: each is looked up once.
    for character, times in Counter(_ASCII.sub("", text)).items():
        if script := _script_of(character):
            counts[script] += times
    total = sum(counts.values())
    if not total:
        return None
    # Japanese mixes Chinese signs with its own, and everybody mixes in Latin names.
    if counts["ja"] * 10 >= counts["zh"] and counts["ja"] * 5 > total:
        return "ja", min(1.0, (counts["ja"] + counts["zh"]) / total + 0.3)
    if counts["zh"] * 4 > total and counts["ja"] * 10 > counts["zh"]:
        return "ja", 0.9
    script, count = counts.most_common(1)[0]
    # One Chinese or Korean sign says as much as several letters.
    for dense in ("zh", "ko"):
        if counts[dense] * 3 > total:
            script, count = dense, counts[dense] * 3
    return script, min(1.0, count / total)


def _without_non_letters(text: str) -> bytes:
    """The letters of ASCII that are in a text."""
    return text.encode("ascii", "ignore").translate(None, _NO_LETTERS)


@lru_cache(maxsize=10_000)
def _script_of(character: str) -> str:
    """The script of a letter; empty for what is no letter."""
    if not character.isalpha():
        return ""
    code = ord(character)
    if code < 0x250 or 0x1E00 <= code < 0x1F00:
        return "latin"
    for start, end, script in _SCRIPTS:
        if start <= code < end:
            return script
    return "other"


# Lines that are marked as quoted, in text or in a table drawn with bars.
_QUOTE = re.compile(r"^[^\S\n]*[>|].*\n?", re.MULTILINE)
_ASCII = re.compile(r"[\x00-\x7f]+")
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_SCRIPTS = (
    (0x370, 0x400, "el"),
    (0x1F00, 0x2000, "el"),
    (0x400, 0x530, "cyrillic"),
    (0x530, 0x590, "hy"),
    (0x590, 0x600, "he"),
    (0x600, 0x780, "arabic"),
    (0x900, 0x980, "hi"),
    (0x980, 0xA00, "bn"),
    (0xB80, 0xC00, "ta"),
    (0xE00, 0xE80, "th"),
    (0x10A0, 0x1100, "ka"),
    (0x1100, 0x1200, "ko"),
    (0x3040, 0x3100, "ja"),
    (0xAC00, 0xD7B0, "ko"),
    (0x3400, 0xA000, "zh"),
    (0xF900, 0xFB00, "zh"),
    (0x20000, 0x30000, "zh"),
)

_SHARED_SCRIPTS = frozenset({"latin", "cyrillic", "arabic", "other"})

# Letters that few languages have; each counts as half a word.
_LETTERS = {
    "ß": ("de",),
    "ä": ("de", "sv", "fi", "et"),
    "ö": ("de", "sv", "fi", "hu", "tr", "et"),
    "ü": ("de", "tr", "hu", "et"),
    "ñ": ("es",),
    "¿": ("es",),
    "ã": ("pt",),
    "õ": ("pt", "et"),
    "ç": ("fr", "pt", "tr", "ca"),
    "ê": ("fr", "pt"),
    "ì": ("it",),
    "ò": ("it",),
    "å": ("sv", "da", "nb"),
    "æ": ("da", "nb"),
    "ø": ("da", "nb"),
    "ł": ("pl",),
    "ż": ("pl",),
    "ś": ("pl",),
    "ę": ("pl", "lt"),
    "ą": ("pl", "lt"),
    "ř": ("cs",),
    "ě": ("cs",),
    "ů": ("cs",),
    "ľ": ("sk",),
    "ĺ": ("sk",),
    "ô": ("sk", "fr", "vi"),
    "ő": ("hu",),
    "ű": ("hu",),
    "ă": ("ro", "vi"),
    "ș": ("ro",),
    "ț": ("ro",),
    "ş": ("tr", "ro"),
    "ţ": ("ro",),
    "ğ": ("tr",),
    "ı": ("tr",),
    "đ": ("hr", "vi"),
    "ć": ("hr", "pl"),
    "ķ": ("lv",),
    "ļ": ("lv",),
    "ņ": ("lv",),
    "ā": ("lv",),
    "ė": ("lt",),
    "ų": ("lt",),
    "į": ("lt",),
    "ư": ("vi",),
    "ơ": ("vi",),
    "ạ": ("vi",),
    "ế": ("vi",),
    "ы": ("ru",),
    "э": ("ru",),
    "ё": ("ru",),
    "і": ("uk",),
    "ї": ("uk",),
    "є": ("uk",),
    "ґ": ("uk",),
    "ъ": ("bg",),
    "ђ": ("sr",),
    "љ": ("sr",),
    "њ": ("sr",),
    "ћ": ("sr",),
    "џ": ("sr",),
    "ј": ("sr",),
    "پ": ("fa",),
    "چ": ("fa",),
    "گ": ("fa",),
    "ی": ("fa",),
    "ک": ("fa",),
    "ي": ("ar",),
    "ك": ("ar",),
    "ة": ("ar",),
}

_MAX_LETTER_HITS = 8
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def _languages_by_word() -> dict[str, tuple[str, ...]]:
    languages: dict[str, list[str]] = {}
    for code, lines in read_tables("languages.txt").items():
        for word in dict.fromkeys(" ".join(lines).split()):
            languages.setdefault(word, []).append(code)
    return {word: tuple(codes) for word, codes in languages.items()}


_LANGUAGES = _languages_by_word()


def _by_words(text: str) -> Language:
    """Count everyday words; one that many languages share counts for less."""
    folded = unicodedata.normalize("NFC", text.casefold()).replace("’", "'")
    words = _WORD.findall(folded)[:MAX_WORDS]
    scores: Counter[str] = Counter()
    hits = 0
    counted = Counter(words)
    for word in filter(_LANGUAGES.__contains__, counted):
        codes, times = _LANGUAGES[word], counted[word]
        hits += times
        points = times * (1000 // len(codes))
        for code in codes:
            scores[code] += points
    strange = frozenset("" if folded.isascii() else _ASCII.sub("", folded))
    for letter in filter(strange.__contains__, _LETTERS) if strange else ():
        count = min(folded.count(letter), _MAX_LETTER_HITS)
        for code in _LETTERS[letter]:
            scores[code] += 500 * count // len(_LETTERS[letter])
    if not scores:
        return UNKNOWN
    (code, best), *others = scores.most_common(2)
    second = others[0][1] if others else 0
    # Three everyday words are a hint, ten are proof; a close second takes it away.
    evidence = min(1.0, best / 5_000)
    lead = (best - second) / best
    share = min(1.0, 4 * hits / max(1, len(words)))
    confidence = round(evidence * min(1.0, 2 * lead) * (0.5 + share / 2), 2)
    return Language(code, min(0.99, confidence), LanguageSource.TEXT)


def _first_tag(value: str) -> str:
    """The primary part of the first language tag, RFC 5646, in today's spelling."""
    tag = value[:100].replace(";", ",").partition(",")[0].strip().lower()
    primary = tag.replace("_", "-").partition("-")[0]
    if not (2 <= len(primary) <= 3 and primary.isascii() and primary.isalpha()):
        return ""
    return {"no": "nb", "nn": "nb", "iw": "he", "in": "id", "ji": "yi"}.get(
        primary, primary
    )
