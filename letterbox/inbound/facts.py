"""From a processed message to the Facts that rules and guards may see.

Live decisions and dry runs come through here, so both see the same: the columns of the
message, and what `remembered` keeps because no column holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from letterbox.mime.classify import Classification
from letterbox.mime.letter import Address, Headers, Letter
from letterbox.models import Case, Lead, Mailbox, Message, Placement
from letterbox.rules import budgets
from letterbox.rules.engine import Verdict
from letterbox.rules.facts import AttachedFile, Facts, FolderRole
from letterbox.rules.trace import Fit

DELIVERED_TO = ("Delivered-To", "X-Original-To", "X-Delivered-To", "Envelope-To")
AUTHENTICATION_METHODS = ("dmarc", "spf", "dkim")
# The fits of a rule that takes a letter: the others are not worth keeping twice.
TAKING = frozenset({Fit.ANSWERS, Fit.HELD, Fit.REFUSED, Fit.QUIET})


class Columns(NamedTuple):
    """The columns of a Message that are facts, in an order that a query can follow."""

    pk: int
    received_at: datetime
    message_id: str
    conversation_id: int | None
    is_history: bool
    from_email: str
    from_name: str
    recipients: Mapping[str, Sequence[tuple[str, str]]]
    subject: str
    text: str
    new_text: str
    attachments: Sequence[Mapping[str, Any]]
    language: str
    kind: str

    @classmethod
    def of(cls, message: Message) -> Columns:
        """The columns of a message in hand."""
        return cls(*(getattr(message, name) for name in cls._fields))


class Remembered(NamedTuple):
    """What was so when the message was processed, and stands in no column of it."""

    delivered_to: tuple[str, ...] = ()
    may_answer: bool = True
    refusals: tuple[tuple[str, str], ...] = ()
    authentication: tuple[tuple[str, str], ...] = ()
    has_case: bool = False
    has_lead: bool = False
    is_first_letter: bool = True
    sender_is_known: bool = False
    folder_role: FolderRole = FolderRole.INBOX
    mailbox_addresses: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()
    size: int = 0
    time_zone: str = "UTC"

    def to_json(self) -> dict[str, object]:
        """What differs from the usual, as JSON values."""
        return {
            name: value
            for name, value, usual in zip(self._fields, self, Remembered(), strict=True)
            if value != usual
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Remembered:
        """What `to_json` gave; unknown keys of older versions are dropped."""
        given = {name: data[name] for name in data.keys() & _KNOWN}
        for name in _LISTS & given.keys():
            given[name] = tuple(given[name])
        for name in _PAIRS & given.keys():
            given[name] = tuple((key, value) for key, value in given[name])
        if "folder_role" in given:
            given["folder_role"] = FolderRole(given["folder_role"])
        return cls(**given)


_KNOWN = frozenset(Remembered._fields)
_LISTS = frozenset({"delivered_to", "mailbox_addresses", "own_addresses"})
_PAIRS = frozenset({"refusals", "authentication"})


def remember(
    message: Message,
    letter: Letter,
    *,
    mailbox: Mailbox,
    classification: Classification,
    own_addresses: frozenset[str],
    is_first: bool,
    has_case: bool,
    has_lead: bool,
    sender_is_known: bool,
    time_zone: str = "UTC",
    places: Sequence[Placement] | None = None,
) -> Remembered:
    """What no column of the message holds.

    `places` are its placements with their folders, where the caller has them.
    """
    if places is None:
        places = placements_of(message)
    return of_letter(letter, classification, own_addresses)._replace(
        has_case=has_case,
        has_lead=has_lead,
        is_first_letter=is_first,
        sender_is_known=sender_is_known,
        folder_role=folder_role(places[0].folder.role if places else ""),
        mailbox_addresses=tuple(mailbox.all_addresses),
        size=message.raw.size,
        time_zone=time_zone,
    )


def of_letter(
    letter: Letter, classification: Classification, own_addresses: frozenset[str]
) -> Remembered:
    """The part that the letter alone decides."""
    delivered_to = [
        value.strip(" <>")
        for name in DELIVERED_TO
        for value in letter.headers.get_all(name)
    ]
    return Remembered(
        delivered_to=tuple(dict.fromkeys(delivered_to))[:DELIVERED_LIMIT],
        may_answer=classification.may_answer,
        refusals=tuple(
            (reason.value, reason.sentence) for reason in classification.answer_refusals
        ),
        authentication=authentication(letter),
        own_addresses=_ours_among(letter, own_addresses),
    )


# A letter may carry thousands of these fields; a person is named in the first ones.
DELIVERED_LIMIT = 50


def make(columns: Columns, known: Remembered, headers: Headers) -> Facts:
    """Everything a decision may see of one message."""
    people = columns.recipients
    return Facts(
        message=columns.pk,
        received_at=columns.received_at,
        message_id=columns.message_id,
        conversation=columns.conversation_id,
        ledger_position=columns.pk,
        is_history=columns.is_history,
        author=Address(columns.from_email, columns.from_name),
        reply_to=_addresses(people.get("reply_to", ())),
        to=_addresses(people.get("to", ())),
        cc=_addresses(people.get("cc", ())),
        bcc=_addresses(people.get("bcc", ())),
        subject=columns.subject,
        body=columns.text,
        new_text=columns.new_text,
        headers=headers,
        attachments=tuple(
            AttachedFile(each["filename"], each["content_type"], each["size"])
            for each in columns.attachments
        ),
        language=columns.language,
        kind=columns.kind,
        **known._asdict(),
    )


def outcome(verdict: Verdict, now: datetime) -> dict[str, object]:
    """What was decided and when, in few words: what a dry run compares with."""
    fits = {
        str(each.rule): each.fit.value
        for each in verdict.trace.rules
        if each.fit in TAKING
    }
    return {"decided_at": now.isoformat(), "fits": fits}


def authentication(letter: Letter) -> tuple[tuple[str, str], ...]:
    """The results of the topmost Authentication-Results field (RFC 8601).

    Only the topmost one was written by the server that we fetch from; those below may
    be the sender's own invention.
    """
    text = letter.headers.get("Authentication-Results").lower()
    found: list[tuple[str, str]] = []
    for piece in text.split(";")[:20]:
        method, equals, rest = piece.strip().partition("=")
        if equals and method.strip() in AUTHENTICATION_METHODS:
            words = rest.split()
            if words:
                found.append((method.strip(), words[0]))
    return tuple(found)


def records_of(message: Message) -> tuple[bool, bool]:
    """Whether the message's conversation has a case, and a lead."""
    if message.conversation_id is None:
        return False, False
    return (
        Case.objects.filter(conversation=message.conversation_id).exists(),
        Lead.objects.filter(conversation=message.conversation_id).exists(),
    )


def sender_is_known(message: Message) -> bool:
    """Whether this address has written to us, or been written to, before."""
    return (
        Message.objects.filter(mailbox=message.mailbox_id, contact=message.contact_id)
        .exclude(contact=None)
        .filter(pk__lt=message.pk)
        .exists()
    )


def placements_of(message: Message) -> list[Placement]:
    """Where the server keeps the message, in the order in which we learnt of it."""
    return list(
        Placement.objects.filter(message=message, gone_at=None)
        .select_related("folder")
        .order_by("id")
    )


def _addresses(pairs: Sequence[tuple[str, str]]) -> tuple[Address, ...]:
    return tuple([Address(email, name) for name, email in pairs])


def _ours_among(letter: Letter, own: frozenset[str]) -> tuple[str, ...]:
    """Those of our addresses that the author, or who would get the answer, is.

    The others decide nothing, and there may be hundreds.
    """
    recipient = next((each for each in letter.reply_to if each.email), letter.author)
    asked = {budgets.key(each.email) for each in (letter.author, recipient)}
    return tuple(sorted(each for each in own if budgets.key(each) in asked))


def folder_role(role: str) -> FolderRole:
    """The role of the first folder that holds a letter, as rules may ask for it."""
    known = {each.value for each in FolderRole}
    return FolderRole(role) if role in known else FolderRole.OTHER
