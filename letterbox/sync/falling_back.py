"""A server that fell back behind what it once told, as one restored from a backup.

Its UIDVALIDITY is the same; but it numbers changes anew that we know under other
mod-sequences, and gives UIDs out again that letters of ours have had. So each line of
the ledger is compared: which letter it means, its flags, and whether it is there.
Nothing is fetched here, and no letter of ours is ever dropped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from letterbox.imap import values
from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.models import Folder, Placement
from letterbox.services import history
from letterbox.sync import database, flags, recognising, vanishing
from letterbox.sync.vanishing import Gone

logger = logging.getLogger(__name__)

# So many of the newest letters are to be what they were, down to their Message-ID.
SAMPLE = 20
COMPARED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a comparison came to.

    `is_renumbered`: some UID means another letter now, so that all numbers are void;
    the folder has to be started over. `gone` and `flags_changed` as in an Outcome.
    """

    is_renumbered: bool = False
    gone: Gone = field(default_factory=Gone)
    flags_changed: int = 0


def compare(
    session: Session,
    folder: Folder,
    *,
    uid_next: int | None,
    check: Callable[[], None] = lambda: None,
) -> Found:
    """Compare the open folder with our ledger, and make the ledger true again.

    `uid_next` is what the server said it to be. Lines from there on, which the server
    has forgotten, no longer stand in the way of the letters that will get their UIDs.
    Repeating it after a crash changes nothing more.
    """
    ours = UidSet.of(_present(folder).values_list("uid", flat=True))
    is_renumbered = has_other_letters(session, folder)
    there: list[int] = []
    flags_changed = 0
    for states in _in_portions(session.fetch_states(UidSet.span(1))):
        there += [state.uid for state in states]
        if is_renumbered or _are_others(folder, states):
            is_renumbered = True
            continue
        _bring_back(folder, [state.uid for state in states], check)
        flags_changed += flags.apply(folder, states, check=check)
        database.let_go()
    if is_renumbered:
        void(folder, check=check)
        return Found(is_renumbered=True)
    # A UIDNEXT that is too low for what is there is a mistake, and no backup.
    first_free = max([uid_next or folder.next_uid, *(uid + 1 for uid in there)])
    gone = vanishing.mark(folder, ours - UidSet.of(there), check=check)
    if first_free < folder.next_uid and not gone.doubtful:
        _give_up_from(folder, first_free, check)
    return Found(gone=gone, flags_changed=flags_changed)


def has_other_letters(session: Session, folder: Folder) -> bool:
    """Whether one of the newest UIDs of the open folder means another letter now.

    Those of letters that are gone too: they may be there again, or belong to others.
    """
    lines = {
        line.uid: line
        for line in Placement.objects.filter(
            folder=folder,
            uid_validity=folder.uid_validity or 0,
            state__in=recognising.HELD,
        )
        .select_related("message")
        .only("uid", "size", "internal_date", "message__message_id")
        .order_by("-uid")[:SAMPLE]
    }
    if not lines:
        return False
    database.let_go()
    return any(
        identity.uid in lines and _is_other(lines[identity.uid], identity)
        for identity in list(session.fetch_identities(UidSet.of(lines)))
    )


def void(folder: Folder, *, check: Callable[[], None] = lambda: None) -> None:
    """Take all UIDs that we know for numbers of another time.

    The server has one UIDVALIDITY for both, so the old time gets a name that no server
    gives. The next look finds a folder that was numbered anew.
    """
    with transaction.atomic():
        check()
        name = _put_aside(folder, Placement.objects.filter(folder=folder))
        folder.uid_validity, folder.mod_seq, folder.agreed_count = name, 0, None
        folder.save(update_fields=["uid_validity", "mod_seq", "agreed_count"])
        _record(folder, first_uid=1)


def _give_up_from(folder: Folder, uid: int, check: Callable[[], None]) -> None:
    """Letters to come will have the UIDs from this one on."""
    with transaction.atomic():
        check()
        lines = Placement.objects.filter(folder=folder, uid__gte=uid)
        lines.filter(gone_at__isnull=True).update(gone_at=timezone.now())
        _put_aside(folder, lines)
        folder.next_uid = uid
        folder.live_uid = min(folder.live_uid, uid)
        folder.backfill_uid = min(folder.backfill_uid, uid)
        folder.agreed_count = None
        folder.save(
            update_fields=["next_uid", "live_uid", "backfill_uid", "agreed_count"]
        )
        _record(folder, first_uid=uid)


def _put_aside(folder: Folder, lines: QuerySet[Placement]) -> int:
    """Give lines of the ledger the name of a time that is over; returns it."""
    name = -int(timezone.now().timestamp() * 1_000)
    lines.filter(uid_validity=folder.uid_validity or 0).update(uid_validity=name)
    return name


def _record(folder: Folder, *, first_uid: int) -> None:
    logger.error("Folder %d: the server fell back to an older state.", folder.pk)
    folder.fell_back_at = timezone.now()
    folder.save(update_fields=["fell_back_at"])
    history.record(
        "numbers-given-again",
        by=None,
        mailbox=folder.mailbox,
        folder=folder.path,
        first_uid=first_uid,
    )


def _present(folder: Folder) -> QuerySet[Placement]:
    return Placement.objects.filter(
        folder=folder, uid_validity=folder.uid_validity or 0, gone_at__isnull=True
    )


def _lines(folder: Folder, uids: Iterable[int]) -> QuerySet[Placement]:
    return Placement.objects.filter(
        folder=folder, uid_validity=folder.uid_validity or 0, uid__in=list(uids)
    )


def _are_others(folder: Folder, states: Sequence[values.LetterState]) -> bool:
    said = {state.uid: state for state in states}
    lines = _lines(folder, said).filter(state__in=recognising.HELD)
    return any(
        _is_other(line, said[line.uid])
        for line in lines.only("uid", "size", "internal_date")
    )


def _is_other(
    line: Placement, said: values.LetterState | values.LetterIdentity
) -> bool:
    """Whether they are two letters, by the first of these that is known of both.

    The Message-ID, then the date. The size is the last: Exchange estimates it until
    somebody has fetched the letter.
    """
    if isinstance(said, values.LetterIdentity) and line.message is not None:
        ours = recognising.plain(line.message.message_id)
        theirs = recognising.plain(said.message_id)
        if ours and theirs:
            return ours != theirs
    if line.internal_date and said.internal_date:
        return line.internal_date != said.internal_date
    return bool(line.size and said.size and line.size != said.size)


def _bring_back(folder: Folder, uids: Sequence[int], check: Callable[[], None]) -> None:
    """Letters that were deleted after the backup was made are there again."""
    with transaction.atomic():
        check()
        _lines(folder, uids).filter(gone_at__isnull=False).update(gone_at=None)


def _in_portions(
    states: Iterator[values.LetterState],
) -> Iterator[list[values.LetterState]]:
    while portion := list(islice(states, COMPARED_AT_ONCE)):
        database.let_go()
        yield portion
