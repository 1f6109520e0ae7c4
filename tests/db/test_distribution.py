from letterbox.inbound import distribution
from letterbox.models import Case, Grant, Mailbox, User
from letterbox.services import cases, mailboxes
from tests import people
from tests.conftest import Arrive
from tests.mail import mail


def _share_out(mailbox: Mailbox, how: str) -> None:
    mailboxes.set_processing(
        mailbox, action="convert-to-case", options={"distribution": how}, by=None
    )


def _letters(arrive: Arrive, count: int) -> list[User | None]:
    for number in range(count):
        arrive(
            mail(
                subject=f"Matter {number}",
                from_=f"c{number}@customer.example",
            )
        )
    return [case.assignee for case in Case.objects.order_by("pk")]


def test_cases_go_round_among_those_who_may_reply(
    mailbox: Mailbox, alice: User, rita: User, arrive: Arrive
) -> None:
    bob = people.make("Bob")
    people.allow(mailbox, bob, Grant.Ability.REPLY)
    _share_out(mailbox, "round-robin")

    assert _letters(arrive, 4) == [alice, bob, alice, bob]


def test_who_has_left_gets_nothing(
    mailbox: Mailbox, alice: User, arrive: Arrive
) -> None:
    bob = people.make("Bob")
    people.allow(mailbox, bob, Grant.Ability.REPLY)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    _share_out(mailbox, "round-robin")

    assert _letters(arrive, 2) == [alice, alice]


def test_the_least_busy_gets_the_next_case(
    mailbox: Mailbox, alice: User, arrive: Arrive
) -> None:
    conversation = arrive(mail(subject="Before")).conversation
    assert conversation is not None
    bob = people.make("Bob")
    people.allow(mailbox, bob, Grant.Ability.REPLY)
    cases.open_for(conversation, subject="x", description="", by=None, assignee=alice)
    _share_out(mailbox, "least-busy")

    assert _letters(arrive, 3)[1:] == [bob, alice, bob]


def test_nobody_who_may_reply_means_nobody_assigned(
    mailbox: Mailbox, rita: User
) -> None:
    assert distribution.next_person(mailbox, "round-robin") is None
    assert distribution.next_person(mailbox, "by-horoscope") is None
