"""ISO-2022-JP as Windows and phones write it (code page 50221).

Python's own codecs refuse the circled numbers, Roman numerals and half-width katakana
that such letters hold. Here the two-byte sections are moved to Shift JIS, whose
Windows form (cp932) knows them all.
"""

from __future__ import annotations

_ESCAPE = b"\x1b"
_TWO_BYTES = (b"$B", b"$@", b"$(D", b"$(B", b"$(@")
_KATAKANA = b"(I"
_ONE_BYTE = (b"(B", b"(J", b"(H")


def decode_iso2022jp(data: bytes) -> str:
    """Text of an ISO-2022-JP sequence; what is no character becomes U+FFFD."""
    first, *sections = data.split(_ESCAPE)
    texts = [first.decode("cp932", "replace")]
    texts += [_decode_section(section) for section in sections]
    return "".join(texts)


def _decode_section(section: bytes) -> str:
    for escape in _TWO_BYTES:
        if section.startswith(escape):
            return _decode_two_bytes(section[len(escape) :])
    if section.startswith(_KATAKANA):
        shifted = bytes(b | 0x80 if 0x21 <= b <= 0x5F else b for b in section[2:])
        return shifted.decode("cp932", "replace")
    for escape in _ONE_BYTE:
        if section.startswith(escape):
            return section[len(escape) :].decode("cp932", "replace")
    return section.decode("cp932", "replace")


def _decode_two_bytes(data: bytes) -> str:
    shifted = bytearray()
    position = 0
    while position < len(data):
        row = data[position] & 0x7F
        cell = data[position + 1] & 0x7F if position + 1 < len(data) else 0
        if 0x21 <= row <= 0x7E and 0x21 <= cell <= 0x7E:
            shifted += _as_shift_jis(row, cell)
            position += 2
        else:
            # Line ends and blanks appear between the pairs of careless writers.
            shifted.append(data[position])
            position += 1
    return shifted.decode("cp932", "replace")


def _as_shift_jis(row: int, cell: int) -> bytes:
    """JIS X 0208, Appendix 1: two rows of JIS share one lead byte of Shift JIS."""
    lead = (row - 0x21) // 2 + (0x81 if row < 0x5F else 0xC1)
    odd_trail = cell + (0x1F if cell < 0x60 else 0x20)
    return bytes((lead, odd_trail if row % 2 else cell + 0x7E))
