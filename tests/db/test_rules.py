"""Rules as people keep them: versions, order, switching, copies, and what they cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from letterbox.models import (
    AutoresponseRule,
    EmailTemplate,
    Event,
    Mailbox,
    OutgoingMail,
    User,
)
from letterbox.rules.answer_settings import AnswerSettings
from letterbox.rules.calendars import Holiday, office_hours
from letterbox.rules.conditions import ConditionsInvalid
from letterbox.services import answer_settings, mailboxes, rules, settings, templates
from letterbox.services.templates import Draft
from tests.conftest import Arrive
from tests.mail import mail

EVERY = {"every": True}
OFFER = {"all": [{"field": "subject", "operator": "contains", "value": "offer"}]}


@pytest.fixture
def template(db: None) -> EmailTemplate:
    return templates.add(
        Draft(type="plain", name="Thanks", subject="Thanks", content="Soon."), by=None
    )


@pytest.fixture
def rule(mailbox: Mailbox, template: EmailTemplate, max_: User) -> AutoresponseRule:
    return rules.add(
        mailbox, name="Confirm", conditions=EVERY, template=template, by=max_
    )


def test_every_change_is_a_version_that_can_be_compared_and_taken_back(
    rule: AutoresponseRule, max_: User
) -> None:
    rules.change(rule, by=max_, conditions=OFFER, goes_on=True)
    differences = [str(each) for each in rules.compare(rule, 1, 2)]
    rules.roll_back(rule, 1, by=max_)

    rule.refresh_from_db()
    assert rule.version == 3
    assert rule.conditions == EVERY
    assert not rule.goes_on
    assert "After it: “no other rule is asked” became “the next rule is asked”" in (
        differences
    )
    assert [each.number for each in rule.versions.all()] == [3, 2, 1]
    assert rule.versions.get(number=2).author == max_


def test_a_change_that_changes_nothing_makes_no_version(
    rule: AutoresponseRule, max_: User
) -> None:
    assert not rules.change(rule, by=max_, name=" Confirm ", conditions=EVERY)

    assert rule.versions.count() == 1


def test_conditions_that_cannot_be_read_are_not_kept(
    rule: AutoresponseRule, max_: User
) -> None:
    with pytest.raises(ConditionsInvalid):
        rules.change(rule, by=max_, conditions={"all": []})

    rule.refresh_from_db()
    assert rule.conditions == EVERY


def test_two_rules_of_a_mailbox_cannot_share_a_name_but_two_mailboxes_can(
    rule: AutoresponseRule, sales: Mailbox, template: EmailTemplate
) -> None:
    rules.add(sales, name="Confirm", conditions=EVERY, template=template, by=None)

    with pytest.raises(rules.NameTaken):
        rules.add(
            rule.mailbox, name="confirm", conditions=EVERY, template=template, by=None
        )


def test_what_came_while_a_rule_was_off_is_not_answered_when_it_is_switched_on(
    rule: AutoresponseRule, max_: User, arrive: Arrive
) -> None:
    rules.switch(rule, is_on=False, by=max_)
    waiting = arrive(mail(subject="Early"), is_processed=False)

    rules.switch(rule, is_on=True, by=max_)
    late = arrive(mail(subject="Late", from_="dora@customer.example"))

    assert not waiting.answers.exists()
    assert late.answers.count() == 1


def test_an_edit_does_not_make_a_rule_forget_the_letters_it_may_answer(
    rule: AutoresponseRule, max_: User, arrive: Arrive
) -> None:
    waiting = arrive(mail(), is_processed=False)
    rules.change(rule, by=max_, name="Confirm all")

    arrive(mail(subject="Another", from_="dora@customer.example"))

    assert waiting.answers.count() == 1


def test_of_two_rules_that_match_the_first_in_order_answers(
    rule: AutoresponseRule, max_: User, template: EmailTemplate, arrive: Arrive
) -> None:
    second = rules.add(
        rule.mailbox, name="Second", conditions=EVERY, template=template, by=max_
    )
    rules.reorder(rule.mailbox, [second.pk, rule.pk], by=max_)

    message = arrive(mail())

    assert [each.rule for each in message.answers.all()] == [second]
    assert Event.objects.filter(verb="rules-ordered").count() == 1


def test_a_rule_moves_up_and_down_by_steps(
    rule: AutoresponseRule, max_: User, template: EmailTemplate
) -> None:
    names = ["B", "C"]
    for name in names:
        rules.add(rule.mailbox, name=name, conditions=EVERY, template=template, by=max_)
    last = rule.mailbox.rules.get(name="C")

    rules.move(last, steps=-1, by=max_)
    rules.move(last, steps=-5, by=max_)
    rules.move(rule, steps=+1, by=max_)

    order = list(rule.mailbox.rules.values_list("name", flat=True))
    assert order == ["C", "B", "Confirm"]


def test_a_copy_is_off_and_has_words_of_its_own(mailbox: Mailbox, max_: User) -> None:
    words = templates.keep_custom(
        Draft(type="plain", subject="Hello", content="Custom"), by=max_
    )
    rule = rules.add(mailbox, name="A", conditions=OFFER, template=words, by=max_)

    copies = [rules.copy(rule, by=max_), rules.copy(rule, by=max_)]

    assert [each.name for each in copies] == ["Copy of A", "Copy of A 2"]
    assert not copies[0].is_active
    assert copies[0].template != words
    assert copies[0].template.content == "Custom"


def test_a_deleted_rule_takes_its_hidden_words_along_and_leaves_what_it_sent(
    mailbox: Mailbox, max_: User, arrive: Arrive, template: EmailTemplate
) -> None:
    words = templates.keep_custom(
        Draft(type="plain", subject="Hello", content="Custom"), by=max_
    )
    rule = rules.add(mailbox, name="A", conditions=EVERY, template=words, by=max_)
    arrive(mail())
    rules.change(rule, by=max_, template=template)

    rules.delete(rule, by=max_)

    assert not EmailTemplate.objects.filter(pk=words.pk).exists()
    assert EmailTemplate.objects.filter(pk=template.pk).exists()
    assert OutgoingMail.objects.filter(mailbox=mailbox, rule=None).count() == 1


def test_the_grid_knows_when_a_rule_fired_and_how_often(
    rule: AutoresponseRule, arrive: Arrive
) -> None:
    arrive(mail())
    arrive(mail(from_="dora@customer.example", subject="Another"))

    row = rules.with_firings(rule.mailbox.rules.all()).get()

    assert row.fired_lately == 2  # type: ignore[attr-defined]
    assert row.last_fired is not None  # type: ignore[attr-defined]


def test_advice_is_given_and_refuses_nothing(
    rule: AutoresponseRule, max_: User, template: EmailTemplate
) -> None:
    below = rules.add(
        rule.mailbox, name="Below", conditions=OFFER, template=template, by=max_
    )

    checks = {each.check for each in rules.advice(rules.as_engine(below), rule.mailbox)}

    assert checks == {"shadowed"}


def test_a_rule_that_waits_for_letters_of_another_own_mailbox_gets_advice(
    rule: AutoresponseRule, max_: User, template: EmailTemplate
) -> None:
    other = mailboxes.add(label="Sales", address="sales@acme.example", by=None)
    mailboxes.change(other, by=None, aliases=["offers@acme.example"])
    ours = "offers@acme.example"
    from_us = {"all": [{"field": "from-address", "operator": "equals", "value": ours}]}
    waiting = rules.add(
        rule.mailbox, name="Ours", conditions=from_us, template=template, by=max_
    )

    advice = rules.advice(rules.as_engine(waiting), rule.mailbox)

    assert "own-address" in {each.check for each in advice}


def test_a_version_whose_template_is_gone_cannot_come_back(
    rule: AutoresponseRule, max_: User, template: EmailTemplate
) -> None:
    other = templates.add(
        Draft(type="plain", name="Other", subject="Other", content="Other"), by=None
    )
    rules.change(rule, by=max_, template=other)
    templates.delete(template, by=max_)

    with pytest.raises(rules.RuleProblem, match="deleted"):
        rules.roll_back(rule, 1, by=max_)


def test_a_mailbox_with_hours_of_its_own_keeps_the_holidays_of_the_company(
    mailbox: Mailbox,
) -> None:
    new_year = datetime(2027, 1, 1, 12, tzinfo=UTC)
    company = office_hours("UTC").with_holidays([Holiday(1, 1)])
    settings.change({"business-hours": company.to_json()}, by=None)
    own = AnswerSettings(calendar=office_hours("UTC", "06:00", "22:00"))

    assert answer_settings.calendar_of(mailbox) == company
    answer_settings.change(mailbox, own, by=None)
    with_them = answer_settings.calendar_of(mailbox)
    answer_settings.change(mailbox, replace(own, with_company_holidays=False), by=None)
    without = answer_settings.calendar_of(mailbox)

    assert with_them is not None
    assert with_them.is_holiday(new_year)
    assert without == own.calendar
