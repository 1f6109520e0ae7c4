"""What becomes of a stored message, step by step, all or nothing."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from letterbox.inbound import pipeline, reading
from letterbox.models import EmailTemplate, Mailbox, Message, User
from letterbox.services import mailboxes, rules
from tests.conftest import Arrive
from tests.mail import mail


def test_an_ordinary_letter_takes_few_queries(
    arrive: Arrive, mailbox: Mailbox, alice: User
) -> None:
    mailboxes.set_processing(
        mailbox, action="convert-to-case", options={"owner": alice.pk}, by=None
    )
    template = EmailTemplate.objects.create(
        name="Confirm", subject="", content="Case {{ case.number }}"
    )
    rules.add(
        mailbox, name="All", conditions={"every": True}, template=template, by=None
    )
    arrive(mail(subject="An earlier one", text="Something else entirely."))
    message = arrive(mail(subject="A new matter"), is_processed=False)
    own = reading.own_mail()

    with CaptureQueriesContext(connection) as queries:
        pipeline.process(message.pk, own=own)

    message.refresh_from_db()
    assert message.state == Message.State.PROCESSED, message.problem
    assert message.answers.count() == 1
    # The transaction itself is two more.
    assert len(queries) <= 25 + 2


def test_a_letter_that_ends_worker_after_worker_is_set_aside(
    arrive: Arrive, mailbox: Mailbox
) -> None:
    killer = arrive(mail(subject="Ends its worker"), is_processed=False)
    Message.objects.filter(pk=killer.pk).update(tries=pipeline.MOST_TRIES)
    neighbour = arrive(mail(subject="An ordinary one"), is_processed=False)

    pipeline.process_mailbox(mailbox.pk)

    killer.refresh_from_db()
    neighbour.refresh_from_db()
    assert killer.state == Message.State.STUCK
    assert "broken off" in killer.problem
    assert neighbour.state == Message.State.PROCESSED

    pipeline.retry(killer)
    pipeline.process_mailbox(mailbox.pk)

    killer.refresh_from_db()
    assert killer.state == Message.State.PROCESSED
