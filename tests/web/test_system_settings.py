import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from letterbox.models import Conversation, Event, Mailbox, Setting, User
from letterbox.services import history, replies, setting_list, settings
from letterbox.sync import probe
from letterbox.web.forms.settings import SettingsForm
from tests import people

Browser = Callable[[User], Client]


def _typed(**changes: str) -> dict[str, str]:
    """What a browser posts when only these fields were changed."""
    form = SettingsForm()
    typed = {bound.html_name: bound.value() for bound in form}
    lines = {
        name: ", ".join(value) if isinstance(value, list) else str(value)
        for name, value in typed.items()
    }
    return lines | {name.replace("_", "-"): value for name, value in changes.items()}


def test_each_setting_shows_its_meaning_and_default(
    max_: User, browser: Browser
) -> None:
    page = browser(max_).get("/system/settings").content.decode()

    for definition in setting_list.SETTINGS:
        assert str(definition.label) in page


def test_saving_what_is_there_changes_nothing(max_: User, browser: Browser) -> None:
    browser(max_).post("/system/settings", _typed())

    assert not Setting.objects.exists()
    assert not Event.objects.filter(verb="setting-changed").exists()


def test_a_changed_setting_counts_at_once_and_is_in_the_history(
    max_: User, browser: Browser
) -> None:
    answer = browser(max_).post(
        "/system/settings", _typed(undo_seconds="45", mail_hosts="*.acme.example")
    )

    assert answer.status_code == 302
    assert settings.get("undo-seconds") == 45
    assert probe.why_not("imap.acme.example") == ""
    assert "may not connect" in probe.why_not("thief.example")
    changes = [event.data for event in Event.objects.filter(verb="setting-changed")]
    assert changes[0]["changes"] == {"undo-seconds": [0, 45]}


@pytest.mark.django_db
def test_a_page_reads_the_settings_once_and_forgets_what_was_changed() -> None:
    with settings.read_once():
        before = settings.get("undo-seconds")
        with CaptureQueriesContext(connection) as questions:
            settings.get("signature")
            settings.get("company-name")
        settings.change({"undo-seconds": 45}, by=None)
        after = settings.get("undo-seconds")

    assert (before, after, len(questions)) == (0, 45, 0)


def test_business_hours_are_typed_a_day_a_line(max_: User, browser: Browser) -> None:
    browser(max_).post(
        "/system/settings",
        _typed(
            business_hours_zone="Europe/Berlin",
            business_hours_0="09:00-12:30, 13:30-17:00",
            business_hours_holidays="01-01 New Year",
        ),
    )

    calendar = settings.business_calendar()
    assert calendar is not None
    assert calendar.is_open(datetime(2026, 3, 2, 8, 30, tzinfo=UTC))
    assert not calendar.is_open(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    assert not calendar.is_open(datetime(2026, 3, 3, 8, 30, tzinfo=UTC))


def test_each_line_of_holidays_that_is_wrong_is_named(
    max_: User, browser: Browser
) -> None:
    answer = browser(max_).post(
        "/system/settings",
        _typed(
            business_hours_zone="Europe/Berlin",
            business_hours_0="nine to five",
            business_hours_holidays="01-01 New Year\n\n24.12. Eve\n12-25\n13-40 Never",
        ),
    )

    errors = answer.context["form"].errors
    lines = errors["business-hours-holidays"]
    assert [each.partition(":")[0] for each in lines] == ["Line 3", "Line 5"]
    assert "09:00-12:00" in errors["business-hours-0"][0]
    assert "24.12. Eve" in answer.content.decode()


def test_holidays_without_a_time_zone_are_not_lost_silently(
    max_: User, browser: Browser
) -> None:
    answer = browser(max_).post(
        "/system/settings", _typed(business_hours_holidays="01-01 New Year")
    )

    assert answer.status_code == 422
    assert "business-hours-zone" in answer.context["form"].errors


@pytest.mark.parametrize(
    "wrong",
    [
        {"undo_seconds": "121"},
        {"undo_seconds": ""},
        {"mail_hosts": " , "},
        {"business_hours_zone": "Europe/Berlin", "business_hours_0": "nine to five"},
        {"business_hours_zone": "Europe/Berlin", "business_hours_holidays": "soon"},
        {"signature_when": "sometimes"},
    ],
)
def test_nonsense_is_refused_and_nothing_is_saved(
    max_: User, browser: Browser, wrong: dict[str, str]
) -> None:
    answer = browser(max_).post(
        "/system/settings", _typed(company_name="Acme", **wrong)
    )

    assert answer.status_code == 422
    assert "Acme" in answer.content.decode()
    assert not Setting.objects.exists()


@pytest.mark.parametrize(
    ("when", "own", "expected"),
    [
        ("auto", "", "\n\n-- \nAcme"),
        ("auto", "Alice", "\n\n-- \nAlice"),
        ("manual", "Alice", ""),
        ("first", "", "\n\n-- \nAcme"),
    ],
)
def test_the_signature_stands_under_an_answer_that_is_begun(
    conversation: Conversation, alice: User, when: str, own: str, expected: str
) -> None:
    settings.change({"signature": "Acme", "signature-when": when}, by=None)
    alice.signature = own

    assert replies.signature_of(conversation, alice) == expected


def test_the_history_can_be_narrowed_and_exported(
    mailbox: Mailbox, max_: User, alice: User, browser: Browser
) -> None:
    history.record("mailbox-changed", by=max_, mailbox=mailbox, changes={"a": [1, 2]})
    history.record("role-added", by=alice, name="=SUM(1)")
    client = browser(max_)

    page = client.get("/system/history?part=rows&who=max").content.decode()
    exported = client.get("/system/history.csv?verb=role-added").content.decode()
    today = client.get("/system/history?part=rows&since=2999-01-01").content.decode()

    assert "<del>1</del> → <ins>2</ins>" in page
    assert "added a role" not in page
    rows = list(csv.DictReader(io.StringIO(exported)))
    assert [row["about"] for row in rows] == ["'=SUM(1)"]
    assert "Nothing has happened yet" in today


def test_who_administers_but_may_not_read_finds_no_words_of_letters(
    conversation: Conversation, browser: Browser
) -> None:
    history.record(
        "case-changed",
        by=None,
        mailbox=conversation.mailbox,
        changes={"resolution": ["", "The customer is Carla"]},
    )
    nora = people.make_administrator("Nora")

    for address in ("/system/history", "/system/history.csv"):
        assert "Carla" not in browser(nora).get(address).content.decode()


def test_the_page_says_what_retention_would_delete_before_it_is_saved(
    conversation: Conversation, max_: User, alice: User, browser: Browser
) -> None:
    Conversation.objects.update(
        status="closed", last_message_at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    address = "/system/settings/retention-preview?retain-closed-days="

    some = browser(max_).get(f"{address}90").content.decode()
    none = browser(max_).get(f"{address}0").content.decode()
    refused = browser(alice).get(f"{address}90")

    assert "1 letters in 1 conversations" in some
    assert "Nothing is deleted" in none
    assert refused.status_code == 403
    assert Conversation.objects.exists()


def test_how_large_letters_are_taken_is_said_by_a_person_or_else_the_environment(
    db: None,
) -> None:
    with override_settings(LARGEST_LETTER_BYTES=7_000):
        before = settings.largest_letter_bytes()
        settings.change({"letter-megabytes": 2}, by=None)

        assert (before, settings.largest_letter_bytes()) == (7_000, 2_000_000)
