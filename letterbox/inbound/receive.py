"""Keep what the server gave: bytes, message, place and cursor in one transaction.

Stored before parsed: whatever the letter is, it is kept. A crash before the commit
repeats the batch, and the constraints make the repeat harmless.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from letterbox import jobs
from letterbox.inbound import receive_rows
from letterbox.inbound.many_rows import together
from letterbox.inbound.receive_rows import Line, Received
from letterbox.models import Folder, Mailbox, Message, Placement
from letterbox.services import letters, outbox, raw_letters
from letterbox.services.raw_letters import Kept, Raw

PROCESS = "process"

# A lock that took longer to get may have been waited for; ordinary ones take none.
LONG_SECONDS = 0.5

# A letter that the server would not hand out is asked for again after so long, then
# after four times as long, and so on up to a day.
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(days=1)

# What lies in these folders is never answered and never converted.
HISTORY_ROLES = (
    Folder.Role.SENT,
    Folder.Role.DRAFTS,
    Folder.Role.JUNK,
    Folder.Role.TRASH,
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One letter as the server gave it."""

    uid: int
    raw: Raw
    internal_date: datetime | None = None
    flags: tuple[str, ...] = ()
    mod_seq: int = 0
    # What the server said its length is; more than there is when it was cut short.
    announced_size: int | None = None
    # What parts it has, if it was cut short; see Placement.structure.
    structure: Sequence[Mapping[str, object]] = ()

    @property
    def held_bytes(self) -> int:
        """How many bytes of it are here, in memory or in a file."""
        return raw_letters.size_of(self.raw)

    @property
    def is_whole(self) -> bool:
        """Whether all of the letter is here."""
        return self.announced_size is None or self.announced_size <= self.held_bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """A letter that the server has but would not hand out."""

    uid: int
    server_words: str


@dataclass(frozen=True, slots=True)
class Reappearance:
    """A letter that we hold, found in one more place without fetching it again.

    `is_whole` is False when we hold its header and `structure` only.
    """

    uid: int
    message_id: int
    size: int
    internal_date: datetime | None = None
    flags: tuple[str, ...] = ()
    mod_seq: int = 0
    is_whole: bool = True
    structure: Sequence[Mapping[str, object]] = ()


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the folder stands after a chunk; None leaves a value as it is."""

    next_uid: int | None = None
    backfill_uid: int | None = None
    is_backfilling: bool | None = None
    # So many letters more does the server have than when we knew of all that were gone.
    # Where nobody can say, `next_uid` makes that count void: as many new letters may
    # hide that as many others are gone.
    more: int | None = None


@transaction.atomic
def receive(
    folder: Folder,
    arrivals: Sequence[Arrival],
    *,
    uid_validity: int,
    cursor: Cursor,
    refusals: Sequence[Refusal] = (),
    reappearances: Sequence[Reappearance] = (),
    is_history: bool = False,
    check: Callable[[], None] = lambda: None,
) -> list[int]:
    """Store a chunk and move the folder's cursor; returns the ids of new messages.

    Letters below the folder's `live_uid`, and those in Sent, Junk, Drafts and Trash,
    become history. Processing is woken in the same transaction. `check` is called
    within it, and raises when the caller has lost the right to store.
    """
    check()
    began = time.monotonic()
    # The row lock makes chunks of one folder follow one another.
    locked = receive_rows.lock_folder(folder.pk)
    if time.monotonic() - began > LONG_SECONDS:
        # Whoever waited for it may have lost the right.
        check()
    if folder.is_ticked and not locked.is_ticked:
        # Somebody unticked it while this was on its way, perhaps to forget its letters.
        return []
    raws = raw_letters.store_all(arrival.raw for arrival in arrivals)
    known = _known_messages(folder.mailbox_id, raws)
    # The position says nothing about letters that have other numbers now.
    live_uid = locked.live_uid if locked.uid_validity == uid_validity else 0
    is_past = is_history or locked.role in HISTORY_ROLES
    new: dict[int, Received] = {}
    for arrival, raw in zip(arrivals, raws, strict=True):
        if raw.pk not in known and raw.pk not in new:
            new[raw.pk] = Received(
                arrival.internal_date or timezone.now(),
                is_past or arrival.uid < live_uid,
            )
    raw_letters.fill_again(
        (raw, arrival.raw)
        for arrival, raw in zip(arrivals, raws, strict=True)
        if raw.pk in new
    )
    made = receive_rows.insert_messages(folder.mailbox_id, new)
    # Bytes that we sent ourselves, come back from a folder: a doubt less.
    outbox.settle_seen([*known.values(), *(each.message_id for each in reappearances)])
    known |= made
    lines = [
        _line(arrival, known[raw.pk], arrival.announced_size or arrival.held_bytes)
        for arrival, raw in zip(arrivals, raws, strict=True)
    ]
    lines += [_line(each, each.message_id, each.size) for each in reappearances]
    if refusals:
        _note_refusals(folder, refusals, uid_validity=uid_validity)
    with together():
        receive_rows.insert_placements(folder.pk, uid_validity, lines)
        receive_rows.move_cursor(
            folder.pk,
            uid_validity=uid_validity,
            next_uid=cursor.next_uid,
            backfill_uid=cursor.backfill_uid,
            is_backfilling=cursor.is_backfilling,
            more=cursor.more,
        )
        if new:
            jobs.wake(PROCESS, folder.mailbox_id)
    return [made[raw_id] for raw_id in new]


def _line(each: Arrival | Reappearance, message_id: int, size: int) -> Line:
    state = Placement.State.STORED if each.is_whole else Placement.State.OVERSIZE
    return Line(
        uid=each.uid,
        message_id=message_id,
        state=str(state),
        flags=each.flags,
        mod_seq=each.mod_seq,
        size=size,
        structure=each.structure,
        internal_date=each.internal_date,
    )


def _note_refusals(
    folder: Folder, refusals: Sequence[Refusal], *, uid_validity: int
) -> None:
    """One line each; a letter that is held already loses nothing by a refusal."""
    tried = dict(
        Placement.objects.filter(
            folder=folder,
            uid_validity=uid_validity,
            uid__in=[refusal.uid for refusal in refusals],
        ).values_list("uid", "tries")
    )
    for refusal in refusals:
        tries = tried.get(refusal.uid, 0)
        wait = min(FIRST_RETRY * 4 ** min(tries, 8), LONGEST_RETRY)
        fields = {
            "reason": letters.without_nul(refusal.server_words)[:2000],
            "tries": tries + 1,
            "retry_at": timezone.now() + wait,
        }
        key = {"folder": folder, "uid_validity": uid_validity, "uid": refusal.uid}
        if refusal.uid in tried:
            Placement.objects.filter(**key, state=Placement.State.UNREADABLE).update(
                **fields
            )
        else:
            Placement.objects.create(**key, state=Placement.State.UNREADABLE, **fields)


def waiting_mailboxes() -> list[int]:
    """The mailboxes that hold received messages, for a worker that starts."""
    return list(
        Mailbox.objects.filter(messages__state=Message.State.RECEIVED)
        .distinct()
        .values_list("pk", flat=True)
    )


def _known_messages(mailbox_id: int, raws: Sequence[Kept]) -> dict[int, int]:
    held = [raw.pk for raw in raws if not raw.is_new]
    if not held:
        return {}
    found = Message.objects.filter(mailbox=mailbox_id, raw__in=held)
    return dict(found.values_list("raw_id", "id"))
