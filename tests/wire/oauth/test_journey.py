"""A mailbox opened by signing in: Dovecot asks a real provider about each token."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from letterbox.inbound import pipeline
from letterbox.models import (
    Connection,
    Event,
    Mailbox,
    Message,
    OAuthProvider,
    SignIn,
    User,
)
from letterbox.services import connections, mailboxes, oauth
from letterbox.sync import health, opening, passes, probe, tree
from tests.mail import mail
from tests.wire import oauth_provider
from tests.wire.dovecot import Dovecot
from tests.wire.oauth.signing import Signing, imap, make_old


def test_a_mailbox_is_opened_by_signing_in_and_its_letters_come(
    signing: Signing, dovecot: Dovecot
) -> None:
    dovecot.deliver("support@acme.example", mail(subject="By token"))

    row = signing.all()

    with opening.open_session(imap(signing.mailbox)) as session:
        tree.refresh(signing.mailbox, session.list_folders())
        inbox = signing.mailbox.folders.get(role="inbox")
        mailboxes.tick_folders(
            signing.mailbox, wanted={inbox.pk}, by=None, sync_from="everything"
        )
        passes.Pass(session, signing.mailbox.folders.get(pk=inbox.pk)).run()
    pipeline.process_mailbox(signing.mailbox.pk)
    assert Message.objects.filter(subject="By token").exists()
    assert row.account == "support@acme.example"
    assert Event.objects.filter(verb="mailbox-connected").count() == 1


def test_tokens_and_secrets_are_stored_only_sealed(signing: Signing) -> None:
    row = signing.all()

    stored = str(SignIn.objects.values().get(pk=row.pk))
    stored += str(OAuthProvider.objects.values()) + str(Event.objects.values())
    kept = [*signing.provider.access_tokens, *signing.provider.refresh_tokens]
    assert kept
    for secret in (*kept, signing.provider.client_secret):
        assert secret not in stored


def test_the_password_is_forgotten_and_smtp_signs_in_too(signing: Signing) -> None:
    row = signing.all()

    for each in signing.mailbox.connections.all():
        assert each.sign_in_id == row.pk
        assert each.sealed_password == ""


def test_a_password_typed_later_replaces_the_sign_in(signing: Signing) -> None:
    signing.all()
    each = imap(signing.mailbox)

    connections.save(
        signing.mailbox,
        protocol=Connection.Protocol.IMAP,
        host=each.host,
        port=each.port,
        encryption=each.encryption,
        login=each.login,
        password="typed",
    )

    assert imap(signing.mailbox).sign_in is None


def test_a_refused_refresh_says_so_and_signing_in_again_loses_nothing(
    signing: Signing, dovecot: Dovecot
) -> None:
    row = signing.all()
    with opening.open_session(imap(signing.mailbox)) as session:
        tree.refresh(signing.mailbox, session.list_folders())
    signing.provider.end_everything()
    make_old(row)

    with pytest.raises(opening.SignInOver) as refused:
        opening.open_session(imap(signing.mailbox))

    found = health.diagnose(refused.value)
    assert found.is_lasting
    assert "Acme ID refused the sign-in" in found.cause
    assert "Sign in again" in found.cure
    row.refresh_from_db()
    assert not row.is_connected
    asked = signing.provider.refreshes()
    with pytest.raises(opening.SignInOver):
        opening.open_session(imap(signing.mailbox))
    assert signing.provider.refreshes() == asked
    folders = signing.mailbox.folders.count()
    signing.all()
    with opening.open_session(imap(signing.mailbox)) as session:
        assert session.is_logged_in
    assert signing.mailbox.folders.count() == folders
    assert SignIn.objects.count() == 1


def test_disconnecting_gives_the_permission_back(signing: Signing) -> None:
    row = signing.all()

    signing.browser.post(reverse("mailbox_sign_in_end", args=[signing.mailbox.pk]))

    row.refresh_from_db()
    assert not row.is_connected
    assert "/revoke" in [path for path, _ in signing.provider.asked]
    with pytest.raises(opening.SignInOver, match="disconnected"):
        opening.open_session(imap(signing.mailbox))


def test_nobody_is_signed_in_without_consent(signing: Signing) -> None:
    signing.provider.consents = False

    page = signing.finish(signing.begin())

    assert "Nobody consented" in page
    assert not SignIn.objects.exists()


def test_an_answer_works_once_and_only_in_the_browser_that_asked(
    signing: Signing, max_: User
) -> None:
    there = signing.begin()
    back = urlsplit(signing.provider.consent(there))
    other = Client()
    other.force_login(max_)

    stolen = other.get(f"{back.path}?{back.query}", follow=True)
    first = signing.browser.get(f"{back.path}?{back.query}", follow=True)
    second = signing.browser.get(f"{back.path}?{back.query}", follow=True)

    assert "not begun here" in stolen.content.decode()
    assert "Connected with" in first.content.decode()
    assert "not begun here" in second.content.decode()


def test_a_code_of_another_sign_in_is_refused_by_the_proof_key(
    signing: Signing,
) -> None:
    theirs = dict(parse_qsl(urlsplit(signing.provider.consent(signing.begin())).query))
    mine = dict(parse_qsl(urlsplit(signing.begin()).query))

    answer = signing.browser.get(
        reverse("oauth_return"),
        {"state": mine["state"], "code": theirs["code"]},
        follow=True,
    )

    assert "refused the sign-in" in answer.content.decode()
    assert not SignIn.objects.exists()


def test_somebody_elsewhere_cannot_sign_a_mailbox_in(
    signing: Signing, mallory: User
) -> None:
    browser = Client()
    browser.force_login(mallory)

    answer = browser.get(
        reverse("mailbox_sign_in", args=[signing.mailbox.pk, signing.registration.pk])
    )

    assert answer.status_code == 404


def test_another_account_than_the_mailbox_is_remarked_on(signing: Signing) -> None:
    signing.provider.account = "anna@acme.example"

    page = signing.finish(signing.begin())

    assert "anna@acme.example signed in" in page
    # A person may open a shared mailbox: the login stays that of the mailbox.
    assert imap(signing.mailbox).login == "support@acme.example"


def test_a_mailbox_is_added_by_signing_in_alone(
    signing: Signing, provider: oauth_provider.Provider
) -> None:
    provider.account = "orders@gmail.com"
    answer = signing.browser.get(
        reverse("mailbox_sign_in_new", args=[signing.registration.pk])
    )

    signing.finish(str(answer.headers["Location"]))

    added = Mailbox.objects.get(address="orders@gmail.com")
    assert added.label == "Orders"
    assert imap(added).host == "imap.gmail.com"
    assert SignIn.objects.get(mailbox=added).account == "orders@gmail.com"


def test_a_check_of_the_connection_says_that_the_sign_in_is_over(
    signing: Signing,
) -> None:
    row = signing.all()
    oauth.disconnect(row, by=None)

    report = probe.retrieve_folders(signing.mailbox)

    assert [line.step for line in report.lines] == ["Sign-in"]
    assert "Sign in again under Synchronization" in report.lines[0].advice


def test_a_sign_in_shows_on_the_page_of_the_mailbox(signing: Signing) -> None:
    signing.all()

    page = signing.browser.get(reverse("mailbox", args=[signing.mailbox.pk]))

    words = page.content.decode()
    assert "Connected as" in words
    assert "support" in words
    assert "Disconnect" in words
