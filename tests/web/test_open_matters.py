"""An open case or lead of the same sender is offered instead of a twin."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from letterbox.models import Case, Mailbox, User
from letterbox.services import cases, mailboxes
from tests.conftest import Arrive
from tests.mail import mail

Browser = Callable[[User], Client]
OFFER = "It is about this: merge"


def test_the_open_case_of_the_same_sender_is_offered_and_takes_the_letter(
    arrive: Arrive, mailbox: Mailbox, alice: User, rita: User, browser: Browser
) -> None:
    mailboxes.set_processing(mailbox, action="convert-to-case", options={}, by=None)
    first = arrive(mail(subject="The lamp is broken"))
    second = arrive(mail(subject="Where is my answer?", text="I wait."))
    assert first.conversation is not None
    assert second.conversation is not None
    assert Case.objects.count() == 2
    address = f"/conversations/{second.conversation.pk}"

    page = browser(alice).get(address).content.decode()
    assert OFFER in page
    assert f"Case #{first.conversation.case.pk}" in page
    reading = browser(rita).get(address).content.decode()
    assert "Open matters of the same sender" in reading
    assert OFFER not in reading

    browser(alice).post(f"{address}/merging", {"into": str(first.conversation.pk)})

    second.refresh_from_db()
    assert second.conversation == first.conversation


def test_closed_matters_and_those_of_others_are_not_offered(
    arrive: Arrive, mailbox: Mailbox, alice: User, browser: Browser
) -> None:
    mailboxes.set_processing(mailbox, action="convert-to-case", options={}, by=None)
    first = arrive(mail(subject="The lamp is broken"))
    assert first.conversation is not None
    cases.change(Case.objects.get(), by=alice, status=Case.Status.CLOSED)
    arrive(mail(subject="Of Dan", from_="dan@stranger.example"))
    second = arrive(mail(subject="Something else", text="A new matter."))

    page = browser(alice).get(f"/conversations/{second.conversation_id}")

    assert OFFER not in page.content.decode()
