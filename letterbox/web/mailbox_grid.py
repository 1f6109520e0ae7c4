"""The grid of System Mailboxes: what each row says, in what order, and which rows.

Only questions, and only over mailboxes that `access` handed in.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.functional import Promise

from letterbox.inbound import conversion
from letterbox.models import Connection, Grant, Health, Mailbox

PAGE_ROWS = 25
SORTS = {
    "label": ("label",),
    "address": ("address",),
    "health": ("health__state", "label"),
    "processing": ("processing_action", "label"),
    "last-letter": (F("health__last_letter_at").desc(nulls_last=True), "label"),
}
STATES: tuple[tuple[str, str | Promise], ...] = (
    *((each.value, each.label) for each in Health.State),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One mailbox; the two states are words for badges, empty when not set up."""

    mailbox: Mailbox
    receiving: str
    sending: str
    processing: str
    people: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked the grid for; nonsense counts as nothing."""

    text: str = ""
    state: str = ""
    action: str = ""
    sort: str = "label"
    page: int = 1

    @property
    def is_narrowed(self) -> bool:
        """Whether some rows may be hidden by it."""
        return bool(self.text or self.state or self.action)


def rows(mailboxes: QuerySet[Mailbox], wish: Wish) -> tuple[list[Row], int]:
    """A page of rows, and how many there are in all."""
    found = mailboxes
    if wish.text:
        found = found.filter(
            Q(label__icontains=wish.text)
            | Q(address__icontains=wish.text)
            | Q(aliases__icontains=wish.text)
        )
    if wish.state == Health.State.OFF:
        found = found.filter(is_on=False)
    elif wish.state:
        found = found.filter(is_on=True, health__state=wish.state)
    if wish.action:
        found = found.filter(processing_action=wish.action)
    total = found.count()
    first = (max(1, wish.page) - 1) * PAGE_ROWS
    page = list(
        found.select_related("health")
        .prefetch_related("connections")
        .order_by(*SORTS.get(wish.sort, SORTS["label"]))[first : first + PAGE_ROWS]
    )
    numbers = people_in(page)
    actions = conversion.actions()
    return [
        Row(
            each,
            receiving=_state_of(each, Connection.Protocol.IMAP),
            sending=_state_of(each, Connection.Protocol.SMTP),
            processing=(
                actions[each.processing_action].label
                if each.processing_action in actions
                else each.processing_action
            ),
            people=numbers.get(each.pk, 0),
        )
        for each in page
    ], total


def people_in(mailboxes: Collection[Mailbox]) -> dict[int, int]:
    """How many different people each mailbox is open to, where it is to any."""
    grants = Grant.objects.filter(
        Q(user__is_active=True) | Q(role__members__is_active=True),
        mailbox__in=mailboxes,
    )
    # A grant to a role has a line for each of its members.
    person = Coalesce("user", "role__members")
    counted = grants.order_by().values_list("mailbox")
    return dict(counted.annotate(people=Count(person, distinct=True)))


def _state_of(mailbox: Mailbox, protocol: Connection.Protocol) -> str:
    if not any(row.protocol == protocol for row in mailbox.connections.all()):
        return ""
    if not mailbox.is_on:
        return "off"
    return "on"
