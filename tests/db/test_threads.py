"""Conversations that people merge, split and take back, and what letters do then."""

from __future__ import annotations

import pytest

from letterbox.inbound.threading import Notice
from letterbox.models import Conversation, Event, Mailbox, Message, OutgoingMail, User
from letterbox.services import (
    conversations,
    folds,
    merging,
    originals,
    replies,
    splitting,
)
from tests.conftest import Arrive
from tests.mail import CARLA, bounce, mail

SAM = "Sam Stranger <sam@stranger.example>"


def conversation_of(message: Message) -> Conversation:
    message.refresh_from_db()
    assert message.conversation is not None
    return message.conversation


def answer(conversation: Conversation, alice: User) -> OutgoingMail:
    to, _cc = replies.default_recipients(conversation)
    return replies.queue(conversation, author=alice, text="We will look.", to=to)


def notices(message: Message) -> list[str]:
    found: list[str] = message.trace["conversation"]["notices"]
    return found


def test_a_stranger_who_names_a_letter_of_ours_comes_in_with_a_notice(
    arrive: Arrive, alice: User
) -> None:
    first = arrive(mail())
    ours = answer(conversation_of(first), alice)

    stranger = arrive(mail(from_=SAM, in_reply_to=ours.message_id))

    assert conversation_of(stranger) == conversation_of(first)
    assert notices(stranger) == [Notice.STRANGER_JOINED]


def test_what_is_split_off_stays_apart_and_gets_its_own_answers(
    arrive: Arrive, alice: User
) -> None:
    first = arrive(mail(message_id="first@customer.example"))
    ours = answer(conversation_of(first), alice)
    stranger = arrive(
        mail(from_=SAM, in_reply_to=ours.message_id, message_id="sams@stranger.example")
    )
    old = conversation_of(first)

    new = splitting.split(stranger, by=alice)

    assert conversation_of(stranger) == new != old
    assert stranger.trace["conversation"]["settled"] == "split"
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.message_count, new.message_count) == (2, 1)
    # Their chain names our letter, which stayed behind, and theirs, which left.
    again = arrive(
        mail(
            from_=SAM,
            in_reply_to="sams@stranger.example",
            references=[ours.message_id, "sams@stranger.example"],
        )
    )
    assert conversation_of(again) == new
    assert again.trace["conversation"]["elsewhere"] == [old.pk]
    carla = arrive(mail(in_reply_to=ours.message_id))
    assert conversation_of(carla) == old


def test_answers_move_with_the_letter_that_they_answer(
    arrive: Arrive, alice: User
) -> None:
    first = arrive(mail(message_id="one@customer.example"))
    second = arrive(
        mail(
            subject="Another thing: an invoice",
            in_reply_to="one@customer.example",
            message_id="two@customer.example",
        )
    )
    assert notices(second) == [Notice.NEW_SUBJECT]
    ours = answer(conversation_of(second), alice)
    third = arrive(mail(in_reply_to="two@customer.example"))

    new = splitting.split(second, by=alice)

    ours.refresh_from_db()
    assert ours.conversation == conversation_of(third) == new
    assert conversation_of(first) != new
    # The signed id of our answer names the old conversation, but it has moved.
    later = arrive(mail(in_reply_to=ours.message_id))
    assert conversation_of(later) == new


def test_a_split_can_be_undone(arrive: Arrive, alice: User) -> None:
    first = arrive(mail(message_id="one@customer.example"))
    second = arrive(mail(in_reply_to="one@customer.example"))
    old = conversation_of(first)
    splitting.split(second, by=alice)
    event = Event.objects.get(verb="split")
    assert merging.undoable([event]) == {event.pk}

    merging.undo(event, by=alice)

    assert conversation_of(second) == old
    assert merging.undoable([event]) == set()
    with pytest.raises(ValueError, match="undone"):
        merging.undo(event, by=alice)


def test_a_conversation_of_one_chain_is_not_split_at_its_head(
    arrive: Arrive, alice: User
) -> None:
    first = arrive(mail(message_id="one@customer.example"))
    arrive(mail(in_reply_to="one@customer.example"))

    with pytest.raises(splitting.NothingToSplit):
        splitting.split(first, by=alice)


def test_letters_keep_apart_what_people_have_parted(
    arrive: Arrive, alice: User
) -> None:
    one = arrive(mail(subject="Lamp", message_id="lamp@customer.example"))
    two = arrive(mail(subject="Invoice", message_id="invoice@customer.example"))
    merged = merging.merge(conversation_of(two), into=conversation_of(one), by=alice)
    assert merged is not None
    merging.undo(merged, by=alice)

    both = arrive(
        mail(
            in_reply_to="lamp@customer.example",
            references=["invoice@customer.example", "lamp@customer.example"],
        )
    )

    assert conversation_of(both) == conversation_of(one) != conversation_of(two)
    assert Notice.LEADS_ELSEWHERE in notices(both)
    assert both.trace["conversation"]["elsewhere"] == [conversation_of(two).pk]


def test_a_notice_that_was_answered_is_settled(arrive: Arrive, alice: User) -> None:
    first = arrive(mail())
    ours = answer(conversation_of(first), alice)
    stranger = arrive(mail(from_=SAM, in_reply_to=ours.message_id))

    assert splitting.keep(stranger, by=alice) is not None
    assert splitting.keep(stranger, by=alice) is None

    stranger.refresh_from_db()
    assert stranger.trace["conversation"]["settled"] == "kept"


def test_a_bounce_shows_on_the_mail_that_came_back_and_opens_its_conversation(
    arrive: Arrive, alice: User
) -> None:
    first = arrive(mail())
    ours = answer(conversation_of(first), alice)
    conversations.close(conversation_of(first), by=alice)

    report = arrive(bounce(of=ours.message_id, recipient="carla@customer.example"))

    assert conversation_of(report) == conversation_of(first)
    assert conversation_of(first).status == Conversation.Status.OPEN
    assert notices(report) == []
    ours.refresh_from_db()
    assert ours.bounce["kind"] == "bounce-hard"
    assert ours.bounce["reason"] == "user-unknown"
    assert ours.bounce["recipients"] == ["carla@customer.example"]
    # A delay that arrives late takes nothing back.
    arrive(
        bounce(of=ours.message_id, recipient="carla@customer.example", status="4.4.1")
    )
    ours.refresh_from_db()
    assert ours.bounce["kind"] == "bounce-hard"


def test_a_report_marks_only_addresses_that_we_wrote_to(
    arrive: Arrive, alice: User
) -> None:
    arrive(mail(from_=SAM))
    first = arrive(mail())
    ours = answer(conversation_of(first), alice)

    arrive(bounce(of=ours.message_id, recipient="sam@stranger.example"))

    sam = Message.objects.get(from_email="sam@stranger.example").contact
    assert sam is not None
    assert sam.addresses.get().bounced_at is None


def test_an_out_of_office_opens_nothing(arrive: Arrive, alice: User) -> None:
    first = arrive(mail())
    ours = answer(conversation_of(first), alice)
    conversations.close(conversation_of(first), by=alice)

    away = arrive(
        mail(
            subject="Automatic reply: The lamp is broken",
            text="I am out of the office until Monday.",
            in_reply_to=ours.message_id,
            headers=[("Auto-Submitted", "auto-replied")],
        )
    )

    assert away.kind == "out-of-office"
    assert conversation_of(away) == conversation_of(first)
    assert conversation_of(first).status == Conversation.Status.CLOSED


def test_what_the_conversation_holds_is_folded_however_it_was_quoted(
    arrive: Arrive,
) -> None:
    words = (
        "the lamp which you sent us in the first week of May does not burn at all,\n"
        "although we have changed the bulb twice and asked an electrician as well.\n"
    )
    arrive(mail(text=f"Hello,\n\n{words}", message_id="one@customer.example"))

    message = arrive(
        mail(
            text=f"Is there any news about it from your side?\n\n{words}",
            in_reply_to="one@customer.example",
        )
    )

    assert message.new_text == "Is there any news about it from your side?"
    assert [block.kind.value for block in folds.read(message)] == ["new", "quote"]
    assert "".join(b.text for b in folds.read(message)) == message.text


FORWARDED = (
    "Please take care of this.\n\n"
    "---------- Forwarded message ---------\n"
    "From: Fred Friend <fred@friend.example>\n"
    "Date: Mon, 2 Mar 2026 at 10:00\n"
    "Subject: The heater\nTo: Alice <alice@acme.example>\n\n"
    "The heater whistles.\n"
)


def test_a_letter_that_a_colleague_forwards_names_who_wrote_it(
    arrive: Arrive, alice: User, mailbox: Mailbox
) -> None:
    message = arrive(
        mail(from_=f"Alice <{alice.email}>", subject="Fwd: The heater", text=FORWARDED)
    )
    assert message.trace["forwarded"]["email"] == "fred@friend.example"
    assert "whistles" in message.new_text

    fred = originals.name_original(
        message, email="fred@friend.example", name="Fred Friend", by=alice
    )

    conversation = conversation_of(message)
    assert message.contact == conversation.contact == fred
    to, _cc = replies.default_recipients(conversation)
    assert [str(each) for each in to] == ["Fred Friend <fred@friend.example>"]
    originals.forget_original(message, by=alice)
    conversation = conversation_of(message)
    assert conversation.contact != fred
    to, _cc = replies.default_recipients(conversation)
    assert [each.email for each in to] == [alice.email]


def test_nobody_outside_can_name_another_writer(arrive: Arrive, alice: User) -> None:
    message = arrive(mail(from_=CARLA, subject="Fwd: The heater", text=FORWARDED))

    assert "forwarded" not in message.trace
    with pytest.raises(originals.NoAddress):
        originals.name_original(message, email="nobody", name="", by=alice)
