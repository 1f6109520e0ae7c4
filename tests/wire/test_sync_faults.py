"""Cut wires, killed processes, lost databases: every letter once, whatever happens."""

from __future__ import annotations

import hashlib
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX
from letterbox.imap.values import FetchedLetter
from letterbox.inbound import pipeline
from letterbox.models import Case, Connection, Folder, Lease, Message, Placement
from letterbox.services import connections, mailboxes
from letterbox.sync import reconcile
from tests.conftest import NoteFault
from tests.wire import keeping
from tests.wire.cutting import NEVER, Wire
from tests.wire.dovecot import Dovecot
from tests.wire.keepers import KeeperProcess
from tests.wire.keeping import Kept, letter
from tests.wire.scenes import pass_over, some_changes, some_history
from tests.wire.scripted import ScriptedServer
from tests.wire.test_sync_watching import until, watching

ROOT = Path(__file__).parents[2]
_people = itertools.count(1)


@pytest.fixture
def support(dovecot: Dovecot) -> Iterator[Kept]:
    """A mailbox whose first letters become cases."""
    login = f"faulty{next(_people)}"
    dovecot.add_user(login, "secret")
    kept = keeping.keep_for_cases(dovecot, login)
    yield kept
    kept.outlook.close()


def assert_every_letter_once(kept: Kept) -> Counter[str]:
    """Our letters are the server's, each once; returns the figures."""
    pipeline.process_mailbox(kept.mailbox.pk)
    kept.outlook.examine(INBOX)
    theirs = {
        one.uid: hashlib.sha256(one.raw).digest()
        for one in kept.outlook.fetch_letters(kept.outlook.search("ALL"))
        if isinstance(one, FetchedLetter)
    }
    folder = kept.folder()
    rows = Placement.objects.filter(
        folder=folder, uid_validity=folder.uid_validity or 0, gone_at__isnull=True
    )
    ours = {
        uid: bytes(digest)
        for uid, digest in rows.values_list("uid", "message__raw__sha256")
    }
    assert ours == theirs
    held = [
        bytes(digest)
        for digest in kept.mailbox.messages.values_list("raw__sha256", flat=True)
    ]
    assert len(held) == len(set(held))
    assert set(held) >= set(theirs.values())
    live = kept.mailbox.messages.filter(is_history=False)
    assert not kept.mailbox.messages.exclude(state=Message.State.PROCESSED).exists()
    cases = Case.objects.filter(mailbox=kept.mailbox)
    # Every letter here begins a conversation of its own.
    assert cases.count() == live.count()
    with kept.session() as session:
        count = reconcile.count(session, folder)
    assert (count.missing, count.accounted) == (0, len(theirs))
    return Counter(
        server=len(theirs), messages=len(held), live=live.count(), cases=cases.count()
    )


def twin_of(kept: Kept) -> Kept:
    """Another mailbox of ours for the same server, which knows what this one knows."""
    old = kept.folder()
    address = f"twin{next(_people)}-{kept.mailbox.address}"
    mailbox = mailboxes.add(label=address, address=address, by=None)
    mailboxes.set_processing(
        mailbox, action="convert-to-case", options={"same_sender": "open-new"}, by=None
    )
    folder = kept.folder()
    folder.pk, folder.mailbox = None, mailbox
    folder.save(force_insert=True)
    for place in Placement.objects.filter(folder=old).select_related("message"):
        if place.message is not None:
            place.message.pk, place.message.mailbox = None, mailbox
            place.message.save(force_insert=True)
        place.pk, place.folder, place.message = None, folder, place.message
        place.save(force_insert=True)
    return replace(kept, mailbox=mailbox)


@pytest.mark.parametrize("scene", [some_history, some_changes])
@pytest.mark.django_db
def test_new_numbers_in_the_middle_of_a_pass_double_nothing(
    support: Kept, note_fault: NoteFault, scene: Callable[[Kept], None]
) -> None:
    scene(support)
    calm = twin_of(support)
    with Wire.to(support.dovecot.imap_port) as wire:
        assert pass_over(calm, wire)
        length = wire.passed
    places = range(length // 3, length, length // 12)
    for place in places:
        anew = twin_of(support)
        with Wire.to(support.dovecot.imap_port) as wire:
            wire.cut_after, wire.at_the_cut = place, anew.renumber
            pass_over(anew, wire)
            wire.cut_after, wire.at_the_cut = NEVER, lambda: None
            assert pass_over(anew, wire)
        support.outlook = anew.outlook
        assert_every_letter_once(anew)
        live = list(anew.history().values()).count(False)
        assert live == list(calm.history().values()).count(False)
    note_fault(f"new UIDVALIDITY, {scene.__name__}", passes=len(places))


def large_letters(count: int, prefix: str) -> list[bytes]:
    """Letters of 40 KB, so that a chunk holds a part of the folder only."""
    return [
        letter(f"{prefix}-{number}") + (b"." * 78 + b"\r\n") * 500
        for number in range(count)
    ]


def has_more_than(kept: Kept, letters: int) -> bool:
    return len(kept.uids()) > letters


def kill_keepers(
    kept: Kept, tmp_path: Path, *, rounds: int, letters: int
) -> dict[str, int]:
    """Kill keeper after keeper at random moments; returns the figures."""
    dice = random.Random(rounds * letters)  # noqa: S311
    kept.dovecot.append(kept.login, "INBOX", large_letters(letters, "old"))
    kept.tick(sync_from=Folder.SyncFrom.EVERYTHING, ago=-timedelta(seconds=2))
    time.sleep(2)
    killed_within = 0
    for number in range(rounds):
        # The lease of a killed keeper need not be waited for here.
        Lease.objects.update(expires_at=timezone.now())
        with KeeperProcess.started(tmp_path / "keeper.log"):
            before = len(kept.uids())
            # Something is always to come: the past, or the letter of the last round.
            until(partial(has_more_than, kept, before), seconds=60)
            # The first one dies while most of the past is still to come.
            time.sleep(dice.uniform(0, 0.3) if number else 0)
        killed_within += kept.folder().is_backfilling
        new = kept.put(letter(f"new-{number}"))
        kept.outlook.select(INBOX)
        kept.outlook.store(UidSet.of([new]), add=frozenset({"\\Flagged"}))
    Lease.objects.update(expires_at=timezone.now())
    with KeeperProcess.started(tmp_path / "keeper.log"):
        until(
            lambda: (
                len(kept.uids()) == letters + rounds
                and not kept.folder().is_backfilling
            ),
            seconds=120,
            what=(tmp_path / "keeper.log").read_text()[-3000:],
        )
    figures = assert_every_letter_once(kept)
    assert figures["live"] == rounds
    return {"kills": rounds, "while the past came": killed_within, **figures}


@pytest.mark.django_db(transaction=True)
def test_keepers_killed_at_random_lose_and_double_nothing(
    support: Kept, tmp_path: Path, note_fault: NoteFault
) -> None:
    figures = kill_keepers(support, tmp_path, rounds=3, letters=800)
    assert figures["while the past came"]
    note_fault("kill -9 of the keeper", **figures)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.django_db(transaction=True)
def test_a_hundred_keepers_killed_at_random_lose_and_double_nothing(
    support: Kept, tmp_path: Path, note_fault: NoteFault
) -> None:
    figures = kill_keepers(support, tmp_path, rounds=100, letters=5_000)
    assert figures["while the past came"]
    note_fault("kill -9 of the keeper", **figures)


@pytest.mark.django_db(transaction=True)
def test_when_a_keeper_dies_another_takes_over_within_seconds(
    support: Kept, tmp_path: Path
) -> None:
    support.tick()
    with (
        KeeperProcess.started(tmp_path / "one.log") as one,
        KeeperProcess.started(tmp_path / "two.log") as two,
    ):
        until(lambda: support.folder().last_pass_at)
        owner = Lease.objects.get().owner
        first = one if f":{one.process.pid}:" in owner else two
        first.kill()
        support.put(letter("after-the-death"))

        seconds = until(lambda: support.messages(), seconds=12)

        assert Lease.objects.get().owner != owner
    print(f"\ntaken over and fetched after {seconds:.1f} s")
    assert assert_every_letter_once(support)["cases"] == 1


@pytest.mark.django_db(transaction=True)
def test_mailboxes_that_hang_slow_nobody_else(support: Kept, tmp_path: Path) -> None:
    support.tick()
    with ScriptedServer() as hanging:
        hanging.answers["EXAMINE"] = b"<hang>"
        for number in range(12):
            stuck = mailboxes.add(
                label=f"Stuck {number}", address=f"s{number}@acme.example", by=None
            )
            connections.save(
                stuck,
                protocol=Connection.Protocol.IMAP,
                host=hanging.host,
                port=hanging.port,
                encryption=Connection.Encryption.NONE,
                login="support",
                password="secret",
            )
            Folder.objects.create(
                mailbox=stuck,
                wire_name=INBOX,
                path="INBOX",
                is_ticked=True,
                ticked_at=timezone.now(),
            )
        with KeeperProcess.started(
            tmp_path / "keeper.log",
            # Far fewer database connections than servers that hang.
            LETTERBOX_DATABASE_POOL="yes",
            LETTERBOX_DATABASE_POOL_SIZE="4",
            LETTERBOX_CONNECT_TIMEOUT="60",
        ):
            until(
                lambda: (
                    sum("EXAMINE" in each for each in hanging.heard_commands()) >= 12
                )
            )
            until(lambda: support.folder().last_pass_at)
            support.put(letter("hello"))

            seconds = until(lambda: support.messages(), seconds=5)

    print(f"\nwith twelve hanging mailboxes: {seconds:.1f} s")


@pytest.mark.django_db(transaction=True)
def test_a_dovecot_killed_again_and_again_costs_nothing(support: Kept) -> None:
    dice = random.Random(4)  # noqa: S311
    support.dovecot.append(support.login, "INBOX", large_letters(300, "old"))
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING, ago=-timedelta(seconds=2))
    time.sleep(2)
    with watching(support) as watcher:
        for number in range(4):
            time.sleep(dice.uniform(0.05, 0.4))
            support.dovecot.kill()
            support.dovecot.start()
            support.outlook.close()
            support.outlook = keeping.log_in(support.dovecot, support.login)
            support.put(letter(f"new-{number}"))
            # Back-off is tested elsewhere.
            watcher._backoff.failures = 0
        until(
            lambda: len(support.uids()) == 304 and not support.folder().is_backfilling,
            seconds=60,
        )

    assert assert_every_letter_once(support)["live"] == 4


@pytest.mark.django_db(transaction=True)
def test_lost_database_connections_cost_nothing(support: Kept, tmp_path: Path) -> None:
    dice = random.Random(5)  # noqa: S311
    support.dovecot.append(support.login, "INBOX", large_letters(300, "old"))
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING, ago=-timedelta(seconds=2))
    time.sleep(2)
    ended = 0
    with KeeperProcess.started(tmp_path / "keeper.log") as keeper:
        until(lambda: Lease.objects.exists())
        for number in range(6):
            time.sleep(dice.uniform(0.05, 0.5))
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                ended += cursor.fetchone()[0]
            support.put(letter(f"new-{number}"))
        until(
            lambda: len(support.uids()) == 306 and not support.folder().is_backfilling,
            seconds=60,
            what=(tmp_path / "keeper.log").read_text()[-3000:],
        )
        assert keeper.process.poll() is None

    figures = assert_every_letter_once(support)
    print(f"\n{ended} database connections ended: {dict(figures)}")
    assert figures["live"] == 6
