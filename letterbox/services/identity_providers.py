"""The providers that people sign in with: add, change, remove.

Who decides about them decides who gets in as whom; so it takes every ability there is,
and a role can be mapped by nobody who could not give it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from letterbox import access
from letterbox.models import ClaimedRole, IdentityProvider, Role, User
from letterbox.oauth import conversation
from letterbox.oauth.providers import Addresses
from letterbox.oauth.values import ClientProof, Provider
from letterbox.services import history, keys, people

EDITABLE = (
    "name",
    "is_on",
    "client_id",
    "issuer",
    "scopes",
    "joins_by_address",
    "creates_people",
    "takes_unconfirmed",
    "domains",
    "roles_claim",
    "needs_role",
    "has_second_factor",
)
SCOPES = ("openid", "email", "profile")
EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Claim:
    """A value of the claim for roles, and the role that it gives."""

    value: str
    role: Role

    def __str__(self) -> str:
        return f"{self.value} = {self.role.name}"


def save(
    row: IdentityProvider | None,
    *,
    client_secret: str | None,
    by: User | None,
    claims: Sequence[Claim] | None = None,
    addresses: Addresses | None = None,
    **fields: Any,
) -> IdentityProvider:
    """Add or change one; a secret of None keeps the stored one, claims of None too.

    A row of None makes a new one. The issuer is asked for its `addresses` unless the
    caller has asked: raises OauthError when it does not tell them, and NotPossible when
    `by` gives away more than they have.
    """
    history.require_editable(IdentityProvider, fields, EDITABLE)
    people.require_own(by, access.ABILITIES)
    row = row or IdentityProvider()
    before = {name: getattr(row, name) for name in fields} | _claims_of(row)
    issuer = fields.get("issuer", row.issuer).rstrip("/")
    if row.pk and issuer != row.issuer.rstrip("/") and row.identities.exists():
        raise people.NotPossible(
            "People are known here by what this issuer calls them. Add the other issuer "
            "as a provider of its own."
        )
    for name, value in fields.items():
        setattr(row, name, value)
    found = addresses or conversation.look_up(issuer, trust=keys.tls_context())
    row.issuer, row.authorise_url = found.issuer, found.authorise_url
    row.token_url, row.keys_url = found.token_url, found.keys_url
    row.userinfo_url, row.proof = found.userinfo_url, found.proof
    if client_secret is not None:
        row.sealed_client_secret = keys.seal(client_secret)
    return _store(row, before, claims, by=by)


@transaction.atomic
def _store(
    row: IdentityProvider,
    before: dict[str, Any],
    claims: Sequence[Claim] | None,
    *,
    by: User | None,
) -> IdentityProvider:
    verb = "identity-provider-changed" if row.pk else "identity-provider-added"
    if not row.pk:
        row.key = _free_key(row.name)
    row.save()
    if claims is not None:
        row.claimed_roles.all().delete()
        ClaimedRole.objects.bulk_create(
            ClaimedRole(provider=row, value=claim.value, role=claim.role)
            for claim in claims
        )
    after = {name: getattr(row, name) for name in before if name != "claims"}
    history.record(
        verb,
        by=by,
        changes=history.differences(before, after | _claims_of(row)),
        name=row.name,
    )
    return row


@transaction.atomic
def remove(row: IdentityProvider, *, by: User | None) -> None:
    """Forget a provider and who is who there; raises NotPossible.

    People stay, with what it gave them; without a password they need a new invitation.
    """
    people.require_own(by, access.ABILITIES)
    count = row.identities.count()
    history.record("identity-provider-removed", by=by, name=row.name, people=count)
    row.delete()


def offered() -> list[IdentityProvider]:
    """Those that the sign-in page shows."""
    return list(IdentityProvider.objects.filter(is_on=True))


def find(key: str) -> IdentityProvider | None:
    """One of these, by what stands in the address."""
    return IdentityProvider.objects.filter(is_on=True, key=key).first()


def known(provider_id: int) -> IdentityProvider | None:
    """One of these, by its id, as the browser's session remembers it."""
    return IdentityProvider.objects.filter(is_on=True, pk=provider_id).first()


def values_of(row: IdentityProvider) -> Provider:
    """What the conversation needs; the client secret in the clear."""
    return Provider(
        name=row.name,
        client_id=row.client_id,
        client_secret=keys.open_sealed(row.sealed_client_secret),
        authorise_url=row.authorise_url,
        token_url=row.token_url,
        scopes=tuple(row.scopes) or SCOPES,
        issuer=row.issuer,
        keys_url=row.keys_url,
        userinfo_url=row.userinfo_url,
        proof=ClientProof(row.proof or ClientProof.BASIC),
    )


def claims_of(row: IdentityProvider) -> list[Claim]:
    """Which value gives which role."""
    return [
        Claim(each.value, each.role)
        for each in row.claimed_roles.select_related("role")
    ]


def _claims_of(row: IdentityProvider) -> dict[str, list[str]]:
    return {"claims": [str(claim) for claim in claims_of(row)] if row.pk else []}


def _free_key(name: str) -> str:
    start = slugify(name)[:50] or "provider"
    taken = set(
        IdentityProvider.objects.filter(key__startswith=start).values_list(
            "key", flat=True
        )
    )
    numbered = (f"{start}-{number}" for number in range(2, len(taken) + 3))
    return start if start not in taken else next(k for k in numbered if k not in taken)
