"""Know letters that we hold by their size, date and Message-ID, without their bodies.

For two occasions: a folder that was numbered anew, and a letter that shows up in one
folder while we have it from another (a move, a copy, a label).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from letterbox.imap import values
from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.models import Folder, Placement
from letterbox.sync import database

# States in which a letter is known again by size, date and Message-ID.
HELD = (Placement.State.STORED, Placement.State.OVERSIZE)

Key = tuple[int, datetime | None]


@dataclass(frozen=True, slots=True)
class Ours:
    """A message of ours with its Message-ID; empty when it has none, or none yet.

    `is_whole` is False when we hold its header only, and then its `structure`.
    """

    pk: int
    message_id: str
    is_whole: bool = True
    structure: Sequence[Mapping[str, object]] = ()


def elsewhere(
    session: Session, folder: Folder, states: Sequence[values.LetterState]
) -> dict[int, Ours]:
    """UID → our message, for letters that lie, or lay, in another folder too.

    Only with equal size, date and Message-ID. Two in the same folder are never taken
    for one: whoever writes letters chooses their Message-IDs.
    """
    sizes = {state.size for state in states if state.size}
    rows = Placement.objects.filter(
        Q(gone_at__isnull=False) | ~Q(folder=folder),
        folder__mailbox=folder.mailbox_id,
        size__in=sizes,
        state__in=HELD,
    )
    ours = _by_key(rows)
    asked = UidSet.of(state.uid for state in states if _key(state) in ours)
    if not asked:
        return {}
    database.let_go()
    matched: dict[int, Ours] = {}
    for identity in session.fetch_identities(asked):
        wanted = plain(identity.message_id)
        for each in ours.get((identity.size or 0, identity.internal_date), ()):
            if wanted and wanted == plain(each.message_id):
                matched[identity.uid] = each
                break
    return matched


def renumbered(
    session: Session, folder: Folder, states: Sequence[values.LetterState]
) -> dict[int, Ours]:
    """UID → our message, for the letters of a folder under their new numbers.

    By size and date where only one letter on either side has them, else by Message-ID.
    """
    ours = _by_key(
        Placement.objects.filter(
            folder=folder,
            uid_validity=folder.uid_validity or 0,
            gone_at__isnull=True,
            state__in=HELD,
        )
    )
    theirs: dict[Key, list[int]] = defaultdict(list)
    for state in states:
        theirs[_key(state)].append(state.uid)
    matched: dict[int, Ours] = {}
    doubtful: list[int] = []
    for key, uids in theirs.items():
        candidates = ours.get(key, [])
        if len(uids) == 1 and len(candidates) == 1:
            matched[uids[0]] = candidates[0]
        elif candidates:
            doubtful += uids
    if doubtful:
        database.let_go()
        matched |= _by_message_id(session.fetch_identities(UidSet.of(doubtful)), ours)
    return matched


def _by_message_id(
    identities: Iterable[values.LetterIdentity], ours: dict[Key, list[Ours]]
) -> dict[int, Ours]:
    """Each message of ours is given away once."""
    matched: dict[int, Ours] = {}
    for identity in identities:
        candidates = ours.get((identity.size or 0, identity.internal_date), [])
        wanted = plain(identity.message_id)
        for each in candidates:
            if wanted and wanted == plain(each.message_id):
                matched[identity.uid] = each
                candidates.remove(each)
                break
    return matched


def _by_key(rows: QuerySet[Placement]) -> dict[Key, list[Ours]]:
    found: dict[Key, list[Ours]] = defaultdict(list)
    fields = ("size", "internal_date", "message", "message__message_id")
    known = rows.values_list(*fields, "state", "structure")
    for size, date, pk, message_id, state, structure in known:
        if pk is not None and date is not None:
            is_whole = state == Placement.State.STORED
            found[size, date].append(Ours(pk, message_id, is_whole, structure))
    return found


def _key(state: values.LetterState) -> Key:
    return state.size or 0, state.internal_date


def plain(message_id: str) -> str:
    """A Message-ID without blanks and brackets, to be compared."""
    return message_id.strip().strip("<>")
