"""Who signed in, as an OpenID provider says it. Pure; nothing here talks.

Nothing in an ID token is believed before its signature, issuer, audience, time and
nonce are right (OpenID Connect Core 1.0, section 3.1.3.7).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from joserfc import errors as jose
from joserfc import jwt
from joserfc.jwk import KeySet

from letterbox.oauth.errors import Misregistered, SignInAgain
from letterbox.oauth.values import Provider

# What signs with a key that only the provider has: no `none`, and no HMAC, for which
# the client secret would be enough.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
# Clocks of two houses differ.
LEEWAY = timedelta(minutes=2)
LONGEST_SUBJECT = 255
MOST_VALUES = 2_000


@dataclass(frozen=True, slots=True)
class Claimant:
    """The person before the browser, by the provider's word.

    `subject` never changes and is given to nobody else. `email` is lower case, or
    empty; only where `is_verified` has the provider seen that it is theirs.
    """

    subject: str
    email: str
    is_verified: bool
    name: str
    claims: Mapping[str, Any] = field(repr=False)


def read(
    provider: Provider, token: object, keys: bytes, *, nonce: str, now: datetime
) -> Mapping[str, Any]:
    """The claims of an ID token; `keys` is what stands at the provider's keys_url.

    Raises SignInAgain when the token is not for this sign-in, Misregistered when it
    cannot be checked at all.
    """
    if not isinstance(token, str) or not token:
        raise Misregistered(
            f"{provider.name} does not tell who signed in (no ID token). The scope "
            "openid must be asked for."
        )
    claims = _signed(provider, token, keys)
    _check_audience(provider, claims)
    if claims.get("iss") != provider.issuer:
        raise SignInAgain("The answer came from another provider. Try once more.")
    if not nonce or claims.get("nonce") != nonce:
        raise SignInAgain(
            f"{provider.name} answered a sign-in that we did not begin. Try once more."
        )
    ends, begins = _number(claims.get("exp")), _number(claims.get("iat", 0))
    if ends is None or begins is None:
        raise SignInAgain(f"{provider.name} does not say until when its answer holds.")
    moment, leeway = now.timestamp(), LEEWAY.total_seconds()
    if moment > ends + leeway or moment < begins - leeway:
        raise SignInAgain(
            f"The answer of {provider.name} is not of now. Try once more; if it stays "
            "so, the clock here or there is wrong."
        )
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise SignInAgain(f"{provider.name} does not tell who signed in.")
    return claims


def claimant(claims: Mapping[str, Any], said: Mapping[str, Any]) -> Claimant:
    """Who it is, from the ID token and what the userinfo address said beside it.

    The ID token wins; what is said of somebody else is not heard (section 5.3.2).
    """
    if said.get("sub") == claims["sub"]:
        claims = {**said, **claims}
    email = claims.get("email")
    address = email.strip().lower() if isinstance(email, str) else ""
    if "@" not in address or len(address) > 254 or not address.isprintable():
        address = ""
    name = claims.get("name")
    return Claimant(
        subject=str(claims["sub"]),
        email=address,
        # Some say it as a text; anything else than a clear yes is a no.
        is_verified=bool(address) and _is_yes(claims.get("email_verified")),
        name=_line(name) if isinstance(name, str) else "",
        claims=claims,
    )


def values_of(who: Claimant, name: str) -> frozenset[str]:
    """The texts of one claim; `name` is its name, or a path such as realm.roles.

    Raises Misregistered when the provider held them back because they are too many.
    """
    found: Any = who.claims.get(name)
    if found is None:
        found = _at(who.claims, name.split("."))
    if found is None and name in (who.claims.get("_claim_names") or {}):
        raise Misregistered(
            f"You are in more groups than the provider sends ({name}). An administrator "
            "must have it send fewer, or roles instead of groups."
        )
    listed = found if isinstance(found, list) else [found]
    return frozenset(
        str(each) for each in listed[:MOST_VALUES] if isinstance(each, str | int)
    )


def _signed(provider: Provider, token: str, keys: bytes) -> Mapping[str, Any]:
    try:
        known = KeySet.import_key_set(json.loads(keys))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Misregistered(f"{provider.name} shows no keys to check it by.") from error
    except jose.JoseError as error:
        raise Misregistered(f"{provider.name} shows no keys to check it by.") from error
    try:
        return jwt.decode(token, known, algorithms=ALGORITHMS).claims
    except (jose.JoseError, ValueError, RecursionError) as error:
        raise SignInAgain(
            f"What {provider.name} answered is not signed by it. Try once more."
        ) from error


def _check_audience(provider: Provider, claims: Mapping[str, Any]) -> None:
    audience = claims.get("aud")
    for_whom = audience if isinstance(audience, list) else [audience]
    is_ours = provider.client_id in for_whom
    if len(for_whom) > 1 or "azp" in claims:
        is_ours = is_ours and claims.get("azp") == provider.client_id
    if not is_ours:
        raise SignInAgain(f"What {provider.name} answered is meant for somebody else.")


def _at(value: Any, path: list[str]) -> Any:
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _is_yes(value: object) -> bool:
    return value is True or value == "true"


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e12 else None


def _line(text: str) -> str:
    return "".join(letter for letter in text[:200] if letter.isprintable()).strip()
