"""The way through System: its groups and pages, each shown to those who may open it.

The words of the first entries are those of the path that people are used to: System,
System Configuration, General Setup, Email Configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from letterbox import access
from letterbox.models import User

MAILBOXES = "mailboxes"


@dataclass(frozen=True, slots=True)
class Entry:
    """A page: who has `ability` may open it; `parts` are addresses that belong to it."""

    label: str | Promise
    route: str
    ability: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Pages under one heading, and perhaps a heading below that."""

    label: str | Promise
    entries: tuple[Entry, ...]
    below: str | Promise = ""


GROUPS = (
    Group(
        _("System Configuration"),
        (
            Entry(
                _("Email Configuration"),
                "system_mailboxes",
                MAILBOXES,
                ("/system/mailboxes", "/system/rules"),
            ),
            Entry(
                _("Settings"),
                "system_settings",
                "administer-system",
                ("/system/settings",),
            ),
            Entry(
                _("Branding"), "branding", "administer-system", ("/system/branding",)
            ),
            Entry(
                _("Sign-in providers"),
                "sign_in_providers",
                "administer-system",
                ("/system/sign-in-providers",),
            ),
        ),
        below=_("General Setup"),
    ),
    Group(
        _("Emails"),
        (
            Entry(
                _("Templates"),
                "templates",
                "administer-templates",
                ("/system/templates",),
            ),
            Entry(_("Outbox"), "outbox", MAILBOXES, ("/outbox",)),
        ),
    ),
    Group(
        _("User Management"),
        (
            Entry(_("Users"), "people", "administer-people", ("/system/people",)),
            Entry(_("Roles"), "roles", "administer-people", ("/system/roles",)),
            Entry(
                _("User sign-in"),
                "identity_providers",
                "administer-people",
                ("/system/user-sign-in",),
            ),
        ),
    ),
    Group(
        _("Records"),
        (
            Entry(_("Alerts"), "alerts", MAILBOXES, ("/system/alerts",)),
            Entry(
                _("History"),
                "system_history",
                "administer-system",
                ("/system/history",),
            ),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as the page shows it."""

    label: str | Promise
    url: str
    is_here: bool


def of(user: User, path: str) -> list[tuple[Group, list[Link]]]:
    """The groups that hold something for this person, with the page they are on."""
    may = set(access.abilities_of(user))
    if "administer-mailboxes" in may or access.administered_mailboxes(user).exists():
        may.add(MAILBOXES)
    found = []
    for group in GROUPS:
        links = [
            Link(entry.label, url, any(path.startswith(part) for part in entry.parts))
            for entry in group.entries
            if entry.ability in may and (url := _address(entry.route))
        ]
        if links:
            found.append((group, links))
    return found


def first_page(user: User) -> str:
    """Where System leads this person; empty when nothing is open to them."""
    groups = of(user, "")
    return groups[0][1][0].url if groups else ""


@lru_cache
def _address(route: str) -> str:
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""
