"""Ask an OpenID provider who signed in: code → ID token, checked → Claimant.

Three requests at most: the token, the keys it is signed by, and what else is known of
the person. Keeps nothing; the tokens are forgotten at once.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from letterbox import http_client
from letterbox.oauth import claims, conversation
from letterbox.oauth.claims import Claimant
from letterbox.oauth.errors import Misregistered, NotNow
from letterbox.oauth.values import Provider


def introduce(
    provider: Provider,
    answer: Mapping[str, str],
    *,
    verifier: str,
    nonce: str,
    redirect_url: str,
    trust: ssl.SSLContext | None = None,
) -> Claimant:
    """Who signed in; raises OauthError.

    `answer` is the query of the redirection; its state is the caller's to check.
    """
    if not provider.issuer or not provider.keys_url:
        raise Misregistered(f"{provider.name} is no OpenID provider.")
    said = conversation.exchange(
        provider, answer, verifier=verifier, redirect_url=redirect_url, trust=trust
    )
    known = claims.read(
        provider,
        said.get("id_token"),
        _get(provider, provider.keys_url, {}, trust),
        nonce=nonce,
        now=datetime.now(UTC),
    )
    return claims.claimant(known, _more(provider, said.get("access_token"), trust))


def _more(
    provider: Provider, token: object, trust: ssl.SSLContext | None
) -> Mapping[str, Any]:
    """What the userinfo address says (OpenID Connect Core, section 5.3)."""
    if not provider.userinfo_url or not isinstance(token, str) or not token.isascii():
        return {}
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    try:
        said = json.loads(_get(provider, provider.userinfo_url, headers, trust))
    except (ValueError, RecursionError):
        # Signed or sealed answers are not asked for; the ID token must do.
        return {}
    return said if isinstance(said, dict) else {}


def _get(
    provider: Provider,
    url: str,
    headers: Mapping[str, str],
    trust: ssl.SSLContext | None,
) -> bytes:
    try:
        answer = http_client.send(
            http_client.Request(url, headers=headers), trust=trust
        )
    except http_client.Forbidden as error:
        raise Misregistered(f"{provider.name}: {error}") from error
    except http_client.HttpError as error:
        raise NotNow(f"{provider.name} cannot be asked: {error}") from error
    if not answer.is_good:
        raise NotNow(f"{provider.name} answered with the status {answer.status}.")
    return answer.body
