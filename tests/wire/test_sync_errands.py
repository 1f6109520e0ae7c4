"""What we owe to the server, and what people ask of it: on a real Dovecot."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from django.test import override_settings
from django.utils import timezone

from letterbox.imap import errors
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.inbound import pipeline
from letterbox.models import Conversation, Folder, OutgoingMail, Placement, RemoteChange
from letterbox.services import conversations, mailboxes, raw_letters, remote
from letterbox.sync import errands, on_demand
from tests.wire import keeping
from tests.wire.dovecot import Dovecot
from tests.wire.keeping import Kept, letter

pytestmark = pytest.mark.django_db

ARCHIVE = WireName("Archive")
_people = itertools.count(1)


@pytest.fixture
def support(server: Dovecot) -> Iterator[Kept]:
    """A mailbox with one letter in it, which has become a conversation."""
    login = f"errand{next(_people)}"
    server.add_user(login, "secret")
    kept = keeping.keep(server, login)
    kept.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    kept.put(letter("question"), flags=frozenset({"\\Flagged", "Important"}))
    kept.go()
    pipeline.process_mailbox(kept.mailbox.pk)
    yield kept
    kept.outlook.close()


def flags_on_server(kept: Kept) -> frozenset[str]:
    kept.outlook.examine(INBOX)
    (state,) = kept.outlook.fetch_states(UidSet.of([1]))
    return state.flags or frozenset()


def the_conversation(kept: Kept) -> Conversation:
    return Conversation.objects.get(mailbox=kept.mailbox)


def waiting(kept: Kept) -> int:
    return kept.mailbox.remote_changes.filter(state="waiting").count()


def test_reading_here_changes_nothing_there_unless_the_mailbox_says_so(
    support: Kept,
) -> None:
    conversations.mark_read(the_conversation(support))

    assert waiting(support) == 0


def test_reading_here_is_seen_there_and_other_flags_stay(support: Kept) -> None:
    mailboxes.change(support.mailbox, by=None, writes_seen_back=True)
    conversation = the_conversation(support)
    conversations.mark_read(conversation)
    # Once is enough.
    remote.note_seen(conversation)
    assert waiting(support) == 1

    errands.run_errands(support.mailbox.pk)

    assert flags_on_server(support) == {"\\Flagged", "Important", "\\Seen"}
    assert waiting(support) == 0
    # Our own change comes back as no news.
    assert support.go().flags_changed == 0


def test_closing_moves_to_the_archive_and_the_letter_is_the_same(
    support: Kept,
) -> None:
    support.tick(ARCHIVE)
    support.go(ARCHIVE)
    mailboxes.change(support.mailbox, by=None, archive_folder="Archive")
    conversation = the_conversation(support)

    remote.archive(conversation)
    errands.run_errands(support.mailbox.pk)
    support.go()
    support.go(ARCHIVE)

    assert support.uids() == []
    assert len(support.uids(ARCHIVE)) == 1
    (message,) = support.messages()
    assert message.conversation_id == conversation.pk


def test_numbers_that_changed_meanwhile_change_no_other_letter(support: Kept) -> None:
    mailboxes.change(support.mailbox, by=None, writes_seen_back=True)
    remote.note_seen(the_conversation(support))
    support.renumber()

    errands.run_errands(support.mailbox.pk)

    support.outlook.examine(INBOX)
    (state,) = support.outlook.fetch_states(UidSet.span(1))
    assert "\\Seen" not in (state.flags or ())


def test_a_copy_goes_into_sent_once(support: Kept) -> None:
    sent = support.folder(WireName("Sent"))
    raw = raw_letters.store(letter("answer"))
    mail = OutgoingMail.objects.create(
        mailbox=support.mailbox,
        conversation=the_conversation(support),
        raw=raw,
        message_id=keeping.message_id_of(raw.content),
        sender=support.mailbox.address,
        recipients=["carol@example.org"],
        state=OutgoingMail.State.SENT,
        due_at=timezone.now(),
        trying_since=timezone.now(),
        sent_at=timezone.now(),
    )
    change = RemoteChange.objects.create(
        mailbox=support.mailbox, kind="append", outgoing=mail, folder=sent
    )
    errands.run_errands(support.mailbox.pk)
    # As after a crash between the APPEND and our note of it.
    RemoteChange.objects.filter(pk=change.pk).update(state="waiting")

    errands.run_errands(support.mailbox.pk)

    support.outlook.examine(WireName("Sent"))
    assert len(support.outlook.search("ALL")) == 1
    (state,) = support.outlook.fetch_states(UidSet.span(1))
    assert state.flags == frozenset({"\\Seen"})


def test_an_errand_that_the_server_refuses_is_given_up_in_the_end(
    support: Kept,
) -> None:
    support.outlook.create_folder(WireName("Gone soon"))
    target = support.tick(WireName("Gone soon"))
    support.rename("Gone soon", "Gone")
    RemoteChange.objects.create(
        mailbox=support.mailbox,
        kind="move",
        placement=support.placement(1),
        folder=target,
    )
    for _ in range(errands.MOST_ATTEMPTS):
        errands.run_errands(support.mailbox.pk)

    change = RemoteChange.objects.get(mailbox=support.mailbox)
    assert change.state == RemoteChange.State.FAILED
    assert change.problem
    assert support.go().vanished == 0


def test_a_large_letter_is_fetched_when_somebody_wants_it(support: Kept) -> None:
    large = letter("large") + b"and more\r\n" * 500
    with override_settings(LARGEST_LETTER_BYTES=1_000):
        uid = support.put(large)
        support.go()
        pipeline.process_mailbox(support.mailbox.pk)
    message = support.placement(uid).message
    assert message is not None
    assert "and more" not in message.text
    conversation_id = message.conversation_id

    on_demand.fetch_whole(message, by=None)

    message.refresh_from_db()
    assert message.raw.content == large
    assert "and more" in message.text
    assert message.conversation_id == conversation_id
    assert support.placement(uid).state == Placement.State.STORED


def test_a_large_letter_that_is_gone_is_said_to_be_gone(support: Kept) -> None:
    with override_settings(LARGEST_LETTER_BYTES=1_000):
        uid = support.put(letter("large") + b"and more\r\n" * 500)
        support.go()
    message = support.placement(uid).message
    assert message is not None
    support.outlook.select(INBOX)
    support.outlook.delete(UidSet.of([uid]))

    with pytest.raises(on_demand.NotThere, match="any more"):
        on_demand.fetch_whole(message, by=None)


def test_errands_wait_while_the_login_is_refused(support: Kept) -> None:
    mailboxes.change(support.mailbox, by=None, writes_seen_back=True)
    remote.note_seen(the_conversation(support))
    support.mailbox.connections.update(login="nobody")

    with pytest.raises(errors.LoginRefused):
        errands.run_errands(support.mailbox.pk)

    assert waiting(support) == 1


@pytest.mark.timeout(120)
def test_more_errands_than_are_done_in_a_go_come_to_an_end(support: Kept) -> None:
    place = support.placement(1)
    RemoteChange.objects.bulk_create(
        RemoteChange(
            mailbox=support.mailbox,
            kind=RemoteChange.Kind.ADD_FLAG,
            placement=place,
            value=f"word{number % 3}",
        )
        for number in range(errands.MOST_IN_A_GO + 1)
    )

    errands.run_errands(support.mailbox.pk)

    assert waiting(support) == 0
    assert {"word0", "word1", "word2"} <= flags_on_server(support)
