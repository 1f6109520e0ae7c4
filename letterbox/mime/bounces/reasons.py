"""Why a mail server would not deliver a letter: status codes and words to reasons.

Codes, and words from data/bounce_reasons.txt; nothing here looks at a whole letter.
"""

from __future__ import annotations

import re
from enum import StrEnum

from letterbox.mime.tables import read_tables

MAX_DIAGNOSTIC = 4_000


class BounceReason(StrEnum):
    """What stood in the way, as a person would say it."""

    USER_UNKNOWN = "user-unknown"
    HOST_UNKNOWN = "host-unknown"
    MOVED = "moved"
    NOT_ACCEPTING_MAIL = "not-accepting-mail"
    MAILBOX_DISABLED = "mailbox-disabled"
    MAILBOX_FULL = "mailbox-full"
    TOO_BIG = "too-big"
    SPAM = "spam"
    BLOCKED = "blocked"
    SENDER_REFUSED = "sender-refused"
    NOT_PROVEN = "not-proven"
    CONTENT = "content"
    POLICY = "policy"
    TOO_MANY = "too-many"
    EXPIRED = "expired"
    LOOP = "loop"
    NETWORK = "network"
    SYSTEM = "system"
    OTHER = "other"

    @property
    def means_a_dead_address(self) -> bool:
        """Whether writing to the same address again is pointless."""
        return self in _DEAD


_DEAD = frozenset(
    {
        BounceReason.USER_UNKNOWN,
        BounceReason.HOST_UNKNOWN,
        BounceReason.MOVED,
        BounceReason.NOT_ACCEPTING_MAIL,
    }
)

# RFC 3463: class, subject and detail, each of at most three digits.
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d.\-/:])([45]\d\d)(?![\d./:])")


def find_status(text: str, *, classes: str = "245") -> str:
    """The first enhanced status code, as `5.1.1`, or an empty text.

    A code that says nothing more than success or failure gives way to a later one
    that does. `classes` are the first digits that count.
    """
    general = ""
    for match in _STATUS.finditer(text[:MAX_DIAGNOSTIC]):
        status = match.group()
        if status[0] not in classes:
            continue
        if not status.endswith(".0.0"):
            return status
        general = general or status
    return general


def find_reply_code(text: str) -> str:
    """The first SMTP reply code of failure, as `550`, or an empty text."""
    match = _REPLY.search(text[:MAX_DIAGNOSTIC])
    return match.group(1) if match else ""


def reason_of(status: str, diagnostic: str) -> BounceReason:
    """Name the reason: the words first, since servers are careless with codes."""
    words = " ".join(diagnostic[:MAX_DIAGNOSTIC].casefold().split())
    for reason, phrases in PHRASES:
        if any(phrase in words for phrase in phrases):
            return reason
    return _STATUS_REASONS.get(status[2:], BounceReason.OTHER)


# What follows the class in a status code, RFC 3463 and its register.
_STATUS_REASONS = {
    "1.0": BounceReason.USER_UNKNOWN,
    "1.1": BounceReason.USER_UNKNOWN,
    "1.2": BounceReason.HOST_UNKNOWN,
    "1.3": BounceReason.USER_UNKNOWN,
    "1.4": BounceReason.USER_UNKNOWN,
    "1.6": BounceReason.MOVED,
    "1.7": BounceReason.SENDER_REFUSED,
    "1.8": BounceReason.SENDER_REFUSED,
    "1.9": BounceReason.NOT_ACCEPTING_MAIL,
    "1.10": BounceReason.NOT_ACCEPTING_MAIL,
    "2.0": BounceReason.MAILBOX_DISABLED,
    "2.1": BounceReason.MAILBOX_DISABLED,
    "2.2": BounceReason.MAILBOX_FULL,
    "2.3": BounceReason.TOO_BIG,
    "2.4": BounceReason.SYSTEM,
    "3.0": BounceReason.SYSTEM,
    "3.1": BounceReason.SYSTEM,
    "3.2": BounceReason.NOT_ACCEPTING_MAIL,
    "3.4": BounceReason.TOO_BIG,
    "3.5": BounceReason.SYSTEM,
    "4.0": BounceReason.NETWORK,
    "4.1": BounceReason.EXPIRED,
    "4.2": BounceReason.NETWORK,
    "4.3": BounceReason.NETWORK,
    "4.4": BounceReason.HOST_UNKNOWN,
    "4.5": BounceReason.TOO_MANY,
    "4.6": BounceReason.LOOP,
    "4.7": BounceReason.EXPIRED,
    "4.14": BounceReason.LOOP,
    "5.0": BounceReason.SYSTEM,
    "5.3": BounceReason.TOO_MANY,
    "6.0": BounceReason.CONTENT,
    "6.1": BounceReason.CONTENT,
    "7.0": BounceReason.POLICY,
    "7.1": BounceReason.POLICY,
    "7.8": BounceReason.NOT_PROVEN,
    "7.9": BounceReason.NOT_PROVEN,
    "7.13": BounceReason.MAILBOX_DISABLED,
    "7.20": BounceReason.NOT_PROVEN,
    "7.23": BounceReason.NOT_PROVEN,
    "7.25": BounceReason.BLOCKED,
    "7.26": BounceReason.NOT_PROVEN,
    "7.27": BounceReason.NOT_ACCEPTING_MAIL,
    "7.28": BounceReason.TOO_MANY,
    "7.30": BounceReason.NOT_PROVEN,
}

# In the order of the file, so what names one cause for sure stands before what is
# said in passing.
PHRASES: tuple[tuple[BounceReason, tuple[str, ...]], ...] = tuple(
    (BounceReason(name), phrases)
    for name, phrases in read_tables("bounce_reasons.txt").items()
)
