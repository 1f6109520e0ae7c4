"""Folder names on the wire: modified UTF-7 (RFC 3501 section 5.1.3).

A `WireName` is the name as the server spells it, in ASCII modified UTF-7 (or, from
servers that ignore the rule, in whatever they sent); it identifies the folder and is
what we store and send back. The decoded name is for people only: decoding is
forgiving and therefore not always reversible.
"""

from base64 import b64decode, b64encode
from typing import NewType

WireName = NewType("WireName", str)

INBOX = WireName("INBOX")


def decode(wire_name: str) -> str:
    """Return the name for people; a malformed stretch is shown as it came."""
    if "&" not in wire_name:
        return wire_name
    first, *rest = wire_name.split("&")
    decoded = [first]
    for part in rest:
        shifted, dash, plain = part.partition("-")
        if dash and not shifted:
            decoded.append("&" + plain)
            continue
        text = _decode_shifted(shifted) if dash else None
        decoded.append("&" + part if text is None else text + plain)
    return "".join(decoded)


def encode(name: str) -> WireName:
    """Return the name for the wire."""
    encoded: list[str] = []
    shifted: list[str] = []
    for character in name:
        if " " <= character <= "~":
            _flush(shifted, encoded)
            encoded.append("&-" if character == "&" else character)
        else:
            shifted.append(character)
    _flush(shifted, encoded)
    return WireName("".join(encoded))


def _flush(shifted: list[str], encoded: list[str]) -> None:
    if shifted:
        raw = "".join(shifted).encode("utf-16-be", "surrogatepass")
        base64 = b64encode(raw, b"+,").decode("ascii").rstrip("=")
        encoded.append(f"&{base64}-")
        shifted.clear()


def _decode_shifted(shifted: str) -> str | None:
    """Decode one base64 stretch; None if it is none."""
    padding = "=" * (-len(shifted) % 4)
    try:
        raw = b64decode(shifted + padding, b"+,", validate=True)
        return raw.decode("utf-16-be")
    except ValueError:
        return None
