"""What a decision may see of a letter: plain values, frozen, and their JSON.

A rule, a guard or a condition that wants to know more gets a field here first, so
that the dry run can know it too. Nothing here decides, reads a database or parses mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from letterbox.mime.letter import Address, Headers

#: Characters of subject, body and new text that conditions look at. What stands
#: beyond is kept with the letter but decides nothing: the time of a decision is bounded.
TEXT_LIMIT = 256 * 1024

_NOBODY = Address("")
_NO_HEADERS = Headers()


class FolderRole(StrEnum):
    """Where the letter lies, as far as rules care; the names of RFC 6154 in words."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    JUNK = "junk"
    TRASH = "trash"
    ARCHIVE = "archive"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """One attachment: `report.pdf`, `application/pdf`, size in bytes."""

    name: str
    content_type: str
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a decision may see of one letter in one mailbox.

    `message` and `conversation` are our ids. `received_at` is aware and is the time
    at which the server took the letter, never its Date field. `ledger_position` grows
    with every letter that Letterbox has seen in this mailbox. `kind`, `may_answer` and
    `refusals` (sentences) come from `letterbox.mime.classify`. `authentication` holds
    pairs such as ("dmarc", "fail") from headers of our own servers only.
    `mailbox_addresses` are this mailbox and its aliases, `own_addresses` those of all
    mailboxes and of every address that Letterbox notifies; `delivered_to` are the
    addresses of Delivered-To, X-Original-To and their like.
    """

    message: int
    received_at: datetime
    message_id: str = ""
    conversation: int | None = None
    ledger_position: int = 0
    is_history: bool = False
    folder_role: FolderRole = FolderRole.INBOX

    author: Address = _NOBODY
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    delivered_to: tuple[str, ...] = ()
    subject: str = ""
    body: str = ""
    new_text: str = ""
    headers: Headers = _NO_HEADERS
    attachments: tuple[AttachedFile, ...] = ()
    size: int = 0
    language: str = ""

    kind: str = "human"
    may_answer: bool = True
    refusals: tuple[tuple[str, str], ...] = ()
    authentication: tuple[tuple[str, str], ...] = ()
    has_case: bool = False
    has_lead: bool = False
    is_first_letter: bool = True
    sender_is_known: bool = False

    mailbox_addresses: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.received_at.tzinfo is None:
            raise ValueError("received_at needs a time zone.")

    @property
    def recipient(self) -> Address:
        """Who would get an answer: the first Reply-To, else the author; one address."""
        for each in self.reply_to:
            if each.email:
                return each
        return self.author

    def to_json(self) -> dict[str, object]:
        """These facts as JSON values; `from_json` reads them back unchanged."""
        return {each.name: _dump(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Facts:
        """Facts from what `to_json` gave; unknown keys of older versions are dropped."""
        known = {each.name for each in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        values["received_at"] = datetime.fromisoformat(values["received_at"])
        for key, load in _LOADERS.items():
            if key in values:
                values[key] = load(values[key])
        return cls(**values)


def _dump(value: object) -> object:
    match value:
        case Address():
            return [value.email, value.name]
        case AttachedFile():
            return [value.name, value.content_type, value.size]
        case Headers():
            return [list(pair) for pair in value]
        case datetime():
            return value.isoformat()
        case tuple():
            return [_dump(each) for each in value]
        case _:
            return value


def _addresses(pairs: list[list[str]]) -> tuple[Address, ...]:
    return tuple(Address(*pair) for pair in pairs)


def _pairs(rows: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, value in rows)


_LOADERS: Mapping[str, Any] = {
    "author": lambda pair: Address(*pair),
    "reply_to": _addresses,
    "to": _addresses,
    "cc": _addresses,
    "bcc": _addresses,
    "delivered_to": tuple,
    "headers": lambda rows: Headers(_pairs(rows)),
    "attachments": lambda rows: tuple(AttachedFile(*row) for row in rows),
    "refusals": _pairs,
    "authentication": _pairs,
    "mailbox_addresses": tuple,
    "own_addresses": tuple,
    "folder_role": FolderRole,
}
