"""Where mailboxes wait until it is their turn to begin: connecting and the first look.

Thousands that begin at once, as when a keeper starts or a server comes back, would hold
one another up until their patience with the database ends, and begin anew. So few begin
at a time. One that takes long, as its server hangs or its past is large, goes on
uncounted: it keeps nobody waiting for longer than that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MOST_AT_ONCE = 48
COUNTED_SECONDS = 5.0
# Those who wait look themselves, for somebody who is not counted any more.
LOOK_SECONDS = 5.0


class Doorway:
    """Lets a few threads through at a time."""

    def __init__(
        self, *, most: int = MOST_AT_ONCE, counted_seconds: float = COUNTED_SECONDS
    ) -> None:
        self._most = most
        self._counted_seconds = counted_seconds
        self._room = threading.Condition()
        # Who is inside → since when.
        self._inside: dict[object, float] = {}

    @contextmanager
    def passed(self, is_stopping: Callable[[], bool]) -> Iterator[Callable[[], None]]:
        """Wait for a turn; it ends with the block, or when what it yields is called."""
        mine = object()
        with self._room:
            while not is_stopping() and self._is_full():
                self._room.wait(LOOK_SECONDS)
            self._inside[mine] = time.monotonic()

        def leave() -> None:
            with self._room:
                if self._inside.pop(mine, None) is not None:
                    self._room.notify()

        try:
            yield leave
        finally:
            leave()

    def look_again(self) -> None:
        """Have all who wait ask whether they are to stop."""
        with self._room:
            self._room.notify_all()

    def _is_full(self) -> bool:
        since = time.monotonic() - self._counted_seconds
        counted = sum(entered > since for entered in self._inside.values())
        return counted >= self._most
