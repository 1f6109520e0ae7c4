"""Make our copy of one folder equal to the server's, in chunks that commit at once.

Whatever breaks off a pass, what was committed stays and the next pass goes on from the
cursor. Nothing on the server changes: folders are examined, bodies are peeked at.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from letterbox.imap import values
from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName
from letterbox.inbound import receive
from letterbox.models import Folder, Placement
from letterbox.sync import plan, renumber

logger = logging.getLogger(__name__)

CHUNK_BYTES = 6_000_000
CHUNK_LETTERS = 500
# Flags without CONDSTORE: the newest are read again each time.
FLAG_WINDOW = 2_000
# A server with half a folder gone may be a server with half its disks gone.
SUSPICIOUS_SHARE = 0.5
SUSPICIOUS_COUNT = 20


class Suspicious(Exception):
    """So much has vanished at once that a second connection must confirm it."""


@dataclass(slots=True)
class Outcome:
    """What a pass did, for logs, health and tests."""

    arrived: int = 0
    backfilled: int = 0
    flags_changed: int = 0
    vanished: int = 0
    refused: int = 0
    is_complete: bool = True
    message_ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Pass:
    """One pass over one folder."""

    session: Session
    folder: Folder
    # Asked between chunks; ends the pass early but cleanly.
    should_stop: Callable[[], bool] = lambda: False
    # Called between chunks of the past, so that new letters never wait behind it.
    look_up: Callable[[], None] = lambda: None
    is_confirmed: bool = False
    outcome: Outcome = field(default_factory=Outcome)

    def run(self) -> Outcome:
        """Open the folder, plan, and carry the plan out."""
        opened = self._open()
        reported = plan.Reported(
            uid_validity=opened.uid_validity,
            next_uid=opened.uid_next,
            mod_seq=opened.highest_mod_seq,
            exists=opened.exists,
            knows_vanished="QRESYNC" in self.session.enabled,
        )
        self._apply_flags(opened.changed)
        self._mark_gone(opened.vanished, exists=opened.exists)
        for step in plan.make_plan(self._known(), reported):
            if self.should_stop():
                self.outcome.is_complete = False
                break
            self._carry_out(step, opened)
        self._finish(opened)
        return self.outcome

    def _known(self) -> plan.Known:
        folder = self.folder
        return plan.Known(
            uid_validity=folder.uid_validity,
            next_uid=folder.next_uid,
            mod_seq=folder.mod_seq,
            is_backfilling=folder.is_backfilling and not folder.is_paused,
            counted=folder.server_count,
        )

    @property
    def _uid_validity(self) -> int:
        """The epoch of our numbers; 0, which no server uses, before the first pass."""
        return self.folder.uid_validity or 0

    def _open(self) -> values.SelectedFolder:
        known = None
        if self.folder.uid_validity and self.folder.mod_seq:
            known = values.KnownState(self.folder.uid_validity, self.folder.mod_seq)
        return self.session.examine(WireName(self.folder.wire_name), known=known)

    def _carry_out(self, step: plan.Step, opened: values.SelectedFolder) -> None:
        match step:
            case plan.Begin():
                self._begin(opened)
            case plan.StartOver():
                renumber.start_over(self.session, self.folder, opened)
            case plan.FetchNew():
                self._fetch_new()
            case plan.RefreshFlags(since=since):
                self._refresh_flags(since)
            case plan.FindVanished(counted=counted):
                if counted is None or counted + self.outcome.arrived != opened.exists:
                    self._find_vanished(opened)
            case plan.Backfill():
                self._backfill()

    def _begin(self, opened: values.SelectedFolder) -> None:
        """Set the cursors: live mail starts at what came after the folder was ticked."""
        folder = self.folder
        assert opened.uid_validity is not None  # noqa: S101 (the plan made sure)
        next_uid = opened.uid_next or self._highest_uid() + 1
        live_uid = self._first_uid_since(folder.ticked_at or timezone.now(), next_uid)
        folder.uid_validity = opened.uid_validity
        folder.live_uid = live_uid
        folder.next_uid = live_uid
        folder.backfill_uid = live_uid
        folder.is_backfilling = folder.sync_from != Folder.SyncFrom.NOW
        folder.mod_seq = 0
        folder.save(
            update_fields=[
                "uid_validity",
                "live_uid",
                "next_uid",
                "backfill_uid",
                "is_backfilling",
                "mod_seq",
            ]
        )

    def _highest_uid(self) -> int:
        return max(self.session.search("ALL"), default=0)

    def _first_uid_since(self, moment: datetime, next_uid: int) -> int:
        """The first UID that the server took in at or after the moment."""
        # SEARCH SINCE knows days only, in the server's time zone (RFC 3501, 6.4.4).
        day = (moment - timedelta(days=1)).strftime("%d-%b-%Y")
        recent = self.session.search(f"SINCE {day}")
        later = [
            state.uid
            for state in self.session.fetch_states(recent)
            if state.internal_date is not None
            # IMAP dates have whole seconds.
            and state.internal_date >= moment.replace(microsecond=0)
        ]
        return min(later, default=next_uid)

    def _fetch_new(self) -> None:
        first_uid = self.folder.next_uid
        uids = UidSet.span(first_uid)
        # "n:*" always names the last letter, however low its UID (RFC 3501, 6.4.8).
        sizes = self._sizes(uids, lowest=first_uid)
        for chunk in chunks(sizes):
            self._take(chunk, receive.Cursor(next_uid=max(uid for uid, _ in chunk) + 1))
            self.outcome.arrived += len(chunk)
            if self.should_stop():
                self.outcome.is_complete = False
                return

    def _backfill(self) -> None:
        """Take the past, newest first, letting new letters pass between chunks."""
        folder = self.folder
        wanted = UidSet.span(1, folder.backfill_uid - 1)
        if folder.sync_from == Folder.SyncFrom.DATE and folder.sync_since:
            day = folder.sync_since.astimezone(UTC).strftime("%d-%b-%Y")
            wanted &= self.session.search(f"SINCE {day}")
        sizes = self._sizes(wanted, lowest=1)
        for chunk in chunks(reversed(sizes)):
            if self.should_stop():
                self.outcome.is_complete = False
                return
            lowest = min(uid for uid, _ in chunk)
            self._take(chunk, receive.Cursor(backfill_uid=lowest), is_history=True)
            self.outcome.backfilled += len(chunk)
            folder.backfill_uid = min(folder.backfill_uid, lowest)
            self.look_up()
        Folder.objects.filter(pk=folder.pk).update(is_backfilling=False)
        folder.is_backfilling = False

    def _sizes(self, uids: UidSet, *, lowest: int) -> list[tuple[int, int]]:
        """UID and size of letters, ascending; those the ledger holds are left out."""
        if not uids:
            return []
        found = {
            state.uid: state.size or 0
            for state in self.session.fetch_states(uids)
            if state.uid >= lowest
        }
        held = Placement.objects.filter(
            folder=self.folder, uid_validity=self._uid_validity, uid__gte=lowest
        ).exclude(state=Placement.State.UNREADABLE)
        if len(found) < 10_000:
            held = held.filter(uid__in=found)
        for uid in held.values_list("uid", flat=True):
            found.pop(uid, None)
        return sorted(found.items())

    def _take(
        self,
        chunk: list[tuple[int, int]],
        cursor: receive.Cursor,
        *,
        is_history: bool = False,
    ) -> None:
        """Fetch a chunk and commit it with its cursor."""
        arrivals: list[receive.Arrival] = []
        refusals: list[receive.Refusal] = []
        for outcome in self.session.fetch_letters(UidSet.of(uid for uid, _ in chunk)):
            match outcome:
                case values.FetchedLetter():
                    arrivals.append(
                        receive.Arrival(
                            uid=outcome.uid,
                            raw=outcome.raw[: settings.LARGEST_LETTER_BYTES],
                            internal_date=outcome.internal_date,
                            flags=tuple(sorted(outcome.flags)),
                            mod_seq=outcome.mod_seq or 0,
                            announced_size=outcome.size,
                        )
                    )
                case values.RefusedLetter():
                    refusals.append(receive.Refusal(outcome.uid, outcome.server_words))
                case values.AbsentLetter():
                    # Gone between the two commands; the ledger never heard of it.
                    pass
        self.outcome.refused += len(refusals)
        self.outcome.message_ids += receive.receive(
            self.folder,
            arrivals,
            refusals=refusals,
            uid_validity=self._uid_validity,
            cursor=cursor,
            is_history=is_history,
        )
        if cursor.next_uid is not None:
            self.folder.next_uid = max(self.folder.next_uid, cursor.next_uid)

    def _refresh_flags(self, since: int | None) -> None:
        if since is not None:
            changes = self.session.fetch_changes(since)
            self._apply_flags(changes.changed)
            self._mark_gone(changes.vanished, exists=None)
            return
        newest = (
            Placement.objects.filter(
                folder=self.folder,
                uid_validity=self._uid_validity,
                gone_at__isnull=True,
            )
            .order_by("-uid")
            .values_list("uid", flat=True)[:FLAG_WINDOW]
        )
        uids = UidSet.of(newest)
        if uids:
            self._apply_flags(self.session.fetch_states(uids))

    def _apply_flags(self, states: Iterable[values.LetterState]) -> None:
        """Server → us, always; a state without flags says nothing on them."""
        wanted = {state.uid: state for state in states if state.flags is not None}
        if not wanted:
            return
        rows = Placement.objects.filter(
            folder=self.folder,
            uid_validity=self._uid_validity,
            uid__in=list(wanted),
        )
        changed = []
        for row in rows:
            state = wanted[row.uid]
            flags = sorted(state.flags or ())
            if row.flags != flags or (state.mod_seq or 0) > row.mod_seq:
                row.flags = flags
                row.mod_seq = max(row.mod_seq, state.mod_seq or 0)
                changed.append(row)
        Placement.objects.bulk_update(changed, ["flags", "mod_seq"], batch_size=500)
        self.outcome.flags_changed += len(changed)

    def _find_vanished(self, opened: values.SelectedFolder) -> None:
        there = self.session.search("ALL")
        ours = set(
            Placement.objects.filter(
                folder=self.folder,
                uid_validity=self._uid_validity,
                gone_at__isnull=True,
            ).values_list("uid", flat=True)
        )
        gone = UidSet.of(uid for uid in ours if uid not in there)
        self._mark_gone(gone, exists=opened.exists)

    def _mark_gone(self, uids: UidSet, *, exists: int | None) -> None:
        """Remember that the server has them no more; our letters stay."""
        if not uids:
            return
        rows = Placement.objects.filter(
            folder=self.folder,
            uid_validity=self._uid_validity,
            gone_at__isnull=True,
        )
        held = rows.count()
        gone = [uid for uid in rows.values_list("uid", flat=True) if uid in uids]
        is_suspicious = (
            len(gone) >= SUSPICIOUS_COUNT and len(gone) > held * SUSPICIOUS_SHARE
        )
        if is_suspicious and not self.is_confirmed:
            raise Suspicious(f"{len(gone)} of {held} letters are gone at once.")
        self.outcome.vanished += rows.filter(uid__in=gone).update(
            gone_at=timezone.now()
        )

    @transaction.atomic
    def _finish(self, opened: values.SelectedFolder) -> None:
        """Only a complete pass moves the mod-sequence: changes are in order."""
        folder = self.folder
        folder.last_pass_at = timezone.now()
        folder.problem = ""
        folder.failures = 0
        fields = ["last_pass_at", "problem", "failures"]
        if self.outcome.is_complete:
            folder.mod_seq = opened.highest_mod_seq or 0
            folder.server_count = opened.exists
            fields += ["mod_seq", "server_count"]
        folder.save(update_fields=fields)


def chunks(
    sizes: Iterable[tuple[int, int]],
    *,
    most_bytes: int = CHUNK_BYTES,
    most_letters: int = CHUNK_LETTERS,
) -> Iterator[list[tuple[int, int]]]:
    """Cut (uid, size) pairs into runs of bounded size; a big letter stands alone."""
    chunk: list[tuple[int, int]] = []
    total = 0
    for uid, size in sizes:
        if chunk and (total + size > most_bytes or len(chunk) >= most_letters):
            yield chunk
            chunk, total = [], 0
        chunk.append((uid, size))
        total += size
    if chunk:
        yield chunk
