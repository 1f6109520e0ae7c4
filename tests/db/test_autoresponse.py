"""Rules that answer, through the whole pipeline: ACC-006 … 032."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from letterbox.inbound import pipeline
from letterbox.mime import parse
from letterbox.models import (
    ContactAddress,
    EmailTemplate,
    Event,
    Folder,
    Mailbox,
    Message,
    OutgoingMail,
    TemplateTranslation,
    User,
)
from letterbox.services import breaker, contacts, mailboxes, outbox
from tests import people
from tests.conftest import Arrive
from tests.db.conftest import AddRule
from tests.mail import CARLA, bounce, mail

State = OutgoingMail.State
FOUR_WAY: dict[str, Any] = {
    "all": [
        {"field": "subject", "operator": "is-empty"},
        {"field": "body", "operator": "contains", "value": "offer"},
        {"field": "body", "operator": "contains", "value": "sale"},
        {"field": "body", "operator": "contains", "value": "won"},
    ]
}
MIXED: dict[str, Any] = {
    "any": [
        {
            "all": [
                {"field": "body", "operator": "contains", "value": "onemore"},
                {"field": "body", "operator": "does-not-contain", "value": "excluded"},
            ]
        },
        {"field": "body", "operator": "contains", "value": "always"},
    ]
}
NESTED: dict[str, Any] = {
    "all": [
        {"field": "body", "operator": "contains", "value": "offer"},
        {
            "any": [
                {"field": "body", "operator": "contains", "value": "price"},
                {"field": "body", "operator": "contains", "value": "value"},
            ]
        },
    ]
}


def answers() -> list[OutgoingMail]:
    """Every automatic answer, oldest first."""
    return list(OutgoingMail.objects.filter(kind="autoresponse").order_by("id"))


def why(message: Message) -> str:
    """The whole decision in one sentence, as the explain card has it."""
    message.refresh_from_db()
    sentence: str = message.trace["answer"]["trace"]["sentence"]
    return sentence


# --- Which letters: ACC-006 … ACC-016 -----------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "subject", "text", "is_answered"),
    [
        (FOUR_WAY, None, "An offer: the sale you won", True),
        (FOUR_WAY, "Look", "An offer: the sale you won", False),
        (FOUR_WAY, None, "Nothing of that", False),
        (FOUR_WAY, None, "An offer and a sale", False),
        (MIXED, "x", "onemore", True),
        (MIXED, "x", "always excluded", True),
        (MIXED, "x", "onemore excluded", False),
        (MIXED, "x", "nothing", False),
        (NESTED, "x", "offer price", True),
        (NESTED, "x", "offer value", True),
        (NESTED, "x", "offer", False),
        (NESTED, "x", "price", False),
        (NESTED, "x", "value", False),
        (NESTED, "x", "nothing", False),
    ],
)
def test_a_rule_answers_what_its_conditions_hold_for(
    arrive: Arrive,
    add_rule: AddRule,
    conditions: dict[str, Any],
    subject: str | None,
    text: str,
    is_answered: bool,
) -> None:
    add_rule(conditions=conditions)

    arrive(mail(subject=subject, text=text))

    assert len(answers()) == is_answered


def test_a_letter_older_than_the_rule_is_not_answered_whatever_its_date_says(
    arrive: Arrive, add_rule: AddRule
) -> None:
    before = arrive(mail(date=timezone.now() + timedelta(days=2)), is_processed=False)
    add_rule()

    pipeline.process_mailbox(before.mailbox_id)

    assert answers() == []
    before.refresh_from_db()
    assert before.trace["answer"]["trace"]["rules"][0]["fit"] == "not-in-force"


def test_a_rule_switched_off_does_not_answer(arrive: Arrive, add_rule: AddRule) -> None:
    add_rule(is_active=False)

    arrive(mail())

    assert answers() == []


def test_the_first_of_two_rules_answers(arrive: Arrive, add_rule: AddRule) -> None:
    first = add_rule("First")
    add_rule("Second")

    arrive(mail())

    assert [each.rule_id for each in answers()] == [first.pk]


def test_both_answer_where_the_first_goes_on(arrive: Arrive, add_rule: AddRule) -> None:
    add_rule("First", goes_on=True)
    add_rule("Second")

    message = arrive(mail())

    assert len(answers()) == 2
    assert len(message.trace["answer"]["mails"]) == 2


# --- What goes out: ACC-018, 019, 022, 030 ------------------------------------------


def test_the_answer_is_addressed_marked_and_threaded(
    arrive: Arrive, add_rule: AddRule
) -> None:
    rule = add_rule(content="Dear {{ sender.first_name }}, we have it.")
    chain = [f"older-{number}@customer.example" for number in range(30)]

    arrive(
        mail(
            subject="Re: The lamp",
            message_id="newest@customer.example",
            references=chain,
            in_reply_to=chain[-1],
        )
    )

    sent = answers()[0]
    letter = parse.parse_letter(sent.raw.content)
    assert [str(each) for each in letter.from_] == [
        "Acme Support <support@acme.example>"
    ]
    assert [each.email for each in letter.to] == ["carla@customer.example"]
    assert letter.cc == letter.bcc == ()
    assert letter.subject == "Re: The lamp"
    assert letter.in_reply_to == ("newest@customer.example",)
    assert letter.references == (*chain, "newest@customer.example")
    assert letter.headers.get("Auto-Submitted") == "auto-replied"
    assert letter.headers.get("X-Auto-Response-Suppress") == "All"
    assert letter.headers.get("X-Letterbox-Automatic") == f"rule-{rule.pk}"
    assert letter.message_id == sent.message_id
    assert letter.text.strip() == "Dear Carla, we have it."
    assert sent.sender == ""
    assert sent.recipients == ["carla@customer.example"]
    assert sent.state == State.QUEUED


def test_the_answer_stands_in_the_conversation(
    arrive: Arrive, add_rule: AddRule
) -> None:
    add_rule()

    message = arrive(mail())

    sent = answers()[0]
    assert sent.answers == message
    assert sent.sent_message is not None
    assert sent.sent_message.conversation == message.conversation
    assert message.conversation is not None
    assert message.conversation.message_count == 2


def test_reply_to_gets_the_answer_and_nobody_else(
    arrive: Arrive, add_rule: AddRule
) -> None:
    add_rule()

    arrive(mail(reply_to="desk@customer.example, other@customer.example"))

    assert answers()[0].recipients == ["desk@customer.example"]


def test_the_answer_comes_from_the_alias_that_was_written_to(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule
) -> None:
    mailboxes.change(mailbox, by=None, aliases=["help@acme.example"])
    add_rule()

    arrive(mail(to="help@acme.example"))

    letter = parse.parse_letter(answers()[0].raw.content)
    assert letter.author.email == "help@acme.example"


def test_an_html_template_goes_out_with_a_plain_part(
    arrive: Arrive, add_rule: AddRule
) -> None:
    add_rule(
        content="<p>Dear {{ sender.name }}</p><p>Thanks</p>",
        type_=EmailTemplate.Type.HTML,
    )

    arrive(mail(from_='"<b>Carla</b>" <carla@customer.example>'))

    letter = parse.parse_letter(answers()[0].raw.content)
    assert letter.content_type == "multipart/alternative"
    assert "&lt;b&gt;Carla" in letter.html
    assert "Thanks" in letter.text


def test_the_language_of_the_sender_chooses_the_words(
    arrive: Arrive, add_rule: AddRule
) -> None:
    rule = add_rule(content="Thank you")
    TemplateTranslation.objects.create(
        template=rule.template, language="de", content="Danke"
    )

    arrive(mail(headers=[("Accept-Language", "de-AT, en;q=0.5")]))
    arrive(mail(from_="f@other.example", headers=[("Accept-Language", "fr")]))

    texts = [parse.parse_letter(each.raw.content).text.strip() for each in answers()]
    assert texts == ["Danke", "Thank you"]


def test_no_word_of_theirs_is_quoted(arrive: Arrive, add_rule: AddRule) -> None:
    add_rule()

    arrive(
        mail(
            text="a secret of Carla",
            attachments=[("a.pdf", "application/pdf", b"123")],
        )
    )

    raw = answers()[0].raw.content
    assert b"secret" not in raw
    assert b"a.pdf" not in raw


# --- What is never answered: ACC-022, 024 … 028, 032 --------------------------------


@pytest.mark.parametrize(
    "letter",
    [
        mail(headers=[("Auto-Submitted", "auto-generated")]),
        mail(headers=[("Auto-Submitted", "auto-replied")]),
        mail(headers=[("Return-Path", "<>")]),
        mail(from_="MAILER-DAEMON@customer.example"),
        mail(from_="postmaster@customer.example"),
        mail(from_="news-request@customer.example"),
        mail(from_="owner-news@customer.example"),
        mail(from_="noreply@customer.example"),
        mail(headers=[("List-Id", "<news.customer.example>")]),
        mail(headers=[("List-Unsubscribe", "<mailto:off@customer.example>")]),
        mail(headers=[("Precedence", "bulk")]),
        mail(headers=[("Precedence", "junk")]),
        mail(headers=[("X-Auto-Response-Suppress", "All")]),
        mail(headers=[("X-Auto-Response-Suppress", "OOF")]),
        mail(headers=[("X-Auto-Response-Suppress", "DR, AutoReply")]),
        bounce(of="x@acme.example", recipient="dan@customer.example"),
        mail(to="everybody@group.example"),
        mail(to="", bcc=""),
        mail(from_="support@acme.example"),
        mail(from_="Support <SUPPORT+tag@acme.example>"),
        mail(reply_to="support@acme.example"),
        mail(from_="", reply_to=""),
        mail(headers=[("Authentication-Results", "mx; dmarc=fail")]),
    ],
    ids=range(23),
)
def test_a_rule_for_every_message_does_not_answer_this(
    arrive: Arrive, add_rule: AddRule, letter: bytes
) -> None:
    add_rule()

    message = arrive(letter)

    assert answers() == []
    message.refresh_from_db()
    assert message.state == Message.State.PROCESSED, message.problem
    if message.direction == Message.Direction.IN:
        assert "must not" in why(message)


def test_history_is_never_answered(arrive: Arrive, add_rule: AddRule) -> None:
    add_rule()

    message = arrive(mail(), is_history=True)

    assert answers() == []
    assert "import of older mail" in why(message)


@pytest.mark.parametrize("role", [Folder.Role.SENT, Folder.Role.JUNK])
def test_these_folders_are_never_answered(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule, role: Folder.Role
) -> None:
    add_rule()

    arrive(mail(), folder=people.make_folder(mailbox, role.value, role))

    assert answers() == []


def test_a_mailbox_fed_by_forwarding_answers_where_it_is_not_named(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule
) -> None:
    mailboxes.change(mailbox, by=None, is_fed_by_forwarding=True)
    add_rule()

    arrive(mail(to="info@old.example"))

    assert len(answers()) == 1


def test_two_mailboxes_that_answer_everything_do_not_answer_one_another(
    arrive: Arrive, sales: Mailbox, add_rule: AddRule
) -> None:
    add_rule()
    add_rule(mailbox=sales)
    inbox = people.make_folder(sales)

    arrive(mail(from_="sales@acme.example", to="support@acme.example"))
    arrive(mail(from_="support@acme.example", to="sales@acme.example"), folder=inbox)

    assert answers() == []


def test_our_own_answer_that_comes_back_is_not_answered(
    arrive: Arrive, sales: Mailbox, add_rule: AddRule
) -> None:
    add_rule()
    add_rule(mailbox=sales)
    arrive(mail())

    arrive(answers()[0].raw.content, folder=people.make_folder(sales))

    assert len(answers()) == 1


# --- How often: ACC-029 -------------------------------------------------------------


def test_a_conversation_is_answered_once(arrive: Arrive, add_rule: AddRule) -> None:
    add_rule()
    first = arrive(mail(message_id="one@customer.example"))

    for _ in range(4):
        arrive(mail(in_reply_to="one@customer.example"))

    assert [each.answers_id for each in answers()] == [first.pk]


def test_a_sender_is_answered_once_in_a_period(
    arrive: Arrive, add_rule: AddRule
) -> None:
    add_rule(frequency="once-per-sender-and-period", period_hours=72)
    with time_machine.travel("2026-05-04T08:00Z", tick=True) as clock:
        for number in range(5):
            arrive(mail(subject=f"Matter {number}"))
            clock.shift(timedelta(hours=14))
        assert len(answers()) == 1

        clock.shift(timedelta(hours=3))
        arrive(mail(subject="Another week"))

    assert len(answers()) == 2


def test_a_robot_with_ever_new_tags_and_cases_is_one_sender(
    arrive: Arrive, add_rule: AddRule
) -> None:
    add_rule(frequency="every-letter")

    for number in range(12):
        arrive(mail(from_=f"Robot+{number}@Customer.example", subject=f"{number} x"))

    assert len(answers()) == 5


def test_a_letter_processed_again_is_not_answered_again(
    arrive: Arrive, add_rule: AddRule
) -> None:
    add_rule(frequency="every-letter")
    message = arrive(mail())

    Message.objects.filter(pk=message.pk).update(state="received")
    pipeline.process_mailbox(message.mailbox_id)

    message.refresh_from_db()
    assert message.state == Message.State.PROCESSED, message.problem
    assert len(answers()) == 1


def test_an_answer_that_was_given_up_is_not_made_again(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule, alice: User
) -> None:
    add_rule(content="{{ case.number | divided_by: 0 }}")
    message = arrive(mail())
    outbox.discard(answers()[0], by=alice)

    Message.objects.filter(pk=message.pk).update(state="received")
    pipeline.process_mailbox(message.mailbox_id)

    assert [each.state for each in answers()] == [State.DISCARDED]


# --- What people decided ------------------------------------------------------------


def test_a_muted_sender_gets_none(
    arrive: Arrive, add_rule: AddRule, alice: User
) -> None:
    add_rule()
    arrive(mail(subject="Before"), is_history=True)
    address = ContactAddress.objects.get(email="carla@customer.example")
    contacts.decide_on_answers(address, by=alice, is_trusted=False, is_muted=True)

    message = arrive(mail(from_="Carla <CARLA+shop@customer.example>"))

    assert answers() == []
    assert "muted" in why(message)


def test_a_trusted_sender_gets_one_although_it_looks_like_a_list(
    arrive: Arrive, add_rule: AddRule, alice: User
) -> None:
    add_rule()
    arrive(mail(subject="Before"), is_history=True)
    address = ContactAddress.objects.get(email="carla@customer.example")
    contacts.decide_on_answers(address, by=alice, is_trusted=True, is_muted=False)

    arrive(mail(headers=[("Precedence", "bulk")]))

    assert len(answers()) == 1


# --- What is wrong with rules and templates -----------------------------------------


def test_a_template_that_cannot_be_filled_in_holds_its_answer(
    arrive: Arrive, add_rule: AddRule, alice: User
) -> None:
    add_rule("Confirm", content="{{ 1 | divided_by: 0 }}")

    message = arrive(mail())

    held = answers()[0]
    assert message.state == Message.State.PROCESSED
    assert held.state == State.HELD
    assert held.is_blank
    assert "could not be filled in" in held.problem
    with pytest.raises(outbox.Blank):
        outbox.release(held, by=alice)
    outbox.discard(held, by=alice)


@pytest.mark.parametrize(
    "broken",
    [
        {"conditions": {"field": "colour", "operator": "contains", "value": "x"}},
        {"conditions": []},
        {"conditions": {}},
        {"conditions": {"all": "x"}},
        {"timing": "sometimes"},
        {"frequency": "often"},
    ],
)
def test_a_broken_rule_is_left_out_and_told_of_once(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule, broken: dict[str, Any]
) -> None:
    rule = add_rule("Broken")
    mailbox.rules.filter(pk=rule.pk).update(**broken)
    other = add_rule("Good", frequency="every-letter")

    first = arrive(mail())
    arrive(mail(subject="Another"))

    assert first.state == Message.State.PROCESSED, first.problem
    assert first.trace["answer"]["broken"][0]["rule"] == rule.pk
    assert {each.rule_id for each in answers()} == {other.pk}
    assert Event.objects.filter(verb="rule-broken").count() == 1


# --- The breaker --------------------------------------------------------------------


def test_a_spent_mailbox_budget_opens_the_breaker_and_tells(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule, alice: User
) -> None:
    add_rule()
    _spend_mailbox_budget(arrive)

    arrive(mail(from_="late@one.example", subject="Too many"))

    mailbox.refresh_from_db()
    late = answers()[-1]
    assert late.state == State.HELD
    assert "automatic answers went out" in late.problem
    assert mailbox.breaker_open_since is not None
    assert Event.objects.filter(verb="breaker-opened", mailbox=mailbox).count() == 1


def _spend_mailbox_budget(arrive: Arrive) -> None:
    """Two hundred answers of the last hour, as the Outbox would hold them."""
    arrive(mail(from_="first@zero.example", subject="The first"))
    given = answers()[0]
    for number in range(199):
        given.pk = None
        given.sent_message = None
        given.answers = None
        given.conversation = None
        given.message_id = f"{number}@acme.example"
        given.dedupe_key = ""
        given.people = [f"p{number}@d{number}.example"]
        given.recipients = [f"p{number}@d{number}.example"]
        given.save(force_insert=True)


def test_an_open_breaker_holds_everything_until_it_is_closed(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule, alice: User
) -> None:
    add_rule()
    breaker.trip(mailbox, reason="a test")
    arrive(mail(subject="One"))
    arrive(mail(from_="b@two.example", subject="Two"))
    assert {each.state for each in answers()} == {State.HELD}

    breaker.close(mailbox, by=alice)
    released = breaker.release_held(mailbox, by=alice)
    arrive(mail(from_="c@three.example", subject="Three"))

    assert released == 2
    assert {each.state for each in answers()} == {State.QUEUED}


def test_held_answers_can_be_given_up_together(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule, alice: User
) -> None:
    add_rule()
    breaker.trip(mailbox, reason="a test")
    arrive(mail())

    discarded = breaker.discard_held(mailbox, by=alice)

    assert discarded == 1
    assert {each.state for each in answers()} == {State.DISCARDED}


def test_carla_is_told_her_case_number(
    arrive: Arrive, mailbox: Mailbox, add_rule: AddRule
) -> None:
    mailboxes.set_processing(mailbox, action="convert-to-case", options={}, by=None)
    add_rule(content="Case {{ case.number }} for {{ sender.name }}")

    message = arrive(mail(from_=CARLA))

    assert message.conversation is not None
    text = parse.parse_letter(answers()[0].raw.content).text
    assert text.strip() == f"Case {message.conversation.case.pk} for Carla Customer"
