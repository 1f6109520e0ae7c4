"""Header blocks, parameters, ids and dates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime import parse
from letterbox.mime.parse import headers as parse_headers
from letterbox.mime.parse.headers import (
    parse_content_field,
    parse_date,
    parse_message_ids,
    read_header_block,
)


@pytest.mark.parametrize(
    ("value", "filename"),
    [
        ("attachment; filename=a.txt", "a.txt"),
        ('attachment; filename="a; b.txt"', "a; b.txt"),
        (r'attachment; filename="a \"b\".txt"', 'a "b".txt'),
        (r'attachment; filename="C:\temp\a.txt"', r"C:\temp\a.txt"),
        ('attachment; FileName = "a.txt" ; size=4', "a.txt"),
        ("attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt", "Grüße.txt"),
        ("attachment; filename*=iso-8859-1'de'Gr%FC%DFe.txt", "Grüße.txt"),
        ('attachment; filename*0="Gr"; filename*1="oss.txt"', "Gross.txt"),
        (
            "attachment; filename*1*=%9Fe.txt; filename*0*=utf-8''Gr%C3%BC%C3",
            "Grüße.txt",
        ),
        ("attachment; filename=x.txt; filename*=utf-8''y.txt", "y.txt"),
        ('attachment; filename="=?utf-8?q?Gr=C3=BC=C3=9Fe.txt?="', "Grüße.txt"),
        ("attachment; filename==?utf-8?b?R3LDvMOfZS50eHQ=?=", "Grüße.txt"),
        (
            'attachment; filename*0="=?utf-8?q?Gr=C3=BC"; filename*1="=C3=9Fe.txt?="',
            "Grüße.txt",
        ),
        ('attachment; filename="open', "open"),
        ("attachment; filename=", ""),
    ],
)
def test_file_names_in_all_their_forms(value: str, filename: str) -> None:
    field = parse_content_field(value)

    assert field.value == "attachment"
    assert field.parameters.get("filename", "") == filename


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<1@a>", ("1@a",)),
        ("<1@a> <2@a>\r\n\t<3@a>", ("1@a", "2@a", "3@a")),
        ("<1@a><2@a>", ("1@a", "2@a")),
        ("1@a, 2@a", ("1@a", "2@a")),
        ("Your letter of Monday <1@a>", ("1@a",)),
        ("<1 @a", ("1",)),
        ("<12345\r\n 67@a>", ("1234567@a",)),
        ("no id at all", ()),
        ("", ()),
        ("<>", ()),
    ],
)
def test_message_ids_in_all_their_forms(value: str, ids: tuple[str, ...]) -> None:
    assert parse_message_ids(value) == ids


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 1 Mar 2026 13:00:00 +0100",
        "1 Mar 2026 12:00 GMT",
        "Sun, 01 Mar 26 12:00:00 UT",
        "Sun, 1 Mar 2026 12:00:00 -0000",
        "Sun, 1 Mar 2026 07:00:00 EST (a comment)",
    ],
)
def test_dates_in_all_their_forms(value: str) -> None:
    assert parse_date(value) == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["", "yesterday", "32 Mar 2026 12:00", "Sun, 1 Mar 99999 12:00:00 +0000"]
)
def test_what_is_no_date_is_none(value: str) -> None:
    assert parse_date(value) is None


@given(st.text(max_size=100), st.text(alphabet="0123456789 :+-MarSun,", max_size=60))
def test_any_text_is_a_date_or_none(text: str, likely: str) -> None:
    for value in (text, likely):
        moment = parse_date(value)
        assert moment is None or moment.tzinfo is not None


@given(st.text(alphabet="ab;=\"*0123%\\' \t", max_size=200))
def test_any_text_is_a_content_field(value: str) -> None:
    for name, text in parse_content_field(value).parameters.items():
        assert name == name.lower()
        text.encode("utf-8")


def read(data: bytes) -> parse_headers.HeaderBlock:
    return read_header_block(data, 0, in_multipart=False)


def test_folded_fields_are_one_line() -> None:
    block = read(b"Subject: one\r\n two\r\n\tthree\r\nTo: a@b\r\n\r\nbody")

    assert block.fields == [("Subject", "one two three"), ("To", "a@b")]
    assert block.body_start == len(
        b"Subject: one\r\n two\r\n\tthree\r\nTo: a@b\r\n\r\n"
    )


def test_a_line_that_is_no_field_does_not_hide_those_below() -> None:
    block = read(b"Subject: one\nstray words\nTo: a@b\n\nbody")

    assert block.fields == [("Subject", "one"), ("To", "a@b")]


def test_a_body_without_its_empty_line_is_body() -> None:
    data = b"Subject: one\nHello there\nhow are you?\n\nBye"

    block = read(data)

    assert block.fields == [("Subject", "one")]
    assert data[block.body_start :] == b"Hello there\nhow are you?\n\nBye"


def test_more_fields_than_anyone_writes_are_left_out() -> None:
    block = read(b"X: 1\n" * 3000 + b"\nbody")

    assert len(block.fields) == parse_headers.MAX_FIELDS
    assert block.problems


def test_an_endless_header_still_has_its_body() -> None:
    data = b"Subject: " + b"x" * 400_000 + b"\n\nbody"

    block = read(data)

    assert len(block.first("subject")) <= parse_headers.MAX_HEADER_BYTES
    assert data[block.body_start :] == b"body"


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "koi8-r", "iso-2022-jp"])
def test_raw_8_bit_values_have_the_charset_of_the_letter(charset: str) -> None:
    text = {"koi8-r": "Заказ", "iso-2022-jp": "注文"}.get(charset, "Größe")
    head = f"Subject: {text}\nContent-Type: text/plain; charset={charset}\n\n"

    assert read(head.encode(charset)).first("subject") == text


pieces = st.lists(
    st.sampled_from(
        [
            b"From x@a.example Mon\n",
            b"\n",
            b"\r\n",
            b"\r",
            b"Subject: Gr\xfc\xdfe\r\n",
            b"X-Priority: =?utf-8?q?1?=\r\n",
            b"Content-Type: multipart/mixed; boundary=b\n",
            b"--b\n",
            b" folded\n",
            b"no field at all\n",
            "Grüße aus Köln\n".encode(),
            b"\xef\xbb\xbf",
        ]
    ),
    max_size=12,
).map(b"".join)


@given(pieces)
def test_headers_alone_are_those_of_the_whole_letter(raw: bytes) -> None:
    assert parse.parse_headers(raw) == parse.parse_letter(raw).headers
