"""Responses as servers write them, well and badly."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.imap import parser
from letterbox.imap.errors import Garbled
from letterbox.imap.framing import Framer, Limits, Spool
from letterbox.imap.responses import (
    Code,
    Continuation,
    Exists,
    Expunged,
    Fetched,
    FolderListing,
    FolderStatus,
    Found,
    Identity,
    Kind,
    Namespace,
    Namespaces,
    Other,
    Response,
    StatusResponse,
    Unreadable,
    Vanished,
)
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName

# One of everything, with literals where they hurt.
CONVERSATION = (
    b"* OK [CAPABILITY IMAP4rev1 IDLE] ready {5}\r\n"
    b"* CAPABILITY IMAP4rev1 QRESYNC\r\n"
    b'* LIST (\\HasNoChildren \\Sent) "/" {4}\r\nS\r\nt\r\n'
    b'* LIST () NIL "a \\"quoted\\" name"\r\n'
    b'* STATUS "x" (MESSAGES 3 UIDNEXT 0 HIGHESTMODSEQ 9 MAILBOXID (ab))\r\n'
    b"* 12 FETCH (FLAGS (\\seen $Label) UID 7 BODY[] {6+}\r\na\r\n)\r\n MODSEQ (5)"
    b' INTERNALDATE "02-Oct-2016 17:28:25 -0430" BODY[HEADER.FIELDS (TO X)] ""'
    b" RFC822.SIZE 6)\r\n"
    b"* VANISHED (EARLIER) 1:3,9\r\n"
    b"* SEARCH 4 2 3 (MODSEQ 77)\r\n"
    b'* ESEARCH (TAG "A1") UID ALL 2:4 MODSEQ 77\r\n'
    b"+ go on {3}\r\n"
    b"A1 NO [OVERQUOTA] too much {9}\r\n"
)


def read(data: bytes, *, pieces: int = 1 << 30) -> list[Response]:
    framer = Framer()
    responses: list[Response] = []
    for start in range(0, len(data), pieces):
        framer.feed(data[start : start + pieces])
        responses += parser.responses_in(framer)
    return responses


def test_a_conversation_is_read_into_values() -> None:
    responses = read(CONVERSATION)

    assert responses[0] == StatusResponse(
        Kind.OK, "ready {5}", Code("CAPABILITY", ("IMAP4rev1", "IDLE"))
    )
    assert responses[2:6] == [
        FolderListing(WireName("S\r\nt"), "S\r\nt", "/", ("\\HasNoChildren", "\\Sent")),
        FolderListing(WireName('a "quoted" name'), 'a "quoted" name', None),
        FolderStatus(WireName("x"), messages=3, highest_mod_seq=9),
        Fetched(
            sequence=12,
            uid=7,
            flags=frozenset({"\\Seen", "$Label"}),
            internal_date=datetime(
                2016, 10, 2, 17, 28, 25, tzinfo=timezone(-timedelta(hours=4.5))
            ),
            size=6,
            mod_seq=5,
            body=b"a\r\n)\r\n",
            others={"BODY[HEADER.FIELDS (TO X)]": b""},
        ),
    ]
    assert responses[6:] == [
        Vanished(UidSet.of([1, 2, 3, 9]), earlier=True),
        Found(UidSet.of([2, 3, 4]), 3, 77),
        Found(UidSet.of([2, 3, 4]), 3, 77, "A1"),
        Continuation("go on {3}"),
        StatusResponse(Kind.NO, "too much {9}", Code("OVERQUOTA"), "A1"),
    ]


@pytest.mark.parametrize("pieces", [*range(1, 40), 200])
def test_it_does_not_matter_how_the_bytes_arrive(pieces: int) -> None:
    assert read(CONVERSATION, pieces=pieces) == read(CONVERSATION)


@given(st.lists(st.integers(0, len(CONVERSATION)), max_size=12))
def test_it_does_not_matter_where_the_bytes_are_cut(cuts: list[int]) -> None:
    framer = Framer()
    responses: list[Response] = []
    places = [0, *sorted(cuts), len(CONVERSATION)]
    for start, end in pairwise(places):
        framer.feed(CONVERSATION[start:end])
        responses += parser.responses_in(framer)

    assert responses == read(CONVERSATION)
    assert framer.is_empty


def test_line_ends_may_lack_their_carriage_return() -> None:
    assert read(b"* 3 EXISTS\n* 2 EXPUNGE\r\n") == [Exists(3), Expunged(2)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # Exchange forgets that a code comes in a status.
        (b"[COPYUID 55 31 6]", StatusResponse(Kind.OK, "", Code("COPYUID", ("55", "31", "6")))),
        # Gmail sends the code without any words.
        (b"* OK [HIGHESTMODSEQ 9]", StatusResponse(Kind.OK, "", Code("HIGHESTMODSEQ", ("9",)))),
        # Dovecot puts parentheses into its words.
        (b"* OK [MODIFIED 3] No (0.1).", StatusResponse(Kind.OK, "No (0.1).", Code("MODIFIED", ("3",)))),
        (b"* OK [PERMANENTFLAGS (a] b)] x", StatusResponse(Kind.OK, "x", Code("PERMANENTFLAGS", (["a]", "b"],)))),
        # Words that only look like a code.
        (b"* OK [half a code", StatusResponse(Kind.OK, "[half a code")),
        (b"* BYE", StatusResponse(Kind.BYE, "")),
        # Yandex leaves out what it does not have.
        (b"* 1 FETCH (UID 3 BODY[2] )", Fetched(1, 3, others={"BODY[2]": None})),
        (b"* 1 FETCH (BODY[] UID 3)", Fetched(1, 3)),
        (b"* 1 FETCH (UID 0 FLAGS NIL)", Fetched(1, flags=frozenset())),
        (b"* 1 FETCH", Fetched(1)),
        (b'* 1 FETCH (UID 3 ENVELOPE ("open', Fetched(1, 3, others={"ENVELOPE": [b"open"]})),
        (b"* List (\\NoSelect) \"/\" inbox", FolderListing(WireName("INBOX"), "INBOX", "/", ("\\NoSelect",))),
        (b'* LIST () "" NIL', FolderListing(WireName("NIL"), "NIL", None)),
        (b"* LIST nonsense", Other("LIST", ("nonsense",))),
        (b"* STATUS two words (MESSAGES 1)", FolderStatus(WireName("two words"), 1)),
        (b"* ESEARCH (TAG x) UID", Found(UidSet(), 0, None, "x")),
        (b"* SEARCH", Found(UidSet(), 0)),
        (b"* SEARCH 1 x", Other("SEARCH", ("1", "x"))),
        (b"* VANISHED 1:*", Other("VANISHED", ("1:*",))),
        (b'* ID ("NAME" "GImap" "x" NIL)', Identity({"name": "GImap", "x": ""})),
        (b"* ID NIL", Identity({})),
        (
            b'* NAMESPACE (("" "/")("#news." ".")) NIL',
            Namespaces((Namespace(WireName(""), "/"), Namespace(WireName("#news."), "."))),
        ),
        (b"* 99999999999 EXISTS", Other("99999999999", ("EXISTS",))),
        (b"hello", Unreadable(b"hello")),
        (b"", Unreadable(b"")),
    ],
)  # fmt: skip
def test_odd_lines_are_read_as_they_are_meant(line: bytes, expected: Response) -> None:
    assert read(line + b"\r\n") == [expected]


@given(st.binary(max_size=400))
def test_whatever_a_server_sends_it_is_read_or_refused(noise: bytes) -> None:
    for start in (b"", b"* ", b"* 1 FETCH (", b"* LIST (", b"* OK [", b"* ESEARCH "):
        try:
            responses = read(start + noise + b"\r\n")
        except Garbled:
            continue
        assert all(not isinstance(one, Exception) for one in responses)


def test_internal_dates_know_their_zone() -> None:
    (fetched,) = read(b'* 1 FETCH (INTERNALDATE " 2-jan-2020 01:02:03 +0000")\r\n')

    assert isinstance(fetched, Fetched)
    assert fetched.internal_date == datetime(2020, 1, 2, 1, 2, 3, tzinfo=UTC)


def test_parentheses_without_end_are_cut_and_cost_nothing() -> None:
    (fetched,) = read(b"* 1 FETCH (X " + b"(" * 1_000_000 + b"\r\n")

    assert isinstance(fetched, Fetched)
    assert "X" in fetched.others


LIMITS = Limits(
    text_bytes=1000, literal_bytes=100, memory_bytes=50, beginning_bytes=10, literals=3
)


def take_all(data: bytes, pieces: int) -> list[Response]:
    framer = Framer(LIMITS)
    responses: list[Response] = []
    for start in range(0, len(data), pieces):
        framer.feed(data[start : start + pieces])
        responses += parser.responses_in(framer)
    return responses


@pytest.mark.parametrize("pieces", [1, 7, 1000])
@pytest.mark.parametrize(
    "data",
    [
        b"* OK " + b"x" * 2000,
        b"* 1 FETCH (X {401}\r\n",
        b"* 1 FETCH (X {99999999999999999999}\r\n",
        b"* 1 FETCH (" + b"X {1}\r\na" * 9,
        b"* 1 FETCH (" + b"XXXXXXXX {1}\r\na" * 100,
    ],
)
def test_a_server_without_measure_is_refused(data: bytes, pieces: int) -> None:
    with pytest.raises(Garbled):
        take_all(data, pieces)


@pytest.mark.parametrize("pieces", [1, 7, 64, 1000])
def test_a_large_literal_goes_to_a_file(pieces: int) -> None:
    body = bytes(range(60))

    (fetched,) = take_all(b"* 1 FETCH (BODY[] {60}\r\n" + body + b")\r\n", pieces)

    assert isinstance(fetched, Fetched)
    assert isinstance(fetched.body, Spool)
    assert fetched.body.is_complete
    assert fetched.body.read() == body
    assert b"".join(fetched.body.chunks(7)) == body


@pytest.mark.parametrize("pieces", [1, 7, 64, 1000])
def test_of_a_literal_over_the_limit_only_the_beginning_is_kept(pieces: int) -> None:
    body = bytes(range(200))
    data = b"* 1 FETCH (BODY[] {200}\r\n" + body + b" UID 4)\r\n* 1 EXISTS\r\n"

    fetched, after = take_all(data, pieces)

    assert isinstance(fetched, Fetched)
    assert isinstance(fetched.body, Spool)
    assert not fetched.body.is_complete
    assert (fetched.uid, fetched.body.size) == (4, 200)
    assert fetched.body.read() == body[:10]
    assert after == Exists(1)
