from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from letterbox.models import Mailbox, OAuthProvider, SignIn, User
from letterbox.services import keys, oauth_providers

Browser = Callable[[User], Client]

MICROSOFT = {
    "name": "Microsoft",
    "kind": "microsoft",
    "client_id": "app-7",
    "client_secret": "hush-hush",
    "client_secret_expires_on": "2030-01-31",
    "tenant": "acme.example",
    "scopes": "",
}


@pytest.fixture
def provider(db: None) -> OAuthProvider:
    return oauth_providers.save(
        OAuthProvider(),
        by=None,
        name="Google",
        kind="google",
        client_id="app-1",
        client_secret="hush",
    )


def test_a_provider_is_added_with_its_secret_sealed(
    max_: User, browser: Browser
) -> None:
    answer = browser(max_).post(reverse("sign_in_provider_new"), MICROSOFT, follow=True)

    row = OAuthProvider.objects.get()
    assert answer.status_code == 200
    assert "hush-hush" not in answer.content.decode() + row.sealed_client_secret
    assert keys.keyring().open_sealed(row.sealed_client_secret) == "hush-hush"
    values = oauth_providers.values_of(row)
    assert values.token_url.startswith(
        "https://login.microsoftonline.com/acme.example/"
    )
    assert "offline_access" in values.scopes


def test_an_empty_secret_keeps_the_stored_one_and_is_never_shown(
    max_: User, browser: Browser, provider: OAuthProvider
) -> None:
    client = browser(max_)
    shown = client.get(reverse("sign_in_provider", args=[provider.pk]))

    client.post(
        reverse("sign_in_provider", args=[provider.pk]),
        {"name": "Gmail", "kind": "google", "client_id": "app-2", "client_secret": ""},
    )

    provider.refresh_from_db()
    assert b"hush" not in shown.content
    assert (provider.name, provider.client_id) == ("Gmail", "app-2")
    assert oauth_providers.values_of(provider).client_secret == "hush"


def test_another_provider_must_say_where_it_is_and_over_tls(
    max_: User, browser: Browser
) -> None:
    client = browser(max_)
    other = {"name": "Acme ID", "kind": "other", "client_id": "x"}

    nowhere = client.post(reverse("sign_in_provider_new"), other)
    plain = client.post(
        reverse("sign_in_provider_new"), {**other, "issuer": "http://id.acme.example"}
    )

    assert (nowhere.status_code, plain.status_code) == (422, 422)
    assert not OAuthProvider.objects.exists()


def test_a_provider_that_mailboxes_need_stays(
    max_: User, browser: Browser, provider: OAuthProvider, mailbox: Mailbox
) -> None:
    row = SignIn.objects.create(
        mailbox=mailbox, provider=provider, connected_at=timezone.now()
    )
    mailbox.connections.update(sign_in=row)
    address = reverse("sign_in_provider_removal", args=[provider.pk])
    client = browser(max_)

    page = client.get(reverse("sign_in_provider", args=[provider.pk])).content.decode()
    refused = client.post(address, follow=True)
    mailbox.connections.update(sign_in=None)
    SignIn.objects.update(ended_at=timezone.now())
    client.post(address)

    assert reverse("mailbox", args=[mailbox.pk]) in page
    assert address not in page
    assert "Mailboxes are opened by Google: Support." in refused.content.decode()
    assert not OAuthProvider.objects.exists()


def test_who_only_manages_a_mailbox_sees_the_button_but_not_the_registration(
    mallory: User, sales: Mailbox, browser: Browser, provider: OAuthProvider
) -> None:
    client = browser(mallory)

    page = client.get(reverse("mailbox", args=[sales.pk]))

    assert "Sign in with Google" in page.content.decode()
    assert client.get(reverse("sign_in_providers")).status_code == 403
    hidden = client.get(reverse("sign_in_provider", args=[provider.pk]))
    assert hidden.status_code == 404


def test_the_way_to_google_is_a_link_with_a_proof_key_and_asks_for_offline_access(
    mallory: User, sales: Mailbox, browser: Browser, provider: OAuthProvider
) -> None:
    answer = browser(mallory).get(
        reverse("mailbox_sign_in", args=[sales.pk, provider.pk])
    )

    there = answer.headers["Location"]
    assert there.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    for part in (
        "code_challenge_method=S256",
        "access_type=offline",
        "login_hint=sales%40acme.example",
        "oauth%2Freturn",
    ):
        assert part in there
    assert "hush" not in there
