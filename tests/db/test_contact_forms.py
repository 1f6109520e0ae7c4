"""A form on a website that writes as one of our own addresses."""

from __future__ import annotations

import pytest

from letterbox.inbound import pipeline
from letterbox.models import Case, Folder, Mailbox, Message, OutgoingMail
from letterbox.services import mailboxes
from letterbox.web import explain
from tests import people
from tests.conftest import Arrive
from tests.db.conftest import AddRule
from tests.mail import SUPPORT, mail


@pytest.fixture
def form_mailbox(mailbox: Mailbox) -> Mailbox:
    """Support, to which a form writes; first letters become cases."""
    mailboxes.change(mailbox, by=None, is_written_by_form=True)
    mailboxes.set_processing(mailbox, action="convert-to-case", options={}, by=None)
    return mailbox


def form_letter(person: str = "Carla <carla@customer.example>", **fields: str) -> bytes:
    return mail(
        from_=f"Website <{SUPPORT}>",
        reply_to=person,
        headers=[("Return-Path", f"<{SUPPORT}>"), *fields.items()],
    )


def answers() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind="autoresponse"))


def test_whoever_fills_in_the_form_has_written_the_letter(
    arrive: Arrive, add_rule: AddRule, form_mailbox: Mailbox
) -> None:
    add_rule(content="Hello {{ sender.name }}, case {{ case.number }} is yours.")

    message = arrive(form_letter())

    assert message.direction == Message.Direction.IN
    assert message.from_email == "carla@customer.example"
    assert message.contact is not None
    assert message.contact.name == "Carla"
    case = Case.objects.get()
    assert case.contact == message.contact
    answer = answers()[0]
    assert answer.recipients == ["carla@customer.example"]
    assert f"Hello Carla, case {case.pk} is yours." in answer.raw.content.decode()
    lines = [line.answer for line in explain.card(message.trace)]
    assert any(f"sent it as {SUPPORT}" in line for line in lines)


def test_people_who_use_the_same_form_are_not_one_sender(
    arrive: Arrive, add_rule: AddRule, form_mailbox: Mailbox
) -> None:
    add_rule(frequency="once-per-sender-and-period")

    for name in ("carla", "dan", "eve"):
        arrive(form_letter(f"{name}@customer.example"))

    assert len(answers()) == 3


def test_without_the_word_of_a_person_such_a_letter_is_ours(
    arrive: Arrive, add_rule: AddRule, mailbox: Mailbox
) -> None:
    add_rule()

    message = arrive(form_letter())

    assert message.direction == Message.Direction.OUT
    assert answers() == []


def test_our_own_answer_that_comes_back_stays_ours(
    arrive: Arrive, add_rule: AddRule, form_mailbox: Mailbox
) -> None:
    add_rule(frequency="every-letter")
    arrive(form_letter())
    sent = answers()[0].raw.content
    without_id = sent.replace(b"Message-ID:", b"X-Old-Id:")
    marked = b"Reply-To: robot@customer.example\r\n"

    for returned in (marked + sent, marked + without_id):
        arrive(returned)

    assert len(answers()) == 1
    assert Case.objects.count() == 1


@pytest.mark.parametrize("reply_to", ["", SUPPORT, "support+form@acme.example"])
def test_a_form_that_names_nobody_outside_is_ours(
    arrive: Arrive, add_rule: AddRule, form_mailbox: Mailbox, reply_to: str
) -> None:
    add_rule()

    message = arrive(form_letter(reply_to))

    assert message.direction == Message.Direction.OUT
    assert answers() == []


def test_a_form_whose_sender_is_forged_gets_no_answer(
    arrive: Arrive, add_rule: AddRule, form_mailbox: Mailbox
) -> None:
    add_rule()

    message = arrive(
        form_letter(**{"Authentication-Results": "mx.acme.example; dmarc=fail"})
    )

    assert answers() == []
    assert "confirm who sent it" in message.trace["answer"]["trace"]["sentence"]


def test_what_lies_in_sent_was_sent_by_us(
    arrive: Arrive, add_rule: AddRule, form_mailbox: Mailbox
) -> None:
    add_rule()
    sent = people.make_folder(form_mailbox, "Sent", Folder.Role.SENT)

    message = arrive(form_letter(), folder=sent)

    assert message.direction == Message.Direction.OUT
    assert answers() == []


def test_a_letter_of_a_form_is_the_same_when_processed_again(
    arrive: Arrive, add_rule: AddRule, form_mailbox: Mailbox
) -> None:
    add_rule()
    message = arrive(form_letter())
    Message.objects.filter(pk=message.pk).update(state=Message.State.RECEIVED)

    pipeline.process_mailbox(form_mailbox.pk)

    message.refresh_from_db()
    assert message.from_email == "carla@customer.example"
    assert len(answers()) == 1
