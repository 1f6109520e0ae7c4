"""A clock that is set forward and back: letters come all the same, each once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.utils import timezone

from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX
from letterbox.inbound import pipeline
from letterbox.models import Case, Placement
from letterbox.sync import reconcile, taking
from tests.conftest import NoteFault
from tests.wire import keeping
from tests.wire.dovecot import Dovecot
from tests.wire.keeping import Kept, letter
from tests.wire.test_sync_watching import is_live, until, watching

pytestmark = pytest.mark.django_db(transaction=True)

YEAR = timedelta(days=365)
_people = itertools.count(1)


@pytest.fixture
def support(server: Dovecot) -> Iterator[Kept]:
    """A mailbox whose first letters become cases, on servers rich and poor."""
    login = f"timely{next(_people)}"
    server.add_user(login, "secret")
    kept = keeping.keep_for_cases(server, login)
    yield kept
    kept.outlook.close()


def test_letters_come_once_while_the_clock_jumps(
    support: Kept, note_fault: NoteFault
) -> None:
    support.tick()
    now = timezone.now()
    moved = (timedelta(0), YEAR, -YEAR, timedelta(hours=-1), timedelta(0))
    with watching(support) as watcher:
        until(lambda: is_live(support))
        for number, offset in enumerate(moved):
            with time_machine.travel(now + offset, tick=True):
                # The server's clock stays right.
                support.put(letter(f"letter-{number}"), at=now)
                watcher.wake()
                until(partial(_has, support, number + 1), seconds=30)
    pipeline.process_mailbox(support.mailbox.pk)

    assert sorted(support.history()) == sorted(
        f"letter-{number}".encode() for number in range(len(moved))
    )
    assert not any(support.history().values())
    assert Case.objects.filter(mailbox=support.mailbox).count() == len(moved)
    with support.session() as session:
        count = reconcile.count(session, support.folder())
    assert (count.server, count.accounted) == (len(moved), len(moved))
    note_fault("clock moved", jumps=len(moved), letters=len(moved), cases=len(moved))


def _has(kept: Kept, letters: int) -> bool:
    return len(kept.uids()) == letters


def test_what_a_wrong_clock_wrote_down_holds_nothing_up(support: Kept) -> None:
    support.tick()
    support.go()
    uid = support.put(letter("hello"))
    with time_machine.travel(timezone.now() + YEAR, tick=True):
        support.go()
        with support.session() as session:
            reconcile.count(session, support.folder())
        support.mailbox.folders.update(failures=0)
        Placement.objects.update(
            state=Placement.State.UNREADABLE, retry_at=timezone.now()
        )

    folder = support.folder(INBOX)

    assert reconcile.is_due(folder)
    assert taking.due_again(folder, now=timezone.now()) == [uid]


def test_flags_are_read_again_after_the_clock_was_set_back(support: Kept) -> None:
    support.tick()
    support.put(letter("hello"))
    with watching(support) as watcher:
        until(lambda: support.uids() == [1])
        support.mailbox.folders.update(last_pass_at=timezone.now() + YEAR)
        support.outlook.select(INBOX)
        support.outlook.store(UidSet.of([1]), add=frozenset({"\\Flagged"}))
        watcher.wake()
        until(lambda: support.placement(1).flags == ["\\Flagged"], seconds=30)
