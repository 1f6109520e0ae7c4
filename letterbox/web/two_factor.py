"""Leads members of roles that require a second factor to setting one up.

Everything else waits until it is done; the pages of one's own account stay open.
"""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages as flashes
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from letterbox.models import User

# Whose second factor a provider has asked for in this session.
BY_PROVIDER = "second factor by provider"


class TwoFactor:
    """Middleware; runs after the sign-in is known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on unless a second factor must come first."""
        user = getattr(request, "user", None)
        if (
            isinstance(user, User)
            and not request.path_info.startswith(("/account/", "/static/"))
            and must_set_up(user)
            and request.session.get(BY_PROVIDER) != user.pk
        ):
            if request.headers.get("HX-Request") == "true":
                return HttpResponseClientRedirect(reverse("mfa_index"))
            flashes.warning(
                request,
                _("Your role asks for a second factor. Set one up, then go on."),
            )
            return redirect("mfa_index")
        return self.get_response(request)


def remember_second_factor(request: HttpRequest, user: User) -> None:
    """For this session, the provider has asked for a second factor itself."""
    request.session[BY_PROVIDER] = user.pk


def must_set_up(user: User) -> bool:
    """Whether a role asks for a second factor that the person does not have."""
    asks = any(role.requires_two_factor for role in user.roles.all())
    return asks and not is_mfa_enabled(user)
