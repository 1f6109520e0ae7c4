"""What stands around every page: the items of the rail, as a context processor.

Asks the database whether System is open to this person, and what is in trouble.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from letterbox import access
from letterbox.models import User
from letterbox.services import settings
from letterbox.web import system_nav
from letterbox.web.system_nav import Group, Link


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the rail; `route` is the name of its first page."""

    route: str
    label: str | Promise
    icon: str
    # The first parts of the addresses that belong to it.
    parts: tuple[str, ...]
    is_last: bool = False


RAIL = (
    Item("inbox", _("Inbox"), "inbox", ("inbox", "conversations", "messages")),
    Item("cases", _("Cases"), "briefcase", ("cases",)),
    Item("leads", _("Leads"), "target-arrow", ("leads",)),
    Item("contacts", _("Contacts"), "users", ("contacts",)),
    Item("reports", _("Reports"), "chart-bar", ("reports",)),
    Item("system", _("System"), "settings", ("system", "outbox"), is_last=True),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the rail, with the item of this page marked."""
    first = request.path_info.lstrip("/").partition("/")[0]
    return {
        "rail": [
            {"item": item, "url": url, "is_here": first in item.parts}
            for item in RAIL
            if (url := _address(item.route))
            and (not item.is_last or _sees_system(request))
        ],
        # Called where the top bar is shown.
        "alert_count": lambda: alert_count(request),
        # Called by the pages that stand alone, such as the sign-in page.
        "brand_name": lambda: settings.get("company-name"),
        # Called by the pages of System only.
        "system_nav": lambda: _system_nav(request),
    }


def alert_count(request: HttpRequest) -> int:
    """How many things this person should look at."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return 0
    return access.alerts(user).filter(resolved_at__isnull=True).count()


def _system_nav(request: HttpRequest) -> list[tuple[Group, list[Link]]]:
    user = getattr(request, "user", None)
    return system_nav.of(user, request.path_info) if isinstance(user, User) else []


def _sees_system(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return isinstance(user, User) and (
        access.may_administer(user) or access.administered_mailboxes(user).exists()
    )


@lru_cache
def _address(route: str) -> str:
    """The address, or nothing while a page does not exist: the rail never lies."""
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""
