"""Keepers that sleep longer than their lease: nothing is stored by who has lost it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import connection, connections

from letterbox.imap import sessions
from letterbox.imap.sessions import Encryption, Server, Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX
from letterbox.imap.values import Password
from letterbox.models import Folder, Lease
from letterbox.sync import reconcile, vanishing
from letterbox.sync.leases import LeaseLost
from letterbox.sync.passes import Pass
from tests.conftest import NoteFault
from tests.wire import keeping
from tests.wire.cutting import HOST, Wire
from tests.wire.dovecot import Dovecot
from tests.wire.keepers import KeeperProcess
from tests.wire.keeping import Kept, letter
from tests.wire.test_sync_faults import assert_every_letter_once, large_letters
from tests.wire.test_sync_watching import until

pytestmark = pytest.mark.django_db(transaction=True)

_people = itertools.count(1)

# Notes who stores letters, and whose the lease is at that moment.
WITNESS = """
    CREATE TABLE witness (storer text, owner text);
    CREATE FUNCTION bear_witness() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO witness
        SELECT current_setting('application_name'), owner FROM letterbox_lease;
        RETURN NULL;
    END $$;
    CREATE TRIGGER bear_witness AFTER INSERT ON letterbox_placement
    FOR EACH STATEMENT EXECUTE FUNCTION bear_witness();
"""
WITNESS_SAYS = "SELECT storer, owner FROM witness"
DISMISS = "DROP FUNCTION bear_witness() CASCADE; DROP TABLE witness"

# Holds up whoever stores letters, in the middle of the transaction.
BARRIER = """
    CREATE FUNCTION barrier() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(77, 7);
        RETURN NULL;
    END $$;
    CREATE TRIGGER barrier AFTER INSERT ON letterbox_placement
    FOR EACH STATEMENT EXECUTE FUNCTION barrier();
"""
REMOVE_BARRIER = "DROP FUNCTION barrier() CASCADE"
IS_HELD_UP = "SELECT count(*) FROM pg_locks WHERE classid = 77 AND NOT granted"


@pytest.fixture
def support(dovecot: Dovecot) -> Iterator[Kept]:
    """A mailbox whose first letters become cases."""
    login = f"sleepy{next(_people)}"
    dovecot.add_user(login, "secret")
    kept = keeping.keep_for_cases(dovecot, login)
    yield kept
    kept.outlook.close()


@pytest.fixture
def witness() -> Iterator[None]:
    """A table that remembers who stored letters while the test ran."""
    _execute(WITNESS)
    yield
    _execute(DISMISS)


@pytest.fixture
def barrier() -> Iterator[None]:
    """Whoever stores letters waits until the test gives way."""
    _execute(BARRIER)
    _execute("SELECT pg_advisory_lock(77, 7)")
    yield
    _execute(REMOVE_BARRIER)


def _execute(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def put_owners_to_sleep(
    kept: Kept, tmp_path: Path, *, rounds: int, letters: int
) -> dict[str, int]:
    """In each round the owner sleeps until the other keeper has taken over."""
    kept.dovecot.append(kept.login, "INBOX", large_letters(letters, "old"))
    kept.tick(sync_from=Folder.SyncFrom.EVERYTHING, ago=-timedelta(seconds=2))
    time.sleep(2)
    with (
        KeeperProcess.started(tmp_path / "one.log", PGAPPNAME="one") as one,
        KeeperProcess.started(tmp_path / "two.log", PGAPPNAME="two") as two,
    ):
        keepers = {"one": one, "two": two}
        until(lambda: len(kept.uids()) > 0, seconds=60)
        for number in range(rounds):
            owner = Lease.objects.get().owner
            sleeper = next(each for each in keepers.values() if each.is_owner(owner))
            sleeper.fall_asleep()
            until(partial(_is_kept_elsewhere, sleeper), seconds=60)
            new = kept.put(letter(f"new-{number}"))
            until(partial(_is_held, kept, new), seconds=60)
            sleeper.wake_up()
        until(
            lambda: (
                len(kept.uids()) == letters + rounds
                and not kept.folder().is_backfilling
            ),
            seconds=120,
        )
        for keeper in keepers.values():
            assert keeper.process.poll() is None
        stored = [(str(who), str(whose)) for who, whose in _execute(WITNESS_SAYS)]
        wrongly = [
            (who, whose) for who, whose in stored if not keepers[who].is_owner(whose)
        ]
    assert not wrongly
    figures = assert_every_letter_once(kept)
    return {"sleeps": rounds, "chunks": len(stored), "wrongly stored": 0, **figures}


def _is_kept_elsewhere(sleeper: KeeperProcess) -> bool:
    return not sleeper.is_owner(Lease.objects.get().owner)


def _is_held(kept: Kept, uid: int) -> bool:
    return uid in kept.uids()


def test_an_owner_that_sleeps_longer_than_its_lease_stores_nothing_after_it(
    support: Kept, witness: None, tmp_path: Path, note_fault: NoteFault
) -> None:
    figures = put_owners_to_sleep(support, tmp_path, rounds=2, letters=300)

    note_fault("keeper asleep", **figures)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_owners_that_sleep_again_and_again_store_nothing_under_a_lost_lease(
    support: Kept, witness: None, tmp_path: Path, note_fault: NoteFault
) -> None:
    figures = put_owners_to_sleep(support, tmp_path, rounds=25, letters=5_000)

    note_fault("keeper asleep", **figures)


def test_an_owner_that_falls_asleep_while_it_stores_holds_up_nobody(
    support: Kept, barrier: None, tmp_path: Path, note_fault: NoteFault
) -> None:
    support.tick()
    with KeeperProcess.started(tmp_path / "one.log") as one:
        until(lambda: support.folder().last_pass_at)
        support.put(letter("first"))
        until(lambda: _execute(IS_HELD_UP) == [(1,)], seconds=60)
        one.fall_asleep()
        _execute("SELECT pg_advisory_unlock(77, 7)")
        # It has stored a letter and sleeps before it can commit.
        assert not support.messages()

        with KeeperProcess.started(tmp_path / "two.log") as two:
            seconds = until(support.messages, seconds=30)
            assert two.is_owner(Lease.objects.get().owner)
            one.wake_up()
            support.put(letter("second"))
            until(lambda: len(support.messages()) == 2)
            assert one.process.poll() is None

    print(f"\nthe other keeper stored it after {seconds:.1f} s")
    note_fault("keeper asleep in a transaction", **assert_every_letter_once(support))


def test_what_somebody_else_stored_during_a_count_is_not_taken_for_gone(
    support: Kept,
) -> None:
    support.tick()
    first = support.put(letter("first"))
    support.go()
    uids = [first]

    def store_one_more(answer: bytes) -> None:
        if b"* ESEARCH" in answer and len(uids) == 1:
            uids.append(support.put(letter("second")))
            support.go()
            connections.close_all()

    for ask in (reconcile.count, vanishing.confirm):
        del uids[1:]
        with Wire.to(support.dovecot.imap_port) as wire:
            wire.see = store_one_more
            with session_on(support, wire) as session:
                ask(session, support.folder())

        assert len(uids) == 2
        assert set(uids) <= set(support.uids())


def test_who_lost_the_lease_while_the_server_spoke_changes_nothing(
    support: Kept,
) -> None:
    support.tick()
    first = support.put(letter("first"))
    support.go()
    flag(support, first, "\\Flagged")
    before = support.folder().mod_seq
    is_lost: list[bool] = []

    def lose_the_lease(answer: bytes) -> None:
        if b"\\Flagged" in answer and b"UID 1 " in answer and not is_lost:
            is_lost.append(True)
            flag(support, first, "\\Seen")
            support.go()
            connections.close_all()

    def check() -> None:
        if is_lost:
            raise LeaseLost("Somebody else keeps the mailbox.")

    with Wire.to(support.dovecot.imap_port) as wire:
        wire.see = lose_the_lease
        with session_on(support, wire) as session, pytest.raises(LeaseLost):
            Pass(session, support.folder(), check=check).run()

    assert is_lost
    assert set(support.placement(first).flags) == {"\\Flagged", "\\Seen"}
    assert support.folder().mod_seq > before


def test_who_lost_the_lease_puts_nothing_under_new_numbers(support: Kept) -> None:
    support.tick()
    for text in ("first", "second"):
        support.put(letter(text))
    support.go()
    support.renumber()
    known = support.folder().uid_validity
    is_lost: list[bool] = []

    def check() -> None:
        if is_lost:
            raise LeaseLost("Somebody else keeps the mailbox.")

    def lose_the_lease(answer: bytes) -> None:
        if b"RFC822.SIZE" in answer:
            is_lost.append(True)

    with Wire.to(support.dovecot.imap_port) as wire:
        wire.see = lose_the_lease
        with session_on(support, wire) as session, pytest.raises(LeaseLost):
            Pass(session, support.folder(), check=check).run()

    assert is_lost
    places = support.folder().placements.values_list("uid_validity", flat=True)
    assert set(places) == {known}


def session_on(kept: Kept, wire: Wire) -> Session:
    """A session of Letterbox over a wire, logged in."""
    session = sessions.connect(
        Server(HOST, wire.port, Encryption.NONE, timeout_seconds=20)
    )
    session.log_in(Password(kept.login, "secret"))
    return session


def flag(kept: Kept, uid: int, name: str) -> None:
    """Have somebody mark a letter elsewhere."""
    kept.outlook.select(INBOX)
    kept.outlook.store(UidSet.of([uid]), add=frozenset({name}))
    kept.outlook.unselect()
