"""Address lists as they are really written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime.letter import Address
from letterbox.mime.parse.addresses import parse_addresses

ANNA = Address("anna@example.org", "Anna Berg")


@pytest.mark.parametrize(
    "value",
    [
        "Anna Berg <anna@example.org>",
        '"Anna Berg" <anna@example.org>',
        "anna@example.org (Anna Berg)",
        "=?utf-8?q?Anna_Berg?= <anna@example.org>",
        '"=?utf-8?b?QW5uYSBCZXJn?=" <anna@example.org>',
        "=?utf-8?q?Anna?=\r\n =?utf-8?q?_Berg?= <anna@example.org>",
        "Anna Berg<anna@example.org>",
        "Anna Berg <anna@example.org",
        "Anna Berg <@one.example,@two.example:anna@example.org>",
        "Anna Berg anna@example.org",
        "=?utf-8?q?Anna_Berg_=3Canna=40example.org=3E?=",
        "Team: Anna Berg <anna@example.org>;",
        "Anna (of (the) team) Berg <anna@example.org>",
        '"Anna Berg <anna@example.org>',
    ],
)
def test_one_mailbox_however_it_is_written(value: str) -> None:
    assert parse_addresses(value) == (ANNA,)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ('"Berg, Anna" <a@b.example>', "Berg, Anna"),
        ("=?utf-8?q?Berg,_Anna?= <a@b.example>", "Berg, Anna"),
        ("=?utf-8?q?Berg=2C_Anna?= <a@b.example>", "Berg, Anna"),
        (r'"The \"Boss\"" <a@b.example>', 'The "Boss"'),
        ("'Anna' <a@b.example>", "'Anna'"),
        ("<a@b.example>", ""),
        ("a@b.example", ""),
    ],
)
def test_names_with_odd_characters(value: str, name: str) -> None:
    assert parse_addresses(value) == (Address("a@b.example", name),)


def test_lists_keep_their_order() -> None:
    value = 'a@x.example, "B, C" <b@x.example>; Friends: c@x.example, d@x.example;'

    emails = [address.email for address in parse_addresses(value)]

    assert emails == ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]


@pytest.mark.parametrize("value", ["", " ", "undisclosed-recipients:;", ",,;", "<>"])
def test_nobody_is_nobody(value: str) -> None:
    assert parse_addresses(value) == ()


@given(st.text(alphabet='ab@<>,;:"\\() =?q', max_size=200))
def test_any_text_is_read(value: str) -> None:
    for address in parse_addresses(value):
        assert address.email or address.name
