"""Fold the text of a letter: new words open; quotes, signatures, duties closed.

Nothing is ever cut: the blocks joined are the text, character for character. Folded is
first what mail programs mark or announce as quoted, then what equals text the
conversation already holds, then what stands under the words. Where that would leave
nothing open, the letter stays open: better a quote too much than a word too few.

Linear in the text, for any text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from letterbox.mime.fold import lines as fold_lines
from letterbox.mime.fold import match as fold_match
from letterbox.mime.fold import tail as fold_tail
from letterbox.mime.fold.tail import Kind

__all__ = ["Block", "Kind", "fold", "new_text"]

# A header block of Outlook has five lines; addresses may wrap over many more.
_HEADER_LINES = 12
# An attribution is wrapped over no more lines than this.
_ATTRIBUTION_LINES = 4
# Marked lines shorter than this are not wrapped by mail programs.
_WRAPPED_FROM = 60
# Marks of writing direction, which Gmail puts around Hebrew and Arabic lines.
_DIRECTION = "\u200e\u200f\u202a\u202b\u202c\u2068\u2069"
# How the lines begin that mail programs draw.
_DECORATION = "-_*=—–─━#[("
# How the last line of an attribution ends when its verb does not.
_ENDINGS = ">-*_—"


@dataclass(frozen=True, slots=True)
class Block:
    """A run of the text of one kind, line ends and all."""

    kind: Kind
    text: str


def fold(text: str, *, known: Sequence[str] = ()) -> tuple[Block, ...]:
    """Divide a text into blocks whose texts, joined, are the text again.

    `known` are the texts the conversation already holds, newest first; quotes of them
    are found however the mail program wrapped them.
    """
    page = _Page(text, known)
    page.fold_quotes()
    page.fold_known()
    page.keep_something_open()
    fold_tail.fold_tails(page.stripped, page.kinds)
    return tuple(_group(page.lines, page.stripped, page.kinds))


def new_text(
    blocks: Iterable[Block], *, sign_offs: bool = True, forwards: bool = False
) -> str:
    """The words that are new in a letter, for search, rules and previews.

    `sign_offs`: with the closing greeting and the name below it. `forwards`: with what
    was passed on, which is new to those who get it.
    """
    wanted = {Kind.NEW}
    if sign_offs:
        wanted.add(Kind.SIGN_OFF)
    if forwards:
        wanted.add(Kind.FORWARD)
    return "".join(block.text for block in blocks if block.kind in wanted).strip()


class _Page:
    """The lines of one text and what has been found about them so far."""

    def __init__(self, text: str, known: Sequence[str]) -> None:
        self.lines, self.stripped = _split(text)
        self.kinds = [Kind.NEW] * len(self.lines)
        self.known = fold_match.find_known(self.lines, known) if known else []
        self._last_known = len(self.known) - 1
        while self._last_known >= 0 and not self.known[self._last_known]:
            self._last_known -= 1
        self.marked = [line.startswith((">", "＞")) for line in self.stripped]
        self._is_announced = False
        self._has_words = False

    def fold_quotes(self) -> None:
        """Close what is marked or announced as quoted."""
        telling = [
            number
            for number, line in enumerate(self.stripped)
            if line and (self.marked[number] or _may_announce(line))
        ]
        below = 0
        for number in telling:
            if number < below:
                # Closed with what stands above it.
                continue
            self._has_words = self._has_words or any(self.stripped[below:number])
            if self.marked[number] and not self._continues_address(number):
                below = self._fold_marked(number)
            elif not _may_announce(self.stripped[number]):
                self._has_words = True
                below = number + 1
            else:
                after = self._fold_announced(number, self.stripped[number])
                self._has_words = self._has_words or after == number
                below = max(after, number + 1)

    def fold_known(self) -> None:
        """Close runs of lines that the conversation already holds."""
        if not self.known:
            return
        number = 0
        while number < len(self.lines):
            if not self._is_open_and_known(number):
                number += 1
                continue
            start = last = number
            found = 0
            while number < len(self.lines) and self.kinds[number] is Kind.NEW:
                line = self.stripped[number]
                if self.known[number]:
                    found += 1
                    last = number
                elif len(line.split(None, 3)) > 3:
                    break
                number += 1
            if found > 1 or len(self.stripped[start].split()) >= 8:
                self._close(start, last + 1, Kind.QUOTE)
            number = max(number, last + 1)

    def keep_something_open(self) -> None:
        """Open a letter that consists of nothing but lines it marks itself."""
        has_new = any(
            line and kind is Kind.NEW
            for line, kind in zip(self.stripped, self.kinds, strict=True)
        )
        if not has_new and not self._is_announced:
            self.kinds = [Kind.NEW] * len(self.lines)

    def _fold_announced(self, number: int, line: str) -> int:
        """Close what a line announces; return where to go on, or the same number."""
        if fold_lines.may_end_attribution(line):
            start = self._attribution_start(number)
            if start >= 0:
                return self._fold_after_attribution(start, number)
        kind = Kind.QUOTE
        header_from = number
        is_decorated = line[0] in _DECORATION or line[-1] in ":："
        separator = fold_lines.separator(line) if is_decorated else ""
        if separator:
            kind = Kind.FORWARD if separator == "forwarded" else Kind.QUOTE
            header_from = self._next_filled(number + 1)
        elif is_decorated and fold_lines.is_rule(line):
            header_from = self._next_filled(number + 1)
        header_end = self._header_end(header_from)
        if header_end:
            return self._fold_below(number, header_end, kind)
        if separator or (is_decorated and fold_lines.is_answer_above(line)):
            return self._fold_below(number, number + 1, kind)
        return number

    def _attribution_start(self, end: int) -> int:
        """The first line of an attribution that ends on this line; -1 for none."""
        joined = ""
        found = -1
        for number in range(end, max(-1, end - _ATTRIBUTION_LINES), -1):
            line = self.stripped[number]
            if not line or self.kinds[number] is not Kind.NEW:
                break
            if len(line) + len(joined) > fold_lines.LONGEST_LINE:
                break
            joined = f"{line} {joined}".rstrip()
            if found < 0 and fold_lines.is_attribution(joined):
                found = number
                if fold_lines.begins_attribution(line):
                    break
            elif found >= 0 and fold_lines.begins_attribution(line):
                return number
        if found < 0 and fold_lines.is_bare_attribution(self.stripped[end]):
            below = self._next_filled(end + 1)
            if below < len(self.lines) and self.marked[below]:
                return end
        return found

    def _fold_after_attribution(self, start: int, end: int) -> int:
        below = self._next_filled(end + 1)
        self._is_announced = True
        if below < len(self.lines) and self.marked[below]:
            self._close(start, below, Kind.QUOTE)
            return below
        return self._fold_below(start, end + 1, Kind.QUOTE)

    def _fold_below(self, start: int, header_end: int, kind: Kind) -> int:
        """Close from here to the end, or only the header when nothing stands above.

        A letter that begins with a quote is answered below it, or is passed on as it
        is; either way its words are there.
        """
        self._is_announced = True
        has_words_above = self._has_words or any(
            self.stripped[number] and self.kinds[number] is Kind.NEW
            for number in range(max(0, start - _ATTRIBUTION_LINES), start)
        )
        if not has_words_above:
            self._close(start, header_end, kind)
            return header_end
        above = start - 1
        while above > 0 and not self.stripped[above]:
            above -= 1
        if above > 0 and fold_lines.is_rule(self.stripped[above]):
            start = above
        end = self._end_of_known(header_end)
        self._close(start, end, kind)
        return end

    def _end_of_known(self, start: int) -> int:
        """The end of the text, or of what we hold when an answer stands below it."""
        last = self._last_known
        if last < start:
            return len(self.lines)
        for number in range(last + 1, len(self.lines)):
            line = self.stripped[number]
            if line and (
                self.marked[number]
                or fold_lines.header_label(line)
                or fold_lines.may_end_attribution(line)
            ):
                return len(self.lines)
        return last + 1

    def _header_end(self, start: int) -> int:
        """The line after a block of header lines that begins here; 0 for none."""
        if start >= len(self.lines) or not fold_lines.header_label(
            self.stripped[start]
        ):
            return 0
        labels: set[str] = set()
        has_address = has_date = False
        end = start
        strangers = 0
        for number in range(start, min(start + _HEADER_LINES, len(self.lines))):
            line = self.stripped[number]
            label = fold_lines.header_label(line) if line else ""
            if label:
                labels.add(label)
                strangers = 0
                end = number + 1
                is_moment = label in ("sent", "date")
                has_date = has_date or (is_moment and any(map(str.isdigit, line)))
            elif not line:
                below = number + 1
                if below >= len(self.lines) or not fold_lines.header_label(
                    self.stripped[below]
                ):
                    break
            else:
                strangers += 1
                if strangers > 2:
                    break
                end = number + 1 if number == end else end
            has_address = has_address or "@" in line
        labels -= {"cc", "other"}
        if len(labels) >= 3 and "from" in labels:
            # `From: Berlin, to: Paris, date: …` is a journey.
            return end if has_address or labels & {"subject", "sent"} else 0
        if has_address and (has_date or "from" in labels):
            return end if len(labels) == 2 else 0
        return 0

    def _fold_marked(self, start: int) -> int:
        """Close a run of marked lines with the blanks and torn lines between them."""
        if not self._is_quote(start):
            self._has_words = True
            return start + 1
        kind = Kind.QUOTE
        has_content = start > 0 and self.kinds[start - 1] is Kind.QUOTE
        number = end = start
        while number < len(self.lines):
            line = self.stripped[number]
            if self.marked[number]:
                if number - start < _HEADER_LINES:
                    separator = self._has_announcement(line)
                    # Further down, it is part of the letter that is quoted.
                    if separator == "forwarded" and not has_content:
                        kind = Kind.FORWARD
                    has_content = has_content or bool(line.strip("> ＞\t\u00a0"))
                end = number + 1
            elif line and not self._is_torn(number):
                break
            number += 1
        self._close(start, end, kind)
        return end

    def _is_quote(self, start: int) -> bool:
        """Tell marked lines from one that merely begins with the sign: `>50 pieces`."""
        line = self.stripped[start]
        if line.endswith("<"):
            return False
        follows = start + 1 < len(self.lines) and self.marked[start + 1]
        is_announced = start > 0 and self.kinds[start - 1] is not Kind.NEW
        return follows or is_announced or len(line) == 1 or line[1] in " >\t\u00a0"

    def _has_announcement(self, line: str) -> str:
        bare = line.lstrip("> ＞\t\u00a0")
        if not bare:
            return ""
        if fold_lines.may_end_attribution(bare) and fold_lines.is_attribution(bare):
            self._is_announced = True
        separator = fold_lines.separator(bare)
        self._is_announced = self._is_announced or bool(separator)
        return separator

    def _is_torn(self, number: int) -> bool:
        """Tell the end of a marked line that was wrapped without a new mark."""
        above, line = self.stripped[number - 1], self.stripped[number]
        if not self.marked[number - 1] or len(above) < _WRAPPED_FROM:
            return False
        has_mark_below = number + 1 < len(self.lines) and self.marked[number + 1]
        return has_mark_below and line[0].islower() and above[-1] != "?"

    def _continues_address(self, number: int) -> bool:
        """Tell `>:` that only closes an address begun on the line above."""
        above = self.stripped[number - 1] if number else ""
        return (
            above.rfind("<") > above.rfind(">")
            and not self.marked[number - 1]
            and fold_lines.may_end_attribution(self.stripped[number])
            and len(self.stripped[number]) < 40
        )

    def _is_open_and_known(self, number: int) -> bool:
        return self.known[number] and self.kinds[number] is Kind.NEW

    def _next_filled(self, number: int) -> int:
        while number < len(self.lines) and not self.stripped[number]:
            number += 1
        return number

    def _close(self, start: int, end: int, kind: Kind) -> None:
        self.kinds[start:end] = [kind] * (end - start)


def _may_announce(line: str) -> bool:
    """Tell cheaply whether a line can announce anything; nearly none can."""
    has_colon = ":" in line or "：" in line
    return has_colon or "@" in line or line[0] in _DECORATION or line[-1] in _ENDINGS


def _split(text: str) -> tuple[list[str], list[str]]:
    """Lines with their ends, and without margins.

    An attribution behind the last words is a line of its own.
    """
    lines = text.splitlines(keepends=True)
    bare_lines = [line.strip() for line in lines]
    if any(mark in text for mark in _DIRECTION):
        bare_lines = [line.strip(_DIRECTION + " ") for line in bare_lines]
    if "@" not in text:
        return lines, bare_lines
    pieces: list[str] = []
    bare_pieces: list[str] = []
    for line, bare in zip(lines, bare_lines, strict=True):
        inside = -1
        if "@" in bare and bare[0] != ">" and fold_lines.may_end_attribution(bare):
            inside = fold_lines.attribution_inside(line)
        if inside > 0:
            pieces += (line[:inside], line[inside:])
            bare_pieces += (line[:inside].strip(), line[inside:].strip())
        else:
            pieces.append(line)
            bare_pieces.append(bare)
    return pieces, bare_pieces


def _group(
    lines: Sequence[str], stripped: Sequence[str], kinds: Sequence[Kind]
) -> Iterator[Block]:
    """Join neighbours of one kind; blank lines go with what stands above them."""
    start = position = 0
    kind: Kind | None = None
    for next_kind, run in groupby(kinds):
        first = position
        position += len(list(run))
        if kind is None:
            kind = next_kind
        while first < position and not stripped[first]:
            first += 1
        if next_kind is not kind and first < position:
            yield Block(kind, "".join(lines[start:first]))
            start, kind = first, next_kind
    if kind is not None:
        yield Block(kind, "".join(lines[start:]))
