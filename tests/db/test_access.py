"""Who may reach what; hidden and missing look the same."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from letterbox import access
from letterbox.models import Conversation, Grant, Mailbox, Message, Role, User
from letterbox.services import cases, leads, mailboxes, merging, people
from tests.conftest import Arrive
from tests.db.conftest import AddRule
from tests.mail import mail

READ, REPLY, MANAGE = access.READ, access.REPLY, access.MANAGE


@pytest.fixture
def conversation(arrive: Arrive) -> Conversation:
    found = arrive(mail()).conversation
    assert found is not None
    return found


@pytest.fixture
def everybody(alice: User, rita: User, max_: User, mallory: User) -> dict[str, User]:
    nina = people.make_user(email="nina@acme.example", name="Nina", by=None)
    gone = people.make_user(email="gone@acme.example", name="Gone", by=None)
    mailbox = Mailbox.objects.get(label="Support")
    people.grant(mailbox, ability=MANAGE, by=None, user=gone)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    gone.refresh_from_db()
    return {
        "alice": alice,
        "rita": rita,
        "max": max_,
        "mallory": mallory,
        "nina": nina,
        "gone": gone,
    }


def outcome(reach: Callable[[], object]) -> str:
    """`reached`, `not found` or `not allowed`."""
    try:
        reach()
    except access.NotFound:
        return "not found"
    except access.NotAllowed:
        return "not allowed"
    return "reached"


@pytest.mark.parametrize("asks_once", [False, True])
@pytest.mark.parametrize(
    ("who", "read", "reply", "manage"),
    [
        ("max", "reached", "reached", "reached"),
        ("alice", "reached", "reached", "not allowed"),
        ("rita", "reached", "not allowed", "not allowed"),
        ("mallory", "not found", "not found", "not found"),
        ("nina", "not found", "not found", "not found"),
        ("gone", "not found", "not found", "not found"),
    ],
)
def test_everybody_reaches_what_their_grants_say(
    everybody: dict[str, User],
    conversation: Conversation,
    add_rule: AddRule,
    arrive: Arrive,
    who: str,
    read: str,
    reply: str,
    manage: str,
    *,
    asks_once: bool,
) -> None:
    add_rule()
    message = arrive(mail(from_="dan@other.example", subject="Another matter"))
    mailbox = conversation.mailbox
    case = cases.open_for(conversation, subject="x", description="", by=None)
    lead = leads.open_for(
        conversation, name="x", notes="", sender_name="", email="", by=None
    )
    mail_ = mailbox.outbox.get()
    user = everybody[who]
    user.asks_once = asks_once

    for ability, expected in ((READ, read), (REPLY, reply), (MANAGE, manage)):
        for reach in (
            lambda a: access.get_mailbox(user, mailbox.pk, ability=a),
            lambda a: access.get_conversation(user, conversation.pk, ability=a),
            lambda a: access.get_message(user, message.pk, ability=a),
            lambda a: access.get_case(user, case.pk, ability=a),
            lambda a: access.get_lead(user, lead.pk, ability=a),
            lambda a: access.get_outgoing(user, mail_.pk, ability=a),
        ):
            assert outcome(functools.partial(reach, ability)) == expected


@pytest.mark.parametrize(
    "reach",
    [
        access.get_mailbox,
        access.get_conversation,
        access.get_message,
        access.get_case,
        access.get_lead,
        access.get_outgoing,
        access.get_contact,
        access.get_rule,
        access.get_administered_mailbox,
    ],
)
def test_what_is_missing_is_not_found_by_anybody(
    alice: User, max_: User, reach: Callable[[User, int], object]
) -> None:
    for user in (alice, max_):
        assert outcome(functools.partial(reach, user, 10**9)) == "not found"


def test_a_stranger_cannot_tell_hidden_from_missing(
    conversation: Conversation, mallory: User
) -> None:
    for number in (conversation.pk, 10**9):
        with pytest.raises(access.NotFound) as caught:
            access.get_conversation(mallory, number, ability=READ)
        assert str(caught.value) == ""


def test_administering_gives_no_right_to_read(
    conversation: Conversation, everybody: dict[str, User]
) -> None:
    nina = everybody["nina"]
    role = Role.objects.create(name="Office", abilities=sorted(access.ABILITIES))
    nina.roles.add(role)

    assert access.has_ability(nina, "administer-mailboxes")
    assert access.get_administered_mailbox(nina, conversation.mailbox_id)
    assert outcome(lambda: access.get_conversation(nina, conversation.pk)) == (
        "not found"
    )


def test_a_role_lets_its_members_in_and_the_highest_right_counts(
    conversation: Conversation, rita: User
) -> None:
    role = Role.objects.create(name="Team")
    people.grant(conversation.mailbox, ability=MANAGE, by=None, role=role)

    rita.roles.add(role)

    assert access.ability_in(rita, conversation.mailbox_id) == Grant.Ability.MANAGE
    assert outcome(
        lambda: access.get_conversation(rita, conversation.pk, ability=MANAGE)
    ) == ("reached")


def test_a_right_taken_away_is_gone_at_once(
    conversation: Conversation, alice: User
) -> None:
    people.grant(conversation.mailbox, ability=None, by=None, user=alice)

    assert outcome(lambda: access.get_conversation(alice, conversation.pk)) == (
        "not found"
    )


def test_many_mailboxes_are_reached_as_few_are(alice: User) -> None:
    boxes = Mailbox.objects.bulk_create(
        Mailbox(label=f"Box {number}", address=f"{number}@acme.example")
        for number in range(access.MOST_NAMED + 1)
    )
    Grant.objects.bulk_create(
        Grant(mailbox=box, user=alice, ability=READ) for box in boxes
    )
    alice.asks_once = True

    assert access.readable_mailbox_ids(alice) >= {box.pk for box in boxes}
    assert not access.mailboxes(alice, REPLY).filter(pk=boxes[0].pk).exists()
    assert access.ability_in(alice, boxes[0].pk) == READ


def test_who_was_switched_off_reaches_nothing(
    conversation: Conversation, max_: User
) -> None:
    User.objects.filter(pk=max_.pk).update(is_active=False)
    max_.refresh_from_db()

    assert not access.mailboxes(max_).exists()
    assert not access.administered_mailboxes(max_).exists()
    assert not access.conversations(max_).exists()
    assert not access.has_ability(max_, "administer-system")
    assert access.ability_in(max_, conversation.mailbox_id) == 0
    assert access.readable_mailbox_ids(max_) == frozenset()


def test_a_merged_conversation_leads_to_where_it_went(
    arrive: Arrive, alice: User, mallory: User
) -> None:
    first, second, third = (
        arrive(mail(from_=f"p{n}@x.example", subject=f"{n} x")).conversation
        for n in range(3)
    )
    assert first is not None
    assert second is not None
    assert third is not None
    merging.merge(first, into=second, by=alice)
    merging.merge(second, into=third, by=alice)

    for each in (first, second, third):
        assert access.get_conversation(alice, each.pk) == third
        assert outcome(
            functools.partial(access.get_conversation, mallory, each.pk)
        ) == ("not found")
    assert list(access.conversations(alice)) == [third]


def test_the_history_of_a_mailbox_holds_no_secret(
    mailbox: Mailbox, max_: User, alice: User
) -> None:
    mailboxes.change(mailbox, by=max_, label="Help", signature="Yours")

    events = [str(each.data) for each in access.events(max_, mailbox)]

    assert any("Help" in each for each in events)
    assert not any("quiet green lamp" in each or "sealed" in each for each in events)
    with pytest.raises(access.NotFound):
        access.events(alice, mailbox)


def test_an_ability_that_does_not_exist_is_a_mistake_in_the_code(alice: User) -> None:
    with pytest.raises(ValueError, match="no ability"):
        access.has_ability(alice, "fly")


def test_people_in_a_mailbox_are_those_who_may(
    everybody: dict[str, User], conversation: Conversation
) -> None:
    names = {
        ability: set(
            access.people_in(conversation.mailbox, ability).values_list(
                "name", flat=True
            )
        )
        for ability in (READ, REPLY, MANAGE)
    }

    assert names == {
        READ: {"Alice", "Rita", "Max"},
        REPLY: {"Alice", "Max"},
        MANAGE: {"Max"},
    }
    assert Message.objects.count() == 1
