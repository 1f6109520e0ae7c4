"""Why a person may do something in a mailbox: who sees this one, what they all see.

Says what `access` decides from; decides nothing itself.
"""

from __future__ import annotations

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
    grants = list(mailbox.grants.select_related("role").order_by("-ability"))
    reasons = [(grant, _reason(grant)) for grant in grants]
    people = (
        access.people_in(mailbox).prefetch_related("roles").order_by("name", "email")
    )
    found = []
    for person in people:
        held = {role.pk for role in person.roles.all()}
        given = [
            reason
            for grant, reason in reasons
            if grant.user_id == person.pk or grant.role_id in held
        ]
        found.append((person, given))
    return found


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
