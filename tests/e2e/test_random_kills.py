"""kill -9 of anything at any moment: every letter, case and answer exactly once."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import NoteFault
from tests.e2e.killing import MAILBOXES, VICTIMS, Machine, answers_again
from tests.product import wait_until
from tests.wire.dovecot import Dovecot


@pytest.fixture
def data() -> Iterator[Path]:
    """The folder of a PostgreSQL that may be killed: no other test uses it."""
    with tempfile.TemporaryDirectory(prefix="lb-kill-") as folder:
        # The server may run as another user.
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_each_process_killed_once_loses_and_doubles_nothing(
    dovecot: Dovecot, data: Path, note_fault: NoteFault
) -> None:
    kill_at_random(data, note_fault, rounds=len(VICTIMS), history=500, letters=4)


@pytest.mark.slow
@pytest.mark.timeout(5400)
def test_a_hundred_random_kills_lose_and_double_nothing(
    dovecot: Dovecot, data: Path, note_fault: NoteFault
) -> None:
    kill_at_random(
        data, note_fault, rounds=100, history=4_200, letters=8, stages=MAILBOXES
    )


def kill_at_random(
    data: Path,
    note_fault: NoteFault,
    *,
    rounds: int,
    history: int,
    letters: int,
    stages: int = 1,
) -> None:
    """Kill something in each round, all of them equally often, and count at the end.

    In each stage the past of a part of the mailboxes begins to come.
    """
    dice = random.Random(rounds)  # noqa: S311
    victims = [
        victim
        for _ in range(0, rounds, len(VICTIMS))
        for victim in dice.sample(VICTIMS, len(VICTIMS))
    ]
    while_filling = 0
    with Machine.started(data, history=history) as machine:
        for number, victim in enumerate(victims):
            if number % (rounds // stages) == 0:
                machine.begin(MAILBOXES // stages)
            machine.write(letters)
            time.sleep(dice.uniform(0, 2))
            while_filling += machine.is_filling()
            machine.kill(victim)
            time.sleep(dice.uniform(0, 0.5))
            machine.bring_back(victim)
            wait_until(lambda: answers_again(machine), "the database answers")
        machine.wait_until_settled()
        figures = machine.verdict()
    killed = ", ".join(f"{name} {count}" for name, count in machine.kills.items())
    note_fault(
        f"kill -9 at random ({killed})",
        **{"while the past came": while_filling},
        **figures,
    )
