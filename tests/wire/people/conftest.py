"""A company's provider, its registration here, and a browser before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from letterbox.models import IdentityProvider
from letterbox.services import identity_providers
from tests.wire import oauth_provider


@pytest.fixture
def provider() -> Iterator[oauth_provider.Provider]:
    with oauth_provider.provider() as running:
        running.account = "anna@acme.example"
        running.claims = {"email_verified": True, "name": "Anna Acker"}
        yield running


@pytest.fixture
def registration(db: None, provider: oauth_provider.Provider) -> IdentityProvider:
    return identity_providers.save(
        None,
        name="Acme ID",
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        issuer=provider.url,
        by=None,
    )


@dataclass
class Visit:
    """Somebody before a browser, who signs in at the provider."""

    provider: oauth_provider.Provider
    browser: Client = field(default_factory=Client)

    def begin(self, query: str = "") -> str:
        answer = self.browser.get(f"/account/sign-in/acme-id{query}")
        assert answer.status_code == 302
        return str(answer.headers["Location"])

    def come_back(self, there: str, **changes: str) -> Any:
        parts = urlsplit(self.provider.consent(there))
        query = {name: each[0] for name, each in parse_qs(parts.query).items()}
        return self.browser.get(f"{parts.path}?{urlencode(query | changes)}")

    def sign_in(self, query: str = "") -> Any:
        return self.come_back(self.begin(query))

    @property
    def is_inside(self) -> bool:
        return self.browser.get("/inbox").status_code == 200


@pytest.fixture
def visit(registration: IdentityProvider, provider: oauth_provider.Provider) -> Visit:
    return Visit(provider)
