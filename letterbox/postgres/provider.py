"""Give Letterbox its database for a while: the one named, else one of our own.

Any number of processes may ask for the same folder at once. The first starts the
server, the others join it, and the last one to leave stops it. Who is killed leaves
by that; a server left running is joined by the next one to ask. Makes no tables.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from letterbox.postgres import account, cluster, external, postmaster, programs
from letterbox.postgres.cluster import Cluster
from letterbox.postgres.errors import told_as_sentences
from letterbox.postgres.guard import Guard
from letterbox.postgres.locks import Hold, exclusive

logger = logging.getLogger(__name__)

# Longer than any start or stop that goes on inside the lock.
LOCK_SECONDS = cluster.RECOVERY_SECONDS + postmaster.STOP_SECONDS


@contextmanager
def provide(
    *, database_url: str | None, data_folder: Path, is_guarded: bool = False
) -> Iterator[str]:
    """Yield the `postgresql://` address of a database that is ready to use.

    `database_url`, where given, is checked and used as it stands. Otherwise a server
    of our own keeps its files in `data_folder`/postgres and runs at least as long as
    the context; `is_guarded` starts it again if it dies meanwhile. Raises
    PostgresError, whose text is a sentence for people.
    """
    if database_url:
        external.check(database_url)
        yield database_url
        return
    folder = data_folder.absolute() / "postgres"
    with told_as_sentences(folder):
        hold, socket_folder = _join(folder)
    guard = Guard(folder / "data", lambda: _start_again(folder))
    if is_guarded:
        guard.start()
    try:
        yield cluster.url_for(socket_folder)
    finally:
        if is_guarded:
            guard.stop()
        with told_as_sentences(folder):
            _leave(folder, hold)


def _join(folder: Path) -> tuple[Hold, Path]:
    """Take hold of the server in this folder, starting it where it does not run."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    with exclusive(folder / "lock", timeout_seconds=LOCK_SECONDS):
        hold = Hold(folder / "holders")
        try:
            socket_folder = _run(folder)
            cluster.create_database(socket_folder)
        except BaseException:
            # Also when a person presses Ctrl-C while it starts.
            _stop_unless_held(folder, hold)
            raise
    return hold, socket_folder


def _start_again(folder: Path) -> None:
    with (
        told_as_sentences(folder),
        exclusive(folder / "lock", timeout_seconds=LOCK_SECONDS),
    ):
        _run(folder)


def _leave(folder: Path, hold: Hold) -> None:
    with exclusive(folder / "lock", timeout_seconds=LOCK_SECONDS):
        _stop_unless_held(folder, hold)


def _stop_unless_held(folder: Path, hold: Hold) -> None:
    if hold.release():
        postmaster.stop(folder / "data")


def _run(folder: Path) -> Path:
    running_as = account.choose(folder)
    running_as.own(folder)
    major = cluster.data_major(folder / "data")
    server = Cluster(
        folder=folder,
        programs=programs.for_server(data_major=major),
        account=running_as,
    )
    return server.start()
