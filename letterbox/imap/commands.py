"""Write commands: quoting, literals, and nothing that could smuggle in a second line.

A command is a sequence of parts: `str` is syntax of ours and goes as it is, `bytes`
is data (a name, a password) and is quoted or becomes a literal, `Literal` is always
one. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from letterbox.imap.fetch_items import MONTHS

_SYNTAX = re.compile(r"[\x20-\x7e]*\Z")
# RFC 9051 section 4.3: no line ends, no NUL, nothing beyond ASCII; kept short.
_QUOTABLE = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]{0,500}\Z")
_QUOTABLE_UTF8 = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\xff]{0,500}\Z")
_FLAG = re.compile(r"\\?[A-Za-z0-9$_.+!#&'/:;<=>?@^`|~-]+\Z")
_MONTHS = tuple(month.decode().title() for month in MONTHS)


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes that go as they are, their length announced before."""

    data: bytes


Part = str | bytes | Literal


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes to send; `asks` if the server must say `+` before the next piece."""

    data: bytes
    asks: bool = False


def encode(
    tag: str, parts: Sequence[Part], *, unasked_bytes: int = -1, utf8: bool = False
) -> list[Piece]:
    """Return the pieces of one command.

    Literals of up to `unasked_bytes` are sent without waiting (LITERAL+, LITERAL-).
    Raises ValueError for syntax with line ends or characters beyond ASCII.
    """
    quotable = _QUOTABLE_UTF8 if utf8 else _QUOTABLE
    pieces: list[Piece] = []
    text = bytearray(tag.encode("ascii"))
    for part in parts:
        text += b" "
        if isinstance(part, str):
            if not _SYNTAX.match(part):
                raise ValueError("A command may hold printable ASCII only.")
            text += part.encode("ascii")
            continue
        data = part.data if isinstance(part, Literal) else part
        if not isinstance(part, Literal) and quotable.match(data):
            text += b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
            continue
        asks = len(data) > unasked_bytes
        text += b"{%d%s}\r\n" % (len(data), b"" if asks else b"+")
        pieces.append(Piece(bytes(text), asks))
        if data:
            pieces.append(Piece(data))
        text.clear()
    text += b"\r\n"
    pieces.append(Piece(bytes(text)))
    return pieces


def flag_list(flags: Sequence[str] | frozenset[str]) -> str:
    """Return `(\\Seen $Label)`, sorted; raises ValueError for what is no flag."""
    for flag in flags:
        if not _FLAG.match(flag):
            raise ValueError(f"This is no flag: {flag!r}.")
    return f"({' '.join(sorted(flags))})"


def internal_date(moment: datetime) -> str:
    """Return `"02-Oct-2016 17:28:25 -0400"`; the moment must know its zone."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("A moment without a zone is no moment.")
    sign = "-" if offset.total_seconds() < 0 else "+"
    minutes = abs(int(offset.total_seconds())) // 60
    return (
        f'"{moment.day:02d}-{_MONTHS[moment.month - 1]}-{moment.year:04d} '
        f'{moment:%H:%M:%S} {sign}{minutes // 60:02d}{minutes % 60:02d}"'
    )


def search_date(moment: datetime) -> str:
    """Return `2-Oct-2016`, the day as SEARCH wants it."""
    return f"{moment.day}-{_MONTHS[moment.month - 1]}-{moment.year:04d}"
