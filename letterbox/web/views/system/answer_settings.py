"""Hours and limits of a mailbox's automatic answers, and its breaker."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from letterbox import access
from letterbox.services import answer_settings as services
from letterbox.services import breaker as breakers
from letterbox.services import settings
from letterbox.web.answers import back, takes_away
from letterbox.web.doors import UserRequest
from letterbox.web.forms import budget_rows
from letterbox.web.forms.answer_settings import AnswerSettingsForm


@require_http_methods(["GET", "POST"])
def answer_settings(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Business hours, holidays, budgets, and how old a letter may be."""
    mailbox = access.get_administered_mailbox(request.user, mailbox_id)
    is_sent = request.method == "POST"
    form = AnswerSettingsForm(
        request.POST if is_sent else None, settings=services.of(mailbox)
    )
    status = 422 if is_sent else 200
    if is_sent and form.change(request.POST.get("do", "")):
        form.unbind()
        status = 200
    elif is_sent and form.is_valid():
        services.change(mailbox, form.cleaned_data["settings"], by=request.user)
        flashes.success(request, _("Saved."))
        return redirect("mailbox", mailbox.pk)
    context = {
        "form": form,
        "mailbox": mailbox,
        "scopes": budget_rows.SCOPES,
        "units": budget_rows.UNITS,
        "company": settings.business_calendar(),
        "may_set_company": access.has_ability(request.user, "administer-system"),
    }
    return render(request, "system/rules/settings.html", context, status=status)


@require_POST
def breaker(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Hold every automatic answer from now on, or let them go out again."""
    mailbox = access.get_administered_mailbox(request.user, mailbox_id)
    if takes_away(request):
        breakers.close(mailbox, by=request.user)
        flashes.success(request, _("Automatic answers go out again."))
    else:
        breakers.trip(mailbox, reason=_("A person stopped them."))
        flashes.success(request, _("Automatic answers are held from now on."))
    return back(request, "mailbox", mailbox.pk)


@require_POST
def held_answers(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Send, or give up, all held answers of a mailbox at once."""
    mailbox = access.get_mailbox(request.user, mailbox_id, ability=access.REPLY)
    if takes_away(request):
        count = breakers.discard_held(mailbox, by=request.user)
        flashes.success(request, _("%d held answers are given up.") % count)
    else:
        count = breakers.release_held(mailbox, by=request.user)
        flashes.success(request, _("%d held answers go out.") % count)
    return back(request, "outbox")
