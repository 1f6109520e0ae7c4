"""Templates as people keep them: words in languages, system ones, and who uses them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from letterbox.mime.letter import Letter
from letterbox.mime.parse import parse_letter
from letterbox.models import EmailTemplate, Event, Mailbox, Message, User
from letterbox.services import rules, system_templates, templates
from letterbox.services.templates import Draft, TemplateInvalid, Words
from tests.conftest import Arrive
from tests.mail import mail

DRAFT = Draft(
    type="plain", name="Thanks", subject="Thanks", content="Dear {{ sender.name }}"
)


def test_blank_words_and_unknown_variables_are_refused_with_their_place(
    db: None,
) -> None:
    bad = replace(
        DRAFT,
        subject=" ",
        translations={"de": Words("Danke", "Liebe {{ sender.nmae }}")},
    )

    with pytest.raises(TemplateInvalid) as raised:
        templates.add(bad, by=None)

    found = {(each.part, each.language) for each in raised.value.problems}
    assert found == {("subject", ""), ("content", "de")}
    assert not EmailTemplate.objects.exists()


def test_two_visible_templates_of_one_entity_cannot_share_a_name(db: None) -> None:
    templates.add(DRAFT, by=None)
    templates.add(replace(DRAFT, entity="case"), by=None)

    with pytest.raises(TemplateInvalid) as raised:
        templates.add(replace(DRAFT, name="THANKS"), by=None)

    assert [each.part for each in raised.value.problems] == ["name"]


def test_a_rule_may_choose_templates_for_email_or_for_nothing_special(
    db: None,
) -> None:
    system_templates.seed()
    for name, entity in (("E", "email"), ("N", ""), ("C", "case"), ("L", "lead")):
        templates.add(replace(DRAFT, name=name, entity=entity), by=None)
    templates.keep_custom(DRAFT, by=None)

    offered = {each.name for each in templates.for_rules()}

    assert offered == {"E", "N"}


def test_a_template_in_use_cannot_be_deleted_under_a_rule(
    mailbox: Mailbox, max_: User
) -> None:
    template = templates.add(DRAFT, by=max_)
    rules.add(mailbox, name="A", conditions={"every": True}, template=template, by=max_)

    with pytest.raises(templates.InUse, match="“A”"):
        templates.delete(template, by=max_)

    assert EmailTemplate.objects.filter(pk=template.pk).exists()


def test_system_templates_are_cloned_not_edited_and_seeding_repeats_nothing(
    max_: User,
) -> None:
    system_templates.seed()
    system_templates.seed()
    system = EmailTemplate.objects.filter(is_system=True)
    first = system.get(name="Confirm a letter")

    with pytest.raises(templates.IsSystem):
        templates.change(first, DRAFT, by=max_)
    with pytest.raises(templates.IsSystem):
        templates.delete(first, by=max_)
    clone = templates.clone(first, by=max_)

    assert system.count() == len(system_templates.SYSTEM)
    assert not clone.is_system
    assert clone.cloned_from == first
    assert clone.translations.get().language == "de"


def test_every_system_template_can_be_rendered(db: None) -> None:
    for draft in system_templates.SYSTEM:
        assert templates.check(draft) == []


@pytest.mark.parametrize(
    ("wished", "expected"),
    [
        ("fr, de;q=0.8", "Danke"),
        ("de-AT;q=0.5, pt-BR", "Obrigado"),
        ("fr;q=1, es;q=0.9", "Thanks"),
        ("de;q=0, pt", "Obrigado"),
        ("", "Thanks"),
    ],
)
def test_the_first_language_that_a_sender_wishes_and_a_template_has_wins(
    mailbox: Mailbox, arrive: Arrive, wished: str, expected: str
) -> None:
    template = templates.add(
        replace(
            DRAFT, translations={"de": Words("Danke", ""), "pt": Words("Obrigado", "")}
        ),
        by=None,
    )
    rules.add(mailbox, name="A", conditions={"every": True}, template=template, by=None)

    message = arrive(mail(headers=[("Accept-Language", wished)] if wished else []))

    answer = _answer_to(message)
    assert answer.subject == expected
    assert answer.text.strip() == "Dear Carla Customer"


def test_an_answer_carries_what_keeps_robots_quiet(
    mailbox: Mailbox, arrive: Arrive
) -> None:
    template = templates.add(replace(DRAFT, subject="Re: {{ email.subject }}"), by=None)
    rules.add(mailbox, name="A", conditions={"every": True}, template=template, by=None)

    message = arrive(
        mail(message_id="one@customer.example", references=["zero@customer.example"])
    )

    mail_row = message.answers.get()
    answer = _answer_to(message)
    assert mail_row.sender == ""
    assert answer.headers.get("Auto-Submitted") == "auto-replied"
    assert answer.in_reply_to == ("one@customer.example",)
    assert answer.references == ("zero@customer.example", "one@customer.example")
    assert answer.subject == "Re: The lamp is broken"


def test_renaming_keeps_one_history_line_with_before_and_after(max_: User) -> None:
    template = templates.add(DRAFT, by=max_)

    changed = templates.change(template, replace(DRAFT, name="Danke"), by=max_)
    again = templates.change(template, replace(DRAFT, name="Danke"), by=max_)

    assert changed
    assert not again
    line = Event.objects.get(verb="template-changed")
    assert line.data["changes"] == {"name": ["Thanks", "Danke"]}


def _answer_to(message: Message) -> Letter:
    return parse_letter(message.answers.get().raw.content)
