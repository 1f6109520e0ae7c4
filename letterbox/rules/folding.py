"""Text → the form in which two texts are compared.

`fold` is what makes "Straße", "STRASSE" and a full-width "ＳＴＲＡＳＳＥ" the same word to
a condition. Folded text is for comparing; it is shown only in excerpts of a trace.
"""

from __future__ import annotations

import re
import unicodedata

# Writers do not see these, so they must not break a word: soft hyphen, the zero-width
# space and (non-)joiners, word joiner, byte order mark, and the marks of direction.
# NUL is among them because `seen.Seen.joined` sets it between members.
_INVISIBLE_ONES = (
    "\0\u00ad\u180e\u2060\ufeff\u200b\u200c\u200d\u200e\u200f"
    "\u202a\u202b\u202c\u202d\u202e"
)
_INVISIBLE = re.compile(f"[{_INVISIBLE_ONES}]")


def normal(text: str) -> str:
    """The text in NFKC without invisible characters; case and line breaks stay."""
    if text.isascii():
        return text.replace("\0", "")
    # Most letters have none, and looking for each is faster than the pattern.
    if any(each in text for each in _INVISIBLE_ONES):
        text = _INVISIBLE.sub("", text)
    return unicodedata.normalize("NFKC", text)


def fold(text: str) -> str:
    """The text without case, in NFKC, every run of white space one space.

    White space counts as one space because mail wraps lines where the sender's
    program likes, and nobody who writes "order number" means to exclude a line break.
    """
    return single_spaced(caseless(text))


def caseless(text: str) -> str:
    """The text without case, in NFKC, with its white space."""
    if text.isascii():
        return text.replace("\0", "").lower()
    # No other character becomes an invisible one, so they are looked for once.
    folded = unicodedata.normalize("NFKC", normal(text).casefold())
    # Turkish has two letters i. Python folds İ to an i with a dot above and leaves ı
    # alone, so that neither ISPARTA nor İZMİR would find its own lower case.
    return folded.replace("i\u0307", "i").replace("ı", "i")


def single_spaced(text: str) -> str:
    """The text with every run of white space as one space, and none at its ends."""
    return " ".join(text.split())
