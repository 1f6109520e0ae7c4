"""The documentation names everything there is, and nothing that is gone."""

from __future__ import annotations

import re

import pytest
from django.db.models import TextChoices

from letterbox.models import (
    Case,
    Conversation,
    Health,
    Lead,
    Message,
    OutgoingMail,
    Placement,
    RemoteChange,
)
from tests.house import tables
from tests.house.source import ROOT, files, text_of

# Read elsewhere, before there are settings.
BESIDE_SETTINGS = {
    "LETTERBOX_POSTGRES",
    "LETTERBOX_CORPUS",
    "LETTERBOX_REQUIRE_SERVERS",
}
# The commands start a database of our own, whatever the default is.
PROVIDED = "LETTERBOX_DATABASE_URL"
# What the demo tells its own processes.
NOT_FOR_PEOPLE = {"LETTERBOX_DEMO_SMTP_PORT", "LETTERBOX_DEMO_IMAP_PORT"}

STATES: dict[str, type[TextChoices]] = {
    "Message": Message.State,
    "OutgoingMail": OutgoingMail.State,
    "Conversation": Conversation.Status,
    "Mailbox health": Health.State,
    "Placement": Placement.State,
    "RemoteChange": RemoteChange.State,
    "Case": Case.Status,
    "Lead": Lead.Status,
}


@pytest.mark.parametrize("page", [name for name in files() if name.startswith("docs/")])
def test_the_tables_say_what_the_code_says(page: str) -> None:
    text = text_of(page)

    assert tables.rewritten(text) == text, "Run: make fix"


def test_every_table_stands_on_some_page() -> None:
    pages = "".join(text_of(name) for name in files() if name.startswith("docs/"))

    assert {found[1] for found in tables.TABLE.findall(pages)} == set(tables.TABLES)


def test_every_setting_is_documented_with_its_default() -> None:
    page = text_of("docs/reference/settings.md")
    rows = dict(re.findall(r"^\| `(LETTERBOX_\w+)` \| (.*?) \|", page, re.M))

    known = tables.settings_in_code()

    assert set(rows) - BESIDE_SETTINGS == set(known) - NOT_FOR_PEOPLE
    for name, written in known.items():
        if name in rows and name != PROVIDED and written not in {"", "?"}:
            assert f"`{written}`" in rows[name], f"{name} defaults to {written}."


@pytest.mark.parametrize("thing", STATES)
def test_every_state_is_explained(thing: str) -> None:
    page = text_of("docs/reference/states.md")
    section = re.search(rf"^## {thing}\n(.*?)(?=^## |\Z)", page, re.M | re.S)

    assert section is not None, f"There is no section “{thing}”."
    explained = set(re.findall(r"`([a-z-]+)`", section[1]))

    assert set(STATES[thing].values) <= explained


def test_every_word_of_the_models_is_in_the_glossary() -> None:
    page = text_of("docs/glossary.md")

    for word in (
        *("Mailbox", "Folder", "Message", "Placement", "Conversation", "Contact"),
        *("Lead", "Case", "ProcessingAction", "AutoresponseRule", "Condition"),
        *("Facts", "Verdict", "Trace", "Guard", "EmailTemplate", "OutgoingMail"),
        *("Role", "Grant", "Event"),
    ):
        assert f"**{word}**" in page, word


def test_a_decision_is_short_and_says_what_would_change_it() -> None:
    page = text_of("docs/decisions.md")
    decisions = re.split(r"^## ", page, flags=re.M)[1:]

    dates = [decision.split(" ", 1)[0] for decision in decisions]

    assert len(decisions) >= 14
    assert dates == sorted(dates, reverse=True), "Newest first."
    for decision in decisions:
        lines = [line for line in decision.splitlines() if line.strip()]
        assert len(lines) <= 10, lines[0]
        assert "**What would change our mind:**" in decision, lines[0]


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = text_of("mkdocs.yml")
    pages = [name for name in files() if re.match(r"docs/.*\.md$", name)]

    missing = [name for name in pages if name.removeprefix("docs/") not in contents]

    assert missing == []
    assert "font: false" in contents, "The pages must work without a network."


def test_the_readme_begins_with_what_it_is_and_how_to_start() -> None:
    readme = text_of("README.md")

    assert readme.index("make demo") < readme.index("make test")
    assert (ROOT / "docs/images/inbox.png").stat().st_size > 10_000
    assert "docs/images/inbox.png" in readme
    assert "MIT" in readme
