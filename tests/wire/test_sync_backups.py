"""Servers restored from a backup: the same UIDVALIDITY, fewer letters and changes.

The UIDs of letters that are lost there are given to others, which must come all the
same; and nothing that was taken once comes, or is answered, a second time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX
from letterbox.inbound import pipeline
from letterbox.models import Case, Folder
from letterbox.sync import reconcile
from tests.conftest import NoteFault
from tests.wire import keeping
from tests.wire.dovecot import Dovecot
from tests.wire.keeping import Kept, letter
from tests.wire.test_sync_faults import assert_every_letter_once

pytestmark = pytest.mark.django_db

FLAGGED = frozenset({"\\Flagged"})
DAY = timedelta(days=1)
_people = itertools.count(1)


@pytest.fixture
def support(server: Dovecot) -> Iterator[Kept]:
    """A mailbox with four letters of the past; each new one becomes a case."""
    login = f"restored{next(_people)}"
    server.add_user(login, "secret")
    kept = keeping.keep_for_cases(server, login)
    for number in range(4):
        kept.put(letter(f"old-{number}"), at=timezone.now() - DAY)
    kept.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    kept.go()
    yield kept
    kept.outlook.close()


def come(kept: Kept, prefix: str, count: int) -> None:
    """New letters come, and are taken and processed."""
    for number in range(count):
        kept.put(letter(f"{prefix}-{number}"))
    kept.go()
    pipeline.process_mailbox(kept.mailbox.pk)


def lives(kept: Kept, prefix: str) -> int:
    """How many letters called so have come as live mail."""
    return sum(
        body.startswith(prefix.encode()) and not is_history
        for body, is_history in kept.history().items()
    )


def test_what_the_server_forgot_is_kept_here_and_marked(
    support: Kept, tmp_path: Path
) -> None:
    support.back_up(tmp_path / "backup")
    come(support, "lost", 3)
    support.restore(tmp_path / "backup")

    outcome = support.go()

    assert outcome.vanished == 3
    assert support.uids() == [1, 2, 3, 4]
    assert support.folder().next_uid == 5
    assert len(support.messages()) == 7
    assert support.folder().fell_back_at
    assert support.mailbox.events.filter(verb="numbers-given-again").count() == 1
    assert_every_letter_once(support)
    again = support.go()
    assert (again.has_news, again.vanished) == (False, 0)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_new_letters_under_numbers_of_lost_ones_come_as_live_mail(
    support: Kept, tmp_path: Path, note_fault: NoteFault, count: int
) -> None:
    support.back_up(tmp_path / "backup")
    come(support, "lost", 3)
    support.restore(tmp_path / "backup")
    come(support, "anew", count)

    # As many as were lost look as if nothing had happened, until all are counted.
    if count == 3:
        assert lives(support, "anew") == 0
        with support.session() as session:
            reconcile.count(session, support.folder())
        support.go()
    else:
        assert lives(support, "anew") == count

    figures = assert_every_letter_once(support)
    assert lives(support, "lost") == 3
    assert figures["messages"] == 7 + count
    assert Case.objects.count() == figures["live"] <= 3 + count
    note_fault(f"restored, {count} new under lost numbers, {support.kind}", **figures)


def test_flags_and_deletions_since_the_backup_are_undone(
    support: Kept, tmp_path: Path
) -> None:
    support.outlook.select(INBOX)
    support.outlook.store(UidSet.of([1]), add=FLAGGED)
    support.outlook.unselect()
    support.go()
    support.back_up(tmp_path / "backup")
    support.outlook.select(INBOX)
    support.outlook.store(UidSet.of([1]), remove=FLAGGED)
    support.outlook.store(UidSet.of([2]), add=FLAGGED)
    support.outlook.delete(UidSet.of([3]))
    support.outlook.unselect()
    support.go()
    assert support.uids() == [1, 2, 4]
    support.restore(tmp_path / "backup")

    support.go()
    with support.session() as session:
        count = reconcile.count(session, support.folder())

    assert support.uids() == [1, 2, 3, 4]
    assert [support.placement(uid).flags for uid in (1, 2)] == [["\\Flagged"], []]
    assert (count.server, count.missing) == (4, 0)
    assert_every_letter_once(support)
    # Only the mod-sequences fell back, and nobody's number was given to another.
    assert not support.folder().fell_back_at


def test_a_letter_lost_and_delivered_again_is_the_same_letter(
    support: Kept, tmp_path: Path
) -> None:
    support.back_up(tmp_path / "backup")
    raw = letter("twice")
    support.put(raw)
    come(support, "lost", 1)
    support.restore(tmp_path / "backup")
    support.put(letter("between"))
    support.put(raw)
    support.put(letter("later"))

    support.go()

    figures = assert_every_letter_once(support)
    assert (figures["messages"], figures["cases"]) == (8, 4)


def test_half_a_folder_lost_is_believed_when_a_second_connection_says_so(
    support: Kept, tmp_path: Path
) -> None:
    support.back_up(tmp_path / "backup")
    come(support, "lost", 30)
    support.restore(tmp_path / "backup")

    outcome = support.go()

    assert (outcome.doubtful, outcome.vanished) == (30, 0)
    assert len(support.uids()) == 34
