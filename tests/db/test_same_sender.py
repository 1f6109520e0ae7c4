"""Somebody with an open case or lead writes anew: no twin is made unasked."""

from __future__ import annotations

from typing import Any

import pytest

from letterbox.inbound import conversion, previewing, trials
from letterbox.inbound.dry_run import Question
from letterbox.models import (
    AutoresponseRule,
    Case,
    Conversation,
    EmailTemplate,
    Event,
    Lead,
    Mailbox,
    Message,
    User,
)
from letterbox.services import (
    cases,
    leads,
    mailboxes,
    matters,
    merging,
    templates,
    undoing,
)
from tests.conftest import Arrive
from tests.db.conftest import AddRule
from tests.mail import mail

ACTIONS = [("convert-to-case", "case", Case), ("convert-to-lead", "lead", Lead)]
Kinds = type[Case] | type[Lead]


def convert_to(mailbox: Mailbox, action: str = "convert-to-case", **says: Any) -> None:
    mailboxes.set_processing(mailbox, action=action, options=says, by=None)


def place_of(message: Message) -> Conversation:
    """The conversation of a message as it stands now."""
    message.refresh_from_db()
    assert message.conversation is not None
    message.conversation.refresh_from_db()
    return message.conversation


@pytest.fixture
def two(arrive: Arrive, mailbox: Mailbox) -> list[Message]:
    """Carla has an open case, and writes about something; nobody knows about what."""
    convert_to(mailbox)
    return [
        arrive(mail(subject="The lamp is broken")),
        arrive(mail(subject="Where is my answer?", text="I wait.")),
    ]


@pytest.mark.parametrize(("action", "kind", "table"), ACTIONS)
def test_people_are_asked_and_the_trace_says_why(
    arrive: Arrive, mailbox: Mailbox, action: str, kind: str, table: Kinds
) -> None:
    convert_to(mailbox, action)
    arrive(mail(subject="The lamp is broken"))

    second = arrive(mail(subject="Where is my answer?", text="I wait."))

    record = table._default_manager.get()
    assert place_of(second).undecided == kind
    assert second.trace["convert"]["offered"] == {kind: record.pk}
    event = Event.objects.get(verb="left-undecided")
    assert (event.conversation, event.data) == (second.conversation, {kind: record.pk})


@pytest.mark.parametrize(("action", "kind", "table"), ACTIONS)
def test_another_is_opened_where_the_mailbox_says_so(
    arrive: Arrive, mailbox: Mailbox, action: str, kind: str, table: Kinds
) -> None:
    convert_to(mailbox, action, same_sender="open-new")
    arrive(mail(subject="The lamp is broken"))

    second = arrive(mail(subject="Something else", text="New."))

    assert table._default_manager.count() == 2
    assert place_of(second).undecided == ""


def test_the_letter_is_added_where_the_mailbox_says_so(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule
) -> None:
    convert_to(mailbox, same_sender="add")
    add_rule()
    first = arrive(mail(subject="The lamp is broken"))
    case = Case.objects.get()

    second = arrive(
        mail(subject="Where is my answer?", text="I wait.", message_id="two@c.example")
    )
    reply = arrive(mail(subject="Re: x", in_reply_to="two@c.example"))

    assert place_of(second) == place_of(reply) == first.conversation
    assert place_of(second).message_count == 4
    assert second.trace["conversation"]["how"] == "open-matter"
    assert second.trace["convert"]["case"] == case.pk
    # It is no first letter: what is said once in a conversation is not said again.
    fits = [each["fit"] for each in second.trace["answer"]["trace"]["rules"]]
    assert fits == ["quiet"]
    assert Case.objects.get() == case


@pytest.mark.parametrize("says", ["ask", "add", "nonsense", 3])
def test_a_robot_of_the_same_address_is_neither_added_nor_asked_about(
    arrive: Arrive, mailbox: Mailbox, says: Any
) -> None:
    convert_to(mailbox, same_sender=says)
    first = arrive(mail(subject="The lamp is broken"))

    second = arrive(
        mail(subject="News", text="Buy.", headers=[("List-Id", "<n.example>")])
    )

    assert place_of(second) != first.conversation
    assert place_of(second).undecided == ""


def test_closed_matters_those_of_others_and_elsewhere_do_not_count(
    arrive: Arrive, mailbox: Mailbox, sales: Mailbox, alice: User
) -> None:
    convert_to(mailbox)
    convert_to(sales, "convert-to-lead")
    arrive(mail(subject="The lamp is broken"))
    cases.change(Case.objects.get(), by=alice, status=Case.Status.RESOLVED)
    arrive(mail(subject="Of Dan", from_="dan@stranger.example"))

    arrive(mail(subject="Something else", text="A new matter."))

    assert Case.objects.count() == 3
    assert not Conversation.objects.exclude(undecided="").exists()


def test_a_letter_that_waits_is_answered_as_any_other(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule
) -> None:
    convert_to(mailbox)
    add_rule(
        conditions={
            "all": [{"field": "has-case", "operator": "equals", "value": False}]
        }
    )
    first = arrive(mail(subject="The lamp is broken"))

    second = arrive(mail(subject="Where is my answer?", text="I wait."))

    assert not first.trace["answer"]["answers"]
    assert second.trace["answer"]["answers"]


def test_adding_it_can_be_taken_back_and_is_asked_again(
    two: list[Message], alice: User
) -> None:
    first, second = map(place_of, two)

    event = merging.merge(second, into=first, by=alice)
    assert event is not None
    assert place_of(two[1]) == first

    undoing.undo(event, by=alice)

    assert place_of(two[1]) == second
    assert place_of(two[1]).undecided == "case"


def test_what_is_counted_again_goes_on_to_show_the_words_of_people(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule, alice: User
) -> None:
    convert_to(mailbox)
    add_rule()
    first = place_of(arrive(mail(subject="The lamp is broken")))
    second = place_of(arrive(mail(subject="Where is my answer?", text="I wait.")))
    assert second.message_count == 2

    event = merging.merge(second, into=first, by=alice)
    assert event is not None
    assert first.snippet == "I wait."
    undoing.undo(event, by=alice)

    second.refresh_from_db()
    assert second.snippet == "I wait."


def test_opening_a_new_one_is_done_as_the_mailbox_says_and_can_be_taken_back(
    two: list[Message], mailbox: Mailbox, alice: User
) -> None:
    convert_to(mailbox, priority="high", assignee=alice.pk)
    conversation = place_of(two[1])

    case = conversion.open_by_hand(conversation, "case", by=alice)
    again = conversion.open_by_hand(conversation, "case", by=alice)

    assert case == again
    assert isinstance(case, Case)
    assert (case.priority, case.assignee, case.subject) == (
        "high",
        alice,
        "Where is my answer?",
    )
    assert place_of(two[1]).undecided == ""
    event = Event.objects.get(verb="case-opened", actor=alice)
    undoing.undo(event, by=alice)
    assert place_of(two[1]).undecided == "case"


def test_declining_can_be_taken_back(two: list[Message], alice: User) -> None:
    matters.decline(place_of(two[1]), by=alice)
    # A second click changes nothing.
    matters.decline(place_of(two[1]), by=alice)

    event = Event.objects.get(verb="record-declined")
    assert place_of(two[1]).undecided == ""
    assert undoing.undoable([event]) == {event.pk}

    undoing.undo(event, by=alice)

    assert place_of(two[1]).undecided == "case"
    assert undoing.undoable([event]) == set()
    with pytest.raises(ValueError, match="already"):
        undoing.undo(event, by=alice)


def test_a_case_that_comes_by_a_merge_decides_it(
    two: list[Message], alice: User
) -> None:
    first, second = map(place_of, two)

    event = merging.merge(first, into=second, by=alice)

    assert event is not None
    assert place_of(two[1]).undecided == ""
    undoing.undo(event, by=alice)
    assert place_of(two[1]).undecided == "case"


def test_a_lead_and_a_case_of_one_person_are_no_twins(
    arrive: Arrive, mailbox: Mailbox, alice: User
) -> None:
    convert_to(mailbox, "convert-to-lead")
    arrive(mail(subject="Forty lamps"))
    convert_to(mailbox)

    arrive(mail(subject="The lamp is broken", text="It is."))

    assert (Lead.objects.count(), Case.objects.count()) == (1, 1)
    leads.change(Lead.objects.get(), by=alice, status=Lead.Status.QUALIFIED)


def test_opening_by_hand_needs_a_letter(mailbox: Mailbox, alice: User) -> None:
    empty = Conversation.objects.create(
        mailbox=mailbox, last_message_at="2026-01-01T00:00:00Z"
    )

    with pytest.raises(ValueError, match="no letter"):
        conversion.open_by_hand(empty, "case", by=alice)


def test_a_trial_of_processing_tells_how_many_are_of_the_same_sender(
    two: list[Message], mailbox: Mailbox
) -> None:
    *_, report = trials.run(Question(mailbox=mailbox, rules=[]), tried=None)

    assert (report.would_convert, report.of_same_sender) == (2, 1)
    assert report.did_convert == 1


@pytest.mark.parametrize(
    ("reply_to", "is_told"),
    [("", True), ("carla+work@customer.example", True), ("eve@x.example", False)],
)
def test_an_answer_names_the_open_case_but_to_nobody_else(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule, reply_to: str, *, is_told: bool
) -> None:
    convert_to(mailbox)
    arrive(mail(subject="The lamp is broken"))
    number = Case.objects.get().pk
    rule = add_rule()
    EmailTemplate.objects.filter(pk=rule.template_id).update(
        content="Number {{ case.number }}."
    )

    second = arrive(
        mail(
            subject="Where is my answer?",
            text="I wait.",
            reply_to=reply_to,
        )
    )

    answer = second.answers.get().raw.content.decode()
    assert (f"Number {number}." in answer) is is_told
    assert ("Number ." in answer) is not is_told
    shown = previewing.preview(mailbox, rule_words(rule), message=second)
    assert (f"Number {number}." in shown.text) is is_told


def test_a_letter_whose_answer_goes_elsewhere_is_not_added_by_itself(
    arrive: Arrive, mailbox: Mailbox
) -> None:
    convert_to(mailbox, same_sender="add")
    first = arrive(mail(subject="The lamp is broken"))

    second = arrive(
        mail(
            subject="Send it to me",
            text="Please.",
            reply_to="eve@x.example",
        )
    )

    assert place_of(second) != first.conversation
    assert place_of(second).undecided == "case"


def rule_words(rule: AutoresponseRule) -> templates.Draft:
    """The words of a rule's template, as a preview takes them."""
    rule.template.refresh_from_db()
    return templates.draft_of(rule.template)
