"""The sign-in page; before there is anybody, it leads to the first-run page."""

from __future__ import annotations

from allauth.account.views import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from letterbox.services import people


@login_not_required
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show allauth's page, unless nobody could sign in yet."""
    if not people.has_anybody():
        return redirect("first_run")
    response: HttpResponse = login(request)
    return response
