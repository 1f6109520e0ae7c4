"""Plain values of the conversation with a provider. Nothing here talks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class ClientProof(StrEnum):
    """How we prove at the token address who we are (RFC 6749, section 2.3.1)."""

    BASIC = "basic"
    POST = "post"


@dataclass(frozen=True, slots=True)
class Provider:
    """Where to ask, and as whom.

    `issuer`, `revoke_url` and what tells about people (`keys_url`, `userinfo_url`) may
    be empty. `refresh_lifetime` is how long a refresh
    token lives when nobody uses it, where that is known. `extra` are parameters that
    the provider wants beside the standard ones.
    """

    name: str
    client_id: str
    client_secret: str = field(repr=False)
    authorise_url: str
    token_url: str
    scopes: tuple[str, ...]
    revoke_url: str = ""
    issuer: str = ""
    keys_url: str = ""
    userinfo_url: str = ""
    proof: ClientProof = ClientProof.BASIC
    refresh_lifetime: timedelta | None = None
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Beginning:
    """A sign-in that has begun: where the browser goes, and what we must remember."""

    url: str
    state: str
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider gives; an empty refresh token means: keep the one you have.

    `account` is the address that signed in, where the provider tells it.
    """

    access_token: str = field(repr=False)
    expires_at: datetime
    refresh_token: str = field(default="", repr=False)
    refresh_expires_at: datetime | None = None
    account: str = ""
