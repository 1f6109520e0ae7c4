"""What a person asks for and waits for: one more session, opened for it and closed.

Fetch a letter that was too large to come by itself; mend a folder's account.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from letterbox import live
from letterbox.imap import values
from letterbox.imap.framing import Limits
from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName
from letterbox.mime import parse
from letterbox.models import Connection, Folder, Message, Placement, User
from letterbox.services import history, letters, raw_letters
from letterbox.sync import opening, reconcile, slots

# People wait for a letter of this size, but not for a larger one.
LARGEST_BYTES = 1_000_000_000


class NotThere(Exception):
    """The letter is nowhere on the server any more; the text says so."""


@contextmanager
def session_of(mailbox_id: int, **limits: int) -> Iterator[Session]:
    """A session of its own with the mailbox's server. Raises ImapError."""
    row = Connection.objects.get(mailbox=mailbox_id, protocol=Connection.Protocol.IMAP)
    with (
        slots.beside(row),
        opening.open_session(
            row, limits=Limits(**limits) if limits else None
        ) as session,
    ):
        yield session


def fetch_whole(message: Message, *, by: User | None) -> None:
    """Fetch the body of a letter of which we have the header only.

    The message stays what it was: nothing is answered or converted by it. Raises
    NotThere or ImapError.
    """
    places = Placement.objects.filter(
        message=message, state=Placement.State.OVERSIZE, gone_at__isnull=True
    ).select_related("folder")
    for place in places:
        with session_of(message.mailbox_id, literal_bytes=LARGEST_BYTES) as session:
            opened = session.examine(WireName(place.folder.wire_name))
            if opened.uid_validity != place.uid_validity:
                continue
            for outcome in session.fetch_letters(UidSet.of([place.uid])):
                if isinstance(outcome, values.FetchedLetter) and outcome.is_complete:
                    _keep_whole(message, outcome, by=by)
                    return
    raise NotThere("The server does not have this letter any more.")


def repair(folder: Folder, *, by: User | None) -> reconcile.Count:
    """Fetch what the last count missed; returns the new count. Raises ImapError."""
    with session_of(folder.mailbox_id) as session:
        return reconcile.repair(session, folder, by=by)


@transaction.atomic
def _keep_whole(
    message: Message, fetched: values.FetchedLetter, *, by: User | None
) -> None:
    message.raw = raw_letters.store(fetched.body)
    letters.fill(message, parse.parse_letter(fetched.raw))
    message.trace.setdefault("import", {})["is_cut"] = False
    message.save(update_fields=["raw", "trace", *letters.PARSED_FIELDS])
    Placement.objects.filter(message=message, state=Placement.State.OVERSIZE).update(
        state=Placement.State.STORED
    )
    history.record(
        "letter-fetched-whole",
        by=by,
        mailbox=message.mailbox,
        conversation=message.conversation,
        message=message.pk,
        size=fetched.size,
    )
    live.announce("message", message.pk, mailbox_id=message.mailbox_id)
