"""What a condition can look at: the registry of fields, each one small function.

A field turns facts into what an operator compares. `Sight` remembers what it has seen,
so that a hundred rules over one letter fold its body once. Nothing here compares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from letterbox.mime.letter import Address
from letterbox.rules.facts import Facts
from letterbox.rules.seen import MEMBER_LIMIT, Seen

HEADER_PREFIX = "header:"


class FieldKind(StrEnum):
    """What kind of value a field has; it says which operators make sense."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to look at: its name in JSON, its label and what it holds.

    `is_private` says that its value is part of the letter: people who may not read
    the letter must not see it in a trace. `is_single` says that there is one text at most,
    `is_long` that it may be a whole letter, dear to fetch and to fold.
    """

    name: str
    label: str
    help: str
    kind: FieldKind
    see: Callable[[Facts], Seen]
    is_private: bool = True
    holds_addresses: bool = False
    is_single: bool = False
    is_long: bool = False


FIELDS: dict[str, Field] = {}
_ReadAddresses: TypeAlias = Callable[[Facts], tuple[Address, ...]]


class Sight:
    """One letter as conditions see it: every field is read once, when first asked."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._seen: dict[str, Seen] = {}

    def see(self, field: Field) -> Seen:
        """What this field of the letter holds."""
        seen = self._seen.get(field.name)
        if seen is None:
            seen = self._seen[field.name] = field.see(self.facts)
        return seen


def find(name: str) -> Field | None:
    """The field of this name; `header:X-Priority` is made on demand."""
    if name in FIELDS:
        return FIELDS[name]
    if name.lower().startswith(HEADER_PREFIX):
        return _header_field(name[len(HEADER_PREFIX) :].strip())
    return None


def _header_field(header: str) -> Field | None:
    # RFC 5322, section 3.6.8: printable ASCII but the colon.
    if not (header.isascii() and 0 < len(header) <= 100):
        return None
    if any(not "!" <= character <= "~" or character == ":" for character in header):
        return None
    return Field(
        name=HEADER_PREFIX + header,
        label=f"Header {header}",
        help="Every field of this name counts.",
        kind=FieldKind.TEXT,
        see=lambda facts: _texts(facts.headers.get_all(header)),
    )


def text(
    name: str,
    label: str,
    *,
    help: str = "",
    is_private: bool = True,
    holds_addresses: bool = False,
    is_long: bool = False,
) -> Callable[[Callable[[Facts], str]], Callable[[Facts], str]]:
    """Register a field with one text."""

    def register(read: Callable[[Facts], str]) -> Callable[[Facts], str]:
        def see(facts: Facts) -> Seen:
            value = read(facts)
            return Seen(value, (value,))

        FIELDS[name] = Field(
            name,
            label,
            help,
            FieldKind.TEXT,
            see,
            is_private,
            holds_addresses,
            is_single=True,
            is_long=is_long,
        )
        return read

    return register


def texts(
    name: str,
    label: str,
    *,
    help: str = "",
) -> Callable[[Callable[[Facts], list[str]]], Callable[[Facts], list[str]]]:
    """Register a field with any number of texts."""

    def register(read: Callable[[Facts], list[str]]) -> Callable[[Facts], list[str]]:
        FIELDS[name] = Field(
            name, label, help, FieldKind.TEXT, lambda facts: _texts(read(facts))
        )
        return read

    return register


def addresses(
    name: str,
    label: str,
    *,
    help: str = "",
) -> Callable[[_ReadAddresses], _ReadAddresses]:
    """Register a field with any number of addresses, each matched by address or name."""

    def register(read: _ReadAddresses) -> _ReadAddresses:
        FIELDS[name] = Field(
            name,
            label,
            help,
            FieldKind.TEXT,
            lambda facts: _addresses(read(facts)),
            holds_addresses=True,
        )
        return read

    return register


def value(
    name: str, label: str, kind: FieldKind, *, help: str = ""
) -> Callable[[Callable[[Facts], int]], Callable[[Facts], int]]:
    """Register a field with a number, or with yes or no."""

    def register(read: Callable[[Facts], int]) -> Callable[[Facts], int]:
        def see(facts: Facts) -> Seen:
            number = read(facts)
            return Seen(number, number=number)

        FIELDS[name] = Field(name, label, help, kind, see, is_private=False)
        return read

    return register


def moment(
    name: str, label: str, *, help: str = ""
) -> Callable[[Callable[[Facts], datetime]], Callable[[Facts], datetime]]:
    """Register a field with a time."""

    def register(read: Callable[[Facts], datetime]) -> Callable[[Facts], datetime]:
        def see(facts: Facts) -> Seen:
            when = read(facts)
            return Seen(when.isoformat(), moment=when)

        FIELDS[name] = Field(name, label, help, FieldKind.MOMENT, see, is_private=False)
        return read

    return register


def _texts(values: list[str]) -> Seen:
    return Seen(values[:MEMBER_LIMIT], values)


def _addresses(values: tuple[Address, ...]) -> Seen:
    values = values[: MEMBER_LIMIT // 3]
    members: list[str] = []
    for each in values:
        members.append(each.email)
        if each.name:
            members += (each.name, str(each))
    return Seen([str(each) for each in values], members)


@text("subject", "Subject")
def subject(facts: Facts) -> str:
    """The subject, decoded."""
    return facts.subject


@text(
    "body",
    "Body text",
    help="All words of the letter, quoted ones too, no markup.",
    is_long=True,
)
def body(facts: Facts) -> str:
    """The text that a reader sees, with quotes."""
    return facts.body


@text(
    "new-text",
    "New text",
    help="What the sender wrote now, without quotes.",
    is_long=True,
)
def new_text(facts: Facts) -> str:
    """The text without quotes and signature."""
    return facts.new_text


@addresses("from", "From", help="The sender's address or name.")
def from_(facts: Facts) -> tuple[Address, ...]:
    """The author, as address, as name and as both."""
    return (facts.author,) if facts.author.email or facts.author.name else ()


@text("from-address", "From: address", holds_addresses=True)
def from_address(facts: Facts) -> str:
    """The author's address alone."""
    return facts.author.email


@text("from-name", "From: name")
def from_name(facts: Facts) -> str:
    """The author's name alone."""
    return facts.author.name


@text("from-domain", "From: domain", help="What stands behind the @.")
def from_domain(facts: Facts) -> str:
    """Matches exactly with `equals`, so that evil-acme.com is not acme.com."""
    return facts.author.domain


@addresses("to", "To")
def to(facts: Facts) -> tuple[Address, ...]:
    """Every address of the To field."""
    return facts.to


@addresses("cc", "Cc")
def cc(facts: Facts) -> tuple[Address, ...]:
    """Every address of the Cc field."""
    return facts.cc


@addresses("bcc", "Bcc", help="Rarely present: most servers remove it.")
def bcc(facts: Facts) -> tuple[Address, ...]:
    """Every address of the Bcc field."""
    return facts.bcc


@addresses("reply-to", "Reply-To")
def reply_to(facts: Facts) -> tuple[Address, ...]:
    """Every address of the Reply-To field."""
    return facts.reply_to


@texts("attachment-name", "Attachment: file name")
def attachment_name(facts: Facts) -> list[str]:
    """The name of each attachment; one without a name is absent."""
    return [each.name for each in facts.attachments]


@texts("attachment-type", "Attachment: type", help="Such as application/pdf.")
def attachment_type(facts: Facts) -> list[str]:
    """The media type of each attachment."""
    return [each.content_type for each in facts.attachments]


@value("attachment-count", "Attachment: how many", FieldKind.NUMBER)
def attachment_count(facts: Facts) -> int:
    """How many attachments the letter has."""
    return len(facts.attachments)


@value("size", "Size", FieldKind.NUMBER, help="In bytes; 200 KB and 5 MB work too.")
def size(facts: Facts) -> int:
    """The size of the raw letter in bytes."""
    return facts.size


@text("language", "Language", help="A code such as en, de or pt-BR.", is_private=False)
def language(facts: Facts) -> str:
    """The language of the letter (BCP 47); empty when unknown."""
    return facts.language


@text("kind", "Kind of mail", help="human, auto-reply, bounce …", is_private=False)
def kind(facts: Facts) -> str:
    """What `letterbox.mime.classify` took the letter for."""
    return facts.kind


@value("has-case", "Has a case", FieldKind.FLAG)
def has_case(facts: Facts) -> bool:
    """Whether the conversation belongs to a case."""
    return facts.has_case


@value("has-lead", "Has a lead", FieldKind.FLAG)
def has_lead(facts: Facts) -> bool:
    """Whether the conversation belongs to a lead."""
    return facts.has_lead


@value("is-first-letter", "Is the first letter of its conversation", FieldKind.FLAG)
def is_first_letter(facts: Facts) -> bool:
    """Whether it opened its conversation in this mailbox; replies did not."""
    return facts.is_first_letter


@value("sender-is-known", "Sender is known", FieldKind.FLAG)
def sender_is_known(facts: Facts) -> bool:
    """Whether the sender was a contact before this letter came."""
    return facts.sender_is_known


@moment("received-at", "Received at", help="Such as 2026-03-01 18:00.")
def received_at(facts: Facts) -> datetime:
    """When the server took the letter, in the time zone of the mailbox."""
    try:
        zone = ZoneInfo(facts.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return facts.received_at
    return facts.received_at.astimezone(zone)
