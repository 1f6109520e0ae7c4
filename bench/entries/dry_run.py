"""How long a rule takes to be tried on stored letters: 100,000 of a year, on one core.

The letters lie in a database of their own, a fourth of them answered by the rules that
stand. The first rule that is tried looks at the body, so every text is fetched and
folded. The CPU seconds are those of this process, without the database's.
"""

from __future__ import annotations

import importlib
import os
import time

import django
from django.core.management import call_command
from django.db import connections

from bench.result import CannotRun, Options, Parts, Result
from letterbox import postgres

NAME = "dry-run"

LETTERS = 100_000


def run(options: Options) -> Result:
    """Try three rules and a processing action; the figure is seconds for all letters."""
    try:
        with postgres.temporary() as url:
            os.environ["LETTERBOX_DATABASE_URL"] = url
            os.environ["DJANGO_SETTINGS_MODULE"] = "letterbox.settings"
            django.setup()
            try:
                return _measure(options)
            finally:
                connections.close_all()
    except postgres.PostgresError as problem:
        raise CannotRun(str(problem)) from problem


def _measure(options: Options) -> Result:
    call_command("migrate", verbosity=0)
    # Models can be imported only now.
    world = importlib.import_module("bench.dry_run_world")
    count = options.scaled(LETTERS, least=500)
    mailbox = world.fill(count, options.seed)
    rows = [("what is tried", "letters", "seconds", "CPU seconds", "a second")]
    parts: Parts = {"letters": count}
    taken: list[float] = []
    for name, ask in world.questions(mailbox).items():
        started, worked = time.perf_counter(), time.process_time()
        looked_at = ask()
        taken.append(time.perf_counter() - started)
        worked = time.process_time() - worked
        rows.append(
            (
                name,
                str(looked_at),
                f"{taken[-1]:.1f}",
                f"{worked:.1f}",
                f"{looked_at / taken[-1]:.0f}",
            )
        )
        parts[name] = {"seconds": taken[-1], "cpu_seconds": worked}
    return Result(name=NAME, p50=taken[0], parts=parts, table=rows)
