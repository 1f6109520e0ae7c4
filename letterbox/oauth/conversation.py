"""The authorisation code flow with PKCE (RFC 6749, RFC 7636), refresh and revocation.

    begin ──► the browser goes to the provider ──► finish(code) ──► Tokens
                                       refresh(refresh token) ──► Tokens, hourly

Each function is one request at most. Answers are read with suspicion and errors told
by class; no token, code or secret is ever part of an error.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from letterbox import http_client
from letterbox.oauth import providers
from letterbox.oauth.errors import Misregistered, NotNow, OauthError, SignInAgain
from letterbox.oauth.values import Beginning, ClientProof, Provider, Tokens

# Where the provider does not say how long a token lives: RFC 6749 leaves it open.
UNSAID_LIFETIME = timedelta(minutes=30)
# A token that is longer would not fit into a line of IMAP.
LONGEST_TOKEN = 50_000
# RFC 6749, section 5.2, and what providers say beside it (OpenID Connect Core 3.1.2.6).
_OVER = frozenset(
    {
        "invalid_grant",
        "access_denied",
        "login_required",
        "consent_required",
        "interaction_required",
        "account_selection_required",
    }
)
_BUSY = frozenset({"temporarily_unavailable", "server_error", "slow_down"})


def begin(provider: Provider, *, redirect_url: str, login_hint: str = "") -> Beginning:
    """Make the address that the browser is sent to; asks nobody."""
    verifier = generate_token(64)
    state = generate_token(43)
    nonce = generate_token(32)
    parameters = {
        **dict(provider.extra),
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    if "openid" in provider.scopes:
        parameters["nonce"] = nonce
    if login_hint:
        parameters["login_hint"] = login_hint
    url = prepare_grant_uri(
        provider.authorise_url,
        client_id=provider.client_id,
        response_type="code",
        redirect_uri=redirect_url,
        scope=" ".join(provider.scopes),
        state=state,
        **parameters,
    )
    return Beginning(url, state, verifier, nonce)


def finish(
    provider: Provider,
    answer: Mapping[str, str],
    *,
    verifier: str,
    nonce: str,
    redirect_url: str,
    trust: ssl.SSLContext | None = None,
) -> Tokens:
    """Change the code that the browser brought back for tokens; raises OauthError.

    `answer` is the query of the redirection; its state is the caller's to check.
    """
    said = exchange(
        provider, answer, verifier=verifier, redirect_url=redirect_url, trust=trust
    )
    tokens = _read_tokens(provider, said, nonce=nonce)
    if not tokens.refresh_token:
        raise Misregistered(
            f"{provider.name} gives a permission for an hour only (no refresh token). "
            "The registration there must allow offline access."
        )
    return tokens


def exchange(
    provider: Provider,
    answer: Mapping[str, str],
    *,
    verifier: str,
    redirect_url: str,
    trust: ssl.SSLContext | None = None,
) -> dict[str, Any]:
    """Change the code for what the token address says, unread; raises OauthError."""
    _check_issuer(provider, answer.get("iss", ""))
    if answer.get("error"):
        raise _refusal(
            provider, answer["error"], answer.get("error_description", ""), status=400
        )
    if not answer.get("code"):
        raise SignInAgain(f"{provider.name} sent the browser back without a code.")
    return _ask(
        provider,
        {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": redirect_url,
            "code_verifier": verifier,
        },
        trust,
    )


def refresh(
    provider: Provider, refresh_token: str, *, trust: ssl.SSLContext | None = None
) -> Tokens:
    """Get a new access token; raises OauthError."""
    said = _ask(
        provider,
        {"grant_type": "refresh_token", "refresh_token": refresh_token},
        trust,
    )
    return _read_tokens(provider, said)


def revoke(
    provider: Provider, token: str, *, trust: ssl.SSLContext | None = None
) -> bool:
    """Give a permission back (RFC 7009); whether the provider took it."""
    if not provider.revoke_url or not token:
        return False
    request = _form(provider, provider.revoke_url, {"token": token})
    try:
        return http_client.send(request, trust=trust).is_good
    except http_client.HttpError:
        return False


def look_up(issuer: str, *, trust: ssl.SSLContext | None = None) -> providers.Addresses:
    """Ask an OpenID provider for its addresses; raises OauthError."""
    url = issuer.rstrip("/") + providers.WELL_KNOWN
    try:
        answer = http_client.send(http_client.Request(url, redirects=2), trust=trust)
    except http_client.Forbidden as error:
        raise Misregistered(str(error)) from error
    except http_client.HttpError as error:
        raise NotNow(str(error)) from error
    if not answer.is_good:
        raise Misregistered(
            f"There is no OpenID configuration at this issuer ({answer.status})."
        )
    return providers.read_configuration(issuer, answer.body)


def _ask(
    provider: Provider, fields: Mapping[str, str], trust: ssl.SSLContext | None
) -> dict[str, Any]:
    try:
        answer = http_client.send(
            _form(provider, provider.token_url, fields), trust=trust
        )
    except http_client.Forbidden as error:
        raise Misregistered(f"{provider.name}: {error}") from error
    except http_client.HttpError as error:
        raise NotNow(f"{provider.name} cannot be asked: {error}") from error
    said = _as_object(answer.body)
    if answer.is_good and "error" not in said:
        return said
    raise _refusal(
        provider,
        str(said.get("error", "")),
        str(said.get("error_description", "")),
        status=answer.status,
    )


def _form(
    provider: Provider, url: str, fields: Mapping[str, str]
) -> http_client.Request:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    values = dict(fields)
    if provider.client_secret and provider.proof is ClientProof.BASIC:
        # RFC 6749, section 2.3.1: both are form-encoded before they are joined.
        pair = f"{quote_plus(provider.client_id)}:{quote_plus(provider.client_secret)}"
        encoded = base64.b64encode(pair.encode()).decode("ascii")
        headers["Authorization"] = f"Basic {encoded}"
    else:
        values["client_id"] = provider.client_id
        if provider.client_secret:
            values["client_secret"] = provider.client_secret
    return http_client.Request(url, urlencode(values).encode(), headers)


def _refusal(
    provider: Provider, error: str, description: str, *, status: int
) -> OauthError:
    words = " ".join(_printable(part) for part in (error, description) if part)
    said = f" It said: {words}" if words else ""
    if error == "access_denied":
        return SignInAgain(f"Nobody consented at {provider.name}.{said}")
    if error in _OVER:
        return SignInAgain(f"{provider.name} refused the sign-in.{said}")
    if error in _BUSY or status in {408, 429} or status >= 500:
        return NotNow(f"{provider.name} is too busy just now ({status}).{said}")
    return Misregistered(
        f"{provider.name} does not accept how Letterbox introduces itself.{said}"
    )


def _read_tokens(
    provider: Provider, said: Mapping[str, Any], *, nonce: str = ""
) -> Tokens:
    token = said.get("access_token")
    if not _is_token(token) or str(said.get("token_type", "")).lower() != "bearer":
        raise NotNow(f"{provider.name} answered without a token that we can use.")
    now = datetime.now(UTC)
    refresh_token = said.get("refresh_token")
    # Google and Keycloak say it in different words; 0 means: does not end.
    left = _seconds(
        said.get("refresh_token_expires_in") or said.get("refresh_expires_in")
    )
    refresh_lifetime = left or provider.refresh_lifetime
    return Tokens(
        access_token=str(token),
        expires_at=now + (_seconds(said.get("expires_in")) or UNSAID_LIFETIME),
        refresh_token=str(refresh_token) if _is_token(refresh_token) else "",
        refresh_expires_at=now + refresh_lifetime if refresh_lifetime else None,
        account=_account(provider, said.get("id_token"), nonce),
    )


def _account(provider: Provider, id_token: object, nonce: str) -> str:
    """The address in the ID token; empty where there is none.

    It came from the provider itself over TLS, so its signature need not be looked at
    (OpenID Connect Core, section 3.1.3.7).
    """
    if not isinstance(id_token, str) or id_token.count(".") != 2:
        return ""
    try:
        claims = _as_object(_base64url(id_token.split(".")[1]))
    except ValueError:
        return ""
    audience = claims.get("aud")
    for_us = audience if isinstance(audience, list) else [audience]
    if provider.client_id not in for_us or (nonce and claims.get("nonce") != nonce):
        raise SignInAgain(
            f"{provider.name} answered a sign-in that we did not begin. Try once more."
        )
    for name in ("email", "preferred_username", "upn"):
        address = claims.get(name)
        if isinstance(address, str) and "@" in address and len(address) <= 320:
            return _printable(address).lower()
    return ""


def _check_issuer(provider: Provider, issuer: str) -> None:
    """RFC 9207: an answer of another provider than the one we asked is refused."""
    if issuer and provider.issuer and issuer != provider.issuer:
        raise SignInAgain("The answer came from another provider. Try once more.")


def _as_object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _seconds(value: object) -> timedelta | None:
    try:
        seconds = int(str(value))
    except ValueError:
        return None
    # No lifetime is longer than ten years; a silly one must not overflow a date.
    return timedelta(seconds=seconds) if 0 < seconds < 315_360_000 else None


def _is_token(value: object) -> bool:
    """Visible ASCII only (RFC 6749, appendix A): it becomes part of a line."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= LONGEST_TOKEN
        and all(32 < ord(letter) < 127 for letter in value)
    )


def _printable(text: str) -> str:
    return "".join(letter for letter in text[:300] if letter.isprintable())
