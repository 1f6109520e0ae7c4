"""What the section Health shows: state, strip of days, folders, stuck letters.

Only questions. Letters are named by number to those who may not read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from letterbox import access
from letterbox.models import (
    Connection,
    Folder,
    Health,
    HealthEvent,
    Mailbox,
    Message,
    User,
)

DAYS = 7
STRIP_WIDTH = 700
MOST_STUCK = 50
MOST_EVENTS = 500
TONES = {
    Health.State.LIVE: "green",
    Health.State.POLLING: "green",
    Health.State.CONNECTING: "blue",
    Health.State.BACKING_OFF: "amber",
    Health.State.NEEDS_ATTENTION: "red",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the strip, in units of STRIP_WIDTH."""

    start: int
    width: int
    tone: str
    state: str
    since: datetime


@dataclass(frozen=True, slots=True)
class FolderLine:
    """A folder that is kept in sync; `fetched` while its older letters are coming.

    `fell_back_at`: when its server gave numbers out again, unless that is long ago.
    """

    folder: Folder
    fetched: int | None
    fell_back_at: datetime | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the section shows."""

    health: Health | None
    strip: Sequence[Piece]
    has_imap: bool
    folders: Sequence[FolderLine]
    stuck: Sequence[Message]
    may_read: bool
    strip_width: int = field(default=STRIP_WIDTH)
    days: int = field(default=DAYS)


def state_of(mailbox: Mailbox) -> Health | None:
    """What its keeper last knew; None when it was never asked."""
    return Health.objects.filter(mailbox=mailbox).first()


def report(user: User, mailbox: Mailbox) -> Report:
    """Look at the mailbox as it is now."""
    now = timezone.now()
    return Report(
        health=state_of(mailbox),
        strip=strip(_events(mailbox, now), now),
        has_imap=mailbox.connections.filter(protocol=Connection.Protocol.IMAP).exists(),
        folders=[
            FolderLine(
                each,
                _fetched(each) if each.is_backfilling else None,
                _if_recent(each.fell_back_at, now),
            )
            for each in mailbox.folders.filter(is_ticked=True)
        ],
        stuck=list(mailbox.messages.filter(state=Message.State.STUCK)[:MOST_STUCK]),
        may_read=access.ability_in(user, mailbox.pk) >= access.READ,
    )


def strip(events: Sequence[tuple[datetime, str]], now: datetime) -> list[Piece]:
    """The states of the last days, oldest first, as stretches of one line.

    The first event may be older: its state held when the strip begins.
    """
    if not events:
        return []
    start = now - timedelta(days=DAYS)
    scale = STRIP_WIDTH / timedelta(days=DAYS).total_seconds()
    ends = [*(moment for moment, _state in events[1:]), now]
    pieces = []
    for (moment, state), end in zip(events, ends, strict=True):
        left = round((max(moment, start) - start).total_seconds() * scale)
        right = round((end - start).total_seconds() * scale)
        # Even a moment of trouble must be seen.
        width = max(right - left, 2)
        if end > start:
            tone = TONES.get(Health.State(state), "grey")
            pieces.append(Piece(min(left, STRIP_WIDTH - 2), width, tone, state, moment))
    return pieces


def _if_recent(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment and now - moment < timedelta(days=DAYS) else None


def _fetched(folder: Folder) -> int:
    return folder.placements.filter(
        uid_validity=folder.uid_validity or 0, gone_at=None
    ).count()


def _events(mailbox: Mailbox, now: datetime) -> list[tuple[datetime, str]]:
    rows = HealthEvent.objects.filter(mailbox=mailbox).order_by("-id")
    found = [(row.at, row.state) for row in rows[:MOST_EVENTS]]
    start = now - timedelta(days=DAYS)
    kept: list[tuple[datetime, str]] = []
    for moment, state in found:
        kept.append((moment, state))
        if moment <= start:
            break
    return kept[::-1]
