"""One message on its way through the steps, with what each has found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from letterbox.mime.bounces import BounceReport
from letterbox.mime.classify.values import Classification, OwnMail
from letterbox.mime.fold import Block
from letterbox.mime.letter import Letter
from letterbox.models import Case, Conversation, Lead, Mailbox, Message, Placement


@dataclass(slots=True)
class Work:
    """What the steps hand on; `trace` becomes the explain card."""

    message: Message
    mailbox: Mailbox
    raw: bytes
    letter: Letter
    # What marks a letter as ours; read once for a batch.
    own: OwnMail
    # Where the server keeps it, in the order in which we learnt of it.
    places: list[Placement] = field(default_factory=list)
    # Its text, folded into what is new and what is quoted.
    blocks: tuple[Block, ...] = ()
    classification: Classification | None = None
    # What a delivery report says of a letter of ours.
    report: BounceReport | None = None
    conversation: Conversation | None = None
    is_first: bool = False
    case: Case | None = None
    lead: Lead | None = None
    # What its sender has open, where people are to say whether it is about that.
    offered: Case | Lead | None = None
    # Set when the message turned out to be one that we hold already.
    is_absorbed: bool = False
    trace: dict[str, Any] = field(default_factory=dict)

    @property
    def is_inbound(self) -> bool:
        """Whether somebody outside wrote it."""
        return self.message.direction == Message.Direction.IN


Step = Callable[[Work], None]
