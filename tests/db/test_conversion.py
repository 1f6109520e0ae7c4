"""First letters that become cases and leads: ACC-061 … 071."""

from __future__ import annotations

from typing import Any

import pytest

from letterbox.inbound import pipeline
from letterbox.models import (
    Case,
    ContactAddress,
    Conversation,
    Event,
    Folder,
    Lead,
    Mailbox,
    Message,
    Tag,
    User,
)
from letterbox.services import cases, contacts, conversations, mailboxes
from tests import people
from tests.conftest import Arrive
from tests.mail import bounce, mail


def convert_to(mailbox: Mailbox, action: str, **options: Any) -> None:
    """Switch a processing action on."""
    mailboxes.set_processing(mailbox, action=action, options=options, by=None)


def test_a_first_letter_becomes_a_case_as_the_mailbox_says(
    arrive: Arrive, mailbox: Mailbox, alice: User, rita: User
) -> None:
    """ACC-061, ACC-064."""
    urgent = Tag.objects.create(name="urgent")
    convert_to(
        mailbox,
        "convert-to-case",
        owner=rita.pk,
        assignee=alice.pk,
        status="in-progress",
        priority="high",
        tags=[urgent.pk],
    )

    message = arrive(
        mail(subject="The lamp", text="", html="<p>It is <b>broken</b></p>")
    )

    case = Case.objects.get()
    assert case.subject == "The lamp"
    assert case.description.strip() == "It is broken"
    assert case.source == "email"
    assert (case.owner, case.assignee) == (rita, alice)
    assert (case.status, case.priority) == ("in-progress", "high")
    assert case.contact == message.contact
    assert case.conversation == message.conversation
    assert list(case.tags.all()) == [urgent]
    assert message.conversation is not None
    assert message.conversation.assignee == alice
    assert message.trace["convert"]["case"] == case.pk
    assert Event.objects.filter(verb="case-opened", data__case=case.pk).exists()


def test_a_first_letter_becomes_a_lead_as_the_mailbox_says(
    arrive: Arrive, mailbox: Mailbox, alice: User
) -> None:
    """ACC-067."""
    convert_to(mailbox, "convert-to-lead", owner=alice.pk, source="web")

    message = arrive(mail(subject="Forty lamps", text="How much are forty?"))

    lead = Lead.objects.get()
    assert lead.name == "Forty lamps"
    assert lead.notes.strip() == "How much are forty?"
    assert (lead.status, lead.source, lead.owner) == ("new", "web", alice)
    assert (lead.first_name, lead.last_name) == ("Carla", "Customer")
    assert lead.email == "carla@customer.example"
    assert lead.conversation == message.conversation


@pytest.mark.parametrize("action", ["convert-to-case", "convert-to-lead"])
def test_a_letter_without_a_subject_gets_one(
    arrive: Arrive, mailbox: Mailbox, action: str
) -> None:
    """ACC-062."""
    convert_to(mailbox, action)

    message = arrive(mail(subject=None))

    assert message.conversation is not None
    record = Case.objects.first() or Lead.objects.get()
    assert str(record).endswith("(no subject)")


def test_a_lead_of_a_known_contact_takes_the_name_of_the_contact(
    arrive: Arrive, mailbox: Mailbox, alice: User
) -> None:
    """ACC-068."""
    arrive(mail(subject="Earlier"))
    known = ContactAddress.objects.get().contact
    contacts.change(known, by=alice, name="Carlotta Berg", company="Berg & Co")
    convert_to(mailbox, "convert-to-lead")

    arrive(mail(subject="Now", from_="C. <carla@customer.example>"))

    lead = Lead.objects.get()
    assert lead.contact == known
    assert (lead.first_name, lead.last_name) == ("Carlotta", "Berg")
    assert lead.company == "Berg & Co"


def test_a_name_is_read_from_a_bare_address(arrive: Arrive, mailbox: Mailbox) -> None:
    """ACC-069."""
    convert_to(mailbox, "convert-to-lead")

    arrive(mail(from_="anna.berg@customer.example"))

    lead = Lead.objects.get()
    assert (lead.first_name, lead.last_name) == ("Anna", "Berg")


def test_a_letter_from_before_the_action_does_not_convert(
    arrive: Arrive, mailbox: Mailbox
) -> None:
    """ACC-063."""
    before = arrive(mail(), is_processed=False)
    convert_to(mailbox, "convert-to-case")

    pipeline.process_mailbox(mailbox.pk)

    before.refresh_from_db()
    assert not Case.objects.exists()
    assert "before the action" in before.trace["convert"]["refusal"]


def test_changed_options_do_not_move_the_start(
    arrive: Arrive, mailbox: Mailbox, alice: User
) -> None:
    convert_to(mailbox, "convert-to-case")
    before = arrive(mail(), is_processed=False)

    convert_to(mailbox, "convert-to-case", owner=alice.pk)
    pipeline.process_mailbox(before.mailbox_id)

    assert Case.objects.get().owner == alice


@pytest.mark.parametrize(
    "letter",
    [
        bounce(of="x@acme.example", recipient="dan@customer.example"),
        mail(headers=[("Auto-Submitted", "auto-replied")]),
        mail(headers=[("List-Id", "<news.customer.example>")]),
        mail(from_="support@acme.example", to="carla@customer.example"),
        mail(from_="sales@acme.example"),
    ],
    ids=["bounce", "robot", "list", "own", "own of another mailbox"],
)
def test_this_becomes_nothing(
    arrive: Arrive, mailbox: Mailbox, sales: Mailbox, letter: bytes
) -> None:
    """ACC-071."""
    convert_to(mailbox, "convert-to-case")

    message = arrive(letter)

    assert message.state == Message.State.PROCESSED, message.problem
    assert not Case.objects.exists()
    assert message.trace["convert"]["refusal"]


@pytest.mark.parametrize("role", [Folder.Role.SENT, Folder.Role.JUNK])
def test_a_letter_in_this_folder_becomes_nothing(
    arrive: Arrive, mailbox: Mailbox, role: Folder.Role
) -> None:
    convert_to(mailbox, "convert-to-case")

    arrive(mail(), folder=people.make_folder(mailbox, role.value, role))

    assert not Case.objects.exists()


def test_history_becomes_nothing(arrive: Arrive, mailbox: Mailbox) -> None:
    convert_to(mailbox, "convert-to-case")

    arrive(mail(), is_history=True)

    assert not Case.objects.exists()


def test_a_reply_belongs_to_the_case_and_opens_it_again(
    arrive: Arrive, mailbox: Mailbox, alice: User
) -> None:
    """ACC-070."""
    convert_to(mailbox, "convert-to-case")
    first = arrive(mail(message_id="one@customer.example"))
    case = Case.objects.get()
    cases.change(case, by=alice, status="resolved")
    assert first.conversation is not None
    conversations.close(first.conversation, by=alice)

    reply = arrive(mail(subject="Re: x", in_reply_to="one@customer.example"))

    case.refresh_from_db()
    assert Case.objects.count() == 1
    assert case.status == "open"
    assert case.closed_at is None
    assert reply.conversation == first.conversation
    assert reply.conversation is not None
    assert reply.conversation.status == Conversation.Status.OPEN
    assert reply.trace["convert"]["case"] == case.pk


def test_an_out_of_office_opens_nothing_again(
    arrive: Arrive, mailbox: Mailbox, alice: User
) -> None:
    convert_to(mailbox, "convert-to-case")
    first = arrive(mail(message_id="one@customer.example"))
    case = Case.objects.get()
    cases.change(case, by=alice, status="resolved")
    assert first.conversation is not None
    conversations.close(first.conversation, by=alice)

    arrive(
        mail(
            in_reply_to="one@customer.example",
            headers=[("Auto-Submitted", "auto-replied")],
        )
    )

    case.refresh_from_db()
    first.conversation.refresh_from_db()
    assert case.status == "resolved"
    assert first.conversation.status == Conversation.Status.CLOSED


def test_each_mailbox_makes_its_own_of_a_letter_to_both(
    arrive: Arrive, mailbox: Mailbox, sales: Mailbox
) -> None:
    convert_to(mailbox, "convert-to-case")
    convert_to(sales, "convert-to-lead")
    letter = mail(to="support@acme.example, sales@acme.example")

    arrive(letter)
    arrive(letter, folder=people.make_folder(sales))

    assert Case.objects.get().mailbox == mailbox
    assert Lead.objects.get().mailbox == sales


def test_a_conversation_converted_by_hand_twice_has_one_case(
    arrive: Arrive, alice: User
) -> None:
    message = arrive(mail())
    assert message.conversation is not None

    made = [
        cases.open_for(message.conversation, subject="x", description="", by=alice)
        for _ in range(2)
    ]

    assert made[0] == made[1]


def test_who_and_what_is_gone_is_left_out(
    arrive: Arrive, mailbox: Mailbox, alice: User
) -> None:
    tag = Tag.objects.create(name="gone")
    convert_to(
        mailbox,
        "convert-to-case",
        owner=10**6,
        assignee=alice.pk,
        tags=[tag.pk, 10**6, "x"],
        status="nonsense that is long",
        priority=7,
    )
    tag.delete()
    User.objects.filter(pk=alice.pk).update(is_active=False)

    message = arrive(mail())

    case = Case.objects.get()
    assert message.state == Message.State.PROCESSED, message.problem
    assert (case.owner, case.assignee) == (None, None)
    assert (case.status, case.priority) == ("open", "normal")
    assert not case.tags.exists()


@pytest.mark.parametrize("stored", [[], "x", 3])
def test_options_that_are_none_are_ignored(
    arrive: Arrive, mailbox: Mailbox, stored: object
) -> None:
    convert_to(mailbox, "convert-to-case")
    Mailbox.objects.filter(pk=mailbox.pk).update(processing_settings=stored)

    message = arrive(mail())

    assert message.state == Message.State.PROCESSED, message.problem
    assert Case.objects.count() == 1


def test_an_action_that_is_gone_is_explained(arrive: Arrive, mailbox: Mailbox) -> None:
    Mailbox.objects.filter(pk=mailbox.pk).update(processing_action="to-the-moon")

    message = arrive(mail())

    assert message.state == Message.State.PROCESSED
    assert "to-the-moon" in message.trace["convert"]["refusal"]
