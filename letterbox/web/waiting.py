"""Wait for somebody else's server without keeping what everybody here needs."""

from __future__ import annotations

from django.db import connection


def let_go_of_database() -> None:
    """Give the connection back before a wait; within a transaction it stays."""
    if not connection.in_atomic_block:
        connection.close()
