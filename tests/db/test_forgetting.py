"""Folders that are unticked, paused, or asked for older letters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from letterbox.inbound import receive
from letterbox.mime.letter import Address
from letterbox.models import (
    Conversation,
    Event,
    Folder,
    Mailbox,
    Message,
    Placement,
    RawLetter,
    User,
)
from letterbox.services import cases, folders, replies
from letterbox.services.folders import Choice, NotOlder, StillForgetting
from tests import people
from tests.conftest import Arrive
from tests.mail import mail

CARLA = Address("carla@customer.example", "Carla")


def untick(folder: Folder, *, forgets: bool) -> None:
    folders.choose(
        folder.mailbox,
        [Choice(folder.wire_name, is_ticked=False, forgets_letters=forgets)],
        by=None,
    )
    folders.forget_unticked(folder.mailbox_id)
    folder.refresh_from_db()


def test_unticking_alone_takes_nothing_away(folder: Folder, arrive: Arrive) -> None:
    arrive(mail())

    untick(folder, forgets=False)

    assert (folder.is_ticked, folder.ticked_at) == (False, None)
    assert Message.objects.count() == 1
    assert Placement.objects.count() == 1
    assert folder.next_uid == 2


def test_its_letters_go_on_wish_and_nobody_elses(
    mailbox: Mailbox, sales: Mailbox, folder: Folder, arrive: Arrive
) -> None:
    archive = people.make_folder(mailbox, "Archive", Folder.Role.ARCHIVE)
    theirs = people.make_folder(sales)
    only_here, in_both, in_sales = mail(), mail(), mail()
    arrive(only_here)
    kept = arrive(in_both)
    assert arrive(in_both, folder=archive) == kept
    arrive(in_sales)
    other = arrive(in_sales, folder=theirs)

    untick(folder, forgets=True)

    assert set(Message.objects.all()) == {kept, other}
    assert Conversation.objects.count() == 2
    assert {place.folder for place in Placement.objects.all()} == {archive, theirs}
    assert RawLetter.objects.count() == 2
    assert (folder.uid_validity, folder.next_uid, folder.is_forgetting) == (
        None,
        0,
        False,
    )


def test_records_notes_and_our_own_answers_stay(
    folder: Folder, arrive: Arrive, alice: User
) -> None:
    with_case, answered = arrive(mail()), arrive(mail())
    assert with_case.conversation is not None
    assert answered.conversation is not None
    case = cases.open_for(
        with_case.conversation, subject="Lamp", description="Broken", by=alice
    )
    replies.queue(answered.conversation, author=alice, text="Soon.", to=[CARLA])

    untick(folder, forgets=True)

    case.refresh_from_db()
    assert case.conversation == with_case.conversation
    assert case.conversation.message_count == 0
    answered.conversation.refresh_from_db()
    assert [each.text for each in answered.conversation.messages.all()] == ["Soon.\n"]
    assert answered.conversation.message_count == 1


def test_it_cannot_be_ticked_while_its_letters_are_going(
    mailbox: Mailbox, folder: Folder, arrive: Arrive
) -> None:
    arrive(mail())
    folders.choose(
        mailbox,
        [Choice(folder.wire_name, is_ticked=False, forgets_letters=True)],
        by=None,
    )
    again = Choice(folder.wire_name, is_ticked=True)

    with pytest.raises(StillForgetting, match="still being removed"):
        folders.choose(mailbox, [again], by=None)

    folders.forget_unticked(mailbox.pk)
    folders.choose(mailbox, [again], by=None)
    folder.refresh_from_db()
    assert folder.is_ticked
    assert folder.ticked_at is not None


def test_a_letter_on_its_way_into_an_unticked_folder_is_not_taken(
    folder: Folder,
) -> None:
    # What the keeper read before; `folder` still says that it is ticked.
    Folder.objects.filter(pk=folder.pk).update(is_ticked=False)

    receive.receive(
        folder,
        [receive.Arrival(1, mail())],
        uid_validity=people.UID_VALIDITY,
        cursor=receive.Cursor(next_uid=2),
    )

    assert not Message.objects.exists()
    folder.refresh_from_db()
    assert folder.next_uid == 1


def test_older_letters_are_paused_and_resumed_with_a_line_in_the_history(
    folder: Folder, alice: User
) -> None:
    folders.pause(folder, is_paused=True, by=alice)
    folders.pause(folder, is_paused=True, by=alice)
    folders.pause(folder, is_paused=False, by=alice)

    folder.refresh_from_db()
    assert not folder.is_paused
    lines = Event.objects.filter(verb__startswith="folder-").order_by("pk")
    assert [each.verb for each in lines] == ["folder-paused", "folder-resumed"]


def test_older_letters_are_fetched_on_wish_and_the_start_only_moves_back(
    folder: Folder, alice: User
) -> None:
    may = datetime(2026, 5, 1, tzinfo=UTC)
    june = datetime(2026, 6, 1, tzinfo=UTC)
    Folder.objects.filter(pk=folder.pk).update(
        live_uid=100, next_uid=120, backfill_uid=100
    )

    folders.reach_back(folder, sync_from="date", since=june, by=alice)

    folder.refresh_from_db()
    assert (folder.sync_since, folder.is_backfilling) == (june, True)
    Folder.objects.filter(pk=folder.pk).update(is_backfilling=False, backfill_uid=70)
    with pytest.raises(NotOlder):
        folders.reach_back(folder, sync_from="date", since=june, by=alice)
    folders.reach_back(folder, sync_from="date", since=may, by=alice)
    folder.refresh_from_db()
    # What is older may stand anywhere: all is looked through once more.
    assert (folder.sync_since, folder.backfill_uid) == (may, 100)
    folders.reach_back(folder, sync_from="everything", since=None, by=alice)
    folder.refresh_from_db()
    assert (folder.sync_from, folder.sync_since) == ("everything", None)
    with pytest.raises(NotOlder):
        folders.reach_back(folder, sync_from="date", since=may, by=alice)
