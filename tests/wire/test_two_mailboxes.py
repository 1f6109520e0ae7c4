"""Two mailboxes of ours that answer everything, on one real server."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from letterbox.inbound import pipeline
from letterbox.models import (
    Case,
    Connection,
    EmailTemplate,
    Mailbox,
    OutgoingMail,
)
from letterbox.outbound import deliver
from letterbox.services import connections, mailboxes, rules
from tests.mail import mail
from tests.wire.dovecot import Dovecot
from tests.wire.keeping import Kept, keep
from tests.wire.smtp_servers import free_port

ROUNDS = 6


class House:
    """The mail server of the house: each letter goes to whom it is for, or outside."""

    def __init__(self, dovecot: Dovecot) -> None:
        self._dovecot = dovecot
        self.at_home: set[str] = set()
        self.went_outside: list[str] = []

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert envelope.original_content is not None
        for recipient in envelope.rcpt_tos:
            login = recipient.partition("@")[0]
            if login in self.at_home:
                sender = envelope.mail_from or ""
                self._dovecot.deliver(login, envelope.original_content, sender=sender)
            else:
                self.went_outside.append(recipient)
        return "250 taken"


@pytest.fixture
def house(dovecot: Dovecot) -> Iterator[tuple[House, int]]:
    """The server, and the port that it listens on."""
    house = House(dovecot)
    controller = Controller(
        house, hostname="127.0.0.1", port=free_port(), ready_timeout=20
    )
    controller.start()
    yield house, controller.port
    controller.stop()


@contextmanager
def _answering_everything(
    dovecot: Dovecot, house: House, port: int, login: str
) -> Iterator[Kept]:
    """A mailbox that makes a case of each first letter and answers every letter."""
    dovecot.add_user(login, "secret")
    house.at_home.add(login)
    kept = keep(dovecot, login)
    connections.save(
        kept.mailbox,
        protocol=Connection.Protocol.SMTP,
        host="127.0.0.1",
        port=port,
        encryption=Connection.Encryption.NONE,
        login="",
        password="",
    )
    kept.tick()
    mailboxes.set_processing(
        kept.mailbox, action="convert-to-case", options={}, by=None
    )
    template = EmailTemplate.objects.create(name=f"Of {login}", content="We have it.")
    rules.add(
        kept.mailbox,
        name="Everything",
        conditions={"every": True},
        template=template,
        by=None,
        frequency="every-letter",
    )
    kept.go()
    try:
        yield kept
    finally:
        kept.outlook.close()


def _work(*houses: Kept) -> None:
    """Fetch, process and deliver by turns, until long after all must be silent."""
    for _ in range(ROUNDS):
        for kept in houses:
            kept.go()
            pipeline.process_mailbox(kept.mailbox.pk)
            deliver.deliver(kept.mailbox.pk)


def _answers(mailbox: Mailbox) -> list[str]:
    rows = OutgoingMail.objects.filter(mailbox=mailbox).order_by("pk")
    return [each.recipients[0] for each in rows]


@pytest.mark.parametrize(
    "forms", [False, True], ids=["as they are", "with forms that write as us"]
)
def test_two_mailboxes_that_answer_everything_exchange_no_answers(
    db: None, dovecot: Dovecot, house: tuple[House, int], forms: bool
) -> None:
    server, port = house
    first, second = f"one{forms:d}", f"two{forms:d}"
    with (
        _answering_everything(dovecot, server, port, first) as one,
        _answering_everything(dovecot, server, port, second) as two,
    ):
        for kept in (one, two):
            mailboxes.change(kept.mailbox, by=None, is_written_by_form=forms)
        # A person who works here writes from one mailbox to the other by Outlook.
        one.put(
            mail(
                from_=f"{second}@acme.example",
                to=f"{first}@acme.example",
                reply_to=f"{second}@acme.example",
            )
        )
        # Carla writes to both at once, and her letter answers nobody's answer.
        both = [f"{first}@acme.example", f"{second}@acme.example"]
        letter = mail(from_="carla@customer.example", to=both)
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("carla@customer.example", both, letter)

        _work(one, two)

    # Each mailbox told Carla once, and neither told the other anything.
    assert server.went_outside == ["carla@customer.example"] * 2
    assert _answers(one.mailbox) == _answers(two.mailbox) == ["carla@customer.example"]
    assert Case.objects.count() == 2
