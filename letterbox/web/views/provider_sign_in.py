"""Sign in with the company's provider, and connect an account with it.

The way out is a plain link, so that no form has to lead to another site. Connecting
begins on a page of ours, whose link carries a word of this session: else a stranger's
page could tie the stranger's account to whoever looks at it.
"""

from __future__ import annotations

import secrets

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.utils import perform_login
from allauth.core import ratelimit
from django.contrib import messages as flashes
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from letterbox.models import IdentityProvider, User
from letterbox.oauth.errors import OauthError
from letterbox.services import identities, identity_providers, invitations, people
from letterbox.web import begun
from letterbox.web.accounts import BY_PROVIDER
from letterbox.web.doors import UserRequest
from letterbox.web.two_factor import remember_second_factor

BEGUN = "people's sign-ins begun"
CONNECTING = "connecting"


@login_not_required
@never_cache
@require_GET
def provider_sign_in(request: HttpRequest, key: str) -> HttpResponse:
    """Lead the browser to the provider."""
    provider = identity_providers.find(key)
    if provider is None:
        raise Http404
    if not ratelimit.consume(request, action="provider_sign_in"):
        return _refused(request, _("Too many sign-ins were begun here. Wait a minute."))
    beginning = identities.begin(provider)
    begun.remember(
        request,
        BEGUN,
        beginning,
        provider=provider.pk,
        invitation=request.GET.get("invitation", "")[:200],
        joining=_connecting(request),
        next=request.GET.get("next", "")[:2000],
    )
    return HttpResponseRedirect(beginning.url)


@login_not_required
@never_cache
@require_GET
def provider_return(request: HttpRequest) -> HttpResponse:
    """The browser is back from the provider, with a code or with a refusal."""
    known = begun.take(request, BEGUN)
    if known is None:
        return _refused(request, _("This sign-in was not begun here, or long ago."))
    provider = identity_providers.known(known["provider"])
    if provider is None:
        return _refused(request, _("This provider is not used any more."))
    joining, problem = _joining(request, known["joining"], known["invitation"])
    if problem:
        return _refused(request, problem)
    try:
        who = identities.identify(
            provider,
            request.GET.dict(),
            verifier=known["verifier"],
            nonce=known["nonce"],
        )
        user = identities.enter(provider, who, joining=joining)
    except (OauthError, identities.Refused) as error:
        return _refused(request, str(error), provider)
    if known["joining"]:
        flashes.success(
            request, _("Connected with %(name)s.") % {"name": provider.name}
        )
        return redirect("connections")
    request.session[BY_PROVIDER] = user.pk
    if provider.has_second_factor:
        remember_second_factor(request, user)
    is_safe = get_adapter(request).is_safe_url(known["next"])
    response: HttpResponse = perform_login(
        request, user, redirect_url=known["next"] if is_safe else None
    )
    return response


@reauthentication_required  # type: ignore[untyped-decorator]
@require_http_methods(["GET"])
def connections(request: UserRequest) -> HttpResponse:
    """Which providers this person is connected with, and which they may add."""
    word = request.session.setdefault(CONNECTING, secrets.token_urlsafe(24))
    mine = list(request.user.identities.select_related("provider"))
    there = {identity.provider_id for identity in mine}
    context = {
        "identities": mine,
        "others": [
            each for each in identity_providers.offered() if each.pk not in there
        ],
        "word": word,
    }
    return render(request, "sign_in/connections.html", context)


@reauthentication_required  # type: ignore[untyped-decorator]
@require_POST
def connection_end(request: UserRequest, key: str) -> HttpResponse:
    """Be connected with a provider no more, where another way in is left."""
    identity = request.user.identities.filter(provider__key=key).first()
    if identity is None:
        raise Http404
    if not (
        request.user.has_usable_password() and people.may_use_password(request.user)
    ):
        flashes.error(
            request, _("It is your only way in. Ask an administrator to end it.")
        )
    else:
        identities.disconnect(identity, by=request.user)
        flashes.success(request, _("Disconnected."))
    return redirect("connections")


def _connecting(request: HttpRequest) -> int | None:
    """Who asked to be connected: only by the link that our own page showed them."""
    word = request.GET.get(CONNECTING, "")
    known = request.session.get(CONNECTING, "")
    is_ours = word and known and constant_time_compare(word, known)
    return request.user.pk if is_ours and isinstance(request.user, User) else None


def _joining(
    request: HttpRequest, user_id: int | None, invitation: str
) -> tuple[User | None, str]:
    """Whose account is to be connected; the second is why it cannot be."""
    if user_id is not None:
        if not isinstance(request.user, User) or request.user.pk != user_id:
            return None, _("You are not signed in any more. Sign in and begin again.")
        return request.user, ""
    if invitation:
        found = invitations.find(*invitation.partition("/")[::2])
        if found is None:
            return None, _("The invitation was used, or is too old. Ask for a new one.")
        return found, ""
    return None, ""


def _refused(
    request: HttpRequest, sentence: str, provider: IdentityProvider | None = None
) -> HttpResponse:
    context = {"sentence": sentence, "provider": provider}
    return render(request, "sign_in/refused.html", context, status=403)
