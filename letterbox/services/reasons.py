"""Why a person may do something in a mailbox: who sees this one, what they all see.

Says what `access` decides from; decides nothing itself.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Q

from letterbox import access
from letterbox.models import Grant, Mailbox, User


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a person may do something in a mailbox: one grant, and whom it names."""

    ability: Grant.Ability
    role_name: str | None


def people_in(mailbox: Mailbox) -> list[tuple[User, list[Reason]]]:
    """Everybody who may read in the mailbox, by name, each with every reason why."""
    # A grant to a role has a line for each of its members.
    lines = mailbox.grants.order_by("-ability").values_list(
        "ability", "role__name", "role__members", "user"
    )
    given: dict[int | None, list[Reason]] = defaultdict(list)
    for ability, role_name, member, user in lines:
        given[member or user].append(Reason(Grant.Ability(ability), role_name))
    people = access.people_in(mailbox).only("name", "email").order_by("name", "email")
    return [(person, given[person.pk]) for person in people]


def mailboxes_of(user: User) -> list[tuple[Mailbox, list[Reason]]]:
    """Every mailbox that the user may read in, with every reason why."""
    grants = (
        Grant.objects.filter(Q(user=user) | Q(role__members=user))
        .select_related("mailbox", "role")
        .order_by("mailbox__label", "-ability")
        .distinct()
    )
    found: dict[int, tuple[Mailbox, list[Reason]]] = {}
    for grant in grants if user.is_active else ():
        of_mailbox = found.setdefault(grant.mailbox_id, (grant.mailbox, []))
        of_mailbox[1].append(_reason(grant))
    return list(found.values())


def _reason(grant: Grant) -> Reason:
    return Reason(Grant.Ability(grant.ability), grant.role.name if grant.role else None)
