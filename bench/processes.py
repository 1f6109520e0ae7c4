"""How much CPU the processes of a run have used, by what they are for (Linux).

Processes come and go, so a thread looks again and again while the block runs, and the
last look at each counts. Elsewhere there is no /proc, and nothing is found.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Process:
    """One line of the table of processes; `group` is its process group."""

    pid: int
    group: int
    command: str
    cpu_seconds: float


@dataclass(slots=True)
class Meter:
    """CPU seconds by kind, since the block began; `kind_of` names one or None."""

    kind_of: Callable[[Process], str | None]
    _before: dict[int, float] = field(default_factory=dict)
    _last: dict[int, tuple[str, float]] = field(default_factory=dict)

    def by_kind(self) -> dict[str, float]:
        """What has been used so far, the most first."""
        found: dict[str, float] = defaultdict(float)
        for pid, (kind, seconds) in self._last.items():
            found[kind] += seconds - self._before.get(pid, 0.0)
        return dict(sorted(found.items(), key=lambda each: -each[1]))

    def look(self) -> None:
        """Note what all have used by now."""
        for each in processes():
            kind = self.kind_of(each)
            if kind is not None:
                self._last[each.pid] = kind, each.cpu_seconds

    @contextmanager
    def running(self) -> Iterator[Meter]:
        """Look again and again until the block ends."""
        self._before = {each.pid: each.cpu_seconds for each in processes()}
        is_over = threading.Event()

        def watch() -> None:
            while not is_over.wait(LOOK_SECONDS):
                self.look()

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.look()
            is_over.set()
            thread.join()


def processes() -> Iterator[Process]:
    """All that this system shows; those that end meanwhile are left out."""
    ticks = os.sysconf("SC_CLK_TCK")
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        yield Process(
            pid=int(folder.name),
            group=int(fields[2]),
            command=command.decode(errors="replace").strip(),
            cpu_seconds=(int(fields[11]) + int(fields[12])) / ticks,
        )
