"""Whom PostgreSQL's programs run as: they refuse to run as root.

As an ordinary user they run as that user. As root they run in a user namespace, where
root is seen as user 1000 and the files stay root's; where the system forbids that, as
the owner of the folder, or as a system user who is given it. Adds no users and opens
no parent folders.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from letterbox.postgres.errors import NotAllowed

SYSTEM_USERS = ("postgres", "_postgres", "nobody")

# Server processes see no more of our environment than this: no secrets of ours, and
# no PG… variables that would change what they do.
KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Account:
    """How to start a program as somebody whom PostgreSQL accepts."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def run(
        self,
        command: Sequence[str],
        *,
        timeout_seconds: float,
        working_folder: Path = Path("/"),
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; its output and errors come as one text.

        It gets a session of its own, so that Ctrl-C in our terminal does not reach it
        or the server it leaves behind.
        """
        return subprocess.run(  # noqa: S603
            [*self.prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
            start_new_session=True,
            cwd=working_folder,
            env=_environment(),
            user=self.uid,
            group=self.gid,
            extra_groups=[] if self.uid is not None else None,
        )

    def own(self, path: Path) -> None:
        """Give a file, or a folder and all in it, to this account if it is another."""
        if self.uid is None or self.gid is None or path.stat().st_uid == self.uid:
            return
        os.chown(path, self.uid, self.gid)
        for folder, folders, files in os.walk(path):
            for name in folders + files:
                inner = Path(folder, name)
                os.chown(inner, self.uid, self.gid, follow_symlinks=False)


def choose(folder: Path) -> Account:
    """Choose the account for the server whose files are in `folder`, which exists."""
    if os.geteuid() != 0:
        return Account()
    owner = folder.stat()
    if owner.st_uid != 0:
        # An ordinary user started it once, and the server must own its files.
        return Account(uid=owner.st_uid, gid=owner.st_gid)
    namespace = _user_namespace()
    return namespace or _system_user(folder)


def _user_namespace() -> Account | None:
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    account = Account(
        prefix=(unshare, "--user", "--map-user=1000", "--map-group=1000", "--")
    )
    # Containers often forbid it, and old versions do not know the options.
    allowed = account.run(["true"], timeout_seconds=10).returncode == 0
    return account if allowed else None


def _system_user(folder: Path) -> Account:
    for name in SYSTEM_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        account = Account(uid=entry.pw_uid, gid=entry.pw_gid)
        parent = str(folder.parent)
        reach = account.run(["ls", "-d", f"{parent}/."], timeout_seconds=10)
        if reach.returncode == 0:
            return account
        raise NotAllowed(
            f"PostgreSQL does not run as root, and the user {name} cannot reach"
            f" {parent}. Run Letterbox as an ordinary user, or name a folder that"
            " everybody may enter with LETTERBOX_DATA."
        )
    raise NotAllowed(
        "PostgreSQL does not run as root, and this system has no user for it. Run"
        " Letterbox as an ordinary user."
    )


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    # Errors come in English and in UTF-8 whatever the person's language.
    return {**kept, "LC_ALL": "C"}
