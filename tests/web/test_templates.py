"""System → Emails → Templates and the Outbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client

from letterbox.models import EmailTemplate, Mailbox, OutgoingMail, User
from letterbox.services import breaker, rules, system_templates, templates
from letterbox.services.templates import Draft
from tests.conftest import Arrive
from tests.mail import mail

Browser = Callable[[User], Client]

DRAFT = Draft(type="plain", name="Thanks", subject="Thanks", content="Soon.")
TYPED = {
    "name": "Hello",
    "entity": "case",
    "type": "plain",
    "words-default-subject": "Case {{ case.number }}",
    "words-default-content": "Dear {{ sender.name }}",
}


def test_a_template_is_created_changed_cloned_and_deleted(
    max_: User, browser: Browser
) -> None:
    client = browser(max_)

    client.post("/system/templates/new", TYPED)
    made = EmailTemplate.objects.get(name="Hello")
    client.post(f"/system/templates/{made.pk}", {**TYPED, "name": "Hello again"})
    client.post(f"/system/templates/{made.pk}/clone")
    client.post(f"/system/templates/{made.pk}/removal")

    assert [each.name for each in EmailTemplate.objects.all()] == [
        "Copy of Hello again"
    ]


def test_unknown_variables_are_errors_and_what_was_typed_stays(
    max_: User, browser: Browser
) -> None:
    answer = browser(max_).post(
        "/system/templates/new", {**TYPED, "words-default-content": "{{ case.nr }}"}
    )

    assert answer.status_code == 422
    assert "There is no variable “case.nr”" in answer.content.decode()
    assert "{{ case.nr }}" in answer.content.decode()
    assert not EmailTemplate.objects.exists()


def test_the_grid_is_narrowed_by_entity_type_and_system(
    max_: User, browser: Browser
) -> None:
    system_templates.seed()
    templates.add(DRAFT, by=None)
    templates.keep_custom(DRAFT, by=None)
    client = browser(max_)

    def names(query: str) -> set[str]:
        rows = client.get(f"/system/templates?{query}").context["rows"]
        return {row.name for row in rows}

    assert names("system=no") == {"Thanks"}
    assert names("entity=case") == {"A new case"}
    assert names("text=than") == {"Thanks"}
    assert len(names("")) == 4


def test_system_templates_and_templates_in_use_stay(
    mailbox: Mailbox, max_: User, browser: Browser
) -> None:
    system_templates.seed()
    system = EmailTemplate.objects.filter(is_system=True)[0]
    used = templates.add(DRAFT, by=None)
    rules.add(mailbox, name="A", conditions={"every": True}, template=used, by=None)
    client = browser(max_)

    changed = client.post(f"/system/templates/{system.pk}", TYPED)
    client.post(f"/system/templates/{system.pk}/removal")
    answer = client.post(f"/system/templates/{used.pk}/removal", follow=True)

    assert changed.status_code == 422
    assert EmailTemplate.objects.filter(pk__in=[system.pk, used.pk]).count() == 2
    assert "Rules answer with this template: “A”" in answer.content.decode()


def test_a_template_in_use_says_where_and_offers_no_deletion(
    mailbox: Mailbox, max_: User, browser: Browser
) -> None:
    used = templates.add(DRAFT, by=None)
    free = templates.add(replace(DRAFT, name="Free"), by=None)
    rule = rules.add(
        mailbox, name="Thank them", conditions={"every": True}, template=used, by=None
    )
    client = browser(max_)

    grid = client.get("/system/templates").content.decode()
    pages = {
        each.name: client.get(f"/system/templates/{each.pk}").content.decode()
        for each in (used, free)
    }
    asked = client.get(f"/system/templates/{used.pk}/removal", follow=True)

    assert f'href="/system/rules/{rule.pk}">Thank them' in pages["Thanks"]
    for page in (grid, pages["Thanks"], asked.content.decode()):
        assert f"/system/templates/{used.pk}/removal" not in page
    assert f"/system/templates/{free.pk}/removal" in grid
    assert f"/system/templates/{free.pk}/removal" in pages["Free"]
    assert "Rules answer with this template: “Thank them”" in asked.content.decode()


def test_words_are_previewed_with_examples(max_: User, browser: Browser) -> None:
    answer = browser(max_).post("/system/template-previews", TYPED)

    assert "Dear Anna Berg" in answer.content.decode()
    assert "Case 2041" in answer.content.decode()


@pytest.mark.parametrize("name", ["alice", "rita", "mallory"])
def test_who_has_not_the_ability_finds_no_template(
    browser: Browser, request: pytest.FixtureRequest, name: str
) -> None:
    client = browser(request.getfixturevalue(name))
    template = templates.add(DRAFT, by=None)

    assert client.get("/system/templates").status_code == 403
    assert client.post("/system/template-previews", TYPED).status_code == 403
    for action in ("", "/clone", "/removal"):
        answer = client.post(f"/system/templates/{template.pk}{action}", TYPED)
        assert answer.status_code == 404
    assert EmailTemplate.objects.count() == 1


@pytest.fixture
def held(mailbox: Mailbox, arrive: Arrive) -> OutgoingMail:
    """An answer that the open breaker holds."""
    template = templates.add(DRAFT, by=None)
    rules.add(mailbox, name="A", conditions={"every": True}, template=template, by=None)
    breaker.trip(mailbox, reason="for the test")
    return arrive(mail()).answers.get()


def test_the_outbox_shows_what_is_held_and_why_and_lets_it_go(
    held: OutgoingMail, alice: User, browser: Browser
) -> None:
    client = browser(alice)

    page = client.get("/outbox").content.decode()
    client.post(f"/outbox/{held.pk}/release", {"page": "/outbox"})

    held.refresh_from_db()
    assert "carla@customer.example" in page
    assert "are held until someone lets go" in page
    assert held.state == OutgoingMail.State.QUEUED


def test_a_reader_sees_the_outbox_without_buttons_and_a_stranger_an_empty_one(
    held: OutgoingMail, rita: User, mallory: User, browser: Browser
) -> None:
    read = browser(rita).get("/outbox").content.decode()
    strange = browser(mallory).get("/outbox").content.decode()
    refused = browser(rita).post(f"/outbox/{held.pk}/settlement")

    assert "carla@customer.example" in read
    assert "Discard</button>" not in read
    assert "carla@customer.example" not in strange
    assert refused.status_code == 403


def test_all_held_answers_are_discarded_at_once_and_the_breaker_closed(
    held: OutgoingMail, max_: User, browser: Browser
) -> None:
    client, url = browser(max_), f"/system/mailboxes/{held.mailbox_id}"

    client.post(f"{url}/held-answers", {"_method": "DELETE"})
    client.post(f"{url}/breaker", {"_method": "DELETE"})

    held.refresh_from_db()
    held.mailbox.refresh_from_db()
    assert held.state == OutgoingMail.State.DISCARDED
    assert held.mailbox.breaker_open_since is None


def test_a_person_settles_an_unsure_mail(
    held: OutgoingMail, alice: User, browser: Browser
) -> None:
    OutgoingMail.objects.filter(pk=held.pk).update(state=OutgoingMail.State.UNSURE)

    browser(alice).post(f"/outbox/{held.pk}/settlement")

    held.refresh_from_db()
    assert held.state == OutgoingMail.State.SENT
