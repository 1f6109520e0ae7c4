"""Keep no database connection while a mail server makes us wait.

A pool of twenty serves a thousand mailboxes only if none of them holds on to a
connection while its server thinks.
"""

from __future__ import annotations

from django.db import connection


def let_go() -> None:
    """Give the connection back to the pool, unless a transaction is open."""
    if not connection.in_atomic_block:
        connection.close()
