"""Sign-ins at a provider that a browser has begun: kept in its session until it is back.

Each is good once, in this browser only, and for a quarter of an hour. Holds no token.
"""

from __future__ import annotations

import time
from typing import Any

from django.http import HttpRequest

from letterbox.oauth.values import Beginning

GOOD_FOR_SECONDS = 15 * 60
MOST = 5


def remember(
    request: HttpRequest, place: str, beginning: Beginning, **facts: Any
) -> None:
    """Keep what must be known when the browser comes back; `place` is whose it is."""
    waiting: dict[str, Any] = request.session.get(place, {})
    newest = sorted(waiting.items(), key=lambda each: -float(each[1]["at"]))
    request.session[place] = {
        **dict(newest[: MOST - 1]),
        beginning.state: {
            **facts,
            "verifier": beginning.verifier,
            "nonce": beginning.nonce,
            "at": time.time(),
        },
    }


def take(request: HttpRequest, place: str) -> dict[str, Any] | None:
    """What was kept for the state that came back; None when it was not begun here."""
    waiting: dict[str, Any] = request.session.get(place, {})
    found: dict[str, Any] | None = waiting.pop(request.GET.get("state", ""), None)
    if found is None:
        return None
    request.session.modified = True
    return found if time.time() - found["at"] <= GOOD_FOR_SECONDS else None
