"""See and stop the server that runs on a data directory, whoever started it.

PostgreSQL's own note postmaster.pid says who it should be; since such notes outlive
their servers, the process is looked at as well. Starts nothing.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from letterbox.postgres import sockets

logger = logging.getLogger(__name__)

STOP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Running:
    """What postmaster.pid says about a server."""

    pid: int
    socket_folder: Path


def stop(data: Path) -> None:
    """End the server: clients are cut off, everything committed is on disk."""
    running = find(data)
    if running is None:
        return
    for signal_number, patience_seconds in (
        (signal.SIGINT, STOP_SECONDS),  # fast: roll back, checkpoint
        (signal.SIGQUIT, 10),  # immediate: the next start replays the log
    ):
        _send(running.pid, signal_number)
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            if find(data) is None:
                logger.info("PostgreSQL is stopped.")
                return
            time.sleep(0.02)
        logger.warning("PostgreSQL takes over %d s to stop.", patience_seconds)
    logger.error("PostgreSQL, process %d, does not stop.", running.pid)


def find(data: Path) -> Running | None:
    """The server that runs on this data directory, or None."""
    stated = read_note(data)
    if stated is None:
        return None
    if _is_postmaster(stated.pid, data) or _answers(stated):
        return stated
    return None


def read_note(data: Path) -> Running | None:
    """What postmaster.pid says, or None where it is missing or not yet whole."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        # 1 pid, 2 data directory, 3 start, 4 port, 5 socket folder.
        pid, socket_folder = int(lines[0]), Path(lines[4])
    except (FileNotFoundError, NotADirectoryError, ValueError, IndexError):
        return None
    # A negative number is a lone backend; to kill() it would mean a whole group.
    return Running(pid, socket_folder) if pid > 0 else None


def _answers(stated: Running) -> bool:
    """Whether anybody listens: a server in another container has no pid here."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(stated.socket_folder / sockets.FILE_NAME))
        except OSError:
            return False
        return True


def _is_postmaster(pid: int, data: Path) -> bool:
    """Whether this process is the server of this directory, which it works in."""
    if not is_alive(pid):
        return False
    if Path("/proc/self/cwd").exists():
        try:
            return Path(f"/proc/{pid}/cwd").samefile(data)
        except PermissionError:
            # In a container even root may not look; its name has to do.
            return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
        except OSError:
            # Gone meanwhile, or a zombie.
            return False
    listing = subprocess.run(  # noqa: S603
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return "postgres" in listing.stdout


def is_alive(pid: int) -> bool:
    """Whether a process of this number exists, ours or not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _send(pid: int, signal_number: signal.Signals) -> None:
    try:
        os.kill(pid, signal_number)
    except ProcessLookupError:
        return
