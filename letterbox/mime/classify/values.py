"""What a classification says, and what it has to know of ourselves.

Values only: `classify.py` decides, `the modules beside it` and its neighbours look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from letterbox.mime.message_ids import read_message_id


class MailKind(StrEnum):
    """What wrote a letter, from the strongest finding to the weakest.

    The order is the rule: where several signals speak, the kind that stands first
    here wins. A delivery report that came through a list is a delivery report.
    """

    OWN = "own"
    FEEDBACK_REPORT = "feedback-report"
    BOUNCE_HARD = "bounce-hard"
    BOUNCE_SOFT = "bounce-soft"
    BOUNCE_DELAY = "bounce-delay"
    DELIVERY_SUCCESS = "delivery-success"
    RECEIPT = "receipt"
    CHALLENGE = "challenge"
    OUT_OF_OFFICE = "out-of-office"
    AUTO_ACKNOWLEDGEMENT = "auto-acknowledgement"
    AUTO_REPLY = "auto-reply"
    CALENDAR = "calendar"
    SPAM = "spam"
    NOTIFICATION = "notification"
    LIST = "list"
    BULK = "bulk"
    SYSTEM_ADDRESS = "system-address"
    HUMAN = "human"

    @property
    def is_bounce(self) -> bool:
        """Whether a letter of ours did not arrive for good or for now."""
        return self in (MailKind.BOUNCE_HARD, MailKind.BOUNCE_SOFT)

    @property
    def is_delivery_report(self) -> bool:
        """Whether a mail server tells what became of a letter of ours."""
        return self.is_bounce or self in (
            MailKind.BOUNCE_DELAY,
            MailKind.DELIVERY_SUCCESS,
        )

    @property
    def is_automatic(self) -> bool:
        """Whether a machine wrote it, as against a person, to us or to a list."""
        return self not in (MailKind.HUMAN, MailKind.LIST, MailKind.SPAM)


STRENGTH = {kind: place for place, kind in enumerate(MailKind)}


class Reason(StrEnum):
    """Why no automatic answer may go to a letter."""

    NOT_A_PERSON = "not-a-person"
    NULL_RETURN_PATH = "null-return-path"
    SUPPRESSED = "suppressed-by-sender"
    LIST_OR_BULK = "list-or-bulk"
    SYSTEM_ADDRESS = "system-address"
    LOOP = "loop"
    OUR_OWN = "our-own"
    NOT_ADDRESSED_TO_US = "not-addressed-to-us"
    SENDER_NOT_PROVEN = "sender-not-proven"
    SPAM = "spam"
    NO_SENDER = "no-sender"

    @property
    def sentence(self) -> str:
        """What people read on the explain card."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.NOT_A_PERSON: "It was not written by a person to us.",
    Reason.NULL_RETURN_PATH: "It has an empty return path, so it wants no answer.",
    Reason.SUPPRESSED: "Its sender asks for no automatic answers.",
    Reason.LIST_OR_BULK: "It was sent to many: a list or bulk mail.",
    Reason.SYSTEM_ADDRESS: "Nobody reads mail at the address it came from.",
    Reason.LOOP: "It bears the mark of a machine that guards against loops.",
    Reason.OUR_OWN: "It comes from one of our own addresses.",
    Reason.NOT_ADDRESSED_TO_US: "None of our addresses is among its recipients.",
    Reason.SENDER_NOT_PROVEN: "The server could not confirm who sent it.",
    Reason.SPAM: "The server takes it for spam.",
    Reason.NO_SENDER: "It names nobody to answer.",
}


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that was seen, and what it means.

    `name` is the header or the place looked at, `value` what stood there, shortened.
    `kind` is what it points to, None where it says nothing on that; `refusal` is set
    where it forbids an automatic answer by itself.
    """

    name: str
    value: str
    meaning: str
    kind: MailKind | None = None
    refusal: Reason | None = None


@dataclass(frozen=True, slots=True)
class OwnMail:
    """What marks a letter as ours or as meant for us.

    `addresses` are those of our mailboxes and their aliases, `user_addresses` those
    of the people who work here; both compare without case. Where `addresses` is
    empty, who a letter is addressed to is not judged. `message_id_keys` open the ids
    that we sign; `header_name` is the header that we put on every letter we send.
    `forms` are addresses of ours as which a form on a website has sent this letter.
    """

    addresses: frozenset[str] = frozenset()
    user_addresses: frozenset[str] = frozenset()
    message_id_keys: tuple[bytes, ...] = ()
    header_name: str = "X-Letterbox"
    forms: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for field in ("addresses", "user_addresses", "forms"):
            object.__setattr__(self, field, _in_lower_case(getattr(self, field)))

    def is_ours(self, email: str) -> bool:
        """Whether one of our mailboxes or aliases has this address, tag or not."""
        return bool(self.addresses) and _is_among(email, self.addresses)

    def is_a_user(self, email: str) -> bool:
        """Whether one of our people has this address."""
        return bool(self.user_addresses) and _is_among(email, self.user_addresses)

    def has_signed(self, message_id: str) -> bool:
        """Whether one of our keys has signed this Message-ID."""
        return bool(self.message_id_keys and message_id) and (
            read_message_id(self.message_id_keys, message_id) is not None
        )


@dataclass(frozen=True, slots=True)
class Classification:
    """What a letter is, whether it may be answered by itself, and why.

    Nothing is ever dropped for its class. `may_answer` is False as soon as there is
    one refusal; guards that know history (budgets, age, rules) may refuse more.
    """

    kind: MailKind
    may_answer: bool
    answer_refusals: tuple[Reason, ...] = ()
    signals: tuple[Signal, ...] = ()


def _in_lower_case(addresses: Iterable[str]) -> frozenset[str]:
    return frozenset(address.strip().lower() for address in addresses)


def _is_among(email: str, addresses: frozenset[str]) -> bool:
    email = email.strip().lower()
    if email in addresses:
        return True
    local_part, at, domain = email.rpartition("@")
    base, plus, _ = local_part.partition("+")
    return bool(at and plus) and f"{base}@{domain}" in addresses
