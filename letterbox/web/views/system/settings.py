"""The settings of the system: each with its help, its default and its meaning."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from letterbox import access
from letterbox.services import settings
from letterbox.web.doors import UserRequest
from letterbox.web.forms.settings import SettingsForm


@require_http_methods(["GET", "POST"])
def system_settings(request: UserRequest) -> HttpResponse:
    """All settings on one page."""
    access.require_ability(request.user, "administer-system")
    form = SettingsForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        changed = settings.change(form.values(), by=request.user)
        flashes.success(request, _("Saved.") if changed else _("Nothing was changed."))
        return redirect("system_settings")
    status = 422 if form.is_bound else 200
    return render(request, "system/settings.html", {"form": form}, status=status)
