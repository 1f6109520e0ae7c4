"""Letters that the open folder tells of are taken before anything else is asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from letterbox.imap.sessions import Session
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.inbound import pipeline
from letterbox.models import Folder
from letterbox.sync import at_once
from letterbox.sync.leases import LeaseLost
from tests.wire import keeping
from tests.wire.dovecot import Dovecot
from tests.wire.keeping import Kept, letter

pytestmark = pytest.mark.django_db

ARCHIVE = WireName("Archive")
_people = itertools.count(1)


@pytest.fixture
def support(server: Dovecot) -> Iterator[Kept]:
    """A mailbox with a letter of the past in a folder that is kept."""
    login = f"atonce{next(_people)}"
    server.add_user(login, "secret")
    kept = keeping.keep(server, login)
    kept.put(letter("past"), at=timezone.now() - timedelta(hours=1))
    kept.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    kept.go()
    yield kept
    kept.outlook.close()


@pytest.fixture
def session(support: Kept) -> Iterator[Session]:
    """Our session, with the inbox open as while waiting for news."""
    with support.session() as session:
        session.examine(INBOX)
        yield session


def take(session: Session, kept: Kept) -> int:
    """What happens once the server has told of something."""
    session.noop()
    return at_once.take(session, [kept.folder()], {INBOX}, check=lambda: None)


def test_a_new_letter_is_taken_and_the_pass_finds_nothing_more(
    session: Session, support: Kept
) -> None:
    uid = support.put(letter("new"), flags=frozenset({"\\Flagged"}))

    arrived = take(session, support)

    assert arrived == 1
    assert support.history() == {b"past": True, b"new": False}
    assert support.placement(uid).flags == ["\\Flagged"]
    assert support.folder().next_uid == uid + 1
    assert take(session, support) == 0
    assert support.go().arrived == 0
    assert len(support.messages()) == 2


def test_a_letter_that_goes_as_another_comes_is_noticed(
    session: Session, support: Kept
) -> None:
    (past,) = support.uids()
    agreed = support.folder().agreed_count
    uid = support.put(letter("new"))
    support.outlook.select(INBOX)
    support.outlook.delete(UidSet.of([past]))

    arrived = take(session, support)

    assert (arrived, agreed) == (1, 1)
    assert support.folder().agreed_count == 2
    assert support.go().vanished == 1
    assert support.uids() == [uid]
    assert support.folder().agreed_count == 1


def test_several_letters_come_in_their_order(session: Session, support: Kept) -> None:
    uids = [support.put(letter(f"new{number}")) for number in range(5)]

    arrived = take(session, support)

    assert arrived == 5
    messages = [support.placement(uid).message_id for uid in uids]
    assert messages == [each.pk for each in support.messages()][-5:]


def test_what_nobody_told_of_is_left_to_the_pass(
    session: Session, support: Kept
) -> None:
    support.put(letter("new"))
    session.noop()
    folder = support.folder()

    assert at_once.take(session, [folder], {ARCHIVE}, check=lambda: None) == 0
    assert at_once.take(session, [], {INBOX}, check=lambda: None) == 0
    # It has been numbered anew since it was opened.
    folder.uid_validity = (folder.uid_validity or 0) + 1
    assert at_once.take(session, [folder], {INBOX}, check=lambda: None) == 0
    assert len(support.messages()) == 1


def test_a_large_letter_and_what_comes_behind_it_are_left_to_the_pass(
    session: Session, support: Kept
) -> None:
    support.put(letter("before"))
    large = support.put(letter("large" + "x" * at_once.MOST_BYTES))
    support.put(letter("behind"))

    arrived = take(session, support)

    assert arrived == 1
    assert support.folder().next_uid == large
    assert support.go().arrived == 2
    assert len(support.messages()) == 4


def test_many_letters_are_left_to_the_pass(session: Session, support: Kept) -> None:
    for number in range(at_once.MOST_LETTERS + 1):
        support.put(letter(f"new{number}"))

    assert take(session, support) == 0
    assert support.go().arrived == at_once.MOST_LETTERS + 1


def test_a_letter_that_may_have_been_moved_is_left_to_the_pass(
    session: Session, support: Kept
) -> None:
    support.tick(ARCHIVE, sync_from=Folder.SyncFrom.EVERYTHING)
    support.put(letter("archived"), folder=ARCHIVE)
    support.go(ARCHIVE)
    pipeline.process_mailbox(support.mailbox.pk)
    before = len(support.messages())
    support.outlook.select(ARCHIVE)
    support.outlook.move(UidSet.of(support.uids(ARCHIVE)), INBOX)

    assert take(session, support) == 0
    assert support.go().reappeared == 1
    assert len(support.messages()) == before


def test_who_lost_the_lease_takes_nothing(session: Session, support: Kept) -> None:
    support.put(letter("new"))
    session.noop()

    def lost() -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost):
        at_once.take(session, [support.folder()], {INBOX}, check=lost)

    assert len(support.messages()) == 1
