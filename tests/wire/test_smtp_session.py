from __future__ import annotations

import base64
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from letterbox.smtp import session
from letterbox.smtp.errors import Deferred, MaybeSent, NeedsMending, NotSent, Refused
from letterbox.smtp.settings import Encryption, Receipt, SmtpSettings
from tests.wire.smtp_servers import DRIP, HANG_UP, SILENCE, OddServer, proper_server

LETTER = b"Subject: Hi\r\n\r\n.Words\r\n"
BOB, EVE = "bob@example.com", "eve@example.com"


def plain(port: int, *, timeout_seconds: float = 5) -> SmtpSettings:
    return SmtpSettings(
        "127.0.0.1",
        port,
        Encryption.NONE,
        timeout_seconds=timeout_seconds,
        final_timeout_seconds=timeout_seconds,
    )


def send(
    settings: SmtpSettings, *recipients: str, raw: bytes = LETTER, sender: str = "a@b.c"
) -> Receipt:
    return session.send(
        settings,
        sender=sender,
        recipients=recipients or (BOB,),
        raw=raw,
        before_body=lambda: None,
    )


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_side(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> Path:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


def test_a_letter_arrives_byte_for_byte() -> None:
    with proper_server() as server:
        receipt = send(plain(server.port), BOB, EVE)

    assert receipt.reply.code == 250
    assert receipt.reply.words == "kept as number 1"
    assert receipt.refused == ()
    [letter] = server.inbox.received
    assert letter.raw == LETTER
    assert letter.sender == "a@b.c"
    assert letter.recipients == [BOB, EVE]


def test_every_line_gets_its_crlf_and_dots_survive() -> None:
    with proper_server() as server:
        send(plain(server.port), raw=b".one\n..two\r.\rthree\r\n.\r\nfour")

    [letter] = server.inbox.received
    assert letter.raw == b".one\r\n..two\r\n.\r\nthree\r\n.\r\nfour\r\n"


def test_a_letter_that_must_not_bounce_has_an_empty_sender() -> None:
    with OddServer({}) as server:
        send(plain(server.port), sender="")

    assert any(line.startswith("MAIL FROM:<> ") for line in server.heard)
    assert server.verbs()[-1] == "QUIT"


def test_eight_bit_letters_are_announced() -> None:
    raw = "Subject: x\r\n\r\nGrüße\r\n".encode()

    with proper_server() as server:
        send(plain(server.port), raw=raw)

    [letter] = server.inbox.received
    assert "BODY=8BITMIME" in letter.options
    assert letter.raw == raw


def test_addresses_beyond_ascii_ask_for_smtputf8_only_when_needed() -> None:
    with proper_server(is_utf8=True) as server:
        send(plain(server.port), "jürgen@example.com")
        send(plain(server.port), BOB)

    first, second = server.inbox.received
    assert "SMTPUTF8" in first.options
    assert first.recipients == ["jürgen@example.com"]
    assert "SMTPUTF8" not in second.options


def test_domains_beyond_ascii_need_no_extension() -> None:
    with proper_server() as server:
        send(plain(server.port), "bob@straße.example")

    [letter] = server.inbox.received
    assert letter.recipients == ["bob@xn--strae-oqa.example"]


def test_a_recipient_the_server_cannot_take_is_reported_and_others_get_it() -> None:
    with OddServer({f"RCPT TO:<{EVE}>": "550 5.1.1 no such user"}) as server:
        receipt = send(
            plain(server.port), BOB, EVE, "jürgen@example.com", "none at all"
        )

    assert receipt.reply.words == "taken"
    by_address = {one.address: one for one in receipt.refused}
    assert set(by_address) == {EVE, "jürgen@example.com", "none at all"}
    assert str(by_address[EVE].reply) == "550 5.1.1 no such user"
    assert not by_address[EVE].is_temporary


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"MAIL": "550 go away"}, Refused),
        ({"MAIL": "552 too large"}, Refused),
        ({"MAIL": "451 busy"}, Deferred),
        ({"MAIL": "530 5.7.0 log in first"}, NeedsMending),
        ({"RCPT": "550 unknown"}, Refused),
        ({"RCPT": "450 greylisted"}, Deferred),
        ({"RCPT": "552 too many"}, Deferred),
        ({"RCPT": "552 5.3.4 too large"}, Refused),
        ({"RCPT": "421 closing"}, Deferred),
        ({"DATA": "554 no valid recipients"}, Refused),
        ({"DATA": "421 closing"}, Deferred),
        ({"DATA": "250 ok"}, Deferred),
        ({"end": "554 5.7.1 spam"}, Refused),
        ({"end": "452 disk full"}, Deferred),
        ({"greeting": "554 no service"}, NeedsMending),
        ({"greeting": "421 too many connections"}, Deferred),
        ({"greeting": "* OK IMAP4rev1 ready"}, NeedsMending),
        ({"greeting": b"\xff\xfe\x00binary"}, NeedsMending),
        ({"greeting": HANG_UP}, Deferred),
        ({"EHLO": HANG_UP}, Deferred),
        ({"MAIL": HANG_UP}, Deferred),
        ({"RCPT": HANG_UP}, Deferred),
        ({"DATA": HANG_UP}, Deferred),
        ({"MAIL": "hello there"}, Deferred),
        ({"end": HANG_UP}, MaybeSent),
        ({"end": SILENCE}, MaybeSent),
        ({"end": "well, perhaps"}, MaybeSent),
        ({"end": "354 more"}, MaybeSent),
        ({"EHLO": SILENCE}, Deferred),
    ],
)
def test_every_failure_says_whether_a_copy_may_be_out(
    answers: dict[str, str | bytes], expected: type[NotSent | MaybeSent]
) -> None:
    with OddServer(answers) as server, pytest.raises(expected) as caught:
        send(plain(server.port, timeout_seconds=0.5))

    needs_mending = isinstance(caught.value, NeedsMending)
    assert needs_mending == (expected is NeedsMending)


def test_the_servers_own_words_are_in_the_error() -> None:
    words = {"end": "554-5.7.1 This looks\r\n554 5.7.1 like \x07spam"}

    with OddServer(words) as server, pytest.raises(Refused) as caught:
        send(plain(server.port))

    assert caught.value.reply is not None
    assert caught.value.reply.code == 554
    assert "5.7.1 This looks 5.7.1 like spam" in str(caught.value)


def test_when_all_are_refused_each_is_listed_and_one_temporary_makes_it_wait() -> None:
    answers = {f"RCPT TO:<{BOB}>": "550 no", f"RCPT TO:<{EVE}>": "450 later"}

    with OddServer(answers) as server, pytest.raises(Deferred) as caught:
        send(plain(server.port), BOB, EVE)

    assert [one.is_temporary for one in caught.value.recipients] == [False, True]
    assert "DATA" not in server.verbs()


def test_the_caller_hears_just_before_the_body_and_may_stop_it() -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    with OddServer({}) as server, pytest.raises(Stop):
        session.send(
            plain(server.port),
            sender="a@b.c",
            recipients=[BOB],
            raw=LETTER,
            before_body=stop,
        )

    assert server.verbs() == ["EHLO", "MAIL", "RCPT", "QUIT"]


def test_a_letter_too_large_is_not_even_offered() -> None:
    with proper_server(size_limit=1000) as server, pytest.raises(Refused) as caught:
        send(plain(server.port), raw=b"x: y\r\n\r\n" + b"words\r\n" * 1000)

    assert "at most" in str(caught.value)
    assert server.inbox.received == []


def test_an_old_server_is_greeted_with_helo() -> None:
    with OddServer({"EHLO": "500 what?"}) as server:
        receipt = send(plain(server.port))

    assert receipt.reply.is_yes
    assert server.verbs()[:2] == ["EHLO", "HELO"]


@pytest.mark.parametrize(
    "address", ["a@b>\r\nRCPT TO:<x@y", "a b@c", "<a@b>", "a@", "@b"]
)
def test_no_address_becomes_a_command(address: str) -> None:
    with OddServer({}) as server, pytest.raises(Refused):
        send(plain(server.port), address)
    with OddServer({}) as again, pytest.raises(Refused):
        send(plain(again.port), sender=address)

    assert {*server.verbs(), *again.verbs()} <= {"EHLO", "MAIL", "QUIT"}


@pytest.mark.parametrize(
    "greeting", [b"220 " + b"x" * 200_000, b"220-x\r\n" * 20_000 + b"220 x"]
)
def test_an_endless_greeting_is_not_kept(greeting: bytes) -> None:
    with OddServer({"greeting": greeting}) as server, pytest.raises(Deferred):
        send(plain(server.port))


def test_a_server_that_is_slow_costs_no_more_than_the_time_given() -> None:
    start = time.monotonic()

    with OddServer({"MAIL": SILENCE}) as server, pytest.raises(Deferred) as caught:
        send(plain(server.port, timeout_seconds=0.3))

    assert time.monotonic() - start < 3
    assert "in time" in str(caught.value)


def test_a_server_that_drips_costs_no_more_either() -> None:
    start = time.monotonic()

    with OddServer({"MAIL": DRIP}) as server, pytest.raises(Deferred):
        send(plain(server.port, timeout_seconds=0.5))

    assert time.monotonic() - start < 3


def test_a_connection_lost_before_the_end_of_the_body_sent_nothing() -> None:
    large = LETTER + b"words and more words\r\n" * 500_000
    answers = {"EHLO": "250 odd.example", "body": HANG_UP}

    with OddServer(answers) as server, pytest.raises(Deferred) as caught:
        send(plain(server.port), raw=large)

    assert type(caught.value) is Deferred


def test_nobody_at_the_port_is_a_reason_to_wait() -> None:
    with OddServer({}) as server:
        port = server.port

    with pytest.raises(Deferred) as caught:
        send(plain(port))

    assert "cannot be reached" in str(caught.value)


def test_a_host_that_does_not_exist_needs_a_person() -> None:
    settings = replace(plain(25), host="no such host.invalid")

    with pytest.raises(NeedsMending):
        send(settings)


def test_a_letter_goes_out_under_tls(
    server_side: ssl.SSLContext, trusted: Path
) -> None:
    with proper_server(tls=server_side) as server:
        settings = replace(plain(server.port), encryption=Encryption.TLS, trust=trusted)
        receipt = send(settings)

    assert receipt.reply.is_yes
    assert len(server.inbox.received) == 1


def test_a_login_goes_out_after_starttls(
    server_side: ssl.SSLContext, trusted: Path
) -> None:
    with proper_server(starttls=server_side, password="grün & blau") as server:
        settings = replace(
            plain(server.port),
            encryption=Encryption.STARTTLS,
            trust=trusted,
            login="alice",
            password="grün & blau",
        )
        receipt = send(settings)
        with pytest.raises(NeedsMending) as caught:
            send(replace(settings, password="wrong-word"))
        with pytest.raises(NeedsMending):
            send(replace(settings, login=""))

    assert receipt.reply.is_yes
    assert len(server.inbox.received) == 1
    assert "login alice" in str(caught.value)
    assert "wrong-word" not in str(caught.value)


def test_missing_starttls_is_never_passed_over() -> None:
    with OddServer({}) as server, pytest.raises(NeedsMending) as caught:
        send(replace(plain(server.port), encryption=Encryption.STARTTLS))

    assert "no encryption" in str(caught.value)
    assert server.verbs() == ["EHLO", "QUIT"]


def test_a_certificate_nobody_vouches_for_ends_it(server_side: ssl.SSLContext) -> None:
    with (
        proper_server(tls=server_side) as server,
        pytest.raises(NeedsMending) as caught,
    ):
        send(replace(plain(server.port), encryption=Encryption.TLS))

    assert "Nobody we trust vouches" in str(caught.value)
    assert "trusted file" in caught.value.advice


def test_a_certificate_of_another_host_ends_it(
    authority: trustme.CA, trusted: Path
) -> None:
    other = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("other.example").configure_cert(other)

    with proper_server(tls=other) as server, pytest.raises(NeedsMending) as caught:
        send(replace(plain(server.port), encryption=Encryption.TLS, trust=trusted))

    assert "another host" in str(caught.value)


def test_tls_on_a_port_without_it_says_which_port_to_try() -> None:
    with OddServer({}) as server, pytest.raises(NotSent) as caught:
        send(replace(plain(server.port, timeout_seconds=1), encryption=Encryption.TLS))

    assert "465" in caught.value.advice


@pytest.mark.parametrize(
    ("offered", "mechanism", "said"),
    [
        ("XOAUTH2", "XOAUTH2", "user=alice\x01auth=Bearer token\x01\x01"),
        (
            "XOAUTH2 OAUTHBEARER",
            "OAUTHBEARER",
            "n,a=alice,\x01host=127.0.0.1\x01port={port}\x01auth=Bearer token\x01\x01",
        ),
    ],
)
def test_a_token_logs_in(offered: str, mechanism: str, said: str) -> None:
    answers = {"EHLO": f"250-odd\r\n250 AUTH {offered}", "AUTH": "235 welcome"}

    with OddServer(answers) as server:
        send(replace(plain(server.port), login="alice", token="token"))

    encoded = base64.b64encode(said.format(port=server.port).encode()).decode()
    assert f"AUTH {mechanism} {encoded}" in server.heard


def test_a_refused_token_is_told_with_the_servers_last_words() -> None:
    answers = {
        "EHLO": "250-odd\r\n250 AUTH XOAUTH2",
        "AUTH": "334 eyJzdGF0dXMiOiI0MDAifQ==",
        "": "535 5.7.8 expired",
    }

    with OddServer(answers) as server, pytest.raises(NeedsMending) as caught:
        send(replace(plain(server.port), login="alice", token="token"))

    assert "535 5.7.8 expired" in str(caught.value)
    assert "Connect the account again" in caught.value.advice


def test_login_in_two_questions_where_plain_is_not_offered() -> None:
    answers = {
        "EHLO": "250-odd\r\n250 AUTH=LOGIN",
        "AUTH": "334 VXNlcm5hbWU6",
        "YWxpY2U=": "334 UGFzc3dvcmQ6",
        "c2VjcmV0": "235 welcome",
    }

    with OddServer(answers) as server:
        receipt = send(replace(plain(server.port), login="alice", password="secret"))

    assert receipt.reply.is_yes


def test_secrets_do_not_show_in_the_settings_or_errors() -> None:
    settings = replace(plain(25), login="alice", password="hidden1", token="hidden2")

    assert "hidden" not in repr(settings)
