"""The words by which answering machines begin their subjects, in many languages.

`machine_subject` is a finding: the prefix is one that programs write and people do
not. `hints_at_absence` is a weak hint that needs other evidence beside it.
"""

from __future__ import annotations

from letterbox.mime.classify.values import MailKind
from letterbox.mime.tables import read_tables

MAX_SUBJECT = 300

_TABLES = read_tables("automatic.txt")


def machine_subject(subject: str) -> MailKind | None:
    """Tell the machine whose prefix this subject begins with, or None.

    A subject that begins with Re: or Fwd: is a person's, whatever follows.
    """
    text = _folded(subject)
    if not text:
        return None
    opening = text.lstrip("[(* ")
    if opening.startswith(_TABLES["answers"]):
        return MailKind.AUTO_REPLY
    if opening.startswith(_PROGRAM_OPENINGS):
        return MailKind.NOTIFICATION
    if opening.startswith(_TABLES["absence-prefixes"]):
        for words in _TABLES["absence-prefixes"]:
            if opening.startswith(words) and _ends_a_prefix(opening, len(words)):
                return MailKind.OUT_OF_OFFICE
    for words, kind in _MACHINE_INSERTS:
        if words in text:
            return kind
    return None


def hints_at_absence(text: str) -> bool:
    """Whether the words speak of being away; people's letters do so as well."""
    folded = _folded(text)
    return any(words in folded for words in _TABLES["absence"])


def _folded(text: str) -> str:
    return " ".join(text[:MAX_SUBJECT].casefold().replace("’", "'").split())


def _ends_a_prefix(text: str, length: int) -> bool:
    rest = text[length:].lstrip()
    return not rest or rest[0] in ":：-–]" or rest.startswith(("autoreply", "auto-"))


_PROGRAM_OPENINGS = ("cron <", "logwatch for ")

# Programs put these into the middle or at the end, behind a ticket number or Re:.
_MACHINE_INSERTS: tuple[tuple[str, MailKind], ...] = (
    ("] autoreply:", MailKind.AUTO_ACKNOWLEDGEMENT),
    ("(automatic response)", MailKind.AUTO_REPLY),
    ("(automatic reply)", MailKind.AUTO_REPLY),
    ("(auto-reply)", MailKind.AUTO_REPLY),
    ("(autoreply)", MailKind.AUTO_REPLY),
    ("[auto-reply]", MailKind.AUTO_REPLY),
    ("[autoreply]", MailKind.AUTO_REPLY),
    ("(out of office)", MailKind.OUT_OF_OFFICE),
)
