"""Header fields written so that no value can become a second field.

Every function returns one complete field with its CRLF, folded below 78 characters
where there is a place to fold (RFC 5322, section 2.2.3), in ASCII (RFC 2047, RFC 2231)
but for the local parts that only UTF-8 can name (RFC 6532).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from letterbox.mime.letter import Address
from letterbox.mime.parse.encoded_words import encode_words, without_controls

_LINE = 78
_LONGEST_LINE = 998
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_ATOM_SPECIALS = frozenset('()<>[]:;@\\,."')
_FORBIDDEN_IN_EMAIL = re.compile(r'[\x00-\x20\x7f-\x9f()<>\[\],;:\\"\u2028\u2029\s]')
_FORBIDDEN_IN_ID = re.compile(r"[^!-~]|[<>]")
_PARAMETER_SAFE = "!#$&+-.^_`|~"
_SECTION = 50


def check_address(address: Address) -> Address:
    """The address with its domain as ASCII; ValueError when mail cannot reach it."""
    local, domain = address.local_part, address.email.rpartition("@")[2]
    if not local or "@" not in address.email or not domain:
        raise ValueError(f"{address.email!r} is not an address like name@example.com.")
    if _FORBIDDEN_IN_EMAIL.search(address.email) or "@" in local:
        raise ValueError(f"{address.email!r} holds characters that no address has.")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise ValueError(f"{domain!r} is not the name of a domain.") from error
    return Address(f"{local}@{domain}", address.name)


def check_name(name: str) -> str:
    """A field name as it is; ValueError when it is none."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name for a header field.")
    return name


def write_text(name: str, value: str) -> str:
    """An unstructured field such as Subject; line ends in the value become blanks."""
    value = without_controls(value)
    words = value.split(" ")
    is_plain = (
        value.isascii()
        and "=?" not in value
        and "" not in words
        and max(map(len, words)) <= _LINE - 2
    )
    if not is_plain:
        words = encode_words(value, taken=len(name) + 1)
    return _fold(name, words)


def write_addresses(name: str, addresses: Iterable[Address]) -> str:
    """A field of mailboxes; raises ValueError as `check_address` does."""
    tokens: list[str] = []
    for address in addresses:
        checked = check_address(address)
        if tokens:
            tokens[-1] += ","
        taken = 0 if tokens else len(name) + 1
        if words := _phrase(checked.name, taken=taken):
            tokens += [*words, f"<{checked.email}>"]
        else:
            tokens.append(checked.email)
    return _fold(name, tokens)


def write_ids(name: str, ids: Iterable[str]) -> str:
    """A field of message ids; those that could break the header are left out."""
    clean = [one.strip().strip("<>") for one in ids]
    kept = [
        f"<{one}>"
        for one in clean
        if one and len(one) < _LONGEST_LINE - 40 and not _FORBIDDEN_IN_ID.search(one)
    ]
    return _fold(name, kept) if kept else ""


def write_parameters(name: str, value: str, parameters: dict[str, str]) -> str:
    """A field such as Content-Type with its parameters (RFC 2045, RFC 2231)."""
    tokens = [value]
    for key, text in parameters.items():
        for token in _write_parameter(key, without_controls(text)):
            tokens[-1] += ";"
            tokens.append(token)
    return _fold(name, tokens)


def _write_parameter(key: str, text: str) -> list[str]:
    is_plain = text.isascii() and len(text) + len(key) < _LINE - 10 and "=?" not in text
    if is_plain:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return [f'{key}="{escaped}"']
    encoded = "utf-8''" + quote(text, safe=_PARAMETER_SAFE, errors="replace")
    if len(encoded) <= _SECTION:
        return [f"{key}*={encoded}"]
    sections: list[str] = []
    while encoded:
        end = min(_SECTION, len(encoded))
        # Never cut through a %XX.
        while end < len(encoded) and "%" in encoded[end - 2 : end]:
            end -= 1
        sections.append(encoded[:end])
        encoded = encoded[end:]
    return [f"{key}*{index}*={section}" for index, section in enumerate(sections)]


def _phrase(name: str, *, taken: int) -> list[str]:
    """The tokens of a display name: atoms, one quoted string, or encoded words."""
    name = " ".join(without_controls(name).split())
    if not name:
        return []
    if not name.isascii() or "=?" in name or len(name) > _LINE - 6:
        return encode_words(name, taken=taken)
    if any(c in _ATOM_SPECIALS for c in name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return [f'"{escaped}"']
    return name.split(" ")


def _fold(name: str, tokens: Iterable[str]) -> str:
    """Lay tokens out over lines; each keeps one blank before it, also when folded."""
    lines: list[str] = []
    line = f"{check_name(name)}:"
    for token in tokens:
        # The first token stays on the line of the name: some readers fail otherwise.
        if len(line) + 1 + len(token) > _LINE and not line.endswith(":"):
            lines.append(line)
            line = ""
        line += f" {token}"
    lines.append(line)
    return "\r\n".join(lines) + "\r\n"
