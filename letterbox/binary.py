"""A cursor by which bytes travel as bytes, and long lists of values as they are.

Django writes values into its statements: bytes become text twice as long, written on one
side and read digit by digit on the other. Here the server binds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection


@contextmanager
def cursor() -> Iterator[psycopg.Cursor]:
    """A cursor of psycopg's own, on the connection and in the transaction of Django.

    Its errors are Django's: psycopg's own would make a database that restarts look like
    the fault of the letter. Pass `binary=True` to `execute` for answers with bytes.
    """
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as bound,
    ):
        yield bound


def rows(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What a statement answers, with `%b` where the values go; a list is an array."""
    with cursor() as bound:
        bound.execute(statement, values)
        return bound.fetchall() if bound.description else []
