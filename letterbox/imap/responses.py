"""What a server can say, as values.

Numbers that a server leaves out, or sends as 0 where 0 means nothing (UIDVALIDITY,
UIDNEXT, HIGHESTMODSEQ), are None, so that nobody stores them. Nothing here parses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from letterbox.imap.framing import Spool
from letterbox.imap.tokens import Token
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName


class Kind(StrEnum):
    """How a status response begins (RFC 9051 section 7.1)."""

    OK = "OK"
    NO = "NO"
    BAD = "BAD"
    BYE = "BYE"
    PREAUTH = "PREAUTH"


@dataclass(frozen=True, slots=True)
class Code:
    """The machine's part of a status: `[UIDNEXT 4392]`; name in upper case."""

    name: str
    arguments: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusResponse:
    """OK, NO, BAD, BYE or PREAUTH; with a tag it ends the command of that tag."""

    kind: Kind
    words: str
    code: Code | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Continuation:
    """The server waits for more of our command (`+ …`)."""

    words: str


@dataclass(frozen=True, slots=True)
class Exists:
    """So many letters are in the selected folder."""

    count: int


@dataclass(frozen=True, slots=True)
class Recent:
    """So many letters are `\\Recent`; of no use, but servers say it."""

    count: int


@dataclass(frozen=True, slots=True)
class Expunged:
    """The letter at this sequence number is gone and all later ones move up."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Vanished:
    """These letters are gone (RFC 7162); `earlier` if before this session looked."""

    uids: UidSet
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the server says about one letter; None is what it left unsaid."""

    sequence: int
    uid: int | None = None
    flags: frozenset[str] | None = None
    internal_date: datetime | None = None
    size: int | None = None
    mod_seq: int | None = None
    # The whole letter, `BODY[]`; its parts and all else are in `others`.
    body: bytes | Spool | None = None
    # Not to be changed: letters without any share it.
    others: Mapping[str, Token] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlagList:
    """The flags that letters in the selected folder may have."""

    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class FolderListing:
    """One row of LIST, LSUB or XLIST.

    `attributes` as the server wrote them; ask `has` and not the tuple, since case
    differs. `old_name` is set when NOTIFY tells of a renaming.
    """

    wire_name: WireName
    name: str
    delimiter: str | None
    attributes: tuple[str, ...] = ()
    old_name: WireName | None = None
    command: str = "LIST"

    def has(self, attribute: str) -> bool:
        """Whether the row carries this attribute, such as `\\Noselect`."""
        wanted = attribute.casefold()
        return any(one.casefold() == wanted for one in self.attributes)

    @property
    def is_selectable(self) -> bool:
        """Whether the folder can hold letters at all."""
        return not (self.has("\\Noselect") or self.has("\\NonExistent"))

    @property
    def path(self) -> tuple[str, ...]:
        """The name for people, cut at the delimiter."""
        if not self.delimiter:
            return (self.name,)
        return tuple(self.name.split(self.delimiter))


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """The answer to STATUS for one folder."""

    wire_name: WireName
    messages: int | None = None
    uid_next: int | None = None
    uid_validity: int | None = None
    unseen: int | None = None
    highest_mod_seq: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to SEARCH or ESEARCH; UIDs if a UID command asked."""

    uids: UidSet
    count: int
    mod_seq: int | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class CapabilityList:
    """What the server says it can do, in upper case."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Enabled:
    """The extensions that ENABLE has turned on, in upper case."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Namespace:
    """Where folders of one kind live: their prefix and the delimiter in it."""

    prefix: WireName
    delimiter: str | None


@dataclass(frozen=True, slots=True)
class Namespaces:
    """RFC 2342: our own folders, those of others, and the shared ones."""

    personal: tuple[Namespace, ...] = ()
    others: tuple[Namespace, ...] = ()
    shared: tuple[Namespace, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """What the server says of itself (RFC 2971); field names in lower case."""

    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Other:
    """An untagged response that Letterbox has no use for."""

    name: str
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no IMAP response; only its beginning is kept."""

    line: bytes


Response = (
    StatusResponse
    | Continuation
    | Exists
    | Recent
    | Expunged
    | Vanished
    | Fetched
    | FlagList
    | FolderListing
    | FolderStatus
    | Found
    | CapabilityList
    | Enabled
    | Namespaces
    | Identity
    | Other
    | Unreadable
)
