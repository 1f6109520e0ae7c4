"""Watchers on a real Dovecot: news at once, trouble apart, leases that move."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.models import (
    Connection,
    Folder,
    Health,
    HealthEvent,
    Mailbox,
    Placement,
    Traffic,
)
from letterbox.services import connections as mail_connections
from letterbox.sync import leases, passes, reconcile
from letterbox.sync.leases import Hold, LeaseLost
from letterbox.sync.passes import Pass
from letterbox.sync.watcher import Watcher
from tests.wire import keeping
from tests.wire.cutting import Wire
from tests.wire.dovecot import Dovecot
from tests.wire.keeping import Kept, letter

pytestmark = pytest.mark.django_db(transaction=True)

ARCHIVE = WireName("Archive")
# What is put into a folder at once was taken in before this.
SOON = timedelta(seconds=15)
_people = itertools.count(1)


@pytest.fixture
def support(server: Dovecot) -> Iterator[Kept]:
    login = f"watched{next(_people)}"
    server.add_user(login, "secret")
    kept = keeping.keep(server, login)
    yield kept
    kept.outlook.close()


@contextmanager
def watching(kept: Kept) -> Iterator[Watcher]:
    """A watcher in its thread, with a lease that is renewed as a keeper would."""
    owner = leases.new_owner()
    over = threading.Event()

    def renew() -> None:
        while not over.wait(1):
            leases.claim(owner, [kept.mailbox.pk], most=1)
        connections.close_all()

    fences = leases.claim(owner, [kept.mailbox.pk], most=1)
    watcher = Watcher(Hold(kept.mailbox.pk, owner, fences[kept.mailbox.pk]))
    renewer = threading.Thread(target=renew)
    watcher.start()
    renewer.start()
    try:
        yield watcher
    finally:
        watcher.stop()
        watcher.join(20)
        over.set()
        renewer.join()
        assert not watcher.is_alive()


def until(
    is_so: Callable[[], object], *, seconds: float = 60.0, what: str = ""
) -> float:
    """Wait for something; returns how long it took, in seconds."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds, what or "It never came true."
        time.sleep(0.01)
    return time.monotonic() - began


def state_of(kept: Kept) -> str:
    return (
        Health.objects.filter(mailbox=kept.mailbox)
        .values_list("state", flat=True)
        .first()
        or ""
    )


def is_live(kept: Kept) -> bool:
    return state_of(kept) in {Health.State.LIVE, Health.State.POLLING}


def test_a_letter_shows_within_a_second_or_two(support: Kept) -> None:
    support.tick()
    with watching(support) as watcher:
        until(lambda: is_live(support))
        has_push = state_of(support) == Health.State.LIVE

        support.put(letter("hello"))
        if not has_push:
            watcher.wake()

        # Dovecot itself waits for half a second before it tells.
        assert until(lambda: support.messages()) < 2
        assert support.history() == {b"hello": False}
    health = Health.objects.get(mailbox=support.mailbox)
    assert health.last_letter_at is not None
    strip = HealthEvent.objects.filter(mailbox=support.mailbox).order_by("pk")
    assert [each.state for each in strip] == [
        "connecting",
        "live" if has_push else "polling",
    ]
    assert Traffic.objects.get(mailbox=support.mailbox).bytes_received > 0


def test_letters_in_quick_succession_are_all_told_of(dovecot: Dovecot) -> None:
    login = f"quick{next(_people)}"
    dovecot.add_user(login, "secret")
    support = keeping.keep(dovecot, login)
    support.tick()
    with watching(support):
        until(lambda: is_live(support))
        slowest = 0.0
        sent = 0

        def is_here() -> bool:
            return len(support.uids()) == sent

        for sent in range(1, 13):
            support.put(letter(f"letter-{sent}"))
            # The next one comes while the last is being looked after.
            slowest = max(slowest, until(is_here))
    assert slowest < 15
    support.outlook.close()


def test_news_of_other_folders_come_by_notify(dovecot: Dovecot) -> None:
    login = f"notified{next(_people)}"
    dovecot.add_user(login, "secret")
    support = keeping.keep(dovecot, login)
    support.tick()
    support.tick(ARCHIVE)
    with watching(support):
        until(lambda: is_live(support))

        support.put(letter("elsewhere"), folder=ARCHIVE)
        assert until(lambda: support.uids(ARCHIVE), seconds=30) < 30

        support.outlook.select(ARCHIVE)
        support.outlook.store(UidSet.of([1]), add=frozenset({"\\Flagged"}))
        until(lambda: support.placement(1, ARCHIVE).flags == ["\\Flagged"], seconds=30)
        support.outlook.delete(UidSet.of([1]))
        until(lambda: support.uids(ARCHIVE) == [], seconds=30)
    support.outlook.close()


def test_what_happens_while_a_folder_is_left_is_not_overheard(
    dovecot: Dovecot,
) -> None:
    """Between the end of a pass and IDLE, the open folder is not told of by NOTIFY."""
    login = f"leaving{next(_people)}"
    dovecot.add_user(login, "secret")
    support = keeping.keep(dovecot, login)
    support.tick(ago=SOON)
    support.tick(ARCHIVE)
    support.put(letter("in-the-inbox"))
    passed_over: set[bytes] = set()
    left: list[WireName] = []

    def hear(said: bytes) -> None:
        for name in (b"Archive", b"INBOX"):
            if b" EXAMINE " in said and name in said:
                passed_over.add(name)
                # The other folder's pass is over; it is still open.
                if name == b"INBOX" and b"Archive" in passed_over and not left:
                    for place in (ARCHIVE, INBOX):
                        support.outlook.select(place)
                        support.outlook.delete(UidSet.of([1]))
                        left.append(place)
                    # Longer than Dovecot gathers news for: it has them now, or never.
                    time.sleep(1)

    with Wire.to(dovecot.imap_port) as wire:
        save(support, password="secret", port=wire.port)
        with watching(support):
            until(lambda: is_live(support) and support.uids() == [1])
            passed_over.clear()
            wire.hear = hear
            support.put(letter("elsewhere"), folder=ARCHIVE)

            until(lambda: left == [ARCHIVE, INBOX])
            until(lambda: support.uids(ARCHIVE) == [] and len(support.messages()) == 2)
            until(lambda: support.uids() == [])
    support.outlook.close()


def test_new_letters_pass_by_the_past(
    support: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small spans and short turns: many chunks from few letters.
    monkeypatch.setattr(passes, "SPAN_UIDS", 20)
    monkeypatch.setattr("letterbox.sync.rounds.PAST_SECONDS", 0.0)
    old = [letter(f"old-{number}") for number in range(300)]
    support.dovecot.append(support.login, "INBOX", old)
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING, ago=-SOON)
    with watching(support):
        until(lambda: support.messages())
        # The newest of the past come first.
        assert 300 in support.uids()
        support.put(letter("new"), at=timezone.now() + timedelta(minutes=1))
        until(lambda: 301 in support.uids())
        taken_before = len(support.uids())
        until(lambda: not support.folder().is_backfilling, seconds=30)

    assert taken_before < 301
    assert support.uids() == list(range(1, 302))
    history = support.history()
    assert history.pop(b"new") is False
    assert all(history.values())
    assert len(history) == 300


def test_the_past_pauses_and_goes_on(support: Kept) -> None:
    old = [letter(f"old-{number}") for number in range(10)]
    support.dovecot.append(support.login, "INBOX", old)
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING, ago=-SOON)
    Folder.objects.update(is_paused=True)
    with watching(support) as watcher:
        until(lambda: is_live(support))
        assert support.messages() == []
        assert support.folder().is_backfilling

        Folder.objects.update(is_paused=False)
        watcher.wake()

        until(lambda: not support.folder().is_backfilling)
    assert len(support.messages()) == 10


def test_a_server_that_restarts_is_met_again(support: Kept) -> None:
    support.tick()
    with watching(support):
        until(lambda: is_live(support))
        support.dovecot.kill()
        until(lambda: state_of(support) == Health.State.BACKING_OFF)
        cause = Health.objects.get(mailbox=support.mailbox).cause
        support.dovecot.start()
        support.outlook.close()
        support.outlook = keeping.log_in(support.dovecot, support.login)
        support.put(letter("after"))

        until(lambda: support.messages(), seconds=30)
    assert cause


def test_a_refused_login_needs_attention_and_a_new_password_is_tried_at_once(
    support: Kept,
) -> None:
    support.tick()
    row = support.mailbox.connections.get(protocol="imap")
    save(support, password="wrong")
    with watching(support) as watcher:
        until(lambda: state_of(support) == Health.State.NEEDS_ATTENTION)
        health = Health.objects.get(mailbox=support.mailbox)
        assert "password" in health.cure
        assert health.next_attempt_at
        assert (health.next_attempt_at - timezone.now()).total_seconds() > 300
        # Looking again does not knock again.
        watcher.wake()
        time.sleep(0.3)
        assert Health.objects.get(mailbox=support.mailbox).failures == 1

        save(support, password="secret")
        watcher.wake()

        until(lambda: is_live(support))
    assert row.login == support.login


def save(kept: Kept, *, password: str, port: int = 0) -> None:
    mail_connections.save(
        kept.mailbox,
        protocol=Connection.Protocol.IMAP,
        host=kept.dovecot.host,
        port=port or kept.dovecot.imap_port,
        encryption="none",
        login=kept.login,
        password=password,
    )


def test_who_lost_the_lease_stores_nothing_more(support: Kept) -> None:
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    support.put(letter("late"))
    loser, winner = "loser", "winner"
    (fence,) = leases.claim(loser, [support.mailbox.pk], most=1).values()
    hold = Hold(support.mailbox.pk, loser, fence)
    hold.check()
    leases.release(loser)
    assert leases.claim(winner, [support.mailbox.pk], most=1)

    with support.session() as session, pytest.raises(LeaseLost):
        Pass(session, support.folder(), check=hold.check).run()

    assert support.messages() == []
    assert support.folder().uid_validity is None


def test_two_keepers_never_claim_the_same_mailbox(support: Kept) -> None:
    mine = support.mailbox.pk
    assert set(leases.claim("one", [mine], most=9)) == {mine}
    assert leases.claim("two", [mine], most=9) == {}
    assert set(leases.claim("one", [mine], most=9)) == {mine}
    leases.release("one")
    assert leases.claim("two", [mine], most=9) == {mine: 2}


def test_the_account_of_a_folder_adds_up(support: Kept) -> None:
    for number in range(5):
        support.put(letter(f"old-{number}"), at=timezone.now() - timedelta(days=2))
    support.tick()
    support.go()
    for number in range(3):
        support.put(letter(f"new-{number}"))
    support.go()
    with support.session() as session:
        count = reconcile.count(session, support.folder())

    assert (count.server, count.accounted) == (8, 8)
    assert (count.stored, count.skipped) == (3, 5)
    folder = support.folder()
    assert (folder.server_count, folder.accounted, folder.missing) == (8, 8, [])


def test_a_letter_lost_from_the_ledger_is_an_alarm_and_can_be_repaired(
    support: Kept,
) -> None:
    support.tick()
    support.go()
    uids = [support.put(letter(f"letter-{number}")) for number in range(4)]
    support.go()
    lost = support.placement(uids[1])
    assert lost.message is not None
    Placement.objects.filter(pk=lost.pk).delete()
    lost.message.delete()

    with support.session() as session:
        count = reconcile.count(session, support.folder())
        assert (count.server, count.accounted, count.missing) == (4, 3, 1)
        assert support.folder().missing == [uids[1]]
        assert support.mailbox.events.filter(verb="letters-missing").count() == 1

        repaired = reconcile.repair(session, support.folder())

    assert (repaired.accounted, repaired.missing) == (4, 0)
    assert support.folder().missing == []
    assert support.history()[b"letter-1"] is True
    assert support.history()[b"letter-0"] is False


def test_a_watcher_counts_when_asked(support: Kept) -> None:
    support.tick()
    with watching(support) as watcher:
        until(lambda: support.folder().last_counted_at)
        before = support.folder().last_counted_at
        reconcile.ask(Mailbox.objects.get(pk=support.mailbox.pk))
        watcher.wake()
        until(lambda: support.folder().last_counted_at not in (None, before))
    assert support.folder().accounted == 0
    assert support.folder(INBOX).problem == ""
