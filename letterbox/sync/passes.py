"""Make our copy of one folder equal to the server's, in chunks that commit at once.

Whatever breaks off a pass, what was committed stays and the next pass goes on from the
cursor. Nothing on the server changes: folders are examined, bodies are peeked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from letterbox.imap import values
from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName
from letterbox.inbound.receive import Cursor
from letterbox.models import Folder, Placement
from letterbox.sync import (
    database,
    falling_back,
    flags,
    plan,
    renumber,
    taking,
    vanishing,
)
from letterbox.sync.taking import Taken, Taker

# The past is taken in spans of so many UIDs, wider ones where few letters are left.
SPAN_UIDS = 500
# Flags without CONDSTORE: the newest are read again each time.
FLAG_WINDOW = 2_000

MONTHS = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())  # noqa: SIM905

CURSORS = ("uid_validity", "live_uid", "next_uid", "backfill_uid", "is_backfilling")


@dataclass(slots=True)
class Outcome:
    """What a pass did, for logs, health and tests.

    `doubtful`: so many letters seem gone that a second connection must confirm it.
    """

    arrived: int = 0
    backfilled: int = 0
    reappeared: int = 0
    flags_changed: int = 0
    vanished: int = 0
    doubtful: int = 0
    refused: int = 0
    is_complete: bool = True
    message_ids: list[int] = field(default_factory=list)

    @property
    def has_news(self) -> bool:
        """Whether anything was different."""
        return bool(
            self.arrived or self.backfilled or self.flags_changed or self.vanished
        )


@dataclass(slots=True)
class Pass:
    """One pass over one folder."""

    session: Session
    folder: Folder
    # Asked between chunks; ends the pass early but cleanly.
    should_stop: Callable[[], bool] = lambda: False
    # Asked between chunks of the past, so that new letters never wait behind it.
    should_yield: Callable[[], bool] = lambda: False
    # Called in every transaction; raises when somebody else keeps the mailbox.
    check: Callable[[], None] = lambda: None
    outcome: Outcome = field(default_factory=Outcome)

    def run(self) -> Outcome:
        """Open the folder, plan, and carry the plan out."""
        opened = self._open()
        reported = plan.Reported(
            uid_validity=opened.uid_validity,
            next_uid=opened.uid_next,
            mod_seq=opened.highest_mod_seq,
            exists=opened.exists,
            tells_changes="QRESYNC" in self.session.enabled,
        )
        known = known_of(self.folder)
        if opened.uid_validity in (None, known.uid_validity):
            self._apply_flags(opened.changed)
            self._note_vanished(opened.vanished)
        for step in plan.make_plan(known, reported):
            if self.should_stop():
                self.outcome.is_complete = False
                break
            self._carry_out(step, opened)
        self._ask_again()
        self._finish(opened)
        return self.outcome

    @property
    def server(self) -> Session:
        """The session, for questions that take time: no database is kept waiting."""
        database.let_go()
        return self.session

    @property
    def _taker(self) -> Taker:
        return Taker(
            self.session,
            self.folder,
            self.folder.uid_validity or 0,
            check=self.check,
            should_stop=self.should_stop,
        )

    def _open(self) -> values.SelectedFolder:
        known = None
        if self.folder.uid_validity and self.folder.mod_seq:
            known = values.KnownState(self.folder.uid_validity, self.folder.mod_seq)
        return self.server.examine(WireName(self.folder.wire_name), known=known)

    def _carry_out(self, step: plan.Step, opened: values.SelectedFolder) -> None:
        match step:
            case plan.Begin():
                self._begin(opened)
            case plan.StartOver():
                self._note(renumber.start_over(self._taker, opened))
            case plan.CheckNumbers():
                self._check_numbers(opened)
            case plan.FetchNew(first_uid=first_uid):
                # A server may have fallen back and risen again since the last look.
                if falling_back.has_other_letters(self.server, self.folder):
                    self._check_numbers(opened)
                else:
                    self._note(self._taker.take(UidSet.span(first_uid), is_rising=True))
            case plan.RefreshFlags(since=since):
                self._refresh_flags(since)
            case plan.FindVanished(counted=counted):
                if counted is None or counted + self.outcome.arrived != opened.exists:
                    self._find_vanished(opened)
            case plan.Backfill():
                self._backfill()

    def _begin(self, opened: values.SelectedFolder) -> None:
        """Take what came since the tick as live mail; all else below is the past.

        The cursors are set last: a crash before repeats this, which doubles nothing.
        """
        folder = self.folder
        assert opened.uid_validity is not None  # noqa: S101 (the plan made sure)
        next_uid = opened.uid_next or max(self.server.search("ALL"), default=0) + 1
        since_tick = self._uids_since(folder.ticked_at or timezone.now(), next_uid)
        taker = self._taker
        taker.uid_validity = opened.uid_validity
        taken = taker.take(since_tick)
        self._note(taken)
        if not taken.is_complete:
            return
        folder.uid_validity = opened.uid_validity
        folder.live_uid = folder.next_uid = folder.backfill_uid = next_uid
        folder.is_backfilling = folder.sync_from != Folder.SyncFrom.NOW
        with transaction.atomic():
            self.check()
            folder.save(update_fields=CURSORS)

    def _find_vanished(self, opened: values.SelectedFolder) -> None:
        gone = vanishing.compare(self.server, self.folder, check=self.check)
        self._note_gone(gone)
        if gone.has_returned and not gone.doubtful:
            self._check_numbers(opened)

    def _check_numbers(self, opened: values.SelectedFolder) -> None:
        if opened.uid_validity is None:
            # Believed to be as it was; see plan.make_plan.
            opened = replace(opened, uid_validity=self.folder.uid_validity)
        found = falling_back.compare(
            self.server, self.folder, uid_next=opened.uid_next, check=self.check
        )
        self._note_gone(found.gone)
        self.outcome.flags_changed += found.flags_changed
        if found.is_renumbered:
            self._note(renumber.start_over(self._taker, opened))
        elif not found.gone.doubtful:
            new = UidSet.span(self.folder.next_uid)
            self._note(self._taker.take(new, is_rising=True))

    def _uids_since(self, moment: datetime, next_uid: int) -> UidSet:
        """Letters below `next_uid` that the server took in at or after the moment."""
        # SEARCH SINCE knows days only, in the server's time zone (RFC 3501, 6.4.4).
        day = imap_day(moment - timedelta(days=1))
        recent = self.server.search(f"SINCE {day}") & UidSet.span(1, next_uid - 1)
        return UidSet.of(
            state.uid
            for state in self.session.fetch_states(recent)
            if state.internal_date is not None
            # IMAP dates have whole seconds.
            and state.internal_date >= moment.replace(microsecond=0)
        )

    def _backfill(self) -> None:
        """Take the past, newest first, until it is done or something else waits."""
        folder = self.folder
        wanted = UidSet.span(1, folder.backfill_uid - 1)
        if folder.sync_from == Folder.SyncFrom.DATE and folder.sync_since:
            wanted &= self.server.search(f"SINCE {imap_day(folder.sync_since)}")
        elif wanted:
            wanted &= self.server.search(f"UID {wanted}")
        while wanted:
            if self.should_stop():
                self.outcome.is_complete = False
                return
            span = newest(wanted, SPAN_UIDS)
            bottom = span.ranges[0][0]
            taken = self._taker.take(
                span, is_history=True, at_end=Cursor(backfill_uid=bottom)
            )
            self.outcome.backfilled += taken.letters
            self.outcome.refused += taken.refused
            self.outcome.message_ids += taken.message_ids
            if not taken.is_complete:
                self.outcome.is_complete = False
                return
            wanted -= span
            if wanted and self.should_yield():
                return
        with transaction.atomic():
            self.check()
            # Unless somebody has meanwhile asked for letters that are older still.
            Folder.objects.filter(
                pk=folder.pk, sync_from=folder.sync_from, sync_since=folder.sync_since
            ).update(is_backfilling=False)
        folder.is_backfilling = False

    def _ask_again(self) -> None:
        """Unreadable letters whose time has come; usually there are none."""
        due = taking.due_again(self.folder, now=timezone.now())
        if due and not self.should_stop():
            self._note(self._taker.take(UidSet.of(due), again=True))

    def _note(self, taken: Taken) -> None:
        self.outcome.arrived += taken.letters
        self.outcome.reappeared += taken.reappeared
        self.outcome.refused += taken.refused
        self.outcome.message_ids += taken.message_ids
        self.outcome.is_complete &= taken.is_complete

    def _note_vanished(self, uids: UidSet) -> None:
        self._note_gone(vanishing.mark(self.folder, uids, check=self.check))

    def _note_gone(self, gone: vanishing.Gone) -> None:
        self.outcome.vanished += gone.marked
        # The server may tell of the same ones twice.
        self.outcome.doubtful = max(self.outcome.doubtful, gone.doubtful)

    def _refresh_flags(self, since: int | None) -> None:
        if since is not None:
            changes = self.server.fetch_changes(since)
            self._apply_flags(changes.changed)
            self._note_vanished(changes.vanished)
            return
        newest_uids = (
            Placement.objects.filter(
                folder=self.folder,
                uid_validity=self.folder.uid_validity or 0,
                gone_at__isnull=True,
            )
            .order_by("-uid")
            .values_list("uid", flat=True)[:FLAG_WINDOW]
        )
        uids = UidSet.of(newest_uids)
        if uids:
            self._apply_flags(list(self.server.fetch_states(uids)))

    def _apply_flags(self, states: Iterable[values.LetterState]) -> None:
        self.outcome.flags_changed += flags.apply(self.folder, states, check=self.check)

    @transaction.atomic
    def _finish(self, opened: values.SelectedFolder) -> None:
        """Only a complete pass moves the mod-sequence: changes are in order."""
        self.check()
        folder = self.folder
        folder.last_pass_at = timezone.now()
        folder.problem = ""
        folder.failures = 0
        fields = ["last_pass_at", "problem", "failures"]
        if self.outcome.is_complete and not self.outcome.doubtful:
            folder.mod_seq = opened.highest_mod_seq or 0
            folder.server_count = opened.exists
            folder.agreed_count = self._agreed_count(opened)
            fields += ["mod_seq", "server_count", "agreed_count"]
        folder.save(update_fields=fields)

    def _agreed_count(self, opened: values.SelectedFolder) -> int | None:
        """How many letters the next pass may count on; None when some came meanwhile.

        They are not in the count with which the folder was opened.
        """
        if opened.uid_next is None:
            return None if self.outcome.arrived else opened.exists
        return opened.exists if self.folder.next_uid <= opened.uid_next else None


def known_of(folder: Folder) -> plan.Known:
    """What our row says, as the planner wants it."""
    return plan.Known(
        uid_validity=folder.uid_validity,
        next_uid=folder.next_uid,
        mod_seq=folder.mod_seq,
        counted=folder.agreed_count,
        wants_past=folder.sync_from != Folder.SyncFrom.NOW and not folder.is_paused,
        is_backfilling=folder.is_backfilling and not folder.is_paused,
    )


def newest(uids: UidSet, count: int) -> UidSet:
    """The highest so many UIDs of a set."""
    ranges: list[tuple[int, int]] = []
    for first, last in reversed(uids.ranges):
        start = max(first, last - count + 1)
        ranges.append((start, last))
        count -= last - start + 1
        if count <= 0:
            break
    return UidSet(tuple(reversed(ranges)))


def imap_day(moment: datetime) -> str:
    """The day as SEARCH wants it: 1-Feb-2026, whatever the locale."""
    day = moment.astimezone(UTC)
    return f"{day.day}-{MONTHS[day.month - 1]}-{day.year}"
