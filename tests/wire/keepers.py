"""Keepers as processes of their own, which may be killed or put to sleep.

They run on the database of the test that starts them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).parents[2]


class KeeperProcess:
    """`letterbox keeper` as a process of its own, on the test's database."""

    def __init__(self, log: Path, **environment: str) -> None:
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "letterbox", "keeper"],
                cwd=ROOT,
                env=os.environ
                | {"LETTERBOX_DATABASE_URL": database_url()}
                | environment,
                stdout=output,
                stderr=output,
            )

    @classmethod
    @contextmanager
    def started(cls, log: Path, **environment: str) -> Iterator[KeeperProcess]:
        keeper = cls(log, **environment)
        try:
            yield keeper
        finally:
            keeper.kill()

    def kill(self) -> None:
        """End it at once."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def fall_asleep(self) -> None:
        """Stop all its threads where they are; its connections stay open."""
        self.process.send_signal(signal.SIGSTOP)

    def wake_up(self) -> None:
        """Have it go on as if no time had passed."""
        self.process.send_signal(signal.SIGCONT)

    def is_owner(self, owner: str) -> bool:
        """Whether a lease with this owner is its own."""
        return f":{self.process.pid}:" in owner


def database_url() -> str:
    """The address of the database that this test runs on."""
    fields = connection.settings_dict
    host = quote(str(fields["HOST"]), safe="")
    user = f"{fields['USER']}@" if fields["USER"] else ""
    port = f"&port={fields['PORT']}" if fields["PORT"] else ""
    return f"postgresql://{user}/{fields['NAME']}?host={host}{port}"
