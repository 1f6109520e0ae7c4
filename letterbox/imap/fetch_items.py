"""Read the parentheses of a FETCH response (RFC 9051 section 7.5.2).

Two ways to the same value. `read_usual` knows by one pattern what servers say a
million times: small items, and the whole letter last. `read` knows everything else.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from letterbox.imap.framing import Frame, Spool
from letterbox.imap.responses import Fetched
from letterbox.imap.tokens import Token, as_list, as_number, as_text

MONTHS = {
    month: number
    for number, month in enumerate(
        b"jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1
    )
}
# RFC 9051 section 2.3.2: the case of these does not matter, so we choose one.
_SYSTEM_FLAGS = {
    flag.lower(): flag
    for flag in (
        "\\Seen",
        "\\Answered",
        "\\Flagged",
        "\\Deleted",
        "\\Draft",
        "\\Recent",
    )
}

_NAMES = frozenset({"UID", "FLAGS", "BODY[]", "INTERNALDATE", "RFC822.SIZE", "MODSEQ"})
_BODY = (bytes, Spool)
_NOTHING: dict[str, Token] = {}
_NO_FLAGS = frozenset({"", "\\Recent"})


_USUAL = re.compile(
    rb"""\*\ (\d{1,10})\ FETCH\ \((?:
      UID\ ([1-9]\d{0,9})\b
    | FLAGS\ \(([^()"\[\]{}]{0,200}+)\)
    | INTERNALDATE\ "([^"\\]{26})"
    | RFC822\.SIZE\ (\d{1,19})\b
    | MODSEQ\ \((\d{1,19})\)
    | \x20
    )*+(?:BODY\[\]\ (\Z)|\)\Z)""",
    re.VERBOSE,
)


def read_usual(frame: Frame) -> Fetched | None:
    """Return the value of a response of the usual kind, or None for any other."""
    head = frame[0]
    if not isinstance(head, bytes):
        return None
    found = _USUAL.match(head)
    if found is None:
        return None
    sequence, uid, flag_words, date, size, mod_seq, has_body = found.groups()
    body: bytes | Spool | None = None
    if has_body is not None:
        if len(frame) != 3 or frame[2] != b")":
            return None
        body = frame[1]
    return Fetched(
        int(sequence),
        int(uid) if uid else None,
        None if flag_words is None else _flags_of(flag_words),
        internal_date(date) if date else None,
        int(size) if size else None,
        int(mod_seq) or None if mod_seq else None,
        body,
        _NOTHING,
    )


def read(sequence: int, items: list[Token]) -> Fetched:
    """Return what the server says about the letter at this sequence number."""
    uid = size = mod_seq = None
    letter_flags = None
    date = None
    body: bytes | Spool | None = None
    others: dict[str, Token] = {}
    place, end = 0, len(items)
    while place < end:
        name = items[place]
        if not isinstance(name, str) or name not in _NAMES:
            name = as_text(name).upper()
        value = items[place + 1] if place + 1 < end else None
        place += 2
        if name == "UID":
            uid = as_number(value) or None
        elif name == "FLAGS":
            letter_flags = flags(as_list(value))
        elif name == "BODY[]":
            if isinstance(value, _BODY):
                body = value
            elif isinstance(value, str):
                # The value was left out; this is the next name.
                place -= 1
        elif name == "INTERNALDATE":
            date = internal_date(value) if isinstance(value, bytes) else None
        elif name == "RFC822.SIZE":
            size = as_number(value)
        elif name == "MODSEQ":
            mod_seq = as_number(value) or None
        else:
            others[name] = value
    return Fetched(sequence, uid, letter_flags, date, size, mod_seq, body, others)


def flags(values: list[Token]) -> frozenset[str]:
    """Return flags with the system's own in the spelling of the RFC.

    Without `\\Recent`: it tells about sessions, not about letters.
    """
    return (
        frozenset(
            _SYSTEM_FLAGS.get(text.lower(), text) for text in map(as_text, values)
        )
        - _NO_FLAGS
    )


def internal_date(value: bytes) -> datetime | None:
    """Return the moment `02-Oct-2016 17:28:25 -0400` names, or None."""
    try:
        return datetime(
            int(value[7:11]),
            MONTHS[value[3:6].lower()],
            int(value[0:2]),
            int(value[12:14]),
            int(value[15:17]),
            int(value[18:20]),
            tzinfo=_zone(value[21:26]),
        )
    except (ValueError, KeyError):
        return None


@lru_cache(maxsize=1024)
def _flags_of(words: bytes) -> frozenset[str]:
    return flags(list(words.split()))


@lru_cache(maxsize=256)
def _zone(offset: bytes) -> timezone:
    """Return the zone of `+0130`."""
    if offset in (b"+0000", b"-0000"):
        return UTC
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    return timezone(timedelta(minutes=-minutes if offset[:1] == b"-" else minutes))
