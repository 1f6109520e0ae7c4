"""The one door to the task queue (procrastinate, over PostgreSQL).

Three kinds of job, all per mailbox, and each drains: state lives in the domain tables.
`wake` writes into the caller's transaction, so a job exists exactly when its work does.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.utils import timezone
from procrastinate import exceptions, tasks
from procrastinate.contrib.django import app
from procrastinate.jobs import JobDeferrer

logger = logging.getLogger(__name__)

# A job that waits for a lock, or for its hour, is found by polling.
POLLING_SECONDS = 0.5
# How long a drain rests when the database gave trouble.
REST = timedelta(seconds=5)
# What the workers of procrastinate listen to.
CHANNEL = "procrastinate_any_queue_v1"


def drain(name: str) -> Callable[[Callable[[int], None]], Callable[[int], None]]:
    """Register a function of a mailbox id as the work of the jobs of this name."""

    def register(work: Callable[[int], None]) -> Callable[[int], None]:
        @app.task(name=name)
        @functools.wraps(work)
        def task(mailbox_id: int) -> None:
            # As at the ends of a request: a connection that died is not used again.
            close_old_connections()
            try:
                work(mailbox_id)
            except (OperationalError, InterfaceError):
                # What was not drained still waits, and nobody else would come.
                connection.close()
                wake(name, mailbox_id, at=timezone.now() + REST)
                raise
            finally:
                close_old_connections()

        return work

    return register


def every_minute(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a function that one of the workers calls once a minute."""
    return _periodic(name, "* * * * *")


def every_hour(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a function that one of the workers calls once an hour."""
    return _periodic(name, "23 * * * *")


def _periodic(
    name: str, cron: str
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def register(work: Callable[[], None]) -> Callable[[], None]:
        @app.periodic(cron=cron)
        @app.task(name=name, lock=name, queueing_lock=name)
        @functools.wraps(work)
        def task(timestamp: int) -> None:
            close_old_connections()
            try:
                work()
            finally:
                close_old_connections()

        return work

    return register


@app.task(name="wake")
def wake_later(name: str, mailbox_id: int) -> None:
    """The moment has come that `wake` was asked for."""
    close_old_connections()
    try:
        wake(name, mailbox_id)
    finally:
        close_old_connections()


def wake(name: str, mailbox_id: int, *, at: datetime | None = None) -> None:
    """Have the mailbox drained once, now or at a moment; waking twice is harmless.

    At most one job per name and mailbox waits and one runs. A job that runs already may
    not see what the caller is writing, so another one waits behind it.
    """
    key = f"{name}:{mailbox_id}"
    if at is not None and at > timezone.now() + timedelta(milliseconds=100):
        _wake_at(name, mailbox_id, at)
        return
    while not _keep_waiting(key):
        try:
            # A refusal would break the caller's transaction; the savepoint takes it.
            with transaction.atomic():
                _job(name, lock=key, queueing_lock=key).defer(mailbox_id=mailbox_id)
        except exceptions.AlreadyEnqueued:
            # Somebody else's job was committed in between, and may have started.
            continue
        return


def _wake_at(name: str, mailbox_id: int, at: datetime) -> None:
    """Ask for a job of no lock, which wakes when its time has come.

    With the lock it would stand before every later job until then.
    """
    key = f"{name}:{mailbox_id}:{int(at.timestamp())}"
    try:
        with transaction.atomic():
            _job("wake", queueing_lock=key, schedule_at=at).defer(
                name=name, mailbox_id=mailbox_id
            )
    except exceptions.AlreadyEnqueued:
        logger.debug("Job %s is waiting already.", key)


def _job(name: str, **options: Any) -> JobDeferrer:
    """A job of this name, by its name alone.

    The app would first import all that jobs ever do: half a second, in every
    keeper and web server, before the first letter of its life could be committed.
    """
    return tasks.configure_task(name=name, job_manager=app.job_manager, **options)


def _keep_waiting(key: str) -> bool:
    """Whether such a job waits; then it stays waiting until our transaction ends.

    Without the row lock it could start now, see nothing of what we are about to commit,
    and leave it behind.
    """
    with connection.cursor() as cursor:
        # A worker that passed the locked row by is told again after the commit.
        cursor.execute(
            "SELECT pg_notify(%s, json_build_object('type', 'job_inserted',"
            " 'job_id', id)::text) FROM procrastinate_jobs"
            " WHERE queueing_lock = %s AND status = 'todo' FOR KEY SHARE",
            [CHANNEL, key],
        )
        return cursor.fetchone() is not None
