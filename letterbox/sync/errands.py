"""What we owe to the server: flags, moves, and copies in Sent.

RemoteChange rows survive a restart. One thread does them on a connection of their own,
opened on demand and closed soon after, so that watching is never interrupted.
"""

from __future__ import annotations

import logging
import queue
import threading
from datetime import timedelta

from django.db import DatabaseError, connections
from django.utils import timezone

from letterbox.imap import errors, sessions
from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName
from letterbox.models import Connection, Placement, RemoteChange
from letterbox.services import connections as mail_connections

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 8
LOOK_SECONDS = 15.0


class Errands(threading.Thread):
    """Does the errands of the mailboxes that this process keeps."""

    def __init__(self) -> None:
        super().__init__(name="errands", daemon=True)
        self._kept: frozenset[int] = frozenset()
        self._asked: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._is_stopping = threading.Event()

    def keep(self, mailbox_ids: set[int]) -> None:
        """Do errands for these mailboxes from now on."""
        self._kept = frozenset(mailbox_ids)

    def look(self, mailbox_id: int) -> None:
        """A new errand may wait in this mailbox."""
        self._asked.put(mailbox_id)

    def stop(self) -> None:
        """End after the errand in hand."""
        self._is_stopping.set()
        self._asked.put(0)

    def run(self) -> None:
        """Look when asked, and now and then."""
        while not self._is_stopping.is_set():
            try:
                asked = {self._asked.get(timeout=LOOK_SECONDS)}
            except queue.Empty:
                asked = set(self._kept)
            try:
                self._look_into(asked & self._kept)
            except DatabaseError:
                logger.warning("The database is away; errands wait.")
            finally:
                connections.close_all()

    def _look_into(self, mailbox_ids: set[int]) -> None:
        waiting = RemoteChange.objects.filter(
            state=RemoteChange.State.WAITING, mailbox__in=mailbox_ids
        )
        for mailbox_id in waiting.values_list("mailbox", flat=True).distinct():
            try:
                run_errands(mailbox_id)
            except errors.ImapError as error:
                logger.warning(
                    "Errands of mailbox %d wait: %s", mailbox_id, type(error).__name__
                )


def run_errands(mailbox_id: int) -> None:
    """Do everything that waits in one mailbox."""
    row = Connection.objects.get(mailbox=mailbox_id, protocol=Connection.Protocol.IMAP)
    waiting = (
        RemoteChange.objects.filter(
            mailbox=mailbox_id, state=RemoteChange.State.WAITING
        )
        .select_related("folder", "placement__folder", "outgoing__raw")
        .order_by("id")
    )
    with sessions.connect(
        mail_connections.imap_server(row), tls=mail_connections.tls_context()
    ) as session:
        session.log_in(mail_connections.imap_login(row))
        for change in waiting:
            _do(session, change)


def _do(session: Session, change: RemoteChange) -> None:
    change.attempts += 1
    try:
        match change.kind:
            case RemoteChange.Kind.APPEND:
                _append(session, change)
            case RemoteChange.Kind.MOVE:
                _move(session, change)
            case _:
                _store(session, change)
    except (errors.Refused, errors.Unsupported, errors.CommandRejected) as error:
        change.problem = str(error)
        if change.attempts >= MOST_ATTEMPTS:
            change.state = RemoteChange.State.FAILED
        change.save(update_fields=["attempts", "problem", "state"])
        return
    change.state = RemoteChange.State.DONE
    change.done_at = timezone.now()
    change.save(update_fields=["attempts", "state", "done_at"])


def _append(session: Session, change: RemoteChange) -> None:
    """Put a copy into Sent, unless it is there: a crash may have come after it."""
    mail, folder = change.outgoing, change.folder
    if mail is None or folder is None:
        return
    name = WireName(folder.wire_name)
    session.examine(name)
    if session.search("HEADER", "Message-ID", mail.message_id.encode()):
        return
    session.append(
        name,
        mail.raw.content,
        flags=frozenset({"\\Seen"}),
        internal_date=mail.sent_at,
    )


def _store(session: Session, change: RemoteChange) -> None:
    """Add or remove one flag; the others are none of our business."""
    place = change.placement
    if place is None or not _open(session, place):
        return
    flag = frozenset({change.value})
    if change.kind == RemoteChange.Kind.ADD_FLAG:
        session.store(UidSet.of([place.uid]), add=flag)
    else:
        session.store(UidSet.of([place.uid]), remove=flag)


def _move(session: Session, change: RemoteChange) -> None:
    place, target = change.placement, change.folder
    if place is None or target is None or not _open(session, place):
        return
    session.move(UidSet.of([place.uid]), WireName(target.wire_name))


def _open(session: Session, place: Placement) -> bool:
    """Open the letter's folder; False when its number means another letter now."""
    opened = session.select(WireName(place.folder.wire_name))
    return opened.uid_validity == place.uid_validity and place.gone_at is None


def forget_done(*, older_than: timedelta = timedelta(days=30)) -> None:
    """Remove rows that nobody will ask for."""
    RemoteChange.objects.filter(
        state=RemoteChange.State.DONE, done_at__lt=timezone.now() - older_than
    ).delete()
