"""Web addresses in letters can be followed, and nothing in a letter becomes markup."""

from __future__ import annotations

import re

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from hypothesis import example, given
from hypothesis import strategies as st

from letterbox.web import tags

LETTERS = st.lists(
    st.sampled_from(
        (
            *("https://", "http://", "shttps://", "a.example/?x=1&y=<b>", "x"),
            *("<i>", "“x”", "'", '"', "&amp;", ")", ".", "("),
            *(" ", "\n", "\u00a0", "\u2028", "\x1f"),
        )
    )
    | st.text(max_size=5),
    max_size=40,
).map("".join)


@given(LETTERS)
@example("(https://a.example) https://a.example/b). http://")
def test_addresses_are_linked_as_word_by_word(text: str) -> None:
    words = re.split(r"(\s+)", text)

    by_words = format_html_join("", "{}", ((_word(word),) for word in words))

    assert tags.linked(text) == by_words


def _word(word: str) -> str | SafeString:
    if not word.startswith(("https://", "http://")):
        return word
    address = word.rstrip(".,;:!?)]>'\"")
    return format_html(
        '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>{}',
        address,
        address,
        word[len(address) :],
    )


def test_an_address_can_be_followed_without_the_full_stop_behind_it() -> None:
    drawn = tags.linked("See https://a.example/?q=1&r=2.")

    assert drawn == (
        'See <a href="https://a.example/?q=1&amp;r=2" target="_blank" '
        'rel="noopener noreferrer nofollow">https://a.example/?q=1&amp;r=2</a>.'
    )


def test_markup_of_a_letter_stays_text() -> None:
    drawn = tags.linked('<script>1</script> https://a.example/"><b>')

    assert "<script" not in drawn
    assert "<b>" not in drawn
