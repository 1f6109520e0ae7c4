"""Files that a template takes along, from the form to the letter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from letterbox.mime.attachments import read_attachment
from letterbox.mime.parse import parse_letter
from letterbox.models import (
    EmailTemplate,
    Mailbox,
    OutgoingMail,
    TemplateFile,
    User,
)
from letterbox.services import rules, template_files, templates
from letterbox.services.configuration import applying, exporting
from tests.conftest import Arrive
from tests.mail import mail

Browser = Callable[[User], Client]

TYPED = {
    "name": "Prices",
    "entity": "email",
    "type": "plain",
    "words-default-subject": "Our prices",
    "words-default-content": "They are attached.",
}
PDF = b"%PDF-1.7 prices of spring"


def upload(name: str = "prices.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def as_kept(name: str = "prices.pdf", content: bytes = PDF) -> str:
    file = template_files.keep(name, content)
    return f"{file.digest}:{file.name}"


@pytest.fixture
def prices(max_: User, browser: Browser) -> EmailTemplate:
    """A template that Max has made, with a price list."""
    answer = browser(max_).post("/system/templates/new", {**TYPED, "files": [upload()]})
    assert answer.status_code == 302
    return EmailTemplate.objects.get()


def files_of(raw: bytes) -> list[tuple[str, str, bytes]]:
    letter = parse_letter(raw)
    return [
        (each.filename, each.content_type, read_attachment(raw, each))
        for each in letter.attachments
    ]


def test_an_answer_takes_the_files_of_its_template_along(
    mailbox: Mailbox, prices: EmailTemplate, arrive: Arrive
) -> None:
    rules.add(mailbox, name="All", conditions={"every": True}, template=prices, by=None)

    message = arrive(mail())

    answer = message.answers.get()
    assert files_of(answer.raw.content) == [("prices.pdf", "application/pdf", PDF)]
    assert answer.sent_message is not None
    assert answer.sent_message.attachments[0]["filename"] == "prices.pdf"


def test_custom_words_of_a_rule_take_files_too_and_stay_the_same_version(
    mailbox: Mailbox, max_: User, browser: Browser
) -> None:
    typed = {
        **TYPED,
        "is_active": "1",
        "scope": "every",
        "template": "custom",
        "timing": "always",
        "frequency": "every-letter",
        "period_hours": "24",
    }
    client = browser(max_)
    client.post(
        f"/system/mailboxes/{mailbox.pk}/rules/new", {**typed, "files": [upload()]}
    )
    rule = mailbox.rules.get()

    client.post(f"/system/rules/{rule.pk}", {**typed, "file": [as_kept()]})

    rule.refresh_from_db()
    assert rule.version == 1
    assert [each["name"] for each in rule.template.attachments] == ["prices.pdf"]

    client.post(f"/system/rules/{rule.pk}", typed)

    rule.refresh_from_db()
    assert rule.version == 2
    assert rule.template.attachments == []


def test_a_file_is_not_lost_by_an_error_elsewhere_and_can_be_taken_away(
    max_: User, browser: Browser
) -> None:
    client = browser(max_)
    wrong = {**TYPED, "words-default-subject": ""}

    page = client.post("/system/templates/new", {**wrong, "files": [upload()]})

    assert page.status_code == 422
    assert f'value="{as_kept()}"' in page.content.decode()
    again = {**TYPED, "file": [as_kept()]}
    assert client.post("/system/templates/new", again).status_code == 302

    page = client.post("/system/templates/new", {**again, "do": "no-file:0"})

    assert "prices.pdf" not in page.content.decode()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([("big.zip", 5_000_001)], "“big.zip” has 5 MB; 5 MB are the most."),
        ([("a.zip", 3_000_000), ("b.zip", 3_000_000)], "These files have 6 MB"),
        ([(f"{n}.txt", n + 1) for n in range(11)], "Attach at most 10 files."),
    ],
    ids=["one too large", "together too large", "too many"],
)
def test_what_is_too_much_is_told_and_not_saved(
    max_: User, browser: Browser, files: list[tuple[str, int]], sentence: str
) -> None:
    uploads = [upload(name, b"x" * size) for name, size in files]

    page = browser(max_).post("/system/templates/new", {**TYPED, "files": uploads})

    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert not EmailTemplate.objects.exists()


def test_the_preview_and_the_test_letter_have_the_files(
    mailbox: Mailbox, max_: User, browser: Browser
) -> None:
    client = browser(max_)
    typed = {**TYPED, "template": "custom", "files": [upload()]}

    page = client.post(f"/system/mailboxes/{mailbox.pk}/answer-previews", typed)
    client.post(
        f"/system/mailboxes/{mailbox.pk}/test-letters",
        {**typed, "files": [upload("second.pdf")]},
    )

    assert "prices.pdf" in page.content.decode()
    sent = OutgoingMail.objects.get()
    assert [name for name, _, _ in files_of(sent.raw.content)] == ["second.pdf"]


def test_a_clone_and_a_configuration_file_take_the_files_along(
    prices: EmailTemplate, max_: User
) -> None:
    copy = templates.clone(prices, by=max_)

    assert copy.attachments == prices.attachments
    document = yaml.safe_load(yaml.safe_dump(exporting.document()))
    copy.delete()
    prices.delete()
    TemplateFile.objects.all().delete()
    applying.apply(document, by=max_)
    again = EmailTemplate.objects.get(name="Prices")
    content = template_files.read(templates.draft_of(again).files)[0].content
    assert content == PDF


def test_an_answer_whose_file_is_gone_waits_for_a_person(
    mailbox: Mailbox, prices: EmailTemplate, arrive: Arrive
) -> None:
    rules.add(mailbox, name="All", conditions={"every": True}, template=prices, by=None)
    TemplateFile.objects.all().delete()

    answer = arrive(mail()).answers.get()

    assert answer.state == OutgoingMail.State.HELD
    assert "“prices.pdf” is missing" in answer.problem


def test_files_that_no_template_names_are_forgotten_after_a_day(
    prices: EmailTemplate, max_: User
) -> None:
    template_files.keep("other.pdf", b"other")

    template_files.forget_unused()
    assert TemplateFile.objects.count() == 2

    with time_machine.travel(timezone.now() + timedelta(days=2)):
        template_files.forget_unused()
    assert [bytes(each.content) for each in TemplateFile.objects.all()] == [PDF]


@pytest.mark.parametrize(
    ("given", "name", "content_type"),
    [
        ("C:\\Users\\max\\prices.pdf", "prices.pdf", "application/pdf"),
        ("../../etc/passwd", "passwd", "application/octet-stream"),
        ("a\r\nBcc: x@y.pdf", "aBcc: x@y.pdf", "application/pdf"),
        ("letter.eml", "letter.eml", "application/octet-stream"),
        ("", "file", "application/octet-stream"),
    ],
)
def test_a_name_holds_nothing_that_a_header_cannot(
    db: None, given: str, name: str, content_type: str
) -> None:
    file = template_files.keep(given, b"x")

    assert (file.name, file.content_type) == (name, content_type)
