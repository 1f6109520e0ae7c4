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
