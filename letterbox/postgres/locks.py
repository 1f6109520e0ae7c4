"""Locks between processes, held as long as a file is open.

The kernel lets go of them when their process ends, however it ends, so none is ever
left behind. Knows nothing of PostgreSQL.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from letterbox.postgres.errors import NotStarted


@contextmanager
def exclusive(file: Path, *, timeout_seconds: float) -> Iterator[None]:
    """Hold the lock alone; wait for whoever has it now."""
    descriptor = _open(file)
    try:
        deadline = time.monotonic() + timeout_seconds
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise NotStarted(
                    f"Another Letterbox has been starting or stopping the database for"
                    f" {timeout_seconds:.0f} seconds. End it, and start again."
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


class Hold:
    """One of several holders of a file, who can tell whether it is the last."""

    def __init__(self, file: Path) -> None:
        self._descriptor = _open(file)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def release(self) -> bool:
        """Let go; True when nobody else holds it."""
        is_last = _try_lock(self._descriptor, fcntl.LOCK_EX)
        os.close(self._descriptor)
        return is_last


def _open(file: Path) -> int:
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
