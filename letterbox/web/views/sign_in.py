"""The sign-in page; before there is anybody, it leads to the first-run page."""

from __future__ import annotations

from allauth.account.views import LoginView
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from letterbox.services import identity_providers, people, settings


@login_not_required
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show allauth's page, unless nobody could sign in yet."""
    if not people.has_anybody():
        return redirect("first_run")
    view = LoginView.as_view(
        extra_context={
            "providers": identity_providers.offered(),
            "is_for_administrators": settings.passwords_are_for_administrators(),
        }
    )
    response: HttpResponse = view(request)
    return response
