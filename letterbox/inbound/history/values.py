"""What the processing of a history by the batch hands on: values alone.

What travels between processes is kept small; see `reading`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from letterbox.inbound.threading import ThreadFacts
from letterbox.mime.classify.values import OwnMail
from letterbox.mime.letter import Address
from letterbox.models import Mailbox


@dataclass(frozen=True, slots=True)
class Desk:
    """What a mailbox knows of itself: the same for all of its letters."""

    addresses: tuple[str, ...]
    own: OwnMail
    is_written_by_form: bool = False

    @classmethod
    def of(cls, mailbox: Mailbox, own: OwnMail) -> Desk:
        """What this mailbox knows."""
        return cls(tuple(mailbox.all_addresses), own, mailbox.is_written_by_form)


@dataclass(frozen=True, slots=True)
class Unread:
    """One stored letter: our id of its message, and its place."""

    message: int
    received_at: datetime
    is_in_sent: bool


@dataclass(frozen=True)
class Read:
    """What a letter says that decides where it belongs.

    `person` is who outside it is about, None for nobody. `named_by_us` are the
    conversations of our own Message-IDs, `bounced` the id of ours that did not arrive.
    """

    message: int
    message_id: str
    subject: str
    from_email: str
    from_name: str
    snippet: str
    is_from_us: bool
    kind: str
    person: Address | None
    facts: ThreadFacts
    remembered: dict[str, Any]
    named_by_us: tuple[int, ...]
    numbers: tuple[int, ...]
    bounced: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A letter that could not be read; the ordinary path finds out why."""

    message: int


@dataclass(frozen=True)
class Placed:
    """Where a letter that was read belongs, and what of facts and trace that decides."""

    unread: Unread
    facts: dict[str, object]
    trace: dict[str, Any]


@dataclass(slots=True)
class Placing:
    """A letter on its way to a place: as much of a Message as a conversation shows.

    `where` is its conversation: a stored one's id, or the negative number of a new one.
    """

    message: int
    mailbox_id: int
    message_id: str
    thread_facts: dict[str, Any]
    subject: str
    from_name: str
    from_email: str
    snippet: str
    direction: str
    received_at: datetime
    is_history: bool = True
    contact_id: int | None = None
    where: int = 0
    is_first: bool = False
    folder_role: str = ""
    trace: dict[str, Any] = field(default_factory=dict)


Answers: TypeAlias = list[Read | Unreadable]

# The columns of a message that processing sets, and its id.
Row: TypeAlias = dict[str, Any]
