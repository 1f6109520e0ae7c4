"""Letters to people inside: tests of a template, and alerts; in no conversation."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from letterbox import jobs
from letterbox.mime import message_ids, parse
from letterbox.models import Mailbox, Message, OutgoingMail, User
from letterbox.services import history, letters, outbox, raw_letters

#: The conversation that the id of a notice names: none.
NO_CONVERSATION = 0


def new_message_id(mailbox: Mailbox) -> str:
    """A signed id that leads an answer to no conversation."""
    return message_ids.make_message_id(
        outbox.message_id_keys()[0],
        domain=mailbox.address.rpartition("@")[2],
        conversation_id=NO_CONVERSATION,
        mail_id=uuid.uuid4().hex[:16],
    )


@transaction.atomic
def send_test(
    mailbox: Mailbox, *, raw: bytes, message_id: str, subject: str, to: User
) -> OutgoingMail:
    """Send these bytes to a colleague, from the mailbox; it counts as no answer."""
    mail = promise_to(
        to, through=mailbox, raw=raw, message_id=message_id, subject=subject, by=to
    )
    history.record("test-sent", by=to, mailbox=mailbox, mail=mail.pk)
    return mail


def promise_to(
    person: User,
    *,
    through: Mailbox,
    raw: bytes,
    message_id: str,
    subject: str,
    by: User | None,
) -> OutgoingMail:
    """Promise these bytes to somebody inside; within the caller's transaction."""
    now = timezone.now()
    mail = OutgoingMail.objects.create(
        mailbox=through,
        kind=OutgoingMail.Kind.NOTICE,
        author=by,
        raw=raw_letters.store(raw),
        message_id=message_id,
        sender=through.address,
        recipients=[person.email],
        subject=letters.without_nul(subject),
        due_at=now,
        trying_since=now,
    )
    jobs.wake(outbox.DELIVER, through.pk)
    return mail


@transaction.atomic
def promise(
    mailbox: Mailbox,
    *,
    raw: bytes,
    message_id: str,
    recipients: Sequence[str],
    dedupe_key: str,
) -> OutgoingMail:
    """Promise a letter of Letterbox itself, to its own people, in no conversation.

    It has a message nevertheless, so that its copy in Sent is known for ours. Its
    envelope sender is empty: a report that it did not arrive goes to nobody.
    """
    stored, now = raw_letters.store(raw), timezone.now()
    message = Message(
        mailbox=mailbox,
        raw=stored,
        state=Message.State.PROCESSED,
        direction=Message.Direction.OUT,
        received_at=now,
        processed_at=now,
        kind="own",
    )
    letters.fill(message, parse.parse_letter(raw))
    message.save()
    mail = OutgoingMail.objects.create(
        mailbox=mailbox,
        kind=OutgoingMail.Kind.NOTICE,
        sent_message=message,
        raw=stored,
        message_id=message_id,
        sender="",
        recipients=list(recipients),
        subject=message.subject,
        dedupe_key=dedupe_key,
        due_at=now,
        trying_since=now,
    )
    jobs.wake(outbox.DELIVER, mailbox.pk)
    outbox.announce(mail)
    return mail
