"""One open session of a mailbox: look, pass over what is behind, wait for news.

look     STATUS of all ticked folders, in one round trip where the server can
pass     inbox first, then the other folders that are behind
past     a second's worth of one folder's history, then look again
count    a folder whose count against the server is due (reconcile)
wait     IDLE in the inbox, with NOTIFY for all other folders; or sleep
"""

from __future__ import annotations

import logging
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from django.utils import timezone

from letterbox.imap import errors
from letterbox.imap.connection import News
from letterbox.imap.responses import FolderListing, FolderStatus
from letterbox.imap.sessions import Session
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.models import Folder, Health, Mailbox
from letterbox.sync import (
    at_once,
    budgets,
    database,
    health,
    on_demand,
    plan,
    reconcile,
    tree,
    vanishing,
    waking,
)
from letterbox.sync.apart import apart
from letterbox.sync.leases import Hold
from letterbox.sync.passes import Outcome, Pass, known_of

logger = logging.getLogger(__name__)

# With NOTIFY a look is for what fell between two commands only. Firewalls forget silent
# connections much earlier than RFC 2177 expects, and a dead one is to be noticed.
NOTIFIED_SECONDS = 60.0
POLL_SECONDS = 30.0
# Folders that IDLE does not watch are looked at this often.
LOOK_AROUND_SECONDS = 30.0
# Without mod-sequences a STATUS does not show changed flags.
FLAGS_SECONDS = 120.0
TREE_SECONDS = 600.0
# The past is fetched for so long before new letters are looked for.
PAST_SECONDS = 1.0
# A folder in trouble is left alone for so long, then twice as long, up to six hours.
PARKED_SECONDS = 30.0
LONGEST_PARKED_SECONDS = 6 * 3600.0
# A number that was given out may belong to nobody: then we stop looking for it.
GHOST_SECONDS = 120.0


class SettingsChanged(Exception):
    """The connection must be made anew, with other settings."""


@dataclass(slots=True)
class Round:
    """Keeps a mailbox on one session until trouble or the end.

    Only the waiting happens in the thread of whoever runs it; see `apart`.
    """

    mailbox: Mailbox
    session: Session
    hold: Hold
    is_stopping: Callable[[], bool]
    # A descriptor that can be read when somebody wants us to look.
    wake: int
    # Raises SettingsChanged when this session is not what the settings say.
    check_settings: Callable[[], None]
    # Called before each waiting.
    has_begun: Callable[[], None] = lambda: None
    _tree_read_at: float = 0.0
    _is_notified: bool = False
    _bytes_noted: int = 0
    _spent: int = 0
    # Whether the last passes found anything, and whether they were begun in `_wait`.
    _has_found: bool = False
    _was_at_once: bool = False
    # The folders as they were when last asked for; passes keep their cursors true.
    _folders: list[Folder] = field(default_factory=list)
    _reported: tuple[str, frozenset[str]] | None = None
    # Whether somebody wrote to `wake`.
    _is_asked: bool = False
    _parked: dict[int, float] = field(default_factory=dict)
    _ghosts: dict[int, tuple[int, float]] = field(default_factory=dict)

    def run(self) -> None:
        """Look, pass, wait, and again."""
        hints: set[WireName] = set()
        while not self.is_stopping():
            hints, may_wait = apart(partial(self._turn, hints))
            if may_wait and not self.is_stopping():
                self.has_begun()
                hints = self._wait()

    def _turn(self, hints: set[WireName]) -> tuple[set[WireName], bool]:
        """Everything but the waiting.

        Returns the folders that are known to be behind by now, and whether that may
        wait for news.
        """
        if self._is_asked:
            self._is_asked = False
            self.check_settings()
            self._tree_read_at = 0.0
        if time.monotonic() - self._tree_read_at > TREE_SECONDS or (
            not self._tree_read_at
        ):
            self._read_tree()
        arrived = self._catch_up(hints)
        health.note_pass(self.mailbox.pk, has_letters=arrived > 0)
        self._report()
        if self._count_one():
            return set(), False
        if self.mode == "poll" or self.is_stopping():
            return set(), True
        behind = self._open_for_waiting()
        # A server that contradicts itself is not asked again and again for nothing.
        self._was_at_once = bool(behind) and (self._has_found or not self._was_at_once)
        return behind, not self._was_at_once

    def _report(self) -> None:
        """Say that all is well, unless that has been said."""
        state = Health.State.POLLING if self.mode == "poll" else Health.State.LIVE
        news = state, self.session.capabilities.names
        if self._reported != news:
            health.report(self.mailbox.pk, state, capabilities=sorted(news[1]))
            self._reported = news

    @property
    def mode(self) -> str:
        """How news come: notify, idle or poll."""
        if not (
            self.session.capabilities.has("IDLE") and self.session.quirks.idle_seconds
        ):
            return "poll"
        return "notify" if self.session.capabilities.has("NOTIFY") else "idle"

    def _read_tree(self) -> None:
        database.let_go()
        listings, statuses = self.session.list_folders_with_status()
        tree.refresh(self.mailbox, listings, statuses)
        self._tree_read_at = time.monotonic()

    def _read_folders(self) -> None:
        """Ask which folders to keep: the inbox first."""
        rows = Folder.objects.filter(
            mailbox=self.mailbox,
            is_ticked=True,
            is_selectable=True,
            gone_at__isnull=True,
        )
        self._folders = sorted(
            rows, key=lambda each: (each.role != Folder.Role.INBOX, each.pk)
        )

    @property
    def _ticked(self) -> list[Folder]:
        """The folders to keep that are not left alone for a while."""
        now = time.monotonic()
        return [each for each in self._folders if self._parked.get(each.pk, 0.0) <= now]

    def _catch_up(self, hints: set[WireName]) -> int:
        """Pass over folders until none is behind; returns how many letters came."""
        arrived = at_once.take(self.session, self._ticked, hints, check=self.hold.check)
        has_news = self._has_found = arrived > 0
        # What the server has just told of needs no looking.
        self._read_folders()
        behind = [each for each in self._ticked if each.wire_name in hints]
        turn = 0
        while not self.is_stopping():
            behind = behind or self._behind()
            for folder in behind:
                if self.is_stopping():
                    return arrived
                outcome = self._pass_over(folder)
                if outcome is not None:
                    arrived += outcome.arrived
                    has_news |= outcome.has_news
            behind = []
            self._has_found |= has_news
            past = self._with_past()
            if past:
                self._pass_over(past[turn % len(past)])
                turn += 1
            elif not has_news:
                return arrived
            has_news = False
            self._read_folders()
        return arrived

    def _behind(self) -> list[Folder]:
        """Which folders a look says need a pass."""
        ticked = self._ticked
        statuses = self._look(ticked)
        return [
            folder
            for folder in ticked
            if self._is_behind(folder, statuses.get(WireName(folder.wire_name)))
        ]

    def _look(self, ticked: list[Folder]) -> dict[WireName, FolderStatus]:
        database.let_go()
        if self.mode == "notify" and not self._is_notified:
            self._is_notified = True
            return self.session.notify()
        if len(ticked) > 20 and self.session.capabilities.has("LIST-STATUS"):
            return self.session.list_folders_with_status()[1]
        return self.session.statuses([WireName(each.wire_name) for each in ticked])

    def _is_behind(self, folder: Folder, status: FolderStatus | None) -> bool:
        if status is None or folder.last_pass_at is None:
            return True
        reported = plan.Reported(
            uid_validity=status.uid_validity,
            next_uid=self._without_ghost(folder, status.uid_next),
            mod_seq=status.highest_mod_seq,
            exists=status.messages,
        )
        if plan.is_behind(known_of(folder), reported):
            return True
        age = (timezone.now() - folder.last_pass_at).total_seconds()
        # A pass of tomorrow was made before the clock was set back.
        is_old = not 0 <= age <= FLAGS_SECONDS
        return status.highest_mod_seq is None and is_old

    def _without_ghost(self, folder: Folder, uid_next: int | None) -> int | None:
        """UIDNEXT, unless it has been wrong for minutes, whatever passes found.

        It may promise letters that never show, or be too low for those that are there.
        """
        if uid_next is None or uid_next == folder.next_uid:
            return folder.next_uid
        promised, since = self._ghosts.get(folder.pk, (0, 0.0))
        if promised != uid_next:
            self._ghosts[folder.pk] = uid_next, time.monotonic()
            return uid_next
        return uid_next if time.monotonic() - since < GHOST_SECONDS else folder.next_uid

    def _with_past(self) -> list[Folder]:
        """Folders that still fill in, unless today's bytes are spent."""
        if not budgets.allows_past(
            self._spent, self.session.quirks.daily_download_bytes
        ):
            return []
        return [
            each for each in self._ticked if each.is_backfilling and not each.is_paused
        ]

    def _pass_over(self, folder: Folder) -> Outcome | None:
        """One pass; trouble with one folder must not keep the others waiting."""
        until = time.monotonic() + PAST_SECONDS
        one_pass = Pass(
            self.session,
            folder,
            should_stop=self.is_stopping,
            should_yield=lambda: time.monotonic() > until,
            check=self.hold.check,
        )
        try:
            outcome = one_pass.run()
            if outcome.doubtful:
                self._ask_somebody_else(folder, outcome)
        except (errors.Refused, errors.CommandRejected, errors.Unsupported) as error:
            self._park(folder, str(error))
            return None
        finally:
            self._note_bytes()
        return outcome

    def _ask_somebody_else(self, folder: Folder, outcome: Outcome) -> None:
        """Half a folder seems gone: believe it if another connection says so too."""
        database.let_go()
        with on_demand.session_of(self.mailbox.pk) as second:
            gone = vanishing.confirm(second, folder, check=self.hold.check)
        outcome.vanished += gone.marked
        if not gone.marked:
            self._park(
                folder,
                f"The server says at once that {outcome.doubtful} letters are gone and "
                "that they are there. Nothing was changed here.",
            )

    def _park(self, folder: Folder, problem: str) -> None:
        logger.warning("Folder %d is in trouble: %s", folder.pk, problem)
        folder.problem = problem
        folder.failures += 1
        folder.save(update_fields=["problem", "failures"])
        wait = PARKED_SECONDS * 2.0 ** min(folder.failures - 1, 20)
        self._parked[folder.pk] = time.monotonic() + min(wait, LONGEST_PARKED_SECONDS)

    def _note_bytes(self) -> None:
        received = self.session.bytes_received
        self._spent = budgets.note(self.mailbox.pk, received - self._bytes_noted)
        self._bytes_noted = received
        limit = self.session.quirks.daily_download_bytes
        if not budgets.allows_new(self._spent, limit):
            raise health.BudgetSpent(self._spent, budgets.until_tomorrow())

    def _count_one(self) -> bool:
        """Count one folder against the server, if that is due; whether one was."""
        for folder in self._ticked:
            if reconcile.is_due(folder) and folder.uid_validity:
                try:
                    reconcile.count(self.session, folder, check=self.hold.check)
                except errors.Refused as error:
                    self._park(folder, str(error))
                return True
        return False

    def _open_for_waiting(self) -> set[WireName]:
        """Open the folder to wait in; returns which fell behind since their pass.

        Nothing tells of what happened between the end of a pass and this moment: not
        in the inbox, which was not open, and not in the folder that was, since NOTIFY
        leaves out the open one and its own news went when it was closed.
        """
        inbox = next(iter(self._ticked), None)
        name = WireName(inbox.wire_name) if inbox else INBOX
        before = self.session.selected
        database.let_go()
        opened = self.session.examine(name)
        behind = set()
        status = FolderStatus(
            name,
            messages=opened.exists,
            uid_next=opened.uid_next,
            uid_validity=opened.uid_validity,
            highest_mod_seq=opened.highest_mod_seq,
        )
        if inbox and self._is_behind(inbox, status):
            behind.add(name)
        if before and before.wire_name != name and self.mode == "notify":
            places = [each for each in self._ticked if each.wire_name != name]
            statuses = self._look(places)
            behind |= {
                WireName(each.wire_name)
                for each in places
                if self._is_behind(each, statuses.get(WireName(each.wire_name)))
            }
        return behind

    def _wait(self) -> set[WireName]:
        """Sleep until the server, a person or the clock has news; where, if known."""
        if self.mode == "poll":
            news = self._wait_for_the_clock()
        else:
            news = self._wait_in_idle()
        self._is_asked = waking.drain(self.wake)
        opened = self.session.selected
        return _where(news, opened.wire_name if opened else None)

    def _wait_in_idle(self) -> list[News]:
        """IDLE in the open folder; with NOTIFY, news of all others come in it too.

        Ending it proves that the server is still there, or finds out that it is not.
        """
        seconds = NOTIFIED_SECONDS if self.mode == "notify" else LOOK_AROUND_SECONDS
        seconds = min(seconds, float(self.session.quirks.idle_seconds))
        news = self.session.idle(seconds, wake=self.wake)
        if any(isinstance(one, FolderListing) for one in news):
            self._tree_read_at = 0.0
        return news

    def _wait_for_the_clock(self) -> list[News]:
        quirks = self.session.quirks
        seconds = min(POLL_SECONDS, float(quirks.silence_seconds))
        select.select([self.wake], [], [], seconds)
        return [] if quirks.keeps_alive_by_status else self.session.noop()


def _where(news: list[News], opened: WireName | None) -> set[WireName]:
    """The folders that the news are about."""
    places = {one.wire_name for one in news if isinstance(one, FolderStatus)}
    if opened and any(
        not isinstance(one, FolderStatus | FolderListing) for one in news
    ):
        places.add(opened)
    return places
