"""The settings of the system: each with its help, its default and its meaning."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from letterbox import access
from letterbox.services import retention, setting_list, settings
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
    context = {"form": form, "retention_group": str(setting_list.RETENTION)}
    return render(request, "system/settings.html", context, status=status)


@require_GET
def retention_preview(request: UserRequest) -> HttpResponse:
    """What the days that are typed would delete, before anybody saves them."""
    access.require_ability(request.user, "administer-system")
    rules = retention.Rules(
        *(
            _days(request.GET.get(f"retain-{name}-days", ""))
            for name in ("closed", "spam", "history")
        )
    )
    found = retention.preview(rules)
    context = {"found": found, "deletes": rules != retention.Rules()}
    return render(request, "system/_retention.html", context)


def _days(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= 5
    return min(int(text), 36_500) if is_number else 0
