"""Sentences that are English in code and in the database, said in German."""

from __future__ import annotations

import pytest
from django.utils import translation

from letterbox.services.speaking import say


def in_german(text: str) -> str:
    with translation.override("de"):
        return say(text)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("", ""),
        ("The server hung up.", "Der Server hat aufgelegt."),
        (
            "mail.acme.example did not answer on port 993.",
            "mail.acme.example hat auf Port 993 nicht geantwortet.",
        ),
        # A server's own words stay as they are.
        (
            "The server refused the login: Application-specific password required",
            "Der Server hat die Anmeldung abgelehnt: "
            "Application-specific password required",
        ),
        # Two sentences that were put together.
        (
            "The server hung up. Check the spelling of the IMAP host.",
            "Der Server hat aufgelegt. Prüfen Sie die Schreibweise des IMAP-Hosts.",
        ),
        # A value that is a sentence.
        (
            "“Thanks” would answer, but must not. Someone muted this sender.",
            "„Thanks“ würde antworten, darf aber nicht. "
            "Jemand hat diesen Absender stummgeschaltet.",
        ),
        ("What nobody of us has ever said.", "What nobody of us has ever said."),
        (
            "Unknown words first. The server hung up.",
            "Unknown words first. Der Server hat aufgelegt.",
        ),
        ("Templates say {{ company.name }}", "Templates say {{ company.name }}"),
    ],
)
def test_what_is_known_is_said_and_the_rest_stays(english: str, german: str) -> None:
    assert in_german(english) == german


def test_english_is_untouched() -> None:
    text = "The server hung up.  Twice. “{host}” did not answer on port 1."

    with translation.override("en-gb"):
        assert say(text) == text


@pytest.mark.parametrize(
    "text", [". " * 5_000, "“" * 1_900, "a. " * 600, "The server refused " * 100]
)
def test_any_text_is_said_in_bounded_time(text: str) -> None:
    said = in_german(text)

    assert said.split() == text.split()
