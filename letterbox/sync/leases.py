"""Who keeps which mailbox: one owner at a time, moved when the owner dies.

The database's clock decides, so that hosts with wrong clocks agree. Whoever takes over
from an owner that is silent ends the transactions in which that owner was storing: it
may be asleep, or cut off, with rows locked that its successor needs.
"""

from __future__ import annotations

import logging
import os
import socket
import uuid
from dataclasses import dataclass

from django.db import connection

from letterbox.inbound.many_rows import together

logger = logging.getLogger(__name__)

# An owner that is silent for so long is dead; see keeper.RENEW_SECONDS.
LEASE_SECONDS = 6
# The class of the advisory locks that tell which transactions store under a lease.
STORING = 1_279_607_875


class LeaseLost(Exception):
    """Another process keeps the mailbox now; whoever still works on it must stop."""


@dataclass(slots=True)
class Hold:
    """A lease as its owner believes to have it; `fence` tells later ones apart."""

    mailbox_id: int
    owner: str
    fence: int

    def check(self) -> None:
        """Raise LeaseLost unless it is ours at this moment.

        For inside the transaction that stores, before its first row is locked: a
        keeper that slept, or was cut off from the database, must not write over its
        successor. From here on the successor knows which transaction to end.
        """
        # The beginning of the transaction and this travel together.
        with connection.cursor() as cursor, together():
            cursor.execute(
                # now() would be the beginning of the transaction.
                """
                SELECT pg_advisory_xact_lock_shared(%s, mailbox_id::int)
                FROM letterbox_lease
                WHERE mailbox_id = %s AND owner = %s AND fence = %s
                    AND expires_at > clock_timestamp()
                """,
                [STORING, self.mailbox_id, self.owner, self.fence],
            )
            if cursor.fetchone() is None:
                raise LeaseLost(f"Mailbox {self.mailbox_id} is kept by somebody else.")


def new_owner() -> str:
    """A name for this process that no other process has had."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def claim(owner: str, mailbox_ids: list[int], *, most: int) -> dict[int, int]:
    """Renew what the owner keeps, take over what nobody keeps.

    Returns what is kept, as mailbox → fence. At most `most` mailboxes are kept in
    all, so that several keepers share them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE letterbox_lease
            SET expires_at = now() + make_interval(secs => %s)
            WHERE owner = %s AND expires_at > now() AND mailbox_id = ANY(%s)
            RETURNING mailbox_id, fence
            """,
            [LEASE_SECONDS, owner, mailbox_ids],
        )
        kept = dict(cursor.fetchall())
        free = [each for each in mailbox_ids if each not in kept][
            : max(0, most - len(kept))
        ]
        if not free:
            return kept
        # The condition is asked again inside the statement: only one owner gets a row.
        cursor.execute(
            """
            INSERT INTO letterbox_lease AS lease (mailbox_id, owner, expires_at, fence)
            SELECT wanted, %s, now() + make_interval(secs => %s), 1
            FROM unnest(%s::bigint[]) AS wanted
            ON CONFLICT (mailbox_id) DO UPDATE
            SET owner = EXCLUDED.owner,
                expires_at = EXCLUDED.expires_at,
                fence = lease.fence + 1
            WHERE lease.expires_at <= now()
            RETURNING mailbox_id, fence
            """,
            [owner, LEASE_SECONDS, free],
        )
        taken = dict(cursor.fetchall())
        _end_storing(list(taken))
        return kept | taken


def _end_storing(mailbox_ids: list[int]) -> None:
    """End what former owners of these mailboxes have begun to store and not ended."""
    if not mailbox_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT pg_terminate_backend(lock.pid)
            FROM pg_locks lock JOIN pg_database base ON base.oid = lock.database
            WHERE base.datname = current_database() AND lock.locktype = 'advisory'
                AND lock.objsubid = 2 AND lock.classid = %s AND lock.objid::bigint = ANY(%s)
                AND lock.pid <> pg_backend_pid()
            """,
            [STORING, mailbox_ids],
        )
        if ended := len(cursor.fetchall()):
            logger.warning("%d transactions of silent keepers are ended.", ended)


def release(owner: str, mailbox_ids: list[int] | None = None) -> None:
    """Let go at once, so that another keeper need not wait for the lease to expire."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE letterbox_lease SET expires_at = now()
            WHERE owner = %s AND (%s::bigint[] IS NULL OR mailbox_id = ANY(%s))
            """,
            [owner, mailbox_ids, mailbox_ids],
        )
