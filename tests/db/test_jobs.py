"""Waking: at most one job waits, none is lost, and none blocks another."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from letterbox import jobs

pytestmark = pytest.mark.django_db(transaction=True)

_drained: list[int] = []
_trouble: list[Exception] = []


@jobs.drain("test-drain")
def drain(mailbox_id: int) -> None:
    """The work of these tests."""
    if _trouble:
        raise _trouble.pop()
    _drained.append(mailbox_id)


@pytest.fixture(autouse=True)
def _clean_queue(db: None) -> None:
    _drained.clear()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


def waiting() -> list[dict[str, Any]]:
    """The jobs that wait, in the order in which they were asked for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, lock, scheduled_at, args->>'mailbox_id' FROM procrastinate_jobs"
            " WHERE status = 'todo' ORDER BY id"
        )
        names = ("id", "task", "lock", "at", "mailbox")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def fetch() -> int | None:
    """What a worker gets to do next, if anything."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        cursor.execute(
            "SELECT id FROM procrastinate_fetch_job_v2(NULL, %s)", cursor.fetchone()
        )
        row = cursor.fetchone()
        return row[0] if row else None


def test_waking_twice_leaves_one_job() -> None:
    for _ in range(3):
        jobs.wake("test-drain", 7)

    assert [(job["task"], job["mailbox"]) for job in waiting()] == [("test-drain", "7")]


def test_a_wake_that_is_rolled_back_leaves_nothing() -> None:
    with transaction.atomic():
        jobs.wake("test-drain", 7)
        transaction.set_rollback(True)

    assert waiting() == []


def test_a_wake_while_a_job_runs_waits_behind_it() -> None:
    jobs.wake("test-drain", 7)
    running = fetch()

    jobs.wake("test-drain", 7)

    assert running is not None
    assert len(waiting()) == 1
    assert fetch() is None


def test_a_job_for_later_does_not_hold_up_one_for_now() -> None:
    jobs.wake("test-drain", 7, at=timezone.now() + timedelta(hours=4))

    jobs.wake("test-drain", 7)

    assert fetch() == waiting_or_running()["test-drain"]


def waiting_or_running() -> dict[str, int]:
    """Task name → id of its newest job."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, max(id) FROM procrastinate_jobs GROUP BY 1")
        return dict(cursor.fetchall())


def test_a_job_for_sooner_does_not_wait_for_one_for_later() -> None:
    jobs.wake("test-drain", 7, at=timezone.now() + timedelta(hours=4))
    jobs.wake("test-drain", 7, at=timezone.now() + timedelta(seconds=2))

    later, sooner = waiting()

    assert later["lock"] is None
    assert sooner["lock"] is None
    assert sooner["at"] < later["at"]


def test_the_moment_asked_for_wakes() -> None:
    jobs.wake_later("test-drain", 7)

    assert [job["task"] for job in waiting()] == ["test-drain"]


def test_a_waiting_job_does_not_start_before_its_waker_has_committed() -> None:
    """Else it would drain everything but what the waker is writing."""
    jobs.wake("test-drain", 7)
    has_woken, may_commit = threading.Event(), threading.Event()

    def receive_a_letter() -> None:
        with transaction.atomic():
            jobs.wake("test-drain", 7)
            has_woken.set()
            may_commit.wait(10)
        connection.close()

    keeper = threading.Thread(target=receive_a_letter)
    keeper.start()
    has_woken.wait(10)
    too_early = fetch()
    may_commit.set()
    keeper.join()

    assert too_early is None
    assert fetch() is not None


def test_two_wakers_do_not_wait_for_one_another() -> None:
    jobs.wake("test-drain", 7)
    both = threading.Barrier(2, timeout=10)

    def wake() -> None:
        with transaction.atomic():
            jobs.wake("test-drain", 7)
            both.wait()
        connection.close()

    threads = [threading.Thread(target=wake) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not both.broken
    assert len(waiting()) == 1


def test_a_drain_that_meets_a_database_in_trouble_comes_back() -> None:
    _trouble.append(OperationalError("the server closed the connection"))

    with pytest.raises(OperationalError):
        app.tasks["test-drain"].func(7)

    assert [job["task"] for job in waiting()] == ["wake"]
    assert _drained == []
