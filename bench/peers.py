"""Other programs that copy a folder from an IMAP server to a Maildir, and how fast.

They neither parse, thread nor index. None is slowed down, and each writes as safely as
it does when nobody tells it otherwise; so does our database (`durable`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.result import CannotRun

PATIENCE_SECONDS = 1_800.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A program: `package` is Debian's name, `arguments` follow the program.

    `config` goes into the file `rc` of a folder of its own. Filled in are {port},
    {login} (its password is `secret`) and {folder}; letters belong into {folder}/mail.
    """

    name: str
    package: str
    arguments: Sequence[str]
    config: str

    @property
    def is_here(self) -> bool:
        """Whether this machine has it."""
        return shutil.which(self.name) is not None

    @property
    def how_to_get(self) -> str:
        """One sentence for those who lack it."""
        return f"{self.name} is missing: apt-get install {self.package}."

    def seconds_to_copy(self, *, port: int, login: str, letters: int) -> float:
        """Copy the inbox of a login of 127.0.0.1, and make sure that all came.

        Raises CannotRun where the program is missing or does not come to its end.
        """
        if not self.is_here:
            raise CannotRun(self.how_to_get)
        with tempfile.TemporaryDirectory(prefix="letterbox-bench-") as name:
            folder = Path(name)
            values = {"port": port, "login": login, "folder": folder}
            (folder / "rc").write_text(self.config.format(**values))
            for part in ("", "cur", "new", "tmp"):
                (folder / "mail" / "INBOX" / part).mkdir(parents=True, exist_ok=True)
            began = time.perf_counter()
            said = subprocess.run(
                [self.name, *(each.format(**values) for each in self.arguments)],
                # What it remembers of earlier runs would spare it the work.
                env={**os.environ, "HOME": str(folder)},
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE_SECONDS,
            )
            seconds = time.perf_counter() - began
            copied = sum(
                len(list((folder / "mail" / "INBOX" / part).iterdir()))
                for part in ("cur", "new")
            )
            if copied < letters:
                words = (said.stderr or said.stdout)[-500:]
                raise CannotRun(f"{self.name} copied {copied} of {letters}: {words}")
            return seconds


MBSYNC = Peer(
    name="mbsync",
    package="isync",
    arguments=("-c", "{folder}/rc", "-q", "bench"),
    config="""
IMAPAccount bench
Host 127.0.0.1
Port {port}
User {login}
Pass secret
SSLType None
AuthMechs LOGIN

IMAPStore far
Account bench

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX

Channel bench
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync Pull
SyncState *
""",
)

OFFLINEIMAP = Peer(
    name="offlineimap",
    package="offlineimap3",
    arguments=("-c", "{folder}/rc", "-o", "-u", "quiet"),
    config="""
[general]
accounts = bench
metadata = {folder}/state

[Account bench]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {folder}/mail

[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = {port}
remoteuser = {login}
remotepass = secret
ssl = no
starttls = no
readonly = True
maxconnections = 4
folderfilter = lambda name: name == "INBOX"
""",
)
