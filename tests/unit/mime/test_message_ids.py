"""Our signed Message-IDs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime import message_ids

KEY = b"k" * 32
OLD_KEY = b"o" * 32


def make(key: bytes = KEY) -> str:
    return message_ids.make_message_id(
        key, domain="Example.com", conversation_id=41, mail_id=812
    )


def test_our_id_is_read_back() -> None:
    own = message_ids.read_message_id(KEY, f"<{make()}>")

    assert own == message_ids.OwnMessageId(41, "812", "example.com")


def test_our_id_outlives_servers_that_change_case() -> None:
    text = make()

    assert message_ids.read_message_id(KEY, text.upper()) is not None
    assert message_ids.read_message_id(KEY, f" <{text.lower()}> ") is not None


def test_our_id_outlives_the_change_of_a_key() -> None:
    text = make(OLD_KEY)

    assert message_ids.read_message_id([KEY, OLD_KEY], text) is not None
    assert message_ids.read_message_id([KEY], text) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [("lb.41.", "lb.42."), (".812.", ".813."), ("@example.com", "@evil.example")],
)
def test_a_changed_id_is_not_ours(old: str, new: str) -> None:
    text = make()
    forged = text.replace(old, new)

    assert forged != text
    assert message_ids.read_message_id(KEY, forged) is None


@pytest.mark.parametrize("mail_id", ["", "a b", "A", "a.b", "x" * 65, "é"])
def test_a_mail_id_that_cannot_be_written_is_refused(mail_id: str) -> None:
    with pytest.raises(ValueError, match="mail id"):
        message_ids.make_message_id(
            KEY, domain="example.com", conversation_id=1, mail_id=mail_id
        )


def test_an_empty_key_signs_nothing() -> None:
    with pytest.raises(ValueError, match="key"):
        make(b"")


@given(st.text(max_size=500))
def test_any_text_is_no_id_of_ours(text: str) -> None:
    assert message_ids.read_message_id([KEY, OLD_KEY], text) is None
