"""Cut the bytes of a connection into responses, however they arrive.

A response is text with literals in it (RFC 9051 section 4.3): `{5}` at the end of a
line announces five bytes that may be anything. Small literals become bytes, large
ones go to an unnamed temporary file. Pure but for that file: no sockets, no clocks.

Every byte is looked at once, and nothing grows beyond `Limits`.
"""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO
from weakref import finalize

from letterbox.imap.errors import Garbled

# Text, literal, text, literal, …, text: what stands at an odd place is a literal.
Frame = list["bytes | Spool"]

_ANNOUNCEMENT = re.compile(rb"~?\{(\d+)\+?\}\Z")
# Words for people may end in braces; RFC 9051 allows no literal in these.
_WORDS_FOR_PEOPLE = re.compile(rb"\+|\S+ (?:OK|NO|BAD|BYE|PREAUTH)(?: |\Z)", re.I)
_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a server's talk we are ready to hold."""

    # Text of one response. A SEARCH for a million letters is 8 MB without ESEARCH.
    text_bytes: int = 16 << 20
    # One literal; of a larger one only the beginning is kept.
    literal_bytes: int = 50 << 20
    # Literals of one response beyond this go to a file.
    memory_bytes: int = 256 << 10
    # So much of a literal over the limit is kept: the header and a little more.
    beginning_bytes: int = 256 << 10
    # Beyond this many times `literal_bytes` we hang up and no longer read to the end.
    patience: int = 4
    literals: int = 10_000


class Spool:
    """A large literal in an unnamed temporary file; it is gone when nobody holds it."""

    __slots__ = ("__weakref__", "_file", "is_complete", "size")

    def __init__(self, size: int, *, is_complete: bool = True) -> None:
        # Its life is that of this object, not of a block.
        self._file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self.size = size
        self.is_complete = is_complete
        finalize(self, self._file.close)

    def write(self, data: bytes) -> None:
        """Append bytes at the end."""
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def chunks(self, chunk_bytes: int = _CHUNK_BYTES) -> Iterator[bytes]:
        """Yield what was kept, from the start, in pieces."""
        place = 0
        while True:
            self._file.seek(place)
            chunk = self._file.read(chunk_bytes)
            if not chunk:
                return
            place += len(chunk)
            yield chunk

    def read(self) -> bytes:
        """Return what was kept in one piece of memory."""
        return b"".join(self.chunks())


class Framer:
    """Feed it what the socket gave; take complete responses from it."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._data = b""
        self._place = 0
        self._line = bytearray()
        self._frame: Frame = []
        self._text_bytes = 0
        self._literal_bytes = 0
        self._pieces: list[bytes] = []
        self._spool: Spool | None = None
        self._missing = 0
        self._droppable = 0

    @property
    def is_empty(self) -> bool:
        """Whether no byte is waiting, neither of a whole nor of half a response."""
        return not (self._frame or self._line or self._place < len(self._data))

    def feed(self, data: bytes) -> None:
        """Add bytes; take all frames before feeding again."""
        if self._place < len(self._data):
            data = self._data[self._place :] + data
        self._data = data
        self._place = 0

    def take(self) -> Frame | None:
        """Return the next complete response, or None until more bytes are fed.

        Raises Garbled when the server goes beyond the limits; the rest of the
        conversation cannot be understood then.
        """
        while True:
            if self._missing and not self._continue_literal():
                return None
            line = self._take_line()
            if line is None:
                return None
            if line[-1:] == b"}" and self._begin_literal(line):
                continue
            self._text_bytes = self._literal_bytes = 0
            if not self._frame:
                return [line]
            frame, self._frame = self._frame, []
            frame.append(line)
            return frame

    def _take_line(self) -> bytes | None:
        """Return the text up to the line end, which may lack its CR."""
        data, place = self._data, self._place
        end = data.find(b"\n", place)
        piece = data[place : end if end >= 0 else len(data)]
        self._place = end + 1 if end >= 0 else len(data)
        if self._place == len(data):
            # Whoever idles holds nothing.
            self._data, self._place = b"", 0
        self._text_bytes += len(piece)
        if self._text_bytes > self._limits.text_bytes:
            raise Garbled("The server sent a line without end.")
        if end < 0:
            self._line += piece
            return None
        if self._line:
            piece = bytes(self._line) + piece
            self._line.clear()
        return piece[:-1] if piece[-1:] == b"\r" else piece

    def _begin_literal(self, line: bytes) -> bool:
        """Start reading the literal that this line announces, if it does."""
        # Longer announcements than this cannot be meant.
        found = _ANNOUNCEMENT.search(line, max(0, len(line) - 24))
        if found is None or (not self._frame and _WORDS_FOR_PEOPLE.match(line)):
            return False
        limits = self._limits
        size = int(found[1])
        if size > limits.literal_bytes * limits.patience:
            raise Garbled(f"The server announced {size} bytes in one piece.")
        if len(self._frame) >= 2 * limits.literals:
            raise Garbled("The server sent a response without end.")
        self._frame.append(line[: found.start()])
        self._literal_bytes += size
        self._pieces = []
        self._missing = size
        self._droppable = 0
        if size > limits.literal_bytes:
            self._droppable = size - limits.beginning_bytes
            self._spool = Spool(size, is_complete=False)
        elif self._literal_bytes > limits.memory_bytes:
            self._spool = Spool(size)
        else:
            self._spool = None
        if not size:
            self._end_literal()
        return True

    def _continue_literal(self) -> bool:
        """Move bytes into the literal; say whether it is complete."""
        data, place = self._data, self._place
        piece = data[place : place + self._missing]
        self._place = place + len(piece)
        self._missing -= len(piece)
        if self._spool is None:
            self._pieces.append(piece)
        else:
            # What is dropped is the end of the literal.
            kept = len(piece) - max(0, self._droppable - self._missing)
            if kept > 0:
                self._spool.write(piece[:kept])
        if self._missing:
            self._data, self._place = b"", 0
            return False
        self._end_literal()
        return True

    def _end_literal(self) -> None:
        if self._spool is not None:
            self._frame.append(self._spool)
            self._spool = None
        else:
            self._frame.append(
                self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            )
        self._pieces = []
