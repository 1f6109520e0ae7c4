"""System → Outbox: what is held, failed or unsure, why, and what to do about it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from letterbox import access
from letterbox.models import OutgoingMail
from letterbox.services import outbox as services
from letterbox.web import record_lists
from letterbox.web.answers import back
from letterbox.web.doors import UserRequest

State = OutgoingMail.State
WAITING = (State.HELD, State.FAILED, State.UNSURE)
SHOWN = {
    "": (gettext_lazy("Waiting for a person"), WAITING),
    "held": (gettext_lazy("Held"), (State.HELD,)),
    "failed": (gettext_lazy("Failed"), (State.FAILED,)),
    "unsure": (gettext_lazy("Unsure"), (State.UNSURE,)),
    "on-its-way": (gettext_lazy("On its way"), (State.QUEUED, State.SENDING)),
    "sent": (gettext_lazy("Sent"), (State.SENT,)),
    "discarded": (gettext_lazy("Discarded"), (State.DISCARDED,)),
}


@require_GET
def outbox(request: UserRequest) -> HttpResponse:
    """The grid, of all mailboxes that one may read or of one."""
    chosen = request.GET.get("state", "")
    states = SHOWN.get(chosen, SHOWN[""])[1]
    rows = access.outbox(request.user).filter(state__in=states)
    mailboxes = list(access.mailboxes(request.user))
    wanted = request.GET.get("mailbox", "")
    found = next((each for each in mailboxes if str(each.pk) == wanted), None)
    if found is not None:
        rows = rows.filter(mailbox=found)
    rows = rows.select_related("mailbox", "rule", "conversation", "author")
    page = record_lists.page(rows, before=request.GET.get("before", ""))
    holding = [each for each in mailboxes if each.breaker_open_since]
    context: dict[str, Any] = {
        "page": page,
        "shown": SHOWN.items(),
        "state": chosen if chosen in SHOWN else "",
        "mailboxes": [(each.pk, each.label) for each in mailboxes],
        "mailbox": found,
        "holding": holding,
        # Asked only where something is shown that they may decide about.
        "answerable": frozenset(
            access.mailboxes(request.user, access.REPLY).values_list("pk", flat=True)
        )
        if page.rows or holding
        else frozenset(),
        "administered": access.administered_mailbox_ids(request.user)
        if holding
        else frozenset(),
    }
    template = "rows" if request.GET.get("part") == "rows" else "page"
    return render(request, f"system/outbox/{template}.html", context)


@require_POST
def settlement(request: UserRequest, outgoing_id: int) -> HttpResponse:
    """Somebody has looked: the unsure mail did arrive."""
    mail = access.get_outgoing(request.user, outgoing_id, ability=access.REPLY)
    if services.settle(mail, by=request.user, how="a person looked"):
        flashes.success(request, _("It counts as sent."))
    else:
        flashes.warning(request, _("It was not unsure any more."))
    return back(request, "outbox")
