"""Take new letters the moment the open folder tells of them, before anything else.

A pass opens the folder anew, asks for flags and looks through other folders first; none
of that is needed to fetch what has just been told of. The pass follows all the same and
deals with whatever is left to it here: many letters, large ones, odd answers, and those
that may be held already.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

from django.db import connection

from letterbox.imap import errors, values
from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName
from letterbox.inbound import receive
from letterbox.models import Folder
from letterbox.sync import database, taking
from letterbox.sync.recognising import HELD

MOST_LETTERS = 20
# Far below every limit on the size of a letter.
MOST_BYTES = 256_000

# A letter that was moved has a size that we know from another folder, or from this one.
MAY_BE_HELD = """
    SELECT 1 FROM letterbox_placement place
    JOIN letterbox_folder folder ON folder.id = place.folder_id
    WHERE place.size = ANY(%s) AND folder.mailbox_id = %s AND place.state = ANY(%s)
        AND (folder.id <> %s OR place.gone_at IS NOT NULL)
    LIMIT 1
"""


def take(
    session: Session,
    folders: Sequence[Folder],
    told: Container[WireName],
    *,
    check: Callable[[], None],
) -> int:
    """Take what is new in the folder that is open, if the server told of it.

    Returns how many letters came. The cursors of the rows may be older than those that
    are stored, not newer; `check` is that of `receive`.
    """
    opened = session.selected
    if opened is None or opened.wire_name not in told:
        return 0
    for folder in folders:
        if (
            folder.wire_name == opened.wire_name
            and folder.last_pass_at
            and folder.uid_validity
            and folder.uid_validity == opened.uid_validity
        ):
            try:
                return _take(session, folder, folder.uid_validity, check)
            except (errors.Refused, errors.CommandRejected, errors.Unsupported):
                # The pass meets with the same, and says so.
                return 0
    return 0


def _take(
    session: Session, folder: Folder, uid_validity: int, check: Callable[[], None]
) -> int:
    states = _simple(session, folder)
    if not states:
        return 0
    arrivals = _fetched(session, states)
    if not arrivals or _may_be_held(folder, states):
        return 0
    receive.receive(
        folder,
        arrivals,
        uid_validity=uid_validity,
        cursor=receive.Cursor(next_uid=arrivals[-1].uid + 1, more=len(arrivals)),
        check=check,
    )
    database.let_go()
    return len(arrivals)


def _simple(session: Session, folder: Folder) -> list[values.LetterState]:
    """The new letters from the cursor on, up to the first that is not a small one."""
    new = UidSet.span(folder.next_uid)
    # "n:*" always names the last letter, however low its UID (RFC 3501, 6.4.8).
    found = (each for each in session.fetch_states(new) if each.uid in new)
    states = sorted(found, key=lambda state: state.uid)[: MOST_LETTERS + 1]
    if len(states) > MOST_LETTERS:
        return []
    for place, state in enumerate(states):
        if state.size is None or state.size > MOST_BYTES:
            return states[:place]
    return states


def _fetched(
    session: Session, states: Sequence[values.LetterState]
) -> list[receive.Arrival]:
    """The letters, up to the first that the server did not hand out."""
    outcomes = {
        each.uid: each
        for each in session.fetch_letters(UidSet.of(state.uid for state in states))
    }
    arrivals: list[receive.Arrival] = []
    for state in states:
        letter = outcomes.get(state.uid)
        if not isinstance(letter, values.FetchedLetter) or not letter.is_complete:
            break
        arrivals.append(taking.arrival_of(letter))
    return arrivals


def _may_be_held(folder: Folder, states: Sequence[values.LetterState]) -> bool:
    sizes = [state.size for state in states]
    with connection.cursor() as cursor:
        held = [str(state) for state in HELD]
        cursor.execute(MAY_BE_HELD, [sizes, folder.mailbox_id, held, folder.pk])
        return cursor.fetchone() is not None
