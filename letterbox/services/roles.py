"""Roles: named sets of abilities and members; add, change, remove."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from letterbox import live
from letterbox.models import Role, User
from letterbox.services import history, people


@transaction.atomic
def add(
    *,
    name: str,
    abilities: Collection[str],
    requires_two_factor: bool,
    by: User | None,
) -> Role:
    """A new role without members. Raises NotPossible for abilities `by` lacks."""
    people.require_own(by, abilities)
    role = Role.objects.create(
        name=name.strip(),
        abilities=sorted(abilities),
        requires_two_factor=requires_two_factor,
    )
    history.record(
        "role-added", by=by, role=role.pk, name=role.name, abilities=role.abilities
    )
    return role


@transaction.atomic
def change(
    role: Role,
    *,
    name: str,
    abilities: Collection[str],
    requires_two_factor: bool,
    by: User | None,
) -> None:
    """Set everything about a role; members notice at once."""
    before = {
        "name": role.name,
        "abilities": sorted(role.abilities),
        "requires_two_factor": role.requires_two_factor,
    }
    after = {
        "name": name.strip(),
        "abilities": sorted(abilities),
        "requires_two_factor": requires_two_factor,
    }
    changes = history.differences(before, after)
    if not changes:
        return
    people.require_own(by, set(role.abilities) ^ set(abilities))
    role.name = name.strip()
    role.abilities = sorted(abilities)
    role.requires_two_factor = requires_two_factor
    role.save(update_fields=["name", "abilities", "requires_two_factor"])
    people.require_an_administrator()
    history.record("role-changed", by=by, role=role.pk, name=role.name, changes=changes)
    live.announce("access")


@transaction.atomic
def remove(role: Role, *, by: User | None) -> None:
    """Remove a role with what it gave its members, in mailboxes too."""
    people.require_own(by, role.abilities)
    pk, name = role.pk, role.name
    mailboxes = sorted(role.grants.values_list("mailbox__label", flat=True))
    role.delete()
    people.require_an_administrator()
    history.record("role-removed", by=by, role=pk, name=name, mailboxes=mailboxes)
    live.announce("access")
