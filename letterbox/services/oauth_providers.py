"""Letterbox's registrations at providers: add, change, remove; who may be signed in at.

The only place that seals and opens client secrets.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction

from letterbox.models import OAuthProvider, User
from letterbox.oauth import conversation, providers
from letterbox.oauth.values import ClientProof, Provider
from letterbox.services import history
from letterbox.services.keys import keyring, tls_context

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
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise ValueError(f"A provider has no editable {', '.join(sorted(unknown))}.")
    kind = fields.get("kind", row.kind)
    if kind not in providers.KINDS:
        raise ValueError(f"There is no kind of provider {kind!r}.")
    before = {name: _plain(getattr(row, name)) for name in fields}
    for name, value in fields.items():
        setattr(row, name, value)
    if kind == "other" and row.issuer and not (row.authorise_url and row.token_url):
        found = addresses or conversation.look_up(row.issuer, trust=tls_context())
        row.authorise_url, row.token_url = found.authorise_url, found.token_url
        row.revoke_url = row.revoke_url or found.revoke_url
        row.proof = found.proof
    if client_secret is not None:
        row.sealed_client_secret = (
            keyring().seal(client_secret) if client_secret else ""
        )
    return _store(row, before, fields, by=by)


@transaction.atomic
def _store(
    row: OAuthProvider,
    before: dict[str, Any],
    fields: dict[str, Any],
    *,
    by: User | None,
) -> OAuthProvider:
    verb = "provider-changed" if row.pk else "provider-added"
    row.save()
    after = {name: _plain(value) for name, value in fields.items()}
    history.record(
        verb,
        by=by,
        changes=history.differences(before, after),
        provider=row.pk,
        name=row.name,
    )
    return row


@transaction.atomic
def remove(row: OAuthProvider, *, by: User | None) -> None:
    """Forget a registration; raises InUse while mailboxes are opened by it."""
    # Sign-ins that have ended are no more than a memory of it.
    row.sign_ins.filter(ended_at__isnull=False, connections__isnull=True).delete()
    count = row.sign_ins.count()
    if count:
        raise InUse(
            f"{count} mailboxes are opened by {row.name}. Disconnect them and give "
            "them another sign-in first."
        )
    history.record("provider-removed", by=by, provider=row.pk, name=row.name)
    row.delete()


def values_of(row: OAuthProvider) -> Provider:
    """What the conversation needs; the client secret in the clear."""
    secret = row.sealed_client_secret
    return providers.provider(
        row.kind,
        addresses_of(row),
        name=row.name,
        client_id=row.client_id,
        client_secret=keyring().open_sealed(secret) if secret else "",
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


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
