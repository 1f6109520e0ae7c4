"""The server of LETTERBOX_DATABASE_URL: is it there, and is it fit for us?

Only looks; changes nothing there. No text from here holds the password.
"""

from __future__ import annotations

import time

import psycopg
from psycopg import conninfo

from letterbox.postgres.errors import NotReachable, WrongVersion
from letterbox.postgres.programs import OLDEST_MAJOR

SCHEMES = ("postgresql://", "postgres://")

# What libpq says while a server is still on its way up; it is worth waiting then.
PASSING = (
    "connection refused",
    "no such file or directory",
    "starting up",
    "shutting down",
    "temporary failure in name resolution",
    "timeout expired",
)


def check(url: str, *, patience_seconds: float = 10) -> None:
    """Make sure that we are let in and that the server can carry Letterbox.

    Waits up to `patience_seconds` for a server that is just starting.
    """
    server = describe(url)
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            link = psycopg.connect(url, connect_timeout=5, autocommit=True)
        except psycopg.OperationalError as error:
            if not may_pass(str(error)) or time.monotonic() > deadline:
                raise refusal(str(error), server) from error
            time.sleep(0.25)
        else:
            break
    with link:
        version = link.info.server_version
        row = link.execute("SHOW server_encoding").fetchone()
    if version // 10_000 < OLDEST_MAJOR:
        raise WrongVersion(
            f"{server} is PostgreSQL {version // 10_000}; Letterbox needs"
            f" {OLDEST_MAJOR} or newer. Upgrade it, or name another server in"
            " LETTERBOX_DATABASE_URL."
        )
    if row is None or row[0] != "UTF8":
        raise WrongVersion(
            f"{server} stores text as {row and row[0]}; Letterbox needs a database"
            " made with ENCODING 'UTF8'."
        )


def describe(url: str) -> str:
    """Name the server and database without user and password."""
    if not url.startswith(SCHEMES):
        raise NotReachable(
            "LETTERBOX_DATABASE_URL is not a PostgreSQL address. Write it as"
            " postgresql://user:password@host:5432/database."
        )
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The text of the error would repeat the address, password and all.
        raise NotReachable(
            "LETTERBOX_DATABASE_URL cannot be read. Write it as"
            " postgresql://user:password@host:5432/database, with odd characters"
            " in the password as %-codes."
        ) from None
    host = parts.get("host") or "the local socket"
    return f"The database {parts.get('dbname') or '(default)'} at {host}"


def may_pass(complaint: str) -> bool:
    """Whether the same attempt could succeed in a moment."""
    return any(sign in complaint.lower() for sign in PASSING)


def refusal(complaint: str, server: str) -> NotReachable:
    """The sentence for a connection that cannot be made, from libpq's text."""
    text = complaint.lower()
    if "password" in text or "authentication failed" in text or "pg_hba" in text:
        advice = "refuses the login. Check user and password"
    elif "does not exist" in text:
        advice = "is not there. Create it, or check the name"
    elif (
        "name resolution" in text or "could not translate" in text or "name or" in text
    ):
        advice = "cannot be found. Check the host name"
    elif "too many" in text or "remaining connection slots" in text:
        advice = "has no connection left. Raise its max_connections, or end others"
    elif "ssl" in text or "certificate" in text:
        advice = "does not agree on encryption. Check sslmode and certificates"
    else:
        advice = "does not answer. Check that it runs, and host and port"
    first_line = complaint.strip().partition("\n")[0]
    return NotReachable(f"{server} {advice} in LETTERBOX_DATABASE_URL. ({first_line})")
