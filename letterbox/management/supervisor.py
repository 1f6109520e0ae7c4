"""Keep the processes of one machine running: start, restart, stop, leave no orphan.

Knows nothing of what they do. A child that ends is started again, whatever its exit
code: a worker that lost its database ends with 0. The children are told to stop by
SIGTERM, and they end with the supervisor even when that is killed.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from letterbox.management.leash import Leash

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 20.0
"""A child that ran as long as this has recovered; its next end is its first again."""

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running; `env` is added to our own environment."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


def supervise(children: Sequence[Child], *, stop_timeout: float = 20) -> int:
    """Run the children until SIGTERM or SIGINT; return the exit code.

    Children then get SIGTERM, and what still runs after `stop_timeout` seconds gets
    SIGKILL, as it does at once at a second signal. The code is 0 when all ended by
    themselves, 1 when any had to be killed. Call it from the main thread.
    """
    with _signals() as signals, Leash() as leash:
        keepers = [_Keeper(child, leash) for child in children]
        asked = 0
        try:
            while not signals.seen:
                pauses = [keeper.tend() for keeper in keepers]
                signals.wait(min(pauses, default=LONGEST_PAUSE_SECONDS))
            # Counted before anybody is told: a request from now on means "hurry".
            asked = signals.seen
            logger.info("Stopping.")
        finally:
            # Also when something unforeseen ends the loop.
            killed = _stop(keepers, signals, stop_timeout, asked=asked)
    logger.info("Everything has stopped.")
    return 1 if killed else 0


def pause_before_restart(failures: int) -> float:
    """Seconds to wait after so many ends in a row, the first being 1."""
    doubled = FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 20)
    return min(doubled, LONGEST_PAUSE_SECONDS)


def describe_end(code: int) -> str:
    """Say how a process ended, from its return code."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


class _Keeper:
    """One child and when to start it next."""

    def __init__(self, child: Child, leash: Leash) -> None:
        self.child = child
        self._leash = leash
        self.process: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._started_at = 0.0
        self._start_at = 0.0

    def tend(self) -> float:
        """Start or restart it where that is due; return seconds to the next look."""
        now = time.monotonic()
        if self.process is not None:
            code = self.look()
            if code is None:
                # Its end wakes us by SIGCHLD.
                return LONGEST_PAUSE_SECONDS
            self._plan_restart(describe_end(code), now)
        if now < self._start_at:
            return self._start_at - now
        return self._start(now)

    def look(self) -> int | None:
        """The return code, once, of a process that has ended since the last look."""
        code = self.process.poll() if self.process is not None else None
        if self.process is not None and code is not None:
            self._leash.let_go(self.process.pid)
            self.process = None
        return code

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self.process is not None:
            self.process.terminate()

    def kill(self) -> None:
        """End it, and whatever it started in its own session, without asking."""
        if self.process is not None and self.look() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.look()

    def _start(self, now: float) -> float:
        try:
            self.process = subprocess.Popen(  # noqa: S603
                self.child.argv,
                env={**os.environ, **self.child.env},
                stdin=subprocess.DEVNULL,
                # Ctrl-C reaches only us, so that the children end in order.
                start_new_session=True,
            )
        except OSError as error:
            self._started_at = now
            self._plan_restart(f"cannot be started: {error.strerror}", now)
            return self._start_at - now
        self._leash.take(self.process.pid)
        self._started_at = now
        logger.info("%s runs as process %d.", self.child.name, self.process.pid)
        return LONGEST_PAUSE_SECONDS

    def _plan_restart(self, what_happened: str, now: float) -> None:
        was_steady = now - self._started_at >= STEADY_SECONDS
        self._failures = 1 if was_steady else self._failures + 1
        pause = pause_before_restart(self._failures)
        self._start_at = now + pause
        if self._failures >= 3:
            logger.error(
                "%s %s, %d times in a row; the next start is in %.1f s.",
                self.child.name,
                what_happened,
                self._failures,
                pause,
            )
        else:
            logger.warning(
                "%s %s and is started again.", self.child.name, what_happened
            )


def _stop(
    keepers: Sequence[_Keeper], signals: _Signals, timeout: float, *, asked: int
) -> bool:
    """End all children; return whether any had to be killed.

    More than the `asked` requests that began the stop cut its time short.
    """
    for keeper in keepers:
        keeper.ask_to_stop()
    deadline = time.monotonic() + timeout
    while True:
        for keeper in keepers:
            keeper.look()
        running = [keeper for keeper in keepers if keeper.process is not None]
        remaining = deadline - time.monotonic()
        if not running:
            return False
        if remaining <= 0 or signals.seen > max(asked, 1):
            break
        signals.wait(remaining)
    for keeper in running:
        logger.warning("%s does not stop and is killed.", keeper.child.name)
        keeper.kill()
    return True


class _Signals:
    """Counts the requests to stop, and wakes the one who waits at any signal."""

    def __init__(self, wake: socket.socket) -> None:
        self.seen = 0
        self._wake = wake

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Count a request to stop; the end of a child only wakes."""
        if number in STOP_SIGNALS:
            self.seen += 1

    def wait(self, seconds: float) -> None:
        """Sleep until a signal comes or the time is over."""
        ready, _, _ = select.select([self._wake], [], [], max(seconds, 0))
        if ready:
            self._wake.recv(4096)


@contextmanager
def _signals() -> Iterator[_Signals]:
    """Take over the signals for a while; what was set before comes back."""
    receiver, sender = socket.socketpair()
    with receiver, sender:
        sender.setblocking(False)  # noqa: FBT003 (its only parameter)
        signals = _Signals(receiver)
        numbers = (*STOP_SIGNALS, signal.SIGCHLD)
        earlier = {number: signal.signal(number, signals.note) for number in numbers}
        # The interpreter writes a byte here the moment a signal arrives, so none is
        # lost between looking and going to sleep.
        earlier_wake = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
        try:
            yield signals
        finally:
            signal.set_wakeup_fd(earlier_wake)
            for number, handler in earlier.items():
                signal.signal(number, handler)
