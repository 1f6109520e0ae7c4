"""Do work in a thread that ends with it, while who asked waits.

A thread keeps what it has ever used: its stack as deep as it once was, its handle on
the database, its share of the allocator. A thousand watchers that do nothing but wait
held 180 KB each; now they wait in threads that have never done anything else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")


def apart(work: Callable[[], Result]) -> Result:
    """Return what the work returns, raise what it raises; no database is kept."""
    outcome: Future[Result] = Future()
    name = f"{threading.current_thread().name} at work"
    worker = threading.Thread(target=_do, args=(work, outcome), name=name, daemon=True)
    worker.start()
    worker.join()
    try:
        return outcome.result()
    finally:
        # An error holds the frames it came through, and they this.
        del outcome


def _do(work: Callable[[], Result], outcome: Future[Result]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:  # noqa: BLE001 (raised again where it was asked for)
        outcome.set_exception(error)
    finally:
        connections.close_all()
