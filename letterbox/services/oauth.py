"""The sign-ins of mailboxes: begin one, keep its tokens fresh, end it.

    connected ──refresh, hourly──► connected
        │ ▲                            │
        │ └────── sign in again ───────┤
        ├── the provider refuses ──► ended, with its reason
        └── disconnect ────────────► ended

Nobody talks to a provider inside a transaction: a refresh is claimed by a conditional
UPDATE, done, and recorded under the same fence. Tokens are stored only sealed, and
are never logged or shown.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from letterbox import live
from letterbox.models import Connection, Mailbox, OAuthProvider, SignIn, User
from letterbox.oauth import conversation, errors
from letterbox.oauth.values import Beginning, Provider, Tokens
from letterbox.services import history, keys, oauth_providers

logger = logging.getLogger(__name__)

# A token is renewed so long before it ends: clocks differ, and logins take time.
EARLY = timedelta(minutes=5)
# Others who need a token meanwhile take the old one, down to this much of its life.
LEAST_LEFT = timedelta(seconds=30)
# Longer than any request may take; after it the claimer is taken for dead.
CLAIM = timedelta(seconds=45)
WAIT_SECONDS = 50.0
# A token so young is not to blame for a refused login; asking again changes nothing.
YOUNG = timedelta(minutes=1)


def choices() -> QuerySet[OAuthProvider]:
    """The providers that a mailbox may be signed in at."""
    return OAuthProvider.objects.all()


def provider_of(provider_id: int) -> OAuthProvider | None:
    """One of them."""
    return choices().filter(pk=provider_id).first()


def redirect_url() -> str:
    """Where providers send the browser back to; registered there beforehand."""
    return f"{settings.PUBLIC_URL}{reverse('oauth_return')}"


def begin(provider: OAuthProvider, *, address: str = "") -> Beginning:
    """Begin a sign-in; the caller remembers what it says and sends the browser off."""
    return conversation.begin(
        oauth_providers.values_of(provider),
        redirect_url=redirect_url(),
        login_hint=address,
    )


def finish(
    provider: OAuthProvider, answer: Mapping[str, str], *, verifier: str, nonce: str
) -> Tokens:
    """Get the tokens for what the browser brought back; raises OauthError."""
    return conversation.finish(
        oauth_providers.values_of(provider),
        answer,
        verifier=verifier,
        nonce=nonce,
        redirect_url=redirect_url(),
        trust=keys.tls_context(),
    )


@transaction.atomic
def connect(
    mailbox: Mailbox, provider: OAuthProvider, tokens: Tokens, *, by: User | None
) -> SignIn:
    """Open the mailbox by this sign-in from now on, instead of by a password.

    Nothing about folders and letters changes, so signing in again loses nothing.
    """
    now = timezone.now()
    row, is_new = SignIn.objects.select_for_update().get_or_create(
        mailbox=mailbox, defaults={"provider": provider, "connected_at": now}
    )
    row.provider, row.account = provider, tokens.account
    row.connected_at, row.connected_by = now, by
    row.ended_at, row.problem, row.claimed_until = None, "", None
    row.fence += 1
    _fill(row, tokens)
    row.save(update_fields=[*_TOKEN_FIELDS, *_SIGN_IN_FIELDS])
    _open_by(row)
    history.record(
        "mailbox-connected" if is_new else "mailbox-reconnected",
        by=by,
        mailbox=mailbox,
        provider=provider.name,
        account=tokens.account,
    )
    live.announce("mailbox", mailbox.pk, mailbox_id=mailbox.pk)
    return row


@transaction.atomic
def expect(
    mailbox: Mailbox,
    provider: OAuthProvider,
    *,
    account: str,
    refresh_token: str,
    by: User | None,
) -> SignIn:
    """Open the mailbox by a sign-in that was not begun here, as a file may say.

    Without a refresh token it waits, as one that has ended, until a person signs in.
    """
    now = timezone.now()
    row, _is_new = SignIn.objects.select_for_update().get_or_create(
        mailbox=mailbox, defaults={"provider": provider, "connected_at": now}
    )
    row.provider, row.account = provider, account
    row.connected_at, row.connected_by, row.claimed_until = now, by, None
    row.ended_at = None if refresh_token else now
    row.problem = "" if refresh_token else "Nobody has signed in yet."
    row.fence += 1
    row.sealed_access_token, row.expires_at, row.refreshed_at = "", None, None
    row.refresh_expires_at = None
    row.sealed_refresh_token = keys.seal(refresh_token)
    row.save(update_fields=[*_TOKEN_FIELDS, *_SIGN_IN_FIELDS])
    _open_by(row)
    history.record(
        "mailbox-sign-in-expected",
        by=by,
        mailbox=mailbox,
        provider=provider.name,
        account=account,
    )
    live.announce("mailbox", mailbox.pk, mailbox_id=mailbox.pk)
    return row


def disconnect(sign_in: SignIn, *, by: User | None) -> None:
    """Give the permission back, here and at the provider if it takes it back."""
    provider = oauth_providers.values_of(sign_in.provider)
    refresh_token = keys.open_sealed(sign_in.sealed_refresh_token)
    with transaction.atomic():
        _end(sign_in.pk, problem="Somebody disconnected the account.")
        history.record(
            "mailbox-disconnected",
            by=by,
            mailbox=sign_in.mailbox,
            provider=sign_in.provider.name,
            account=sign_in.account,
        )
        live.announce("mailbox", sign_in.mailbox_id, mailbox_id=sign_in.mailbox_id)
    if not conversation.revoke(provider, refresh_token, trust=keys.tls_context()):
        logger.info("The provider of sign-in %d was not told.", sign_in.pk)


def access_token(sign_in: SignIn, *, instead_of: str = "") -> str:
    """A token that is good for some minutes at least; raises OauthError.

    `instead_of` is one that a server has just refused. Over all processes one asks
    the provider at a time; the others go on with the token there is, or wait.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        row = SignIn.objects.select_related("provider").get(pk=sign_in.pk)
        if not row.is_connected:
            raise errors.SignInAgain(row.problem or "Nobody has signed in yet.")
        token = keys.open_sealed(row.sealed_access_token)
        if not _is_due(row, token, instead_of):
            return token
        if _claim(row):
            return _refresh(row)
        is_usable = row.expires_at and row.expires_at > timezone.now() + LEAST_LEFT
        if is_usable and token != instead_of:
            return token
        # Let the connection to the database go while somebody else asks.
        if not connection.in_atomic_block:
            connection.close()
        time.sleep(0.2)
    raise errors.NotNow("Another process asks the provider for a token since long ago.")


def expires_soon(row: SignIn, *, within: timedelta) -> datetime | None:
    """When the permission ends, if that is known and near."""
    if not row.is_connected or row.refresh_expires_at is None:
        return None
    is_near = row.refresh_expires_at <= timezone.now() + within
    return row.refresh_expires_at if is_near else None


def _open_by(row: SignIn) -> None:
    """Have the servers of the mailbox ask for this sign-in instead of a password."""
    for each in row.mailbox.connections.all():
        # SMTP that asks for no login is left as it is.
        if each.protocol == Connection.Protocol.IMAP or each.login:
            each.login = each.login or row.account or row.mailbox.address
            each.sign_in, each.sealed_password = row, ""
            each.save(update_fields=["login", "sign_in", "sealed_password"])


def _is_due(row: SignIn, token: str, instead_of: str) -> bool:
    """Whether the token must be renewed before anybody uses it."""
    now = timezone.now()
    if not token or row.expires_at is None:
        return True
    if token == instead_of:
        return row.refreshed_at is None or now - row.refreshed_at > YOUNG
    return row.expires_at - now < EARLY


def _claim(row: SignIn) -> bool:
    """Take the right to refresh; the condition is asked again inside the UPDATE."""
    now = timezone.now()
    claimed = SignIn.objects.filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=now),
        pk=row.pk,
        fence=row.fence,
        ended_at__isnull=True,
    ).update(claimed_until=now + CLAIM, fence=F("fence") + 1)
    row.fence += claimed
    return bool(claimed)


def _refresh(row: SignIn) -> str:
    """Ask the provider; nobody else does meanwhile."""
    provider: Provider = oauth_providers.values_of(row.provider)
    refresh_token = keys.open_sealed(row.sealed_refresh_token)
    if not connection.in_atomic_block:
        connection.close()
    try:
        tokens = conversation.refresh(provider, refresh_token, trust=keys.tls_context())
    except errors.SignInAgain as error:
        if _end(row.pk, problem=str(error), fence=row.fence):
            logger.warning("Sign-in %d was refused by its provider.", row.pk)
        raise
    except errors.OauthError:
        _still_ours(row).update(claimed_until=None)
        raise
    _fill(row, tokens)
    fields = {name: getattr(row, name) for name in _TOKEN_FIELDS}
    if _still_ours(row).update(claimed_until=None, **fields):
        logger.info("Sign-in %d has a new token.", row.pk)
    return tokens.access_token


_TOKEN_FIELDS = (
    "sealed_access_token",
    "sealed_refresh_token",
    "expires_at",
    "refresh_expires_at",
    "refreshed_at",
)
_SIGN_IN_FIELDS = (
    "provider",
    "account",
    "connected_at",
    "connected_by",
    "ended_at",
    "problem",
    "claimed_until",
    "fence",
)


def _fill(row: SignIn, tokens: Tokens) -> None:
    """Seal what the provider gave; a rotated refresh token replaces the old one."""
    row.sealed_access_token = keys.seal(tokens.access_token)
    if tokens.refresh_token:
        row.sealed_refresh_token = keys.seal(tokens.refresh_token)
    row.expires_at = tokens.expires_at
    row.refresh_expires_at = tokens.refresh_expires_at
    row.refreshed_at = timezone.now()


def _still_ours(row: SignIn) -> QuerySet[SignIn]:
    return SignIn.objects.filter(pk=row.pk, fence=row.fence)


def _end(sign_in_id: int, *, problem: str, fence: int | None = None) -> bool:
    """Forget the tokens; the row stays for who signs in again."""
    rows = SignIn.objects.filter(pk=sign_in_id, ended_at__isnull=True)
    if fence is not None:
        rows = rows.filter(fence=fence)
    return bool(
        rows.update(
            ended_at=timezone.now(),
            problem=problem,
            sealed_access_token="",
            sealed_refresh_token="",
            expires_at=None,
            refresh_expires_at=None,
            claimed_until=None,
            fence=F("fence") + 1,
        )
    )
