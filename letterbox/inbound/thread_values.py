"""What the threading decision is asked and what it answers: values alone.

`threading` decides; `thread_facts` reads letters into these, `joining` tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What to do with the message."""

    START = "start"
    JOIN = "join"
    MERGE = "merge"


class How(StrEnum):
    """The strongest proof that was found."""

    SIGNED_ID = "signed-id"
    REFERENCES = "references"
    THREAD_INDEX = "thread-index"
    SUBJECT_TOKEN = "subject-token"  # noqa: S105 - a case number, not a secret.
    SAME_SUBJECT = "same-subject"
    NOTHING = "nothing"


class Notice(StrEnum):
    """What a person should look at."""

    # The writer has not been part of the conversation before.
    STRANGER_JOINED = "stranger-joined"
    # An old reference under another subject: offer to split.
    NEW_SUBJECT = "new-subject"
    # References lead to a further conversation that was not merged.
    LEADS_ELSEWHERE = "leads-elsewhere"


class Lines(NamedTuple):
    """The telling lines of letters, normalised: their own, and those they quote."""

    written: frozenset[str]
    quoted: frozenset[str]


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """What one message says about where it belongs.

    `references` holds the nearest ancestor first. `guesses` are ids written against
    RFC 5322, section 3.6.4 (no angle brackets); they need other proof beside them.
    Addresses are in lower case, and those of the mailbox itself are left out: `author`
    is empty for what we wrote. `written` and `quoted` are its `Lines`, which are there
    only where `threading.turning_on_lines` asks for them.
    `is_broadcast`: it went to many who do not know one another. `is_discussion`: it
    came through a list where they do. `signed` are conversations named by our own verified Message-IDs, nearest first.
    """

    message_id: str
    sent_at: datetime
    references: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    thread_root: str = ""
    signed: tuple[int, ...] = ()
    base_subject: str = ""
    is_reply: bool = False
    is_broadcast: bool = False
    is_discussion: bool = False
    author: frozenset[str] = frozenset()
    addressees: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    quoted: frozenset[str] = frozenset()

    @property
    def people(self) -> frozenset[str]:
        """Everyone the message names."""
        return self.author | self.addressees

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys to record for the conversation, so that others find it later.

        A key that leads elsewhere already stays where it is, unless they are merged.
        """
        root = (self.thread_root,) if self.thread_root else ()
        own = (self.message_id,) if self.message_id else ()
        return tuple(dict.fromkeys((*own, *self.references, *root)))

    @property
    def keys_to_look_up(self) -> tuple[str, ...]:
        """The keys by which an existing conversation is found."""
        return tuple(dict.fromkeys((*self.keys, *self.guesses)))


@dataclass(frozen=True, slots=True)
class Found:
    """Where one key leads. `is_held`: we hold that letter; else it was only named.

    `is_broadcast`: that letter went to many (a newsletter, a campaign), so an answer
    to it says nothing about who else answered.
    """

    conversation_id: int
    is_held: bool
    is_broadcast: bool = False


@dataclass(frozen=True, slots=True)
class KnownConversation:
    """What a conversation shows to the decision; addresses without the mailbox's own.

    `newest` are those of its messages whose lines are `written` and `quoted`, where
    they are asked for. `kept_apart`: conversations that a person has split from it.
    """

    id: int
    first_at: datetime
    last_at: datetime
    base_subjects: frozenset[str] = frozenset()
    starts_with_reply: bool = False
    authors: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    newest: tuple[int, ...] = ()
    written: frozenset[str] = frozenset()
    quoted: frozenset[str] = frozenset()
    kept_apart: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What the tables hold about a message that has just arrived.

    `references` answers `ThreadFacts.keys_to_look_up`. `numbered` are conversations
    whose case number stands in the subject. `same_subject` are conversations with the
    same base subject within the window; it is read only when nothing else proves.
    Every id named anywhere has its row in `conversations`.
    """

    references: Mapping[str, Found] = field(default_factory=dict)
    conversations: Mapping[int, KnownConversation] = field(default_factory=dict)
    numbered: tuple[int, ...] = ()
    same_subject: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ThreadVerdict:
    """Where the message goes. On MERGE all others go into the first conversation.

    `elsewhere` are conversations that it leads to as well, and that stay apart.
    """

    kind: Kind
    conversation_ids: tuple[int, ...]
    how: How
    notices: tuple[Notice, ...]
    trace: tuple[str, ...]
    elsewhere: tuple[int, ...] = ()
