"""Commands as they go over the wire, and what must never get into one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from letterbox.imap import commands
from letterbox.imap.commands import Literal, Piece


def test_data_is_quoted() -> None:
    pieces = commands.encode("A1", ["LOGIN", b"al ice", b'a"b\\c'])

    assert pieces == [Piece(b'A1 LOGIN "al ice" "a\\"b\\\\c"\r\n')]


def test_data_that_cannot_be_quoted_becomes_a_literal() -> None:
    pieces = commands.encode("A1", ["LOGIN", b"x", "pässwort".encode()])

    assert pieces == [
        Piece(b'A1 LOGIN "x" {9}\r\n', asks=True),
        Piece("pässwort".encode()),
        Piece(b"\r\n"),
    ]


def test_short_literals_do_not_wait_where_the_server_allows() -> None:
    pieces = commands.encode(
        "A1", ["APPEND", b"x", Literal(b"abc"), Literal(b"12345")], unasked_bytes=4
    )

    assert [piece.asks for piece in pieces] == [False, False, True, False, False]
    assert pieces[0].data == b'A1 APPEND "x" {3+}\r\n'


@pytest.mark.parametrize("data", [b"a\r\nA2 DELETE INBOX", b"a\nb", b"a\x00b"])
def test_data_cannot_smuggle_in_a_second_line(data: bytes) -> None:
    pieces = commands.encode("A1", ["SELECT", data])

    assert pieces[0].data.startswith(b"A1 SELECT {")
    assert pieces[1].data == data


@pytest.mark.parametrize("syntax", ["a\r\nb", "a\nb", "ä", "\x7f"])
def test_syntax_with_a_line_end_is_our_own_mistake(syntax: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        commands.encode("A1", ["SEARCH", syntax])


def test_flags_are_checked() -> None:
    assert commands.flag_list(frozenset({"$Label", "\\Seen"})) == "($Label \\Seen)"
    for flag in ("", "a b", "(x", "\\*", "a\r\nb", 'a"', "ä"):
        with pytest.raises(ValueError, match="flag"):
            commands.flag_list([flag])


def test_dates_are_written_with_their_zone() -> None:
    zone = timezone(-timedelta(hours=4, minutes=30))

    moment = datetime(2016, 10, 2, 7, 28, 25, tzinfo=zone)

    assert commands.internal_date(moment) == '"02-Oct-2016 07:28:25 -0430"'
    assert commands.search_date(moment) == "2-Oct-2016"
    with pytest.raises(ValueError, match="zone"):
        commands.internal_date(moment.astimezone(UTC).replace(tzinfo=None))
