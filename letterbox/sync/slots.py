"""How many connections to one account may be open at once, over all processes.

One watches; it is the lease's. Everything else (an errand, a letter that somebody waits
for, a second opinion) takes one of few slots beside it, kept in the database, so that
people's own programs find room within what the provider allows. Who dies with a slot
holds it until it expires.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from letterbox.imap import errors, quirks
from letterbox.imap.capabilities import Capabilities
from letterbox.models import Connection
from letterbox.sync import database

MOST_BESIDE = 2
# Longer than any errand; a very large letter may take as long.
SLOT_SECONDS = 900
PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.25


class AllInUse(errors.ImapError):
    """Every connection that the provider allows us is busy; the text says so."""


def most_beside(host: str) -> int:
    """How many connections may be open beside the one that watches.

    Providers count what people's phones hold as well, so we never use all.
    """
    allowed = quirks.quirks_for(host, Capabilities()).max_connections
    return max(1, min(MOST_BESIDE, allowed - 1))


@contextmanager
def beside(row: Connection) -> Iterator[None]:
    """Hold a slot of the account while the block runs; raises AllInUse."""
    account = f"{row.login}@{row.host}".lower()
    number, fence = _wait_for_one(account, most_beside(row.host))
    try:
        yield
    finally:
        _release(account, number, fence)


def _wait_for_one(account: str, most: int) -> tuple[int, int]:
    until = time.monotonic() + PATIENCE_SECONDS
    while (taken := _take(account, most)) is None:
        database.let_go()
        if time.monotonic() > until:
            raise AllInUse(
                "All connections that Letterbox may open to this mailbox are in use. "
                "Try again in a minute."
            )
        time.sleep(LOOK_SECONDS)
    database.let_go()
    return taken


def _take(account: str, most: int) -> tuple[int, int] | None:
    """A free slot as number and fence; None when there is none at this moment."""
    with connection.cursor() as cursor:
        # The condition is asked again inside the statement: only one gets a slot.
        cursor.execute(
            """
            INSERT INTO letterbox_connectionslot AS slot
                (account, number, fence, expires_at)
            SELECT %(account)s, wanted, 1, now() + make_interval(secs => %(seconds)s)
            FROM generate_series(1, %(most)s) AS wanted
            WHERE NOT EXISTS (
                SELECT 1 FROM letterbox_connectionslot AS busy
                WHERE busy.account = %(account)s AND busy.number = wanted
                    AND busy.expires_at > now()
            )
            ORDER BY wanted LIMIT 1
            ON CONFLICT (account, number) DO UPDATE
            SET fence = slot.fence + 1, expires_at = EXCLUDED.expires_at
            WHERE slot.expires_at <= now()
            RETURNING number, fence
            """,
            {"account": account, "most": most, "seconds": SLOT_SECONDS},
        )
        found = cursor.fetchone()
    return (int(found[0]), int(found[1])) if found else None


def _release(account: str, number: int, fence: int) -> None:
    with connection.cursor() as cursor:
        # Whoever was too slow must not free what another one holds by now.
        cursor.execute(
            """
            UPDATE letterbox_connectionslot SET expires_at = now()
            WHERE account = %s AND number = %s AND fence = %s
            """,
            [account, number, fence],
        )
