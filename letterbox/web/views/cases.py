"""Cases: the list, one of them, and its fields."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from letterbox import access
from letterbox.models import Case, User
from letterbox.services import cases
from letterbox.web import record_lists
from letterbox.web.answers import back
from letterbox.web.doors import UserRequest
from letterbox.web.forms.records import CaseForm, changed_values


@require_GET
def case_list(request: UserRequest) -> HttpResponse:
    """The cases, newest first, of one status or of all."""
    status = request.GET.get("status", "")
    rows = access.cases(request.user).select_related("assignee", "contact", "mailbox")
    if status in Case.Status.values:
        rows = rows.filter(status=status)
    page = record_lists.page(rows, before=request.GET.get("before", ""))
    context = {"page": page, "status": status, "statuses": Case.Status.choices}
    template = "rows" if request.GET.get("part") == "rows" else "list"
    return render(request, f"cases/{template}.html", context)


@require_http_methods(["GET", "POST"])
def case(request: UserRequest, case_id: int) -> HttpResponse:
    """One case; posting changes the fields that were touched."""
    is_change = request.method == "POST"
    ability = access.REPLY if is_change else access.READ
    found = access.get_case(request.user, case_id, ability=ability)
    form = CaseForm(
        request.POST if is_change else None,
        instance=access.get_case(request.user, case_id),
        people=_people(found),
    )
    if is_change and form.is_valid():
        cases.change(found, by=request.user, **changed_values(form))
        flashes.success(request, _("Saved."))
        return back(request, "case", case_id)
    context = {
        "case": found,
        "form": form,
        "may_change": access.ability_in(request.user, found.mailbox_id or 0)
        >= access.REPLY,
        "conversation": found.conversation and found.conversation.place,
    }
    status = 422 if is_change else 200
    return render(request, "cases/case.html", context, status=status)


def _people(found: Case) -> Any:
    if found.mailbox is None:
        return User.objects.none()
    return access.people_in(found.mailbox, access.REPLY)
