"""Letters read, whole and broken."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from letterbox.mime.attachments import read_attachment
from letterbox.mime.letter import Address
from letterbox.mime.parse import parse_letter


def letter_of(*lines: str) -> bytes:
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


PIECES = [
    *(b"From: ", b"Subject: ", b"To: ", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n"),
    *(b"Content-Type: multipart/mixed; boundary=b", b"--b", b"--b--", b"\n--b\n"),
    *(b"Content-Type: text/html; charset=", b"utf-7", b"iso-2022-jp", b"x", b"hz"),
    *(b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable", b"x-uuencode"),
    *(b"=?utf-8?q?", b"=?x?b?", b"?=", b"=?", b"=", b"(", b")", b'"', b"<", b">"),
    *(b",", b";", b":", b"@", b"\\", b"*0*=", b"filename", b"%C3", b"\xc3", b"\xff"),
    *(b"begin 644 a\n", b"end\n", b"\x1b$B", b"\0", b" ", b"\t", b"a", b"Date: 1"),
    *(b"Content-Type: message/rfc822\n\n", b"Content-Type: application/ms-tnef\n\n"),
]


@settings(max_examples=400)
@given(
    st.one_of(st.binary(max_size=600), st.lists(st.sampled_from(PIECES)).map(b"".join))
)
def test_any_bytes_are_a_letter(raw: bytes) -> None:
    letter = parse_letter(raw)

    for attachment in letter.attachments:
        assert 0 <= attachment.start <= attachment.end <= len(raw)
        read_attachment(raw, attachment)
    # What the database stores must be storable.
    for text in (letter.subject, letter.text, letter.html, str(letter.headers)):
        assert "\0" not in text
        text.encode("utf-8")


def test_a_plain_letter_is_read() -> None:
    raw = letter_of(
        "From: Anna Berg <anna@example.org>",
        "To: support@example.com, Max <max@example.com>",
        "Subject: My order",
        "Date: Sun, 1 Mar 2026 13:00:00 +0100",
        "Message-ID: <2@example.org>",
        "In-Reply-To: <1@example.com>",
        "References: <0@example.com>",
        " <1@example.com>",
        "",
        "Where is it?",
        "",
    )

    letter = parse_letter(raw)

    assert letter.author == Address("anna@example.org", "Anna Berg")
    assert letter.to[1] == Address("max@example.com", "Max")
    assert letter.subject == "My order"
    assert letter.date == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert letter.message_id == "2@example.org"
    assert letter.in_reply_to == ("1@example.com",)
    assert letter.references == ("0@example.com", "1@example.com")
    assert letter.text == "Where is it?\n"
    assert letter.problems == ()


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_attachments_are_slices_whatever_the_line_ends(line_end: str) -> None:
    raw = letter_of(
        "Content-Type: multipart/mixed; boundary=b",
        "",
        "--b",
        "",
        "See the file.",
        "--b",
        "Content-Type: image/png; name=one.png",
        "Content-Transfer-Encoding: base64",
        "",
        "aGVs",
        "bG8=",
        "--b--",
        "",
    ).replace(b"\r\n", line_end.encode())

    letter = parse_letter(raw)

    assert letter.text == "See the file."
    (attachment,) = letter.attachments
    assert attachment.filename == "one.png"
    assert attachment.size == 5
    assert read_attachment(raw, attachment) == b"hello"
