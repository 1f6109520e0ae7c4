"""Notices: after the commit, none after a rollback, and no pooled connection held."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from letterbox import live
from letterbox.live import Notice

pytestmark = pytest.mark.django_db(transaction=True)


def heard(act: Callable[[], None]) -> list[Notice]:
    """What a subscribed browser is told while `act` runs."""

    async def listen() -> list[Notice]:
        board = live.Switchboard()
        notices: list[Notice] = []
        async with board.subscribe() as queue:
            # The board listens from here on.
            assert await asyncio.wait_for(queue.get(), 10) == live.EVERYTHING
            await asyncio.to_thread(_in_thread, act)
            # Delivered in order, so this one comes last.
            await asyncio.to_thread(_in_thread, lambda: live.announce("end"))
            while True:
                notice = await asyncio.wait_for(queue.get(), 10)
                if notice.topic == "end":
                    break
                notices.append(notice)
        return notices

    return asyncio.run(listen())


def _in_thread(act: Callable[[], None]) -> None:
    act()
    connection.close()


def test_a_notice_comes_when_its_transaction_has_committed() -> None:
    def act() -> None:
        with transaction.atomic():
            live.announce("case", 5, mailbox_id=2)

    assert heard(act) == [Notice("case", 5, 2)]


def test_a_rollback_tells_nobody() -> None:
    def act() -> None:
        with transaction.atomic():
            live.announce("case", 5)
            transaction.set_rollback(True)

    assert heard(act) == []


def test_what_is_announced_together_comes_once_each() -> None:
    def act() -> None:
        with transaction.atomic(), live.together():
            live.announce("case", 5)
            live.announce("conversation", 6)
            live.announce("case", 5)

    assert heard(act) == [Notice("case", 5), Notice("conversation", 6)]


def test_a_block_that_fails_tells_nobody() -> None:
    def act() -> None:
        with (
            contextlib.suppress(ZeroDivisionError),
            transaction.atomic(),
            live.together(),
        ):
            live.announce("case", 5)
            live.announce("case", 1 // 0)

    assert heard(act) == []


def test_a_browser_that_falls_behind_is_told_to_fetch_everything() -> None:
    async def flood() -> list[Notice]:
        board = live.Switchboard()
        async with board.subscribe() as queue:
            await asyncio.sleep(0.2)
            await asyncio.to_thread(_in_thread, _announce_many)
            await asyncio.sleep(1)
            return [queue.get_nowait() for _ in range(queue.qsize())]

    def _announce_many() -> None:
        with transaction.atomic(), live.together():
            for number in range(live.QUEUE_LENGTH * 3):
                live.announce("case", number)

    notices = asyncio.run(flood())
    assert live.EVERYTHING in notices
    assert len(notices) <= live.QUEUE_LENGTH


def test_listening_holds_no_connection_of_django() -> None:
    async def listen() -> int:
        board = live.Switchboard()
        async with board.subscribe():
            await asyncio.sleep(0.2)
            return await asyncio.to_thread(_open_listeners)

    assert asyncio.run(listen()) == 1
    assert connection.connection is None or not connection.in_atomic_block


def _open_listeners() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
        count: int = cursor.fetchone()[0]
    connection.close()
    return count
