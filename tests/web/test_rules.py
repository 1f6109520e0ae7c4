"""Add Autoresponse Rule and the grid: what one types is saved, or stands there still."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from letterbox.inbound import trials
from letterbox.models import (
    AutoresponseRule,
    EmailTemplate,
    Grant,
    Mailbox,
    OutgoingMail,
    RuleTrial,
    User,
)
from letterbox.services import rules, system_templates, templates
from letterbox.services.templates import Draft
from tests import people
from tests.conftest import Arrive
from tests.mail import mail

Browser = Callable[[User], Client]

DRAFT = Draft(type="plain", name="Thanks", subject="Thanks", content="Soon.")
TYPED = {
    "is_active": "1",
    "name": "Offers",
    "scope": "conditions",
    "m:": "all",
    "f:0": "subject",
    "o:0": "contains",
    "v:0": "offer",
    "template": "custom",
    "type": "plain",
    "words-default-subject": "Your offer",
    "words-default-content": "Dear {{ sender.name }}",
    "timing": "always",
    "frequency": "once-per-conversation",
    "period_hours": "24",
}


@pytest.fixture
def add_url(mailbox: Mailbox) -> str:
    return f"/system/mailboxes/{mailbox.pk}/rules/new"


@pytest.fixture
def rule(mailbox: Mailbox) -> AutoresponseRule:
    return rules.add(
        mailbox,
        name="Confirm",
        conditions={"every": True},
        template=templates.add(DRAFT, by=None),
        by=None,
    )


def test_the_picker_offers_templates_for_email_and_for_nothing_special_only(
    max_: User, browser: Browser, add_url: str
) -> None:
    """ACC-001."""
    system_templates.seed()
    templates.add(DRAFT, by=None)
    for name, entity in (("General", ""), ("Of cases", "case"), ("Of leads", "lead")):
        draft = Draft("plain", "S", "C", name=name, entity=entity)
        templates.add(draft, by=None)

    page = browser(max_).get(add_url).content.decode()

    picker = page.partition('name="template"')[2].partition("</select>")[0]
    assert "Thanks" in picker
    assert "General" in picker
    for absent in ("Of cases", "Of leads", "Confirm a letter"):
        assert absent not in picker


def test_a_rule_with_words_of_its_own_is_added_and_answers(
    mailbox: Mailbox, max_: User, browser: Browser, add_url: str, arrive: Arrive
) -> None:
    answer = browser(max_).post(add_url, TYPED)

    assert answer.status_code == 302
    added = mailbox.rules.get()
    assert added.conditions == {
        "all": [{"field": "subject", "operator": "contains", "value": "offer"}]
    }
    assert not added.template.is_visible
    message = arrive(mail(subject="An offer"))
    assert message.answers.get().subject == "Your offer"
    page = browser(max_).get(f"/system/mailboxes/{mailbox.pk}").content.decode()
    assert "Offers" in page


def test_a_rule_can_use_a_template_that_is_there(
    mailbox: Mailbox, max_: User, browser: Browser, add_url: str
) -> None:
    template = templates.add(DRAFT, by=None)
    typed = {**TYPED, "template": str(template.pk), "words-default-subject": ""}

    browser(max_).post(add_url, typed)

    assert mailbox.rules.get().template == template


def test_a_blank_subject_is_an_error_and_nothing_that_was_typed_is_lost(
    mailbox: Mailbox, max_: User, browser: Browser, add_url: str
) -> None:
    """ACC-003."""
    answer = browser(max_).post(add_url, {**TYPED, "words-default-subject": " "})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("must not be blank") == 1
    for typed in ("Offers", 'value="offer"', "Dear {{ sender.name }}"):
        assert typed in page
    assert not mailbox.rules.exists()
    assert not EmailTemplate.objects.exists()


def test_a_language_that_does_not_fall_back_needs_a_subject_of_its_own(
    mailbox: Mailbox, max_: User, browser: Browser, add_url: str
) -> None:
    """ACC-004."""
    german = {
        "languages": ["de", "fr"],
        "words-de-content": "Liebe",
        "words-fr-takes-subject": "on",
        "words-fr-takes-content": "on",
    }

    answer = browser(max_).post(add_url, {**TYPED, **german})
    saved = browser(max_).post(
        add_url, {**TYPED, **german, "words-de-takes-subject": "on"}
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("must not be blank") == 1
    after = page.partition('id="words-de-subject"')[2]
    assert "must not be blank" in after.partition("words-de-content")[0]
    assert saved.status_code == 302
    stored = mailbox.rules.get().template.translations.get(language="de")
    assert (stored.subject, stored.content) == ("", "Liebe")


def test_a_second_rule_stands_after_the_first(
    mailbox: Mailbox, max_: User, browser: Browser, add_url: str
) -> None:
    """ACC-005."""
    client = browser(max_)
    client.post(add_url, TYPED)
    client.post(add_url, {**TYPED, "name": "Second"})

    assert [each.name for each in mailbox.rules.all()] == ["Offers", "Second"]


def test_the_response_can_be_saved_as_a_template_and_its_name_must_be_free(
    mailbox: Mailbox, max_: User, browser: Browser, add_url: str
) -> None:
    typed = {**TYPED, "saves_template": "on"}

    browser(max_).post(add_url, typed)
    again = browser(max_).post(add_url, {**typed, "name": "Second"})

    saved = EmailTemplate.objects.get(is_visible=True)
    assert (saved.name, saved.entity) == ("Your offer", "email")
    assert again.status_code == 422
    assert "There is a template of this name" in again.content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"v:0": ""}, "Say what to look for."),
        ({"words-default-content": "{{ sender.nmae }}"}, "There is no variable"),
        ({"name": ""}, "This field is required."),
        ({"o:0": "matches", "v:0": "(a"}, "The pattern cannot be read"),
        ({"f:0": "header", "h:0": ""}, "There is no field"),
    ],
)
def test_what_cannot_be_is_told_beside_its_place_and_not_saved(
    mailbox: Mailbox,
    max_: User,
    browser: Browser,
    add_url: str,
    wrong: dict[str, str],
    words: str,
) -> None:
    answer = browser(max_).post(add_url, {**TYPED, **wrong})

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not mailbox.rules.exists()


def test_conditions_come_and_go_by_buttons_without_losing_words(
    max_: User, browser: Browser, add_url: str
) -> None:
    client = browser(max_)

    more = client.post(add_url, {**TYPED, "do": "add:"}).content.decode()
    group = client.post(add_url, {**TYPED, "do": "group:"}).content.decode()
    fewer = client.post(add_url, {**TYPED, "do": "remove:0"}).content.decode()
    language = client.post(add_url, {**TYPED, "do": "language:de"}).content.decode()

    assert 'name="f:1"' in more
    assert 'value="offer"' in more
    assert 'name="m:1"' in group
    assert 'name="f:1.1"' in group
    assert 'name="f:0"' not in fewer
    assert 'name="words-de-subject"' in language
    assert "Dear {{ sender.name }}" in language


def test_every_message_is_a_choice_and_an_empty_list_is_none(
    mailbox: Mailbox, max_: User, browser: Browser, add_url: str
) -> None:
    bare = {key: value for key, value in TYPED.items() if key[1:] != ":0"}

    refused = browser(max_).post(add_url, bare)
    browser(max_).post(add_url, {**bare, "scope": "every"})

    assert refused.status_code == 422
    assert mailbox.rules.get().conditions == {"every": True}


def test_groups_are_kept_as_they_are_typed_and_come_back_when_edited(
    mailbox: Mailbox, max_: User, browser: Browser, add_url: str
) -> None:
    group = {
        "m:1": "any",
        "f:1.0": "header",
        "h:1.0": "X-Priority",
        "o:1.0": "equals",
        "v:1.0": "1",
        "f:1.1": "has-case",
        "o:1.1": "equals",
        "v:1.1": "no",
    }
    client = browser(max_)

    client.post(add_url, {**TYPED, **group})

    added = mailbox.rules.get()
    assert added.conditions["all"][1] == {
        "any": [
            {"field": "header:X-Priority", "operator": "equals", "value": "1"},
            {"field": "has-case", "operator": "equals", "value": "no"},
        ]
    }
    page = client.get(f"/system/rules/{added.pk}").content.decode()
    assert 'value="X-Priority"' in page


def test_saving_a_rule_as_it_is_makes_no_version_and_an_edit_makes_one(
    mailbox: Mailbox, max_: User, browser: Browser, add_url: str
) -> None:
    client = browser(max_)
    client.post(add_url, TYPED)
    added = mailbox.rules.get()
    url = f"/system/rules/{added.pk}"

    client.post(url, TYPED)
    unchanged = added.versions.count()
    client.post(url, {**TYPED, "v:0": "order", "goes_on": "on"})
    page = client.get(f"{url}/versions").content.decode()
    client.post(f"{url}/versions/1/restoration")

    added.refresh_from_db()
    assert unchanged == 1
    assert "the next rule is asked" in page
    assert added.version == 3
    assert not added.goes_on


def test_advice_is_said_when_a_rule_is_saved(
    rule: AutoresponseRule, max_: User, browser: Browser, add_url: str
) -> None:
    answer = browser(max_).post(add_url, TYPED, follow=True)

    assert "stands above and takes every message" in answer.content.decode()


def test_the_grid_switches_copies_moves_and_deletes(
    rule: AutoresponseRule, max_: User, browser: Browser
) -> None:
    client, url = browser(max_), f"/system/rules/{rule.pk}"

    client.post(f"{url}/switch")
    client.post(f"{url}/copy")
    client.post(f"{url}/place", {"place": "down"})
    names = [each.name for each in rule.mailbox.rules.all()]
    client.post(f"{url}/place", {"place": "0"})
    first = rule.mailbox.rules.first()
    asked = client.get(f"{url}/removal")
    client.post(f"{url}/removal")

    assert names == ["Copy of Confirm", "Confirm"]
    assert first == rule
    assert "Delete “Confirm”?" in asked.content.decode()
    assert [each.name for each in rule.mailbox.rules.all()] == ["Copy of Confirm"]


def test_a_rule_is_tried_on_past_mail_before_it_is_saved(
    mailbox: Mailbox, max_: User, browser: Browser, arrive: Arrive
) -> None:
    arrive(mail(subject="An offer for you"))
    client = browser(max_)

    asked = client.post(
        f"/system/mailboxes/{mailbox.pk}/rule-trials", {**TYPED, "period": "all"}
    )
    trials.answer_questions(mailbox.pk)
    page = client.get(asked.headers["Location"]).content.decode()

    assert "1 letter satisfies the conditions." in page
    assert "would be answered" in page
    assert "An offer for you" in page
    assert not mailbox.rules.exists()
    assert not OutgoingMail.objects.exists()


def test_who_sets_up_but_may_not_read_sees_counts_and_no_letter(
    mailbox: Mailbox, browser: Browser, arrive: Arrive
) -> None:
    arrive(mail(subject="An offer for you"))
    client = browser(people.make_administrator("Olga"))

    asked = client.post(
        f"/system/mailboxes/{mailbox.pk}/rule-trials", {**TYPED, "period": "all"}
    )
    trials.answer_questions(mailbox.pk)
    page = client.get(asked.headers["Location"]).content.decode()
    form = client.get(f"/system/mailboxes/{mailbox.pk}/rules/new").content.decode()

    assert "1 letter satisfies the conditions." in page
    assert "An offer for you" not in page + form
    assert "carla@customer.example" not in page + form


def test_a_trial_belongs_to_who_asked(
    mailbox: Mailbox, max_: User, browser: Browser
) -> None:
    client = browser(max_)
    client.post(f"/system/mailboxes/{mailbox.pk}/processing-trials")
    trial = RuleTrial.objects.get()

    other = browser(people.make_administrator("Olga")).get(f"/system/trials/{trial.pk}")

    assert client.get(f"/system/trials/{trial.pk}").status_code == 200
    assert other.status_code == 404


def test_a_preview_shows_the_answer_to_a_real_letter_byte_for_byte(
    mailbox: Mailbox, max_: User, browser: Browser, arrive: Arrive
) -> None:
    letter = arrive(mail(message_id="one@customer.example"))
    url = f"/system/mailboxes/{mailbox.pk}/answer-previews"

    real = browser(max_).post(url, {**TYPED, "letter": str(letter.pk)})
    made_up = browser(max_).post(url, TYPED)
    wrong = browser(max_).post(url, {**TYPED, "words-default-content": "{{ x }}"})

    page = real.content.decode()
    assert "Dear Carla Customer" in page
    assert "Auto-Submitted: auto-replied" in page
    assert "In-Reply-To: &lt;one@customer.example&gt;" in page
    assert "Dear Anna Berg" in made_up.content.decode()
    assert "There is no variable" in wrong.content.decode()


def test_a_preview_of_a_letter_that_one_may_not_read_is_no_way_in(
    mailbox: Mailbox, browser: Browser, arrive: Arrive
) -> None:
    letter = arrive(mail())
    client = browser(people.make_administrator("Olga"))

    answer = client.post(
        f"/system/mailboxes/{mailbox.pk}/answer-previews",
        {**TYPED, "letter": str(letter.pk)},
    )

    assert answer.status_code == 404


def test_a_test_goes_to_the_one_who_asks_and_to_nobody_else(
    mailbox: Mailbox, max_: User, browser: Browser, arrive: Arrive
) -> None:
    letter = arrive(mail())

    browser(max_).post(
        f"/system/mailboxes/{mailbox.pk}/test-letters",
        {**TYPED, "letter": str(letter.pk)},
    )

    sent = OutgoingMail.objects.get()
    assert sent.recipients == [max_.email]
    assert sent.kind == OutgoingMail.Kind.NOTICE
    assert sent.conversation is None
    assert b"Dear Carla Customer" in sent.raw.content


@pytest.mark.parametrize("name", ["alice", "rita", "mallory"])
def test_who_does_not_set_the_mailbox_up_finds_none_of_it(
    rule: AutoresponseRule,
    browser: Browser,
    request: pytest.FixtureRequest,
    name: str,
) -> None:
    client = browser(request.getfixturevalue(name))
    mailbox_url = f"/system/mailboxes/{rule.mailbox_id}"

    for url in (f"{mailbox_url}/rules/new", f"{mailbox_url}/answer-settings"):
        assert client.get(url).status_code == 404
    for action in ("switch", "copy", "removal", "place", "versions/1/restoration"):
        assert client.post(f"/system/rules/{rule.pk}/{action}").status_code == 404
    for action in ("rule-trials", "answer-previews", "test-letters", "breaker"):
        assert client.post(f"{mailbox_url}/{action}", TYPED).status_code == 404
    rule.refresh_from_db()
    assert rule.is_active
    assert rule.mailbox.rules.count() == 1


def test_a_manager_of_the_mailbox_may_do_it_all(
    rule: AutoresponseRule, browser: Browser
) -> None:
    manager = people.make("Mona")
    people.allow(rule.mailbox, manager, Grant.Ability.MANAGE)

    answer = browser(manager).get(f"/system/rules/{rule.pk}")

    assert answer.status_code == 200


def limits(of_conversation: str, *scopes: str) -> dict[str, list[str]]:
    """A limit for each scope as the form sends it; so many in a day."""
    all_scopes = scopes or ("conversation", "sender", "domain", "mailbox")
    return {
        "budget-scope": list(all_scopes),
        "budget-limit": [of_conversation] * len(all_scopes),
        "budget-length": ["1"] * len(all_scopes),
        "budget-unit": ["days"] * len(all_scopes),
    }


def test_limits_come_and_go_by_buttons_and_each_scope_keeps_one(
    mailbox: Mailbox, max_: User, browser: Browser
) -> None:
    client, url = browser(max_), f"/system/mailboxes/{mailbox.pk}/answer-settings"
    typed = {"time_zone": "UTC", "oldest_days": "3"} | limits("5")

    more = client.post(url, {**typed, "do": "add-budget"})
    less = client.post(url, {**typed, "do": "no-budget:1"})
    missing = client.post(url, {**typed, **limits("5", "conversation", "sender")})
    words = client.post(url, {**typed, **limits("many")})
    right = client.post(
        url,
        {
            **typed,
            **limits("9", "sender", "sender", "conversation", "domain", "mailbox"),
        },
    )

    assert (len(more.context["form"].rows), len(less.context["form"].rows)) == (5, 3)
    assert "A budget is missing for each: domain, mailbox." in missing.content.decode()
    assert "such as 5 answers in 2 hours" in words.content.decode()
    assert (missing.status_code, words.status_code) == (422, 422)
    assert right.status_code == 302
    mailbox.refresh_from_db()
    budgets = mailbox.answer_settings["budgets"]
    assert [(each["limit"], each["minutes"]) for each in budgets] == [(9, 1440)] * 5
    assert [each["when_spent"] for each in budgets][-2:] == ["hold", "hold"]


def test_hours_and_limits_are_saved_or_refused_with_a_sentence(
    mailbox: Mailbox, max_: User, browser: Browser
) -> None:
    client, url = browser(max_), f"/system/mailboxes/{mailbox.pk}/answer-settings"
    form = client.get(url).context["form"]
    typed: dict[str, Any] = {
        each.html_name: each.value() for each in form if each.value()
    }
    typed |= {"has_hours": "on", "time_zone": "Europe/Berlin"} | limits("7")

    wrong = client.post(url, {**typed, "day_0": "nine to five"})
    right = client.post(url, {**typed, "holidays": "12-24 Christmas Eve"})

    assert wrong.status_code == 422
    assert "09:00-12:00" in wrong.content.decode()
    assert right.status_code == 302
    mailbox.refresh_from_db()
    assert mailbox.answer_settings["budgets"][0]["limit"] == 7
    assert mailbox.answer_settings["calendar"]["time_zone"] == "Europe/Berlin"
    assert mailbox.answer_settings["calendar"]["holidays"][0]["name"] == "Christmas Eve"
