"""How many connections to one account may be open at once, over all processes.

One watches for each mailbox; it is the lease's. Everything else (an errand, a letter
that somebody waits for, a second opinion, Check Connection) takes one of few slots
beside it, kept in the database, so that people's own programs find room within what the
provider allows. Mailboxes with the same login share the slots. Who dies with a slot
holds it until it expires.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import QuerySet

from letterbox.imap import errors, quirks
from letterbox.imap.capabilities import Capabilities
from letterbox.models import Connection
from letterbox.sync import database

# All together, and of these beside those that watch.
MOST = 3
MOST_BESIDE = 2
# Longer than any errand; a very large letter may take as long.
SLOT_SECONDS = 900
PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.25


class AllInUse(errors.ImapError):
    """Every connection that the provider allows us is busy; the text says so."""


def most_beside(host: str, *, watching: int = 1) -> int:
    """How many connections may be open beside those that watch; one at least.

    Providers count what people's phones hold as well, so we never use all.
    """
    allowed = quirks.quirks_for(host, Capabilities()).max_connections
    return max(1, min(MOST_BESIDE, min(MOST, allowed) - watching))


@contextmanager
def beside(row: Connection) -> Iterator[None]:
    """Hold a slot of the account while the block runs; raises AllInUse."""
    with _held(row.host, row.login):
        yield


@contextmanager
def beside_if_kept(host: str, login: str) -> Iterator[None]:
    """The same for an account that may be none of ours, and then needs no slot."""
    if _rows_of(host, login).exists():
        with _held(host, login):
            yield
    else:
        database.let_go()
        yield


def _rows_of(host: str, login: str) -> QuerySet[Connection]:
    return Connection.objects.filter(
        protocol=Connection.Protocol.IMAP, host__iexact=host, login__iexact=login
    )


@contextmanager
def _held(host: str, login: str) -> Iterator[None]:
    account = f"{login}@{host}".lower()
    watching = _rows_of(host, login).filter(
        mailbox__is_on=True, mailbox__removed_at__isnull=True
    )
    most = most_beside(host, watching=watching.count())
    number, fence = _wait_for_one(account, most)
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
