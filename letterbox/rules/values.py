"""What people type beside an operator, read once into what tests compare.

Each parser takes a JSON value and returns a typed one, or raises `ValueProblem` with
a sentence that says what to do. Nothing here looks at mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol

import re2

from letterbox.rules.folding import fold

LENGTH_LIMIT = 1_000
LIST_LIMIT = 500
# RE2 builds its automaton while it searches. Where that does not fit, it falls back to
# steps × characters: with `seen.PATTERN_SIGHT` these limits keep the worst pattern under half a second.
_PATTERN_MEMORY = 1 << 20
_PATTERN_STEPS = 1_000
_UNITS = {"": 1, "b": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}
_YES = {"true", "yes", "1"}
_NO = {"false", "no", "0"}


class ValueProblem(ValueError):
    """A value that cannot be compared with; the text says what to do."""


def nothing(raw: object) -> None:
    """Nothing, for operators that compare with nothing."""
    if raw not in (None, ""):
        raise ValueProblem("This comparison takes no value; leave it empty.")


def words(raw: object) -> str:
    """A text to look for, folded; never empty, for that would hold for everything."""
    if not isinstance(raw, str):
        raise ValueProblem("Give one text.")
    if len(raw) > LENGTH_LIMIT:
        raise ValueProblem(f"Use at most {LENGTH_LIMIT} characters.")
    folded = fold(raw)
    if not folded:
        raise ValueProblem("Say what to look for.")
    return folded


def as_list(raw: object) -> list[object]:
    """A list as it is; a text split at commas and line breaks."""
    if isinstance(raw, str):
        pieces = raw.replace("\n", ",").split(",")
        return [piece.strip() for piece in pieces if piece.strip()]
    return list(raw) if isinstance(raw, list | tuple) else []


def word_list(raw: object) -> frozenset[str]:
    """Texts to compare with, folded: a list, or one text with commas."""
    pieces = as_list(raw)
    if not pieces:
        raise ValueProblem("Give at least one text; separate them by commas.")
    if len(pieces) > LIST_LIMIT:
        raise ValueProblem(f"Give at most {LIST_LIMIT} texts.")
    return frozenset(words(piece) for piece in pieces)


def number(raw: object) -> int:
    """A whole number, zero or more; `200 KB` and `5 MB` are read as bytes."""
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 2**63:
        return raw
    if isinstance(raw, str):
        compact = raw.strip().lower().replace(" ", "")
        digits = compact.rstrip("bkmg")
        unit = compact[len(digits) :]
        if (
            digits.isascii()
            and digits.isdigit()
            and len(digits) < 19
            and unit in _UNITS
        ):
            return int(digits) * _UNITS[unit]
    raise ValueProblem("Give a whole number, such as 3; a size may be 200 KB or 5 MB.")


def flag(raw: object) -> bool:
    """Yes or no."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip().lower() in _YES | _NO:
        return raw.strip().lower() in _YES
    raise ValueProblem("Choose yes or no.")


@dataclass(frozen=True, slots=True)
class Time:
    """A moment to compare with; without a zone it means the wall clock of the mailbox."""

    moment: datetime

    def is_before(self, other: datetime) -> bool:
        """Whether this time comes before the aware moment."""
        return self.moment < self._comparable(other)

    def is_after(self, other: datetime) -> bool:
        """Whether this time comes after the aware moment."""
        return self.moment > self._comparable(other)

    def _comparable(self, other: datetime) -> datetime:
        return other if self.moment.tzinfo else other.replace(tzinfo=None)


def time(raw: object) -> Time:
    """A day or a time in ISO 8601: `2026-03-01`, `2026-03-01 18:00`, with zone or not."""
    if isinstance(raw, str) and len(raw) <= 40:
        try:
            return Time(datetime.fromisoformat(raw.strip()))
        except ValueError:
            pass
    raise ValueProblem("Give a day or a time, such as 2026-03-01 or 2026-03-01 18:00.")


class Pattern(Protocol):
    """A compiled pattern; `steps` is its size, the factor of its time."""

    steps: int

    def is_found_in(self, member: bytes) -> bool:
        """Whether the pattern is found anywhere in the text (UTF-8)."""


class _Re2Pattern:
    def __init__(self, source: str) -> None:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _PATTERN_MEMORY
        options.case_sensitive = False
        self._compiled = re2.compile(source, options)
        self.steps: int = self._compiled.programsize
        if self.steps > _PATTERN_STEPS:
            raise ValueProblem(
                "The pattern would grow too big. Use smaller repetitions, such as "
                "{1,20} instead of {1,900}."
            )

    def is_found_in(self, member: bytes) -> bool:
        return self._compiled.search(member) is not None


def pattern(raw: object) -> Pattern:
    """A regular expression in the syntax of RE2, matched without case."""
    if not isinstance(raw, str) or not raw.strip():
        raise ValueProblem("Give a pattern, such as order-[0-9]+.")
    if len(raw) > LENGTH_LIMIT:
        raise ValueProblem(f"Use at most {LENGTH_LIMIT} characters.")
    return _compile(raw)


# Rules are read again for every letter; their patterns need not be.
@lru_cache(maxsize=512)
def _compile(source: str) -> Pattern:
    try:
        return _Re2Pattern(source)
    except re2.error as error:
        reason = error.args[0] if error.args else "unknown reason"
        reason = reason.decode() if isinstance(reason, bytes) else str(reason)
        raise ValueProblem(
            f"The pattern cannot be read: {reason}. Look-arounds and back-references "
            "are not supported."
        ) from error
