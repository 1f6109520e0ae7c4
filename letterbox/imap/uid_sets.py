"""Sets of UIDs, kept as ranges, as IMAP writes them: `1:3,5,7:9`.

A set of a million neighbours costs one pair, so what a server claims (`1:4294967295`)
is never expanded by accident. Knows nothing of sequence numbers, which Letterbox
does not use: they shift under one's feet.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

HIGHEST_UID = 2**32 - 1

# Dovecot and others cut a connection at long lines; RFC 7162 section 4 says 8,192.
LINE_BYTES = 7_500


@dataclass(frozen=True, slots=True)
class UidSet:
    """UIDs as ascending, disjoint and never adjacent (first, last) pairs."""

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, uids: Iterable[int]) -> "UidSet":
        """Build the set of these UIDs, in any order, repeats allowed."""
        return cls(_merge((uid, uid) for uid in sorted(uids)))

    @classmethod
    def span(cls, first: int, last: int = HIGHEST_UID) -> "UidSet":
        """Build the set of all UIDs from first to last; empty if first > last."""
        return cls(((first, last),)) if first <= last else cls()

    @classmethod
    def parse(cls, text: str) -> "UidSet":
        """Read `1:3,5`; a `*` or a number beyond 32 bits raises ValueError."""
        pairs = [_read_range(part) for part in text.split(",") if part]
        pairs.sort()
        return cls(_merge(pairs))

    def __str__(self) -> str:
        return ",".join(
            f"{first}:{last}" if first != last else f"{first}"
            for first, last in self.ranges
        )

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def __contains__(self, uid: object) -> bool:
        if not isinstance(uid, int):
            return False
        place = bisect_right(self.ranges, (uid, HIGHEST_UID + 1)) - 1
        return place >= 0 and uid <= self.ranges[place][1]

    def __or__(self, other: "UidSet") -> "UidSet":
        return UidSet(_merge(sorted((*self.ranges, *other.ranges))))

    def __and__(self, other: "UidSet") -> "UidSet":
        return self - (self - other)

    def __sub__(self, other: "UidSet") -> "UidSet":
        left: list[tuple[int, int]] = []
        holes = iter((*other.ranges, (HIGHEST_UID + 2, HIGHEST_UID + 2)))
        hole = next(holes)
        for first, last in self.ranges:
            start = first
            while start <= last:
                if hole[1] < start:
                    hole = next(holes)
                elif hole[0] > last:
                    left.append((start, last))
                    break
                else:
                    if hole[0] > start:
                        left.append((start, hole[0] - 1))
                    start = hole[1] + 1
        return UidSet(tuple(left))

    def split(
        self, *, uids: int = HIGHEST_UID, line_bytes: int = LINE_BYTES
    ) -> Iterator["UidSet"]:
        """Cut the set into ascending ones of so many UIDs and bytes at most each."""
        piece: list[tuple[int, int]] = []
        room, width = uids, line_bytes
        for begin, last in self.ranges:
            first = begin
            while first <= last:
                end = min(last, first + room - 1)
                # One range and its comma; ten digits is the longest UID.
                cost = len(str(first)) + len(str(end)) + 2
                if piece and (room == 0 or cost > width):
                    yield UidSet(tuple(piece))
                    piece, room, width = [], uids, line_bytes
                    continue
                piece.append((first, end))
                room -= end - first + 1
                width -= cost
                first = end + 1
        if piece:
            yield UidSet(tuple(piece))


def parse_in_order(text: str, *, at_most: int) -> list[int]:
    """Read a UID set as the list it spells, for COPYUID (RFC 4315 section 3).

    Raises ValueError when the set is malformed or holds more than `at_most` UIDs.
    """
    uids: list[int] = []
    for part in text.split(","):
        first, last = _read_range(part)
        if len(uids) + last - first + 1 > at_most:
            raise ValueError("The UID set is longer than what was asked for.")
        uids.extend(range(first, last + 1))
    return uids


def _read_range(text: str) -> tuple[int, int]:
    first, colon, last = text.partition(":")
    ends = _read_uid(first), _read_uid(last if colon else first)
    # RFC 9051 section 9: 4:2 means the same as 2:4.
    return min(ends), max(ends)


def _read_uid(text: str) -> int:
    # The length is looked at first, so that no one makes us convert a novel.
    if len(text) > 10 or not text.isascii() or not text.isdigit():
        raise ValueError(f"This is no UID: {text[:20]!r}.")
    uid = int(text)
    if uid > HIGHEST_UID:
        raise ValueError(f"This UID is too large: {text}.")
    return uid


def _merge(pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Join overlapping and adjacent ranges; they must come sorted."""
    merged: list[tuple[int, int]] = []
    begin = end = -2
    for first, last in pairs:
        if first > end + 1:
            if end >= 0:
                merged.append((begin, end))
            begin, end = first, last
        elif last > end:
            end = last
    if end >= 0:
        merged.append((begin, end))
    return tuple(merged)
