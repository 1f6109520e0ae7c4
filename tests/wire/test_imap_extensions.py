"""The extensions that make a pass cheap, on a real Dovecot."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from letterbox.imap import fetching, sessions
from letterbox.imap.errors import (
    ConnectionLost,
    LoginRefused,
    SessionClosed,
    Throttled,
)
from letterbox.imap.responses import FolderStatus
from letterbox.imap.sessions import Encryption, Server, Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.imap.values import (
    AccessToken,
    FetchedLetter,
    KnownState,
    LetterState,
)
from tests.wire.dovecot import Dovecot
from tests.wire.logins import connect

LETTER = b"From: carol@example.org\r\nMessage-ID: <%d@example.org>\r\n\r\nHello.\r\n"
PARTS = (
    b'Content-Type: multipart/mixed; boundary="b"\r\nSubject: parts\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nHello.\r\n"
    b'--b\r\nContent-Type: application/pdf; name="a.pdf"\r\n'
    b"Content-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: attachment; filename="offer.pdf"\r\n\r\nSGVsbG8=\r\n'
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhi\r\n--b--\r\n"
)
ARCHIVE = WireName("Archive")


@pytest.fixture
def session(dovecot: Dovecot, alice: str) -> Iterator[Session]:
    with connect(dovecot, alice) as session:
        for number in range(1, 11):
            session.append(INBOX, LETTER % number)
        session.select(INBOX)
        yield session


def known(session: Session) -> KnownState:
    folder = session.select(INBOX)
    assert folder.uid_validity
    assert folder.highest_mod_seq
    return KnownState(folder.uid_validity, folder.highest_mod_seq)


def test_qresync_tells_all_that_happened_at_once(
    dovecot: Dovecot, alice: str, session: Session
) -> None:
    before = known(session)
    with connect(dovecot, alice) as other:
        other.select(INBOX)
        other.store(UidSet.of([3]), add=frozenset({"\\Seen"}))
        other.delete(UidSet.of([1, 2, 7]))
        other.append(INBOX, LETTER % 11)

    session.unselect()
    folder = session.select(INBOX, known=before)

    assert str(folder.vanished) == "1:2,7"
    assert {state.uid: state.flags for state in folder.changed} == {
        3: frozenset({"\\Seen"}),
        11: frozenset(),
    }
    assert (folder.exists, folder.uid_next) == (8, 12)
    assert folder.highest_mod_seq
    assert folder.highest_mod_seq > before.highest_mod_seq


def test_condstore_tells_changes_while_the_folder_is_open(
    dovecot: Dovecot, alice: str, session: Session
) -> None:
    before = known(session)
    with connect(dovecot, alice) as other:
        other.select(INBOX)
        other.store(UidSet.of([3, 5]), add=frozenset({"\\Flagged"}))
        other.delete(UidSet.of([9]))

    changes = session.fetch_changes(before.highest_mod_seq)

    assert {state.uid for state in changes.changed} == {3, 5}
    assert changes.vanished == UidSet.of([9])


def test_a_flag_is_changed_only_if_nobody_else_was_faster(
    dovecot: Dovecot, alice: str, session: Session
) -> None:
    before = known(session)
    with connect(dovecot, alice) as other:
        other.select(INBOX)
        other.store(UidSet.of([3]), add=frozenset({"\\Flagged"}))

    left_alone = session.store(
        UidSet.of([2, 3]),
        add=frozenset({"\\Seen"}),
        unchanged_since=before.highest_mod_seq,
    )

    assert left_alone == UidSet.of([3])
    second, third = session.fetch_states(UidSet.span(2, 3))
    assert second.flags == frozenset({"\\Seen"})
    assert third.flags == frozenset({"\\Flagged"})
    session.store(UidSet.of([2]), remove=frozenset({"\\Seen"}))
    (state,) = session.fetch_states(UidSet.of([2]))
    assert state.flags == frozenset()


def test_a_move_says_where_the_letters_went(session: Session) -> None:
    moved = session.move(UidSet.of([2, 4]), ARCHIVE)

    assert moved.uids == {2: 1, 4: 2}
    assert session.search("ALL") == UidSet.of([1, 3, 5, 6, 7, 8, 9, 10])
    folder = session.examine(ARCHIVE)
    assert (folder.exists, folder.uid_validity) == (2, moved.uid_validity)


def test_deleting_leaves_alone_what_others_have_marked(session: Session) -> None:
    session.store(UidSet.of([1]), add=frozenset({"\\Deleted"}))

    session.delete(UidSet.of([2]))

    assert session.search("ALL") == UidSet.of([1, *range(3, 11)])


def test_one_command_tells_the_state_of_all_folders(
    dovecot: Dovecot, alice: str, session: Session
) -> None:
    for number in range(30):
        session.create_folder(WireName(f"Folder {number}"))

    listings, at_once = session.list_folders_with_status()
    one_by_one = session.statuses([listing.wire_name for listing in listings])

    assert len(at_once) == 36
    assert at_once == one_by_one
    assert at_once[INBOX].messages == 10


def test_notify_tells_of_folders_that_are_not_open(
    dovecot: Dovecot, alice: str, session: Session
) -> None:
    session.unselect()
    snapshot = session.notify()

    with connect(dovecot, alice) as other:
        other.append(ARCHIVE, LETTER % 1)
        other.select(INBOX)
        other.store(UidSet.of([1]), add=frozenset({"\\Seen"}))
        seen: dict[WireName, FolderStatus] = {}
        while len(seen) < 2:
            for one in session.wait(5):
                if isinstance(one, FolderStatus):
                    seen[one.wire_name] = one

    assert snapshot[INBOX].messages == 10
    assert seen[ARCHIVE].uid_next == 2
    assert seen[INBOX].unseen == 9


def test_compressed_sessions_say_the_same(dovecot: Dovecot, alice: str) -> None:
    body = LETTER % 1 + b"All work and no play. " * 20_000
    with connect(dovecot, alice, compress=True) as session:
        session.append(INBOX, body)
        session.select(INBOX)
        (letter,) = session.fetch_letters(session.search("ALL"))

        assert isinstance(letter, FetchedLetter)
        assert letter.raw == body
        assert session.bytes_received < len(body) / 10


def test_a_large_letter_goes_through_a_file(dovecot: Dovecot, alice: str) -> None:
    body = LETTER % 1 + b"0123456789abcde\n" * 200_000
    dovecot.append(alice, "INBOX", [LETTER % 2, body.replace(b"\r\n", b"\n")])

    with connect(dovecot, alice) as session:
        session.select(INBOX)
        small, large = session.fetch_letters(session.search("ALL"))

    assert isinstance(small, FetchedLetter)
    assert isinstance(large, FetchedLetter)
    assert isinstance(small.body, bytes)
    assert not isinstance(large.body, bytes)
    expected = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert large.size == len(expected)
    assert b"".join(large.chunks()) == expected


def test_a_letter_can_be_looked_at_without_its_weight(session: Session) -> None:
    uid = session.append(INBOX, PARTS).uid
    assert uid

    outline = session.fetch_outline(uid)

    assert outline
    assert outline.header.endswith(b"Subject: parts\r\n\r\n")
    assert outline.size == len(PARTS)
    assert [(part.section, part.content_type, part.name) for part in outline.parts] == [
        ("1", "text/plain", ""),
        ("2", "application/pdf", "offer.pdf"),
        ("3", "message/rfc822", ""),
    ]
    assert outline.parts[1].encoding == "base64"
    assert session.fetch_part(uid, "2") == b"SGVsbG8="
    assert session.fetch_part(uid, "9") in (None, b"")
    assert session.fetch_outline(4711) is None


def test_letters_are_recognised_without_downloading_them(session: Session) -> None:
    before = session.bytes_received

    identities = list(session.fetch_identities(session.search("ALL")))

    assert [one.message_id for one in identities] == [
        f"<{number}@example.org>" for number in range(1, 11)
    ]
    assert {one.size for one in identities} == {len(LETTER % 1), len(LETTER % 10)}
    assert session.bytes_received - before < 3_000


def test_thousands_of_scattered_letters_fit_into_lines(
    dovecot: Dovecot, alice: str
) -> None:
    dovecot.append(alice, "INBOX", [b"x: y\n\n"] * 6_000)
    with connect(dovecot, alice) as session:
        session.select(INBOX)
        odd = UidSet.of(range(1, 6_001, 2))
        assert len(str(odd)) > 14_000

        outcomes = list(session.fetch_letters(odd, batch=3_000))
        states = list(session.fetch_states(odd))

        assert [one.uid for one in outcomes] == list(odd)
        assert {type(one) for one in outcomes} == {FetchedLetter}
        assert [state.uid for state in states] == list(odd)
        assert session.search("UID", str(UidSet.of([3, 4])))


def test_non_ascii_words_can_be_searched(session: Session) -> None:
    session.append(INBOX, b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n\r\n")

    assert session.search("SUBJECT", "Grüße".encode()) == UidSet.of([11])
    assert session.search("HEADER", "Message-ID", b"<3@example.org>") == UidSet.of([3])


def test_a_server_that_dies_ends_the_session() -> None:
    with Dovecot.started() as dovecot:
        dovecot.add_user("alice", "secret")
        session = connect(dovecot, "alice")
        session.select(INBOX)
        session.start_idle()

        dovecot.kill()

        with pytest.raises(ConnectionLost):
            # News of the end may come first.
            [session.wait(5) for _ in range(100)]
        with pytest.raises(SessionClosed):
            session.noop()

        dovecot.start()
        with connect(dovecot, "alice") as again:
            assert again.select(INBOX).exists == 0


def test_too_many_connections_are_no_wrong_password() -> None:
    with Dovecot.started(connections_per_user=1) as dovecot:
        dovecot.add_user("alice", "secret")
        with connect(dovecot, "alice"):
            with pytest.raises(Throttled) as caught:
                connect(dovecot, "alice")
            assert "Maximum number of connections" in caught.value.server_words


def test_letters_are_cut_into_chunks_that_fit_a_transaction() -> None:
    states = [LetterState(uid, size=400) for uid in range(1, 11)]
    states[4] = LetterState(5, size=10_000)

    chunks = list(fetching.chunks(states, most_bytes=1_000, most_letters=3))

    assert [str(chunk) for chunk in chunks] == ["1:2", "3:4", "5", "6:7", "8:9", "10"]


class _Introspection(http.server.BaseHTTPRequestHandler):
    """Says that the token `good-NAME` belongs to NAME (RFC 7662)."""

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        asked = parse_qs(self.rfile.read(length).decode())
        prefix, _, name = asked.get("token", [""])[0].partition("-")
        name = name if prefix == "good" else ""
        said = json.dumps({"active": bool(name), "email": name}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_access_tokens_open_the_door() -> None:
    provider = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Introspection)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{provider.server_port}/introspect"
    try:
        with Dovecot.started(introspection_url=url) as dovecot:
            server = Server(dovecot.host, dovecot.imap_port, Encryption.NONE)
            with sessions.connect(server) as session:
                session.log_in(AccessToken("alice", "good-alice"))
                assert session.select(INBOX).exists == 0
            refused = sessions.connect(server)
            with pytest.raises(LoginRefused) as caught:
                refused.log_in(AccessToken("alice", "stolen"))
            assert "stolen" not in str(caught.value)
            refused.close()
    finally:
        provider.shutdown()
        provider.server_close()
