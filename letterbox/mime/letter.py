"""The values that a letter is read into.

They hold what the writer meant, already decoded; the raw bytes stay the truth and
are kept elsewhere. Nothing here parses.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of RFC 5322, section 3.4, decoded: `Anna Berg <anna@example.com>`."""

    email: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email

    @property
    def domain(self) -> str:
        """The part after the last @, in lower case; empty when there is none."""
        return self.email.rpartition("@")[2].lower() if "@" in self.email else ""

    @property
    def local_part(self) -> str:
        """The part before the last @, as written."""
        return self.email.rpartition("@")[0] if "@" in self.email else self.email


@dataclass(frozen=True, slots=True)
class Headers:
    """The header fields of a letter in their order, unfolded and decoded to text.

    Names compare without case, as RFC 5322, section 1.2.2, has it.
    """

    fields: tuple[tuple[str, str], ...] = ()
    # By lower-case name: a letter is asked for dozens of fields.
    _by_name: dict[str, list[str]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        for name, value in self.fields:
            self._by_name.setdefault(name.lower(), []).append(value)

    def get(self, name: str, default: str = "") -> str:
        """The first field of this name."""
        found = self._by_name.get(name.lower())
        return found[0] if found else default

    def get_all(self, name: str) -> list[str]:
        """Every field of this name, top to bottom."""
        return list(self._by_name.get(name.lower(), ()))

    @property
    def names(self) -> Set[str]:
        """Which fields there are, in lower case."""
        return self._by_name.keys()

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that a reader would open or save, described but not copied.

    `start` and `end` are byte offsets of the encoded body in the raw letter, so that
    the content is sliced on demand and never stored twice. A part that lives inside
    another encoding (winmail.dat, uuencode) has `path` to tell which of them it is.
    """

    filename: str
    content_type: str
    size: int
    start: int
    end: int
    transfer_encoding: str = ""
    content_id: str = ""
    is_inline: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What one letter says.

    `message_id`, `in_reply_to` and `references` are without angle brackets, in the
    order written. `date` is aware, or None where the Date field is missing or broken.
    `text` is what a reader sees as plain text (made from `html` when the letter has no
    plain part); `html` is the uncleaned source, empty when there is none.
    `problems` are sentences on what was repaired or given up.
    """

    headers: Headers
    subject: str = ""
    from_: tuple[Address, ...] = ()
    sender: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    date: datetime | None = None
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    content_type: str = "text/plain"
    parts: tuple[Part, ...] = ()
    is_signed: bool = False
    is_encrypted: bool = False
    problems: tuple[str, ...] = ()

    @property
    def author(self) -> Address:
        """The one who wrote it: the first From, else Sender, else an empty address."""
        return (*self.from_, *self.sender, Address(""))[0]


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of the MIME tree that says something about the letter itself.

    Kept for the parts that machines read: delivery-status, disposition-notification,
    feedback-report, rfc822-headers, calendar. `text` is decoded and bounded.
    """

    content_type: str
    parameters: dict[str, str] = field(default_factory=dict)
    text: str = ""
