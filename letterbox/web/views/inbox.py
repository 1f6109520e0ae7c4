"""The inbox: views, list, and the conversation that is open beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from letterbox import access
from letterbox.models import Conversation, Mailbox, User
from letterbox.web import inbox_lists
from letterbox.web.doors import UserRequest


def home(request: UserRequest) -> HttpResponse:
    """The front door leads to the inbox."""
    return redirect("inbox")


@require_GET
def inbox(request: UserRequest) -> HttpResponse:
    """The list; a request for a part of the page gets that part only."""
    part = request.GET.get("part")
    if part == "views":
        context = _place_context(request) | views_context(request)
        return render(request, "inbox/views.html", context)
    context = list_context(request)
    if part == "rows":
        return render(request, "inbox/rows.html", context)
    return render(request, "inbox/page.html", context | views_context(request))


def list_context(
    request: UserRequest, opened: Conversation | None = None
) -> dict[str, Any]:
    """What the list shows, from the query: view, mailbox, before, rows."""
    context = _place_context(request)
    view, mailbox_id = context["view"], context["mailbox_id"]
    conversations = access.conversations(request.user)
    if mailbox_id:
        conversations = conversations.filter(mailbox=mailbox_id)
    page = inbox_lists.page(
        conversations,
        view,
        request.user,
        before=request.GET.get("before", ""),
        rows=_number(request.GET.get("rows", "")) or inbox_lists.PAGE_ROWS,
    )
    return context | {
        "page": page,
        "opened_id": opened.pk if opened else _number(request.GET.get("opened", "")),
    }


def views_context(request: UserRequest) -> dict[str, Any]:
    """The views pane: every view and mailbox with its count."""
    mailboxes = _worth_showing(
        request.user,
        access.mailboxes(request.user).only("label", "address", "removed_at"),
    )
    mailbox_id = _number(request.GET.get("mailbox", ""))
    of_views, of_mailboxes = inbox_lists.counts(
        access.conversations(request.user), request.user, mailbox_id=mailbox_id
    )
    counted = [(each, of_mailboxes.get(each.pk, 0)) for each in mailboxes]
    return {
        "views": [
            (view, of_views.get(view.name))
            for view in inbox_lists.VIEWS
            if view.is_shown_empty
            or of_views.get(view.name)
            or view.name == request.GET.get("view")
        ],
        "mailboxes": counted,
        "mailbox_groups": [
            (_("Mailboxes"), [pair for pair in counted if not pair[0].removed_at]),
            # Their letters were kept: who might read them still may.
            (_("Removed mailboxes"), [pair for pair in counted if pair[0].removed_at]),
        ],
        "chosen_mailbox": next((m for m in mailboxes if m.pk == mailbox_id), None),
        "may_add_mailbox": access.has_ability(request.user, "administer-mailboxes"),
    }


def _worth_showing(user: User, mailboxes: Iterable[Mailbox]) -> list[Mailbox]:
    """Those that work, and those that were removed but have letters left to read."""
    found = list(mailboxes)
    removed = [each.pk for each in found if each.removed_at]
    if not removed:
        return found
    kept = set(
        access.conversations(user)
        .filter(mailbox__in=removed)
        .order_by()
        .values_list("mailbox", flat=True)
        .distinct()
    )
    return [each for each in found if not each.removed_at or each.pk in kept]


def _place_context(request: UserRequest) -> dict[str, Any]:
    """Where in the inbox somebody is: the view and the mailbox."""
    view = inbox_lists.BY_NAME.get(request.GET.get("view", ""))
    view = view or inbox_lists.BY_NAME[inbox_lists.FIRST]
    mailbox_id = _number(request.GET.get("mailbox", ""))
    place = {"view": view.name}
    if mailbox_id:
        place["mailbox"] = str(mailbox_id)
    return {"view": view, "mailbox_id": mailbox_id, "place": urlencode(place)}


def _number(text: str) -> int:
    """A small number from an address; anything else is 0."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
