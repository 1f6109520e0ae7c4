"""Process a history by the batch: the same outcome as one by one, much sooner.

Letters that were there before never convert and never answer, so that all there is to
do is to read, to thread and to store. Readers read, in processes of their own; here, in
memory and in the order of the letters, the same `threading.decide` says where each
belongs, and notes what the next are compared with; its reader stores the rest while they
are placed. In between a letter is received still, but has its conversation: whoever finds
it so after a crash leaves it there and counts it no more.

What is out of the ordinary (our own mail come back, a bounce of ours, a merge) goes
through `one_by_one`, and so does a batch that fails: only the odd letter is then stuck.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from itertools import starmap

from django.db import DatabaseError, connection
from django.db.models import QuerySet

from letterbox import live
from letterbox.inbound.history import placing
from letterbox.inbound.history.readers import (
    Readers,
    Reading,
    Storing,
    started_readers,
)
from letterbox.inbound.history.values import Desk, Read, Unread, Unreadable
from letterbox.models import Folder, Mailbox, Message

logger = logging.getLogger(__name__)

BATCH = 300
# Fewer are not worth starting processes for.
WORTH_IT = 60
# After so many letters the index of the search is tidied: seldom enough to be cheap,
# often enough that a search which looks through the rest is quick.
TIDIED = 1_500
# So many batches are being read while one is threaded.
AHEAD = 2

NEXT = f"""
    SELECT message.id, message.received_at, EXISTS (
        SELECT FROM letterbox_placement place
        JOIN letterbox_folder folder ON folder.id = place.folder_id
        WHERE place.message_id = message.id AND place.gone_at IS NULL
          AND folder.role = '{Folder.Role.SENT}'
    )
    FROM letterbox_message message
    WHERE message.mailbox_id = %s AND message.id > %s
      AND message.state = 'received' AND message.is_history
    ORDER BY message.id LIMIT %s OFFSET %s
"""  # noqa: S608

OneByOne = Callable[[int], None]


def is_worth_it(mailbox_id: int) -> bool:
    """Whether so much history waits that batches pay."""
    waiting = _waiting(mailbox_id).values_list("pk", flat=True)
    return len(waiting[:WORTH_IT]) == WORTH_IT


def process(
    mailbox: Mailbox,
    *,
    readers: Readers,
    one_by_one: OneByOne,
    should_pause: Callable[[], bool] = lambda: False,
) -> None:
    """Process the received history of the mailbox, until done or asked to pause.

    While a batch is threaded, the next ones are being read.
    """
    after = 0
    stored = untidy = 0
    ahead: deque[Reading] = deque()
    settling = _Settling(mailbox, readers, one_by_one)
    while True:
        while len(ahead) < AHEAD and (unread := _next(mailbox.pk, after)):
            ahead.append(readers.read(unread))
            after = unread[-1].message
        if not ahead or should_pause():
            for each in ahead:
                each.cancel()
            settling.finish()
            readers.tidy()
            return
        settling.settle(batch := ahead.popleft())
        stored += len(batch.unread)
        untidy += len(batch.unread)
        if untidy >= min(TIDIED, stored // 4):
            readers.tidy()
            untidy = 0


def set_killers_aside(
    mailbox: Mailbox, *, desk: Desk, set_aside: Callable[[int, str], None]
) -> None:
    """After a reader died: find the letters that kill one, reading them alone."""
    waiting = [
        unread
        for turn in range(AHEAD + 1)
        for unread in _next(mailbox.pk, 0, skip=turn * BATCH)
    ]
    while waiting:
        with started_readers(desk, 1) as readers:
            for at, unread in enumerate(waiting):
                try:
                    readers.read([unread]).result()
                except BrokenExecutor:
                    set_aside(unread.message, "Reading it ends the process that reads.")
                    waiting = waiting[at + 1 :]
                    break
            else:
                return


class _Settling:
    """Places and has stored what was read, the one while the other goes on.

    What the next letters are compared with is in the tables once a letter is placed; the
    rest is stored meanwhile by its reader. What is out of the ordinary goes one by one,
    after all before it.
    """

    def __init__(
        self, mailbox: Mailbox, readers: Readers, one_by_one: OneByOne
    ) -> None:
        self._mailbox = mailbox
        self._readers = readers
        self._one_by_one = one_by_one
        self._storing: Storing | None = None

    def settle(self, letters: Reading) -> None:
        """Place these and begin to store them, once those before them are stored."""
        unread = {each.message: each for each in letters.unread}
        done = letters.result()
        while done:
            run = list(_first_reads(done))
            try:
                handled, placed = placing.place(self._mailbox, run, unread)
            except DatabaseError:
                self.finish()
                # The ordinary path tells trouble of the database from an odd letter.
                logger.warning("%d letters of a history go one by one.", len(run))
                for each in run:
                    self._one_by_one(each.message)
                handled, placed = len(run), []
            self.finish()
            if placed:
                self._storing = self._readers.store(letters, placed)
            if odd := done[handled : handled + 1]:
                self.finish()
                self._one_by_one(odd[0].message)
            done = done[handled + len(odd) :]

    def finish(self) -> None:
        """Wait until all that was placed is stored."""
        if self._storing is None:
            return
        refused = self._storing.result()
        self._storing = None
        for message_id in refused:
            self._one_by_one(message_id)
        # One for all: browsers fetch their lists again.
        live.announce("conversation", mailbox_id=self._mailbox.pk)


def _first_reads(answers: Iterable[Read | Unreadable]) -> Iterator[Read]:
    for each in answers:
        if isinstance(each, Unreadable):
            return
        yield each


def _waiting(mailbox_id: int) -> QuerySet[Message]:
    return Message.objects.filter(
        mailbox=mailbox_id, state=Message.State.RECEIVED, is_history=True
    )


def _next(mailbox_id: int, after: int, *, skip: int = 0) -> list[Unread]:
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [mailbox_id, after, BATCH, skip])
        return list(starmap(Unread, cursor.fetchall()))
