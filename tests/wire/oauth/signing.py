"""Max before his browser, signing a mailbox in; no assertions but that he gets there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from letterbox.models import (
    Connection,
    Mailbox,
    OAuthProvider,
    SignIn,
)
from tests.wire import oauth_provider


@dataclass
class Signing:
    """Max before his browser, about to sign the mailbox in."""

    browser: Client
    mailbox: Mailbox
    registration: OAuthProvider
    provider: oauth_provider.Provider

    def begin(self) -> str:
        answer = self.browser.get(
            reverse("mailbox_sign_in", args=[self.mailbox.pk, self.registration.pk])
        )
        assert answer.status_code == 302
        return str(answer.headers["Location"])

    def finish(self, there: str) -> str:
        """Come back from the provider; returns what the next page says."""
        parts = urlsplit(self.provider.consent(there))
        answer = self.browser.get(f"{parts.path}?{parts.query}", follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    def all(self) -> SignIn:
        self.finish(self.begin())
        return SignIn.objects.get(mailbox=self.mailbox)


def imap(mailbox: Mailbox) -> Connection:
    return mailbox.connections.select_related("sign_in").get(protocol="imap")


def make_old(row: SignIn) -> None:
    """As if the token had been got long ago, and ended in a minute."""
    now = timezone.now()
    SignIn.objects.filter(pk=row.pk).update(
        expires_at=now + timedelta(minutes=1), refreshed_at=now - timedelta(hours=1)
    )
