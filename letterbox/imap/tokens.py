"""Turn the text of one response into tokens (RFC 9051 section 9).

An atom or number becomes str, a quoted string or literal bytes, NIL None, and what
stands in parentheses a list. Forgiving, because servers are: a string that is never
closed ends with its line, closing parentheses too many are passed over. Linear in
the length of the text; depth is limited, deeper lists are flattened.
"""

import re
from collections.abc import Callable

from letterbox.imap.framing import Frame, Spool

Token = str | bytes | Spool | None | list["Token"]

_DEPTH = 200
_OPEN, _CLOSE, _QUOTED, _ATOM, _STRAY_QUOTE = range(1, 6)
# Possessive repeats (`*+`) never try again, so no text can make this slow.
_TOKEN = re.compile(
    rb"""[ \t]*+(?:
      (\()
    | (\))
    | "([^"\\]*+(?:\\.[^"\\]*+)*+)"
    | ([^\s()"]++)
    | (")
    | \s
    )""",
    re.VERBOSE | re.DOTALL,
)
_SECTION = re.compile(rb"(?:BODY|BODY\.PEEK|BINARY|BINARY\.SIZE)\[", re.IGNORECASE)
_SECTION_END = re.compile(rb"[^\s()\"]*+")
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)


def read(frame: Frame, place: int = 0) -> list[Token]:
    """Read all tokens of a frame, from a place in its first text on."""
    top: list[Token] = []
    current = top
    above: list[list[Token]] = []
    match: Callable[[bytes, int], re.Match[bytes] | None] = _TOKEN.match
    for index, text in enumerate(frame):
        if index % 2 or not isinstance(text, bytes):
            current.append(text)
            continue
        while found := match(text, place):
            place = found.end()
            kind = found.lastindex
            if kind == _ATOM:
                atom = found[_ATOM]
                if b"[" in atom and b"]" not in atom and _SECTION.match(atom):
                    atom, place = _rest_of_section(text, place - len(atom), place)
                current.append(_atom(atom))
            elif kind == _QUOTED:
                quoted = found[_QUOTED]
                if b"\\" in quoted:
                    quoted = _ESCAPE.sub(rb"\1", quoted)
                current.append(quoted)
            elif kind == _OPEN:
                above.append(current)
                if len(above) <= _DEPTH:
                    deeper: list[Token] = []
                    current.append(deeper)
                    current = deeper
            elif kind == _CLOSE:
                if above:
                    current = above.pop()
            elif kind == _STRAY_QUOTE:
                # iCloud leaves quotes open; take what there is.
                current.append(text[place:])
                break
        place = 0
    return top


def as_text(token: Token) -> str:
    """Return a string or atom as text, whatever its encoding; NIL is empty."""
    if isinstance(token, str):
        return token
    if isinstance(token, bytes):
        try:
            return token.decode("utf-8")
        except UnicodeDecodeError:
            return token.decode("latin-1")
    return ""


def as_number(token: Token) -> int | None:
    """Return a number of up to 64 bits, or None if the token is none."""
    if isinstance(token, list) and len(token) == 1:
        # MODSEQ and others come in parentheses.
        token = token[0]
    if isinstance(token, bytes):
        token = as_text(token)
    if not isinstance(token, str) or len(token) > 20:
        return None
    return int(token) if token.isascii() and token.isdigit() else None


def as_list(token: Token) -> list[Token]:
    """Return the list, or an empty one for anything else."""
    return token if isinstance(token, list) else []


def _atom(atom: bytes) -> str | None:
    if len(atom) == 3 and atom.upper() == b"NIL":
        return None
    return as_text(atom)


def _rest_of_section(text: bytes, start: int, place: int) -> tuple[bytes, int]:
    """Extend `BODY[HEADER.FIELDS` to its bracket, over blanks and parentheses."""
    bracket = text.find(b"]", place)
    if bracket < 0:
        return text[start:], len(text)
    found = _SECTION_END.match(text, bracket)
    end = found.end() if found else bracket + 1
    return text[start:end], end
