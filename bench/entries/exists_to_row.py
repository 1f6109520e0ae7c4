"""The server's EXISTS → our committed row: 50 letters, one by one.

A wire between keeper and Dovecot notes when the line that tells of a letter passes; the
clock stops when another connection to the database has heard of the commit and sees the
row. In between lie the end of IDLE, two round trips, storing and committing. How long
this disk needs to commit a single row is measured beside it, for the database waits for
the disk here as it does in use. On a busy machine the fastest tenth says more than the
median. There is no peer that stores letters in a
database, so there is no ratio.
"""

from __future__ import annotations

import re
import time

import psycopg

from bench import mailboxes
from bench.durable import wait_for_the_disk
from bench.result import CannotRun, Options, Result, percentile
from letterbox import postgres
from tests.product import Product, wait_until
from tests.wire import dovecot as dovecots
from tests.wire.cutting import Wire
from tests.wire.dovecot import Dovecot

NAME = "exists-to-row"
LETTERS = 50
PATIENCE_SECONDS = 10.0
# Where the queue tells of jobs, which are woken in the transaction that stores.
CHANNEL = "procrastinate_any_queue_v1"


class _Told:
    """When the server last told of how many letters there are."""

    def __init__(self) -> None:
        self.at: dict[int, float] = {}

    def see(self, data: bytes) -> None:
        """Note the lines of an answer that passes."""
        now = time.perf_counter()
        for found in re.finditer(rb"\* (\d+) EXISTS", data):
            self.at.setdefault(int(found[1]), now)


def run(options: Options) -> Result:
    """Deliver the letters one after another and wait for each row."""
    if dovecots.version() is None:
        raise CannotRun(dovecots.HOW_TO_GET)
    count = options.scaled(LETTERS, least=5)
    told = _Told()
    with (
        postgres.temporary() as url,
        Dovecot.started() as dovecot,
        Wire.to(dovecot.imap_port) as wire,
        Product.started(url) as product,
    ):
        wire.see = told.see
        wait_for_the_disk(url)
        dovecot.add_user("support", "secret")
        product.run_python(mailboxes.add_support(imap_port=wire.port))
        wait_until(
            lambda: product.query("SELECT state FROM letterbox_health") == [("live",)],
            "the mailbox is live",
            lambda: product.log,
        )
        with psycopg.connect(product.database_url, autocommit=True) as listener:
            listener.execute(f"LISTEN {CHANNEL}")
            times = [
                _one(dovecot, listener, told, number) for number in range(1, count + 1)
            ]
            commit = percentile(_commits(listener, count), 0.5)
    seen = [seconds for seconds in times if seconds is not None]
    if not seen:
        raise CannotRun("the server told of no letter before it was stored.")
    p50, p95, p10 = (percentile(seen, share) for share in (0.5, 0.95, 0.1))
    return Result(
        name=NAME,
        p50=p50,
        p95=p95,
        parts={
            "letters": count,
            "timed": len(seen),
            "p10_seconds": p10,
            "slowest_seconds": max(seen),
            "commit_of_a_row_seconds": commit,
        },
        table=[
            ("EXISTS → committed row", "figure"),
            ("letters timed", f"{len(seen)} of {count}"),
            ("10 of 100 within", f"{p10 * 1000:.1f} ms"),
            ("median", f"{p50 * 1000:.1f} ms"),
            ("95 of 100 within", f"{p95 * 1000:.1f} ms"),
            ("of it a commit of one row", f"{commit * 1000:.1f} ms"),
        ],
    )


def _one(
    dovecot: Dovecot, listener: psycopg.Connection, told: _Told, number: int
) -> float | None:
    """Seconds from the line to the row; None where a look found the letter first."""
    raw = (
        f"From: customer{number}@customer.example\r\nTo: support@acme.example\r\n"
        f"Subject: Question {number}\r\nMessage-ID: <{number}@bench.example>\r\n"
        f"\r\nHello, this is question {number}.\r\n"
    ).encode()
    dovecot.deliver("support", raw)
    deadline = time.perf_counter() + PATIENCE_SECONDS
    while time.perf_counter() < deadline:
        if not list(listener.notifies(timeout=1, stop_after=1)):
            continue
        now = time.perf_counter()
        rows = listener.execute("SELECT count(*) FROM letterbox_message").fetchone()
        if rows is not None and rows[0] >= number:
            began = told.at.get(number)
            return None if began is None or began > now else now - began
    raise CannotRun(f"letter {number} did not arrive.")


def _commits(connection: psycopg.Connection, count: int) -> list[float]:
    """Seconds for each of so many rows that are written and committed alone."""
    connection.execute("CREATE TABLE bench_commit (number int)")
    times = []
    for number in range(count):
        began = time.perf_counter()
        connection.execute("INSERT INTO bench_commit VALUES (%s)", [number])
        times.append(time.perf_counter() - began)
    return times
