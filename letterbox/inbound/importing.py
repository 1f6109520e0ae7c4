"""Take letters from files into a folder of a mailbox, as history.

Nothing of it is answered or converted, and what the mailbox holds already is not taken
again, so that an import may be repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.utils import timezone

from letterbox.inbound import receive
from letterbox.inbound.files import FiledLetter
from letterbox.models import Folder, Mailbox, Message
from letterbox.services import history

CHUNK_LETTERS = 200
CHUNK_BYTES = 6_000_000
# No server can have a folder of this name: a lone `&` is not modified UTF-7.
PREFIX = "&imported/"
UID_VALIDITY = 1


@dataclass(slots=True)
class Figures:
    """What came of an import, in letters."""

    taken: int = 0
    known: int = 0
    too_large: int = 0
    empty: int = 0


def take_in(
    mailbox: Mailbox,
    letters: Iterable[FiledLetter],
    *,
    folder_name: str,
    tell: Callable[[Figures], None] = lambda figures: None,
) -> Figures:
    """Store the letters; `tell` hears of the progress after every chunk."""
    folder = _folder(mailbox, folder_name)
    figures = Figures()
    for chunk in _chunks(letters, figures):
        _take_chunk(folder, chunk, figures)
        tell(figures)
    history.record(
        "letters-imported",
        by=None,
        mailbox=mailbox,
        folder=folder.path,
        taken=figures.taken,
        known=figures.known,
    )
    return figures


def _folder(mailbox: Mailbox, name: str) -> Folder:
    folder, _ = Folder.objects.get_or_create(
        mailbox=mailbox,
        wire_name=PREFIX + name,
        defaults={
            "path": name,
            # No keeper looks for it.
            "is_selectable": False,
            "uid_validity": UID_VALIDITY,
            "next_uid": 1,
        },
    )
    return folder


def _chunks(
    letters: Iterable[FiledLetter], figures: Figures
) -> Iterator[list[FiledLetter]]:
    chunk: list[FiledLetter] = []
    weight = 0
    for letter in letters:
        if letter.raw is None:
            figures.too_large += 1
            continue
        if not letter.raw.strip():
            figures.empty += 1
            continue
        chunk.append(letter)
        weight += len(letter.raw)
        if weight >= CHUNK_BYTES or len(chunk) >= CHUNK_LETTERS:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk


def _take_chunk(folder: Folder, chunk: list[FiledLetter], figures: Figures) -> None:
    digests = [hashlib.sha256(letter.raw or b"").digest() for letter in chunk]
    seen = {
        bytes(digest)
        for digest in Message.objects.filter(
            mailbox=folder.mailbox_id, raw__sha256__in=digests
        ).values_list("raw__sha256", flat=True)
    }
    folder.refresh_from_db(fields=["next_uid"])
    arrivals: list[receive.Arrival] = []
    for digest, letter in zip(digests, chunk, strict=True):
        if digest in seen or letter.raw is None:
            figures.known += 1
            continue
        seen.add(digest)
        arrivals.append(
            receive.Arrival(
                uid=folder.next_uid + len(arrivals),
                raw=letter.raw,
                internal_date=min(letter.at, timezone.now()),
                flags=letter.flags,
            )
        )
    receive.receive(
        folder,
        arrivals,
        uid_validity=UID_VALIDITY,
        cursor=receive.Cursor(next_uid=folder.next_uid + len(arrivals)),
        is_history=True,
    )
    figures.taken += len(arrivals)
