"""Tell browsers that something changed, after commit.

A notice carries ids only; who gets it fetches again through `access`, so that a wrongly
addressed notice leaks nothing. PostgreSQL delivers a NOTIFY when its transaction
commits and forgets it when it rolls back, so there is nothing to remember here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass

import psycopg
from django.db import connection

logger = logging.getLogger(__name__)

CHANNEL = "letterbox_live"
# A browser that reads slower than this many notices is told to fetch everything.
QUEUE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Notice:
    """What changed: `topic` such as conversation, case, outbox, health, access."""

    topic: str
    id: int = 0
    mailbox_id: int = 0

    def to_json(self) -> str:
        """The form that travels and that the browser gets."""
        return json.dumps(
            {"topic": self.topic, "id": self.id, "mailbox": self.mailbox_id}
        )


# Sent to a browser that fell behind, and after a lost database connection.
EVERYTHING = Notice("everything")


# The notices of the `together` block that runs, if one does.
_collected: ContextVar[dict[Notice, None] | None] = ContextVar("notices", default=None)


def announce(topic: str, row_id: int = 0, *, mailbox_id: int = 0) -> None:
    """Tell every browser that may care, once the current transaction has committed."""
    notice = Notice(topic, row_id, mailbox_id)
    collected = _collected.get()
    if collected is None:
        _send([notice])
    else:
        collected[notice] = None


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Send what is announced in this block at its end, each notice once.

    The block belongs inside of the transaction; one that fails sends nothing.
    """
    if _collected.get() is not None:
        yield
        return
    collected: dict[Notice, None] = {}
    token = _collected.set(collected)
    try:
        yield
    finally:
        _collected.reset(token)
    if collected:
        _send(collected)


def _send(notices: Iterable[Notice]) -> None:
    payloads = [notice.to_json() for notice in notices]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload",
            [CHANNEL, payloads],
        )


class Switchboard:
    """Listens once per web process and passes notices on to every open stream."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Notice]] = set()
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def subscribe(self) -> AsyncIterator[asyncio.Queue[Notice]]:
        """A queue that gets every notice while the block runs."""
        queue: asyncio.Queue[Notice] = asyncio.Queue(QUEUE_LENGTH)
        self._queues.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._listen())
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    async def _listen(self) -> None:
        """Keep one connection listening for as long as anybody is subscribed."""
        while self._queues:
            try:
                await self._listen_once()
            except (psycopg.Error, OSError) as error:
                # The database restarts now and then; streams stay open meanwhile.
                logger.warning("Live notices pause: %s", type(error).__name__)
                await asyncio.sleep(1)

    async def _listen_once(self) -> None:
        parameters = connection.get_connection_params()
        for name in ("cursor_factory", "context", "pool"):
            parameters.pop(name, None)
        listener = await psycopg.AsyncConnection.connect(
            **{**parameters, "autocommit": True}
        )
        async with listener:
            await listener.execute(f"LISTEN {CHANNEL}")
            # What was announced before this moment was heard by nobody.
            self._pass_on(EVERYTHING)
            while self._queues:
                async for notify in listener.notifies(timeout=20):
                    self._pass_on(_read(notify.payload))

    def _pass_on(self, notice: Notice) -> None:
        for queue in self._queues:
            try:
                queue.put_nowait(notice)
            except asyncio.QueueFull:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(EVERYTHING)


def _read(payload: str) -> Notice:
    values = json.loads(payload)
    return Notice(values["topic"], values["id"], values["mailbox"])


switchboard = Switchboard()
