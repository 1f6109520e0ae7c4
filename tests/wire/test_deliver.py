"""The Outbox against real SMTP conversations: every arrow, and never twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from letterbox.inbound import receive
from letterbox.mime.letter import Address
from letterbox.models import (
    Connection,
    Conversation,
    Folder,
    Mailbox,
    Message,
    OutgoingMail,
    RemoteChange,
    User,
)
from letterbox.outbound import deliver
from letterbox.services import outbox, replies
from tests import people
from tests.conftest import Arrive
from tests.mail import mail
from tests.wire.smtp_servers import (
    HANG_UP,
    OddServer,
    ProperServer,
    free_port,
    proper_server,
)

State = OutgoingMail.State


@pytest.fixture
def answerer(mailbox: Mailbox) -> User:
    """Alice; here her name means a login of the IMAP server."""
    return people.make("Alice")


@pytest.fixture
def queued(arrive: Arrive, answerer: User) -> OutgoingMail:
    """Alice's answer to Carla and Dan, due now."""
    message = arrive(mail(message_id="one@customer.example"))
    assert message.conversation is not None
    return replies.queue(
        message.conversation,
        author=answerer,
        text="It is on its way.",
        to=[Address("carla@customer.example"), Address("dan@customer.example")],
    )


@pytest.fixture
def proper(mailbox: Mailbox) -> Iterator[ProperServer]:
    """A server that takes everything, known to the mailbox."""
    with proper_server() as server:
        _send_by(mailbox, server.port)
        yield server


def _send_by(mailbox: Mailbox, port: int) -> None:
    """Without a login, which the test servers do not ask for."""
    Connection.objects.filter(mailbox=mailbox, protocol="smtp").update(
        port=port, login="", sealed_password=""
    )


def _deliver_by(mail_: OutgoingMail, answers: dict[str, str | bytes]) -> OddServer:
    """Deliver once to a server that answers like this."""
    with OddServer(answers) as server:
        _send_by(mail_.mailbox, server.port)
        deliver.deliver(mail_.mailbox_id)
    mail_.refresh_from_db()
    return server


def test_a_due_mail_is_sent_as_it_was_frozen(
    queued: OutgoingMail, proper: ProperServer
) -> None:
    frozen = queued.raw.content

    deliver.deliver(queued.mailbox_id)

    queued.refresh_from_db()
    received = proper.inbox.received[0]
    assert queued.state == State.SENT
    assert queued.sent_at is not None
    assert received.raw == frozen
    assert received.sender == "support@acme.example"
    assert received.recipients == ["carla@customer.example", "dan@customer.example"]


def test_a_mail_is_not_sent_before_its_time(
    queued: OutgoingMail, proper: ProperServer
) -> None:
    OutgoingMail.objects.update(due_at=timezone.now() + timedelta(seconds=30))

    deliver.deliver(queued.mailbox_id)

    queued.refresh_from_db()
    assert queued.state == State.QUEUED
    assert proper.inbox.received == []


def test_a_mail_promised_by_a_clock_that_was_set_back_is_sent(
    queued: OutgoingMail, proper: ProperServer
) -> None:
    next_year = timezone.now() + timedelta(days=365)
    OutgoingMail.objects.update(due_at=next_year, trying_since=next_year)

    deliver.deliver(queued.mailbox_id)

    queued.refresh_from_db()
    assert queued.state == State.SENT
    assert len(proper.inbox.received) == 1


def test_delivering_again_sends_nothing_more(
    queued: OutgoingMail, proper: ProperServer
) -> None:
    for _ in range(3):
        deliver.deliver(queued.mailbox_id)

    assert len(proper.inbox.received) == 1


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_a_mail_once(
    queued: OutgoingMail, proper: ProperServer
) -> None:
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        while mail_ := deliver.claim(queued.mailbox_id):
            deliver.send(mail_)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    queued.refresh_from_db()
    assert queued.state == State.SENT
    assert len(proper.inbox.received) == 1


def test_what_is_owed_to_the_imap_server_is_written_down(
    queued: OutgoingMail, proper: ProperServer
) -> None:
    people.make_folder(queued.mailbox, "Sent", Folder.Role.SENT)

    deliver.deliver(queued.mailbox_id)

    kinds = RemoteChange.objects.order_by("id").values_list("kind", "value")
    assert list(kinds) == [("append", ""), ("add-flag", "\\Answered")]


def test_not_now_is_tried_again_later_and_later(queued: OutgoingMail) -> None:
    _deliver_by(queued, {"MAIL": "451 come back"})
    first = queued.due_at - timezone.now()
    OutgoingMail.objects.update(due_at=timezone.now())
    _deliver_by(queued, {"MAIL": "451 come back"})
    second = queued.due_at - timezone.now()

    assert queued.state == State.QUEUED
    assert queued.attempts == 2
    assert "451 come back" in queued.problem
    assert timedelta(seconds=50) < first < second


def test_not_now_for_three_days_is_failed(queued: OutgoingMail) -> None:
    OutgoingMail.objects.update(trying_since=timezone.now() - timedelta(days=4))

    _deliver_by(queued, {"MAIL": "451 come back"})

    assert queued.state == State.FAILED


def test_a_failed_mail_sent_again_has_days_once_more(
    queued: OutgoingMail, answerer: User
) -> None:
    OutgoingMail.objects.update(trying_since=timezone.now() - timedelta(days=4))
    _deliver_by(queued, {"MAIL": "451 come back"})

    outbox.release(queued, by=answerer)
    _deliver_by(queued, {"MAIL": "451 come back"})

    assert queued.state == State.QUEUED
    assert queued.attempts == 1


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "end"])
def test_a_no_for_good_is_failed(queued: OutgoingMail, verb: str) -> None:
    assert queued.conversation is not None
    assert queued.conversation.status == Conversation.Status.WAITING

    _deliver_by(queued, {verb: "550 no"})

    assert queued.state == State.FAILED
    assert "550 no" in queued.problem
    queued.conversation.refresh_from_db()
    assert queued.conversation.status == Conversation.Status.OPEN


def test_a_server_that_is_away_is_waited_for(queued: OutgoingMail) -> None:
    _send_by(queued.mailbox, free_port())

    deliver.deliver(queued.mailbox_id)

    queued.refresh_from_db()
    assert queued.state == State.QUEUED
    assert "cannot be reached" in queued.problem


def test_a_server_that_dies_before_the_body_is_tried_again(
    queued: OutgoingMail,
) -> None:
    _deliver_by(queued, {"DATA": HANG_UP})

    assert queued.state == State.QUEUED


def test_a_server_that_dies_after_the_body_leaves_it_unsure_and_unsent(
    queued: OutgoingMail, proper: ProperServer
) -> None:
    _deliver_by(queued, {"end": HANG_UP})
    assert queued.state == State.UNSURE

    _send_by(queued.mailbox, proper.port)
    deliver.deliver(queued.mailbox_id)

    queued.refresh_from_db()
    assert queued.state == State.UNSURE
    assert proper.inbox.received == []


@pytest.mark.parametrize("is_changed", [False, True])
def test_an_unsure_mail_is_settled_when_sent_shows_it(
    queued: OutgoingMail, arrive: Arrive, *, is_changed: bool
) -> None:
    _deliver_by(queued, {"end": HANG_UP})
    sent = people.make_folder(queued.mailbox, "Sent", Folder.Role.SENT)
    head = b"X-Provider: changed\r\n" if is_changed else b""

    arrive(head + queued.raw.content, folder=sent)

    queued.refresh_from_db()
    assert queued.state == State.SENT
    assert Message.objects.filter(message_id=queued.message_id).count() == 1


def test_a_mail_seen_in_sent_before_the_crash_is_never_unsure(
    queued: OutgoingMail, arrive: Arrive
) -> None:
    sent = people.make_folder(queued.mailbox, "Sent", Folder.Role.SENT)
    arrive(queued.raw.content, folder=sent)

    _deliver_by(queued, {"end": HANG_UP})

    assert queued.state == State.SENT


def test_an_empty_sender_that_is_refused_becomes_the_mailbox(
    queued: OutgoingMail, proper: ProperServer
) -> None:
    OutgoingMail.objects.update(sender="")

    server = _deliver_by(queued, {"MAIL": "550 who are you?"})
    _send_by(queued.mailbox, proper.port)
    OutgoingMail.objects.update(due_at=timezone.now())
    deliver.deliver(queued.mailbox_id)

    assert server.heard[1].startswith("MAIL FROM:<>")
    assert proper.inbox.received[0].sender == "support@acme.example"


def test_recipients_refused_for_good_are_named(queued: OutgoingMail) -> None:
    _deliver_by(queued, {"RCPT TO:<dan@customer.example>": "550 no such user"})

    assert queued.state == State.SENT
    assert queued.problem == "dan@customer.example was refused: 550 no such user."
    assert OutgoingMail.objects.count() == 1


def test_recipients_put_off_get_a_mail_of_their_own(
    queued: OutgoingMail, proper: ProperServer
) -> None:
    _deliver_by(queued, {"RCPT TO:<dan@customer.example>": "452 too many"})
    rest = OutgoingMail.objects.exclude(pk=queued.pk).get()
    assert queued.state == State.SENT
    assert (rest.state, rest.continues) == (State.QUEUED, queued)

    OutgoingMail.objects.filter(pk=rest.pk).update(due_at=timezone.now())
    _send_by(queued.mailbox, proper.port)
    deliver.deliver(queued.mailbox_id)

    rest.refresh_from_db()
    assert rest.state == State.SENT
    assert [each.recipients for each in proper.inbox.received] == [
        ["dan@customer.example"]
    ]
    assert proper.inbox.received[0].raw == queued.raw.content
    assert Message.objects.filter(message_id=queued.message_id).count() == 1


def test_an_overtaken_worker_sends_nothing(
    queued: OutgoingMail, proper: ProperServer
) -> None:
    overtaken = deliver.claim(queued.mailbox_id)
    assert overtaken is not None
    deliver.recover(queued.mailbox_id)

    deliver.send(overtaken)

    queued.refresh_from_db()
    assert queued.state == State.QUEUED
    assert proper.inbox.received == []


def test_an_overtaken_worker_cannot_send_for_the_one_that_sends_again(
    queued: OutgoingMail, answerer: User, proper: ProperServer
) -> None:
    overtaken = deliver.claim(queued.mailbox_id)
    assert overtaken is not None
    OutgoingMail.objects.update(body_started_at=timezone.now())
    deliver.recover(queued.mailbox_id)
    outbox.release(queued, by=answerer)
    assert deliver.claim(queued.mailbox_id) is not None

    deliver.send(overtaken)

    queued.refresh_from_db()
    assert queued.state == State.SENDING
    assert proper.inbox.received == []


def test_one_odd_mail_does_not_hold_the_next_one_up(
    queued: OutgoingMail, answerer: User, proper: ProperServer
) -> None:
    """ACC-023."""
    assert queued.conversation is not None
    later = replies.queue(
        queued.conversation,
        author=answerer,
        text="Once more.",
        to=[Address("carla@customer.example")],
    )
    # What no other code would store: a letter whose bytes are lost.
    queued.raw.zstd = b"broken"
    queued.raw.save(update_fields=["zstd"])

    deliver.deliver(queued.mailbox_id)

    queued.refresh_from_db()
    later.refresh_from_db()
    assert queued.state == State.FAILED
    assert later.state == State.SENT


def test_a_password_that_cannot_be_opened_makes_the_mail_wait(
    queued: OutgoingMail, proper: ProperServer
) -> None:
    Connection.objects.filter(protocol="smtp").update(sealed_password="v1:nonsense")

    deliver.deliver(queued.mailbox_id)

    queued.refresh_from_db()
    assert queued.state == State.QUEUED
    assert queued.problem != ""


DELIVER = """
import os, sys
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[2]
from letterbox.outbound import deliver
deliver.deliver(int(sys.argv[1]))
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("silent_at", "state_then", "letters"),
    [("MAIL", State.SENT, 1), ("end", State.UNSURE, 0)],
)
def test_a_worker_killed_while_it_sends(
    queued: OutgoingMail, silent_at: str, state_then: State, letters: int
) -> None:
    with OddServer({silent_at: "silence"}) as silent:
        _send_by(queued.mailbox, silent.port)
        worker = subprocess.Popen(
            [
                *(sys.executable, "-c", DELIVER, str(queued.mailbox_id)),
                settings.DATABASES["default"]["NAME"],
            ],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "letterbox.settings"},
        )
        _wait_for(silent, "." if silent_at == "end" else "MAIL")
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    queued.refresh_from_db()
    assert queued.state == State.SENDING

    with proper_server() as server:
        _send_by(queued.mailbox, server.port)
        deliver.deliver(queued.mailbox_id)

    queued.refresh_from_db()
    assert queued.state == state_then
    assert len(server.inbox.received) == letters


def _wait_for(server: OddServer, verb: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        heard = server.heard
        if verb == "." and "DATA" in heard and heard[-1] != "DATA":
            return
        if any(line.startswith(verb) for line in heard):
            return
        time.sleep(0.02)
    raise AssertionError(f"The worker never came to {verb}: {server.heard}")


def test_a_worker_that_starts_knows_what_waits(arrive: Arrive) -> None:
    message = arrive(mail(), is_processed=False)

    assert receive.waiting_mailboxes() == [message.mailbox_id]
