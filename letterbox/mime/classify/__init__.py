"""Letter → human, list, auto-reply, bounce …, may it be answered, and why.

decide      classify(): gather signals, the strongest names the kind
values      what a classification says, and what marks a letter as ours
headers, subjects, text   where signals are looked for
"""

from letterbox.mime.classify.decide import classify
from letterbox.mime.classify.values import (
    Classification,
    MailKind,
    OwnMail,
    Reason,
    Signal,
)

__all__ = ["Classification", "MailKind", "OwnMail", "Reason", "Signal", "classify"]
