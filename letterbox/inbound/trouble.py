"""Whose fault an error is: that of the database, or that of the letter."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError


def is_the_databases(error: Exception) -> bool:
    """Whether the database could not, as against: would not keep this message.

    Psycopg calls both OperationalError when a limit is met, such as the longest entry
    of an index (class 54): that one comes again with every try.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return not state.startswith("54")
