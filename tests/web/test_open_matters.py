"""The page offers what the same sender has open, and asks where nothing was opened."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from letterbox.models import Case, Conversation, Lead, Mailbox, Message, User
from letterbox.services import cases, mailboxes
from tests.conftest import Arrive
from tests.mail import mail

Browser = Callable[[User], Client]
QUESTION = "has an open case"
OFFER = "It is about this: merge"


@pytest.fixture
def two(arrive: Arrive, mailbox: Mailbox) -> list[Message]:
    """Carla has an open case, and writes about something; nobody knows about what."""
    mailboxes.set_processing(mailbox, action="convert-to-case", options={}, by=None)
    return [
        arrive(mail(subject="The lamp is broken")),
        arrive(mail(subject="Where is my answer?", text="I wait.")),
    ]


def test_the_open_case_of_the_same_sender_is_offered_and_takes_the_letter(
    two: list[Message], alice: User, rita: User, browser: Browser
) -> None:
    first, second = two
    assert first.conversation is not None
    address = f"/conversations/{second.conversation_id}"

    page = browser(alice).get(address).content.decode()
    assert QUESTION in page
    assert "Add to it" in page
    assert f"Case #{first.conversation.case.pk}" in page
    reading = browser(rita).get(address).content.decode()
    assert QUESTION in reading
    assert "Add to it" not in reading

    browser(alice).post(
        f"{address}/merging", {"into": str(first.conversation.pk)}, follow=True
    )

    second.refresh_from_db()
    assert second.conversation == first.conversation
    assert QUESTION not in browser(alice).get(address, follow=True).content.decode()


def test_what_is_undecided_stands_in_a_view_of_its_own_while_there_is_any(
    two: list[Message], alice: User, mallory: User, browser: Browser
) -> None:
    page = browser(alice).get("/inbox").content.decode()
    assert "view=undecided" in page
    assert "to decide" in page
    shown = browser(alice).get("/inbox?view=undecided").content.decode()
    assert "Where is my answer?" in shown
    assert "The lamp is broken" not in shown
    assert "view=undecided" not in browser(mallory).get("/inbox").content.decode()

    address = f"/conversations/{two[1].conversation_id}/records"
    assert browser(mallory).post(address, {"kind": "none"}).status_code == 404
    browser(alice).post(address, {"kind": "none"})

    assert "view=undecided" not in browser(alice).get("/inbox").content.decode()
    empty = browser(alice).get("/inbox?view=undecided").content.decode()
    assert "Nothing to decide" in empty


def test_a_new_case_is_opened_by_a_click_and_taken_back_from_the_history(
    two: list[Message], alice: User, browser: Browser
) -> None:
    page = browser(alice)
    address = f"/conversations/{two[1].conversation_id}"

    page.post(f"{address}/records", {"kind": "case"})

    case = Case.objects.get(conversation=two[1].conversation)
    assert case.conversation is not None
    event = case.conversation.events.get(verb="case-opened")
    page.post(f"{address}/events/{event.pk}/undoing")
    assert Case.objects.count() == 1
    assert QUESTION in page.get(address).content.decode()


def test_where_the_open_case_is_closed_meanwhile_the_page_says_so(
    two: list[Message], alice: User, browser: Browser
) -> None:
    cases.change(Case.objects.get(), by=alice, status=Case.Status.CLOSED)

    page = browser(alice).get(f"/conversations/{two[1].conversation_id}")

    assert "is closed now" in page.content.decode()
    assert "Open a new case" in page.content.decode()


def test_a_conversation_without_one_can_get_a_case_or_a_lead_by_hand(
    arrive: Arrive, alice: User, browser: Browser
) -> None:
    message = arrive(mail(subject="Forty lamps"))
    address = f"/conversations/{message.conversation_id}"
    page = browser(alice)
    assert "Open a lead" in page.get(address).content.decode()

    page.post(f"{address}/records", {"kind": "lead"})
    assert page.post(f"{address}/records", {"kind": "moon"}).status_code == 404

    assert Lead.objects.get().name == "Forty lamps"
    assert "Open a lead" not in page.get(address).content.decode()


def test_matters_are_offered_beside_a_conversation_that_has_its_own(
    two: list[Message], alice: User, browser: Browser
) -> None:
    page = browser(alice)
    page.post(f"/conversations/{two[1].conversation_id}/records", {"kind": "case"})

    shown = page.get(f"/conversations/{two[1].conversation_id}").content.decode()

    assert OFFER in shown
    assert not Conversation.objects.exclude(undecided="").exists()


def test_closed_matters_and_those_of_others_are_not_offered(
    arrive: Arrive, mailbox: Mailbox, alice: User, browser: Browser
) -> None:
    mailboxes.set_processing(mailbox, action="convert-to-case", options={}, by=None)
    arrive(mail(subject="The lamp is broken"))
    cases.change(Case.objects.get(), by=alice, status=Case.Status.CLOSED)
    arrive(mail(subject="Of Dan", from_="dan@stranger.example"))
    second = arrive(mail(subject="Something else", text="A new matter."))

    page = browser(alice).get(f"/conversations/{second.conversation_id}")

    assert OFFER not in page.content.decode()
    assert QUESTION not in page.content.decode()
