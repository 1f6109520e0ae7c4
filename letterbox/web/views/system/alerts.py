"""Alerts: what is in trouble, what was, and whom it is told to."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from letterbox import access
from letterbox.services import alert_settings as settings_of_alerts
from letterbox.web.doors import UserRequest
from letterbox.web.forms.alerts import AlertSettingsForm

ABILITY = "administer-system"
MOST_PAST = 50


@require_GET
def alert_list(request: UserRequest) -> HttpResponse:
    """Open alerts first, then those that are over."""
    mine = access.alerts(request.user).select_related("mailbox")
    is_anybody = access.may_administer(request.user)
    if not is_anybody and not access.administered_mailboxes(request.user).exists():
        raise access.NotAllowed
    context = {
        "open": mine.filter(resolved_at__isnull=True),
        "past": mine.filter(resolved_at__isnull=False)[:MOST_PAST],
        "may_set": access.has_ability(request.user, ABILITY),
    }
    return render(request, "system/alerts/list.html", context)


@require_GET
def alert_count(request: UserRequest) -> HttpResponse:
    """The number in the top bar, fetched again when an alert opens or is over."""
    return render(request, "parts/alert_count.html")


@sensitive_post_parameters("webhook_secret")
@require_http_methods(["GET", "POST"])
def alert_settings(request: UserRequest) -> HttpResponse:
    """Whom alerts are told to, by mail and by webhook."""
    access.require_ability(request.user, ABILITY)
    form = AlertSettingsForm(request.POST or None)
    if form.is_valid():
        settings_of_alerts.change(by=request.user, **form.fields_to_save())
        flashes.success(request, _("Saved."))
        return redirect("alerts")
    status = 422 if form.is_bound else 200
    return render(request, "system/alerts/settings.html", {"form": form}, status=status)
