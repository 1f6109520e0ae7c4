"""`letterbox worker`: process what arrived, deliver what is due."""

from __future__ import annotations

import argparse
import asyncio
import logging

from django.conf import settings
from django.db import connections
from procrastinate import App, exceptions
from procrastinate import jobs as queue
from procrastinate.contrib.django import app

from letterbox import jobs
from letterbox.inbound import receive
from letterbox.models import OutgoingMail
from letterbox.services import outbox

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 2
# A worker that was silent for so long is dead; its jobs start again.
DEAD_AFTER_SECONDS = 8


def command(arguments: argparse.Namespace) -> int:
    """Work until told to stop."""
    wake_everything()
    connections.close_all()
    asyncio.run(_work())
    return 0


def wake_everything() -> None:
    """Drain whatever waits, in case its job was lost with a restored backup."""
    for mailbox_id in receive.waiting_mailboxes():
        jobs.wake(receive.PROCESS, mailbox_id)
    waiting = OutgoingMail.objects.filter(
        state__in=[OutgoingMail.State.QUEUED, OutgoingMail.State.SENDING]
    )
    for mailbox_id in waiting.distinct().values_list("mailbox", flat=True):
        jobs.wake(outbox.DELIVER, mailbox_id)


async def _work() -> None:
    connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
    # A copy: jobs that our own work wakes must go through Django's connection, into the
    # transaction of that work, or they would run before it has committed.
    worker_app = app.with_connector(connector)
    async with worker_app.open_async():
        rescuer = asyncio.create_task(_rescue(worker_app))
        try:
            await worker_app.run_worker_async(
                concurrency=settings.WORKER_CONCURRENCY,
                fetch_job_polling_interval=jobs.POLLING_SECONDS,
                delete_jobs=queue.DeleteJobCondition.ALWAYS,
                shutdown_graceful_timeout=10,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=DEAD_AFTER_SECONDS,
            )
        finally:
            rescuer.cancel()


async def _rescue(worker_app: App) -> None:
    """Start the jobs of dead workers again: they would hold their locks for ever."""
    manager = worker_app.job_manager
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        try:
            for job in await manager.get_stalled_jobs(
                seconds_since_heartbeat=DEAD_AFTER_SECONDS
            ):
                await manager.finish_job(job, queue.Status.FAILED, delete_job=True)
                await _defer_again(worker_app, job)
        except exceptions.ProcrastinateException:
            # The database is away for a moment; the next round looks again.
            logger.warning("Jobs of dead workers could not be looked for.")


async def _defer_again(worker_app: App, job: queue.Job) -> None:
    task = worker_app.configure_task(
        job.task_name, lock=job.lock, queueing_lock=job.lock
    )
    try:
        await task.defer_async(**job.task_kwargs)
    except exceptions.AlreadyEnqueued:
        return
    logger.warning("Job %s of a dead worker starts again.", job.lock)
