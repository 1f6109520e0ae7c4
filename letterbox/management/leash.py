"""Make sure that child processes do not outlive us, even when we are killed.

A small shell process knows their numbers and waits at a pipe; when the other end
closes, which the kernel sees to however we end, it stops them. Works the same on every
Unix. Starts and restarts nothing.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
from types import TracebackType

logger = logging.getLogger(__name__)

GRACE_SECONDS = 5
"""Time for orphans to end by themselves before they are killed."""

# Each child leads a process group of its own number, hence the minus signs.
WATCHER = """
trap '' INT TERM HUP
children=' '
while read -r act number; do
    case $act in
        take) children="$children$number " ;;
        let-go) children="${children%% $number *} ${children#* $number }" ;;
    esac
done
stop() {
    for number in $children; do kill -s "$1" -- "-$number"; done
}
alive() {
    for number in $children; do kill -s 0 -- "-$number" && return 0; done
    return 1
}
stop TERM
rounds=0
while [ "$rounds" -lt "$1" ] && alive; do
    sleep 0.1
    rounds=$((rounds + 1))
done
stop KILL
"""


class Leash:
    """The processes that end with us. Each must lead a session of its own."""

    def __enter__(self) -> Leash:
        shell = shutil.which("sh") or "/bin/sh"
        self._watcher = subprocess.Popen(  # noqa: S603
            [shell, "-c", WATCHER, "letterbox-leash", str(GRACE_SECONDS * 10)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        return self

    def take(self, pid: int) -> None:
        """From now on this process ends with us."""
        self._say(f"take {pid}")

    def let_go(self, pid: int) -> None:
        """This process has ended; its number may come to mean another."""
        self._say(f"let-go {pid}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watcher.communicate(timeout=GRACE_SECONDS + 10)

    def _say(self, line: str) -> None:
        if self._watcher.stdin is None:
            raise ValueError("The leash is used before it is entered.")
        try:
            self._watcher.stdin.write(f"{line}\n")
            self._watcher.stdin.flush()
        except BrokenPipeError:
            # Somebody killed it. The children are fine, and so is a clean stop.
            logger.warning("The leash is gone: a killed supervisor leaves orphans.")
