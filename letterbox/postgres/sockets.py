"""Where a server may put its socket: short enough, and closed to everybody else.

Knows nothing of PostgreSQL but the name of its socket file and how its settings quote.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from pathlib import Path

from letterbox.postgres.errors import NotAllowed

# sockaddr_un has 104 bytes on macOS and 108 on Linux, the name of the file included.
LONGEST_FOLDER = 85
FILE_NAME = ".s.PGSQL.5432"


def choose_folder(cluster_folder: Path) -> Path:
    """A folder for the socket: `run` beside the data, or where that cannot be, /tmp."""
    folder = cluster_folder / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder if _can_hold_sockets(folder) else _private_folder(cluster_folder)


def quoted(folder: Path) -> str:
    """A folder as an item of unix_socket_directories in postgresql.conf."""
    item = str(folder).replace('"', '""')
    text = f'"{item}"'.replace("\\", "\\\\").replace("'", "''")
    return f"'{text}'"


def _can_hold_sockets(folder: Path) -> bool:
    """Whether the path is short enough, and the file system knows sockets."""
    if len(os.fsencode(folder)) > LONGEST_FOLDER:
        return False
    trial = folder / ".trial"
    trial.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(str(trial))
        except OSError:
            return False
    trial.unlink(missing_ok=True)
    return True


def _private_folder(for_folder: Path) -> Path:
    """A short folder of our own, always the same for the same server."""
    name = hashlib.sha256(os.fsencode(for_folder.resolve())).hexdigest()[:12]
    folder = Path("/tmp", f"letterbox-{os.geteuid()}-{name}")  # noqa: S108
    folder.mkdir(mode=0o700, exist_ok=True)
    # Anybody could have made it first, to listen in our place.
    found = folder.lstat()
    mine = found.st_uid in {os.geteuid(), for_folder.stat().st_uid}
    if not stat.S_ISDIR(found.st_mode) or not mine or found.st_mode & 0o077:
        raise NotAllowed(
            f"{folder} belongs to somebody else. Remove it, or choose a shorter"
            " LETTERBOX_DATA."
        )
    return folder
