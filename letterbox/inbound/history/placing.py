"""Thread the letters of a batch, in their order, and place them in one transaction.

What is out of the ordinary (our own mail come back, a bounce of ours, a merge) ends the
run: the caller takes it the ordinary way, and comes back with the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from letterbox.inbound import conversion, facts, joining, reading, threading
from letterbox.inbound.history import store
from letterbox.inbound.history.board import Board
from letterbox.inbound.history.values import Placed, Placing, Read, Unread
from letterbox.inbound.reading import Place
from letterbox.mime.classify.values import MailKind
from letterbox.models import Conversation, Mailbox, Message, OutgoingMail
from letterbox.services import answer_settings, conversations

PLACES = """
    SELECT place.message_id, place.state, folder.path, place.uid, folder.role
    FROM letterbox_placement place
    JOIN letterbox_folder folder ON folder.id = place.folder_id
    WHERE place.message_id = ANY(%s) AND place.gone_at IS NULL
    ORDER BY place.id
"""


def place(
    mailbox: Mailbox, reads: Sequence[Read], unread: dict[int, Unread]
) -> tuple[int, list[Placed]]:
    """Place as many letters as go together.

    Returns how many from the front were dealt with, and what is to be stored of them.
    """
    if not reads:
        return 0, []
    with transaction.atomic():
        return _Run(mailbox, reads, unread).place()


class _Run:
    """Letters on their way together; one transaction."""

    def __init__(
        self, mailbox: Mailbox, reads: Sequence[Read], unread: dict[int, Unread]
    ) -> None:
        self._mailbox = mailbox
        self._reads = reads
        self._unread = unread
        self._placings: list[Placing] = []
        # Stored ones by their id, new ones by negative numbers.
        self._conversations: dict[int, Conversation] = {}

    def place(self) -> tuple[int, list[Placed]]:
        """Thread them and note where they belong."""
        received = self._locked_messages()
        ours = self._known_to_us()
        board = Board.set_up(self._mailbox.pk, self._reads)
        joined = {each for each in board.references.values() if each > 0}
        self._conversations |= store.locked_conversations(joined)
        places = self._places()
        people = store.contacts_of(self._reads)
        handled = 0
        for read in self._reads:
            if read.message not in received:
                # Somebody else has processed it meanwhile.
                handled += 1
                continue
            if (read.is_from_us and read.message_id in ours) or (
                read.bounced and read.bounced in ours
            ):
                break
            verdict = board.verdict_on(read)
            placed_before = received[read.message]
            if verdict.kind is threading.Kind.MERGE and placed_before is None:
                break
            placing = self._placing(read)
            store.give_contact(placing, read, people)
            number = self._join(placing, verdict, placed_before)
            board.note(self._conversations[number], number, read)
            placing.where = number
            placing.trace = self._trace(read, verdict, places)
            placing.folder_role = next(
                (each.role for each in places.get(read.message, ())), ""
            )
            self._placings.append(placing)
            handled += 1
        return handled, self._save(people, board)

    def _locked_messages(self) -> dict[int, int | None]:
        """Those still to be processed, and where they were placed by a broken run."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, conversation_id FROM letterbox_message"
                # As in many_rows.update: by their ids, not by an index of the backlog.
                " WHERE id = ANY(%s) AND state || '' = 'received'"
                " ORDER BY id FOR NO KEY UPDATE",
                [[each.message for each in self._reads]],
            )
            return dict(cursor.fetchall())

    def _placing(self, read: Read) -> Placing:
        """The letter as its conversation shows it."""
        return Placing(
            message=read.message,
            mailbox_id=self._mailbox.pk,
            message_id=read.message_id,
            thread_facts=read.remembered,
            subject=read.subject,
            from_name=read.from_name,
            from_email=read.from_email,
            snippet=read.snippet,
            direction=str(
                Message.Direction.OUT if read.is_from_us else Message.Direction.IN
            ),
            received_at=self._unread[read.message].received_at,
        )

    def _join(
        self,
        placing: Placing,
        verdict: threading.ThreadVerdict,
        placed_before: int | None,
    ) -> int:
        """Show the letter in its conversation, which may be new."""
        if placed_before is not None:
            # It is counted there already.
            self._load(placed_before)
            placing.is_first = joining.has_begun(placed_before, placing.message)
            return placed_before
        if verdict.kind is threading.Kind.START:
            number = -1 - len(self._conversations)
            self._conversations[number] = conversations.begin(placing)
            placing.is_first = True
            return number
        number = verdict.conversation_ids[0]
        self._load(number)
        conversations.show(self._conversations[number], placing)
        return number

    def _load(self, number: int) -> None:
        if number not in self._conversations:
            self._conversations |= store.locked_conversations([number])

    def _trace(
        self,
        read: Read,
        verdict: threading.ThreadVerdict,
        places: dict[int, list[Place]],
    ) -> dict[str, Any]:
        refusal = conversion.FROM_US if read.is_from_us else conversion.HISTORY
        return {
            "import": reading.trace_of_import(
                places.get(read.message, ()), is_history=True, problems=read.problems
            ),
            "conversation": joining.trace_of(verdict, 0, kind=MailKind(read.kind)),
            "convert": {
                "action": self._mailbox.processing_action,
                "refusal": refusal,
            },
        }

    def _save(self, people: store.People, board: Board) -> list[Placed]:
        if not self._placings:
            return []
        store.save_contacts(people)
        self._give_contacts()
        numbers = store.save_conversations(self._conversations)
        store.save_references(
            self._mailbox.pk,
            {key: numbers.get(at, at) for key, at in board.learnt.items()},
        )
        placed: list[Placed] = []
        contacts = {each.contact_id or 0 for each in self._placings}
        firsts = store.first_letters_of(self._mailbox.pk, contacts)
        time_zone = answer_settings.of(self._mailbox).time_zone
        for each in self._placings:
            each.where = numbers.get(each.where, each.where)
            each.trace["conversation"]["id"] = each.where
            contact = each.contact_id or 0
            is_known = firsts.setdefault(contact, each.message) < each.message
            known = facts.Remembered(
                is_first_letter=each.is_first,
                sender_is_known=bool(contact) and is_known,
                folder_role=facts.folder_role(each.folder_role),
                mailbox_addresses=tuple(self._mailbox.all_addresses),
                time_zone=time_zone,
            )
            placed.append(
                Placed(
                    self._unread[each.message],
                    known.to_json() if each.direction == Message.Direction.IN else {},
                    each.trace,
                )
            )
        store.place_messages(self._placings)
        return placed

    def _give_contacts(self) -> None:
        """Contacts have ids only now, so `show` could not give them."""
        for each in self._placings:
            conversation = self._conversations[each.where]
            is_inbound = each.direction == Message.Direction.IN
            if is_inbound and conversation.contact_id is None:
                conversation.contact_id = each.contact_id

    def _known_to_us(self) -> set[str]:
        """The ids of the batch under which we promised something ourselves."""
        ids = {
            *(each.message_id for each in self._reads if each.is_from_us),
            *(each.bounced for each in self._reads),
        } - {""}
        return set(
            OutgoingMail.objects.filter(
                mailbox=self._mailbox, message_id__in=ids
            ).values_list("message_id", flat=True)
        )

    def _places(self) -> dict[int, list[Place]]:
        """Where each letter lies, in the order in which we learnt of it."""
        with connection.cursor() as cursor:
            cursor.execute(PLACES, [[each.message for each in self._reads]])
            rows = cursor.fetchall()
        places: dict[int, list[Place]] = {}
        for message_id, *place in rows:
            places.setdefault(message_id, []).append(Place(*place))
        return places
