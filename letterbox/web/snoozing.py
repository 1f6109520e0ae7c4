"""The moments that a conversation may sleep until, counted in the reader's time."""

from __future__ import annotations

from datetime import datetime, time, timedelta

MORNING = time(8)
MONDAY = 0


def wake_time(choice: str, now: datetime) -> datetime:
    """The moment for a choice of SnoozeForm; `now` is local and aware."""
    match choice:
        case "3-hours":
            return now + timedelta(hours=3)
        case "tomorrow":
            return _morning(now, days=1)
        case "monday":
            return _morning(now, days=(MONDAY - now.weekday() - 1) % 7 + 1)
        case "week":
            return _morning(now, days=7)
        case _:
            raise ValueError(f"There is no moment called {choice!r}.")


def _morning(now: datetime, *, days: int) -> datetime:
    return datetime.combine(now.date() + timedelta(days=days), MORNING, now.tzinfo)
