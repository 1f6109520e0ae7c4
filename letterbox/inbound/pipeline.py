"""What happens to a message once it is stored.

Read STEPS from top to bottom and you know what the product does with mail.
Nothing here talks to a network: an autoresponse is one more OutgoingMail row.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from contextlib import suppress

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from letterbox import jobs, live
from letterbox.inbound import (
    answering,
    conversion,
    joining,
    reading,
    receive,
    trouble,
)
from letterbox.inbound.history import batches
from letterbox.inbound.history.readers import started_readers
from letterbox.inbound.history.values import Desk
from letterbox.inbound.work import Step, Work
from letterbox.mime import parse
from letterbox.mime.classify.values import OwnMail
from letterbox.models import Mailbox, Message
from letterbox.services import letters

logger = logging.getLogger(__name__)

# A letter whose processing ended its worker so often is not given to another one.
MOST_TRIES = 3
# Short, so that a letter that comes while history is read does not wait for long.
BATCH = 50

STEPS: Sequence[Step] = (
    reading.read,
    reading.recognise_our_own,
    reading.classify,
    reading.find_contact,
    reading.suggest_original_sender,
    joining.find_conversation,
    reading.note_bounce,
    conversion.convert,
    answering.answer,
)


@jobs.drain(receive.PROCESS)
def process_mailbox(mailbox_id: int) -> None:
    """Process every received message of the mailbox: live mail first, in its order.

    History, of which there may be thousands, never keeps a new letter waiting.
    """
    while True:
        _process_live(mailbox_id)
        if batches.is_worth_it(mailbox_id):
            _process_history(mailbox_id)
        elif not _process_some(mailbox_id, is_history=True):
            return


def _process_live(mailbox_id: int) -> None:
    while _process_some(mailbox_id, is_history=False):
        pass


def _process_some(mailbox_id: int, *, is_history: bool) -> bool:
    """Process the next few one by one; False when there were none."""
    waiting = list(
        _received(mailbox_id, is_history=is_history)
        .order_by("id")
        .values_list("pk", flat=True)[:BATCH]
    )
    own = reading.own_mail() if waiting else None
    for message_id in waiting:
        if _is_safe(message_id):
            try:
                process(message_id, own=own)
            except (OperationalError, InterfaceError):
                _give_back(message_id)
                raise
    return bool(waiting)


def _is_safe(message_id: int) -> bool:
    """Count the attempt before it is made; set aside what ended worker after worker."""
    received = Message.objects.filter(pk=message_id, state=Message.State.RECEIVED)
    if received.filter(tries__lt=MOST_TRIES).update(tries=F("tries") + 1):
        return True
    if received.exists():
        logger.error("Message %d has ended its worker too often.", message_id)
        _mark_stuck(
            message_id,
            f"Its processing was broken off {MOST_TRIES} times, perhaps by itself. "
            "The raw letter is kept; try again when Letterbox has been updated.",
        )
    return False


def _give_back(message_id: int) -> None:
    """The database broke the attempt off, so it does not count against the letter."""
    with suppress(DatabaseError):
        Message.objects.filter(
            pk=message_id, state=Message.State.RECEIVED, tries__gt=0
        ).update(tries=F("tries") - 1)


def _process_history(mailbox_id: int) -> None:
    """Process history by the batch; live mail that comes meanwhile goes first."""
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    own = reading.own_mail()
    desk = Desk.of(mailbox, own)
    try:
        with started_readers(desk) as readers:
            # The first letters show at once, while the readers start.
            _process_some(mailbox_id, is_history=True)
            while batches.is_worth_it(mailbox_id):
                batches.process(
                    mailbox,
                    readers=readers,
                    one_by_one=lambda message_id: process(message_id, own=own),
                    should_pause=_received(mailbox_id, is_history=False).exists,
                )
                _process_live(mailbox_id)
    except BrokenExecutor:
        logger.exception("A letter of mailbox %d ended its reader.", mailbox_id)
        batches.set_killers_aside(mailbox, desk=desk, set_aside=_mark_stuck)


def _received(mailbox_id: int, *, is_history: bool) -> QuerySet[Message]:
    return Message.objects.filter(
        mailbox=mailbox_id, state=Message.State.RECEIVED, is_history=is_history
    )


def process(
    message_id: int,
    steps: Sequence[Step] = STEPS,
    *,
    own: OwnMail | None = None,
) -> None:
    """Take one stored message through every step, all or nothing.

    `own` saves reading it anew for each message of a batch.
    """
    try:
        with transaction.atomic(), live.together():
            _process(message_id, steps, own or reading.own_mail())
    except Exception as error:
        if trouble.is_the_databases(error):
            # The database is in trouble, not the message; it stays `received`.
            raise
        # One odd message must not hold up the next: keep it, show it, move on.
        logger.exception("Message %d is stuck.", message_id)
        _mark_stuck(message_id, f"{type(error).__name__}: {error}")


def retry(message: Message) -> None:
    """Have a stuck message processed once more, on a person's wish."""
    with transaction.atomic():
        freed = Message.objects.filter(pk=message.pk, state=Message.State.STUCK).update(
            state=Message.State.RECEIVED, problem="", tries=0
        )
        if freed:
            jobs.wake(receive.PROCESS, message.mailbox_id)


def _process(message_id: int, steps: Sequence[Step], own: OwnMail) -> None:
    # Locked, so that a worker that was taken for dead cannot process it as well.
    message = (
        Message.objects.select_for_update(of=("self",), no_key=True)
        .select_related("raw", "mailbox")
        .get(pk=message_id)
    )
    if message.state != Message.State.RECEIVED:
        return
    raw = message.raw.content
    work = Work(message, message.mailbox, raw, parse.parse_letter(raw), own)
    for step in steps:
        step(work)
        if work.is_absorbed:
            return
    message.state = Message.State.PROCESSED
    message.processed_at = timezone.now()
    message.trace = letters.storable(work.trace)
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
            "facts",
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
