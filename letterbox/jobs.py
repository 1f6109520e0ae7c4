"""The one door to the task queue (procrastinate, over PostgreSQL).

Three kinds of job, all per mailbox, and each drains: state lives in the domain tables.
`wake` writes into the caller's transaction, so a job exists exactly when its work does.
"""

from __future__ import annotations

import functools
import json
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

# Keeps the job that waits where it is, or makes one; no row if somebody else makes one.
# Without the row lock the job could start now, see nothing of what we are about to
# commit, and leave it behind. A worker that passed the locked row by is told again after
# the commit; of a new row a trigger tells.
WAKE = """
    WITH waiting AS (
        SELECT id, pg_notify(%(channel)s, json_build_object(
            'type', 'job_inserted', 'job_id', id)::text)
        FROM procrastinate_jobs
        WHERE queueing_lock = %(key)s AND status = 'todo' FOR KEY SHARE
    ), made AS (
        INSERT INTO procrastinate_jobs
            (queue_name, task_name, priority, lock, queueing_lock, args)
        SELECT 'default', %(name)s, 0, %(key)s, %(key)s, %(arguments)s::jsonb
        WHERE NOT EXISTS (SELECT FROM waiting)
        ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT id FROM waiting UNION ALL SELECT id FROM made
"""


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
    while not _is_waiting(name, mailbox_id, key):
        # Somebody else's job was committed in between, and may have started.
        pass


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


def _is_waiting(name: str, mailbox_id: int, key: str) -> bool:
    """Whether such a job waits now; then it stays waiting until our transaction ends.

    In one statement, and into the table itself: through the queue's own way it is five,
    of which each stored letter would wait for all.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            WAKE,
            {
                "channel": CHANNEL,
                "name": name,
                "key": key,
                "arguments": json.dumps({"mailbox_id": mailbox_id}),
            },
        )
        return cursor.fetchone() is not None
