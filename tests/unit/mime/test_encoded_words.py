"""RFC 2047, in the forms that real mail has."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime.parse.encoded_words import decode_words, encode_words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?ISO-8859-1?Q?Gr=FC=DFe?=", "Grüße"),
        ("=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8*de?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("Viele =?utf-8?q?Gr=C3=BC=C3=9Fe?= aus Ulm", "Viele Grüße aus Ulm"),
        # White space between words goes, between word and text it stays.
        ("=?utf-8?q?Gr=C3=BC?=\r\n =?utf-8?q?=C3=9Fe?=", "Grüße"),
        ("=?utf-8?q?Gr=C3=BC?==?utf-8?q?=C3=9Fe?=", "Grüße"),
        # A character split over two words.
        ("=?utf-8?q?Gr=C3?= =?utf-8?q?=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?b?R3LD?= =?utf-8?b?vMOfZQ==?=", "Grüße"),
        # Blanks, question marks and tails that should not be there.
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe an alle?=", "Grüße an alle"),
        ("=?utf-8?q?Wie geht's?=20Gut.?=", "Wie geht's? Gut."),
        ("=?utf-8?b?R3LDvMOfZQ?=", "Grüße"),
        ("=?utf-8?b?R3LDvMOfZQ==", "Grüße"),
        ("x=?utf-8?q?=C3=BC?=y", "xüy"),
        ("=?x-unknown?q?abc?=", "abc"),
        # What is no encoded word stays as written.
        ("Is 2 =? 2", "Is 2 =? 2"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("=?", "=?"),
        ("=?utf-8?q", "=?utf-8?q"),
    ],
)
def test_words_are_decoded_however_they_are_written(value: str, text: str) -> None:
    assert decode_words(value) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_what_is_written_is_read_back(text: str) -> None:
    words = encode_words(text)

    assert decode_words(" ".join(words)) == text
    assert all(len(word) <= 75 and word.isascii() for word in words)


@given(st.text(alphabet="=?qbQB utf8-*_AF3\r\n", max_size=300))
def test_any_text_is_decoded(value: str) -> None:
    text = decode_words(value)

    assert text.encode("utf-8").decode("utf-8") == text


@pytest.mark.parametrize(
    "unit", ["=?a?q?", "=?a?q?x?=41", "=?", "=?utf-8?b?YQ==?= ", "?=", "=?a?b?="]
)
def test_time_grows_with_the_length_alone(unit: str) -> None:
    value = unit * (256 * 1024 // len(unit))

    began = time.process_time()
    text = decode_words(value)

    assert text.encode("utf-8").decode("utf-8") == text

    assert time.process_time() - began < 2
