"""Whose language a page speaks, and that nobody is spoken to in another's."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from django.test import Client

from letterbox.models import Conversation, EmailTemplate, Health, Mailbox, User
from letterbox.services import invitations, people, rules, settings
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


def test_what_was_stored_in_english_is_said_in_german(
    browser: SignIn, max_: User, mailbox: Mailbox, conversation: Conversation
) -> None:
    message = conversation.messages.get()
    rules.add(
        mailbox,
        name="Confirm",
        conditions={"field": "subject", "operator": "contains", "value": "lamp"},
        template=EmailTemplate.objects.create(name="Thanks", subject="Re:"),
        by=None,
    )
    Health.objects.create(
        mailbox=mailbox,
        state=Health.State.NEEDS_ATTENTION,
        cause="The server refused the login: AUTHENTICATIONFAILED",
        cure="Restore the key, or enter the password again.",
    )
    people.choose_language(max_, "de")
    page = browser(max_)

    grid = page.get("/system/mailboxes").content.decode()
    letter = page.get(f"/messages/{message.pk}").content.decode()

    assert "Braucht Aufmerksamkeit" in grid
    assert "Der Server hat die Anmeldung abgelehnt: AUTHENTICATIONFAILED" in grid
    assert "Stellen Sie den Schlüssel wieder her" in grid
    assert "Von einem Menschen geschrieben." in letter
    assert "Dieses Postfach hat keine Autoantwort-Regeln." in letter


@pytest.mark.parametrize(
    ("path", "typed", "said"),
    [
        ("/system/settings", {"undo-seconds": "999"}, "kleiner oder gleich 120"),
        (
            "/system/mailboxes/{mailbox}/rules/new",
            {
                "scope": "conditions",
                "m:": "all",
                "f:0": "size",
                "o:0": "greater",
                "v:0": "huge",
                "template": "custom",
                "type": "html",
                "words-default-subject": "{{ case.numbr }}",
            },
            "Geben Sie eine ganze Zahl an",
        ),
        (
            "/system/mailboxes/new",
            {"address": "x"},
            "Schalten Sie IMAP, SMTP oder beides",
        ),
        ("/system/branding", {"colour": "red"}, "Schreiben Sie die Farbe als #rrggbb"),
        ("/system/user-sign-in/new", {"issuer": "http://x"}, "Dieses Feld"),
        ("/conversations/{conversation}/replies", {"to": "x"}, "keine E-Mail-Adresse"),
    ],
)
def test_what_is_refused_is_refused_in_german(
    browser: SignIn,
    max_: User,
    mailbox: Mailbox,
    conversation: Conversation,
    path: str,
    typed: dict[str, str],
    said: str,
) -> None:
    people.choose_language(max_, "de")
    address = path.format(mailbox=mailbox.pk, conversation=conversation.pk)

    answer = browser(max_).post(address, typed)

    assert answer.status_code == 422
    assert german.english_in(texts_of(answer.content)) == []
    assert said in html.unescape(answer.content.decode())


def test_letters_about_accounts_are_in_the_language_of_who_gets_them(
    mailbox: Mailbox, max_: User, alice: User
) -> None:
    settings.change({"language": "de"}, by=None)
    people.choose_language(alice, "en")

    sent = [
        invitations.send(person, mailbox=mailbox, link="https://x.example", by=max_)
        for person in (alice, max_)
    ]

    assert [mail.subject for mail in sent] == [
        "Max invites you to Letterbox",
        "Max lädt Sie zu Letterbox ein",
    ]
