"""The first page of a new installation: it makes the first administrator."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from letterbox.services import people
from letterbox.web.forms.first_run import AccountForm

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def first_run(request: HttpRequest) -> HttpResponse:
    """Make the first account and go on to the first mailbox; closed ever after."""
    if people.has_anybody():
        return redirect("inbox")
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = people.make_first_administrator(**form.cleaned_data)
        except ValidationError as error:
            form.add_error("password", error)
        else:
            login(request, user, backend=BACKEND)
            return redirect("mailbox_new")
    status = 422 if form.errors else 200
    return render(request, "first_run/account.html", {"form": form}, status=status)
