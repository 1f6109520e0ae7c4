"""The letter inside an opaque S/MIME signature (RFC 8551, section 3.5.2).

Takes the content out of a CMS SignedData (RFC 5652, section 5.1) so that a signed letter
can be read. It verifies nothing and opens nothing encrypted.
"""

from __future__ import annotations

from dataclasses import dataclass

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_SEQUENCE, _OBJECT_ID, _OCTETS, _OCTETS_IN_PIECES, _CONTENT = (
    0x30,
    0x06,
    0x04,
    0x24,
    0xA0,
)
_END = 0x00
_MOST_PIECES = 100_000


@dataclass(frozen=True, slots=True)
class _Value:
    """One BER value: its tag, and its content `data[start:end]`.

    Of an indefinite length `end` is as far as the content could reach.
    """

    tag: int
    start: int
    end: int
    is_indefinite: bool


def signed_content(data: bytes) -> bytes:
    """The signed content, itself a MIME entity; empty when there is none."""
    outer = _read(data, 0, len(data))
    kind = _enter(data, outer, _SEQUENCE)
    if kind is None or kind.tag != _OBJECT_ID:
        return b""
    if data[kind.start : kind.end] != _SIGNED_DATA:
        return b""
    signed = _enter(data, _read(data, kind.end, len(data)), _CONTENT)
    version = _enter(data, signed, _SEQUENCE)
    if version is None:
        return b""
    # version, digestAlgorithms, encapContentInfo
    digests = _read(data, version.end, len(data))
    if digests is None or digests.is_indefinite:
        return b""
    content_kind = _enter(data, _read(data, digests.end, len(data)), _SEQUENCE)
    if content_kind is None or content_kind.tag != _OBJECT_ID:
        return b""
    octets = _enter(data, _read(data, content_kind.end, len(data)), _CONTENT)
    return _join_octets(data, octets) if octets else b""


def _join_octets(data: bytes, octets: _Value) -> bytes:
    """The bytes of an octet string, which streaming writers cut into pieces."""
    if octets.tag == _OCTETS:
        return data[octets.start : octets.end]
    if octets.tag != _OCTETS_IN_PIECES:
        return b""
    pieces: list[bytes] = []
    position = octets.start
    while position < octets.end and len(pieces) < _MOST_PIECES:
        piece = _read(data, position, octets.end)
        if piece is None or piece.tag != _OCTETS:
            break
        pieces.append(data[piece.start : piece.end])
        position = piece.end
    return b"".join(pieces)


def _enter(data: bytes, value: _Value | None, tag: int) -> _Value | None:
    """The first value inside a value of this tag."""
    if value is None or value.tag != tag:
        return None
    return _read(data, value.start, value.end)


def _read(data: bytes, position: int, limit: int) -> _Value | None:
    """The value at a position; None where there is none (ITU-T X.690, section 8.1)."""
    if position + 2 > limit:
        return None
    tag, first = data[position], data[position + 1]
    position += 2
    if first < 0x80:
        length, is_indefinite = first, False
    elif first == 0x80:
        length, is_indefinite = limit - position, True
    else:
        size = first & 0x7F
        if size > 8 or position + size > limit:
            return None
        length = int.from_bytes(data[position : position + size], "big")
        position, is_indefinite = position + size, False
    if tag == _END:
        return None
    return _Value(tag, position, min(position + length, limit), is_indefinite)
