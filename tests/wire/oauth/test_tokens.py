"""Tokens are renewed early, once, and never at the cost of a sign-in."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections as database_connections
from django.utils import timezone

from letterbox.imap.errors import LoginRefused
from letterbox.models import (
    Mailbox,
    OutgoingMail,
    SignIn,
)
from letterbox.oauth import errors
from letterbox.outbound import deliver
from letterbox.services import oauth, raw_letters
from letterbox.sync import health, opening
from tests.mail import mail
from tests.wire import smtp_servers
from tests.wire.oauth.signing import Signing, imap, make_old


def test_a_token_is_renewed_before_it_ends_and_rotation_is_followed(
    signing: Signing,
) -> None:
    row = signing.all()
    first = oauth.access_token(row)
    for _ in range(3):
        make_old(row)
        oauth.access_token(row)

    last = oauth.access_token(row)

    assert last != first
    assert signing.provider.refreshes() == 3
    assert signing.provider.is_good(last) == "support@acme.example"


def test_a_provider_that_does_not_rotate_is_asked_with_the_same_token(
    signing: Signing,
) -> None:
    row = signing.all()
    signing.provider.rotates = False
    for _ in range(2):
        make_old(row)
        oauth.access_token(row)

    row.refresh_from_db()
    assert row.is_connected
    assert signing.provider.refreshes() == 2


def test_a_token_that_the_server_refuses_is_replaced_once(signing: Signing) -> None:
    row = signing.all()
    SignIn.objects.update(refreshed_at=timezone.now() - timedelta(minutes=30))
    signing.provider.end_access_tokens()

    with opening.open_session(imap(signing.mailbox)) as session:
        assert session.list_folders()

    assert signing.provider.refreshes() == 1
    row.refresh_from_db()
    assert row.is_connected


def test_a_server_that_refuses_every_token_is_not_asked_again_and_again(
    signing: Signing,
) -> None:
    signing.provider.account = "nobody-here"
    signing.all()
    SignIn.objects.update(refreshed_at=timezone.now() - timedelta(minutes=30))
    signing.provider.end_access_tokens()
    signing.provider.lifetime_seconds = 0.0001

    for _ in range(3):
        with pytest.raises(LoginRefused) as caught:
            opening.open_session(imap(signing.mailbox))

    assert "sign in again" in health.diagnose(caught.value).cure.lower()
    assert signing.provider.refreshes() <= 4


@pytest.mark.parametrize("trouble", ["503", "429", "temporarily_unavailable"])
def test_a_provider_in_trouble_ends_no_sign_in(signing: Signing, trouble: str) -> None:
    row = signing.all()
    make_old(row)
    SignIn.objects.update(expires_at=timezone.now())
    signing.provider.trouble = trouble

    with pytest.raises(errors.NotNow):
        oauth.access_token(row)

    signing.provider.trouble = ""
    assert signing.provider.is_good(oauth.access_token(row))


def test_an_expired_client_secret_is_told_apart_from_a_refused_sign_in(
    signing: Signing,
) -> None:
    row = signing.all()
    make_old(row)
    signing.provider.trouble = "invalid_client"

    with pytest.raises(errors.Misregistered, match="introduces itself"):
        oauth.access_token(row)

    signing.provider.trouble = ""
    assert oauth.access_token(row)


def outgoing(mailbox: Mailbox, raw: bytes) -> OutgoingMail:
    return OutgoingMail.objects.create(
        mailbox=mailbox,
        kind=OutgoingMail.Kind.REPLY,
        raw=raw_letters.store(raw),
        message_id=f"{hash(raw)}@acme.example",
        sender=mailbox.address,
        recipients=["carla@home.example"],
        due_at=timezone.now(),
        trying_since=timezone.now(),
    )


def test_a_letter_goes_out_by_token_and_a_refused_one_is_replaced(
    signing: Signing,
) -> None:
    signing.all()

    with smtp_servers.proper_server(is_good_token=signing.provider.is_good) as server:
        signing.mailbox.connections.filter(protocol="smtp").update(port=server.port)
        first = outgoing(signing.mailbox, mail(subject="one"))
        deliver.deliver(signing.mailbox.pk)
        SignIn.objects.update(refreshed_at=timezone.now() - timedelta(minutes=30))
        signing.provider.end_access_tokens()
        second = outgoing(signing.mailbox, mail(subject="two"))
        deliver.deliver(signing.mailbox.pk)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("sent", "sent"), second.problem
    assert len(server.inbox.received) == 2
    assert signing.provider.refreshes() == 1


def test_a_letter_waits_while_nobody_is_signed_in(signing: Signing) -> None:
    row = signing.all()
    signing.provider.end_everything()
    make_old(row)
    waiting = outgoing(signing.mailbox, mail())

    deliver.deliver(signing.mailbox.pk)

    waiting.refresh_from_db()
    assert waiting.state == "queued"
    assert "refused the sign-in" in waiting.problem


@pytest.mark.django_db(transaction=True)
def test_many_processes_that_need_a_token_ask_the_provider_once(
    signing: Signing,
) -> None:
    row = signing.all()
    make_old(row)
    SignIn.objects.update(expires_at=timezone.now())
    signing.provider.slowness_seconds = 0.3
    got: list[str] = []

    def need() -> None:
        try:
            got.append(oauth.access_token(row))
        finally:
            database_connections.close_all()

    threads = [threading.Thread(target=need) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=30)

    assert len(got) == 6
    assert len(set(got)) == 1
    assert signing.provider.refreshes() == 1


def test_a_claim_of_a_dead_process_does_not_stand_in_the_way_for_long(
    signing: Signing,
) -> None:
    row = signing.all()
    make_old(row)
    SignIn.objects.update(
        expires_at=timezone.now(), claimed_until=timezone.now() - timedelta(seconds=1)
    )

    assert signing.provider.is_good(oauth.access_token(row)) == "support@acme.example"
