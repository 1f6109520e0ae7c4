"""What a delivery report says, as values.

Values only: `bounces.py` reads them out of letters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from letterbox.mime.bounces.reasons import BounceReason
from letterbox.mime.letter import Headers


class BounceOutcome(StrEnum):
    """What became of a letter for one recipient.

    Hard and soft are both final: the letter did not arrive. Hard says that the
    address is dead, so that the next letter will not arrive either.
    """

    HARD = "hard"
    SOFT = "soft"
    DELAY = "delay"
    SUCCESS = "success"


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """One recipient of our letter, as the report names them.

    `status` is an enhanced code of RFC 3463 or empty; `diagnostic` is what the server
    said, shortened.
    """

    email: str
    outcome: BounceOutcome
    reason: BounceReason
    status: str = ""
    action: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What a report says: the worst outcome, each recipient, and our letter.

    `original_message_id` is without angle brackets, empty when the report does not
    tell; `original_headers` are as many as it brought back.
    """

    outcome: BounceOutcome
    reason: BounceReason
    recipients: tuple[BouncedRecipient, ...] = ()
    original_message_id: str = ""
    original_headers: Headers = field(default_factory=Headers)
