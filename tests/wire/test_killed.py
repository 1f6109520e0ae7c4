"""kill -9 at every moment of processing and of delivery: one answer, one letter."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from django.utils import timezone

from letterbox.inbound import pipeline
from letterbox.mime import build
from letterbox.mime.letter import Address
from letterbox.mime.parse import parse_letter
from letterbox.models import (
    Case,
    Connection,
    Conversation,
    EmailTemplate,
    Mailbox,
    Message,
    OutgoingMail,
)
from letterbox.outbound import deliver
from letterbox.services import mailboxes, outbox, rules
from tests.conftest import Arrive
from tests.mail import mail
from tests.wire.crashing import mortal_workers
from tests.wire.smtp_servers import ProperServer, proper_server

State = OutgoingMail.State


def _answer_everything(mailbox: Mailbox, *names: str) -> None:
    """Rules that answer every letter, one after the other."""
    for name in names:
        template = EmailTemplate.objects.create(name=name, content="We have it.")
        rules.add(
            mailbox,
            name=name,
            conditions={"every": True},
            template=template,
            by=None,
            goes_on=True,
        )


def _letter(number: int) -> bytes:
    """Each from another domain: none shall meet a budget."""
    return mail(
        from_=f"Carla <carla@customer{number}.example>",
        message_id=f"letter{number}@customer{number}.example",
        subject=f"Lamp {number} is broken",
    )


def _ids(server: ProperServer) -> Counter[str]:
    """Message-ID → how often the server took it."""
    taken = server.inbox.received
    return Counter(parse_letter(each.raw).message_id for each in taken)


def _count(server: ProperServer, message_id: str) -> int:
    return sum(message_id.encode() in each.raw for each in server.inbox.received)


def _send_by(mailbox: Mailbox, server: ProperServer) -> None:
    Connection.objects.filter(mailbox=mailbox, protocol="smtp").update(
        port=server.port, login="", sealed_password=""
    )


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_at_any_moment_of_processing_leaves_one_answer_for_each_rule(
    arrive: Arrive, mailbox: Mailbox
) -> None:
    mailboxes.set_processing(
        mailbox, action="convert-to-case", options={"same_sender": "open-new"}, by=None
    )
    _answer_everything(mailbox, "Confirm", "Also")
    done: list[Message] = []

    with mortal_workers() as workers:
        for moments in itertools.count():
            message = arrive(_letter(moments), is_processed=False)
            survived = workers.survives("process", moments, message.pk)
            pipeline.process_mailbox(mailbox.pk)
            pipeline.process_mailbox(mailbox.pk)
            done.append(message)
            if survived:
                break

    # Every step died at its end, and at each statement that it makes.
    assert len(done) > 3 * len(pipeline.STEPS)
    rule_ids = set(mailbox.rules.values_list("pk", flat=True))
    for message in done:
        message.refresh_from_db()
        assert message.state == Message.State.PROCESSED, message.problem
        answered_by = list(message.answers.values_list("rule", flat=True))
        assert Counter(answered_by) == Counter(rule_ids)
        assert message.answers.filter(state=State.QUEUED).count() == len(rule_ids)
    assert Case.objects.count() == len(done)
    assert Conversation.objects.count() == len(done)

    with proper_server() as server:
        _send_by(mailbox, server)
        deliver.deliver(mailbox.pk)
        deliver.deliver(mailbox.pk)
    promised = OutgoingMail.objects.values_list("message_id", flat=True)
    assert _ids(server) == Counter(promised)


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_at_any_moment_of_delivery_lets_out_one_letter_at_most(
    arrive: Arrive, mailbox: Mailbox
) -> None:
    conversation = arrive(_letter(0)).conversation
    assert conversation is not None
    ends: list[tuple[State, int]] = []

    with proper_server() as server, mortal_workers() as workers:
        _send_by(mailbox, server)
        for moments in itertools.count():
            promised = _promise(conversation)
            survived = workers.survives("deliver", moments, mailbox.pk)
            deliver.deliver(mailbox.pk)
            deliver.deliver(mailbox.pk)
            promised.refresh_from_db()
            letters = _count(server, promised.message_id)
            ends.append((State(promised.state), letters))
            if promised.state == State.UNSURE:
                assert "may have arrived" in promised.problem
            if survived:
                break

    # Sent is out once; unsure is never sent again, whether it is out or not.
    assert set(ends) == {(State.SENT, 1), (State.UNSURE, 0), (State.UNSURE, 1)}
    # Doubt begins with the body and ends with the answer to it.
    assert ends[0] == ends[-1] == (State.SENT, 1)


def _promise(conversation: Conversation) -> OutgoingMail:
    """One more automatic answer in the Outbox, due now."""
    message_id = outbox.new_message_id(conversation.mailbox, conversation)
    draft = build.Draft(
        from_=Address(conversation.mailbox.address),
        to=(Address("carla@customer.example"),),
        subject="Re: Lamp",
        text="We have it.",
        message_id=message_id,
        date=timezone.now(),
    )
    return outbox.promise(
        conversation,
        kind=OutgoingMail.Kind.AUTORESPONSE,
        raw=build.build_letter(draft),
        message_id=message_id,
        recipients=["carla@customer.example"],
        due_at=timezone.now(),
        sender="",
    )
