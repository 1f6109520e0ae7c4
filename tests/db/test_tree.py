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


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])
