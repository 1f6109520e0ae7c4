"""One PostgreSQL server of our own: make its files, start it, see it, stop it.

The callers hold the lock that keeps others from doing the same at the same time. The
server is reached by a Unix socket in a folder that only its owner may enter, never
over the network, so it needs no password.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from letterbox.postgres import postmaster, sockets
from letterbox.postgres.account import Account
from letterbox.postgres.errors import (
    NotStarted,
    StillBusy,
    from_log,
)
from letterbox.postgres.postmaster import Running
from letterbox.postgres.programs import Programs

logger = logging.getLogger(__name__)

NAME = "letterbox"
"""Name of the database and of its owner."""

RETRY_SECONDS = 10
RECOVERY_SECONDS = 600

LARGEST_LOG = 4_000_000

SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "default_text_search_config": "'pg_catalog.simple'",
    "wal_compression": "on",
    "log_checkpoints": "off",
    # Compiling a plan costs more than any of our queries.
    "jit": "off",
}
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "'5min'",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """The files of one server under `folder`, and how to run its programs."""

    folder: Path
    programs: Programs
    account: Account
    is_throwaway: bool = False

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self.folder / "server.log"

    def start(self) -> Path:
        """Make it run and ready, whatever state it was left in.

        Returns the folder of its socket. After a hard kill, processes of the old
        server may need some seconds to go away, and its log is replayed first.
        """
        if not self.data.exists():
            self._initialise()
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            running = postmaster.find(self.data)
            if running is not None:
                _wait_until_ready(running)
                return running.socket_folder
            try:
                return self._start_once()
            except StillBusy:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.25)

    def _initialise(self) -> None:
        """Make the data directory, whole or not at all."""
        # A folder of this name is what an interrupted attempt left.
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        for locale in locale_options(self.programs.major):
            result = self.account.run(
                [
                    self.programs.path("initdb"),
                    f"--pgdata={unfinished}",
                    f"--username={NAME}",
                    "--encoding=UTF8",
                    "--auth=trust",
                    "--data-checksums",
                    *locale,
                    *(["--no-sync"] if self.is_throwaway else []),
                ],
                timeout_seconds=RECOVERY_SECONDS,
            )
            if result.returncode == 0:
                unfinished.rename(self.data)
                return
            shutil.rmtree(unfinished, ignore_errors=True)
            if "locale" not in result.stdout:
                break
        raise from_log(result.stdout, self.folder)

    def _start_once(self) -> Path:
        socket_folder = sockets.choose_folder(self.folder)
        self.account.own(socket_folder)
        self._remove_stale_notes(socket_folder)
        self._write_settings(socket_folder)
        log_start = self._rotate_log()
        try:
            result = self.account.run(
                [
                    self.programs.path("pg_ctl"),
                    "start",
                    "--wait",
                    f"--timeout={RECOVERY_SECONDS}",
                    # It hands paths to a shell, so they hold no letters of others.
                    f"--pgdata={self.data.name}",
                    f"--log={self.log.name}",
                ],
                timeout_seconds=RECOVERY_SECONDS + 10,
                working_folder=self.folder,
            )
        except subprocess.TimeoutExpired:
            raise NotStarted(
                f"PostgreSQL is not ready after {RECOVERY_SECONDS // 60} minutes."
                f" Read {self.log}; it may still be recovering from a crash."
            ) from None
        if result.returncode != 0:
            with self.log.open(errors="replace") as lines:
                lines.seek(log_start)
                raise from_log(lines.read(100_000) or result.stdout, self.folder)
        logger.info("PostgreSQL %d is started.", self.programs.major)
        return socket_folder

    def _remove_stale_notes(self, socket_folder: Path) -> None:
        """Forget process ids that now belong to other programs.

        After a restart of a machine or container the numbers start over, and
        PostgreSQL would take whoever has the old one for a running server. Processes
        that still use the data are found by its shared memory all the same.
        """
        stated = postmaster.read_note(self.data)
        if stated is not None and postmaster.is_alive(stated.pid):
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        (socket_folder / f"{sockets.FILE_NAME}.lock").unlink(missing_ok=True)

    def _write_settings(self, socket_folder: Path) -> None:
        chosen = {
            **SETTINGS,
            **(THROWAWAY_SETTINGS if self.is_throwaway else {}),
            "unix_socket_directories": sockets.quoted(socket_folder),
        }
        lines = [
            "# Letterbox writes this file at every start.",
            "# Your own settings belong into local.conf beside it, and win.",
            *(f"{name} = {value}" for name, value in chosen.items()),
            "include_if_exists = 'local.conf'",
        ]
        file = self.data / "postgresql.conf"
        file.write_text("\n".join([*lines, ""]))
        self.account.own(file)

    def _rotate_log(self) -> int:
        """Keep the log from growing for ever; returns where the next line starts."""
        if not self.log.exists():
            self.log.touch(mode=0o600)
            self.account.own(self.log)
        elif self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.old"))
            return self._rotate_log()
        return self.log.stat().st_size


def url_for(socket_folder: Path, database: str = NAME) -> str:
    """The address of a database behind a socket, for libpq and for our settings."""
    return f"postgresql://{NAME}@/{database}?host={quote(str(socket_folder), safe='')}"


def create_database(socket_folder: Path) -> None:
    """Make our database where it is missing."""
    with psycopg.connect(url_for(socket_folder, "postgres"), autocommit=True) as link:
        there = link.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
        if there.fetchone() is None:
            link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))


def data_major(data: Path) -> int | None:
    """The PostgreSQL version that wrote a data directory; None where there is none."""
    if not data.exists():
        return None
    try:
        return int((data / "PG_VERSION").read_text().split(".")[0])
    except (FileNotFoundError, ValueError):
        raise NotStarted(
            f"{data} is not a PostgreSQL data folder. Move it away, and Letterbox"
            " makes a new one."
        ) from None


def locale_options(major: int) -> list[list[str]]:
    """The options for initdb to try in turn: letters of all languages, sorted by code.

    Version 17 brought a locale of its own that is the same on every system; before it,
    macOS and old systems have no C.UTF-8 and fall back to C.
    """
    if major >= 17:
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return [[*builtin, "--locale=C"]]
    return [["--locale=C.UTF-8"], ["--locale=C"]]


def _wait_until_ready(running: Running) -> None:
    """Wait while a server that somebody else started replays its log."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            psycopg.connect(
                url_for(running.socket_folder, "postgres"), connect_timeout=5
            ).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline or not postmaster.is_alive(running.pid):
                raise NotStarted(
                    f"PostgreSQL runs but does not answer: {error}"
                ) from error
            time.sleep(0.05)
        else:
            return
