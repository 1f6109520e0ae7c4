"""Make a throw-away database as careful as one that is to last.

For figures beside programs that wait for the disk, or where the disk is part of what
is measured.
"""

from __future__ import annotations

import time

import psycopg

from bench.result import CannotRun

PATIENCE_SECONDS = 30.0


def wait_for_the_disk(url: str) -> None:
    """Have the server write as safely as PostgreSQL does unless told otherwise."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {name} = on".encode())
        connection.execute("SELECT pg_reload_conf()")
    deadline = time.perf_counter() + PATIENCE_SECONDS
    # Each time another session: one that is open is told of new settings when it likes.
    while time.perf_counter() < deadline:
        with psycopg.connect(url) as fresh:
            row = fresh.execute("SELECT current_setting('fsync')").fetchone()
        if row == ("on",):
            return
    raise CannotRun("the database does not wait for its disk.")
