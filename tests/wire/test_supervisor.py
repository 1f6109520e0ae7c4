"""The supervisor with real processes: it restarts, stops, and leaves no orphan."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from letterbox.management.supervisor import describe_end, pause_before_restart

SUPERVISOR = """
import logging, sys
from letterbox.management.supervisor import Child, supervise
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
children = [
    Child(name=f"child-{n}", argv=["/bin/sh", "-c", text], env={"NUMBER": str(n)})
    for n, text in enumerate(sys.argv[2:], 1)
]
sys.exit(supervise(children, stop_timeout=float(sys.argv[1])))
"""

OBEYS = 'trap "exit 0" TERM; while :; do sleep 0.05; done'
IGNORES = 'trap "" TERM; while :; do sleep 0.05; done'


class Supervised:
    """A supervisor in a process of its own, and the lines it says."""

    def __init__(self, *children: str, stop_timeout: float = 10) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", SUPERVISOR, str(stop_timeout), *children],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.heard: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def wait_for(self, words: str, seconds: float = 15) -> str:
        """The next line that holds these words."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(deadline - time.monotonic(), 0.01))
            except queue.Empty:
                pytest.fail(f"Never said {words!r}, but: {self.heard}")
            self.heard.append(line)
            if words in line:
                return line

    def pid_of(self, name: str) -> int:
        line = self.wait_for(f"{name} runs as process ")
        return int(line.rpartition(" ")[2].rstrip("."))

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(timeout=10)
        assert self.process.stdout is not None
        self.process.stdout.close()


Start = Callable[..., Supervised]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Supervised] = []

    def start_one(*children: str, stop_timeout: float = 10) -> Supervised:
        started.append(Supervised(*children, stop_timeout=stop_timeout))
        return started[-1]

    yield start_one
    for supervised in started:
        supervised.end()


def is_gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not is_alive(pid):
            return True
        time.sleep(0.02)
    return False


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    # What nobody has fetched yet is dead all the same.
    return state != "Z"


def test_a_killed_child_is_started_again(start: Start) -> None:
    supervised = start(OBEYS, OBEYS)
    first, other = supervised.pid_of("child-1"), supervised.pid_of("child-2")

    os.kill(first, signal.SIGKILL)

    supervised.wait_for("child-1 was ended by SIGKILL and is started again.")
    assert supervised.pid_of("child-1") != first
    assert is_alive(other)


def test_a_child_that_ends_well_is_started_again_too(start: Start) -> None:
    supervised = start("exit 0")

    first = supervised.pid_of("child-1")

    supervised.wait_for("child-1 ended with code 0 and is started again.")
    assert supervised.pid_of("child-1") != first


@pytest.mark.parametrize("request_to_stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_everything_in_order(
    start: Start, request_to_stop: signal.Signals
) -> None:
    supervised = start(OBEYS, OBEYS)
    pids = [supervised.pid_of("child-1"), supervised.pid_of("child-2")]

    supervised.process.send_signal(request_to_stop)

    assert supervised.process.wait(timeout=10) == 0
    assert not any(is_alive(pid) for pid in pids)
    supervised.wait_for("Everything has stopped.")


def test_a_stop_is_obeyed_while_a_restart_is_due(start: Start) -> None:
    supervised = start("exit 7")
    supervised.wait_for("4 times in a row")

    supervised.process.terminate()

    assert supervised.process.wait(timeout=5) == 0


def test_ctrl_c_in_the_terminal_reaches_the_children_as_a_request(
    start: Start, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    supervised = start(
        f'trap "echo INT >> {note}" INT; trap "echo TERM >> {note}; exit 0" TERM;'
        " while :; do sleep 0.05; done"
    )
    supervised.pid_of("child-1")
    time.sleep(0.3)

    os.killpg(supervised.process.pid, signal.SIGINT)

    assert supervised.process.wait(timeout=10) == 0
    assert note.read_text() == "TERM\n"


def test_a_child_that_does_not_listen_is_killed_after_the_timeout(
    start: Start,
) -> None:
    supervised = start(IGNORES, OBEYS, stop_timeout=0.5)
    stubborn = supervised.pid_of("child-1")
    time.sleep(0.3)

    supervised.process.terminate()

    assert supervised.process.wait(timeout=10) == 1
    supervised.wait_for("child-1 does not stop and is killed.")
    assert not is_alive(stubborn)


def test_a_second_ctrl_c_hurries(start: Start) -> None:
    supervised = start(IGNORES, stop_timeout=60)
    stubborn = supervised.pid_of("child-1")
    time.sleep(0.3)

    supervised.process.send_signal(signal.SIGINT)
    supervised.wait_for("Stopping.")
    assert is_alive(stubborn)
    supervised.process.send_signal(signal.SIGINT)

    assert supervised.process.wait(timeout=10) == 1
    assert not is_alive(stubborn)


def test_a_killed_supervisor_leaves_no_orphan(start: Start) -> None:
    supervised = start(OBEYS, "sleep 600 & sleep 600")
    pids = [supervised.pid_of("child-1"), supervised.pid_of("child-2")]

    supervised.process.kill()

    assert all(is_gone(pid) for pid in pids)


def test_even_an_orphan_that_does_not_listen_is_ended(start: Start) -> None:
    supervised = start(IGNORES)
    stubborn = supervised.pid_of("child-1")

    supervised.process.kill()

    assert is_gone(stubborn, seconds=15)


def test_a_crash_loop_slows_down_and_says_so(start: Start) -> None:
    supervised = start("exit 3")

    supervised.wait_for("child-1 ended with code 3 and is started again.")
    supervised.wait_for(
        "child-1 ended with code 3, 3 times in a row; the next start is in 1.0 s."
    )
    supervised.wait_for("4 times in a row; the next start is in 2.0 s.")


def test_a_program_that_is_missing_is_tried_again_and_named() -> None:
    code = SUPERVISOR.replace('["/bin/sh", "-c", text]', '["/nowhere/at-all"]')
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", code, "5", "x"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None

    line = process.stdout.readline()
    process.terminate()
    process.communicate(timeout=10)

    assert line.startswith("child-1 cannot be started: No such file or directory")
    assert process.returncode == 0


def test_a_child_gets_our_environment_and_its_own(start: Start) -> None:
    supervised = start('echo "number $NUMBER, path ${PATH:+known}"; sleep 60')

    supervised.wait_for("number 1, path known")


def test_the_pause_doubles_up_to_half_a_minute() -> None:
    pauses = [pause_before_restart(failures) for failures in (1, 2, 3, 4, 8, 1000)]

    assert pauses == [0.25, 0.5, 1.0, 2.0, 30.0, 30.0]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with code 0"),
        (3, "ended with code 3"),
        (-9, "was ended by SIGKILL"),
        (-64 - 1, "was ended by signal 65"),
    ],
)
def test_the_end_of_a_process_is_told_in_words(code: int, words: str) -> None:
    assert describe_end(code) == words
