"""Address lists of RFC 5322, section 3.4, as they are really written.

One pass over the value, no recursion: comments, quotes, groups, routes, names that
are encoded words (with commas in them), addresses without brackets, and none at all.
"""

from __future__ import annotations

import re

from letterbox.mime.letter import Address
from letterbox.mime.parse.encoded_words import decode_words

MAX_ADDRESSES = 2000

# An encoded word is one token, because broken writers leave commas and quotes in it.
_TOKEN = re.compile(r'=\?[^?\s]{1,40}\?[bBqQ]\?[^?\s]*\?=|[",;:<>()\\]')


def parse_addresses(value: str) -> tuple[Address, ...]:
    """Every mailbox of the value in order; text without an address keeps its name."""
    if not value:
        return ()
    if simple := _read_simple(value):
        return (simple,)
    reader = _Reader(value)
    found = reader.read()
    if reader.mode in ("quote", "comment"):
        # An opener that is never closed would swallow the rest: read without any.
        closed = value.replace('"', "").replace("(", "").replace(")", "")
        found = _Reader(closed).read()
    if not any(address.email for address in found) and "=?" in value:
        # Some writers encode the whole field, address and all.
        decoded = decode_words(value)
        if "@" in decoded and "=?" not in decoded:
            return parse_addresses(decoded)
    return tuple(found)


def _read_simple(value: str) -> Address | None:
    """`Anna Berg <anna@example.com>` and `anna@example.com`, which is nearly all."""
    name, bracket, rest = value.partition("<")
    if not bracket:
        email = value.strip()
        is_plain = "@" in email and not _TOKEN.search(email) and " " not in email
        return Address(email) if is_plain else None
    email = rest.rstrip()
    if not email.endswith(">"):
        return None
    email, name = email[:-1].strip(), name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    if "@" not in email or _TOKEN.search(email) or " " in email:
        return None
    if _TOKEN.search(name):
        return None
    return Address(email, " ".join(name.split()))


class _Reader:
    """One pass: where we are, and what the current mailbox has so far."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.mode = "text"
        self.found: list[Address] = []
        self.last_closing = value.rfind(">")
        self.depth = 0
        # Where the piece that is being read begins.
        self.begin = 0
        self._start_mailbox()

    def _start_mailbox(self) -> None:
        self.phrase: list[str] = []
        self.comments: list[str] = []
        self.email = ""

    def read(self) -> list[Address]:
        """All mailboxes; `mode` tells afterwards whether something was left open."""
        escaped = -1
        for match in _TOKEN.finditer(self.value):
            at, mark = match.start(), match.group()
            if at == escaped or len(mark) > 1:
                continue
            if mark == "\\":
                escaped = at + 1
            elif self.mode == "quote":
                self._read_in_quote(at, mark)
            elif self.mode == "comment":
                self._read_in_comment(at, mark)
            elif self.mode == "angle":
                self._read_in_angle(at, mark)
            else:
                self._read_in_text(at, mark)
            if len(self.found) >= MAX_ADDRESSES:
                return self.found
        rest = self.value[self.begin :]
        if self.mode == "angle":
            self._take_email(rest)
        elif self.mode == "text":
            self.phrase.append(rest)
        self._end_mailbox()
        return self.found

    def _read_in_quote(self, at: int, mark: str) -> None:
        if mark == '"':
            self._end_quote(self._end_piece(at), before=self.value[at + 1 : at + 2])

    def _read_in_comment(self, at: int, mark: str) -> None:
        self.depth += {"(": 1, ")": -1}.get(mark, 0)
        if self.depth == 0:
            self.comments.append(self._end_piece(at))

    def _read_in_angle(self, at: int, mark: str) -> None:
        is_open_end = mark in ",;" and at > self.last_closing
        if mark == ">" or is_open_end:
            self._take_email(self._end_piece(at))
        if is_open_end:
            self._end_mailbox()

    def _read_in_text(self, at: int, mark: str) -> None:
        self.phrase.append(self._end_piece(at))
        if mark == '"':
            self.mode = "quote"
        elif mark == "(":
            self.mode, self.depth = "comment", 1
        elif mark == "<":
            self.mode = "angle"
        elif mark == ":":
            self._end_group_name()
        elif mark in ",;":
            self._end_mailbox()

    def _end_piece(self, at: int) -> str:
        piece = self.value[self.begin : at]
        self.mode, self.begin = "text", at + 1
        return piece

    def _end_quote(self, text: str, *, before: str) -> None:
        # The quotes of a local part, `"odd..name"@example.com`, belong to the address.
        self.phrase.append(f'"{text}"' if before == "@" else _unescape(text))

    def _end_group_name(self) -> None:
        """`Friends: anna@…;` — the name of the group is no mailbox."""
        if "@" not in "".join(self.phrase):
            self.phrase = []

    def _take_email(self, text: str) -> None:
        # RFC 5322, section 4.4: a route, `@one,@two:anna@example.com`, is ignored.
        if text.lstrip().startswith("@") and ":" in text:
            text = text.rpartition(":")[2]
        # Blanks around the @ come from folding; others are kept, however wrong.
        local, at, domain = " ".join(text.split()).rpartition("@")
        text = f"{local.rstrip()}{at}{domain.lstrip()}"
        if not self.email or "@" not in self.email:
            self.email = text.removeprefix("mailto:")

    def _end_mailbox(self) -> None:
        phrase = " ".join("".join(self.phrase).split())
        comment = " ".join(" ".join(self.comments).split())
        if self.email:
            self._add(self.email, phrase or comment)
        elif "@" in phrase:
            words = phrase.split(" ")
            email = next(word for word in reversed(words) if "@" in word)
            others = " ".join(word for word in words if word != email)
            if "=?" in email and not others:
                self._add("", phrase)
            else:
                self._add(email, others or comment)
        elif phrase and " " not in phrase and "=?" not in phrase:
            self._add(phrase, comment)
        elif phrase:
            self._add("", phrase)
        self._start_mailbox()

    def _add(self, email: str, name: str) -> None:
        self.found.append(Address(email, " ".join(decode_words(name).split())))


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return text.replace('\\"', '"').replace("\\\\", "\\")
