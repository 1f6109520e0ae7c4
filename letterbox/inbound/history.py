"""Process a history by the batch: the same outcome as one by one, much sooner.

Letters that were there before never convert and never answer, so that all there is to
do is to read, to thread and to store. Reading happens in processes of their own,
threading in memory by the same `threading.decide`, storing in a handful of statements.
What is out of the ordinary (our own mail come back, a bounce of ours, a merge) goes
through `one_by_one`, and so does a batch that fails: only the odd letter is then stuck.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from itertools import starmap

import psycopg
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from letterbox import live
from letterbox.inbound import (
    conversion,
    history_reading,
    history_store,
    joining,
    reading,
    threading,
)
from letterbox.inbound.history_board import Board
from letterbox.inbound.history_reading import (
    LETTERS_A_CALL,
    Answers,
    Desk,
    Read,
    Unread,
    Unreadable,
)
from letterbox.mime.classify.values import MailKind, OwnMail
from letterbox.models import (
    Conversation,
    Folder,
    Mailbox,
    Message,
    OutgoingMail,
    Placement,
)
from letterbox.services import conversations, letters

logger = logging.getLogger(__name__)

BATCH = 200
# Fewer are not worth starting processes for.
WORTH_IT = 60

NEXT = f"""
    SELECT message.id, raw.zstd, raw.size, message.received_at, EXISTS (
        SELECT FROM letterbox_placement place
        JOIN letterbox_folder folder ON folder.id = place.folder_id
        WHERE place.message_id = message.id AND place.gone_at IS NULL
          AND folder.role = '{Folder.Role.SENT}'
    )
    FROM letterbox_message message
    JOIN letterbox_rawletter raw ON raw.id = message.raw_id
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
    own: OwnMail,
    one_by_one: OneByOne,
    pool: Executor,
    should_pause: Callable[[], bool] = lambda: False,
) -> None:
    """Process the received history of the mailbox, until done or asked to pause.

    While a batch is stored, the next one is being read.
    """
    desk = Desk(tuple(mailbox.all_addresses), own)
    after = 0
    ahead: list[Future[Answers]] = []
    while True:
        unread = _next(mailbox.pk, after)
        coming = [
            pool.submit(
                history_reading.read_all, desk, unread[at : at + LETTERS_A_CALL]
            )
            for at in range(0, len(unread), LETTERS_A_CALL)
        ]
        _settle(mailbox, ahead, one_by_one)
        if not coming or should_pause():
            for each in coming:
                each.cancel()
            return
        ahead, after = coming, unread[-1].message


def set_killers_aside(
    mailbox: Mailbox, *, own: OwnMail, set_aside: Callable[[int, str], None]
) -> None:
    """After a reader died: find the letters that kill one, reading them alone."""
    desk = Desk(tuple(mailbox.all_addresses), own)
    waiting = _next(mailbox.pk, 0) + _next(mailbox.pk, 0, skip=BATCH)
    while waiting:
        with history_reading.readers(1) as pool:
            for at, unread in enumerate(waiting):
                try:
                    pool.submit(history_reading.read, desk, unread).result()
                except BrokenExecutor:
                    set_aside(unread.message, "Reading it ends the process that reads.")
                    waiting = waiting[at + 1 :]
                    break
            else:
                return


def _settle(
    mailbox: Mailbox, answers: Iterable[Future[Answers]], one_by_one: OneByOne
) -> None:
    """Store what was read; what is out of the ordinary goes one by one in its place."""
    done = list(itertools.chain.from_iterable(each.result() for each in answers))
    while done:
        run = list(_first_reads(done))
        try:
            handled = _store(mailbox, run)
        except DatabaseError:
            # The ordinary path tells trouble of the database from an odd letter.
            logger.warning("%d letters of a history go one by one.", len(run))
            for each in run:
                one_by_one(each.message)
            handled = len(run)
        odd = done[handled : handled + 1]
        for letter in odd:
            one_by_one(letter.message)
        done = done[handled + len(odd) :]


def _first_reads(answers: Iterable[Read | Unreadable]) -> Iterator[Read]:
    for each in answers:
        if isinstance(each, Unreadable):
            return
        yield each


def _store(mailbox: Mailbox, reads: Sequence[Read]) -> int:
    """Store as many letters as go together; returns how many from the front did."""
    if not reads:
        return 0
    with transaction.atomic(), live.together():
        return _Run(mailbox, reads).store()


def _waiting(mailbox_id: int) -> QuerySet[Message]:
    return Message.objects.filter(
        mailbox=mailbox_id, state=Message.State.RECEIVED, is_history=True
    )


def _next(mailbox_id: int, after: int, *, skip: int = 0) -> list[Unread]:
    connection.ensure_connection()
    # In binary: as text the bytes would travel twice as long, to be read digit by digit.
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as cursor,
    ):
        cursor.execute(NEXT, [mailbox_id, after, BATCH, skip], binary=True)
        return list(starmap(Unread, cursor))


class _Run:
    """Letters on their way together; one transaction."""

    def __init__(self, mailbox: Mailbox, reads: Sequence[Read]) -> None:
        self._mailbox = mailbox
        self._reads = reads
        self._messages: list[Message] = []
        self._traces: list[dict[str, object]] = []
        self._where: list[int] = []
        # Stored ones by their id, new ones by negative numbers.
        self._conversations: dict[int, Conversation] = {}

    def store(self) -> int:
        """Thread and store; returns how many letters from the front were handled."""
        rows = self._locked_messages()
        ours = self._known_to_us()
        board = Board.set_up(self._mailbox.pk, self._reads)
        joined = {each for each in board.references.values() if each > 0}
        self._conversations |= _locked(joined)
        places = self._places()
        people = history_store.contacts_of(self._reads)
        handled = 0
        for read in self._reads:
            message = rows.get(read.message)
            if message is None:
                # Somebody else has processed it meanwhile.
                handled += 1
                continue
            if (read.is_from_us and read.columns["message_id"] in ours) or (
                read.bounced and read.bounced in ours
            ):
                break
            facts = board.facts_of(read)
            verdict = threading.decide(facts, board.known_for(read, facts))
            if verdict.kind is threading.Kind.MERGE:
                break
            self._fill(message, read)
            history_store.give_contact(message, read, people)
            number = self._join(message, verdict)
            board.note(self._conversations[number], number, read)
            self._traces.append(self._trace(message, read, verdict, places))
            self._where.append(number)
            self._messages.append(message)
            handled += 1
        self._save(people, board)
        return handled

    def _locked_messages(self) -> dict[int, Message]:
        """Those that are still to be processed; only what is needed is read."""
        rows = (
            Message.objects.select_for_update(no_key=True)
            .filter(
                pk__in=[each.message for each in self._reads],
                state=Message.State.RECEIVED,
            )
            .order_by("pk")
            .values_list("pk", "received_at")
        )
        return {
            pk: Message(
                pk=pk, mailbox=self._mailbox, received_at=received_at, is_history=True
            )
            for pk, received_at in rows
        }

    def _fill(self, message: Message, read: Read) -> None:
        for name, value in read.columns.items():
            setattr(message, name, value)
        message.kind = read.kind
        message.language = read.language
        message.thread_facts = read.remembered
        message.direction = (
            Message.Direction.OUT if read.is_from_us else Message.Direction.IN
        )

    def _join(self, message: Message, verdict: threading.ThreadVerdict) -> int:
        """Show the message in its conversation, which may be new."""
        if verdict.kind is threading.Kind.START:
            number = -1 - len(self._conversations)
            self._conversations[number] = conversations.begin(message)
            return number
        number = verdict.conversation_ids[0]
        if number not in self._conversations:
            self._conversations |= _locked([number])
        conversations.show(self._conversations[number], message)
        return number

    def _trace(
        self,
        message: Message,
        read: Read,
        verdict: threading.ThreadVerdict,
        places: dict[int, list[Placement]],
    ) -> dict[str, object]:
        refusal = conversion.FROM_US if read.is_from_us else conversion.HISTORY
        return {
            "import": reading.trace_of_import(
                places.get(message.pk, ()), is_history=True, problems=read.problems
            ),
            "conversation": joining.trace_of(verdict, 0, kind=MailKind(read.kind)),
            **read.traces,
            "convert": {
                "action": self._mailbox.processing_action,
                "refusal": refusal,
            },
        }

    def _save(self, people: history_store.People, board: Board) -> None:
        if not self._messages:
            return
        history_store.save_contacts(people)
        self._give_contacts()
        numbers = history_store.save_conversations(self._conversations)
        history_store.save_references(
            self._mailbox.pk,
            {key: numbers.get(at, at) for key, at in board.references.items()},
        )
        for message, where, trace in zip(
            self._messages, self._where, self._traces, strict=True
        ):
            message.conversation_id = numbers.get(where, where)
            trace["conversation"]["id"] = message.conversation_id  # type: ignore[index]
            message.trace = letters.storable(trace)
        history_store.save_messages(self._messages, at=timezone.now())
        # One for all: browsers fetch their lists again.
        live.announce("conversation", mailbox_id=self._mailbox.pk)

    def _give_contacts(self) -> None:
        """Contacts have ids only now, so `show` could not give them."""
        for message, where in zip(self._messages, self._where, strict=True):
            conversation = self._conversations[where]
            is_inbound = message.direction == Message.Direction.IN
            if is_inbound and conversation.contact_id is None:
                conversation.contact_id = message.contact_id

    def _known_to_us(self) -> set[str]:
        """The ids of the batch under which we promised something ourselves."""
        ids = {
            *(each.columns["message_id"] for each in self._reads if each.is_from_us),
            *(each.bounced for each in self._reads),
        } - {""}
        return set(
            OutgoingMail.objects.filter(
                mailbox=self._mailbox, message_id__in=ids
            ).values_list("message_id", flat=True)
        )

    def _places(self) -> dict[int, list[Placement]]:
        places: dict[int, list[Placement]] = {}
        rows = (
            Placement.objects.filter(
                message__in=[each.message for each in self._reads], gone_at=None
            )
            .select_related("folder")
            .order_by("id")
        )
        for place in rows:
            places.setdefault(place.message_id or 0, []).append(place)
        return places


def _locked(numbers: Iterable[int]) -> dict[int, Conversation]:
    rows = (
        Conversation.objects.select_for_update(no_key=True)
        .filter(pk__in=list(numbers))
        .order_by("pk")
    )
    return {row.pk: row for row in rows}
