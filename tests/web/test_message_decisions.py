"""The explain card, and what people may say about a decision."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from letterbox.models import ContactAddress, Mailbox, Message, OutgoingMail, User
from letterbox.services import rules, templates
from letterbox.services.templates import Draft
from tests.conftest import Arrive
from tests.mail import mail

Browser = Callable[[User], Client]

OFFER = {"all": [{"field": "subject", "operator": "contains", "value": "offer"}]}


@pytest.fixture
def refused(mailbox: Mailbox, arrive: Arrive) -> Message:
    """A letter that a rule would answer, but it came from a list."""
    words = Draft(type="plain", name="Thanks", subject="Thanks", content="Soon.")
    rules.add(
        mailbox,
        name="Confirm",
        conditions=OFFER,
        template=templates.add(words, by=None),
        by=None,
    )
    headers = [("List-Id", "<news.customer.example>"), ("Precedence", "list")]
    return arrive(mail(subject="An offer", headers=headers))


def test_the_card_shows_each_condition_with_the_value_it_saw_to_who_answers(
    refused: Message, alice: User, rita: User, browser: Browser
) -> None:
    url = f"/messages/{refused.pk}"

    answers = browser(alice).get(url).content.decode()
    reads = browser(rita).get(url).content.decode()

    assert "Subject contains “offer” — it says: An offer" in answers
    assert "Send “Confirm” anyway" in answers
    assert "Confirm:" in reads
    assert "Subject contains" not in reads
    assert "anyway" not in reads


def test_a_person_sends_anyway_once(
    refused: Message, alice: User, browser: Browser
) -> None:
    client, url = browser(alice), f"/messages/{refused.pk}/answers"
    rule = refused.mailbox.rules.get()

    client.post(url, {"rule": rule.pk})
    again = client.post(url, {"rule": rule.pk}, follow=True)

    page = client.get(f"/messages/{refused.pk}").content.decode()
    sent = refused.answers.get()
    assert "Send “Confirm” anyway" not in page
    assert sent.state == OutgoingMail.State.QUEUED
    assert sent.recipients == ["carla@customer.example"]
    assert "It has its automatic answer already." in again.content.decode()


def test_nobody_can_have_a_machine_answered(
    refused: Message, alice: User, browser: Browser, arrive: Arrive
) -> None:
    machine = arrive(
        mail(subject="An offer", headers=[("Auto-Submitted", "auto-replied")])
    )
    rule = refused.mailbox.rules.get()
    client = browser(alice)

    page = client.get(f"/messages/{machine.pk}").content.decode()
    client.post(f"/messages/{machine.pk}/answers", {"rule": rule.pk})

    assert "Whether it was answered" in page
    assert "anyway" not in page
    assert not machine.answers.exists()


def test_a_sender_is_trusted_muted_and_left_to_the_guards_again(
    refused: Message, alice: User, browser: Browser, arrive: Arrive
) -> None:
    client, url = browser(alice), f"/messages/{refused.pk}/sender-decision"
    address = ContactAddress.objects.get(email="carla@customer.example")

    client.post(url, {"decision": "trust"})
    trusted = arrive(mail(subject="offer two", headers=[("Precedence", "list")]))
    said = [client.get(f"/messages/{refused.pk}").content.decode()]
    client.post(url, {"decision": "mute"})
    muted = arrive(mail(subject="offer three"))
    said.append(client.get(f"/messages/{refused.pk}").content.decode())
    contact = client.get(f"/contacts/{address.contact_id}").content.decode()
    client.post(url, {"decision": ""})

    address.refresh_from_db()
    assert "This sender is trusted" in said[0]
    assert "This sender is muted" in said[1]
    assert "anyway" not in said[1]
    assert "Muted" in contact
    assert trusted.answers.count() == 1
    assert not muted.answers.exists()
    assert (address.is_trusted, address.is_muted) == (False, False)


@pytest.mark.parametrize(("name", "status"), [("rita", 403), ("mallory", 404)])
def test_only_who_answers_may_decide(
    refused: Message,
    browser: Browser,
    request: pytest.FixtureRequest,
    name: str,
    status: int,
) -> None:
    client = browser(request.getfixturevalue(name))
    rule = refused.mailbox.rules.get()

    sent = client.post(f"/messages/{refused.pk}/answers", {"rule": rule.pk})
    decided = client.post(
        f"/messages/{refused.pk}/sender-decision", {"decision": "mute"}
    )

    assert (sent.status_code, decided.status_code) == (status, status)
    assert not refused.answers.exists()
    assert not ContactAddress.objects.filter(is_muted=True).exists()
