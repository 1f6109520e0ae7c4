"""The planner by tables: what we know, what the server says, what is to be done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from letterbox.imap.uid_sets import UidSet
from letterbox.sync import backoff
from letterbox.sync.backoff import Backoff
from letterbox.sync.passes import newest
from letterbox.sync.plan import (
    Backfill,
    Begin,
    CheckNumbers,
    FetchNew,
    FindVanished,
    Known,
    RefreshFlags,
    Reported,
    StartOver,
    Step,
    is_behind,
    make_plan,
)
from letterbox.sync.reconcile import Ledger, account
from letterbox.sync.vanishing import is_suspicious

NEW = Known(uid_validity=None, next_uid=0, mod_seq=0, counted=None)
KNOWN = Known(uid_validity=7, next_uid=100, mod_seq=50, counted=40)
SAME = Reported(uid_validity=7, next_uid=100, mod_seq=50, exists=40)
PLAIN = replace(SAME, mod_seq=None)
RICH = replace(SAME, tells_changes=True)


@pytest.mark.parametrize(
    ("known", "reported", "steps"),
    [
        (NEW, SAME, [Begin()]),
        (replace(NEW, wants_past=True), SAME, [Begin(), Backfill()]),
        # Without UIDVALIDITY there is nothing to number the ledger by.
        (NEW, replace(SAME, uid_validity=None), []),
        (KNOWN, SAME, []),
        (KNOWN, RICH, []),
        (KNOWN, replace(SAME, uid_validity=8), [StartOver()]),
        (
            replace(KNOWN, wants_past=True),
            replace(SAME, uid_validity=8),
            [StartOver(), Backfill()],
        ),
        # A missing UIDVALIDITY is the server's mistake, not a new numbering.
        (KNOWN, replace(SAME, uid_validity=None), []),
        (
            KNOWN,
            replace(SAME, next_uid=101, exists=41),
            [FetchNew(100), FindVanished(40)],
        ),
        (KNOWN, replace(RICH, next_uid=101, exists=41), [FetchNew(100)]),
        (
            KNOWN,
            replace(SAME, next_uid=None),
            [FetchNew(100), FindVanished(40)],
        ),
        (KNOWN, replace(SAME, mod_seq=51), [RefreshFlags(50)]),
        (KNOWN, PLAIN, [RefreshFlags(None)]),
        # The first pass that may use mod-sequences has none to start from.
        (replace(KNOWN, mod_seq=0), SAME, [RefreshFlags(None)]),
        (KNOWN, replace(SAME, exists=39), [FindVanished(40)]),
        (KNOWN, replace(RICH, exists=39), []),
        (replace(KNOWN, counted=None), SAME, [FindVanished(None)]),
        # Restored from a backup: what we know of changes, or of numbers, is void.
        (KNOWN, replace(SAME, mod_seq=49), [CheckNumbers()]),
        (KNOWN, replace(RICH, mod_seq=49, next_uid=101), [CheckNumbers()]),
        (KNOWN, replace(PLAIN, next_uid=99), [CheckNumbers()]),
        (
            replace(KNOWN, is_backfilling=True),
            replace(RICH, next_uid=99),
            [CheckNumbers(), Backfill()],
        ),
        (replace(KNOWN, is_backfilling=True), SAME, [Backfill()]),
        (
            replace(KNOWN, is_backfilling=True),
            replace(SAME, next_uid=102, mod_seq=60, exists=30),
            [FetchNew(100), RefreshFlags(50), FindVanished(40), Backfill()],
        ),
    ],
)
def test_the_plan(known: Known, reported: Reported, steps: list[Step]) -> None:
    assert make_plan(known, reported) == steps


@pytest.mark.parametrize(
    ("known", "reported", "expected"),
    [
        (NEW, SAME, True),
        (KNOWN, SAME, False),
        (KNOWN, PLAIN, False),
        (KNOWN, replace(SAME, uid_validity=8), True),
        (KNOWN, replace(SAME, uid_validity=None), False),
        (KNOWN, replace(SAME, next_uid=101), True),
        (KNOWN, replace(SAME, next_uid=None), True),
        (KNOWN, replace(SAME, mod_seq=51), True),
        (KNOWN, replace(SAME, exists=39), True),
        (KNOWN, replace(SAME, mod_seq=49), True),
        (KNOWN, replace(SAME, next_uid=99), True),
        # The past is not news.
        (replace(KNOWN, is_backfilling=True), SAME, False),
    ],
)
def test_what_a_status_tells(known: Known, reported: Reported, expected: bool) -> None:
    assert is_behind(known, reported) is expected


def test_whatever_a_status_hides_a_plan_has_steps_only_for_a_folder_that_is_behind() -> (
    None
):
    for next_uid in (99, 100, 101):
        for mod_seq in (49, 50, 51):
            for exists in (39, 40, 41):
                reported = Reported(7, next_uid, mod_seq, exists)
                if make_plan(KNOWN, reported):
                    assert is_behind(KNOWN, reported)


def test_the_newest_of_the_past_come_first() -> None:
    past = UidSet.parse("1:10,20,30:35")

    assert str(newest(past, 8)) == "10,20,30:35"
    assert str(newest(past, 3)) == "33:35"
    assert str(newest(past, 1_000)) == str(past)


@pytest.mark.parametrize(
    ("gone", "held", "expected"),
    [(1, 1, False), (19, 19, False), (20, 39, True), (20, 40, False), (500, 600, True)],
)
def test_how_many_gone_at_once_are_suspicious(
    gone: int, held: int, expected: bool
) -> None:
    assert is_suspicious(gone, held) is expected


def test_every_letter_has_exactly_one_place_in_the_account() -> None:
    there = UidSet.span(1, 100)
    ledger = Ledger(
        stored=UidSet.parse("51:80,200"),
        oversize=UidSet.of([81]),
        unreadable=UidSet.of([82]),
        wanted=UidSet.span(41),
        to_come=UidSet.parse("1:45,95:4294967295"),
    )

    count, missing = account(there, ledger)

    assert count.server == 100
    assert (count.stored, count.oversize, count.unreadable) == (30, 1, 1)
    assert (count.skipped, count.to_come) == (40, 11)
    assert str(missing) == "46:50,83:94"
    assert count.missing == 17
    assert count.accounted == 83
    assert count.server == sum(
        (
            count.stored,
            count.oversize,
            count.unreadable,
            count.skipped,
            count.to_come,
            count.missing,
        )
    )


def test_waiting_doubles_until_five_minutes() -> None:
    trouble = Backoff()

    delays = [trouble.after(lived_seconds=1) for _ in range(12)]

    for number, delay in enumerate(delays):
        longest = min(backoff.LONGEST_SECONDS, 2.0**number)
        assert longest / 2 <= delay <= longest


def test_a_login_that_works_for_a_moment_is_no_success() -> None:
    trouble = Backoff()
    for _ in range(5):
        trouble.after(lived_seconds=299)
    assert trouble.failures == 5

    trouble.after(lived_seconds=301)

    assert trouble.failures == 1


def test_refused_logins_wait_longer_than_anything_else() -> None:
    assert Backoff().after(lived_seconds=0, is_refused=True) >= 450
    assert Backoff().after(lived_seconds=0, is_throttled=True) >= 30
