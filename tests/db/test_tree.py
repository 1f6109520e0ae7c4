"""The list of folders, stored by several at once."""

import threading

import pytest
from django.db import connection, transaction

from letterbox.imap.responses import FolderListing
from letterbox.imap.utf7 import WireName
from letterbox.models import Mailbox
from letterbox.sync import tree
from tests import people
from tests.product import wait_until

LISTINGS = [FolderListing(WireName(name), name, "/", ()) for name in ("INBOX", "Sent")]


@pytest.mark.django_db(transaction=True)
def test_two_may_store_the_same_new_folders_at_once() -> None:
    mailbox = people.make_mailbox("Support")
    stored: list[int] = []

    def store() -> None:
        try:
            rows = tree.refresh(Mailbox.objects.get(pk=mailbox.pk), LISTINGS)
            stored.append(len(rows))
        finally:
            connection.close()

    other = threading.Thread(target=store)
    with transaction.atomic():
        tree.refresh(mailbox, LISTINGS)
        other.start()
        wait_until(_somebody_waits, "the other one waits for this transaction")
    other.join(timeout=60)

    assert stored == [2]
    assert mailbox.folders.count() == 2


@pytest.mark.django_db(transaction=True)
def test_whoever_ticks_folders_and_whoever_lists_them_wait_in_the_same_order() -> None:
    mailbox = people.make_mailbox("Support")
    first, second = tree.refresh(mailbox, LISTINGS)

    def store() -> None:
        try:
            tree.refresh(Mailbox.objects.get(pk=mailbox.pk), reversed(LISTINGS))
        finally:
            connection.close()

    other = threading.Thread(target=store)
    with transaction.atomic():
        # As somebody who ticks both and has come to the first.
        mailbox.folders.select_for_update(no_key=True).get(pk=first.pk)
        other.start()
        wait_until(_somebody_waits, "the other one waits for this transaction")
        locked = mailbox.folders.select_for_update(no_key=True, nowait=True)

        # Raises where the other one holds it and waits for us: a deadlock.
        assert locked.get(pk=second.pk) == second
    other.join(timeout=60)


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])
