"""Storing what the server gave: once, whatever is repeated."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from letterbox.inbound import receive
from letterbox.models import Folder, Mailbox, Message, Placement, RawLetter
from tests import people
from tests.conftest import Arrive
from tests.mail import mail


def take(folder: Folder, *letters: bytes, first_uid: int = 1) -> list[int]:
    """Receive these letters under ascending UIDs, the cursor behind them."""
    return receive.receive(
        folder,
        [receive.Arrival(first_uid + at, raw) for at, raw in enumerate(letters)],
        uid_validity=people.UID_VALIDITY,
        cursor=receive.Cursor(next_uid=first_uid + len(letters)),
    )


def test_a_chunk_repeated_after_a_crash_changes_nothing(folder: Folder) -> None:
    letters = [mail(subject="One"), mail(subject="Two")]
    first = take(folder, *letters)

    again = take(folder, *letters)

    assert len(first) == 2
    assert again == []
    assert Message.objects.count() == Placement.objects.count() == 2
    assert RawLetter.objects.count() == 2


def test_letters_and_cursor_are_stored_together_or_not_at_all(folder: Folder) -> None:
    with contextlib.suppress(IntegrityError), transaction.atomic():
        take(folder, mail())
        Folder.objects.create(mailbox=folder.mailbox, wire_name="INBOX", path="INBOX")

    folder.refresh_from_db()
    assert folder.next_uid == 1
    assert not Message.objects.exists()


def test_a_cursor_never_moves_back(folder: Folder) -> None:
    take(folder, mail(), first_uid=50)

    take(folder, mail(), first_uid=7)

    folder.refresh_from_db()
    assert folder.next_uid == 51


def test_a_chunk_of_an_old_numbering_moves_no_cursor(folder: Folder) -> None:
    receive.receive(
        folder,
        [receive.Arrival(9, mail())],
        uid_validity=people.UID_VALIDITY - 1,
        cursor=receive.Cursor(next_uid=10),
    )

    folder.refresh_from_db()
    assert folder.next_uid == 1
    assert Message.objects.count() == 1


def test_one_letter_in_two_folders_is_one_message(folder: Folder) -> None:
    archive = people.make_folder(folder.mailbox, "Archive", Folder.Role.ARCHIVE)
    letter = mail()

    take(folder, letter)
    take(archive, letter)

    assert Message.objects.count() == 1
    assert Message.objects.get().placements.count() == 2


def test_one_letter_in_two_mailboxes_is_stored_once(
    folder: Folder, sales: Mailbox
) -> None:
    elsewhere = people.make_folder(sales)
    letter = mail()

    take(folder, letter)
    take(elsewhere, letter)

    assert RawLetter.objects.count() == 1
    assert Message.objects.count() == 2
    assert RawLetter.objects.get().content == letter


def test_the_same_bytes_twice_in_a_chunk_are_one_message(folder: Folder) -> None:
    letter = mail()

    take(folder, letter, letter)

    assert Message.objects.count() == 1
    assert Placement.objects.count() == 2


@pytest.mark.parametrize(
    "role",
    [Folder.Role.SENT, Folder.Role.JUNK, Folder.Role.DRAFTS, Folder.Role.TRASH],
)
def test_what_lies_in_these_folders_is_history(
    mailbox: Mailbox, role: Folder.Role
) -> None:
    folder = people.make_folder(mailbox, role.value.title(), role)

    take(folder, mail())

    assert Message.objects.get().is_history


def test_what_was_there_before_ticking_is_history(folder: Folder) -> None:
    Folder.objects.filter(pk=folder.pk).update(live_uid=5)

    take(folder, mail(), first_uid=4)
    take(folder, mail(), first_uid=5)

    assert list(
        Message.objects.order_by("id").values_list("is_history", flat=True)
    ) == [True, False]


def test_a_letter_cut_short_says_so(folder: Folder) -> None:
    receive.receive(
        folder,
        [receive.Arrival(1, mail(), announced_size=10**9)],
        uid_validity=people.UID_VALIDITY,
        cursor=receive.Cursor(next_uid=2),
    )

    place = Placement.objects.get()
    assert place.state == Placement.State.OVERSIZE
    assert place.size == 10**9


def test_a_letter_that_the_server_refuses_has_its_line_in_the_ledger(
    folder: Folder,
) -> None:
    for _ in range(2):
        receive.receive(
            folder,
            [],
            refusals=[receive.Refusal(3, "Internal error")],
            uid_validity=people.UID_VALIDITY,
            cursor=receive.Cursor(next_uid=4),
        )

    place = Placement.objects.get()
    assert place.state == Placement.State.UNREADABLE
    assert place.reason == "Internal error"


def test_a_letter_read_at_last_replaces_the_refusal(folder: Folder) -> None:
    receive.receive(
        folder,
        [],
        refusals=[receive.Refusal(1, "Internal error")],
        uid_validity=people.UID_VALIDITY,
        cursor=receive.Cursor(next_uid=2),
    )

    take(folder, mail())

    place = Placement.objects.get()
    assert place.state == Placement.State.STORED
    assert place.reason == ""
    assert place.message is not None


def test_a_mailbox_that_holds_received_letters_is_found_again(
    arrive: Arrive, mailbox: Mailbox
) -> None:
    moment = datetime(2026, 5, 1, 12, tzinfo=UTC)

    message = arrive(mail(), received_at=moment, is_processed=False)

    assert receive.waiting_mailboxes() == [mailbox.pk]
    assert message.received_at == moment
