"""Letters that the server has no more: kept here, marked so, and never too quickly.

A server with half a folder gone may be a server with half its disks gone, so that much
is believed only when a second connection says the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName
from letterbox.models import Folder, Placement
from letterbox.sync import database

SUSPICIOUS_SHARE = 0.5
SUSPICIOUS_COUNT = 20


@dataclass(frozen=True, slots=True)
class Gone:
    """How many were marked, and how many wait for a second opinion.

    `has_returned`: the server has letters that we believed to be gone.
    """

    marked: int = 0
    doubtful: int = 0
    has_returned: bool = False


def mark(
    folder: Folder,
    uids: UidSet,
    *,
    is_confirmed: bool = False,
    check: Callable[[], None] = lambda: None,
) -> Gone:
    """Remember that the server has these no more; our letters stay.

    `check` is called in the transaction, and raises when somebody else keeps the
    mailbox.
    """
    if not uids:
        return Gone()
    with transaction.atomic():
        check()
        return _mark(folder, uids, is_confirmed=is_confirmed)


def _mark(folder: Folder, uids: UidSet, *, is_confirmed: bool) -> Gone:
    rows = _present(folder)
    held = rows.count()
    gone = [uid for uid in rows.values_list("uid", flat=True) if uid in uids]
    if not is_confirmed and is_suspicious(len(gone), held):
        return Gone(doubtful=len(gone))
    return Gone(rows.filter(uid__in=gone).update(gone_at=timezone.now()))


def compare(
    session: Session,
    folder: Folder,
    *,
    is_confirmed: bool = False,
    check: Callable[[], None] = lambda: None,
) -> Gone:
    """Ask the server for all UIDs of the open folder and mark what it left out.

    What we hold is read before: letters that come meanwhile are not in its answer.
    """
    ours = UidSet.of(_present(folder).values_list("uid", flat=True))
    lost = UidSet.of(_gone(folder).values_list("uid", flat=True))
    database.let_go()
    there = session.search("ALL")
    gone = mark(folder, ours - there, is_confirmed=is_confirmed, check=check)
    return replace(gone, has_returned=bool(lost & there))


def confirm(
    session: Session, folder: Folder, *, check: Callable[[], None] = lambda: None
) -> Gone:
    """The second opinion: what this other connection does not see either is gone."""
    database.let_go()
    opened = session.examine(WireName(folder.wire_name))
    if opened.uid_validity not in (None, folder.uid_validity):
        return Gone()
    return compare(session, folder, is_confirmed=True, check=check)


def is_suspicious(gone: int, held: int) -> bool:
    """Whether so many letters rarely go at once."""
    return gone >= SUSPICIOUS_COUNT and gone > held * SUSPICIOUS_SHARE


def _present(folder: Folder) -> QuerySet[Placement]:
    return _lines(folder).filter(gone_at__isnull=True)


def _gone(folder: Folder) -> QuerySet[Placement]:
    return _lines(folder).filter(gone_at__isnull=False)


def _lines(folder: Folder) -> QuerySet[Placement]:
    return Placement.objects.filter(
        folder=folder, uid_validity=folder.uid_validity or 0
    )
