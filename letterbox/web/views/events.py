"""The event stream: one line to each open browser that something changed.

It carries ids only, of mailboxes that the person may read, and never holds a database
connection while it waits: thousands of streams would eat the pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from letterbox import access
from letterbox.live import EVERYTHING, Notice, switchboard
from letterbox.models import User
from letterbox.services import people
from letterbox.web.doors import UserRequest

# Proxies cut what is silent for a minute, and a dead browser shows only when written to.
BEAT_SECONDS = 20
# A browser whose stream was cut asks again after this long.
RETRY_MILLISECONDS = 2000


@require_GET
async def events(request: UserRequest) -> HttpResponseBase:
    """Stream notices until the browser leaves or the person may see nothing more."""
    who = _Who(cast("int", (await request.auser()).pk), request.session.session_key)
    return StreamingHttpResponse(
        _stream(who, await _readable(who)),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@dataclass(frozen=True, slots=True)
class _Who:
    """A person, and the sign-in that the stream belongs to."""

    user_id: int
    session_key: str | None


async def _stream(who: _Who, readable: frozenset[int] | None) -> AsyncIterator[bytes]:
    async with switchboard.subscribe() as queue:
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        # Whatever happened between the page and this stream must not be missed.
        yield _line(EVERYTHING)
        while readable is not None:
            try:
                notice = await asyncio.wait_for(queue.get(), BEAT_SECONDS)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if notice.topic == "access":
                readable = await _readable(who)
                yield _line(EVERYTHING)
            elif notice.mailbox_id == 0 or notice.mailbox_id in readable:
                yield _line(notice)


def _line(notice: Notice) -> bytes:
    return f"data: {notice.to_json()}\n\n".encode()


@sync_to_async
def _readable(who: _Who) -> frozenset[int] | None:
    """The mailboxes the person may read now; None once they are signed out."""
    try:
        if not people.is_session(who.session_key):
            return None
        user = User.objects.filter(pk=who.user_id, is_active=True).first()
        return None if user is None else access.readable_mailbox_ids(user)
    finally:
        # The thread that ran the middlewares is this one: give its connection back.
        connections.close_all()
