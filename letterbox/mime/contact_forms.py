"""Letters that a form on a website sends as one of our own addresses.

Whoever fills the form in stands in Reply-To alone. Such a letter looks as if we had
written to ourselves, so it counts as a person's only where somebody has said that a
form writes to the mailbox, and never where Letterbox itself has sent it.
"""

from __future__ import annotations

from dataclasses import replace

from letterbox.mime.classify.values import OwnMail
from letterbox.mime.letter import Letter


def as_written_by_person(letter: Letter, own: OwnMail) -> Letter | None:
    """The letter as if the person in Reply-To had sent it; None where no form did."""
    if not own.is_ours(letter.author.email):
        return None
    # Our answers come back as well; with their marks they must stay ours.
    if own.header_name in letter.headers or own.has_signed(letter.message_id):
        return None
    person = next((each for each in letter.reply_to if each.email), None)
    if person is None or own.is_ours(person.email):
        return None
    return replace(letter, from_=(person,), sender=(), reply_to=())
