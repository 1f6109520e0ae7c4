"""Have what the tests need and pip cannot install: Dovecot and Chromium.

`python -m tests.servers`, run by `make test`. Where we may (root on Debian or Ubuntu)
they are installed through apt; elsewhere one line says how, and those tests skip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

# Program → Debian packages.
WANTED: Mapping[str, tuple[str, ...]] = {
    "dovecot": ("dovecot-imapd", "dovecot-lmtpd"),
    "chromium": ("chromium",),
}


def missing() -> list[str]:
    """The programs that are not there."""
    return [name for name in WANTED if path_of(name) is None]


def path_of(name: str) -> str | None:
    """Where a program is; servers often lie outside an ordinary PATH."""
    folders = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin"
    return shutil.which(name, path=folders)


def main() -> int:
    """Install what is missing where we may; say how where we may not."""
    names = missing()
    if not names:
        return 0
    packages = sorted(package for name in names for package in WANTED[name])
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {' '.join(packages)} for the tests …", flush=True)
        if _apt("update") and _apt("install", "--no-install-recommends", *packages):
            names = missing()
    for name in names:
        print(
            f"{name} is missing, so its tests will be skipped. "
            f"Install it with: sudo apt-get install {' '.join(WANTED[name])}",
            flush=True,
        )
    is_required = os.environ.get("LETTERBOX_REQUIRE_SERVERS") == "1"
    return 1 if names and is_required else 0


def _apt(*arguments: str) -> bool:
    result = subprocess.run(
        ["apt-get", "-y", "-qq", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return result.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
