"""Letterbox's registrations at providers: add, change, remove; who may be signed in at.

Client secrets are stored only sealed. Those of people's providers: identity_providers.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q

from letterbox.models import Mailbox, OAuthProvider, User
from letterbox.oauth import conversation, providers
from letterbox.oauth.values import ClientProof, Provider
from letterbox.services import history, keys

EDITABLE = (
    "name",
    "kind",
    "client_id",
    "client_secret_expires_on",
    "tenant",
    "issuer",
    "authorise_url",
    "token_url",
    "revoke_url",
    "scopes",
)


class InUse(Exception):
    """Mailboxes are opened by this provider; they would lose their sign-in."""


def save(
    row: OAuthProvider,
    *,
    client_secret: str | None,
    by: User | None,
    addresses: providers.Addresses | None = None,
    **fields: Any,
) -> OAuthProvider:
    """Add or change a registration; a secret of None keeps the stored one.

    Where another provider's addresses are left out, its issuer is asked for them unless
    the caller has asked: raises OauthError when it does not tell.
    """
    kind = fields.get("kind", row.kind)
    if kind not in providers.KINDS:
        raise ValueError(f"There is no kind of provider {kind!r}.")
    changes = history.assign(row, fields, editable=EDITABLE)
    if kind == "other" and row.issuer and not (row.authorise_url and row.token_url):
        found = addresses or conversation.look_up(row.issuer, trust=keys.tls_context())
        row.authorise_url, row.token_url = found.authorise_url, found.token_url
        row.revoke_url = row.revoke_url or found.revoke_url
        row.proof = found.proof
    if client_secret is not None:
        row.sealed_client_secret = keys.seal(client_secret)
    return _store(row, changes, by=by)


@transaction.atomic
def _store(
    row: OAuthProvider, changes: dict[str, list[Any]], *, by: User | None
) -> OAuthProvider:
    verb = "provider-changed" if row.pk else "provider-added"
    row.save()
    history.record(verb, by=by, changes=changes, provider=row.pk, name=row.name)
    return row


def mailboxes_with(row: OAuthProvider) -> list[Mailbox]:
    """The mailboxes that are opened by it; while there is one, it stays."""
    # A sign-in that has ended, and opens nothing, is no more than a memory.
    needed = row.sign_ins.filter(Q(ended_at=None) | Q(connections__isnull=False))
    return list(Mailbox.objects.filter(sign_in__in=needed).order_by("label"))


@transaction.atomic
def remove(row: OAuthProvider, *, by: User | None) -> None:
    """Forget a registration; raises InUse while mailboxes are opened by it."""
    mailboxes = mailboxes_with(row)
    if mailboxes:
        names = ", ".join(each.label for each in mailboxes[:5])
        raise InUse(
            f"Mailboxes are opened by {row.name}: {names}. Disconnect them and give "
            "them another sign-in first."
        )
    row.sign_ins.filter(ended_at__isnull=False, connections=None).delete()
    history.record("provider-removed", by=by, provider=row.pk, name=row.name)
    row.delete()


def values_of(row: OAuthProvider) -> Provider:
    """What the conversation needs; the client secret in the clear."""
    return providers.provider(
        row.kind,
        addresses_of(row),
        name=row.name,
        client_id=row.client_id,
        client_secret=keys.open_sealed(row.sealed_client_secret),
        scopes=tuple(row.scopes),
    )


def addresses_of(row: OAuthProvider) -> providers.Addresses:
    """Those that the kind knows, else those that are stored."""
    if row.kind != "other":
        return providers.addresses_of(row.kind, tenant=row.tenant)
    return providers.Addresses(
        row.authorise_url,
        row.token_url,
        row.revoke_url,
        row.issuer,
        ClientProof(row.proof or ClientProof.BASIC),
    )
