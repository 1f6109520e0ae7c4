"""The pipe by which other threads wake one that waits in IDLE or sleeps."""

from __future__ import annotations

import os


def drain(wake: int) -> bool:
    """Read the pipe empty; whether anybody had written."""
    os.set_blocking(wake, False)
    is_asked = False
    try:
        while os.read(wake, 1024):
            is_asked = True
    except BlockingIOError:
        pass
    return is_asked
