"""What stands under the words of a letter: sign-off, signature, disclaimer.

Works on lines that are still open and closes only lines at the end of a stretch, or
a warning that a mail server put at the very top. Decides by `fold_lines` alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby

from letterbox.mime.fold import lines as fold_lines

# A signature that people draw with dashes has no more and no longer lines.
_DRAWN_LINES = 12
_DRAWN_LENGTH = 100
# Under `-- ` anything may stand (RFC 3676, section 4.3), but not a second letter.
_MARKED_LINES = 60
_SIGN_OFF_LINES = 10
_SIGN_OFF_LENGTH = 70
_DUTY_PARAGRAPHS = 12
# These also begin sentences, so that nothing else may follow them.
_WEAK_DEVICES = (
    "sent via", "sent by", "sent with", "sent using", "sent from a", "sent from the",
    "sent on the", "enviado co", "envoyé avec", "gesendet m", "sendt med",
    "skickat med", "verzonden met", "verstuurd met", "von meinem", "lähetetty",
    "written on my", "get ",
)  # fmt: skip


class Kind(StrEnum):
    """What a block is. NEW and SIGN_OFF are the writer's own words in this letter."""

    NEW = "new"
    QUOTE = "quote"
    FORWARD = "forward"
    SIGN_OFF = "sign-off"
    SIGNATURE = "signature"
    DISCLAIMER = "disclaimer"


def fold_tails(stripped: Sequence[str], kinds: list[Kind]) -> None:
    """Close what stands under the words, in each stretch of open lines."""
    has_words_above = False
    for start, end in _open_stretches(kinds):
        filled = [number for number in range(start, end) if stripped[number]]
        if not filled:
            continue
        if not has_words_above:
            filled = _fold_banner(stripped, kinds, filled)
        _Tail(stripped, kinds, filled, first=0 if has_words_above else 1).fold(end)
        has_words_above = True


def _open_stretches(kinds: Sequence[Kind]) -> Iterator[tuple[int, int]]:
    end = 0
    # A list, because the kinds change while the stretches are read.
    for kind, length in [(kind, len(list(run))) for kind, run in groupby(kinds)]:
        start, end = end, end + length
        if kind is Kind.NEW:
            yield start, end


def _fold_banner(
    stripped: Sequence[str], kinds: list[Kind], filled: list[int]
) -> list[int]:
    """Close a warning above the words: `CAUTION: This email originated outside …`."""
    end = 1
    while end < len(filled) and filled[end] == filled[end - 1] + 1 and end < 6:
        end += 1
    if end == len(filled):
        return filled
    if not fold_lines.is_duty(" ".join(stripped[number] for number in filled[:end])):
        return filled
    kinds[filled[0] : filled[end]] = [Kind.DISCLAIMER] * (filled[end] - filled[0])
    return filled[end:]


class _Tail:
    """One stretch of open lines; `filled` are the numbers of those not blank.

    What is closed begins at the position `first` or below, so that words stay open.
    """

    def __init__(
        self,
        stripped: Sequence[str],
        kinds: list[Kind],
        filled: list[int],
        *,
        first: int,
    ) -> None:
        self.stripped = stripped
        self.kinds = kinds
        self.filled = filled
        self.first = first

    def fold(self, end: int) -> None:
        """Close from the outermost to the innermost."""
        end = self._fold_from(self._duties(), end, Kind.DISCLAIMER)
        end = self._fold_from(self._device(), end, Kind.SIGNATURE)
        above = self._fold_from(self._signature(), end, Kind.SIGNATURE)
        if above < end:
            # Again, for what stood above the signature.
            end = self._fold_from(self._duties(), above, Kind.DISCLAIMER)
        self._fold_from(self._sign_off(), end, Kind.SIGN_OFF)

    def _fold_from(self, position: int, end: int, kind: Kind) -> int:
        """Close from a position among the filled lines; return the new end."""
        if position < self.first or position >= len(self.filled):
            return end
        start = self.filled[position]
        self.kinds[start:end] = [kind] * (end - start)
        del self.filled[position:]
        return start

    def _duties(self) -> int:
        """Where the paragraphs of a company, a list or a virus checker begin."""
        found = len(self.filled)
        end = found
        for _ in range(_DUTY_PARAGRAPHS):
            start = end - 1
            while start > 0 and self.filled[start - 1] == self.filled[start] - 1:
                start -= 1
            if end <= 0 or start < self.first:
                break
            paragraph = " ".join(self._line(one) for one in range(start, end)[:20])
            if fold_lines.is_duty(paragraph):
                found = start
            elif len(paragraph) > _DRAWN_LENGTH:
                break
            end = start
        return found

    def _device(self) -> int:
        """Where `Sent from my phone` stands."""
        for position in self._last(_MARKED_LINES):
            line = self._line(position)
            if not fold_lines.is_device(line):
                continue
            is_weak = line.casefold().startswith(_WEAK_DEVICES)
            rest = range(position + 1, len(self.filled))
            if not is_weak or all(self._is_slight(one) for one in rest):
                return position
        return -1

    def _is_slight(self, position: int) -> bool:
        line = self._line(position)
        return fold_lines.is_device(line) or len(line) < 30

    def _signature(self) -> int:
        """Where a line of dashes divides the signature from the words."""
        for position in self._last(_MARKED_LINES):
            line = self._line(position)
            if line[0] not in "-—–─━_" or not fold_lines.is_signature_mark(line):
                continue
            below = range(position + 1, len(self.filled))
            if line == "--":
                return position
            is_near = (
                position + 1 == len(self.filled)
                or self.filled[position + 1] == self.filled[position] + 1
            )
            if is_near and self._is_drawn(below):
                return position
        return -1

    def _is_drawn(self, below: range) -> bool:
        if not below or len(below) > _DRAWN_LINES:
            return False
        return all(len(self._line(one)) <= _DRAWN_LENGTH for one in below)

    def _sign_off(self) -> int:
        """Where the closing greeting, or a lone name behind a dash, begins."""
        count = len(self.filled)
        for position in self._last(_SIGN_OFF_LINES):
            if fold_lines.is_closing(self._line(position)) and all(
                len(self._line(one)) <= _SIGN_OFF_LENGTH
                for one in range(position + 1, count)
            ):
                return position
        if count > self.first and fold_lines.is_name_mark(self._line(count - 1)):
            return count - 1
        return -1

    def _last(self, count: int) -> range:
        """The positions of the last so many filled lines that may be closed."""
        return range(max(self.first, len(self.filled) - count), len(self.filled))

    def _line(self, position: int) -> str:
        return self.stripped[self.filled[position]]
