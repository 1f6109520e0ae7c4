"""Read the letters of a history in processes of their own: bytes in, values out.

Nothing here touches the database; the functions are those of the live path. A process
that a letter kills takes no worker with it.

The readers are forks of one fresh process that has imported everything: each is there
at once, and they share their memory. A fork of the worker itself, which has threads,
could inherit a lock that is taken.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import forkserver, get_context
from typing import Any, TypeAlias

import zstandard
from django.conf import settings

from letterbox.inbound.threading import ThreadFacts
from letterbox.mime.classify.values import OwnMail
from letterbox.mime.letter import Address

logger = logging.getLogger(__name__)

# Many enough that a call costs little beside them, few enough to share them out.
LETTERS_A_CALL = 20
# What the process imports of which the readers are forks.
PRELOADED = "letterbox.inbound.history_reader"


@dataclass(frozen=True, slots=True)
class Unread:
    """One stored letter: our id of its message, its packed bytes, and its place."""

    message: int
    packed: bytes
    size: int
    received_at: datetime
    is_in_sent: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """What a mailbox knows of itself: the same for all of its letters."""

    addresses: tuple[str, ...]
    own: OwnMail


@dataclass(frozen=True, slots=True)
class Read:
    """What a letter says, ready to be stored; `facts` are those of inbound.threading.

    `person` is who outside it is about, None for nobody. `named_by_us` are the
    conversations of our own Message-IDs, `bounced` the id of ours that did not arrive.
    `traces` are the parts of the explain card that the letter alone decides.
    """

    message: int
    columns: dict[str, Any]
    is_from_us: bool
    kind: str
    language: str
    person: Address | None
    facts: ThreadFacts
    remembered: dict[str, Any]
    named_by_us: tuple[int, ...]
    numbers: tuple[int, ...]
    bounced: str
    traces: dict[str, Any]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A letter that could not be read; the ordinary path finds out why."""

    message: int


Answers: TypeAlias = list[Read | Unreadable]


@contextmanager
def readers(count: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """Processes that read; what they are forks of begins to start now."""
    context = get_context("forkserver")
    context.set_forkserver_preload([PRELOADED])
    # Without waiting for it: the first fork would.
    forkserver.ensure_running()
    pool = ProcessPoolExecutor(
        max_workers=count or settings.READERS,
        mp_context=context,
        initializer=importlib.import_module,
        initargs=(PRELOADED,),
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def read_all(desk: Desk, unread: Sequence[Unread]) -> Answers:
    """Read some letters, in their order; one that cannot be read spoils no other."""
    answers: Answers = []
    for each in unread:
        try:
            answers.append(read(desk, each))
        except Exception:
            logger.exception("Message %d could not be read.", each.message)
            answers.append(Unreadable(each.message))
    return answers


def read(desk: Desk, unread: Unread) -> Read:
    """Read one letter as the steps of the live path do."""
    # Imported here, where the process has set Django up.
    from letterbox.inbound import described, joining, reading, thread_facts  # noqa: PLC0415
    from letterbox.mime import bounces, language, parse, subjects  # noqa: PLC0415
    from letterbox.mime.classify import classify  # noqa: PLC0415
    from letterbox.services import folds, letters  # noqa: PLC0415

    raw = zstandard.decompress(unread.packed, max_output_size=unread.size)
    letter = parse.parse_letter(raw)
    columns, blocks = letters.columns_of(letter)
    is_ours = letter.author.email.lower() in desk.addresses
    is_from_us = unread.is_in_sent or is_ours
    bounce = bounces.read_bounce(letter)
    classification = classify(letter, own=desk.own, bounce=bounce)
    detected = language.detect_language(letter)
    traces: dict[str, Any] = {
        "letter": described.describe(letter),
        "folds": folds.written(blocks),
        "classify": reading.trace_of_class(classification, detected),
    }
    about = ""
    if bounce is not None and classification.kind.is_delivery_report:
        traces["bounce"] = reading.trace_of_bounce(classification.kind, bounce)
        about = bounce.original_message_id
    if not is_from_us and (found := reading.trace_of_forward(letter, desk.own)):
        traces["forwarded"] = found
    facts = thread_facts.read(
        letter,
        received_at=unread.received_at,
        ours=desk.addresses,
        blocks=blocks,
        about=about,
    )
    signed = joining.signed_ids(letter, desk.own.message_id_keys, about=about)
    person = reading.person_outside(letter, is_inbound=not is_from_us)
    return Read(
        message=unread.message,
        columns=columns,
        is_from_us=is_from_us,
        kind=classification.kind.value,
        language=detected.code[:12],
        person=None if person.email.lower() in desk.addresses else person,
        facts=facts,
        remembered=joining.remembered(facts),
        named_by_us=tuple(dict.fromkeys(signed.values())),
        numbers=subjects.matter_numbers(columns["subject"]),
        bounced=letters.key(about),
        traces=letters.storable(traces),
        problems=letter.problems,
    )
