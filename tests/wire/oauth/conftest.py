"""A provider, a Dovecot that asks it about tokens, and somebody who signs in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from letterbox.models import (
    Mailbox,
    OAuthProvider,
    User,
)
from letterbox.services import oauth_providers
from tests.wire import dovecot as dovecots
from tests.wire import oauth_provider
from tests.wire.dovecot import Dovecot
from tests.wire.oauth.signing import Signing


@pytest.fixture(scope="module")
def provider() -> Iterator[oauth_provider.Provider]:
    with oauth_provider.provider() as running:
        yield running


@pytest.fixture(scope="module")
def dovecot(provider: oauth_provider.Provider) -> Iterator[Dovecot]:
    if dovecots.version() is None:
        pytest.skip(dovecots.HOW_TO_GET)
    with Dovecot.started(introspection_url=provider.introspection_url) as server:
        yield server


@pytest.fixture(autouse=True)
def well_behaved(provider: oauth_provider.Provider) -> None:
    provider.trouble, provider.consents, provider.rotates = "", True, True
    provider.lifetime_seconds, provider.slowness_seconds = 3600.0, 0.0
    provider.account = "support@acme.example"
    provider.asked.clear()


@pytest.fixture
def registration(db: None, provider: oauth_provider.Provider) -> OAuthProvider:
    return oauth_providers.save(
        OAuthProvider(),
        name="Acme ID",
        kind="other",
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        issuer=provider.url,
        by=None,
    )


@pytest.fixture
def signing(
    dovecot: Dovecot,
    provider: oauth_provider.Provider,
    registration: OAuthProvider,
    mailbox: Mailbox,
    max_: User,
) -> Signing:
    mailbox.connections.filter(protocol="imap").update(
        host=dovecot.host, port=dovecot.imap_port, login="support@acme.example"
    )
    browser = Client()
    browser.force_login(max_)
    return Signing(browser, mailbox, registration, provider)
