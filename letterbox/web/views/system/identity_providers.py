"""User sign-in: the providers that people sign in with, and whom they let in."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from letterbox import access
from letterbox.models import IdentityProvider
from letterbox.oauth.errors import OauthError
from letterbox.services import identities, identity_providers, people, settings
from letterbox.web.doors import UserRequest
from letterbox.web.forms.identity_providers import IdentityProviderForm

MAY = "administer-people"


@require_GET
def identity_provider_list(request: UserRequest) -> HttpResponse:
    """All of them, with how many people are connected with each."""
    access.require_ability(request.user, MAY)
    rows = access.identity_providers(request.user)
    context = {
        "providers": rows.annotate(people_count=Count("identities")),
        "is_for_administrators": settings.passwords_are_for_administrators(),
    }
    return render(request, "system/identity_providers/list.html", context)


@sensitive_post_parameters("client_secret")
@require_http_methods(["GET", "POST"])
def identity_provider_new(request: UserRequest) -> HttpResponse:
    """Add one."""
    access.require_ability(request.user, MAY)
    return _edit(request, IdentityProvider())


@sensitive_post_parameters("client_secret")
@require_http_methods(["GET", "POST"])
def identity_provider(request: UserRequest, identity_provider_id: int) -> HttpResponse:
    """Change one; people who are signed in stay so."""
    row = access.get_identity_provider(request.user, identity_provider_id)
    return _edit(request, row)


@require_POST
def identity_provider_removal(
    request: UserRequest, identity_provider_id: int
) -> HttpResponse:
    """Forget one; people stay."""
    row = access.get_identity_provider(request.user, identity_provider_id)
    try:
        identity_providers.remove(row, by=request.user)
    except people.NotPossible as problem:
        flashes.error(request, str(problem))
        return redirect("identity_provider", identity_provider_id)
    flashes.success(request, _("%(name)s is removed.") % {"name": row.name})
    return redirect("identity_providers")


def _edit(request: UserRequest, row: IdentityProvider) -> HttpResponse:
    form = IdentityProviderForm(request.POST or None, instance=row)
    if form.is_valid():
        # What the form has written into its row is not saved by it.
        fresh = access.get_identity_provider(request.user, row.pk) if row.pk else None
        try:
            saved = identity_providers.save(
                fresh, by=request.user, **form.fields_to_save()
            )
        except OauthError as error:
            form.add_error("issuer", str(error))
        except people.NotPossible as problem:
            form.add_error(None, str(problem))
        else:
            flashes.success(request, _("Saved."))
            return redirect("identity_provider", saved.pk)
    context = {
        "form": form,
        "provider": row,
        "redirect_url": identities.redirect_url(),
    }
    status = 422 if form.is_bound else 200
    return render(
        request, "system/identity_providers/edit.html", context, status=status
    )
