"""Prepare a letter for the wire: addresses, extensions needed, the body's line ends."""

from __future__ import annotations

import re

import idna

_LINE_END = re.compile(rb"\r\n|\r|\n")
# A path may not hold these (RFC 5321, section 4.1.2); a line end would be a command.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f<>]")


def wire_address(address: str) -> str | None:
    """Write an address as the wire takes it, or None where it can be none.

    The domain goes out in ASCII (RFC 5891); letters beyond it in front of the @ stay
    and need SMTPUTF8 (RFC 6531).
    """
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or _FORBIDDEN.search(address):
        return None
    if domain.isascii():
        return address
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        return None


def has_eight_bit_headers(raw: bytes) -> bool:
    """Whether the header section holds raw UTF-8 (RFC 6532)."""
    end = re.search(rb"\r\n\r\n|\n\n|\r\r", raw)
    return not raw[: end.start() if end else len(raw)].isascii()


def wire_body(raw: bytes) -> bytes:
    """Give every line its CRLF and double leading dots (RFC 5321, section 4.5.2).

    Bare CR and LF become line ends: a server that reads them so and one that does not
    would otherwise see two different letters. Ends with CRLF, without the final dot.
    """
    body = _LINE_END.sub(b"\r\n", raw)
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    body = body.replace(b"\r\n.", b"\r\n..")
    return b"." + body if body.startswith(b".") else body
