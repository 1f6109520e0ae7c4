"""Start our own server again when it dies while somebody still uses it.

The kernel may end it for want of memory, a full disk ends it too. Who stops it in order
is the last holder, and by then nobody guards it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from letterbox.postgres import postmaster
from letterbox.postgres.errors import PostgresError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
# A server that does not start is tried again after so long.
REST_SECONDS = 5.0


class Guard(threading.Thread):
    """Looks once a second whether the server of a data directory runs.

    `start_again` starts it, or finds that somebody else has; it raises PostgresError.
    """

    def __init__(self, data: Path, start_again: Callable[[], object]) -> None:
        super().__init__(name="postgres-guard", daemon=True)
        self._data = data
        self._start_again = start_again
        self._is_over = threading.Event()

    def run(self) -> None:
        """Look until told that it is over."""
        pause = LOOK_SECONDS
        while not self._is_over.wait(pause):
            pause = LOOK_SECONDS
            if postmaster.find(self._data) is not None:
                continue
            logger.warning("PostgreSQL has ended; it is started again.")
            try:
                self._start_again()
            except PostgresError as error:
                logger.error("%s", error)  # noqa: TRY400 (a sentence is enough)
                pause = REST_SECONDS

    def stop(self) -> None:
        """End, after a start that is under way."""
        self._is_over.set()
        self.join()
