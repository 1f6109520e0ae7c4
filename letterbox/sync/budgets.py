"""How much may be downloaded from one mailbox in a day: providers lock who takes more.

Counted per mailbox and day (UTC) in the database, so that restarts forget nothing.
The past leaves a share for the letters of today.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django.db import connection
from django.utils import timezone

# What the past may use up; the rest is for letters that arrive today.
SHARE_OF_THE_PAST = 0.8


def note(mailbox_id: int, bytes_received: int) -> int:
    """Add to today's count and return it."""
    today = timezone.now().astimezone(UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO letterbox_traffic AS counted (mailbox_id, day, bytes_received)
            VALUES (%s, %s, %s)
            ON CONFLICT (mailbox_id, day) DO UPDATE
            SET bytes_received = counted.bytes_received + EXCLUDED.bytes_received
            RETURNING bytes_received
            """,
            [mailbox_id, today, bytes_received],
        )
        (spent,) = cursor.fetchone()
        return int(spent)


def allows_past(spent: int, daily_bytes: int | None) -> bool:
    """Whether letters of the past may still be fetched today."""
    return daily_bytes is None or spent < daily_bytes * SHARE_OF_THE_PAST


def allows_new(spent: int, daily_bytes: int | None) -> bool:
    """Whether anything may still be fetched today."""
    return daily_bytes is None or spent < daily_bytes


def until_tomorrow() -> timedelta:
    """How long it is until the count begins anew."""
    now = timezone.now().astimezone(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    return midnight - now
