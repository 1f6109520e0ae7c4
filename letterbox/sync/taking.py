"""Take letters from the open folder into our tables, in chunks that commit at once.

A letter that we hold from another folder is placed without fetching it. Of one that is
too large the header comes; what the server will not hand out is noted and asked for
later. Memory and transactions stay small however large the folder is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from django.db.models import Q

from letterbox.imap import values
from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.inbound import receive
from letterbox.models import Folder, Placement
from letterbox.services import settings
from letterbox.sync import database, recognising

CHUNK_BYTES = 6_000_000
CHUNK_LETTERS = 500
# So many letters are looked up and listed at a time.
LISTED_AT_ONCE = 5_000


@dataclass(slots=True)
class Taken:
    """What came of it; `is_complete` is False when it was told to stop."""

    letters: int = 0
    reappeared: int = 0
    refused: int = 0
    is_complete: bool = True
    message_ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Chunk:
    """What goes into one transaction."""

    arrivals: list[receive.Arrival] = field(default_factory=list)
    refusals: list[receive.Refusal] = field(default_factory=list)
    reappearances: list[receive.Reappearance] = field(default_factory=list)
    weight: int = 0

    @property
    def is_full(self) -> bool:
        return self.weight >= CHUNK_BYTES or len(self.arrivals) >= CHUNK_LETTERS


@dataclass(slots=True)
class Taker:
    """Takes letters of one folder, under one UIDVALIDITY."""

    session: Session
    folder: Folder
    uid_validity: int
    # Raises when the mailbox is kept by somebody else; called in every transaction.
    check: Callable[[], None] = lambda: None
    # Asked after every chunk; ends the taking early but cleanly.
    should_stop: Callable[[], bool] = lambda: False

    def take(
        self,
        uids: UidSet,
        *,
        is_history: bool = False,
        is_rising: bool = False,
        at_end: receive.Cursor | None = None,
        again: bool = False,
    ) -> Taken:
        """Take those of the letters that exist and are not held yet.

        `is_rising` moves `next_uid` with every chunk; `at_end` is where the cursors
        stand once all is taken. `again` asks for unreadable ones once more.
        """
        taken = Taken()
        for states in self._listed(uids):
            new = self._without_held(states, again=again)
            self._take_some(new, taken, is_history=is_history, is_rising=is_rising)
            if not taken.is_complete:
                return taken
        if at_end is not None:
            self._commit(_Chunk(), at_end, taken, is_history=is_history)
        return taken

    def _listed(self, uids: UidSet) -> Iterable[list[values.LetterState]]:
        """What the server says about the letters, ascending, in bounded portions."""
        database.let_go()
        # "n:*" always names the last letter, however low its UID (RFC 3501, 6.4.8).
        found = (each for each in self.session.fetch_states(uids) if each.uid in uids)
        states = sorted(found, key=lambda state: state.uid)
        for start in range(0, len(states), LISTED_AT_ONCE):
            yield states[start : start + LISTED_AT_ONCE]

    def _without_held(
        self, states: list[values.LetterState], *, again: bool
    ) -> list[values.LetterState]:
        held = Placement.objects.filter(
            folder=self.folder,
            uid_validity=self.uid_validity,
            uid__in=[state.uid for state in states],
            gone_at__isnull=True,
        )
        if again:
            held = held.exclude(state=Placement.State.UNREADABLE)
        uids = set(held.values_list("uid", flat=True))
        return [state for state in states if state.uid not in uids]

    def _take_some(
        self,
        states: list[values.LetterState],
        taken: Taken,
        *,
        is_history: bool,
        is_rising: bool,
    ) -> None:
        if not states:
            return
        chunk = _Chunk()
        waiting = {state.uid: state for state in states}
        for uid, ours in recognising.elsewhere(
            self.session, self.folder, states
        ).items():
            chunk.reappearances.append(_reappearance(waiting.pop(uid), ours))
        most = settings.largest_letter_bytes()
        large = [state for state in waiting.values() if (state.size or 0) > most]
        database.let_go()
        for state in large:
            self._add(chunk, self._outline(state), waiting)
        last = states[-1].uid + 1

        def cursor() -> receive.Cursor:
            # All below the first letter that is still to come have been dealt with.
            return receive.Cursor(
                next_uid=min(waiting, default=last) if is_rising else None
            )

        letters = self.session.fetch_letters(UidSet.of(waiting))
        for outcome in letters:
            if isinstance(outcome, values.AbsentLetter):
                continue
            self._add(chunk, outcome, waiting)
            if chunk.is_full:
                self._commit(chunk, cursor(), taken, is_history=is_history)
                chunk = _Chunk()
                if self.should_stop() and waiting:
                    taken.is_complete = False
                    letters.close()
                    return
        chunk.refusals += self._silent_about(waiting)
        waiting.clear()
        self._commit(chunk, cursor(), taken, is_history=is_history)

    def _outline(
        self, state: values.LetterState
    ) -> values.FetchOutcome | receive.Arrival:
        """The header of a letter that is larger than we want to fetch unasked."""
        outline = self.session.fetch_outline(state.uid)
        if outline is None:
            return values.AbsentLetter(state.uid)
        return receive.Arrival(
            uid=state.uid,
            raw=outline.header,
            internal_date=state.internal_date,
            flags=tuple(sorted(state.flags or ())),
            mod_seq=state.mod_seq or 0,
            announced_size=state.size,
            structure=[asdict(part) for part in outline.parts],
        )

    def _add(
        self,
        chunk: _Chunk,
        outcome: values.FetchOutcome | receive.Arrival,
        waiting: dict[int, values.LetterState],
    ) -> None:
        match outcome:
            case values.FetchedLetter():
                arrival = arrival_of(outcome)
            case values.RefusedLetter():
                chunk.refusals.append(
                    receive.Refusal(outcome.uid, outcome.server_words)
                )
                waiting.pop(outcome.uid, None)
                return
            case receive.Arrival():
                arrival = outcome
            case values.AbsentLetter():
                return
        chunk.arrivals.append(arrival)
        chunk.weight += arrival.held_bytes
        waiting.pop(arrival.uid, None)

    def _silent_about(
        self, waiting: dict[int, values.LetterState]
    ) -> list[receive.Refusal]:
        """Letters that were listed and then not handed out: gone, or not there yet.

        Those that are listed still get a line in the ledger, so that no cursor can
        pass them by (Microsoft announces letters before they can be fetched).
        """
        if not waiting:
            return []
        asked = UidSet.of(waiting)
        still = {each.uid for each in self.session.fetch_states(asked)} & set(waiting)
        return [
            receive.Refusal(uid, "The server lists the letter but hands out nothing.")
            for uid in sorted(still)
        ]

    def _commit(
        self, chunk: _Chunk, cursor: receive.Cursor, taken: Taken, *, is_history: bool
    ) -> None:
        new = receive.receive(
            self.folder,
            chunk.arrivals,
            refusals=chunk.refusals,
            reappearances=chunk.reappearances,
            uid_validity=self.uid_validity,
            cursor=cursor,
            is_history=is_history,
            check=self.check,
        )
        database.let_go()
        if cursor.next_uid is not None:
            self.folder.next_uid = max(self.folder.next_uid, cursor.next_uid)
            self.folder.agreed_count = None
        if cursor.backfill_uid is not None:
            self.folder.backfill_uid = min(
                self.folder.backfill_uid, cursor.backfill_uid
            )
        if cursor.is_backfilling is not None:
            self.folder.is_backfilling = cursor.is_backfilling
        taken.letters += len(chunk.arrivals) + len(chunk.reappearances)
        taken.reappeared += len(chunk.reappearances)
        taken.refused += len(chunk.refusals)
        taken.message_ids += new


def arrival_of(letter: values.FetchedLetter) -> receive.Arrival:
    """The letter as `receive` takes it."""
    return receive.Arrival(
        uid=letter.uid,
        # Of one that is larger than it said only the beginning is here.
        raw=letter.body if letter.is_complete else letter.raw,
        internal_date=letter.internal_date,
        flags=tuple(sorted(letter.flags)),
        mod_seq=letter.mod_seq or 0,
        announced_size=letter.size,
    )


def _reappearance(
    state: values.LetterState, ours: recognising.Ours
) -> receive.Reappearance:
    return receive.Reappearance(
        uid=state.uid,
        message_id=ours.pk,
        is_whole=ours.is_whole,
        structure=ours.structure,
        size=state.size or 0,
        internal_date=state.internal_date,
        flags=tuple(sorted(state.flags or ())),
        mod_seq=state.mod_seq or 0,
    )


def due_again(folder: Folder, *, now: datetime) -> Sequence[int]:
    """UIDs of unreadable letters whose time has come to be asked for again."""
    is_due = Q(retry_at__lte=now)
    # Nobody plans so far ahead, unless the clock has been set back since.
    is_planned_by_another_clock = Q(retry_at__gt=now + 2 * receive.LONGEST_RETRY)
    return list(
        Placement.objects.filter(
            is_due | is_planned_by_another_clock,
            folder=folder,
            uid_validity=folder.uid_validity or 0,
            state=Placement.State.UNREADABLE,
            gone_at__isnull=True,
        ).values_list("uid", flat=True)[:CHUNK_LETTERS]
    )
