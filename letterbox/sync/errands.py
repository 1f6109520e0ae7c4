"""What we owe to the server: flags, moves, and copies in Sent.

RemoteChange rows survive a restart. They are done on a connection of their own, opened
on demand and closed soon after, so that watching is never interrupted.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import DatabaseError, connections
from django.db.models import F
from django.utils import timezone

from letterbox.imap import errors
from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName
from letterbox.imap.values import FetchedLetter
from letterbox.models import Placement, RemoteChange
from letterbox.sync import on_demand, passes
from letterbox.sync.backoff import Backoff

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 8
MOST_IN_A_GO = 500
MOST_AT_ONCE = 8
LOOK_SECONDS = 15.0
# So many letters of the same size are compared with one that may have been copied.
MOST_LIKE_IT = 20


class Errands(threading.Thread):
    """Does the errands of the mailboxes that this process keeps.

    Each mailbox has one errand boy at a time, so that a server that hangs keeps
    nobody else waiting.
    """

    def __init__(self) -> None:
        super().__init__(name="errands", daemon=True)
        self._kept: frozenset[int] = frozenset()
        self._asked: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._is_stopping = threading.Event()
        self._boys = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="errand")
        self._out: set[int] = set()
        # Mailbox → how often it went wrong, and until when it is left alone.
        self._troubles: dict[int, tuple[Backoff, float]] = {}

    def keep(self, mailbox_ids: set[int]) -> None:
        """Do errands for these mailboxes from now on."""
        self._kept = frozenset(mailbox_ids)

    def look(self, mailbox_id: int) -> None:
        """A new errand may wait in this mailbox."""
        self._asked.put(mailbox_id)

    def stop(self) -> None:
        """End after the errands in hand."""
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
                self._send_out(asked & self._kept)
            except DatabaseError:
                logger.warning("The database is away; errands wait.")
            finally:
                connections.close_all()
        self._boys.shutdown(wait=False, cancel_futures=True)

    def _send_out(self, mailbox_ids: set[int]) -> None:
        waiting = RemoteChange.objects.filter(
            state=RemoteChange.State.WAITING, mailbox__in=mailbox_ids
        )
        now = time.monotonic()
        for mailbox_id in waiting.values_list("mailbox", flat=True).distinct():
            _, alone_until = self._troubles.get(mailbox_id, (None, 0.0))
            if mailbox_id not in self._out and now >= alone_until:
                self._out.add(mailbox_id)
                self._boys.submit(self._go, mailbox_id)

    def _go(self, mailbox_id: int) -> None:
        try:
            run_errands(mailbox_id)
        except Exception as error:  # noqa: BLE001
            # Whatever one mailbox does to it, the others' errands are still to be done.
            backoff, _ = self._troubles.get(mailbox_id, (Backoff(), 0.0))
            wait = backoff.after(
                lived_seconds=0, is_refused=isinstance(error, errors.LoginRefused)
            )
            self._troubles[mailbox_id] = backoff, time.monotonic() + wait
            logger.warning(
                "Errands of mailbox %d wait: %s", mailbox_id, type(error).__name__
            )
        else:
            self._troubles.pop(mailbox_id, None)
        finally:
            self._out.discard(mailbox_id)
            connections.close_all()


def run_errands(mailbox_id: int) -> None:
    """Do everything that waits in one mailbox."""
    waiting = (
        RemoteChange.objects.filter(
            mailbox=mailbox_id, state=RemoteChange.State.WAITING
        )
        .select_related("folder", "placement__folder", "outgoing__raw")
        .order_by("id")
    )
    last = 0
    # Each is tried once in a go: what was refused still waits, and has its turn later.
    while changes := list(waiting.filter(pk__gt=last)[:MOST_IN_A_GO]):
        last = changes[-1].pk
        with on_demand.session_of(mailbox_id) as session:
            for change in changes:
                _do(session, change)


def _do(session: Session, change: RemoteChange) -> None:
    # Asked in the UPDATE: after a change of keepers two may have the same list.
    is_ours = RemoteChange.objects.filter(
        pk=change.pk, state=RemoteChange.State.WAITING, attempts=change.attempts
    ).update(attempts=F("attempts") + 1)
    if not is_ours:
        return
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
        change.save(update_fields=["problem", "state"])
        return
    change.state = RemoteChange.State.DONE
    change.done_at = timezone.now()
    change.save(update_fields=["state", "done_at"])


def _append(session: Session, change: RemoteChange) -> None:
    """Put a copy into Sent, unless it is there: a crash may have come after it.

    Some providers file what goes out by their SMTP themselves, sometimes later.
    """
    mail, folder = change.outgoing, change.folder
    if mail is None or folder is None or session.quirks.files_sent_itself:
        return
    name = WireName(folder.wire_name)
    # Courier refuses to add to a folder that is open for reading only.
    session.select(name)
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
    # What comes back as news of this is no change any more.
    flags = set(place.flags)
    flags = flags | flag if change.kind == RemoteChange.Kind.ADD_FLAG else flags - flag
    Placement.objects.filter(pk=place.pk).update(flags=sorted(flags))


def _move(session: Session, change: RemoteChange) -> None:
    """Move a letter; without MOVE, an earlier try may have got as far as the copy."""
    place, target = change.placement, change.folder
    if place is None or target is None:
        return
    name, uids = WireName(target.wire_name), UidSet.of([place.uid])
    may_be_copied = change.attempts > 1 and not session.capabilities.has("MOVE")
    is_copied = may_be_copied and _is_in(session, name, place)
    if not _open(session, place):
        return
    if not is_copied:
        session.move(uids, name)
    elif session.capabilities.has("UIDPLUS"):
        session.delete(uids)
    else:
        session.store(uids, add=frozenset({"\\Deleted"}))


def _is_in(session: Session, name: WireName, place: Placement) -> bool:
    """Whether a folder holds the letter, among its newest of that size."""
    if place.message is None:
        return False
    session.examine(name)
    of_that_size = session.search(
        "LARGER", str(place.size - 1), "SMALLER", str(place.size + 1)
    )
    like_it = passes.newest(of_that_size, MOST_LIKE_IT)
    if place.state == Placement.State.OVERSIZE:
        return any(_has_outline(session, uid, place) for uid in like_it)
    wanted = bytes(place.message.raw.sha256)
    return any(
        isinstance(one, FetchedLetter) and hashlib.sha256(one.raw).digest() == wanted
        for one in session.fetch_letters(like_it)
    )


def _has_outline(session: Session, uid: int, place: Placement) -> bool:
    """Whether it is the letter by all that we have of one that is too large: its header.

    Byte for byte, with its Message-ID and the way it came.
    """
    outline = session.fetch_outline(uid)
    if outline is None or not outline.header or place.message is None:
        return False
    return place.message.raw.beginning.startswith(outline.header)


def _open(session: Session, place: Placement) -> bool:
    """Open the letter's folder; False when its number means another letter now."""
    opened = session.select(WireName(place.folder.wire_name))
    return opened.uid_validity == place.uid_validity and place.gone_at is None


def forget_done(*, older_than: timedelta = timedelta(days=30)) -> None:
    """Remove rows that nobody will ask for."""
    RemoteChange.objects.filter(
        state=RemoteChange.State.DONE, done_at__lt=timezone.now() - older_than
    ).delete()
