"""What the words of a letter add once something else says that a machine wrote it.

Words alone prove nothing: people write about holidays and tickets too. So these are
asked only where headers, an empty return path or the subject already speak; but for
the few sentences of `asks_for_a_proof`, which only guards of mailboxes write.
"""

from __future__ import annotations

from letterbox.mime.classify.subjects import hints_at_absence
from letterbox.mime.tables import read_tables

MAX_TEXT = 2_000

_TABLES = read_tables("automatic.txt")


def asks_for_a_proof(text: str) -> bool:
    """Whether a guard asks the sender to prove that they are a person."""
    folded = _folded(text)
    return any(sentence in folded for sentence in _TABLES["challenges"])


def speaks_of_absence(subject: str, text: str) -> bool:
    """Whether somebody says that they are away."""
    return hints_at_absence(subject) or hints_at_absence(text[:MAX_TEXT])


def acknowledges_receipt(subject: str, text: str) -> bool:
    """Whether a desk says that it has got a letter and will look into it."""
    folded = f"{_folded(subject)} {_folded(text)}"
    return any(words in folded for words in _TABLES["acknowledgements"])


def _folded(text: str) -> str:
    return " ".join(text[:MAX_TEXT].casefold().replace("’", "'").split())
