"""Decide who wrote a letter, and whether a machine of ours may answer it.

`classify` gathers signals, each with the value it saw, and the strongest of them
names the kind. It judges the letter alone: budgets, ages and what was answered
before are for the guards. Nothing is ever dropped for its class.
"""

from __future__ import annotations

from collections.abc import Iterator

from letterbox.mime.classify_addresses import AddressKind, kind_of_address
from letterbox.mime.classify_headers import header_signals, shorten
from letterbox.mime.classify_subjects import hints_at_absence, machine_subject
from letterbox.mime.classify_values import (
    STRENGTH,
    Classification,
    MailKind,
    OwnMail,
    Reason,
    Signal,
)
from letterbox.mime.letter import Address, Letter

__all__ = ["Classification", "MailKind", "OwnMail", "Reason", "Signal", "classify"]

MAX_ADDRESSES = 500


def classify(letter: Letter, *, own: OwnMail) -> Classification:
    """Name the kind of a letter and every reason against answering it by itself.

    Follows RFC 3834, section 2, and never raises, whatever the letter.
    """
    signals = header_signals(letter.headers)
    signals += _report_signals(letter)
    signals += _own_signals(letter, own)
    signals += _sender_signals(letter)
    signals += _subject_signals(letter)
    signals += _recipient_signals(letter, own)
    kind = _strongest(signals)
    refusals = _refusals(kind, signals)
    return Classification(
        kind=kind,
        may_answer=not refusals,
        answer_refusals=refusals,
        signals=tuple(signals),
    )


def _strongest(signals: list[Signal]) -> MailKind:
    kinds = [signal.kind for signal in signals if signal.kind is not None]
    return min(kinds, key=STRENGTH.__getitem__, default=MailKind.HUMAN)


def _refusals(kind: MailKind, signals: list[Signal]) -> tuple[Reason, ...]:
    reasons = [] if kind is MailKind.HUMAN else [Reason.NOT_A_PERSON]
    reasons += [signal.refusal for signal in signals if signal.refusal is not None]
    return tuple(dict.fromkeys(reasons))


def _report_signals(letter: Letter) -> Iterator[Signal]:
    """RFC 6522: reports that machines write for machines, and invitations."""
    if letter.content_type == "multipart/report":
        value = letter.headers.get("Content-Type").lower()
        for words, kind, meaning in _REPORT_TYPES:
            if words in value:
                yield Signal("Content-Type", shorten(value), meaning, kind)
    for part in letter.parts:
        found = _REPORT_PARTS.get(part.content_type)
        if found is not None:
            kind, meaning = found
            yield Signal("part", part.content_type, meaning, kind)
        elif part.content_type == "text/calendar" and "method" in part.parameters:
            value = f"{part.content_type}; method={part.parameters['method']}"
            meaning = "A calendar sent an invitation or an answer to one."
            yield Signal("part", shorten(value), meaning, MailKind.CALENDAR)


def _own_signals(letter: Letter, own: OwnMail) -> Iterator[Signal]:
    """Is it ours? Then an answer would talk to ourselves."""
    if own.header_name in letter.headers:
        value = letter.headers.get(own.header_name)
        meaning = "It bears the header that we put on our own mail."
        yield Signal(own.header_name, shorten(value), meaning, None, Reason.LOOP)
    if not own.addresses and not own.user_addresses:
        return
    return_path = letter.headers.get("Return-Path").strip(" <>\t")
    for name, email in (
        ("Return-Path", return_path),
        *(("From", address.email) for address in letter.from_[:MAX_ADDRESSES]),
        *(("Sender", address.email) for address in letter.sender[:MAX_ADDRESSES]),
        *(("Reply-To", address.email) for address in letter.reply_to[:MAX_ADDRESSES]),
    ):
        if own.is_ours(email):
            meaning = "It comes from one of our own mailboxes."
            kind = MailKind.OWN if name == "From" else None
            yield Signal(name, shorten(email), meaning, kind, Reason.OUR_OWN)
        elif own.is_a_user(email):
            meaning = "One of our own people wrote it."
            yield Signal(name, shorten(email), meaning, None, Reason.OUR_OWN)


def _sender_signals(letter: Letter) -> Iterator[Signal]:
    """Would an answer reach somebody who reads it?"""
    for name, addresses in (
        ("From", letter.from_),
        ("Sender", letter.sender),
        ("Reply-To", letter.reply_to),
    ):
        for address in addresses[:MAX_ADDRESSES]:
            kind = kind_of_address(address.email)
            if kind is None:
                continue
            found, meaning = _MACHINE_ADDRESSES[kind]
            value = shorten(str(address))
            yield Signal(name, value, meaning, found, Reason.SYSTEM_ADDRESS)


def _subject_signals(letter: Letter) -> Iterator[Signal]:
    kind = machine_subject(letter.subject)
    if kind is None:
        return
    meaning = "Its subject begins as those of answering machines do."
    if kind is MailKind.AUTO_REPLY and hints_at_absence(letter.text):
        kind = MailKind.OUT_OF_OFFICE
        meaning = "Its subject and its words are those of somebody who is away."
    yield Signal("Subject", shorten(letter.subject), meaning, kind)


def _recipient_signals(letter: Letter, own: OwnMail) -> Iterator[Signal]:
    """RFC 3834, section 2: answer only what is addressed to us by name."""
    if not own.addresses:
        return
    written: tuple[Address, ...] = (*letter.to, *letter.cc, *letter.bcc)
    if any(own.is_ours(address.email) for address in written[:MAX_ADDRESSES]):
        return
    for name in _ENVELOPE_RECIPIENTS:
        for value in letter.headers.get_all(name)[:MAX_ADDRESSES]:
            if own.is_ours(value.strip(" <>\t")):
                return
    value = ", ".join(address.email for address in written[:10]) or "nobody"
    meaning = "None of our addresses is among its recipients."
    yield Signal("To", shorten(value), meaning, None, Reason.NOT_ADDRESSED_TO_US)


_REPORT_TYPES = (
    ("delivery-status", MailKind.BOUNCE_SOFT, "A mail server reports on a delivery."),
    ("disposition-notification", MailKind.RECEIPT, "It is a receipt."),
    ("feedback-report", MailKind.FEEDBACK_REPORT, "Somebody complains about a letter."),
)

_REPORT_PARTS = {
    "message/disposition-notification": (
        MailKind.RECEIPT,
        "A mail program reports what became of a letter.",
    ),
    "message/feedback-report": (
        MailKind.FEEDBACK_REPORT,
        "Somebody's mail provider passes on a complaint.",
    ),
}

_MACHINE_ADDRESSES = {
    AddressKind.MAIL_SYSTEM: (MailKind.SYSTEM_ADDRESS, "A mail system wrote it."),
    AddressKind.LIST_MANAGER: (MailKind.LIST, "The manager of a list wrote it."),
    AddressKind.NO_REPLY: (MailKind.NOTIFICATION, "Its address takes no answers."),
    AddressKind.ROBOT: (MailKind.NOTIFICATION, "It is the address of a program."),
}

_ENVELOPE_RECIPIENTS = (
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "X-Delivered-To",
    "X-Forwarded-To",
    "Resent-To",
    "Resent-Cc",
    "X-RCPT-To",
)
