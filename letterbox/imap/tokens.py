"""Turn the text of one response into tokens (RFC 9051 section 9).

An atom or number becomes str, a quoted string or literal bytes, NIL None, and what
stands in parentheses a list. Forgiving, because servers are: a string that is never
closed ends with its line, closing parentheses too many are passed over. Linear in
the length of the text; depth is limited, deeper lists are flattened.
"""

import re

from letterbox.imap.framing import Frame, Spool

Token = str | bytes | Spool | None | list["Token"]

_DEPTH = 200
# Possessive repeats (`*+`) never try again, so no text can make this slow; a section
# that never closes is looked for over 2,000 bytes and no further.
_TOKEN = re.compile(
    rb"""[ \t]*+(?:
      ((?i:BODY|BINARY)(?i:\.PEEK|\.SIZE)?\[[^\]]{0,2000}+\][^\s()"]*+ | [^\s()"]++)
    | ("[^"\\]*+(?:\\.[^"\\]*+)*+")
    | ([()])
    | (".*+)
    | \s
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
# Made once, since a large download says them for every letter.
_COMMON: dict[bytes, str | None] = {
    word: word.decode()
    for word in (
        rb"UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ BODY[] "
        rb"\Seen \Answered \Flagged \Deleted \Draft \Recent"
    ).split()
}
_COMMON[b"NIL"] = _COMMON[b"nil"] = _COMMON[b"Nil"] = None


def read(frame: Frame, place: int = 0) -> list[Token]:
    """Read all tokens of a frame, from a place in its first text on."""
    top: list[Token] = []
    current = top
    above: list[list[Token]] = []
    for index, text in enumerate(frame):
        if index % 2 or not isinstance(text, bytes):
            current.append(text)
            continue
        for atom, quoted, parenthesis, stray in _TOKEN.findall(text, place):
            if atom:
                current.append(_COMMON[atom] if atom in _COMMON else as_text(atom))
            elif quoted:
                string = quoted[1:-1]
                if b"\\" in string:
                    string = _ESCAPE.sub(rb"\1", string)
                current.append(string)
            elif parenthesis == b"(":
                above.append(current)
                if len(above) <= _DEPTH:
                    deeper: list[Token] = []
                    current.append(deeper)
                    current = deeper
            elif parenthesis:
                if above:
                    current = above.pop()
            elif stray:
                # iCloud leaves quotes open; take what there is.
                current.append(stray[1:])
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
    if isinstance(token, str) and len(token) <= 20 and token.isascii():
        return int(token) if token.isdigit() else None
    if isinstance(token, list) and len(token) == 1:
        # MODSEQ and others come in parentheses.
        token = token[0]
        return None if isinstance(token, list) else as_number(token)
    return as_number(as_text(token)) if isinstance(token, bytes) else None


def as_list(token: Token) -> list[Token]:
    """Return the list, or an empty one for anything else."""
    return token if isinstance(token, list) else []
