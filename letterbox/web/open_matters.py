"""The open cases and leads of whoever wrote, as the page of a conversation offers them.

Only questions, about a conversation that `access` handed in and in its mailbox.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from letterbox.models import Case, Conversation
from letterbox.services import matters

MOST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Matter:
    """One open case or lead, and the conversation in which it is worked on."""

    name: str
    title: str
    conversation_id: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What nobody has decided yet: is the letter about one of these, or a new matter?"""

    kind: str
    who: str
    found: list[Matter]
    open_new: str | Promise
    keep_without: str | Promise
    nothing_open: str | Promise


OPEN_NEW = {
    "case": gettext_lazy("Open a new case"),
    "lead": gettext_lazy("Open a new lead"),
}
KEEP_WITHOUT = {
    "case": gettext_lazy("No case"),
    "lead": gettext_lazy("No lead"),
}
NOTHING_OPEN = {
    "case": gettext_lazy("The case that was open when this letter came is closed now."),
    "lead": gettext_lazy("The lead that was open when this letter came is closed now."),
}


def to_decide(conversation: Conversation) -> Decision | None:
    """What waits for a decision; None where nothing does."""
    kind = conversation.undecided
    if kind not in matters.KINDS:
        return None
    return Decision(
        kind,
        str(conversation.contact or conversation.last_from),
        of_sender(conversation, kind),
        OPEN_NEW[kind],
        KEEP_WITHOUT[kind],
        NOTHING_OPEN[kind],
    )


def beside(conversation: Conversation) -> list[Matter]:
    """Whatever the same person has open here: this may be about it too."""
    found = [each for kind in matters.KINDS for each in of_sender(conversation, kind)]
    return found[:MOST_SHOWN]


def of_sender(conversation: Conversation, kind: str) -> list[Matter]:
    """What the same person has open here of one kind, newest first."""
    if conversation.contact_id is None:
        return []
    rows = matters.open_ones(
        kind,
        contact_id=conversation.contact_id,
        mailbox_id=conversation.mailbox_id,
        but_of=conversation,
    )
    title = "subject" if matters.KINDS[kind] is Case else "name"
    # Four values and not two whole rows: this is asked beside every conversation.
    shown = rows.values_list("pk", title, "conversation", "conversation__merged_into")[
        :MOST_SHOWN
    ]
    return [
        Matter(_name(kind, pk), text, merged_into or place)
        for pk, text, place, merged_into in shown
    ]


def _name(kind: str, number: int) -> str:
    if matters.KINDS[kind] is Case:
        return _("Case #%(number)s") % {"number": number}
    return _("Lead")
