"""What is known of Google and Microsoft, and how an OpenID provider tells its addresses.

Data and pure functions; nothing here talks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from letterbox.oauth.errors import Misregistered
from letterbox.oauth.values import ClientProof, Provider

WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a provider is asked; `proof` is what it takes at its token address."""

    authorise_url: str
    token_url: str
    revoke_url: str = ""
    issuer: str = ""
    proof: ClientProof = ClientProof.BASIC
    keys_url: str = ""
    userinfo_url: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of provider; what is empty is asked of the administrator."""

    name: str
    label: str
    scopes: tuple[str, ...] = ()
    refresh_lifetime: timedelta | None = None
    extra: tuple[tuple[str, str], ...] = ()
    # The name in sync.providers, whose hosts belong to it.
    mail_provider: str = ""


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "google",
            "Google",
            ("https://mail.google.com/", "openid", "email"),
            # Google gives a refresh token only for offline access, and once only
            # unless consent is asked for again. Unused for six months it ends.
            timedelta(days=180),
            (("access_type", "offline"), ("prompt", "consent")),
            "gmail",
        ),
        Kind(
            "microsoft",
            "Microsoft",
            (
                "offline_access",
                "openid",
                "email",
                "profile",
                "https://outlook.office.com/IMAP.AccessAsUser.All",
                "https://outlook.office.com/SMTP.Send",
            ),
            timedelta(days=90),
            (("prompt", "select_account"),),
            "microsoft-365",
        ),
        Kind("other", "Another provider", ("openid", "email", "offline_access")),
    )
}


def addresses_of(kind: str, *, tenant: str = "") -> Addresses:
    """The addresses of a kind that we know; raises ValueError for `other`."""
    if kind == "google":
        return Addresses(
            "https://accounts.google.com/o/oauth2/v2/auth",
            "https://oauth2.googleapis.com/token",
            "https://oauth2.googleapis.com/revoke",
            "https://accounts.google.com",
            ClientProof.POST,
        )
    if kind == "microsoft":
        # `organizations` lets in every company account, but no private one.
        place = quote(tenant.strip() or "organizations", safe="")
        base = f"https://login.microsoftonline.com/{place}/oauth2/v2.0"
        # The issuer names the tenant by number, so it is not known beforehand.
        return Addresses(f"{base}/authorize", f"{base}/token", proof=ClientProof.POST)
    raise ValueError(f"The addresses of {kind!r} must be given.")


def provider(
    kind: str,
    addresses: Addresses,
    *,
    name: str,
    client_id: str,
    client_secret: str,
    scopes: tuple[str, ...] = (),
) -> Provider:
    """Everything the conversation needs; no scopes means those of the kind."""
    known = KINDS[kind]
    return Provider(
        name=name,
        client_id=client_id,
        client_secret=client_secret,
        authorise_url=addresses.authorise_url,
        token_url=addresses.token_url,
        revoke_url=addresses.revoke_url,
        issuer=addresses.issuer,
        keys_url=addresses.keys_url,
        userinfo_url=addresses.userinfo_url,
        scopes=scopes or known.scopes,
        proof=addresses.proof,
        refresh_lifetime=known.refresh_lifetime,
        extra=known.extra,
    )


def read_configuration(issuer: str, body: bytes) -> Addresses:
    """Read what an OpenID provider publishes (OpenID Connect Discovery 1.0, 4.2)."""
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Misregistered("What stands at this issuer is no OpenID configuration.")
    if str(said.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        # Section 4.3: else somebody could speak for somebody else.
        raise Misregistered("The configuration there belongs to another issuer.")
    methods = said.get("token_endpoint_auth_methods_supported") or []
    found = Addresses(
        str(said.get("authorization_endpoint") or ""),
        str(said.get("token_endpoint") or ""),
        str(said.get("revocation_endpoint") or ""),
        str(said["issuer"]),
        ClientProof.POST
        if "client_secret_post" in methods and "client_secret_basic" not in methods
        else ClientProof.BASIC,
        str(said.get("jwks_uri") or ""),
        str(said.get("userinfo_endpoint") or ""),
    )
    if not found.authorise_url or not found.token_url:
        raise Misregistered("The configuration there names no address to sign in at.")
    return found
