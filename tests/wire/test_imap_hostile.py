"""Servers that lie, babble, fall silent or hang up: the session ends cleanly."""

from __future__ import annotations

import random
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress

import pytest

from letterbox.imap import sessions
from letterbox.imap.errors import (
    ConnectionLost,
    EncryptionFailed,
    Garbled,
    ImapError,
    LoginRefused,
    NotImap,
    Refused,
    SaidGoodbye,
    Throttled,
    TimedOut,
    Unsupported,
)
from letterbox.imap.framing import Limits
from letterbox.imap.sessions import Encryption, Server, Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.imap.values import (
    AbsentLetter,
    AccessToken,
    FetchedLetter,
    FetchOutcome,
    Password,
    RefusedLetter,
)
from tests.wire.scripted import HANG, HANG_UP, ScriptedServer, Talk

LETTERS = {1: b"Subject: one\r\n\r\n1\r\n", 2: b"two", 5: b"", 9: b"x" * 300}
LIMITS = Limits(text_bytes=100_000, literal_bytes=10_000, memory_bytes=1_000)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(letters=dict(LETTERS)) as server:
        yield server


def connect(
    server: ScriptedServer, encryption: Encryption = Encryption.NONE
) -> Session:
    return sessions.connect(
        Server(server.host, server.port, encryption, timeout_seconds=0.5),
        limits=LIMITS,
    )


def opened(server: ScriptedServer) -> Session:
    session = connect(server)
    try:
        session.log_in(Password("alice", "secret"))
        session.select(INBOX)
    except BaseException:
        session.close()
        raise
    return session


def take_letters(server: ScriptedServer, into: list[FetchOutcome]) -> None:
    with opened(server) as session:
        into.extend(session.fetch_letters(session.search("ALL"), batch=2))


def test_the_server_is_an_ordinary_one_if_left_alone(server: ScriptedServer) -> None:
    outcomes: list[FetchOutcome] = []

    take_letters(server, outcomes)

    assert {
        one.uid: one.raw for one in outcomes if isinstance(one, FetchedLetter)
    } == LETTERS


def test_a_connection_cut_at_any_byte_ends_cleanly(server: ScriptedServer) -> None:
    take_letters(server, [])
    whole = server.sent

    for cut in range(whole - 30):
        server.sent, server.cut_after = 0, cut
        outcomes: list[FetchOutcome] = []
        with pytest.raises(ImapError) as caught:
            take_letters(server, outcomes)
        assert isinstance(caught.value, ConnectionLost), cut
        for one in outcomes:
            assert isinstance(one, FetchedLetter)
            assert one.raw == LETTERS[one.uid]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HANG, TimedOut),
        (HANG_UP, ConnectionLost),
        (b"* BYE going down\r\n" + HANG_UP, SaidGoodbye),
        (b"* BYE Too many connections\r\n" + HANG_UP, Throttled),
        (b"\x16\x03\x01\x00\x00garbage\r\n", Garbled),
        (b"* OK " + b"x" * 200_000, Garbled),
        (b"* 1 FETCH (UID 1 BODY[] {99999999}\r\n", Garbled),
        (b"* 1 FETCH (UID 1 BODY[] {30}\r\nshort" + HANG, TimedOut),
        (b"* 1 FETCH (UID 1 BODY[] {30}\r\nshort" + HANG_UP, ConnectionLost),
        # A literal that is longer than announced.
        (b"* 1 FETCH (UID 1 BODY[] {2}\r\nlonger\r\nand longer)\r\n", Garbled),
        # Another letter than those that were asked for.
        (b"* 1 FETCH (UID 77 BODY[] {1}\r\nx)\r\n{tag} OK\r\n", Garbled),
        (b"ZZ9 OK done\r\n", Garbled),
        (b"{tag} BAD User is authenticated but not connected.\r\n", Throttled),
        (b"{tag} NO [LIMIT] UID FETCH Rate limit hit.\r\n", Throttled),
        (b"{tag} NO [THROTTLED] slow down\r\n", Throttled),
        (b"{tag} NO [OVERQUOTA] Account exceeded bandwidth limits\r\n", Throttled),
        (b"{tag} NO [UNAVAILABLE] Server error\r\n" * 1, None),
    ],
)
def test_a_bad_answer_to_fetch_is_an_error_that_decides(
    server: ScriptedServer, answer: bytes, error: type[ImapError] | None
) -> None:
    server.answers["UID FETCH"] = answer
    session = opened(server)

    if error is None:
        outcomes = list(session.fetch_letters(UidSet.of(LETTERS)))
        assert {type(one) for one in outcomes} == {RefusedLetter}
    else:
        with pytest.raises(error):
            list(session.fetch_letters(UidSet.of(LETTERS)))
        # After a NO the session is fine, after anything else it is closed.
        assert session.is_open == (b"{tag} NO" in answer or b"{tag} BAD" in answer)
    session.close()


def test_one_bad_letter_does_not_hide_its_neighbours(server: ScriptedServer) -> None:
    server.letters = {uid: b"letter %d" % uid for uid in range(1, 101)}
    bad = {13, 14, 77}

    def fetch(talk: Talk, tag: str, argument: str) -> bytes:
        said = b""
        for uid in server.asked(argument.partition(" ")[0]):
            if uid in bad:
                return said + b"{tag} NO [UNAVAILABLE] UID FETCH Server error\r\n"
            said += server.letter(uid)
        return said + b"{tag} OK done\r\n"

    server.answers["UID FETCH"] = fetch

    with opened(server) as session:
        outcomes = list(session.fetch_letters(UidSet.span(1, 100)))

    assert sorted(one.uid for one in outcomes) == list(range(1, 101))
    assert {one.uid for one in outcomes if isinstance(one, RefusedLetter)} == bad
    fetches = [line for line in server.heard if "UID FETCH" in line]
    assert len(fetches) < 40


def test_a_server_that_refuses_every_letter_is_left_alone(
    server: ScriptedServer,
) -> None:
    server.letters = dict.fromkeys(range(1, 1001), b"")
    server.answers["UID FETCH"] = b"{tag} NO Backend error\r\n"
    session = opened(server)

    with pytest.raises(Refused):
        list(session.fetch_letters(UidSet.span(1, 1000)))

    assert len(server.heard) < 100
    session.close()


def test_flag_updates_in_between_are_no_letters(server: ScriptedServer) -> None:
    def fetch(talk: Talk, tag: str, argument: str) -> bytes:
        return (
            b"* 1 FETCH (FLAGS (\\Seen))\r\n"
            b"* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n"
            + server.letter(1)
            + server.letter(1)
            + b"* 9 FETCH (UID 4711 FLAGS ())\r\n"
            b"* 5 EXISTS\r\n{tag} OK done\r\n"
        )

    server.answers["UID FETCH"] = fetch
    with opened(server) as session:
        outcomes = list(session.fetch_letters(UidSet.of([1, 2])))
        news = session.noop()

    assert [type(one) for one in outcomes] == [FetchedLetter, AbsentLetter]
    assert len(news) == 4


def test_what_nobody_said_is_not_taken_for_an_empty_folder(
    server: ScriptedServer,
) -> None:
    server.answers["UID SEARCH"] = b"{tag} OK done\r\n"

    with opened(server) as session, pytest.raises(Garbled):
        session.search("ALL")


@pytest.mark.parametrize("validity", [b"[UIDVALIDITY 0]", b"[UNSEEN 1]"])
def test_a_folder_without_uidvalidity_says_so(
    server: ScriptedServer, validity: bytes
) -> None:
    server.answers["SELECT"] = (
        b"* 4294967295 EXISTS\r\n* OK %s\r\n* OK [UIDNEXT 0]\r\n{tag} OK\r\n" % validity
    )

    with opened(server) as session:
        assert session.selected
        assert session.selected.uid_validity is None
        assert session.selected.uid_next is None


def test_endless_chatter_ends_with_the_patience(server: ScriptedServer) -> None:
    server.answers["NOOP"] = b"* OK still here\r\n" * 50 + HANG

    session = opened(server)
    with pytest.raises(TimedOut):
        session.noop()
    assert not session.is_open


def test_an_oversized_letter_brings_its_beginning_only(server: ScriptedServer) -> None:
    server.letters = {1: b"Subject: big\r\n\r\n" + b"x" * 20_000, 2: b"small"}

    with opened(server) as session:
        big, small = session.fetch_letters(UidSet.of([1, 2]))

    assert isinstance(big, FetchedLetter)
    assert isinstance(small, FetchedLetter)
    assert (big.is_complete, small.is_complete) == (False, True)
    assert big.size == 20_016
    assert big.raw.startswith(b"Subject: big\r\n\r\nxxx")


def test_login_refusals_and_throttling_are_told_apart(server: ScriptedServer) -> None:
    cases = {
        b"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n": LoginRefused,
        b"{tag} NO Temporary authentication failure\r\n": Throttled,
        b"{tag} NO [LIMIT] Maximum number of connections exceeded\r\n": Throttled,
        b"{tag} NO [UNAVAILABLE] try later\r\n": Throttled,
        b"{tag} NO [ALERT] Too many simultaneous connections. (Failure)\r\n": Throttled,
        b"{tag} NO [ALERT] Application-specific password required\r\n": LoginRefused,
        b"* BYE [UNAVAILABLE] down\r\n" + HANG_UP: Throttled,
    }
    for answer, error in cases.items():
        server.answers["AUTHENTICATE"] = answer
        session = connect(server)
        with pytest.raises(error) as caught:
            session.log_in(Password("alice", "secret"))
        assert type(caught.value) is error
        assert "secret" not in str(caught.value)
        session.close()


def test_a_refused_token_brings_the_reason(server: ScriptedServer) -> None:
    def authenticate(talk: Talk, tag: str, argument: str) -> bytes:
        talk.send(b"+ " + b64encode(b'{"status":"401"}') + b"\r\n")
        talk.read_line()
        return b"{tag} NO SASL authentication failed\r\n"

    server.answers["AUTHENTICATE"] = authenticate
    server.greeting = b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hi\r\n"
    session = connect(server)

    with pytest.raises(LoginRefused) as caught:
        session.log_in(AccessToken("alice", "ya29.token"))

    assert "401" in caught.value.server_words
    assert server.heard[0].startswith("A1 AUTHENTICATE XOAUTH2 ")
    session.close()


def test_without_starttls_nothing_is_sent(server: ScriptedServer) -> None:
    server.answers["STARTTLS"] = b"{tag} BAD what?\r\n"

    with pytest.raises(EncryptionFailed):
        connect(server, Encryption.STARTTLS)

    assert server.heard_commands() == ["STARTTLS"]


def test_words_slipped_in_before_encryption_are_refused(
    server: ScriptedServer,
) -> None:
    server.answers["STARTTLS"] = b"{tag} OK go\r\n* CAPABILITY IMAP4rev1 EVIL\r\n"

    with pytest.raises((Garbled, EncryptionFailed)):
        connect(server, Encryption.STARTTLS)


def test_a_greeting_that_skips_encryption_is_refused(server: ScriptedServer) -> None:
    server.greeting = b"* PREAUTH welcome\r\n"

    with pytest.raises(EncryptionFailed):
        connect(server, Encryption.STARTTLS)

    assert server.heard == []


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        (b"220 mail.example.org ESMTP\r\n", NotImap),
        (b"HTTP/1.1 400 Bad Request\r\n", NotImap),
        (b"* BYE Too many connections from your address\r\n", Throttled),
        (b"* BYE closed\r\n", SaidGoodbye),
        (b"* OK [CAPABILITY IMAP2]\r\n", NotImap),
        (HANG_UP, ConnectionLost),
        (HANG, TimedOut),
        (b"x" * 200_000, Garbled),
    ],
)
def test_odd_greetings_have_their_errors(
    server: ScriptedServer, greeting: bytes, error: type[ImapError]
) -> None:
    server.greeting = greeting

    with pytest.raises(error):
        connect(server)


def test_a_password_is_not_sent_where_logins_are_disabled(
    server: ScriptedServer,
) -> None:
    server.greeting = b"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS] hi\r\n"
    session = connect(server)

    with pytest.raises(LoginRefused, match="encryption"):
        session.log_in(Password("alice", "secret"))

    assert server.heard == []
    session.close()


def test_utf8_servers_are_told_the_same_names(server: ScriptedServer) -> None:
    server.capabilities += " ENABLE UTF8=ACCEPT"
    server.answers["LIST"] = '* LIST () "/" "Büro & Co"\r\n{tag} OK\r\n'.encode()
    session = connect(server)
    session.log_in(Password("alice", "secret"), utf8=True)

    (listing,) = session.list_folders()
    session.examine(listing.wire_name)

    assert (listing.name, listing.wire_name) == ("Büro & Co", "B&APw-ro &- Co")
    assert 'EXAMINE "Büro & Co"' in server.heard_commands()
    session.close()


def test_a_compression_bomb_is_no_memory(server: ScriptedServer) -> None:
    server.capabilities += " COMPRESS=DEFLATE"
    packer = zlib.compressobj(9, wbits=-15)
    bomb = packer.compress(b"x" * 100_000_000) + packer.flush(zlib.Z_SYNC_FLUSH)

    def compress(talk: Talk, tag: str, argument: str) -> bytes:
        talk.send(f"{tag} OK on\r\n".encode())
        # Whatever is asked next.
        talk.read_bytes(1)
        return bomb

    server.answers["COMPRESS"] = compress
    session = connect(server)
    session.log_in(Password("alice", "secret"), compress=True)

    with pytest.raises(Garbled):
        session.noop()

    assert not session.is_open


def test_copies_that_make_no_sense_are_not_believed(server: ScriptedServer) -> None:
    with opened(server) as session:
        server.answers["UID MOVE"] = b"{tag} OK [COPYUID 9 1:2 7:4294967295] done\r\n"
        assert session.move(UidSet.of([1, 2]), WireName("Old")).uids == {}
        server.answers["UID MOVE"] = b"* OK [COPYUID 9 1:2 8,7]\r\n{tag} OK done\r\n"
        copied = session.move(UidSet.of([1, 2]), WireName("Old"))

    # RFC 4315 section 3: the sets are in order, 7:8 for us.
    assert (copied.uid_validity, copied.uids) == (9, {1: 8, 2: 7})


def test_a_server_without_tokens_is_not_sent_one(server: ScriptedServer) -> None:
    session = connect(server)

    with pytest.raises(Unsupported):
        session.log_in(AccessToken("alice", "token"))

    assert server.heard == []
    session.close()


def test_a_server_that_does_not_know_its_own_list_is_asked_simply(
    server: ScriptedServer,
) -> None:
    server.capabilities += " LIST-EXTENDED LIST-STATUS SPECIAL-USE"
    plain = b'* LIST (\\Sent) "/" Post\r\n{tag} OK\r\n'
    server.answers["LIST"] = lambda talk, tag, argument: (
        b"{tag} BAD syntax\r\n" if "RETURN" in argument else plain
    )

    with opened(server) as session:
        listings, statuses = session.list_folders_with_status()

    assert [listing.name for listing in listings] == ["Post"]
    assert list(statuses) == [INBOX]


def test_a_letter_may_come_without_its_flags(
    server: ScriptedServer,
) -> None:
    server.answers["UID FETCH"] = b"* 1 FETCH (UID 1 BODY[] {1}\r\nx)\r\n{tag} OK\r\n"

    with opened(server) as session:
        (letter,) = session.fetch_letters(UidSet.of([1]))

    assert isinstance(letter, FetchedLetter)
    assert (letter.raw, letter.flags) == (b"x", frozenset())


def test_nobody_downloads_four_billion_letters(server: ScriptedServer) -> None:
    with opened(server) as session, pytest.raises(ValueError, match="fewer"):
        next(session.fetch_letters(UidSet.span(1)))


@pytest.mark.parametrize("seed", range(60))
def test_noise_on_the_line_ends_in_an_error_of_ours(
    server: ScriptedServer, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311

    def noisy(talk: Talk, tag: str, argument: str) -> bytes:
        said = bytearray(b"".join(server.letter(uid) for uid in LETTERS))
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(said))
            said[place : place + chance.randint(0, 3)] = chance.choice(
                [b"", b"{", b")", b"\r\n", b'"', b"9", b"\x00", b"(", b"\xff", b"* "]
            )
        return bytes(said) + f"{tag} OK\r\n".encode() + HANG_UP

    server.answers["UID FETCH"] = noisy
    session = opened(server)

    outcomes: list[FetchOutcome] = []
    with suppress(ImapError):
        outcomes.extend(session.fetch_letters(UidSet.of(LETTERS)))

    assert {one.uid for one in outcomes} <= set(LETTERS)
    session.close()


def test_plain_expunge_is_never_said(server: ScriptedServer) -> None:
    server.capabilities = "IMAP4rev1"
    server.greeting = b"* OK ready\r\n"

    with opened(server) as session:
        session.move(UidSet.of([1, 2]), WireName("Old"))

    commands = server.heard_commands()
    assert 'UID COPY 1:2 "Old"' in commands
    assert "UID STORE 1:2 +FLAGS.SILENT (\\Deleted)" in commands
    assert not any("EXPUNGE" in command or "CLOSE" in command for command in commands)
