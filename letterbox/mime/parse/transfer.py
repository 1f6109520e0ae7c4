"""Content-Transfer-Encoding undone (RFC 2045, section 6), and never an error.

What is broken is decoded as far as it goes; what is not encoded is returned as it is.
"""

from __future__ import annotations

import binascii
import re

_SOFT_BREAK_WITH_BLANKS = re.compile(rb"=[ \t]+(?=\r?\n)")
_NOT_BASE64 = bytes(
    c for c in range(256) if not (chr(c).isascii() and (chr(c).isalnum() or c in b"+/"))
)
_BASE64_AND_LINE_ENDS = bytes(c for c in range(256) if c not in _NOT_BASE64) + b"=\r\n"
_SAMPLE_BYTES = 1024
_COUNTED_BYTES = 4 * 1024
_COUNTED_AT_ONCE = 64 * 1024
_UU_NAMES = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The bytes that were meant by an encoded body; an unknown encoding means none."""
    if encoding == "base64":
        return decode_base64(data)
    if encoding == "quoted-printable":
        return decode_quoted_printable(data)
    if encoding in _UU_NAMES:
        return decode_uuencode(data)
    return data


def is_encoded(encoding: str) -> bool:
    """Whether bytes under this encoding differ from the content they stand for."""
    return encoding in ("base64", "quoted-printable") or encoding in _UU_NAMES


def decoded_size(raw: bytes, start: int, end: int, encoding: str) -> int:
    """How many bytes `raw[start:end]` stands for, without a copy of large ones."""
    if not is_encoded(encoding):
        return end - start
    if encoding != "base64" or end - start < _COUNTED_BYTES:
        return len(decode_transfer(raw[start:end], encoding))
    # Faster than to count the blanks, of which every line has two.
    digits = sum(
        len(raw[at : min(at + _COUNTED_AT_ONCE, end)].translate(None, b"\n\r \t"))
        for at in range(start, end, _COUNTED_AT_ONCE)
    )
    return digits * 3 // 4 - raw.count(b"=", end - 8, end)


def decode_base64(data: bytes) -> bytes:
    """Decode base64 with strange characters, several paddings, or a cut-off end.

    What is labelled so but is plain text comes back as it is.
    """
    sample = data[:_SAMPLE_BYTES]
    strange = sample.translate(None, _BASE64_AND_LINE_ENDS)
    if len(strange) * 10 > len(sample):
        return data
    padding = data.find(b"=")
    # Only padding and white space may follow; anything else is a second block.
    if padding < 0 or not data[padding:].strip(b"=\r\n\t ").strip():
        try:
            return binascii.a2b_base64(data)
        except binascii.Error:
            return _decode_base64_block(data)
    return b"".join(_decode_base64_block(block) for block in data.split(b"="))


def _decode_base64_block(block: bytes) -> bytes:
    digits = block.translate(None, _NOT_BASE64)
    # A single left-over digit holds six bits: not a byte, so it is dropped.
    digits = digits[: len(digits) - 1] if len(digits) % 4 == 1 else digits
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def decode_quoted_printable(data: bytes) -> bytes:
    """Decode quoted-printable; a `=` that starts nothing stays as written."""
    if b"= " in data or b"=\t" in data:
        # Some gateways append blanks to a soft line break.
        data = _SOFT_BREAK_WITH_BLANKS.sub(b"=", data)
    return binascii.a2b_qp(data)


def decode_uuencode(data: bytes) -> bytes:
    """Decode the first uuencoded block; bytes before `begin` and after `end` go."""
    result = bytearray()
    is_inside = False
    for line in data.split(b"\n"):
        line = line.rstrip(b"\r")
        if not is_inside:
            is_inside = line.startswith(b"begin ")
        elif line.strip() == b"end":
            break
        elif line:
            result += _decode_uu_line(line)
    return bytes(result)


def _decode_uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Wrong trailing characters: take as many as the length character asks for.
        wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:wanted])
        except binascii.Error:
            return b""
