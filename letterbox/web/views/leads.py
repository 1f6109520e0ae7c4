"""Leads: the list, one of them, and its fields."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from letterbox import access
from letterbox.models import Lead, User
from letterbox.services import leads
from letterbox.web import record_lists
from letterbox.web.answers import back
from letterbox.web.doors import UserRequest
from letterbox.web.forms.records import LeadForm, changed_values


@require_GET
def lead_list(request: UserRequest) -> HttpResponse:
    """The leads, newest first, of one status or of all."""
    status = request.GET.get("status", "")
    rows = access.leads(request.user).select_related("owner", "contact", "mailbox")
    if status in Lead.Status.values:
        rows = rows.filter(status=status)
    page = record_lists.page(rows, before=request.GET.get("before", ""))
    context = {"page": page, "status": status, "statuses": Lead.Status.choices}
    template = "rows" if request.GET.get("part") == "rows" else "list"
    return render(request, f"leads/{template}.html", context)


@require_http_methods(["GET", "POST"])
def lead(request: UserRequest, lead_id: int) -> HttpResponse:
    """One lead; posting changes the fields that were touched."""
    is_change = request.method == "POST"
    ability = access.REPLY if is_change else access.READ
    found = access.get_lead(request.user, lead_id, ability=ability)
    form = LeadForm(
        request.POST if is_change else None,
        instance=access.get_lead(request.user, lead_id),
        people=_people(found),
    )
    if is_change and form.is_valid():
        leads.change(found, by=request.user, **changed_values(form))
        flashes.success(request, _("Saved."))
        return back(request, "lead", lead_id)
    context = {
        "lead": found,
        "form": form,
        "may_change": access.ability_in(request.user, found.mailbox_id or 0)
        >= access.REPLY,
        "conversation": found.conversation and found.conversation.place,
    }
    status = 422 if is_change else 200
    return render(request, "leads/lead.html", context, status=status)


def _people(found: Lead) -> Any:
    if found.mailbox is None:
        return User.objects.none()
    return access.people_in(found.mailbox, access.REPLY)
