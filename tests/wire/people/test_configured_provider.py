"""A provider of people that comes with the set-up as a file."""

from __future__ import annotations

from django.db import connections

from letterbox.models import IdentityProvider
from letterbox.services.configuration import applying
from tests.wire import oauth_provider


def test_providers_are_asked_before_the_transaction_begins(
    provider: oauth_provider.Provider, transactional_db: None
) -> None:
    ours = connections["default"]
    seen: list[bool] = []
    provider.when_looked_up = lambda: seen.append(ours.in_atomic_block)

    applying.apply(
        {
            "version": 1,
            "user_sign_in": {"Acme": {"issuer": provider.url, "client_id": "box"}},
        }
    )

    assert seen == [False]
    assert IdentityProvider.objects.get().token_url.startswith(provider.url)
