"""No more connections to an account than agreed, however many processes ask."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from letterbox.imap.values import Password
from letterbox.models import Connection, ConnectionSlot, Mailbox
from letterbox.services import connections as stored
from letterbox.services import mailboxes
from letterbox.sync import on_demand, probe, slots
from tests.wire import keeping
from tests.wire.dovecot import Dovecot
from tests.wire.keeping import Kept

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def support(dovecot: Dovecot) -> Iterator[Kept]:
    dovecot.add_user("crowded", "secret")
    kept = keeping.keep(dovecot, "crowded")
    yield kept
    kept.outlook.close()


def test_providers_with_few_connections_get_few() -> None:
    assert slots.most_beside("imap.mail.yahoo.com") == 2
    assert slots.most_beside("imap.gmail.com") == 2
    assert slots.most_beside("mail.acme.example") == 2


def test_mailboxes_with_one_login_share_three_connections() -> None:
    assert slots.most_beside("mail.acme.example", watching=2) == 1
    # Errands need one, however many watch.
    assert slots.most_beside("mail.acme.example", watching=3) == 1
    assert slots.most_beside("mail.acme.example", watching=0) == 2


def test_a_second_mailbox_of_the_login_leaves_one_slot(
    support: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "PATIENCE_SECONDS", 0.0)
    row = Connection.objects.get(mailbox=support.mailbox)
    other = mailboxes.add(label="Other", address="other@acme.example", by=None)
    theirs = Connection.objects.get(pk=row.pk)
    theirs.pk, theirs.mailbox, theirs.login = None, other, row.login.upper()
    theirs.save()

    with slots.beside(row), pytest.raises(slots.AllInUse), slots.beside(theirs):
        pass

    Mailbox.objects.filter(pk=other.pk).update(is_on=False)
    with slots.beside(row), slots.beside(theirs):
        assert ConnectionSlot.objects.filter(expires_at__gt=timezone.now()).count() == 2


def test_check_connection_waits_for_its_turn_at_a_stored_account(
    support: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "PATIENCE_SECONDS", 0.0)
    row = Connection.objects.get(mailbox=support.mailbox)

    with slots.beside(row), slots.beside(row):
        crowded = probe.check_receiving(row)
    report = probe.check_receiving(row)

    assert [line.is_good for line in crowded.lines] == [True, False]
    assert "in use" in crowded.lines[-1].sentence
    assert report.is_good
    assert not ConnectionSlot.objects.filter(expires_at__gt=timezone.now()).exists()


def test_check_connection_of_an_account_that_is_not_stored_takes_no_slot(
    support: Kept,
) -> None:
    support.dovecot.add_user("stranger", "secret")
    row = Connection.objects.get(mailbox=support.mailbox)
    server = stored.imap_server(row)

    report = probe.check_imap(server, Password("stranger", "secret"))

    assert report.is_good
    assert not ConnectionSlot.objects.exists()


def test_many_who_ask_at_once_hold_two_at_a_time(support: Kept) -> None:
    row = Connection.objects.get(mailbox=support.mailbox)
    open_now: list[int] = []
    most = 0
    guard = threading.Lock()
    failed: list[BaseException] = []

    def ask(number: int) -> None:
        nonlocal most
        try:
            with on_demand.session_of(row.mailbox_id) as session:
                with guard:
                    open_now.append(number)
                    most = max(most, len(open_now))
                session.list_folders()
                with guard:
                    open_now.remove(number)
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert not failed
    assert 1 <= most <= slots.MOST_BESIDE


def test_when_all_are_in_use_a_person_is_told(
    support: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "PATIENCE_SECONDS", 0.0)
    row = Connection.objects.get(mailbox=support.mailbox)
    with (
        slots.beside(row),
        slots.beside(row),
        pytest.raises(slots.AllInUse, match="in use"),
        slots.beside(row),
    ):
        pass

    # The slot of one who died is free when it has expired.
    ConnectionSlot.objects.update(expires_at=timezone.now() + timedelta(seconds=-1))
    with slots.beside(row):
        assert ConnectionSlot.objects.filter(expires_at__gt=timezone.now()).count() == 1
