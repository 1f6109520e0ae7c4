import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import cast

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.sessions.models import Session
from django.http import StreamingHttpResponse
from django.test import AsyncClient, Client

from letterbox import live
from letterbox.models import Grant, Mailbox, User
from letterbox.services import people

NextNotice = Callable[[], Awaitable[dict[str, object]]]
EVERYTHING = asdict(live.EVERYTHING)


@contextlib.asynccontextmanager
async def _stream(user: User) -> AsyncIterator[NextNotice]:
    """A stream that hears already; calling it waits for the next notice."""
    client = AsyncClient()
    await client.aforce_login(user)
    answer = cast("StreamingHttpResponse", await client.get("/events"))
    assert answer.headers["Content-Type"] == "text/event-stream"
    lines = aiter(answer)

    async def next_notice() -> dict[str, object]:
        while True:
            line = await asyncio.wait_for(anext(lines), 10)
            if line.startswith(b"data: "):
                written = json.loads(line[6:])
                return {
                    "topic": written["topic"],
                    "id": written["id"],
                    "mailbox_id": written["mailbox"],
                }

    # Once for what happened before the stream, once when the database listens.
    assert await next_notice() == EVERYTHING
    assert await next_notice() == EVERYTHING
    yield next_notice


@pytest.mark.django_db(transaction=True)
def test_a_stream_tells_of_ones_own_mailboxes_only(
    mailbox: Mailbox, sales: Mailbox, rita: User
) -> None:
    async def watch() -> dict[str, object]:
        async with _stream(rita) as next_notice:
            announce = sync_to_async(live.announce)
            await announce("conversation", 5, mailbox_id=sales.pk)
            await announce("conversation", 7, mailbox_id=mailbox.pk)
            return await next_notice()

    heard = async_to_sync(watch)()

    assert heard == {"topic": "conversation", "id": 7, "mailbox_id": mailbox.pk}


@pytest.mark.django_db(transaction=True)
def test_a_new_right_reaches_a_stream_that_is_open(
    mailbox: Mailbox, sales: Mailbox, rita: User
) -> None:
    async def watch() -> dict[str, object]:
        async with _stream(rita) as next_notice:
            await sync_to_async(people.grant)(
                sales, ability=Grant.Ability.READ, by=None, user=rita
            )
            while await next_notice() != EVERYTHING:
                pass
            await sync_to_async(live.announce)("conversation", 5, mailbox_id=sales.pk)
            return await next_notice()

    heard = async_to_sync(watch)()

    assert heard == {"topic": "conversation", "id": 5, "mailbox_id": sales.pk}


@pytest.mark.django_db(transaction=True)
def test_the_stream_of_somebody_switched_off_ends(rita: User) -> None:
    def switch_off() -> None:
        User.objects.filter(pk=rita.pk).update(is_active=False)
        live.announce("access")

    async def watch() -> None:
        async with _stream(rita) as next_notice:
            await sync_to_async(switch_off)()
            with contextlib.suppress(StopAsyncIteration):
                # Ends by itself, or by the time limit of each notice.
                while True:
                    await next_notice()

    async_to_sync(watch)()


@pytest.mark.django_db(transaction=True)
def test_the_stream_of_a_session_that_was_ended_elsewhere_ends(rita: User) -> None:
    def end_all_sessions() -> None:
        Session.objects.all().delete()
        people.end_sessions(rita)

    async def watch() -> None:
        async with _stream(rita) as next_notice:
            await sync_to_async(end_all_sessions)()
            with contextlib.suppress(StopAsyncIteration):
                # Ends by itself, or by the time limit of each notice.
                while True:
                    await next_notice()

    async_to_sync(watch)()


def test_nobody_listens_without_signing_in(db: None) -> None:
    answer = Client().get("/events")

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/account/login/")


def test_a_stream_whose_session_has_ended_is_not_answered_by_a_page(db: None) -> None:
    answer = Client().get("/events", headers={"Accept": "text/event-stream"})

    assert answer.status_code == 204
    assert answer.content == b""
