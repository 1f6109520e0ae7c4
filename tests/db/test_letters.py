from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from letterbox.services import raw_letters


@pytest.mark.django_db
def test_trouble_while_a_letter_is_stored_is_known_as_trouble_of_the_database() -> None:
    """Else a restarting database would set letters aside as stuck."""
    with transaction.atomic():
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        # What comes after an error in a transaction is refused by the server.
        with pytest.raises(DatabaseError, match="transaction is aborted"):
            raw_letters.store(b"Subject: Hello\r\n\r\nHello\r\n")
        transaction.set_rollback(True)
