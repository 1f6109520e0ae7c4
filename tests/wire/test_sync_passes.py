"""Passes over folders of a real Dovecot, rich and poor in extensions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.inbound import pipeline
from letterbox.models import Folder, Message, Placement
from letterbox.services import folders, mailboxes
from letterbox.sync import probe, tree, vanishing
from letterbox.sync.passes import Pass
from letterbox.sync.taking import Taker
from tests.wire import keeping
from tests.wire.dovecot import Dovecot
from tests.wire.keeping import Kept, letter

pytestmark = pytest.mark.django_db

SENT, TRASH, ARCHIVE = WireName("Sent"), WireName("Trash"), WireName("Archive")
DAY = timedelta(days=1)
SEEN = frozenset({"\\Seen"})

_people = itertools.count(1)


@pytest.fixture
def support(server: Dovecot) -> Iterator[Kept]:
    """A mailbox on a server of the kind that the test runs with."""
    login = f"support{next(_people)}"
    server.add_user(login, "secret")
    kept = keeping.keep(server, login)
    yield kept
    kept.outlook.close()


def test_from_now_takes_nothing_of_the_past(support: Kept) -> None:
    support.put(letter("old"), at=timezone.now() - DAY)
    support.tick()

    first = support.go()
    support.put(letter("new"))
    second = support.go()

    assert (first.arrived, first.backfilled, second.arrived) == (0, 0, 1)
    assert support.history() == {b"new": False}
    assert support.folder().server_count == 2


def test_what_came_between_the_tick_and_the_first_pass_is_live(support: Kept) -> None:
    support.put(letter("old"), at=timezone.now() - DAY)
    support.tick(ago=timedelta(minutes=10))
    support.put(letter("meanwhile"))

    support.go()

    assert support.history() == {b"meanwhile": False}


def test_a_letter_from_the_future_makes_none_of_the_old_ones_live(
    support: Kept,
) -> None:
    support.put(letter("from-the-future"), at=timezone.now() + DAY)
    support.put(letter("old"), at=timezone.now() - DAY)
    support.tick(ago=timedelta(minutes=10), sync_from=Folder.SyncFrom.EVERYTHING)

    support.go()

    assert support.history() == {b"from-the-future": False, b"old": True}


def test_everything_takes_the_past_as_history(support: Kept) -> None:
    old = [letter(f"old-{number}") for number in range(30)]
    for raw in old:
        support.put(raw, at=timezone.now() - DAY)
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    support.put(letter("new"), at=timezone.now() + timedelta(minutes=1))

    outcome = support.go()

    assert (outcome.arrived, outcome.backfilled) == (1, 30)
    assert sum(support.history().values()) == 30
    assert {bytes(each.raw.content) for each in support.messages()} >= set(old)
    assert support.uids() == list(range(1, 32))
    assert not support.folder().is_backfilling
    assert support.go() == type(outcome)()


def test_a_date_takes_the_past_from_that_date_on(support: Kept) -> None:
    support.put(letter("ancient"), at=timezone.now() - 40 * DAY)
    support.put(letter("recent"), at=timezone.now() - 5 * DAY)
    support.tick(sync_from=Folder.SyncFrom.DATE, since=timezone.now() - 10 * DAY)

    support.go()

    assert support.history() == {b"recent": True}


def test_older_letters_come_when_they_are_asked_for_wherever_they_stand(
    support: Kept,
) -> None:
    support.put(letter("ancient"), at=timezone.now() - 400 * DAY)
    support.put(letter("recent"), at=timezone.now() - 5 * DAY)
    support.put(letter("copied-here-later"), at=timezone.now() - 40 * DAY)
    support.tick(sync_from=Folder.SyncFrom.DATE, since=timezone.now() - 10 * DAY)
    support.go()
    assert support.history() == {b"recent": True}

    folders.reach_back(
        support.folder(), sync_from="date", since=timezone.now() - 50 * DAY, by=None
    )
    outcome = support.go()

    assert outcome.backfilled == 1
    assert support.history() == {b"recent": True, b"copied-here-later": True}
    folders.reach_back(support.folder(), sync_from="everything", since=None, by=None)
    support.go()
    assert len(support.history()) == 3


def test_what_is_stored_is_what_the_server_holds(support: Kept) -> None:
    # Dovecot's Maildir, not IMAP, mends bare line ends.
    raw = letter("bytes") + bytes(range(14, 256)) + b"\r\n.\r\n"
    at = timezone.now().replace(microsecond=0)
    support.tick()
    support.go()
    uid = support.put(raw, at=at, flags=frozenset({"\\Flagged", "\\Seen"}))

    support.go()

    (message,) = support.messages()
    assert message.raw.content == raw
    assert (message.state, message.received_at) == (Message.State.RECEIVED, at)
    placement = support.placement(uid)
    assert placement.flags == ["\\Flagged", "\\Seen"]
    assert (placement.size, placement.internal_date) == (len(raw), at)


def test_looking_changes_nothing_on_the_server(support: Kept) -> None:
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    uid = support.put(letter("unread"))

    support.go()

    support.outlook.examine(INBOX)
    (state,) = support.outlook.fetch_states(UidSet.of([uid]))
    assert "\\Seen" not in (state.flags or ())


def test_flags_set_elsewhere_arrive_here(support: Kept) -> None:
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    uids = [support.put(letter(f"letter-{number}")) for number in range(3)]
    support.go()
    support.outlook.select(INBOX)
    support.outlook.store(UidSet.of(uids[:2]), add=SEEN)

    outcome = support.go()

    assert outcome.flags_changed == 2
    assert [support.placement(uid).flags for uid in uids] == [["\\Seen"]] * 2 + [[]]
    support.outlook.store(UidSet.of(uids[:1]), remove=SEEN)
    assert support.go().flags_changed == 1
    assert support.go().flags_changed == 0


def test_a_letter_deleted_elsewhere_is_kept_and_marked(support: Kept) -> None:
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    kept_uid, gone_uid = (support.put(letter(text)) for text in ("kept", "gone"))
    support.go()
    support.outlook.select(INBOX)
    support.outlook.delete(UidSet.of([gone_uid]))

    outcome = support.go()

    assert outcome.vanished == 1
    assert support.uids() == [kept_uid]
    assert support.placement(gone_uid).gone_at is not None
    assert len(support.messages()) == 2


def test_one_gone_and_one_new_do_not_hide_each_other(support: Kept) -> None:
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    gone_uid = support.put(letter("gone"))
    support.go()
    support.outlook.select(INBOX)
    support.outlook.delete(UidSet.of([gone_uid]))
    new_uid = support.put(letter("new"))

    outcome = support.go()

    assert (outcome.arrived, outcome.vanished) == (1, 1)
    assert support.uids() == [new_uid]


def test_the_same_letter_in_two_folders_is_one_message(support: Kept) -> None:
    for name in (INBOX, ARCHIVE):
        support.tick(name, sync_from=Folder.SyncFrom.EVERYTHING)
    raw = letter("twice")
    support.put(raw)
    support.put(raw, folder=ARCHIVE)

    support.go()
    support.go(ARCHIVE)

    (message,) = support.messages()
    assert message.placements.count() == 2


def test_equal_letters_in_one_folder_are_one_message_in_two_places(
    support: Kept,
) -> None:
    raw = b"Subject: no message-id\r\n\r\nhello\r\n"
    support.tick()
    support.go()
    support.put(raw)
    support.put(raw)

    support.go()

    assert len(support.messages()) == 1
    assert len(support.uids()) == 2


def test_letters_in_sent_join_their_conversation_and_stay_history(
    support: Kept,
) -> None:
    support.tick(INBOX)
    support.tick(SENT)
    support.go(INBOX)
    support.go(SENT)
    support.put(
        b"From: carol@example.org\r\nMessage-ID: <q@example.org>\r\n"
        b"Subject: Where is it?\r\n\r\nTell me.\r\n"
    )
    support.put(
        b"From: " + support.mailbox.address.encode() + b"\r\n"
        b"To: carol@example.org\r\nMessage-ID: <a@acme.example>\r\n"
        b"In-Reply-To: <q@example.org>\r\nSubject: Re: Where is it?\r\n\r\nThere.\r\n",
        folder=SENT,
    )

    support.go(INBOX)
    support.go(SENT)
    pipeline.process_mailbox(support.mailbox.pk)

    question, answer = support.messages()
    assert (question.direction, answer.direction) == ("in", "out")
    assert answer.conversation_id == question.conversation_id is not None
    assert (question.is_history, answer.is_history) == (False, True)


def test_a_pass_that_is_stopped_goes_on_where_it_was(support: Kept) -> None:
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    for number in range(12):
        support.put(letter(f"old-{number}"), at=timezone.now() - DAY)
    with support.session() as session:
        stopped = Pass(session, support.folder(), should_stop=lambda: True).run()
    assert not stopped.is_complete

    support.go()

    assert support.uids() == list(range(1, 13))
    assert len(support.messages()) == 12


def test_unticking_and_ticking_again_never_moves_the_start(support: Kept) -> None:
    support.put(letter("old"), at=timezone.now() - DAY)
    folder = support.tick()
    support.go()
    mailboxes.tick_folders(support.mailbox, wanted=[], by=None)
    support.put(letter("while-unticked"))
    mailboxes.tick_folders(support.mailbox, wanted=[folder.pk], by=None)

    support.go()

    assert support.history() == {b"while-unticked": False}


def test_every_placement_of_a_pass_is_stored(support: Kept) -> None:
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    for number in range(5):
        support.put(letter(f"letter-{number}"))

    support.go()

    states = Placement.objects.filter(folder=support.folder()).values_list(
        "state", flat=True
    )
    assert list(states) == [Placement.State.STORED] * 5


def test_a_move_is_recognised_without_fetching_the_letter_again(
    support: Kept,
) -> None:
    for name in (INBOX, ARCHIVE):
        support.tick(name, sync_from=Folder.SyncFrom.EVERYTHING)
    uid = support.put(letter("moved"))
    support.go()
    support.go(ARCHIVE)
    pipeline.process_mailbox(support.mailbox.pk)
    support.outlook.select(INBOX)
    support.outlook.move(UidSet.of([uid]), ARCHIVE)

    outcome = support.go(ARCHIVE)
    support.go()

    assert (outcome.arrived, outcome.reappeared) == (1, 1)
    (message,) = support.messages()
    assert message.state == Message.State.PROCESSED
    assert support.uids() == []
    assert len(support.uids(ARCHIVE)) == 1


def test_a_move_is_recognised_when_the_old_folder_came_first(support: Kept) -> None:
    for name in (INBOX, ARCHIVE):
        support.tick(name, sync_from=Folder.SyncFrom.EVERYTHING)
    uid = support.put(letter("moved"))
    support.go()
    support.go(ARCHIVE)
    support.outlook.select(INBOX)
    support.outlook.move(UidSet.of([uid]), ARCHIVE)

    support.go()
    support.go(ARCHIVE)

    (message,) = support.messages()
    assert message.placements.filter(gone_at__isnull=True).count() == 1


def test_a_forged_copy_in_the_same_folder_hides_nothing(support: Kept) -> None:
    support.tick()
    support.go()
    at = timezone.now().replace(microsecond=0)
    first = letter("genuine")
    support.put(first, at=at)
    support.go()
    pipeline.process_mailbox(support.mailbox.pk)
    support.put(first.replace(b"\r\ngenuine", b"\r\nforged!"), at=at)

    support.go()

    assert set(support.history()) == {b"genuine", b"forged!"}


def test_half_a_folder_gone_is_believed_after_a_second_look_only(
    support: Kept,
) -> None:
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    uids = [support.put(letter(f"letter-{number}")) for number in range(30)]
    support.go()
    support.outlook.select(INBOX)
    support.outlook.delete(UidSet.of(uids[:25]))
    new_uid = support.put(letter("new"))

    outcome = support.go()

    assert outcome.doubtful == 25
    assert outcome.vanished == 0
    assert new_uid in support.uids()
    assert len(support.uids()) == 31
    with support.session() as second:
        gone = vanishing.confirm(second, support.folder())
    assert gone.marked == 25
    assert support.go().doubtful == 0
    assert support.uids() == [*uids[25:], new_uid]


def test_a_folder_numbered_anew_doubles_nothing(support: Kept) -> None:
    at = timezone.now() - DAY
    twins = [
        b"Message-ID: <%d@example.org>\r\nSubject: twin\r\n\r\nhello %d\r\n" % (n, n)
        for n in range(3)
    ]
    support.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    for raw in [*(letter(f"letter-{number}") for number in range(20)), *twins]:
        support.put(raw, at=at)
    support.go()
    pipeline.process_mailbox(support.mailbox.pk)
    before = [(each.pk, each.is_history) for each in support.messages()]
    support.renumber()

    outcome = support.go()

    assert [(each.pk, each.is_history) for each in support.messages()] == before
    assert support.uids() == list(range(501, 524))
    assert (outcome.message_ids, outcome.is_complete) == ([], True)
    new_uid = support.put(letter("new"))
    support.go()
    assert support.history()[b"new"] is False
    assert support.uids()[-1] == new_uid


def test_a_folder_numbered_anew_tells_new_letters_from_old_ones(
    support: Kept,
) -> None:
    at = timezone.now() - DAY
    for number in range(5):
        support.put(letter(f"before-the-tick-{number}"), at=at)
    support.tick()
    support.go()
    support.put(letter("held"))
    support.go()
    support.put(letter("meanwhile"), at=timezone.now() + timedelta(seconds=2))
    support.renumber()

    support.go()

    assert support.history() == {b"held": False, b"meanwhile": False}
    assert len(support.uids()) == 2


def test_a_renamed_folder_is_the_same_folder(support: Kept) -> None:
    support.outlook.create_folder(WireName("Orders"))
    support.tick(WireName("Orders"), sync_from=Folder.SyncFrom.EVERYTHING)
    support.put(letter("order"), folder=WireName("Orders"))
    support.go(WireName("Orders"))
    before = support.folder(WireName("Orders"))

    support.rename("Orders", "Orders 2026")
    with support.session() as session:
        tree.refresh(support.mailbox, *session.list_folders_with_status())

    after = support.folder(WireName("Orders 2026"))
    assert (after.pk, after.is_ticked, after.path) == (before.pk, True, "Orders 2026")
    assert not support.mailbox.folders.filter(wire_name="Orders").exists()
    assert support.go(WireName(after.wire_name)).arrived == 0


def test_a_pass_that_breaks_off_hides_nothing_that_is_gone(support: Kept) -> None:
    support.tick()
    uids = [support.put(letter(text)) for text in ("one", "two")]
    support.go()
    new = support.put(letter("three"))
    support.outlook.select(INBOX)
    support.outlook.delete(UidSet.of(uids[:1]))
    with support.session() as session:
        # What is new is stored; then the server hangs up.
        taker = Taker(session, support.folder(), support.folder().uid_validity or 0)
        session.examine(INBOX)
        taker.take(UidSet.span(new), is_rising=True)

    support.go()

    assert support.uids() == [uids[1], new]


def test_retrieving_folders_hides_nothing_that_is_gone(support: Kept) -> None:
    support.tick()
    uids = [support.put(letter(text)) for text in ("one", "two")]
    support.go()
    support.outlook.select(INBOX)
    support.outlook.delete(UidSet.of(uids[:1]))
    assert probe.retrieve_folders(support.mailbox).is_good

    support.go()

    assert support.uids() == uids[1:]
