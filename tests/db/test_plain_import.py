"""Stuck letters that a person takes in as they are."""

from __future__ import annotations

import pytest

from letterbox.inbound import pipeline, plain
from letterbox.inbound.work import Work
from letterbox.mime import parse
from letterbox.models import Case, Event, Message, OutgoingMail, User
from letterbox.web import reading
from tests.conftest import Arrive
from tests.mail import mail


@pytest.fixture
def stuck(arrive: Arrive) -> Message:
    message = arrive(
        mail(message_id="odd@customer.example", subject="Odd"), is_processed=False
    )

    def fail(work: Work) -> None:
        raise ValueError("This is odd.")

    pipeline.process(message.pk, steps=[fail])
    message.refresh_from_db()
    assert message.state == Message.State.STUCK
    return message


def test_it_shows_in_the_inbox_with_its_bytes_attached(
    stuck: Message, alice: User
) -> None:
    assert plain.import_plain(stuck, by=alice)

    stuck.refresh_from_db()
    assert (stuck.state, stuck.problem, stuck.subject) == ("processed", "", "Odd")
    assert stuck.from_email == "carla@customer.example"
    assert "could not read this letter" in stuck.text
    assert "This is odd." in stuck.text
    described = reading.attachment_of(stuck, 0)
    assert described is not None
    assert reading.content_of(stuck, described) == stuck.raw.content
    assert stuck.conversation is not None
    assert stuck.conversation.status == "open"
    assert Event.objects.get(verb="imported-plain").actor == alice


def test_nothing_is_made_of_it_and_nothing_answers_it(
    stuck: Message, alice: User
) -> None:
    stuck.mailbox.processing_action = "convert-to-case"
    stuck.mailbox.processing_since_id = 0
    stuck.mailbox.save()

    plain.import_plain(stuck, by=alice)

    assert not Case.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_an_answer_to_it_finds_it(stuck: Message, alice: User, arrive: Arrive) -> None:
    plain.import_plain(stuck, by=alice)

    answer = arrive(mail(subject="Re: Odd", in_reply_to="odd@customer.example"))

    stuck.refresh_from_db()
    assert answer.conversation == stuck.conversation


def test_it_is_taken_in_once(stuck: Message, alice: User) -> None:
    assert plain.import_plain(stuck, by=alice)

    assert not plain.import_plain(stuck, by=alice)

    stuck.refresh_from_db()
    assert stuck.conversation is not None
    assert stuck.conversation.message_count == 1


def test_even_a_header_that_cannot_be_read_is_no_obstacle(
    stuck: Message, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(raw: bytes) -> None:
        raise RecursionError

    monkeypatch.setattr(parse, "parse_letter", fail)

    assert plain.import_plain(stuck, by=alice)

    stuck.refresh_from_db()
    assert stuck.subject == ""
    assert len(stuck.attachments) == 1
