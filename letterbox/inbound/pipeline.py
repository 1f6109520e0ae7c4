"""What happens to a message once it is stored.

Read STEPS from top to bottom and you know what the product does with mail.
Nothing here talks to a network: an autoresponse is one more OutgoingMail row.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from letterbox import jobs, live
from letterbox.inbound import answering, conversion, joining, reading, receive
from letterbox.inbound.work import Step, Work
from letterbox.mime import parse
from letterbox.models import Message
from letterbox.services import letters

logger = logging.getLogger(__name__)

STEPS: Sequence[Step] = (
    reading.read,
    reading.recognise_our_own,
    reading.classify,
    reading.find_contact,
    joining.find_conversation,
    reading.note_bounce,
    conversion.convert,
    answering.answer,
)


@jobs.drain(receive.PROCESS)
def process_mailbox(mailbox_id: int) -> None:
    """Process every received message of the mailbox, in the order of arrival."""
    while True:
        waiting = list(
            Message.objects.filter(mailbox=mailbox_id, state=Message.State.RECEIVED)
            .order_by("id")
            .values_list("pk", flat=True)[:100]
        )
        if not waiting:
            return
        for message_id in waiting:
            process(message_id)


def process(message_id: int, steps: Sequence[Step] = STEPS) -> None:
    """Take one stored message through every step, all or nothing."""
    try:
        with transaction.atomic():
            _process(message_id, steps)
    except (OperationalError, InterfaceError):
        # The database is in trouble, not the message; it stays `received`.
        raise
    except Exception as error:
        # One odd message must not hold up the next: keep it, show it, move on.
        logger.exception("Message %d is stuck.", message_id)
        _mark_stuck(message_id, f"{type(error).__name__}: {error}")


def retry(message: Message) -> None:
    """Have a stuck message processed once more, on a person's wish."""
    with transaction.atomic():
        freed = Message.objects.filter(pk=message.pk, state=Message.State.STUCK).update(
            state=Message.State.RECEIVED, problem=""
        )
        if freed:
            jobs.wake(receive.PROCESS, message.mailbox_id)


def _process(message_id: int, steps: Sequence[Step]) -> None:
    # Locked, so that a worker that was taken for dead cannot process it as well.
    message = (
        Message.objects.select_for_update(of=("self",))
        .select_related("raw", "mailbox")
        .get(pk=message_id)
    )
    if message.state != Message.State.RECEIVED:
        return
    raw = message.raw.content
    work = Work(message, message.mailbox, raw, parse.parse_letter(raw))
    for step in steps:
        step(work)
        if work.is_absorbed:
            return
    message.state = Message.State.PROCESSED
    message.processed_at = timezone.now()
    message.trace = work.trace
    message.save(
        update_fields=[
            *letters.PARSED_FIELDS,
            "state",
            "processed_at",
            "direction",
            "kind",
            "language",
            "conversation",
            "contact",
            "thread_facts",
            "trace",
        ]
    )
    live.announce("message", message.pk, mailbox_id=message.mailbox_id)


def _mark_stuck(message_id: int, problem: str) -> None:
    with transaction.atomic():
        stuck = Message.objects.filter(
            pk=message_id, state=Message.State.RECEIVED
        ).update(state=Message.State.STUCK, problem=letters.without_nul(problem)[:2000])
        if stuck:
            live.announce("message", message_id)
