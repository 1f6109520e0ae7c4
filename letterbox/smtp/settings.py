"""How to reach an SMTP server, and the values it answers with. Nothing here talks."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Encryption(StrEnum):
    """How the conversation is kept secret; NONE only ever by explicit choice."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where letters are handed over, and as whom.

    With `login`, one of `password` and `token` (OAuth access token, RFC 7628) is
    used; without, none. `trust` is an extra file of certificate authorities or a
    whole TLS context; by default what the machine trusts. `timeout_seconds` is how
    long one answer may take, `final_timeout_seconds` the answer to a whole letter,
    which RFC 5321, section 4.5.3.2.6, wants long: giving up early makes letters
    doubtful. `hello_name` is how we name ourselves; by default our own address.
    """

    host: str
    port: int
    encryption: Encryption
    login: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    timeout_seconds: float = 60.0
    final_timeout_seconds: float = 600.0
    trust: ssl.SSLContext | Path | None = field(default=None, repr=False)
    hello_name: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the server (RFC 5321, section 4.2): a code and its words.

    `code` is -1 where the answer was none.
    """

    code: int
    words: str

    def __str__(self) -> str:
        return f"{self.code} {self.words}".strip() if self.code > 0 else self.words

    @property
    def is_yes(self) -> bool:
        """Done as asked (2xx)."""
        return 200 <= self.code <= 299

    @property
    def is_no_for_now(self) -> bool:
        """Refused, but a later try may succeed (4xx)."""
        return 400 <= self.code <= 499

    @property
    def is_no_for_good(self) -> bool:
        """Refused, and it will be refused again (5xx)."""
        return 500 <= self.code <= 599


@dataclass(frozen=True, slots=True)
class RefusedRecipient:
    """One address that the server would not take, and whether to try it again."""

    address: str
    reply: Reply
    is_temporary: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server took the letter: its words, and the recipients it left out."""

    reply: Reply
    refused: tuple[RefusedRecipient, ...] = ()
