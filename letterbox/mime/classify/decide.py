"""Decide who wrote a letter, and whether a machine of ours may answer it.

`classify` gathers signals, each with the value it saw, and the strongest of them
names the kind. It judges the letter alone: budgets, ages and what was answered
before are for the guards. Nothing is ever dropped for its class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from letterbox.mime.address_kinds import AddressKind, kind_of_address
from letterbox.mime.bounces.read import (
    BounceOutcome,
    BounceReport,
    is_ses_complaint,
    read_bounce,
)
from letterbox.mime.classify.headers import (
    MAX_FIELDS,
    OUTLOOK_EXPRESS,
    header_signals,
    shorten,
)
from letterbox.mime.classify.subjects import hints_at_absence, machine_subject
from letterbox.mime.classify.text import (
    acknowledges_receipt,
    asks_for_a_proof,
    speaks_of_absence,
)
from letterbox.mime.classify.values import (
    STRENGTH,
    Classification,
    MailKind,
    OwnMail,
    Reason,
    Signal,
)
from letterbox.mime.letter import Address, Letter
from letterbox.mime.subjects import has_reply_prefix

__all__ = ["Classification", "MailKind", "OwnMail", "Reason", "Signal", "classify"]

MAX_ADDRESSES = 500
MAX_REFERENCES = 30


def classify(
    letter: Letter, *, own: OwnMail, bounce: BounceReport | None = None
) -> Classification:
    """Name the kind of a letter and every reason against answering it by itself.

    Follows RFC 3834, section 2, and never raises, whatever the letter. `bounce` is
    what `read_bounce` says of the same letter, where the caller has asked already.
    """
    report = bounce if bounce is not None else read_bounce(letter)
    answers_us = _answers_our_letter(letter, own)
    signals = header_signals(letter.headers)
    if answers_us is not None:
        signals = [*_without_unsubscribe(signals), answers_us]
    signals += _bounce_signals(report)
    signals += _report_signals(letter)
    signals += _own_signals(letter, own)
    signals += _sender_signals(letter)
    signals += _forgery_signals(letter, signals)
    signals += _subject_signals(letter)
    signals += _recipient_signals(letter, own)
    signals += _words_signals(letter, signals)
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


def _answers_our_letter(letter: Letter, own: OwnMail) -> Signal | None:
    """Does it answer a letter that we signed?"""
    for message_id in (*letter.in_reply_to[:5], *letter.references[-MAX_REFERENCES:]):
        if own.has_signed(message_id):
            value = shorten(message_id)
            return Signal("References", value, "It answers a letter of ours.")
    return None


def _without_unsubscribe(signals: list[Signal]) -> list[Signal]:
    """Take back what List-Unsubscribe alone says, for answers to letters of ours.

    Customer care programs put it on the letters of one person to one person; a list
    or a newsletter bears other marks as well, which stay.
    """
    return [
        replace(signal, kind=None, refusal=None, meaning=_CUSTOMER_CARE)
        if signal.name.lower() in _UNSUBSCRIBE
        else signal
        for signal in signals
    ]


def _bounce_signals(report: BounceReport | None) -> Iterator[Signal]:
    if report is None:
        return
    kind, meaning = _OUTCOMES[report.outcome]
    rows = report.recipients[:5]
    value = ", ".join(f"{row.email} {row.status}".strip() for row in rows)
    yield Signal("delivery report", shorten(value or report.reason), meaning, kind)


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
        elif "x-hmxmroriginalrecipient:" in part.text[:2_000].lower():
            # Outlook.com's feedback loop is older than the format of RFC 5965.
            meaning = "Somebody's mail provider passes on a complaint."
            value = "X-HmXmrOriginalRecipient"
            yield Signal("part", value, meaning, MailKind.FEEDBACK_REPORT)
    if is_ses_complaint(letter.text):
        meaning = "Somebody's mail provider passes on a complaint."
        yield Signal("text", "Complaint", meaning, MailKind.FEEDBACK_REPORT)


def _own_signals(letter: Letter, own: OwnMail) -> Iterator[Signal]:
    """Is it ours? Then an answer would talk to ourselves."""
    if own.header_name in letter.headers:
        value = letter.headers.get(own.header_name)
        meaning = "It bears the header that we put on our own mail."
        yield Signal(own.header_name, shorten(value), meaning, None, Reason.LOOP)
    if own.has_signed(letter.message_id):
        value = shorten(letter.message_id)
        meaning = "We signed its Message-ID: we sent it."
        yield Signal("Message-ID", value, meaning, MailKind.OWN, Reason.OUR_OWN)
    if not own.addresses and not own.user_addresses:
        return
    return_path = letter.headers.get("Return-Path").strip(" <>\t")
    for name, email in (
        ("Return-Path", return_path),
        *(("From", address.email) for address in letter.from_[:MAX_ADDRESSES]),
        *(("Sender", address.email) for address in letter.sender[:MAX_ADDRESSES]),
        *(("Reply-To", address.email) for address in letter.reply_to[:MAX_ADDRESSES]),
    ):
        if email.lower() in own.forms:
            meaning = "A form on a website sent it as one of our addresses."
            yield Signal(name, shorten(email), meaning)
        elif own.is_ours(email):
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


def _forgery_signals(letter: Letter, signals: list[Signal]) -> Iterator[Signal]:
    """Does it pretend to come from a program that it does not come from?"""
    claims = any(signal.meaning == OUTLOOK_EXPRESS for signal in signals)
    if claims and letter.message_id.count("$") < 2:
        # Outlook Express always wrote ids of three hexadecimal numbers and two $.
        meaning = (
            "It says that Outlook Express wrote it, but its id is not of its form."
        )
        value = shorten(letter.message_id)
        refusal = Reason.SENDER_NOT_PROVEN
        yield Signal("Message-ID", value, meaning, None, refusal)


def _subject_signals(letter: Letter) -> Iterator[Signal]:
    kind = machine_subject(letter.subject)
    if kind is None:
        return
    meaning = "Its subject begins as those of answering machines do."
    if kind is MailKind.AUTO_REPLY and hints_at_absence(letter.text):
        kind = MailKind.OUT_OF_OFFICE
        meaning = "Its subject and its words are those of somebody who is away."
    yield Signal("Subject", shorten(letter.subject), meaning, kind)


def _words_signals(letter: Letter, signals: list[Signal]) -> Iterator[Signal]:
    """Ask the words, where something else already speaks for a machine."""
    kind = _strongest(signals)
    is_answer = bool(signals or letter.in_reply_to) or has_reply_prefix(letter.subject)
    if is_answer and asks_for_a_proof(letter.text):
        yield Signal("text", "", _ASKS_FOR_PROOF, MailKind.CHALLENGE)
    elif kind is MailKind.AUTO_REPLY or (
        _has_no_return_path(signals)
        or (kind is MailKind.NOTIFICATION and bool(letter.in_reply_to))
    ):
        if speaks_of_absence(letter.subject, letter.text):
            meaning = "A machine wrote it, and it speaks of somebody being away."
            yield Signal("text", "", meaning, MailKind.OUT_OF_OFFICE)
        elif acknowledges_receipt(letter.subject, letter.text):
            meaning = "A machine wrote it, and it says that a letter has arrived."
            yield Signal("text", "", meaning, MailKind.AUTO_ACKNOWLEDGEMENT)
    elif kind is MailKind.HUMAN and _changes_the_subject(letter):
        meaning = "It answers a letter under a subject of its own, about being away."
        value = shorten(letter.subject)
        yield Signal("Subject", value, meaning, MailKind.OUT_OF_OFFICE)
    elif _asks_for_silence(signals) and hints_at_absence(letter.subject):
        meaning = "It asks for no answers and speaks of somebody being away."
        value = shorten(letter.subject)
        yield Signal("Subject", value, meaning, MailKind.OUT_OF_OFFICE)


def _asks_for_silence(signals: list[Signal]) -> bool:
    return any(signal.refusal is Reason.SUPPRESSED for signal in signals)


def _changes_the_subject(letter: Letter) -> bool:
    """People who answer keep the subject behind Re:, answering machines often not."""
    if not letter.in_reply_to or has_reply_prefix(letter.subject):
        return False
    opening = letter.subject[:20].lstrip().casefold()
    return hints_at_absence(letter.subject) or opening.startswith("auto:")


def _has_no_return_path(signals: list[Signal]) -> bool:
    return any(signal.refusal is Reason.NULL_RETURN_PATH for signal in signals)


def _recipient_signals(letter: Letter, own: OwnMail) -> Iterator[Signal]:
    """RFC 3834, section 2: answer only what is addressed to us by name."""
    if not own.addresses:
        return
    written: tuple[Address, ...] = (*letter.to, *letter.cc, *letter.bcc)
    if any(own.is_ours(address.email) for address in written[:MAX_ADDRESSES]):
        return
    for name, value in letter.headers.fields[:MAX_FIELDS]:
        if name.lower() in _ENVELOPE_RECIPIENTS and own.is_ours(value.strip(" <>\t")):
            return
    value = ", ".join(address.email for address in written[:10]) or "nobody"
    meaning = "None of our addresses is among its recipients."
    yield Signal("To", shorten(value), meaning, None, Reason.NOT_ADDRESSED_TO_US)


_UNSUBSCRIBE = frozenset({"list-unsubscribe", "list-unsubscribe-post"})

_CUSTOMER_CARE = "It can be unsubscribed from, but it answers a letter of ours."

_ASKS_FOR_PROOF = "A guard asks the sender to prove that they are a person."

_OUTCOMES = {
    BounceOutcome.HARD: (
        MailKind.BOUNCE_HARD,
        "A mail server reports that an address does not work.",
    ),
    BounceOutcome.SOFT: (
        MailKind.BOUNCE_SOFT,
        "A mail server reports that a letter did not arrive.",
    ),
    BounceOutcome.DELAY: (
        MailKind.BOUNCE_DELAY,
        "A mail server reports that a letter is late.",
    ),
    BounceOutcome.SUCCESS: (
        MailKind.DELIVERY_SUCCESS,
        "A mail server reports that a letter arrived.",
    ),
}

_REPORT_TYPES = (
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

_ENVELOPE_RECIPIENTS = frozenset(
    {
        "delivered-to",
        "x-original-to",
        "envelope-to",
        "x-envelope-to",
        "x-delivered-to",
        "x-forwarded-to",
        "resent-to",
        "resent-cc",
        "x-rcpt-to",
    }
)
