"""What became of a letter of ours, from the report of a mail server.

read      read_bounce(): RFC 3464 first, then words
report    the fields of RFC 3464, and Amazon's JSON
text      reports in plain words, of many servers and languages
reasons   words and codes → a small taxonomy
values    what a report says
"""

from letterbox.mime.bounces.read import is_ses_complaint, read_bounce
from letterbox.mime.bounces.reasons import BounceReason
from letterbox.mime.bounces.values import (
    BouncedRecipient,
    BounceOutcome,
    BounceReport,
)

__all__ = [
    "BounceOutcome",
    "BounceReason",
    "BounceReport",
    "BouncedRecipient",
    "is_ses_complaint",
    "read_bounce",
]
