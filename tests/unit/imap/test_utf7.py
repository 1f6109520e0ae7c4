"""Folder names between the wire and people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.imap import utf7


@pytest.mark.parametrize(
    ("wire_name", "name"),
    [
        ("INBOX", "INBOX"),
        ("Entw&APw-rfe", "Entwürfe"),
        ("&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-", "Отправленные"),
        ("Fish &- Chips", "Fish & Chips"),
        ("&U,BTFw-", "台北"),
        ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
        ("&2D3eAA-", "😀"),
    ],
)
def test_names_go_both_ways(wire_name: str, name: str) -> None:
    assert utf7.decode(wire_name) == name
    assert utf7.encode(name) == wire_name


@pytest.mark.parametrize("wire_name", ["A & B", "&&&", "x&ABC", "&*-", "&2D0-", "Büro"])
def test_a_name_that_breaks_the_rules_is_shown_as_it_came(wire_name: str) -> None:
    assert utf7.decode(wire_name) == wire_name


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_survives_the_wire(name: str) -> None:
    wire_name = utf7.encode(name)

    assert wire_name.isascii()
    assert utf7.decode(wire_name) == name
