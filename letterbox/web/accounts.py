"""How people sign in: by invitation only, nobody signs up by themselves."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.contrib import messages as flashes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from letterbox import live
from letterbox.models import User
from letterbox.services import people

# Whom the provider has just named in this session, until they are signed in.
BY_PROVIDER = "named by a provider"


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    """Lets the streams of a session end with it."""

    def end_sessions(self, sessions: Any) -> None:
        """Called by the page that lists where one is signed in."""
        super().end_sessions(sessions)
        live.announce("access")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes the open sign-up that allauth has by default, and passwords where told."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made on the first-run page and by invitation."""
        return False

    def pre_login(
        self, request: HttpRequest, user: User, **kwargs: Any
    ) -> HttpResponse | None:
        """Called before a second factor is asked for, whatever the first one was."""
        is_by_provider = request.session.pop(BY_PROVIDER, None) == user.pk
        if user.is_active and not is_by_provider and not people.may_use_password(user):
            clear_login(request)
            flashes.error(
                request, _("Passwords are closed here. Sign in with a provider below.")
            )
            return redirect("account_login")
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response
