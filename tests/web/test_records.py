"""The pages of cases and leads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from letterbox.models import Event, Mailbox, User
from letterbox.services import cases, leads
from tests.conftest import Arrive
from tests.mail import mail

Browser = Callable[[User], Client]


@pytest.mark.parametrize("kind", ["case", "lead"])
def test_its_page_leads_to_every_letter_and_attachment(
    arrive: Arrive, alice: User, browser: Browser, kind: str
) -> None:
    first = arrive(
        mail(
            message_id="first@customer.example",
            attachments=[("lamp.pdf", "application/pdf", b"%PDF-1.4 lamp")],
        )
    )
    reply = arrive(mail(text="And now it smokes.\n", in_reply_to=first.message_id))
    assert first.conversation is not None
    assert reply.conversation_id == first.conversation_id
    if kind == "case":
        number = cases.open_for(
            first.conversation, subject="Lamp", description="", by=alice
        ).pk
    else:
        number = leads.open_for(
            first.conversation,
            name="Lamp",
            notes="",
            sender_name="",
            email="",
            by=alice,
        ).pk

    page = browser(alice).get(f"/{kind}s/{number}").content.decode()

    assert "And now it smokes." in page
    assert f"/messages/{first.pk}/attachments/0" in page
    assert "lamp.pdf" in page


def test_changing_a_lead_says_before_and_after(
    arrive: Arrive, mailbox: Mailbox, alice: User, browser: Browser
) -> None:
    message = arrive(mail())
    assert message.conversation is not None
    lead = leads.open_for(
        message.conversation,
        name="Lamp",
        notes="",
        sender_name="Carla",
        email="carla@customer.example",
        by=alice,
    )

    browser(alice).post(f"/leads/{lead.pk}", {"status": "qualified", "company": "Ltd"})

    lead.refresh_from_db()
    assert (lead.status, lead.company, lead.first_name) == ("qualified", "Ltd", "Carla")
    event = Event.objects.get(verb="lead-changed")
    assert event.data["changes"] == {
        "status": ["new", "qualified"],
        "company": ["", "Ltd"],
    }
    assert (event.actor, event.mailbox) == (alice, mailbox)
