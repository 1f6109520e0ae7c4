"""What a session returns and takes: plain values about folders and letters.

Nothing here talks to anyone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from letterbox.imap.framing import Spool
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName


@dataclass(frozen=True, slots=True)
class Password:
    """A login name and its password."""

    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A login name and an OAuth access token that is still valid."""

    login: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownState:
    """What we remember of a folder, for QRESYNC (RFC 7162 section 3.2.5)."""

    uid_validity: int
    highest_mod_seq: int


@dataclass(frozen=True, slots=True)
class LetterState:
    """What changes, or is small, about one letter; None is what the server left out."""

    uid: int
    flags: frozenset[str] | None = None
    size: int | None = None
    internal_date: datetime | None = None
    mod_seq: int | None = None


@dataclass(frozen=True, slots=True)
class SelectedFolder:
    """What the server said when the folder was opened.

    None is what it left out, or sent as a 0 that means nothing. `vanished` and
    `changed` are filled only if a `KnownState` was given and the server could use it.
    """

    wire_name: WireName
    exists: int
    uid_validity: int | None
    uid_next: int | None
    highest_mod_seq: int | None
    permanent_flags: frozenset[str]
    is_read_only: bool
    vanished: UidSet = field(default_factory=UidSet)
    changed: tuple[LetterState, ...] = ()

    @property
    def keeps_any_flag(self) -> bool:
        """Whether letters may be given flags of our own making."""
        return "\\*" in self.permanent_flags


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different since a mod-sequence; `vanished` only with QRESYNC."""

    changed: tuple[LetterState, ...]
    vanished: UidSet


@dataclass(frozen=True, slots=True)
class FetchedLetter:
    """One whole letter, byte for byte; no flags if the server left them out.

    `is_complete` is False if it is longer than the limit; then only the beginning
    is here and `size` is what the server announced.
    """

    uid: int
    body: bytes | Spool = field(repr=False)
    flags: frozenset[str]
    internal_date: datetime | None
    mod_seq: int | None

    @property
    def size(self) -> int:
        """The length that the server announced, in bytes."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.size

    @property
    def is_complete(self) -> bool:
        """Whether all bytes are here."""
        return isinstance(self.body, bytes) or self.body.is_complete

    @property
    def raw(self) -> bytes:
        """All bytes that are here, in memory; prefer `chunks` for large letters."""
        return self.body if isinstance(self.body, bytes) else self.body.read()

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in pieces, without holding more than one in memory."""
        if isinstance(self.body, bytes):
            yield self.body
        else:
            yield from self.body.chunks()


@dataclass(frozen=True, slots=True)
class PartOutline:
    """One part of a letter that was not downloaded; `section` fetches it.

    `name` is as it stands in the letter, perhaps still encoded (RFC 2047, 2231).
    """

    section: str
    content_type: str
    encoding: str
    size: int | None
    name: str


@dataclass(frozen=True, slots=True)
class LetterOutline:
    """A letter without its bodies: for those that are too large."""

    uid: int
    size: int | None
    header: bytes = field(repr=False)
    parts: tuple[PartOutline, ...]


@dataclass(frozen=True, slots=True)
class LetterIdentity:
    """What tells that a letter is one we have, without downloading it.

    `message_id` without its blanks, empty if there is none; `email_id` is EMAILID
    (RFC 8474) or Gmail's X-GM-MSGID, the same in all folders.
    """

    uid: int
    size: int | None
    internal_date: datetime | None
    message_id: str
    email_id: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedLetter:
    """A letter that the server has but will not hand out; try again much later."""

    uid: int
    server_words: str


@dataclass(frozen=True, slots=True)
class AbsentLetter:
    """A letter that the server passed over in silence: gone, or not there yet."""

    uid: int


FetchOutcome = FetchedLetter | RefusedLetter | AbsentLetter


@dataclass(frozen=True, slots=True)
class Appended:
    """Where an appended letter is, if the server says so (UIDPLUS)."""

    uid_validity: int | None = None
    uid: int | None = None


@dataclass(frozen=True, slots=True)
class Copied:
    """Where letters went (COPYUID): old UID to new UID; empty if not said."""

    uid_validity: int | None = None
    uids: dict[int, int] = field(default_factory=dict)
