"""What a person may still say about the decision on a letter, and what was said.

Looks at the rows of one message, which `timeline` has fetched; decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from letterbox.inbound import sending_anyway
from letterbox.models import ContactAddress, Message


@dataclass(frozen=True, slots=True)
class Choices:
    """The buttons under an explain card.

    `rules` (id, name) may answer anyway; `is_trusted` and `is_muted` say what was
    decided about the sender.
    """

    rules: tuple[tuple[int, str], ...]
    is_trusted: bool
    is_muted: bool


def choices(message: Message) -> Choices:
    """What can be decided about a letter; only what would work is offered."""
    address = _address_of(message)
    is_muted = address is not None and address.is_muted
    # Whatever became of an answer, a letter gets no second one.
    is_over = is_muted or bool(message.answers.all())
    return Choices(
        rules=() if is_over else tuple(sending_anyway.rules_refused(message.trace)),
        is_trusted=address is not None and address.is_trusted,
        is_muted=is_muted,
    )


def _address_of(message: Message) -> ContactAddress | None:
    if message.contact is None:
        return None
    wanted = message.from_email.strip().lower()
    return next(
        (
            each
            for each in message.contact.addresses.all()
            if each.email.lower() == wanted
        ),
        None,
    )
