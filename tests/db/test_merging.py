"""Conversations through the tables: found in any order, made one, parted again."""

from __future__ import annotations

import itertools

import pytest

from letterbox.models import Case, Conversation, Mailbox, Message, User
from letterbox.services import cases, mailboxes, merging
from tests import people
from tests.conftest import Arrive
from tests.mail import mail

LETTERS = {
    "root": mail(subject="The lamp", message_id="root@c.example"),
    "answer": mail(
        subject="Re: The lamp",
        message_id="answer@c.example",
        in_reply_to="root@c.example",
    ),
    "grandchild": mail(
        subject="Re: The lamp",
        message_id="grandchild@c.example",
        references=["root@c.example", "answer@c.example"],
    ),
}


@pytest.mark.parametrize("order", list(itertools.permutations(LETTERS)))
def test_an_exchange_is_one_conversation_in_any_order(
    arrive: Arrive, order: tuple[str, ...]
) -> None:
    for name in order:
        arrive(LETTERS[name])

    alive = Conversation.objects.filter(merged_into=None)
    assert alive.count() == 1
    assert alive.get().message_count == 3
    assert alive.get().messages.count() == 3


def test_answers_to_a_parent_nobody_holds_meet(arrive: Arrive) -> None:
    one = arrive(mail(subject="Re: x", in_reply_to="lost@c.example"))
    other = arrive(mail(subject="Re: x", in_reply_to="lost@c.example"))

    assert one.conversation == other.conversation


def test_a_case_number_leads_its_people_back(arrive: Arrive, mailbox: Mailbox) -> None:
    mailboxes.set_processing(mailbox, action="convert-to-case", options={}, by=None)
    first = arrive(mail())
    number = Case.objects.get().pk

    hers = arrive(mail(subject=f"About [Case #{number}], please"))
    strangers = arrive(
        mail(from_="x@other.example", subject=f"About [Case #{number}], please")
    )

    assert hers.conversation == first.conversation
    assert strangers.conversation != first.conversation


def test_mailboxes_do_not_share_conversations(arrive: Arrive, sales: Mailbox) -> None:

    first = arrive(mail(message_id="one@c.example"))

    other = arrive(mail(in_reply_to="one@c.example"), folder=people.make_folder(sales))

    assert other.conversation != first.conversation


@pytest.fixture
def three(arrive: Arrive) -> list[Conversation]:
    """Three conversations with a letter each, of three people."""
    messages = [
        arrive(
            mail(
                from_=f"p{n}@p{n}.example",
                subject=f"{n} x",
                message_id=f"{n}@m.example",
            )
        )
        for n in range(3)
    ]
    return [each.conversation for each in messages if each.conversation]


def counts(conversations: list[Conversation]) -> list[int]:
    for each in conversations:
        each.refresh_from_db()
    assert [each.message_count for each in conversations if not each.merged_into] == [
        each.messages.count() for each in conversations if not each.merged_into
    ]
    return [each.messages.count() for each in conversations]


def test_a_merge_moves_everything_and_comes_back(
    three: list[Conversation], arrive: Arrive, alice: User
) -> None:
    one, two, _ = three
    event = merging.merge(one, into=two, by=alice)
    assert event is not None
    assert counts(three) == [0, 2, 1]

    back = merging.undo(event, by=alice)

    assert back == one
    assert counts(three) == [1, 1, 1]
    reply = arrive(mail(from_="p0@p0.example", in_reply_to="0@m.example"))
    assert reply.conversation == one
    with pytest.raises(ValueError, match="undone already"):
        merging.undo(event, by=alice)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_merges_come_back_in_any_order(
    three: list[Conversation], alice: User, order: tuple[int, int]
) -> None:
    one, two, three_ = three
    events = [
        merging.merge(one, into=two, by=alice),
        merging.merge(two, into=three_, by=alice),
    ]
    assert counts(three) == [0, 0, 3]
    assert one.merged_into == three_

    for at in order:
        event = events[at]
        assert event is not None
        merging.undo(event, by=alice)

    assert counts(three) == [1, 1, 1]
    assert all(each.merged_into is None for each in three)


def test_a_conversation_is_not_merged_into_itself_nor_across_mailboxes(
    three: list[Conversation], sales: Mailbox, alice: User
) -> None:
    one, two, _ = three
    Conversation.objects.filter(pk=two.pk).update(mailbox=sales)

    assert merging.merge(one, into=one, by=alice) is None
    assert merging.merge(one, into=two, by=alice) is None


def test_a_reply_after_a_merge_wakes_the_case_that_was_merged(
    three: list[Conversation], arrive: Arrive, alice: User
) -> None:
    one, two, _ = three
    case = cases.open_for(one, subject="x", description="", by=alice)
    cases.change(case, by=alice, status="resolved")
    merging.merge(one, into=two, by=alice)

    arrive(mail(from_="p0@p0.example", in_reply_to="0@m.example"))

    case.refresh_from_db()
    assert case.status == "open"


def test_what_a_person_parted_is_not_merged_again(
    three: list[Conversation], arrive: Arrive, alice: User
) -> None:
    one, two, _ = three
    event = merging.merge(one, into=two, by=alice)
    assert event is not None
    merging.undo(event, by=alice)

    arrive(mail(from_="p0@p0.example", references=["0@m.example", "1@m.example"]))

    assert counts(three)[2] == 1
    assert all(each.merged_into is None for each in three)
    assert Message.objects.count() == 4
