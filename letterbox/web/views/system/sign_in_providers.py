"""Sign-in providers: where Letterbox is registered, so that mailboxes can sign in."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from letterbox import access
from letterbox.models import OAuthProvider
from letterbox.oauth.errors import OauthError
from letterbox.services import oauth, oauth_providers
from letterbox.web.doors import UserRequest
from letterbox.web.forms.sign_in_providers import ProviderForm

ABILITY = "administer-system"


@require_GET
def provider_list(request: UserRequest) -> HttpResponse:
    """All of them, with how many mailboxes are opened by each."""
    access.require_ability(request.user, ABILITY)
    context = {
        "providers": access.oauth_providers(request.user).prefetch_related("sign_ins"),
    }
    return render(request, "system/sign_in_providers/list.html", context)


@sensitive_post_parameters("client_secret")
@require_http_methods(["GET", "POST"])
def provider_new(request: UserRequest) -> HttpResponse:
    """Add a registration."""
    access.require_ability(request.user, ABILITY)
    return _edit(request, OAuthProvider())


@sensitive_post_parameters("client_secret")
@require_http_methods(["GET", "POST"])
def provider(request: UserRequest, provider_id: int) -> HttpResponse:
    """Change a registration; mailboxes that are signed in stay so."""
    return _edit(request, access.get_oauth_provider(request.user, provider_id))


@require_POST
def provider_removal(request: UserRequest, provider_id: int) -> HttpResponse:
    """Forget a registration that no mailbox needs."""
    found = access.get_oauth_provider(request.user, provider_id)
    try:
        oauth_providers.remove(found, by=request.user)
    except oauth_providers.InUse as error:
        flashes.error(request, str(error))
        return redirect("sign_in_provider", provider_id)
    flashes.success(request, _("%(name)s is removed.") % {"name": found.name})
    return redirect("sign_in_providers")


def _edit(request: UserRequest, row: OAuthProvider) -> HttpResponse:
    form = ProviderForm(request.POST or None, instance=row)
    if form.is_valid():
        # What the form has written into its row is not saved by it.
        fresh = OAuthProvider() if row.pk is None else oauth.provider_of(row.pk)
        try:
            oauth_providers.save(
                fresh or OAuthProvider(), by=request.user, **form.fields_to_save()
            )
        except OauthError as error:
            form.add_error("issuer", str(error))
        else:
            flashes.success(request, _("Saved."))
            return redirect("sign_in_providers")
    context = {
        "form": form,
        "provider": row,
        "redirect_url": oauth.redirect_url(),
        "mailboxes": oauth_providers.mailboxes_with(row) if row.pk else [],
        "administered": access.administered_mailbox_ids(request.user),
    }
    status = 422 if form.is_bound else 200
    return render(request, "system/sign_in_providers/edit.html", context, status=status)
