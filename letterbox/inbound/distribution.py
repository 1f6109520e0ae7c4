"""Who gets a new case, when a mailbox shares them out among those who may reply.

Nothing is counted on the side: the cases themselves say whose turn it is. Letters of a
mailbox are processed one after the other, so that two never see the same turn.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Count, F, Max, Q, QuerySet

from letterbox import access
from letterbox.models import Case, Mailbox, User

BUSY_WITH = (Case.Status.OPEN, Case.Status.IN_PROGRESS)


def next_person(mailbox: Mailbox, how: str) -> User | None:
    """The person whose turn it is; None when nobody may reply, or `how` is unknown."""
    choose = WAYS.get(how)
    if choose is None:
        return None
    return choose(access.people_in(mailbox, access.REPLY), mailbox).first()


def _in_turn(people: QuerySet[User], mailbox: Mailbox) -> QuerySet[User]:
    """Whoever has waited longest for a case of this mailbox; newcomers come first."""
    return people.annotate(
        last_case=Max("cases", filter=Q(cases__mailbox=mailbox))
    ).order_by(F("last_case").asc(nulls_first=True), "pk")


def _least_busy(people: QuerySet[User], mailbox: Mailbox) -> QuerySet[User]:
    """The fewest open cases, of any mailbox; among equals in turn."""
    return people.annotate(
        open_cases=Count("cases", filter=Q(cases__status__in=BUSY_WITH), distinct=True),
        last_case=Max("cases", filter=Q(cases__mailbox=mailbox)),
    ).order_by("open_cases", F("last_case").asc(nulls_first=True), "pk")


WAYS: dict[str, Callable[[QuerySet[User], Mailbox], QuerySet[User]]] = {
    "round-robin": _in_turn,
    "least-busy": _least_busy,
}
