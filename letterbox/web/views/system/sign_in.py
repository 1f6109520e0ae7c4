"""Sign in a mailbox with Google, Microsoft or another provider, and end it again.

The way out is a plain link, so that no form has to lead to another site. What must be
remembered until the browser comes back is kept in its session: one entry for each
sign-in begun, good once and for a quarter of an hour.
"""

from __future__ import annotations

from django.contrib import messages as flashes
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from letterbox import access
from letterbox.models import Mailbox, OAuthProvider
from letterbox.oauth.errors import OauthError
from letterbox.oauth.values import Tokens
from letterbox.services import mailboxes, oauth
from letterbox.sync import probe
from letterbox.web import begun, new_mailbox, pending_rules
from letterbox.web.doors import UserRequest
from letterbox.web.views.system.mailboxes import MAY_ADD

BEGUN = "sign-ins begun"


@never_cache
@require_GET
def sign_in(request: UserRequest, mailbox_id: int, provider_id: int) -> HttpResponse:
    """Lead the browser to the provider, for a mailbox that there is."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    return _go(request, provider_id, found)


@never_cache
@require_GET
def sign_in_new(request: UserRequest, provider_id: int) -> HttpResponse:
    """Lead the browser to the provider; the mailbox is made when it comes back."""
    if not access.has_ability(request.user, MAY_ADD):
        raise access.NotFound
    return _go(request, provider_id, None)


@never_cache
@require_GET
def sign_in_return(request: UserRequest) -> HttpResponse:
    """The browser is back from the provider, with a code or with a refusal."""
    known = begun.take(request, BEGUN)
    if known is None:
        flashes.error(request, _("This sign-in was not begun here, or long ago."))
        return redirect("system_mailboxes")
    found = None
    if known["mailbox"]:
        found = access.get_administered_mailbox(request.user, known["mailbox"])
    else:
        access.require_ability(request.user, MAY_ADD)
    provider = _provider(known["provider"])
    try:
        tokens = oauth.finish(
            provider,
            request.GET.dict(),
            verifier=known["verifier"],
            nonce=known["nonce"],
        )
    except OauthError as error:
        flashes.error(request, f"{error} {error.cure}".strip())
        return redirect("mailbox", found.pk) if found else redirect("mailbox_new")
    if found is not None:
        return _connected(request, found, provider, tokens)
    return _made(request, provider, tokens)


@require_POST
def sign_in_end(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Disconnect: give the permission back."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    row = getattr(found, "sign_in", None)
    if row is None:
        raise access.NotFound
    oauth.disconnect(row, by=request.user)
    flashes.success(
        request,
        _("Disconnected. Letters come and go again once somebody signs in."),
    )
    return redirect("mailbox", found.pk)


def _go(
    request: UserRequest, provider_id: int, mailbox: Mailbox | None
) -> HttpResponse:
    provider = _provider(provider_id)
    beginning = oauth.begin(provider, address=mailbox.address if mailbox else "")
    begun.remember(
        request,
        BEGUN,
        beginning,
        mailbox=mailbox.pk if mailbox else None,
        provider=provider.pk,
    )
    return HttpResponseRedirect(beginning.url)


def _provider(provider_id: int) -> OAuthProvider:
    provider = oauth.provider_of(provider_id)
    if provider is None:
        raise access.NotFound
    return provider


def _connected(
    request: UserRequest, found: Mailbox, provider: OAuthProvider, tokens: Tokens
) -> HttpResponse:
    new_mailbox.add_servers(found, provider)
    row = oauth.connect(found, provider, tokens, by=request.user)
    if row.account and row.account not in found.all_addresses:
        flashes.warning(
            request,
            _(
                "%(account)s signed in, which is another address than %(address)s. "
                "That is right only if this account may open the mailbox."
            )
            % {"account": row.account, "address": found.address},
        )
    else:
        flashes.success(
            request, _("Connected with %(name)s.") % {"name": provider.name}
        )
    return redirect("mailbox", found.pk)


def _made(
    request: UserRequest, provider: OAuthProvider, tokens: Tokens
) -> HttpResponse:
    """A mailbox for the account that signed in; its folders come next."""
    if not tokens.account:
        flashes.error(
            request,
            _(
                "%(name)s does not tell which account signed in. Add the mailbox by "
                "hand, then sign in on its page."
            )
            % {"name": provider.name},
        )
        return redirect("mailbox_new")
    known = access.administered_mailboxes(request.user).filter(
        address__iexact=tokens.account
    )
    found = known.first()
    if found is not None:
        return _connected(request, found, provider, tokens)
    found = new_mailbox.add_for(tokens.account, provider, by=request.user)
    oauth.connect(found, provider, tokens, by=request.user)
    for problem in pending_rules.add_to(request, found):
        flashes.warning(request, problem)
    mailboxes.announce(found)
    report = probe.retrieve_folders(found) if _has_servers(found) else None
    if report is not None and report.is_good:
        return redirect("mailbox_folders", found.pk)
    return redirect("mailbox", found.pk)


def _has_servers(mailbox: Mailbox) -> bool:
    return mailbox.connections.filter(protocol="imap").exists()
