"""What people answer: frozen, threaded, taken back, refused when outdated."""

from __future__ import annotations

import pytest

from letterbox.mime import parse
from letterbox.mime.letter import Address
from letterbox.models import Conversation, Event, Mailbox, Message, OutgoingMail, User
from letterbox.services import breaker, conversations, mailboxes, outbox, replies
from tests.conftest import Arrive
from tests.db.conftest import AddRule
from tests.mail import bounce, mail

CARLA = Address("carla@customer.example", "Carla Customer")
State = OutgoingMail.State


@pytest.fixture
def conversation(arrive: Arrive) -> Conversation:
    found = arrive(
        mail(message_id="one@customer.example", references=["zero@customer.example"])
    ).conversation
    assert found is not None
    return found


def test_an_answer_is_frozen_with_its_thread(
    conversation: Conversation, alice: User
) -> None:
    sent = replies.queue(
        conversation,
        author=alice,
        text="Hello",
        to=[CARLA],
        bcc=[Address("boss@acme.example")],
    )

    letter = parse.parse_letter(sent.raw.content)
    assert str(letter.author) == "Acme Support <support@acme.example>"
    assert letter.in_reply_to == ("one@customer.example",)
    assert letter.references == ("zero@customer.example", "one@customer.example")
    assert letter.subject == "Re: The lamp is broken"
    assert b"boss@acme.example" not in sent.raw.content
    assert sent.recipients == ["carla@customer.example", "boss@acme.example"]
    assert sent.sender == "support@acme.example"


def test_an_answer_moves_the_conversation_to_waiting_and_to_its_author(
    conversation: Conversation, alice: User
) -> None:
    sent = replies.queue(conversation, author=alice, text="Hello", to=[CARLA])

    conversation.refresh_from_db()
    assert conversation.status == Conversation.Status.WAITING
    assert conversation.assignee == alice
    assert conversation.message_count == 2
    assert Event.objects.get(verb="reply-queued").data == {"mail": sent.pk}


def test_the_answer_of_the_customer_comes_back_by_our_signed_id(
    conversation: Conversation, alice: User, arrive: Arrive
) -> None:
    sent = replies.queue(conversation, author=alice, text="Hello", to=[CARLA])

    back = arrive(
        mail(from_="x@other.example", subject="Thanks", in_reply_to=sent.message_id)
    )

    assert back.conversation == conversation
    assert back.trace["conversation"]["how"] == "signed-id"
    conversation.refresh_from_db()
    assert conversation.status == Conversation.Status.OPEN


def test_an_answer_on_an_old_version_is_refused_with_what_is_new(
    conversation: Conversation, alice: User, arrive: Arrive
) -> None:
    version = conversation.version
    arrive(mail(in_reply_to="one@customer.example"))

    with pytest.raises(replies.Outdated) as caught:
        replies.queue(
            conversation,
            author=alice,
            text="Hello",
            to=[CARLA],
            written_on_version=version,
        )

    assert caught.value.count >= 1
    assert not OutgoingMail.objects.exists()


def test_we_never_write_to_ourselves(
    conversation: Conversation, mailbox: Mailbox, alice: User
) -> None:
    mailboxes.change(mailbox, by=None, aliases=["help@acme.example"])
    ours = [Address("Support@acme.example"), Address("HELP@acme.example")]

    sent = replies.queue(
        conversation, author=alice, text="Hello", to=[CARLA, *ours], cc=ours, bcc=ours
    )

    assert sent.recipients == ["carla@customer.example"]
    assert b"help@acme.example" not in sent.raw.content.lower()
    with pytest.raises(replies.NobodyToWriteTo):
        replies.queue(conversation, author=alice, text="Hello", to=ours)


def test_an_answer_taken_back_leaves_nothing_behind(
    conversation: Conversation, alice: User
) -> None:
    before = conversation.message_count, conversation.snippet
    sent = replies.queue(conversation, author=alice, text="My words", to=[CARLA])

    said = outbox.take_back(sent, by=alice)

    sent.refresh_from_db()
    conversation.refresh_from_db()
    assert said.text.strip() == "My words"
    assert said.people["to"] == [CARLA]
    assert sent.state == State.DISCARDED
    assert conversation.status == Conversation.Status.OPEN
    assert (conversation.message_count, conversation.snippet) == before
    assert Message.objects.count() == 1


def test_a_conversation_waits_on_while_another_answer_goes_out(
    conversation: Conversation, alice: User
) -> None:
    replies.queue(conversation, author=alice, text="The first", to=[CARLA])
    second = replies.queue(conversation, author=alice, text="And more", to=[CARLA])

    outbox.take_back(second, by=alice)

    conversation.refresh_from_db()
    assert conversation.status == Conversation.Status.WAITING


def test_an_answer_that_failed_and_is_given_up_leaves_it_to_us(
    conversation: Conversation, alice: User
) -> None:
    sent = replies.queue(conversation, author=alice, text="My words", to=[CARLA])
    conversation.refresh_from_db()
    conversations.close(conversation, by=alice)
    OutgoingMail.objects.update(state=State.FAILED)

    outbox.discard(sent, by=alice)

    conversation.refresh_from_db()
    assert conversation.status == Conversation.Status.OPEN
    assert Event.objects.filter(verb="reopened").exists()


@pytest.mark.parametrize("state", ["sending", "sent", "unsure", "failed", "discarded"])
def test_what_is_on_its_way_cannot_be_taken_back(
    conversation: Conversation, alice: User, state: str
) -> None:
    sent = replies.queue(conversation, author=alice, text="Hello", to=[CARLA])
    OutgoingMail.objects.update(state=state)

    with pytest.raises(outbox.TooLate):
        outbox.take_back(sent, by=alice)

    assert Message.objects.count() == 2


@pytest.mark.parametrize(
    ("state", "can_release", "can_settle"),
    [
        ("held", True, False),
        ("queued", False, False),
        ("sending", False, False),
        ("sent", False, False),
        ("failed", True, False),
        ("unsure", True, True),
        ("discarded", False, False),
    ],
)
def test_a_person_may_let_go_give_up_or_settle_what_waits_for_one(
    conversation: Conversation,
    alice: User,
    state: str,
    *,
    can_release: bool,
    can_settle: bool,
) -> None:
    sent = replies.queue(conversation, author=alice, text="Hello", to=[CARLA])

    for act, is_allowed, then in (
        (outbox.release, can_release, State.QUEUED),
        (outbox.discard, can_release, State.DISCARDED),
    ):
        OutgoingMail.objects.update(state=state)
        if is_allowed:
            act(sent, by=alice)
        else:
            with pytest.raises(outbox.TooLate):
                act(sent, by=alice)
        sent.refresh_from_db()
        assert sent.state == (then if is_allowed else state)
    OutgoingMail.objects.update(state=state)
    assert outbox.settle(sent, by=alice, how="asked Carla") is can_settle


def test_the_default_recipient_is_who_wrote_even_after_a_bounce(
    conversation: Conversation, arrive: Arrive, alice: User
) -> None:
    sent = replies.queue(conversation, author=alice, text="Hello", to=[CARLA])
    report = arrive(bounce(of=sent.message_id, recipient=CARLA.email))
    assert report.conversation == conversation

    to, cc = replies.default_recipients(conversation)

    assert [each.email for each in to] == ["carla@customer.example"]
    assert cc == []
    sent.refresh_from_db()
    assert sent.bounce["kind"] == "bounce-hard"


def test_answering_all_leaves_us_and_doubles_out(arrive: Arrive) -> None:
    message = arrive(
        mail(
            to="support@acme.example, dan@other.example",
            cc="Carla <CARLA@customer.example>, eve@other.example",
        )
    )
    assert message.conversation is not None

    to, cc = replies.default_recipients(message.conversation, reply_all=True)

    assert [each.email for each in to] == ["carla@customer.example"]
    assert [each.email for each in cc] == ["dan@other.example", "eve@other.example"]


def test_an_answer_does_not_speak_to_one_that_was_held(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule, alice: User
) -> None:
    add_rule()
    breaker.trip(mailbox, reason="a test")
    message = arrive(mail(message_id="one@customer.example"))
    assert message.conversation is not None

    sent = replies.queue(message.conversation, author=alice, text="Hi", to=[CARLA])

    letter = parse.parse_letter(sent.raw.content)
    assert letter.references == ("one@customer.example",)
