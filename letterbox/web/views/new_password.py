"""Forgot the password: ask for a link, and choose a new one by it."""

from __future__ import annotations

import time

from allauth.core import ratelimit
from django import forms
from django.contrib import messages as flashes
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from letterbox.services import resets

# An answer about an address that is known takes longer to make; none is given sooner.
LEAST_SECONDS = 0.25


class AskForm(forms.Form):
    """Whose password was forgotten."""

    email = forms.EmailField(
        label=gettext_lazy("Email"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class ChooseForm(forms.Form):
    """The new one."""

    password = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        max_length=1000,
        help_text=gettext_lazy(
            "Eight characters at least; a few words are better than signs."
        ),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


@login_not_required
@require_http_methods(["GET", "POST"])
def password_forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link. The answer is the same whether the address is known or not."""
    begun = time.monotonic()
    can_send = resets.can_send()
    form = AskForm(request.POST or None)
    if not can_send or not form.is_valid():
        context = {"form": form, "can_send": can_send}
        status = 422 if form.is_bound and can_send else 200
        return render(
            request, "sign_in/password_forgotten.html", context, status=status
        )
    email = form.cleaned_data["email"].strip().lower()
    if not ratelimit.consume(request, action="reset_password", key=email):
        context = {"form": form, "can_send": True, "is_too_often": True}
        return render(request, "sign_in/password_forgotten.html", context, status=429)
    resets.send(email)
    time.sleep(max(0.0, LEAST_SECONDS - (time.monotonic() - begun)))
    return render(request, "sign_in/password_sent.html", {"email": email})


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def new_password(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link leads: choose a password, then sign in with it."""
    if resets.find(token) is None:
        return render(request, "sign_in/link_over.html", status=404)
    form = ChooseForm(request.POST or None)
    if form.is_valid():
        try:
            user = resets.choose(token, password=form.cleaned_data["password"])
        except ValidationError as error:
            form.add_error("password", error)
        else:
            if user is None:
                return render(request, "sign_in/link_over.html", status=404)
            flashes.success(request, _("The new password is set. Sign in with it."))
            return redirect("account_login")
    status = 422 if form.is_bound else 200
    return render(request, "sign_in/new_password.html", {"form": form}, status=status)


def closed(request: HttpRequest, key: str = "") -> HttpResponse:
    """Pages of allauth that Letterbox does not have: sign-up, other addresses."""
    raise Http404
