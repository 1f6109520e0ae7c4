"""How much memory a pass takes, from letters of 1 KB to letters of 50 MB.

Each size is fetched by a process of its own; see tests/wire/weighing.py. Nobody else
keeps our ledger, so there is no ratio.
"""

from __future__ import annotations

from bench.result import CannotRun, Options, Parts, Result
from letterbox import postgres
from tests.wire import dovecot as dovecots
from tests.wire import weighing

NAME = "pass-memory"
# How many letters of how many bytes; those of 250 KB are the largest held in memory.
SIZES = ((200, 1_000), (100, 50_000), (100, 250_000), (100, 1_000_000), (5, 48_000_000))


def run(options: Options) -> Result:
    """Fetch a folder of each size in a fresh process."""
    if dovecots.version() is None:
        raise CannotRun(dovecots.HOW_TO_GET)
    rows = []
    parts: Parts = {}
    for most, size in SIZES:
        count = options.scaled(most, least=2)
        with postgres.temporary() as url:
            more = weighing.weigh(url, count=count, size=size, seed=options.seed)
        parts[f"MB for {count} letters of {size} bytes"] = more / 1e6
        rows.append((f"{count}", f"{size:,}", f"{more / 1e6:.1f} MB"))
    return Result(
        name=NAME,
        parts=parts,
        table=[("letters", "bytes each", "at most more than before"), *rows],
    )
