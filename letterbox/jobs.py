"""The one door to the task queue (procrastinate, over PostgreSQL).

Three kinds of job, all per mailbox, and each drains: state lives in the domain tables.
`wake` writes into the caller's transaction, so a job exists exactly when its work does.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from procrastinate import exceptions
from procrastinate.contrib.django import app

logger = logging.getLogger(__name__)

# A job that waits for a lock, or for its hour, is found by polling.
POLLING_SECONDS = 0.5


def drain(name: str) -> Callable[[Callable[[int], None]], Callable[[int], None]]:
    """Register a function of a mailbox id as the work of the jobs of this name."""

    def register(work: Callable[[int], None]) -> Callable[[int], None]:
        @app.task(name=name)
        @functools.wraps(work)
        def task(mailbox_id: int) -> None:
            work(mailbox_id)

        return work

    return register


def wake(name: str, mailbox_id: int, *, at: datetime | None = None) -> None:
    """Have the mailbox drained once, now or at a moment; waking twice is harmless.

    At most one immediate job per name and mailbox waits, and at most one runs.
    """
    key = f"{name}:{mailbox_id}"
    is_later = at is not None and at > timezone.now() + timedelta(milliseconds=100)
    try:
        # A refusal would break the caller's transaction; the savepoint takes it.
        with transaction.atomic():
            app.configure_task(
                name,
                lock=key,
                # Jobs for later differ by second, so that an early one is never
                # swallowed by a late one.
                queueing_lock=f"{key}:{int(at.timestamp())}"
                if at and is_later
                else key,
                schedule_at=at if is_later else None,
            ).defer(mailbox_id=mailbox_id)
    except exceptions.AlreadyEnqueued:
        logger.debug("Job %s is waiting already.", key)
