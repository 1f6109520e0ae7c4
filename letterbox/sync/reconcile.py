"""Prove that nothing is missing: every UID of the server against our ledger.

    server 4,812 = stored + large + unreadable + skipped by date + still to come + missing

Nightly for every ticked folder, and whenever somebody asks. What is missing is an
alarm, with the list; `repair` fetches it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import islice

from django.db import transaction
from django.utils import timezone

from letterbox import live
from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName
from letterbox.models import Folder, Mailbox, Placement, User
from letterbox.services import history
from letterbox.sync import database, falling_back, flags, passes, vanishing
from letterbox.sync.taking import Taker

logger = logging.getLogger(__name__)

EVERY = timedelta(hours=24)
LISTED_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Count:
    """One folder's account, in letters.

    `skipped` are older than the start of synchronisation, `to_come` are known to be
    there and not fetched yet, `missing` nobody can explain.
    """

    server: int
    stored: int = 0
    oversize: int = 0
    unreadable: int = 0
    skipped: int = 0
    to_come: int = 0
    missing: int = 0

    @property
    def accounted(self) -> int:
        """How many of the server's letters we can account for."""
        return self.server - self.missing


@dataclass(frozen=True, slots=True)
class Ledger:
    """Our side of the account: which UIDs are in which state, and what is wanted."""

    stored: UidSet
    oversize: UidSet
    unreadable: UidSet
    wanted: UidSet
    to_come: UidSet


def is_due(folder: Folder) -> bool:
    """Whether the folder should be counted now."""
    if folder.last_counted_at is None:
        return folder.last_pass_at is not None
    # A count of tomorrow was made before the clock was set back; it says nothing.
    return not timedelta(0) <= timezone.now() - folder.last_counted_at <= EVERY


def ask(mailbox: Mailbox) -> None:
    """Have all ticked folders counted as soon as their keeper can."""
    mailbox.folders.filter(is_ticked=True).update(last_counted_at=None)
    live.announce("mailbox", mailbox.pk, mailbox_id=mailbox.pk)


def account(there: UidSet, ledger: Ledger) -> tuple[Count, UidSet]:
    """Compare; returns the account and the missing UIDs. Pure."""
    stored = there & ledger.stored
    oversize = there & ledger.oversize
    unreadable = there & ledger.unreadable
    unknown = there - stored - oversize - unreadable
    skipped = unknown - ledger.wanted
    to_come = (unknown - skipped) & ledger.to_come
    missing = unknown - skipped - to_come
    count = Count(
        server=len(there),
        stored=len(stored),
        oversize=len(oversize),
        unreadable=len(unreadable),
        skipped=len(skipped),
        to_come=len(to_come),
        missing=len(missing),
    )
    return count, missing


def count(
    session: Session, folder: Folder, *, check: Callable[[], None] = lambda: None
) -> Count:
    """Count one folder, mark what is gone, note the result and raise the alarm.

    Ends with nothing counted when the folder has other numbers now, or the same ones
    for other letters: a pass comes first.
    """
    database.let_go()
    opened = session.examine(WireName(folder.wire_name))
    if opened.uid_validity not in (None, folder.uid_validity):
        return Count(server=opened.exists, missing=opened.exists)
    if falling_back.has_other_letters(session, folder):
        # It fell back and rose above all that we knew before anybody looked.
        falling_back.void(folder, check=check)
        return Count(server=opened.exists, missing=opened.exists)
    # Read before the server is asked: letters that come meanwhile are not in its answer.
    ours = UidSet.of(_uids(folder))
    database.let_go()
    there = session.search("ALL")
    wanted = _wanted(session, folder)
    if opened.highest_mod_seq is None:
        # Passes read the flags of the newest letters only.
        states = list(session.fetch_states(UidSet.span(1)))
        flags.apply(folder, states, check=check)
    vanishing.mark(folder, ours - there, check=check)
    result, missing = account(there, _ledger(folder, wanted))
    _note(folder, result, missing, check=check)
    return result


def repair(session: Session, folder: Folder, *, by: User | None = None) -> Count:
    """Fetch what is missing, and count again.

    What is fetched so late is history: nobody is answered days after the fact.
    """
    count(session, folder)
    missing = UidSet.of(folder.missing)
    taker = Taker(session, folder, folder.uid_validity or 0)
    while missing:
        taker.take(missing, is_history=True)
        before = missing
        count(session, folder)
        missing = UidSet.of(folder.missing) - before
    history.record("folder-repaired", by=by, mailbox=folder.mailbox, folder=folder.path)
    return count(session, folder)


def _wanted(session: Session, folder: Folder) -> UidSet:
    """Which UIDs the folder's start of synchronisation includes."""
    live_mail = UidSet.span(folder.live_uid)
    match folder.sync_from:
        case Folder.SyncFrom.EVERYTHING:
            return UidSet.span(1)
        case Folder.SyncFrom.DATE if folder.sync_since:
            day = passes.imap_day(folder.sync_since)
            return live_mail | session.search(f"SINCE {day}")
        case _:
            return live_mail


def _ledger(folder: Folder, wanted: UidSet) -> Ledger:
    to_come = UidSet.span(folder.next_uid)
    if folder.is_backfilling:
        to_come |= UidSet.span(1, folder.backfill_uid - 1)
    return Ledger(
        stored=UidSet.of(_uids(folder, Placement.State.STORED)),
        oversize=UidSet.of(_uids(folder, Placement.State.OVERSIZE)),
        unreadable=UidSet.of(_uids(folder, Placement.State.UNREADABLE)),
        wanted=wanted,
        to_come=to_come,
    )


def _uids(folder: Folder, state: Placement.State | None = None) -> list[int]:
    rows = Placement.objects.filter(
        folder=folder, uid_validity=folder.uid_validity or 0, gone_at__isnull=True
    )
    if state is not None:
        rows = rows.filter(state=state)
    return list(rows.values_list("uid", flat=True))


@transaction.atomic
def _note(
    folder: Folder, result: Count, missing: UidSet, *, check: Callable[[], None]
) -> None:
    check()
    was_missing = bool(folder.missing)
    folder.last_counted_at = timezone.now()
    folder.server_count = result.server
    folder.accounted = result.accounted
    folder.ledger = asdict(result)
    folder.missing = list(islice(missing, LISTED_AT_MOST))
    folder.save(
        update_fields=[
            "last_counted_at",
            "server_count",
            "accounted",
            "ledger",
            "missing",
        ]
    )
    if result.missing and not was_missing:
        logger.error(
            "Folder %d: the server has %d letters, %d are not accounted for.",
            folder.pk,
            result.server,
            result.missing,
        )
        history.record(
            "letters-missing",
            by=None,
            mailbox=folder.mailbox,
            folder=folder.path,
            count=result.missing,
            uids=folder.missing,
        )
    live.announce("health", folder.mailbox_id, mailbox_id=folder.mailbox_id)
