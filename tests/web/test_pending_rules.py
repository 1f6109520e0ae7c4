"""ACC-002: rules on a mailbox that is not saved yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from letterbox.models import AutoresponseRule, EmailTemplate, Mailbox, User
from letterbox.services import connections, templates
from letterbox.web import pending_rules
from tests import people

Browser = Callable[[User], Client]

NEW = "/system/mailboxes/new"
ADD = "/system/mailboxes/new/rules/new"
TYPED = {
    "is_active": "1",
    "name": "Confirm",
    "scope": "every",
    "template": "custom",
    "type": "plain",
    "words-default-subject": "We have it",
    "words-default-content": "Dear {{ sender.name }}",
    "timing": "always",
    "frequency": "once-per-conversation",
    "period_hours": "24",
}
# It only sends: what is tried here is not the matter of servers.
MAILBOX = {
    "label": "Orders",
    "address": "orders@acme.example",
    "smtp_on": "on",
    "smtp_host": "smtp.acme.example",
    "smtp_port": "587",
    "smtp_encryption": "starttls",
}


@pytest.fixture
def nora(db: None) -> User:
    """She administers everything; there is no mailbox yet."""
    return people.make_administrator("Nora", password=people.PASSWORD)


@pytest.fixture
def thanks(db: None) -> EmailTemplate:
    draft = templates.Draft("plain", "Thanks", "Soon.", name="Thanks")
    return templates.add(draft, by=None)


def test_a_rule_with_an_existing_template_shows_in_the_grid_of_the_unsaved_mailbox(
    nora: User, browser: Browser, thanks: EmailTemplate
) -> None:
    client = browser(nora)
    assert "Try it on past mail" not in client.get(ADD).content.decode()

    answer = client.post(ADD, {**TYPED, "template": str(thanks.pk)})

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{NEW}#autoresponse-rules"
    grid = client.get(NEW).content.decode().partition('id="autoresponse-rules"')[2]
    assert "Confirm" in grid
    assert "Thanks" in grid
    assert not AutoresponseRule.objects.exists()


def test_they_are_saved_with_the_mailbox_in_their_order_and_only_once(
    nora: User, browser: Browser, thanks: EmailTemplate
) -> None:
    client = browser(nora)
    upload = SimpleUploadedFile("prices.pdf", b"%PDF")
    client.post(ADD, {**TYPED, "files": [upload]})
    client.post(ADD, {**TYPED, "name": "Later", "template": str(thanks.pk)})

    client.post(NEW, MAILBOX)

    mailbox = Mailbox.objects.get()
    first, second = mailbox.rules.all()
    assert (first.name, second.name) == ("Confirm", "Later")
    assert first.template.attachments[0]["name"] == "prices.pdf"
    assert second.template == thanks
    client.post(NEW, {**MAILBOX, "label": "Sales", "address": "sales@acme.example"})
    assert AutoresponseRule.objects.count() == 2


def test_a_mailbox_that_cannot_be_saved_loses_no_rule(
    nora: User, browser: Browser
) -> None:
    client = browser(nora)
    client.post(ADD, TYPED)

    page = client.post(NEW, {"label": "", "address": "no address"})

    assert page.status_code == 422
    assert "Confirm" in page.content.decode()


def test_what_is_wrong_is_told_and_nothing_is_kept(
    nora: User, browser: Browser
) -> None:
    client = browser(nora)

    blank = client.post(ADD, {**TYPED, "words-default-subject": ""})

    assert blank.status_code == 422
    assert "must not be blank" in blank.content.decode()
    client.post(ADD, TYPED)
    twin = client.post(ADD, {**TYPED, "name": "confirm"})
    assert twin.status_code == 422
    assert "choose another name" in twin.content.decode()


def test_a_rule_can_be_changed_and_taken_away_before_the_mailbox_is_there(
    nora: User, browser: Browser
) -> None:
    client = browser(nora)
    client.post(ADD, TYPED)
    client.post(ADD, {**TYPED, "name": "Other"})

    page = client.get(f"{ADD}?place=0").content.decode()
    assert "Dear {{ sender.name }}" in page
    client.post(f"{ADD}?place=0", {**TYPED, "name": "Confirmed"})
    client.post(NEW, {**MAILBOX, "do": "remove-rule:1"})

    client.post(NEW, MAILBOX)
    assert [each.name for each in AutoresponseRule.objects.all()] == ["Confirmed"]


def test_a_template_that_went_meanwhile_is_told_of(
    nora: User, browser: Browser, thanks: EmailTemplate
) -> None:
    client = browser(nora)
    client.post(ADD, {**TYPED, "template": str(thanks.pk)})
    thanks.delete()

    page = client.post(NEW, MAILBOX, follow=True).content.decode()

    assert "The rule “Confirm” was not added" in page
    assert Mailbox.objects.exists()


def test_there_is_an_end_to_what_a_session_keeps(nora: User, browser: Browser) -> None:
    client = browser(nora)
    for number in range(pending_rules.MOST):
        client.post(ADD, {**TYPED, "name": f"Rule {number}"})

    page = client.post(ADD, {**TYPED, "name": "One more"})

    assert page.status_code == 422
    assert "Save the mailbox first" in page.content.decode()


WITH_PASSWORD = {
    **MAILBOX,
    "smtp_signs_in": "on",
    "writes_seen_back": "on",
    "password": "zanzibar & 9",
}


def test_what_is_typed_stays_while_a_rule_is_written_and_the_password_too(
    nora: User, browser: Browser
) -> None:
    client = browser(nora)

    answer = client.post(NEW, {**WITH_PASSWORD, "do": "add-rule"})
    assert answer.headers["Location"] == ADD
    client.post(ADD, TYPED)

    page = client.get(NEW).content.decode()
    assert 'value="orders@acme.example"' in page
    assert 'value="smtp.acme.example"' in page
    assert "Empty means the one typed before." in page
    assert "zanzibar" not in page
    assert "zanzibar" not in str(dict(client.session))
    client.post(NEW, {**WITH_PASSWORD, "password": ""})
    row = Mailbox.objects.get().connections.get()
    assert connections.password_of(row) == "zanzibar & 9"
    assert Mailbox.objects.get().writes_seen_back
    assert "orders@acme.example" not in client.get(NEW).content.decode()


def test_the_password_goes_only_to_the_servers_that_it_was_typed_for(
    nora: User, browser: Browser
) -> None:
    client = browser(nora)
    client.post(NEW, {**WITH_PASSWORD, "do": "add-rule"})

    page = client.post(
        NEW, {**WITH_PASSWORD, "password": "", "smtp_host": "smtp.elsewhere.example"}
    )

    assert page.status_code == 422
    assert "Type the password of the mailbox." in page.content.decode()


def test_what_was_typed_is_forgotten_after_half_an_hour(
    nora: User, browser: Browser
) -> None:
    client = browser(nora)
    client.post(NEW, {**WITH_PASSWORD, "do": "rule:0"})

    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        page = client.get(NEW).content.decode()

    assert "orders@acme.example" not in page
    assert "Empty means the one typed before." not in page


def test_more_than_a_session_should_hold_is_not_kept(
    nora: User, browser: Browser
) -> None:
    client = browser(nora)

    answer = client.post(
        NEW, {**MAILBOX, "listings": "x" * 500_000, "do": "add-rule"}, follow=True
    )

    assert "Save the mailbox first" in answer.content.decode()
    assert "orders@acme.example" not in client.get(NEW).content.decode()
