"""How long to wait after trouble: doubling, with jitter, forgiven late. Pure.

Trouble is forgotten only once a connection has lived for five minutes: a server that
accepts logins and hangs up would otherwise be knocked at many times a second.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 300.0
# Providers lock accounts that try a wrong password again and again.
REFUSED_SECONDS = 900.0
LONGEST_REFUSED_SECONDS = 7_200.0
THROTTLED_SECONDS = 60.0
LONGEST_THROTTLED_SECONDS = 3_600.0
STABLE_SECONDS = 300.0


@dataclass(slots=True)
class Backoff:
    """Counts failures of one mailbox."""

    failures: int = 0

    def after(
        self,
        *,
        lived_seconds: float,
        is_refused: bool = False,
        is_throttled: bool = False,
    ) -> float:
        """Seconds to wait before the next attempt.

        `lived_seconds` is how long the connection that failed had been of use.
        """
        if lived_seconds >= STABLE_SECONDS:
            self.failures = 0
        self.failures += 1
        first, longest = FIRST_SECONDS, LONGEST_SECONDS
        if is_refused:
            first, longest = REFUSED_SECONDS, LONGEST_REFUSED_SECONDS
        elif is_throttled:
            first, longest = THROTTLED_SECONDS, LONGEST_THROTTLED_SECONDS
        doubled = min(longest, first * 2.0 ** min(self.failures - 1, 20))
        # Not for secrets: a thousand mailboxes shall not knock all at once.
        return doubled * random.uniform(0.5, 1.0)  # noqa: S311
