"""How long the server thinks about each page of a big house.

p50 and p95 are over all pages and rounds, by the clock; each page stands in the table,
there also with the work of the process alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from bench.result import CannotRun, Options, Result, percentile
from letterbox import postgres

ROUNDS = 40
GOAL_SECONDS = 0.05


def measure(name: str, house: str, options: Options) -> Result:
    """Fill a database of its own by a module of `bench`, and ask again and again."""
    rounds = options.scaled(ROUNDS, least=5)
    try:
        with postgres.temporary() as url, tempfile.TemporaryDirectory() as folder:
            said = subprocess.run(
                [sys.executable, "-m", "bench.pages", house, str(rounds)],
                env=os.environ
                | {
                    "DJANGO_SETTINGS_MODULE": "letterbox.settings",
                    "LETTERBOX_DATABASE_URL": url,
                    "LETTERBOX_DATA": folder,
                    "LETTERBOX_HOSTS": "testserver",
                },
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
    except postgres.PostgresError as error:
        raise CannotRun(str(error)) from error
    pairs: dict[str, list[tuple[float, float]]] = json.loads(
        said.stdout.splitlines()[-1]
    )
    figures = {page: [clock for clock, _work in each] for page, each in pairs.items()}
    work = {page: [work for _clock, work in each] for page, each in pairs.items()}
    everything = [seconds for page in figures.values() for seconds in page]
    worst = sorted(figures, key=lambda page: -percentile(figures[page], 0.95))
    rows = [("page", "p50 ms", "p95 ms", "work ms")]
    rows += [
        (
            page,
            f"{percentile(figures[page], 0.5) * 1e3:.1f}",
            f"{percentile(figures[page], 0.95) * 1e3:.1f}",
            f"{percentile(work[page], 0.5) * 1e3:.1f}",
        )
        for page in worst
    ]
    return Result(
        name=name,
        p50=percentile(everything, 0.5),
        p95=percentile(everything, 0.95),
        parts={
            "pages": len(figures),
            "work_p50": percentile(
                [each for page in work.values() for each in page], 0.5
            ),
            "pages_over_goal": sum(
                percentile(page, 0.95) > GOAL_SECONDS for page in figures.values()
            ),
            "worst_page": worst[0],
            "worst_p95": percentile(figures[worst[0]], 0.95),
        },
        table=rows,
    )
