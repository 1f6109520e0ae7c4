"""The open cases and leads of whoever wrote, as the page of a conversation offers them.

Only questions, about a conversation that `access` handed in and in its mailbox.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from letterbox.models import Case, Conversation, Lead
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
    return [_matter(each) for each in rows[:MOST_SHOWN]]


def _matter(record: Case | Lead) -> Matter:
    place = record.conversation.place if record.conversation else None
    if isinstance(record, Case):
        name = _("Case #%(number)s") % {"number": record.pk}
        return Matter(name, record.subject, place.pk if place else 0)
    return Matter(_("Lead"), record.name, place.pk if place else 0)
