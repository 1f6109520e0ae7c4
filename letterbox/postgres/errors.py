"""What can go wrong between Letterbox and its database, as sentences that help.

    PostgresError
    ├── NoPrograms     no PostgreSQL of a usable version is on this machine
    ├── WrongVersion   a server, a data folder or a backup of another version
    ├── NotReachable   the server of LETTERBOX_DATABASE_URL does not let us in
    ├── NotStarted     our own server does not start
    │   └── StillBusy  because what is left of the last one is still going away
    ├── NotAllowed     the system refuses us a folder or a file
    ├── DiskFull       there is no room left
    ├── NotEmpty       a restore would bury what the database holds
    └── DumpFailed     a backup or a restore broke off; nothing was changed

The command line prints the text as it stands, so it says what to do next. Nothing
here decides what to try; only StillBusy is worth another attempt at once.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = ("No space left on device", "Disk quota exceeded")


class PostgresError(Exception):
    """The database cannot be used; the text is a sentence for people."""


class NoPrograms(PostgresError):
    """No PostgreSQL programs of a usable version are on this machine."""


class WrongVersion(PostgresError):
    """The server, the data folder or the backup is of a version we cannot use."""


class NotReachable(PostgresError):
    """The server that LETTERBOX_DATABASE_URL names does not let us in."""


class NotStarted(PostgresError):
    """Our own server does not start."""


class StillBusy(NotStarted):
    """Processes of the last server are still going away; another try may work."""


class NotAllowed(PostgresError):
    """The operating system refuses us a folder or a file."""


class DiskFull(PostgresError):
    """There is no room left where the data lives."""


class NotEmpty(PostgresError):
    """A restore would bury what the database holds."""


class DumpFailed(PostgresError):
    """A backup or a restore broke off; what was there before is unchanged."""


@contextmanager
def told_as_sentences(folder: Path) -> Iterator[None]:
    """Turn the operating system's refusals under `folder` into our own errors."""
    try:
        yield
    except OSError as error:
        raise from_system(error, folder) from error


def from_system(error: OSError, folder: Path) -> PostgresError:
    """Say in a sentence what the operating system refused."""
    place = error.filename or folder
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return disk_full(folder)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return NotAllowed(
            f"Letterbox may not write to {place}. Give the folder to the user who"
            " runs Letterbox, or name another one with LETTERBOX_DATA."
        )
    return NotStarted(f"The database folder {place} cannot be used: {error.strerror}.")


def from_log(text: str, folder: Path) -> PostgresError:
    """Say in a sentence why the server or initdb gave up, by what it wrote."""
    full = [line for line in text.splitlines() if any(sign in line for sign in FULL)]
    if any("shared memory segment" in line for line in full):
        return NotStarted(
            "PostgreSQL finds too little shared memory. Give the machine or the"
            " container more (for Docker: --shm-size=256m)."
        )
    if full:
        return disk_full(folder)
    if "is still in use" in text or ("lock file" in text and "exists" in text):
        return StillBusy(
            f"Another PostgreSQL still uses {folder}. Wait a moment and start"
            " Letterbox again; if that does not help, end that server first."
        )
    if "are incompatible with server" in text:
        return WrongVersion(
            f"The data in {folder} was written by another version of PostgreSQL."
        )
    if "Unix" in text and ("bind" in text or "any Unix-domain sockets" in text):
        return NotStarted(
            f"PostgreSQL cannot make its socket for {folder}. Put LETTERBOX_DATA on a"
            " local disk, or free the folder for temporary files."
        )
    if "Permission denied" in text or "wrong ownership" in text:
        return NotAllowed(
            f"PostgreSQL may not use {folder} or its own programs. Give the folder to"
            " the user who runs Letterbox, or name another one with LETTERBOX_DATA."
        )
    return NotStarted(
        f"PostgreSQL does not start in {folder}; it says: {last_complaint(text)}"
    )


def disk_full(folder: Path) -> DiskFull:
    """The sentence for a full disk."""
    return DiskFull(
        f"The disk that holds {folder} is full. Make room, and start Letterbox again"
        " if it has ended; nothing that was stored is lost."
    )


def last_complaint(text: str) -> str:
    """The last line that tells of an error, else the last line, at most 300 long."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    loud = [line for line in lines if "FATAL" in line or "error:" in line.lower()]
    return ((loud or lines or ["nothing"])[-1])[:300]
