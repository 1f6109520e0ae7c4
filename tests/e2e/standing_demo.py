"""`letterbox demo` as a person starts it: in a terminal, ended by Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.product import ROOT, free_port, wait_until

START_SECONDS = 60.0


@dataclass
class Demo:
    """A demo that runs; `folder` is where it may keep what it needs."""

    process: subprocess.Popen[bytes]
    folder: Path
    log: Path

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Demo]:
        """Start it and wait for its address; whatever is left at the end is killed."""
        with tempfile.TemporaryDirectory(prefix="lb-demo-") as place:
            folder = Path(place, "tmp")
            folder.mkdir()
            # The database may run as another user, who must reach its socket.
            Path(place).chmod(0o755)
            folder.chmod(0o1777)
            log = Path(place, "log")
            with open(log, "wb") as output:
                process = subprocess.Popen(
                    [sys.executable, "-m", "letterbox", "demo"],
                    cwd=ROOT,
                    env=_environment(folder),
                    stdout=output,
                    stderr=output,
                    # A process group of its own, as a shell gives it.
                    start_new_session=True,
                )
            demo = cls(process, folder, log)
            try:
                wait_until(
                    lambda: demo.address != "" or process.poll() is not None,
                    "the demo tells its address",
                    lambda: demo.said,
                    seconds=START_SECONDS,
                )
                assert process.poll() is None, demo.said
                # It tells the address while its web process is still starting.
                wait_until(
                    lambda: demo.is_answering,
                    "the demo answers at its address",
                    lambda: demo.said,
                    seconds=START_SECONDS,
                )
                yield demo
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()

    @property
    def said(self) -> str:
        """What it has written to the terminal."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def address(self) -> str:
        """The address that it tells, empty until then."""
        found = re.search(r"Letterbox is at (\S+)", self.said)
        return found[1] if found else ""

    @property
    def is_answering(self) -> bool:
        """Whether somebody listens at the address."""
        parts = urlsplit(self.address)
        with socket.socket() as caller:
            return caller.connect_ex((parts.hostname or "", parts.port or 0)) == 0

    @property
    def password(self) -> str:
        """The password that it tells."""
        found = re.search(r"with the password: (.+)", self.said)
        assert found, self.said
        return found[1].strip()

    def descendants(self) -> set[int]:
        """Its process, the processes that it started, and theirs."""
        listed = subprocess.run(
            ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
        )
        pairs = [line.split() for line in listed.stdout.splitlines()]
        found = {self.process.pid}
        while True:
            more = {int(pid) for pid, parent in pairs if int(parent) in found} - found
            if not more:
                return found
            found |= more

    def press_ctrl_c(self) -> int:
        """Interrupt its process group, as a terminal does; returns the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=40)


def alive(pids: set[int]) -> set[int]:
    """Which of these processes still run."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,stat="], capture_output=True, text=True, check=True
    )
    pairs = [line.split() for line in listed.stdout.splitlines()]
    # What nobody has asked about yet, Z, runs no more.
    return pids & {int(pid) for pid, state in pairs if not state.startswith("Z")}


def _environment(folder: Path) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LETTERBOX_") and "PYTEST" not in name
    }
    return inherited | {
        "LETTERBOX_WEB_PORT": str(free_port()),
        "LETTERBOX_UNDO_SECONDS": "0",
        "TMPDIR": str(folder),
    }
