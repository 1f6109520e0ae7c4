"""Bring the contents of a database to safety in one file, and back.

The file is pg_dump's custom format, so PostgreSQL's own tools read it as well. A
restore happens whole or not at all. Neither knows what the tables mean, and the key
that opens mailbox passwords is not in the database: it is kept by other means.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import psycopg
from psycopg import conninfo

from letterbox.postgres import errors, programs
from letterbox.postgres.errors import DumpFailed, NotEmpty, told_as_sentences
from letterbox.postgres.programs import Programs

logger = logging.getLogger(__name__)

Process = subprocess.Popen[bytes]

MAGIC = b"PGDMP"

COUNT_TABLES = """
    SELECT count(*)
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'S')
      AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
"""

# Opens the transaction of the restore: on any error, all stays as it was.
CLEAR = b"""
BEGIN;
SET lock_timeout = '10s';
SET client_min_messages = warning;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
ALTER SCHEMA public OWNER TO pg_database_owner;
"""


def backup(url: str, file: Path) -> None:
    """Write all that the database holds to `file`, as it is at this moment.

    The file appears only when it is whole, and only its owner may read it. An
    existing file of the name is replaced then. Letterbox may go on working meanwhile.
    """
    with told_as_sentences(file.parent):
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    unfinished = Path(name)
    try:
        with open(descriptor, "wb") as output:
            _dump(url, output, folder=file.parent)
            with told_as_sentences(file.parent):
                os.fsync(output.fileno())
        with told_as_sentences(file.parent):
            unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    logger.info("A backup of %d bytes is written.", file.stat().st_size)


def restore(url: str, file: Path, *, overwrite: bool = False) -> None:
    """Fill the database from a file that `backup` wrote, whole or not at all.

    Raises NotEmpty where the database holds tables already, unless `overwrite` says
    that they shall go. Letterbox must not be running on it.
    """
    _refuse_other_files(file)
    if not overwrite and not is_empty(url):
        raise NotEmpty(
            "The database is not empty, and a restore replaces all that is in it."
            " Nothing was changed. Name an empty database, or repeat the command with"
            " --overwrite."
        )
    tools = programs.for_dump(_server_major(url))
    with tempfile.TemporaryFile() as complaints:
        reader = _start(
            [*_reading(tools), str(file)], complaints, stdout=subprocess.PIPE
        )
        writer = _start(
            _writing(tools, url), complaints, stdin=subprocess.PIPE, secret_of=url
        )
        with reader, writer:
            _pass_on(reader, writer)
        if reader.returncode or writer.returncode:
            raise _broken("restore", complaints, file.parent)
    logger.info("The database is restored.")


def is_empty(url: str) -> bool:
    """Whether the database holds no table, view or sequence of anybody's."""
    with psycopg.connect(url) as link:
        row = link.execute(COUNT_TABLES).fetchone()
    return row == (0,)


def _server_major(url: str) -> int:
    with psycopg.connect(url) as link:
        return link.info.server_version // 10_000


def _dump(url: str, output: IO[bytes], *, folder: Path) -> None:
    tools = programs.for_dump(_server_major(url))
    command = [
        tools.path("pg_dump"),
        "--format=custom",
        # Letters are packed already, and the rest shrinks well at once.
        "--compress=1",
        "--no-owner",
        "--no-privileges",
        "--lock-wait-timeout=60s",
        _address(url),
    ]
    with tempfile.TemporaryFile() as complaints:
        with _start(command, complaints, stdout=output, secret_of=url) as process:
            pass
        if process.returncode:
            raise _broken("backup", complaints, folder)


def _reading(tools: Programs) -> list[str]:
    return [
        tools.path("pg_restore"),
        "--file=-",
        "--no-owner",
        "--no-privileges",
    ]


def _writing(tools: Programs, url: str) -> list[str]:
    return [
        tools.path("psql"),
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        _address(url),
    ]


def _pass_on(reader: Process, writer: Process) -> None:
    """Feed one program with the other's words, and commit only when all are said.

    A writer that reads no COMMIT before the end rolls everything back, so a damaged
    file or a killed reader changes nothing.
    """
    source, target = reader.stdout, writer.stdin
    if source is None or target is None:
        raise ValueError("Both programs need a pipe.")
    with contextlib.suppress(BrokenPipeError), target:
        # A writer that met an error is gone, and has said why.
        target.write(CLEAR)
        shutil.copyfileobj(source, target, length=1 << 20)
        if reader.wait() == 0:
            target.write(b"\nCOMMIT;\n")
    source.close()


def _start(
    command: Sequence[str],
    complaints: IO[bytes],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    secret_of: str = "",
) -> Process:
    return subprocess.Popen(  # noqa: S603
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=complaints,
        env=_environment(secret_of),
    )


def _address(url: str) -> str:
    """The address as an argument, which everybody on the machine may see."""
    parts = conninfo.conninfo_to_dict(url)
    public = {
        name: str(value) for name, value in parts.items() if "password" not in name
    }
    return f"--dbname={conninfo.make_conninfo('', **public)}"


def _environment(url: str) -> dict[str, str]:
    """Our environment without our secrets, with the password of this address."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LETTERBOX_")
    }
    password = conninfo.conninfo_to_dict(url).get("password") if url else None
    return {**kept, **({"PGPASSWORD": str(password)} if password else {})}


def _refuse_other_files(file: Path) -> None:
    with told_as_sentences(file), file.open("rb") as content:
        start = content.read(len(MAGIC))
    if start != MAGIC:
        raise DumpFailed(
            f"{file} is not a backup: it is not in pg_dump's custom format."
            " Nothing was changed."
        )


def _broken(act: str, complaints: IO[bytes], folder: Path) -> errors.PostgresError:
    complaints.seek(0)
    text = complaints.read(100_000).decode(errors="replace")
    if "No space left on device" in text:
        return errors.disk_full(folder)
    if "unsupported version" in text:
        return errors.WrongVersion(
            "The backup was written by a newer PostgreSQL than this machine has."
            " Install that version or a newer one. Nothing was changed."
        )
    if "lock timeout" in text:
        return DumpFailed(
            "Somebody still works in the database. Stop Letterbox, and repeat the"
            " command. Nothing was changed."
        )
    return DumpFailed(
        f"The {act} broke off and changed nothing: {errors.last_complaint(text)}"
    )
