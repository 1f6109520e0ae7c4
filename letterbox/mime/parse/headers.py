"""One header block read: fields, parameters, message ids, dates.

Works on RFC 5322 (fields), RFC 2231 (parameters) and what real mail makes of them.
Values are text here, still with their encoded words; see `encoded_words`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from letterbox.mime.parse import charsets, encoded_words

MAX_FIELDS = 2000
MAX_HEADER_BYTES = 256 * 1024

# Printable ASCII but the colon (RFC 5322, section 2.2); old mail has blanks before it.
_FIELD_NAME = re.compile(r"[!-9;-~]+[ \t]*:")
_FOLD = re.compile(r"\r?\n[ \t]+")
_FIRST_CHARSET = re.compile(rb"charset[ \t]?=[ \t]?[\"']?([\w.:-]{1,60})", re.I)
_LONGEST_DATE = 200
# Boundaries, which differ every time, are mostly longer with what stands before them.
_LONGEST_REMEMBERED = 60
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
# As RFC 5322, section 3.3, wants it and nearly all write it.
_USUAL_DATE = re.compile(
    rf"(?:[A-Z][a-z]{{2}}, )?(\d\d?) ({_MONTHS.replace(' ', '|')}) ([12]\d{{3}})"
    r" ([01]\d|2[0-3]):([0-5]\d):([0-5]\d) ([+-])(\d\d)([0-5]\d)"
)
# As `parsedate_tz` has it.
_Parts: TypeAlias = tuple[int, int, int, int, int, int, int, int, int, int | None]
_SAMPLE_BYTES = 16 * 1024


@dataclass(slots=True)
class HeaderBlock:
    """The fields of a header in order, and where the body begins in the bytes."""

    fields: list[tuple[str, str]]
    by_name: dict[str, list[str]]
    body_start: int
    problems: list[str] = field(default_factory=list)

    def first(self, name: str, default: str = "") -> str:
        """The first value of a field, its name given in lower case."""
        return self.by_name.get(name, (default,))[0]

    def all(self, name: str) -> list[str]:
        """Every value of a field, its name given in lower case."""
        return self.by_name.get(name, [])


@dataclass(frozen=True, slots=True)
class ContentField:
    """`text/plain; charset=utf-8` taken apart; value and names are in lower case.

    Not to be changed: fields that say the same share it.
    """

    value: str
    parameters: Mapping[str, str]


def read_header_block(data: bytes, start: int, *, in_multipart: bool) -> HeaderBlock:
    """Read the fields from `start` to the first empty line.

    A block that is no header at all is body, so that no word of it is lost. Inside a
    multipart a line that could be a boundary ends the block.
    """
    block_end, body_start = _find_block_end(data, start, in_multipart=in_multipart)
    problems: list[str] = []
    if block_end - start > MAX_HEADER_BYTES:
        block_end = start + MAX_HEADER_BYTES
        problems.append(f"Only the first {MAX_HEADER_BYTES} bytes of header are read.")
    # Latin-1 keeps offsets; the values get their real charset below.
    text = data[start:block_end].decode("latin-1")
    fields, body_offset = _split_fields(text)
    if body_offset is not None:
        body_start = start + body_offset
        problems.append("The header ends without an empty line.")
    if len(fields) > MAX_FIELDS:
        del fields[MAX_FIELDS:]
        problems.append(f"Only the first {MAX_FIELDS} header fields are read.")
    if not text.isascii() or "\x1b" in text:
        fields = _with_charset(fields, data[start : start + _SAMPLE_BYTES])
    by_name: dict[str, list[str]] = {}
    for name, value in fields:
        by_name.setdefault(name.lower(), []).append(value)
    return HeaderBlock(fields, by_name, body_start, problems)


def parse_content_field(value: str) -> ContentField:
    """Take a Content-Type or Content-Disposition apart (RFC 2045, RFC 2231)."""
    if len(value) > _LONGEST_REMEMBERED:
        return _parse_content_field(value)
    return _remembered_content_field(value)


def _parse_content_field(value: str) -> ContentField:
    if ";" not in value:
        return ContentField(value.strip().lower(), {})
    head, *pieces = _split_parameters(value)
    found: dict[str, str] = {}
    continued: dict[str, dict[int, tuple[str, bool]]] = {}
    for piece in pieces:
        name, equals, text = piece.partition("=")
        name = name.strip().lower()
        if not equals or not name:
            continue
        text = _unquote(text.strip())
        if "*" in name:
            _note_continuation(continued, name, text)
        else:
            found.setdefault(name, encoded_words.decode_words(text))
    for name, parts in continued.items():
        # RFC 2231 outranks the plain form, which is there for old readers.
        if joined := _join_continuation(parts):
            found[name] = joined
    return ContentField(head.strip().lower(), found)


# Nearly all letters say one of a few hundred things here.
_remembered_content_field = lru_cache(maxsize=1_000)(_parse_content_field)


def parse_message_ids(value: str) -> tuple[str, ...]:
    """The ids of a Message-ID, In-Reply-To or References field, without brackets."""
    if "<" not in value:
        # Without brackets only what looks like an id counts, not the old phrases.
        return tuple(word.strip("<>,;\"'") for word in value.split() if "@" in word)
    ids: list[str] = []
    for piece in value.split("<")[1:]:
        inside, closed, _ = piece.partition(">")
        # Folding inside an id leaves blanks in it; an unclosed id ends at a blank.
        inside = "".join(inside.split()) if closed else inside.strip().partition(" ")[0]
        if inside:
            ids.append(inside)
    return tuple(ids)


def parse_date(value: str) -> datetime | None:
    """An aware time from a Date field in any common form; None where there is none."""
    try:
        parts = _parts_of_usual(value) or parsedate_tz(value[:_LONGEST_DATE])
        if parts is None:
            return None
        # A leap second and 24:00 are told as the moment before.
        hour, minute, second = parts[3], parts[4], min(parts[5], 59)
        offset = timedelta(seconds=parts[9] or 0)
        zone = timezone(offset) if abs(offset) < timedelta(hours=24) else UTC
        moment = datetime(*parts[:3], hour, minute, second, tzinfo=zone)
        moment.astimezone(UTC)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment


def _parts_of_usual(value: str) -> _Parts | None:
    """What `parsedate_tz` gives for a date as nearly all write it, sooner."""
    match = _USUAL_DATE.fullmatch(value)
    if match is None:
        return None
    day, month, year, hour, minute, second, sign, *zone = match.groups()
    offset = int(zone[0]) * 3600 + int(zone[1]) * 60
    return (
        int(year),
        _MONTHS.index(month) // 4 + 1,
        int(day),
        int(hour),
        int(minute),
        int(second),
        0,
        1,
        -1,
        -offset if sign == "-" else offset,
    )


def _find_block_end(data: bytes, start: int, *, in_multipart: bool) -> tuple[int, int]:
    """Where the header's last line ends and where the body begins."""
    for empty_line in (b"\r\n", b"\n"):
        if data.startswith(empty_line, start):
            return start, start + len(empty_line)
    # Parts may be many, so each looks ahead only as far as a header may reach.
    limit = start + MAX_HEADER_BYTES if in_multipart else len(data)
    block_end = body_start = min(limit, len(data))
    # The first empty line of either kind; the second search stops where the first did.
    crlf = data.find(b"\n\r\n", start, start + MAX_HEADER_BYTES)
    if crlf >= 0:
        block_end, body_start = crlf + 1, crlf + 3
    bare = data.find(b"\n\n", start, block_end)
    if bare >= 0:
        block_end, body_start = bare + 1, bare + 2
    elif crlf < 0 and (late := data.find(b"\n\r\n", start, limit)) >= 0:
        block_end, body_start = late + 1, late + 3
    if in_multipart:
        # A boundary before the empty line: the part has no body.
        dashes = data.find(b"\n--", max(start - 1, 0), block_end)
        if dashes >= 0:
            block_end = body_start = dashes + 1
    return block_end, body_start


def _split_fields(text: str) -> tuple[list[tuple[str, str]], int | None]:
    """Fields, and the offset of the body where a line that is no field begins it."""
    unfolded = text
    if "\n " in text or "\n\t" in text:
        unfolded = _FOLD.sub(" ", text)
    fields: list[tuple[str, str]] = []
    match_name = _FIELD_NAME.match
    for line in unfolded.split("\n"):
        match = match_name(line)
        if match is None:
            if line.strip():
                return _split_broken(text)
            continue
        end = match.end()
        fields.append((line[: end - 1].rstrip(), line[end:].strip()))
    return fields, None


def _split_broken(text: str) -> tuple[list[tuple[str, str]], int | None]:
    """The same for a block with a line that is no field.

    Such a line is passed over while fields follow it (an mbox `From ` line, a fold
    without its blank); after the last field it is the body, which lacks its empty line.
    """
    fields: list[tuple[str, str]] = []
    offset = 0
    body: int | None = None
    for line in text.split("\n"):
        match = _FIELD_NAME.match(line)
        if match is not None:
            end = match.end()
            fields.append((line[: end - 1].rstrip(), line[end:].strip()))
            body = None
        elif line[:1] in (" ", "\t") and fields and body is None:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
        elif line.strip() and body is None:
            body = offset
        offset += len(line) + 1
    return fields, body


def _with_charset(
    fields: list[tuple[str, str]], sample: bytes
) -> list[tuple[str, str]]:
    """Give each 8-bit value the charset of the letter, or the one it seems to have."""
    declared = _FIRST_CHARSET.search(sample)
    hint = charsets.find_codec(declared.group(1).decode()) if declared else ""
    if hint in ("", "ascii"):
        # Header and body together tell more than a single value does.
        hint = charsets.decode(sample).charset
    result: list[tuple[str, str]] = []
    for name, value in fields:
        if not value.isascii() or "\x1b" in value:
            value = charsets.decode(value.encode("latin-1"), hint=hint).text
        result.append((name, value))
    return result


def _split_parameters(value: str) -> list[str]:
    """Split at semicolons outside quotes; an open quote ends with the value."""
    if '"' not in value:
        return value.split(";")
    pieces: list[str] = []
    current = ""
    for index, section in enumerate(value.replace('\\"', "\0").split('"')):
        if index % 2:
            current += f'"{section}"'
            continue
        first, *others = section.split(";")
        current += first
        for other in others:
            pieces.append(current)
            current = other
    pieces.append(current)
    return [piece.replace("\0", '\\"') for piece in pieces]


def _unquote(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        inner = text[1:-1]
        if "\\" not in inner:
            return inner
        # Only quotes and backslashes are escaped: C:\temp is written unescaped.
        return inner.replace('\\"', '"').replace("\\\\", "\\")
    return text.strip('"')


def _note_continuation(
    continued: dict[str, dict[int, tuple[str, bool]]], name: str, text: str
) -> None:
    """Note `name*`, `name*1` or `name*1*` under its plain name."""
    plain, _, rest = name.partition("*")
    is_encoded = name.endswith("*")
    number = rest.rstrip("*")
    index = int(number) if number.isdecimal() and len(number) < 5 else 0
    continued.setdefault(plain, {}).setdefault(index, (text, is_encoded))


def _join_continuation(parts: dict[int, tuple[str, bool]]) -> str:
    charset = ""
    data = bytearray()
    for position, index in enumerate(sorted(parts)):
        text, is_encoded = parts[index]
        if not is_encoded:
            data += text.encode("utf-8", "replace")
            continue
        if position == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text)
    decoded = charsets.decode(bytes(data), charset).text
    return encoded_words.decode_words(decoded)
