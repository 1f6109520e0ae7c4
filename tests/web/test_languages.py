"""Whose language a page speaks, and that nobody is spoken to in another's."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from letterbox.models import Conversation, Mailbox, User
from letterbox.services import people, settings
from tests import german

SignIn = Callable[[User], Client]


def language_of(browser: Client, accepted: str = "") -> str:
    """The language that the page about one's own says it is in."""
    headers = {"Accept-Language": accepted} if accepted else {}
    page = browser.get("/account/language", headers=headers, follow=True)
    return page.content.decode().partition('<html lang="')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT, en;q=0.5", "de"),
        ("tlh, de;q=0.8", "de"),
        ("en-GB, de;q=0.9", "en"),
        ("*", "en"),
        ("no language, \x00;;q=x", "en"),
    ],
)
def test_who_has_chosen_nothing_gets_what_the_browser_asks_for(
    browser: SignIn, alice: User, accepted: str, language: str
) -> None:
    assert language_of(browser(alice), accepted) == language


def test_the_company_stands_before_the_browser_and_the_person_before_both(
    browser: SignIn, alice: User
) -> None:
    settings.change({"language": "de"}, by=None)

    assert language_of(browser(alice), "en") == "de"
    assert language_of(Client(), "en") == "de"

    people.choose_language(alice, "en")

    assert language_of(browser(alice), "de") == "en"


def test_a_language_that_is_gone_is_as_if_nobody_had_chosen_it(
    browser: SignIn, alice: User
) -> None:
    people.choose_language(alice, "tlh")

    assert language_of(browser(alice), "de") == "de"


def test_one_chooses_under_ones_account(browser: SignIn, alice: User) -> None:
    page = browser(alice)

    refused = page.post("/account/language", {"language": "tlh"})
    answer = page.post("/account/language", {"language": "de"}, follow=True)

    assert refused.status_code == 422
    assert '<html lang="de" dir="ltr">' in answer.content.decode()
    alice.refresh_from_db()
    assert alice.language == "de"


def test_nothing_that_is_kept_from_one_language_shows_in_another(
    browser: SignIn, max_: User, mailbox: Mailbox, conversation: Conversation
) -> None:
    """Icons, badges, options and addresses are kept within the process."""
    page = browser(max_)
    addresses = (
        "/inbox",
        f"/conversations/{conversation.pk}",
        f"/system/mailboxes/{mailbox.pk}",
        f"/system/mailboxes/{mailbox.pk}/rules/new",
    )

    for language in ("en", "de", "en", "de"):
        people.choose_language(max_, language)
        for address in addresses:
            texts = texts_of(page.get(address).content)
            said = german.english_in(texts), german.german_in(texts)
            assert said[language == "en"] == [], address
            assert said[language == "de"] != [], address


def texts_of(content: bytes) -> list[str]:
    """What a page says."""
    text = re.sub(
        r"<script.*?</script>|csrf[^>]*>|hx-headers='[^']*'",
        "",
        content.decode(),
        flags=re.S,
    )
    return [each.strip() for each in re.findall(r">([^<>]+)<", text) if each.strip()]
