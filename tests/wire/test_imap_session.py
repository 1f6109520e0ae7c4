"""A session with a real Dovecot: connect, log in, list, fetch, watch."""

import os
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from letterbox.imap import sessions
from letterbox.imap.errors import (
    CertificateRefused,
    HostUnknown,
    LoginRefused,
    NotImap,
    PortClosed,
    Refused,
    SessionClosed,
    TimedOut,
)
from letterbox.imap.folder_names import FolderRole
from letterbox.imap.folders import roles_of
from letterbox.imap.responses import Exists
from letterbox.imap.sessions import Encryption, Server, Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX, WireName, encode
from letterbox.imap.values import FetchedLetter, Password
from tests.wire.dovecot import Dovecot
from tests.wire.logins import connect

LETTER = b"From: carol@example.org\r\nSubject: Where is it?\r\n\r\nHello.\r\n"


@pytest.fixture
def session(dovecot: Dovecot, alice: str) -> Iterator[Session]:
    with connect(dovecot, alice) as session:
        yield session


@pytest.mark.parametrize("encryption", Encryption)
def test_alice_logs_in_with_every_encryption(
    dovecot: Dovecot, alice: str, encryption: Encryption
) -> None:
    is_tls = encryption is Encryption.TLS
    port = dovecot.imaps_port if is_tls else dovecot.imap_port
    server = Server("localhost", port, encryption)

    with sessions.connect(server, tls=dovecot.trust()) as session:
        session.log_in(Password(alice, "secret"))

        assert session.capabilities.has("IDLE")
        assert session.enabled == {"CONDSTORE", "QRESYNC"}
        assert session.identity
        assert session.identity.fields["name"] == "Dovecot"


@pytest.mark.parametrize("encryption", [Encryption.TLS, Encryption.STARTTLS])
def test_a_server_that_cannot_prove_its_name_gets_no_password(
    dovecot: Dovecot, encryption: Encryption
) -> None:
    is_tls = encryption is Encryption.TLS
    port = dovecot.imaps_port if is_tls else dovecot.imap_port

    with pytest.raises(CertificateRefused) as caught:
        sessions.connect(Server(dovecot.host, port, encryption))

    assert "certificate" in caught.value.server_words
    with pytest.raises(CertificateRefused, match="not valid for"):
        # The same address by a name that is not in the certificate.
        sessions.connect(Server("127.1", port, encryption), tls=dovecot.trust())


def test_a_wrong_password_is_refused_in_the_servers_words(
    dovecot: Dovecot, alice: str
) -> None:
    server = Server(dovecot.host, dovecot.imap_port, Encryption.NONE)
    session = sessions.connect(server)

    with pytest.raises(LoginRefused) as caught:
        session.log_in(Password(alice, "wrong-secret"))

    assert "Authentication failed" in caught.value.server_words
    assert "wrong-secret" not in repr(caught.value)
    session.close()


def test_places_without_a_server_are_told_apart(dovecot: Dovecot) -> None:
    with pytest.raises(HostUnknown):
        sessions.connect(Server("nobody.invalid", 993))
    with socket.create_server((dovecot.host, 0)) as nobody:
        port = nobody.getsockname()[1]
    with pytest.raises(PortClosed):
        sessions.connect(Server(dovecot.host, port))
    with pytest.raises(NotImap):
        # LMTP greets with 220.
        sessions.connect(Server(dovecot.host, dovecot.lmtp_port, Encryption.NONE))


def test_a_server_that_says_nothing_is_given_up(dovecot: Dovecot) -> None:
    with socket.create_server((dovecot.host, 0)) as silent:
        server = Server(dovecot.host, silent.getsockname()[1], Encryption.NONE, 0.2)

        with pytest.raises(TimedOut):
            sessions.connect(server)


def test_folders_come_with_roles_and_states(dovecot: Dovecot, session: Session) -> None:
    session.create_folder(encode("Büro & Co"))

    listings, statuses = session.list_folders_with_status()

    assert roles_of(listings)[WireName("Sent")] is FolderRole.SENT
    assert "Büro & Co" in [listing.name for listing in listings]
    assert statuses[INBOX].messages == 0
    assert set(statuses) == {listing.wire_name for listing in listings}
    assert session.statuses([INBOX, WireName("Nowhere")])[INBOX] == statuses[INBOX]
    assert session.namespaces().personal[0].delimiter == "/"


def test_a_delivered_letter_is_fetched_byte_for_byte(
    dovecot: Dovecot, alice: str, session: Session
) -> None:
    dovecot.deliver(alice, LETTER)

    folder = session.examine(INBOX)
    (letter,) = session.fetch_letters(session.search("ALL"))

    assert (folder.exists, folder.uid_next) == (1, 2)
    assert isinstance(letter, FetchedLetter)
    assert letter.raw.endswith(LETTER)
    assert letter.internal_date is not None
    # Looking does not make it read.
    assert letter.flags == frozenset()
    (state,) = session.fetch_states(UidSet.of([1]))
    assert (state.flags, state.size) == (frozenset(), letter.size)


def test_an_appended_letter_keeps_flags_and_date(session: Session) -> None:
    moment = datetime(2020, 2, 29, 12, 30, tzinfo=UTC)
    raw = LETTER + b"\x00 and \xff"[1:] * 10

    appended = session.append(
        WireName("Sent"), raw, flags=frozenset({"\\Seen"}), internal_date=moment
    )

    session.select(WireName("Sent"))
    assert appended.uid
    (letter,) = session.fetch_letters(UidSet.of([appended.uid]))
    assert isinstance(letter, FetchedLetter)
    assert letter.raw == raw
    assert letter.flags == frozenset({"\\Seen"})
    assert letter.internal_date == moment


def test_a_letter_that_is_not_there_is_accounted_for(session: Session) -> None:
    session.append(INBOX, LETTER)
    session.select(INBOX)

    outcomes = list(session.fetch_letters(UidSet.of([1, 5, 6])))

    assert [(type(one).__name__, one.uid) for one in outcomes] == [
        ("FetchedLetter", 1),
        ("AbsentLetter", 5),
        ("AbsentLetter", 6),
    ]


def test_idle_tells_of_a_delivery(
    dovecot: Dovecot, alice: str, session: Session
) -> None:
    session.examine(INBOX)
    thread = threading.Timer(0.1, dovecot.deliver, (alice, LETTER))
    thread.start()

    news = session.idle(10)

    thread.join()
    assert Exists(1) in news
    assert len(session.search("ALL")) == 1


def test_idle_ends_when_time_is_up_or_somebody_rings(session: Session) -> None:
    ear, bell = os.pipe()
    session.examine(INBOX)

    assert session.idle(0.05) == []
    os.write(bell, b"!")
    assert session.idle(60, wake=ear) == []
    assert session.noop() == []
    os.close(ear)
    os.close(bell)


def test_idling_over_tls_outlasts_the_servers_timeout(
    dovecot: Dovecot, alice: str
) -> None:
    # After the handshake the socket is readable, though nothing in it is for us.
    server = Server("localhost", dovecot.imaps_port, timeout_seconds=0.3)

    with sessions.connect(server, tls=dovecot.trust()) as session:
        session.log_in(Password(alice, "secret"))
        session.examine(INBOX)
        assert session.idle(0.7) == []
        assert session.idle(0.1) == []
        assert session.is_open


def test_a_refusal_leaves_the_session_usable(session: Session) -> None:
    with pytest.raises(Refused) as caught:
        session.examine(WireName("Nowhere"))

    assert caught.value.server_words
    assert session.examine(INBOX).exists == 0


def test_a_session_that_is_over_is_never_used_again(
    dovecot: Dovecot, alice: str
) -> None:
    session = connect(dovecot, alice)
    session.log_out()

    with pytest.raises(SessionClosed):
        session.noop()
    session.log_out()
    session.close()


def test_leaving_a_fetch_half_way_does_not_confuse_the_next(session: Session) -> None:
    for number in range(30):
        session.append(INBOX, LETTER + b"%d" % number)
    session.select(INBOX)
    letters = session.fetch_letters(session.search("ALL"), batch=10)
    next(letters)
    letters.close()

    assert len(session.search("ALL")) == 30
    rest = list(session.fetch_letters(UidSet.of([29, 30]), batch=1))
    assert [one.uid for one in rest] == [29, 30]
    assert session.noop() == []
