"""Whose letter a colleague passed on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime.forwarded import Evidence, find_original_sender
from letterbox.mime.letter import Address, Headers, Letter, Part
from letterbox.mime.parse import parse_letter

ALICE = Address("alice@acme.example", "Alice")


def passed_on(text: str, subject: str = "Fwd: Parcel") -> Letter:
    return Letter(headers=Headers(), subject=subject, from_=(ALICE,), text=text)


@pytest.mark.parametrize(
    "block",
    [
        "---------- Forwarded message ---------\nFrom: Carla Conti <carla@x.example>\n"
        "Date: Mon, 2 Mar 2026\nSubject: Parcel\nTo: <alice@acme.example>",
        "Begin forwarded message:\n\n> From: Carla Conti <carla@x.example>\n"
        "> Subject: Parcel\n> Date: 2 March 2026\n> To: alice@acme.example",
        "-------- Weitergeleitete Nachricht --------\nBetreff: Parcel\n"
        "Datum: Mon, 2 Mar 2026\nVon: Carla Conti <carla@x.example>\nAn: Alice",
        "-----Ursprüngliche Nachricht-----\nVon: Carla Conti [mailto:carla@x.example]\n"
        "Gesendet: Montag\nAn: Alice\nBetreff: Parcel",
        "---------- Message transféré ---------\nDe : Carla Conti <carla@x.example>\n"
        "Date : lundi\nObjet : Parcel\nÀ : Alice",
        "________________________________\n"
        "From: Carla Conti <carla@x.example<mailto:carla@x.example>>\n"
        "Sent: Monday\nTo: Alice\nSubject: Parcel",
        "De: Carla Conti\n<carla@x.example>\nEnviado: lunes\nPara: Alice\n"
        "Asunto: Parcel",
        "发件人： Carla Conti <carla@x.example>\n发送时间： 2026年3月2日\n收件人： Alice\n"
        "主题： Parcel",
    ],
)
@pytest.mark.parametrize("words", ["", "Please handle.\n\n"])
def test_forward_blocks_of_many_programs_name_the_customer(
    block: str, words: str
) -> None:
    original = find_original_sender(passed_on(f"{words}{block}\n\nIt broke.\n"))

    assert original is not None
    assert original.sender == Address("carla@x.example", "Carla Conti")
    assert original.subject == "Parcel"


def test_an_attached_letter_is_the_best_witness() -> None:
    text = "---------- Forwarded message ---------\nFrom: Colin <colin@x.example>\n\nx"
    raw = "From: Carla <carla@x.example>\nSubject: Parcel\n\nIt broke.\n"
    letter = Letter(
        headers=Headers(),
        from_=(ALICE,),
        text=text,
        parts=(Part("message/rfc822", text=raw),),
    )

    original = find_original_sender(letter)

    assert original is not None
    assert original.evidence is Evidence.ATTACHED_LETTER
    assert original.sender.email == "carla@x.example"


def test_an_attached_letter_is_found_in_the_bytes() -> None:
    raw = (
        b"From: alice@acme.example\r\nSubject: Fwd: Parcel\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nSee attached.\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n"
        b"From: Carla <carla@x.example>\r\nSubject: Parcel\r\n\r\nIt broke.\r\n--b--\r\n"
    )

    original = find_original_sender(parse_letter(raw))

    assert original is not None
    assert original.sender.email == "carla@x.example"


def test_an_attribution_names_the_customer_when_the_subject_says_forward() -> None:
    text = "FYI\n\nOn Mon, 2 Mar 2026 at 12:30, Carla Conti <carla@x.example> wrote:\n\n> x"

    forwarded = find_original_sender(passed_on(text))
    replied = find_original_sender(passed_on(text, subject="Re: Parcel"))

    assert forwarded is not None
    assert forwarded.sender == Address("carla@x.example", "Carla Conti")
    assert forwarded.evidence is Evidence.ATTRIBUTION
    assert replied is None


def test_a_bounce_brings_no_customer() -> None:
    letter = Letter(
        headers=Headers(),
        content_type="multipart/report",
        parts=(Part("message/rfc822", text="From: a@acme.example\n\nx"),),
    )

    assert find_original_sender(letter) is None


def test_a_letter_of_their_own_passes_nothing_on() -> None:
    assert find_original_sender(passed_on("Hello,\n\nplease call me.\n")) is None


@given(st.text(max_size=300), st.text(max_size=40))
def test_any_letter_is_read(text: str, subject: str) -> None:
    block = f"---------- Forwarded message ---------\nFrom: {text}"

    for letter in (passed_on(text, subject), passed_on(block, f"Fwd: {subject}")):
        original = find_original_sender(letter)
        assert original is None or "@" in original.sender.email
