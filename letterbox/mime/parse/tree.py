"""A letter cut into its MIME entities (RFC 2046), as offsets into the raw bytes.

One pass from top to bottom, no recursion, nothing copied. Nothing is decoded here but
the headers of the entities; a message inside the letter stays one closed entity.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from letterbox.mime.parse.headers import (
    ContentField,
    HeaderBlock,
    parse_content_field,
    read_header_block,
)

MAX_DEPTH = 50
MAX_PARTS = 1000

# Boundaries have at most 70 characters (RFC 2046, section 5.1.1); some writers differ.
_LONGEST_BOUNDARY = 250
_SNIFFED_LINES = 40
_EMPTY = ContentField("", {})
_EMPTY_LINES = re.compile(rb"[\r\n]*")


@dataclass(slots=True, eq=False)
class Entity:
    """A header and the place of its body, `raw[start:end]`, still encoded."""

    header: HeaderBlock
    content_type: str
    parameters: Mapping[str, str]
    disposition: ContentField
    transfer_encoding: str
    start: int
    end: int = 0
    is_root: bool = False
    children: list[Entity] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        """Whether the body consists of other entities."""
        return bool(self.children)


@dataclass(slots=True)
class Tree:
    """The letter as entities, and what had to be repaired."""

    root: Entity
    problems: list[str]


@dataclass(slots=True)
class _Open:
    boundary: bytes
    entity: Entity
    # Where a line of it begins next, by its line feed: -1 for nowhere any more.
    at: int = 0

    def next_line(self, raw: bytes, position: int) -> int:
        """Find it from a position on that only grows: each byte is looked at once.

        The longer what is looked for, the fewer bytes of an attachment are.
        """
        if 0 <= self.at <= position:
            self.at = raw.find(b"\n--" + self.boundary, position)
        return self.at


def with_line_feeds(raw: bytes) -> bytes:
    """The same bytes at the same offsets; old Macs ended lines with CR alone."""
    if b"\n" not in raw and b"\r" in raw:
        return raw.replace(b"\r", b"\n")
    return raw


def split_letter(raw: bytes) -> Tree:
    """Cut a letter, with line feeds (see `with_line_feeds`), into its entities."""
    problems: list[str] = []
    root = _read_entity(raw, _first_line(raw), "text/plain", in_multipart=False)
    root.is_root = True
    root.end = len(raw)
    problems += root.header.problems
    boundary = _boundary_of(raw, root)
    if boundary and raw.find(b"--" + boundary, root.start) < 0:
        problems.append("The boundary of the letter is not the one it names.")
        boundary = _sniff_boundary(raw, root.start)
    if boundary:
        _split_multipart(raw, _Open(boundary, root), problems)
    return Tree(root, problems)


def read_header(raw: bytes) -> HeaderBlock:
    """The header of a letter, with line feeds; nothing behind it is looked at."""
    return read_header_block(raw, _first_line(raw), in_multipart=False)


def _split_multipart(raw: bytes, root: _Open, problems: list[str]) -> None:
    stack = [root]
    known = {root.boundary: 0}
    current = root.entity
    # The line end before a boundary belongs to the boundary.
    position = root.entity.start - 1
    count = 0
    while (before := _next_boundary(raw, stack, max(position, 0))) >= 0:
        line_end = raw.find(b"\n", before + 1)
        line_end = len(raw) if line_end < 0 else line_end
        line = raw[before + 3 : min(line_end, before + 3 + _LONGEST_BOUNDARY)].rstrip()
        position = line_end
        index = known.get(line)
        is_closing = index is None and line.endswith(b"--")
        if is_closing:
            index = known.get(line[:-2])
        if index is None:
            continue
        end = before - 1 if raw[before - 1 : before] == b"\r" else before
        for opened in stack[index + 1 :]:
            opened.entity.end = end
        current.end = max(end, current.start)
        del stack[index + (0 if is_closing else 1) :]
        known = {opened.boundary: place for place, opened in enumerate(stack)}
        if is_closing:
            if not stack:
                return
            # What follows up to the next boundary of the parent is for nobody.
            current = _nobody(line_end)
            continue
        parent = stack[index].entity
        if count >= MAX_PARTS:
            problems.append(f"Only the first {MAX_PARTS} parts are read.")
            return
        count += 1
        default = "text/plain"
        if parent.content_type == "multipart/digest":
            default = "message/rfc822"
        current = _read_entity(raw, line_end + 1, default, in_multipart=True)
        current.end = len(raw)
        problems += current.header.problems
        parent.children.append(current)
        position = current.start - 1
        boundary = _boundary_of(raw, current)
        if boundary and len(stack) >= MAX_DEPTH:
            problems.append(f"Parts nested deeper than {MAX_DEPTH} are not opened.")
        elif boundary:
            stack.append(_Open(boundary, current))
            known[boundary] = len(stack) - 1
    if stack:
        problems.append("A multipart is not closed.")


def _next_boundary(raw: bytes, stack: Sequence[_Open], position: int) -> int:
    found = [at for each in stack if (at := each.next_line(raw, position)) >= 0]
    return min(found, default=-1)


def _read_entity(raw: bytes, start: int, default: str, *, in_multipart: bool) -> Entity:
    start = min(start, len(raw))
    header = read_header_block(raw, start, in_multipart=in_multipart)
    content = parse_content_field(header.first("content-type", default))
    disposition = header.first("content-disposition")
    encoding = header.first("content-transfer-encoding")
    return Entity(
        header=header,
        content_type=_clean_type(content.value, default),
        parameters=content.parameters,
        disposition=parse_content_field(disposition) if disposition else _EMPTY,
        transfer_encoding=encoding.partition(";")[0].strip().strip('"').lower(),
        start=header.body_start,
    )


def _clean_type(value: str, default: str) -> str:
    """`type/subtype` without blanks; what is no such thing is the default or data."""
    value = "".join(value.split())
    main, slash, sub = value.partition("/")
    if main and slash and sub:
        return value
    # RFC 2045, section 5.2, says text/plain; "text" alone is from before MIME.
    return "text/html" if value == "html" else default


def _boundary_of(raw: bytes, entity: Entity) -> bytes:
    """The boundary that cuts this entity; empty when it is not to be cut."""
    if not entity.content_type.startswith("multipart/"):
        return b""
    declared = entity.parameters.get("boundary", "").rstrip()
    boundary = declared.encode("utf-8", "replace")[: _LONGEST_BOUNDARY - 2]
    if boundary:
        return boundary
    return _sniff_boundary(raw, entity.start)


def _sniff_boundary(raw: bytes, start: int) -> bytes:
    """The boundary of a multipart that names none: `--` and then a Content- field."""
    position = start - 1 if start else 0
    for _ in range(_SNIFFED_LINES):
        before = raw.find(b"\n--", position)
        if before < 0:
            break
        line_end = raw.find(b"\n", before + 1)
        if line_end < 0:
            break
        line = raw[before + 3 : line_end].rstrip()
        if raw[line_end + 1 : line_end + 9].lower() == b"content-":
            return line[:_LONGEST_BOUNDARY]
        position = line_end
    return b""


def _first_line(raw: bytes) -> int:
    """Where the header begins: after empty lines, a BOM and an mbox `From ` line."""
    blank = _EMPTY_LINES.match(raw)
    start = blank.end() if blank else 0
    if raw.startswith(codecs.BOM_UTF8, start):
        start += len(codecs.BOM_UTF8)
    if raw.startswith((b"From ", b">From "), start):
        line_end = raw.find(b"\n", start)
        start = line_end + 1 if line_end >= 0 else start
    return start


def _nobody(start: int) -> Entity:
    header = HeaderBlock([], {}, start)
    return Entity(header, "text/plain", {}, _EMPTY, "", start)
