"""The server numbered a folder anew (UIDVALIDITY): recognise what we hold.

Letters are matched by size, date and Message-ID without downloading them again, and a
sample is verified by its hash. What is matched is the same message under a new number:
nothing is doubled, answered or converted. What is not matched is fetched as new, and
the content tells in the end whether we had it.
"""

from __future__ import annotations

import logging
import random

from django.db import transaction
from django.utils import timezone

from letterbox.imap import values
from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.models import Folder, Message, Placement
from letterbox.services import raw_letters
from letterbox.sync import database, recognising
from letterbox.sync.recognising import Ours
from letterbox.sync.taking import Taken, Taker

logger = logging.getLogger(__name__)

SAMPLE_SHARE = 0.01
SAMPLE_LEAST = 3


def start_over(taker: Taker, opened: values.SelectedFolder) -> Taken:
    """Place what we hold under the new numbers, take what is new, set the cursors.

    The cursors come last: a crash before repeats this, which doubles nothing.
    """
    assert opened.uid_validity  # noqa: S101 (the plan made sure)
    session, folder = taker.session, taker.folder
    database.let_go()
    states = list(session.fetch_states(UidSet.span(1)))
    matched = _verified(session, recognising.renumbered(session, folder, states))
    logger.warning(
        "Folder %d was numbered anew: %d of %d letters are known.",
        folder.pk,
        len(matched),
        len(states),
    )
    _place(taker, opened.uid_validity, states, matched)
    highest = max((state.uid for state in states), default=0)
    taker.uid_validity = opened.uid_validity
    unknown = [state for state in states if state.uid not in matched]
    # What came since our last look is live mail; what we should have had is not, and
    # is told by its content in case it was held and not recognised.
    later = UidSet.of(state.uid for state in unknown if _is_later(state, folder))
    owed = UidSet.of(state.uid for state in unknown if _is_owed(state, folder)) - later
    taken = taker.take(owed, is_history=True)
    if taken.is_complete:
        more = taker.take(later)
        taken.letters += more.letters
        taken.message_ids += more.message_ids
        taken.is_complete = more.is_complete
    if taken.is_complete:
        _set_cursors(taker, max(highest + 1, opened.uid_next or 0))
    return taken


@transaction.atomic
def _place(
    taker: Taker,
    uid_validity: int,
    states: list[values.LetterState],
    matched: dict[int, Ours],
) -> None:
    taker.check()
    Placement.objects.bulk_create(
        (
            Placement(
                folder=taker.folder,
                uid_validity=uid_validity,
                uid=state.uid,
                message_id=matched[state.uid].pk,
                state=Placement.State.STORED
                if matched[state.uid].is_whole
                else Placement.State.OVERSIZE,
                structure=list(matched[state.uid].structure),
                flags=sorted(state.flags or ()),
                mod_seq=state.mod_seq or 0,
                size=state.size or 0,
                internal_date=state.internal_date,
            )
            for state in states
            if state.uid in matched
        ),
        ignore_conflicts=True,
        batch_size=1_000,
    )


@transaction.atomic
def _set_cursors(taker: Taker, next_uid: int) -> None:
    taker.check()
    folder = taker.folder
    # Under the old numbers nothing is there any more.
    Placement.objects.filter(folder=folder, gone_at__isnull=True).exclude(
        uid_validity=taker.uid_validity
    ).update(gone_at=folder.last_pass_at or timezone.now())
    folder.uid_validity = taker.uid_validity
    folder.live_uid = folder.next_uid = folder.backfill_uid = next_uid
    folder.is_backfilling = folder.sync_from != Folder.SyncFrom.NOW
    folder.mod_seq = 0
    folder.agreed_count = None
    folder.save(
        update_fields=[
            "uid_validity",
            "live_uid",
            "next_uid",
            "backfill_uid",
            "is_backfilling",
            "mod_seq",
            "agreed_count",
        ]
    )


def _is_later(state: values.LetterState, folder: Folder) -> bool:
    """Whether the letter came after our last look at the folder."""
    if state.internal_date is None or folder.last_pass_at is None:
        return False
    return state.internal_date >= folder.last_pass_at.replace(microsecond=0)


def _is_owed(state: values.LetterState, folder: Folder) -> bool:
    """Whether the letter came after the tick, so that we must have it in any case."""
    if state.internal_date is None or folder.ticked_at is None:
        return True
    return state.internal_date >= folder.ticked_at.replace(microsecond=0)


def _verified(session: Session, matched: dict[int, Ours]) -> dict[int, Ours]:
    """Check a sample by hash; one wrong guess and nothing is believed.

    What is too large to be fetched has no hash of ours to be checked by.
    """
    whole = sorted(uid for uid, ours in matched.items() if ours.is_whole)
    if not whole:
        return matched
    count = max(SAMPLE_LEAST, int(len(whole) * SAMPLE_SHARE))
    # Not for secrets: any spread over the folder will do.
    sample = random.sample(whole, min(count, len(whole)))
    hashes = dict(
        Message.objects.filter(
            pk__in=[matched[uid].pk for uid in sample],
            # A copy in Sent may be the provider's, not byte for byte what we sent.
            direction=Message.Direction.IN,
        ).values_list("pk", "raw__sha256")
    )
    database.let_go()
    for outcome in session.fetch_letters(UidSet.of(sample)):
        if not isinstance(outcome, values.FetchedLetter):
            continue
        expected = hashes.get(matched[outcome.uid].pk)
        if expected is None:
            continue
        if raw_letters.digest_of(outcome.body) != bytes(expected):
            logger.error("A renumbered letter is not what it seemed.")
            return {}
    return matched
