"""The processes that read a history: as many as the settings say, while there is some.

They are forks of one fresh process that has imported everything: each is there at once,
and they share their memory. A fork of the worker itself, which has threads, could
inherit a lock that is taken.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import (
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver, get_context

from django.conf import settings
from django.db import connection

from letterbox.inbound.history import reading
from letterbox.inbound.history.values import Answers, Desk, Placed, Unread
from letterbox.services import letters

# What the process imports of which the readers are forks.
PRELOADED = "letterbox.inbound.history.preload"
STANDS_BACK = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """Letters that are being read, each reader having every so many-th of them."""

    unread: Sequence[Unread]
    shares: Sequence[Future[Answers]]

    def result(self) -> Answers:
        """What came of it, in the order of the letters; waits."""
        found = {each.message: each for share in self.shares for each in share.result()}
        return [found[each.message] for each in self.unread if each.message in found]

    def cancel(self) -> None:
        """Do not begin what has not begun."""
        for share in self.shares:
            share.cancel()


@dataclass(frozen=True, slots=True)
class Storing:
    """Letters that are being stored by those who have read them."""

    shares: Sequence[Future[list[int]]]

    def result(self) -> list[int]:
        """The letters that the tables do not take, in order; waits."""
        return sorted(pk for share in self.shares for pk in share.result())


@dataclass(frozen=True, slots=True)
class Readers:
    """Executors of one process each: who has read a letter also stores it."""

    desk: Desk
    pools: Sequence[Executor]
    # Works beside them, in a thread.
    tidier: Executor

    def read(self, unread: Sequence[Unread]) -> Reading:
        """Begin to read."""
        return Reading(
            unread,
            [
                pool.submit(reading.read_all, self.desk, share)
                for at, pool in enumerate(self.pools)
                if (share := unread[at :: len(self.pools)])
            ],
        )

    def store(self, letters_read: Reading, placed: Sequence[Placed]) -> Storing:
        """Begin to store these letters of a reading."""
        reader_of = {
            each.message: at % len(self.pools)
            for at, each in enumerate(letters_read.unread)
        }
        shares: list[list[Placed]] = [[] for _ in self.pools]
        for each in placed:
            shares[reader_of[each.unread.message]].append(each)
        return Storing(
            [
                pool.submit(reading.store_all, self.desk, share)
                for pool, share in zip(self.pools, shares, strict=True)
                if share
            ]
        )

    def tidy(self) -> None:
        """Tidy what storing leaves, while the next letters are read."""
        self.tidier.submit(letters.tidy_index_of_words)


@contextmanager
def started_readers(desk: Desk, count: int | None = None) -> Iterator[Readers]:
    """Readers for a mailbox; what they are forks of begins to start now."""
    context = get_context("forkserver")
    context.set_forkserver_preload([PRELOADED])
    # Without waiting for it: the first fork would.
    forkserver.ensure_running()
    with ExitStack() as stack:
        pools = []
        for _ in range(count or settings.READERS):
            pool = ProcessPoolExecutor(
                max_workers=1,
                mp_context=context,
                initializer=_begin,
                initargs=(connection.settings_dict["NAME"],),
            )
            stack.callback(pool.shutdown, cancel_futures=True)
            pools.append(pool)
        yield Readers(desk, pools, stack.enter_context(ThreadPoolExecutor(1)))


def _begin(database: str) -> None:
    """What a reader does first: use our database, stand back, and never outlive us."""
    # Who fetches letters, places them and shows pages goes before those who read a past.
    os.nice(STANDS_BACK)
    importlib.import_module(PRELOADED)
    connection.settings_dict["NAME"] = database
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        # It waits for work at a pipe that it holds both ends of.
        parent.join()
        os._exit(1)
