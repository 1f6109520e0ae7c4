"""Letters read, whole and broken."""

from __future__ import annotations

import time
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


def multipart(kind: str, *parts: str, boundary: str = "b") -> bytes:
    """A letter of these parts, each given as its header and body."""
    lines = [f"Content-Type: multipart/{kind}; boundary={boundary}", ""]
    for part in parts:
        lines += [f"--{boundary}", part]
    return letter_of(*lines, f"--{boundary}--", "")


PLAIN = "Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße"
HTML = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Grüße</p>"
IMAGE = "Content-Type: image/png\r\nContent-ID: <one@a>\r\n\r\nPNG"


def test_alternatives_are_one_text_and_one_html() -> None:
    letter = parse_letter(multipart("alternative", PLAIN, HTML))

    assert (letter.text, letter.html) == ("Grüße", "<p>Grüße</p>")
    assert letter.attachments == ()


def test_a_letter_of_html_alone_has_text_too() -> None:
    letter = parse_letter(HTML.encode())

    assert letter.text.strip() == "Grüße"


def test_an_empty_plain_alternative_is_made_from_the_html() -> None:
    empty = "Content-Type: text/plain\r\n\r\n \r\n"

    assert parse_letter(multipart("alternative", empty, HTML)).text.strip() == "Grüße"


def test_the_footer_of_a_list_is_part_of_text_and_html() -> None:
    footer = "Content-Type: text/plain\r\n\r\n-- \r\nthe <list>"

    letter = parse_letter(multipart("mixed", HTML, footer))

    assert letter.text.split() == ["Grüße", "--", "the", "<list>"]
    assert "&lt;list&gt;" in letter.html


def test_an_image_that_the_html_shows_is_inline() -> None:
    html = 'Content-Type: text/html\r\n\r\n<img src="cid:one@a">'

    letter = parse_letter(multipart("related", html, IMAGE))

    assert [one.is_inline for one in letter.attachments] == [True]


def test_an_image_that_nothing_shows_is_not_inline() -> None:
    letter = parse_letter(multipart("related", HTML, IMAGE))

    assert [one.is_inline for one in letter.attachments] == [False]


def test_a_text_that_is_attached_is_not_shown() -> None:
    attached = "Content-Disposition: attachment; filename=a.txt\r\n\r\nsecret"

    letter = parse_letter(multipart("mixed", PLAIN, attached))

    assert letter.text == "Grüße"
    assert [one.filename for one in letter.attachments] == ["a.txt"]


def test_a_forwarded_message_is_an_attachment_and_a_part() -> None:
    forwarded = "Content-Type: message/rfc822\r\n\r\nSubject: Inner\r\n\r\nInside"

    raw = multipart("mixed", PLAIN, forwarded)
    letter = parse_letter(raw)

    assert letter.text == "Grüße"
    assert parse_letter(read_attachment(raw, letter.attachments[0])).subject == "Inner"
    assert [part.content_type for part in letter.parts] == ["message/rfc822"]


def test_reports_and_invitations_are_kept_as_parts() -> None:
    status = (
        "Content-Type: message/delivery-status\r\n\r\nAction: failed\r\nStatus: 5.1.1"
    )
    invite = "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR"

    letter = parse_letter(multipart("mixed", PLAIN, status, invite))

    assert [part.content_type for part in letter.parts] == [
        "message/delivery-status",
        "text/calendar",
    ]
    assert letter.parts[0].text == "Action: failed\nStatus: 5.1.1"
    assert letter.parts[1].parameters == {"method": "REQUEST"}


def test_flowed_text_is_put_back_into_paragraphs() -> None:
    raw = letter_of(
        "Content-Type: text/plain; format=flowed",
        "",
        "> a question that ",
        "> goes on",
        ">  ",
        "An answer ",
        "in two lines.",
        "-- ",
        " >not a quote",
    )

    assert parse_letter(raw).text.split("\n") == [
        "> a question that goes on",
        ">  ",
        "An answer in two lines.",
        "-- ",
        ">not a quote",
    ]


@pytest.mark.parametrize(
    "raw",
    [
        # No closing boundary, and none of the parent's.
        multipart("mixed", PLAIN, IMAGE)[: -len("\r\n--b--\r\n")],
        # Blanks after the boundary.
        multipart("mixed", PLAIN, IMAGE).replace(b"--b\r\n", b"--b  \r\n"),
        # A boundary that is not declared, and one declared wrongly.
        multipart("mixed", PLAIN, IMAGE).replace(b"; boundary=b", b""),
        multipart("mixed", PLAIN, IMAGE).replace(b"boundary=b", b"boundary=c"),
        # An inner multipart that is never closed.
        multipart(
            "mixed",
            "Content-Type: multipart/related; boundary=c\r\n\r\n--c\r\n" + PLAIN,
            IMAGE,
        ),
        # A prologue and an epilogue.
        multipart("mixed", PLAIN, IMAGE).replace(b"\r\n\r\n", b"\r\n\r\nOld\r\n", 1)
        + b"x",
    ],
)
def test_malformed_multiparts_lose_nothing(raw: bytes) -> None:
    letter = parse_letter(raw)

    assert letter.text == "Grüße"
    assert [read_attachment(raw, one) for one in letter.attachments] == [b"PNG"]


def test_a_multipart_without_parts_is_read_as_text() -> None:
    letter = parse_letter(letter_of("Content-Type: multipart/mixed", "", "Hello"))

    assert letter.text == "Hello"
    assert letter.problems


def test_base64_that_is_no_base64_is_read_as_it_stands() -> None:
    text = "This is plain text, whatever the header of the letter says.\r\n" * 3

    letter = parse_letter(letter_of("Content-Transfer-Encoding: base64", "", text))

    assert letter.text.startswith("This is plain text")


def test_base64_is_read_through_stray_characters_and_paddings() -> None:
    raw = letter_of(
        "Content-Transfer-Encoding: base64", "", "R3LD\r\n!vMOf", "ZQ==", "R3LDvMOfZQ="
    )

    assert parse_letter(raw).text == "GrüßeGrüße"


def test_signed_and_encrypted_letters_are_labelled() -> None:
    signature = "Content-Type: application/pgp-signature\r\n\r\nabc"
    inline = "-----BEGIN PGP MESSAGE-----\r\nabc\r\n-----END PGP MESSAGE-----"

    assert parse_letter(multipart("signed", PLAIN, signature)).is_signed
    assert parse_letter(multipart("encrypted", PLAIN, IMAGE)).is_encrypted
    assert parse_letter(letter_of("", inline)).is_encrypted
    assert parse_letter(
        letter_of("Content-Type: application/pkcs7-mime", "", "abc")
    ).is_encrypted


def test_two_from_fields_give_the_one_with_an_address() -> None:
    raw = letter_of("From: [???]", "From: Anna <anna@example.org>", "", "")

    assert parse_letter(raw).author == Address("anna@example.org", "Anna")


def test_an_mbox_line_and_a_byte_order_mark_are_passed_over() -> None:
    head = b"Subject: One\r\n\r\n"

    assert (
        parse_letter(b"From a@b Sun Mar  1 12:00:00 2026\r\n" + head).subject == "One"
    )
    assert parse_letter(b"\xef\xbb\xbf" + head).subject == "One"


def nested(depth: int) -> bytes:
    heads = [
        f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"
        for level in range(depth)
    ]
    return ("".join(heads) + "\ndeep").encode()


@pytest.mark.parametrize(
    "raw",
    [
        nested(5000),
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 20_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nx" * 50_000,
        b"From: " + b"(" * 100_000 + b"\n\n",
        b"From: " + b'"' * 100_001 + b"\n\n",
        b"To: " + b"a@b, " * 50_000 + b"\n\n",
        b"To: " + b"<" * 100_000 + b"\n\n",
        b"References: " + b"<a@b>" * 50_000 + b"\n\n",
        b"X: 1\n" * 50_000 + b"\n",
        b"Content-Disposition: attachment" + b"; a*0=b" * 30_000 + b"\n\n",
        b'Content-Type: text/plain; x="' + b'\\"' * 100_000 + b"\n\n",
        b"\n" * 1_000_000,
        b"\n" + b"begin 644 a\n" * 100_000,
        b"Content-Transfer-Encoding: quoted-printable\n\n" + b"= " * 500_000,
        b"Content-Type: text/plain; format=flowed\n\n" + b"> a \n" * 200_000,
        b"Subject: " + "é".encode("latin-1") * 200_000 + b"\n\n" + b"\xe9" * 1_000_000,
    ],
    ids=lambda raw: raw[:30].decode("latin-1"),
)
def test_hostile_letters_take_no_time(raw: bytes) -> None:
    began = time.process_time()

    parse_letter(raw)

    assert time.process_time() - began < 2


def test_what_is_beyond_the_limits_is_told() -> None:
    many = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 2000

    assert any(
        "nested deeper" in problem for problem in parse_letter(nested(60)).problems
    )
    assert any("parts are read" in problem for problem in parse_letter(many).problems)
