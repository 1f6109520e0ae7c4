"""The server numbered a folder anew (UIDVALIDITY): recognise what we hold.

Letters are matched by size, date and Message-ID without downloading them again, and a
sample is verified by its hash. What is matched is the same message under a new number:
nothing is doubled, answered or converted. What is not matched is fetched as new.
"""

from __future__ import annotations

import hashlib
import logging
import random
from collections import defaultdict
from datetime import datetime

from django.db import transaction

from letterbox.imap import values
from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.models import Folder, Message, Placement

logger = logging.getLogger(__name__)

SAMPLE_SHARE = 0.01
SAMPLE_LEAST = 3
Key = tuple[int, datetime | None]


def start_over(session: Session, folder: Folder, opened: values.SelectedFolder) -> None:
    """Place what we hold under the new numbers and reset the cursors."""
    assert opened.uid_validity is not None  # noqa: S101 (the plan made sure)
    states = list(session.fetch_states(UidSet.span(1)))
    matched = _verified(session, _match(session, folder, states))
    logger.warning(
        "Folder %d was numbered anew: %d of %d letters are known.",
        folder.pk,
        len(matched),
        len(states),
    )
    highest = max((state.uid for state in states), default=0)
    oldest_unknown = min(
        (
            state.uid
            for state in states
            if state.uid not in matched and _is_later(state, folder)
        ),
        default=highest + 1,
    )
    with transaction.atomic():
        Placement.objects.filter(folder=folder, gone_at__isnull=True).exclude(
            uid_validity=opened.uid_validity
        ).update(gone_at=folder.last_pass_at)
        Placement.objects.bulk_create(
            (
                Placement(
                    folder=folder,
                    uid_validity=opened.uid_validity,
                    uid=state.uid,
                    message_id=matched[state.uid],
                    flags=sorted(state.flags or ()),
                    mod_seq=state.mod_seq or 0,
                    size=state.size or 0,
                    internal_date=state.internal_date,
                )
                for state in states
                if state.uid in matched
            ),
            ignore_conflicts=True,
        )
        folder.uid_validity = opened.uid_validity
        # What came while the numbers changed is live; everything older is history.
        folder.live_uid = oldest_unknown
        folder.next_uid = oldest_unknown
        folder.backfill_uid = oldest_unknown
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


def _is_later(state: values.LetterState, folder: Folder) -> bool:
    """Whether the letter came after our last look at the folder."""
    if state.internal_date is None or folder.last_pass_at is None:
        return False
    return state.internal_date >= folder.last_pass_at.replace(microsecond=0)


def _match(
    session: Session, folder: Folder, states: list[values.LetterState]
) -> dict[int, int]:
    """New UID → our message: by size and date, and by Message-ID where two share them."""
    ours: dict[Key, list[int]] = defaultdict(list)
    rows = Placement.objects.filter(
        folder=folder, uid_validity=folder.uid_validity or 0, message__isnull=False
    )
    for row in rows.only("size", "internal_date", "message"):
        if row.message_id is not None:
            ours[row.size, row.internal_date].append(row.message_id)
    theirs: dict[Key, list[int]] = defaultdict(list)
    for state in states:
        theirs[state.size or 0, state.internal_date].append(state.uid)
    matched: dict[int, int] = {}
    for key, uids in theirs.items():
        candidates = ours.get(key, [])
        if len(uids) == 1 and len(candidates) == 1:
            matched[uids[0]] = candidates[0]
        elif candidates:
            matched |= _match_by_id(session, uids, candidates)
    return matched


def _match_by_id(
    session: Session, uids: list[int], candidates: list[int]
) -> dict[int, int]:
    """Letters of one size and date are told apart by their Message-ID."""
    matched: dict[int, int] = {}
    rows = Message.objects.filter(pk__in=candidates).values_list("pk", "message_id")
    group = UidSet.of(uids)
    for pk, message_id in rows:
        if not message_id:
            continue
        found = session.search(
            "UID", str(group), "HEADER", "Message-ID", message_id.encode()
        )
        unclaimed = [uid for uid in found if uid in group and uid not in matched]
        if unclaimed:
            matched[unclaimed[0]] = pk
    return matched


def _verified(session: Session, matched: dict[int, int]) -> dict[int, int]:
    """Check a sample by hash; one wrong guess and nothing is believed."""
    if not matched:
        return matched
    count = max(SAMPLE_LEAST, int(len(matched) * SAMPLE_SHARE))
    # Not for secrets: any spread over the folder will do.
    sample = random.sample(sorted(matched), min(count, len(matched)))
    hashes = dict(
        Message.objects.filter(pk__in=[matched[uid] for uid in sample]).values_list(
            "pk", "raw__sha256"
        )
    )
    for outcome in session.fetch_letters(UidSet.of(sample)):
        if isinstance(outcome, values.FetchedLetter):
            digest = hashlib.sha256(outcome.raw).digest()
            if digest != bytes(hashes.get(matched[outcome.uid], b"")):
                logger.error("A renumbered letter is not what it seemed.")
                return {}
    return matched
