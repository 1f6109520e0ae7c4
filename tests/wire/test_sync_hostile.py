"""Servers that refuse, forget, lie and babble: a pass ends cleanly, the next goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from letterbox.imap import errors, sessions
from letterbox.imap.sessions import Encryption, Server
from letterbox.imap.utf7 import INBOX
from letterbox.imap.values import Password
from letterbox.inbound import pipeline
from letterbox.models import (
    Connection,
    Folder,
    Mailbox,
    Message,
    OutgoingMail,
    Placement,
    RemoteChange,
)
from letterbox.services import connections, mailboxes, raw_letters
from letterbox.sync import errands, reconcile
from letterbox.sync.passes import Outcome, Pass
from tests.wire import keeping
from tests.wire.keeping import letter
from tests.wire.scripted import ScriptedServer, Talk

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        server.letters = {uid: letter(f"letter-{uid}") for uid in (1, 2, 3)}
        yield server


@pytest.fixture
def folder() -> Folder:
    """An inbox of which everything is wanted, not looked at yet."""
    mailbox: Mailbox = mailboxes.add(
        label="Support", address="support@acme.example", by=None
    )
    return Folder.objects.create(
        mailbox=mailbox,
        wire_name=INBOX,
        path="INBOX",
        role=Folder.Role.INBOX,
        is_ticked=True,
        ticked_at=timezone.now(),
        sync_from=Folder.SyncFrom.EVERYTHING,
    )


def go(server: ScriptedServer, folder: Folder) -> Outcome:
    folder.refresh_from_db()
    address = Server(server.host, server.port, Encryption.NONE, timeout_seconds=2)
    with sessions.connect(address) as session:
        session.log_in(Password("support", "secret"))
        return Pass(session, folder).run()


def held(folder: Folder) -> list[int]:
    rows = folder.placements.filter(state=Placement.State.STORED)
    return list(rows.order_by("uid").values_list("uid", flat=True))


def test_a_uid_next_below_what_is_there_is_a_mistake_and_no_backup(
    server: ScriptedServer, folder: Folder
) -> None:
    go(server, folder)
    server.answers["EXAMINE"] = (
        b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n"
        b"* OK [UIDNEXT 3] too low\r\n{tag} OK done\r\n"
    )

    outcome = go(server, folder)

    folder.refresh_from_db()
    assert (outcome.arrived, outcome.vanished) == (0, 0)
    assert (folder.next_uid, folder.fell_back_at) == (4, None)
    assert held(folder) == [1, 2, 3]


def test_sizes_that_were_only_estimated_make_no_other_letters(
    server: ScriptedServer, folder: Folder
) -> None:
    """As with Exchange, which knows the size of a letter once it was fetched."""

    def with_identities(talk: Talk, tag: str, argument: str) -> bytes:
        uids, _, items = argument.partition(" ")
        asked = server.asked(uids)
        if "HEADER.FIELDS" not in items:
            said = [server.letter(uid, with_body="BODY" in items) for uid in asked]
        else:
            said = []
            for uid in asked:
                field = keeping.message_id_of(server.letters[uid]).encode()
                field = b"Message-ID: " + field + b"\r\n\r\n"
                said.append(
                    server.letter(uid, with_body=False).removesuffix(b")\r\n")
                    + b" BODY[HEADER.FIELDS (MESSAGE-ID)] {%d}\r\n" % len(field)
                    + field
                    + b")\r\n"
                )
        return b"".join(said) + b"{tag} OK done\r\n"

    server.answers["UID FETCH"] = with_identities
    go(server, folder)
    pipeline.process_mailbox(folder.mailbox_id)
    server.letters = {uid: raw + b"more" for uid, raw in server.letters.items()}
    server.letters[4] = letter("letter-4")

    outcome = go(server, folder)

    folder.refresh_from_db()
    assert (outcome.arrived, outcome.vanished) == (1, 0)
    assert (folder.uid_validity, folder.fell_back_at) == (7, None)
    assert held(folder) == [1, 2, 3, 4]


def test_a_letter_that_is_refused_never_hides_its_neighbours(
    server: ScriptedServer, folder: Folder
) -> None:
    def refuse_two(talk: Talk, tag: str, argument: str) -> bytes:
        uids, _, items = argument.partition(" ")
        asked = server.asked(uids)
        if "BODY" in items and 2 in asked:
            return b"{tag} NO [UNAVAILABLE] UID FETCH Server error\r\n"
        return (
            b"".join(server.letter(uid, with_body="BODY" in items) for uid in asked)
            + b"{tag} OK done\r\n"
        )

    server.answers["UID FETCH"] = refuse_two
    outcome = go(server, folder)

    assert outcome.refused == 1
    assert held(folder) == [1, 3]
    refused = folder.placements.get(uid=2)
    assert refused.state == Placement.State.UNREADABLE
    assert "Server error" in refused.reason
    # Not asked for again before its time, and then ever more seldom.
    assert go(server, folder).refused == 0
    waits = []
    for _ in range(3):
        folder.placements.filter(uid=2).update(retry_at=timezone.now())
        assert go(server, folder).refused == 1
        refused.refresh_from_db()
        assert refused.retry_at is not None
        waits.append(refused.retry_at - timezone.now())
    assert timedelta(minutes=3) < waits[0] < waits[1] < waits[2] < timedelta(days=1)

    del server.answers["UID FETCH"]
    folder.placements.filter(uid=2).update(retry_at=timezone.now())
    go(server, folder)

    assert held(folder) == [1, 2, 3]
    assert folder.placements.get(uid=2).retry_at is None


def test_a_letter_that_is_announced_too_early_is_not_passed_by(
    server: ScriptedServer, folder: Folder
) -> None:
    def not_yet(talk: Talk, tag: str, argument: str) -> bytes:
        uids, _, items = argument.partition(" ")
        return (
            b"".join(
                server.letter(uid, with_body="BODY" in items)
                for uid in server.asked(uids)
                if uid != 3 or "BODY" not in items
            )
            + b"{tag} OK done\r\n"
        )

    server.answers["UID FETCH"] = not_yet
    go(server, folder)
    assert held(folder) == [1, 2]
    assert folder.placements.get(uid=3).state == Placement.State.UNREADABLE
    del server.answers["UID FETCH"]
    folder.placements.filter(uid=3).update(retry_at=timezone.now())

    go(server, folder)

    assert held(folder) == [1, 2, 3]


@pytest.mark.parametrize(
    "garbage",
    [
        b"* 1 FETCH (UID 99 BODY[] {3}\r\nabc)\r\n{tag} OK done\r\n",
        b"* 1 FETCH (UID 1 BODY[] {99999}\r\nabc",
        b"\x00\xff\xfe garbage\r\n",
        b"* 1 FETCH (((((((((((\r\n{tag} OK\r\n",
        b"<hang up>",
        b"* BYE going down\r\n<hang up>",
        b"A999 OK whose tag is this\r\n",
    ],
)
def test_whatever_a_server_says_the_next_pass_goes_on(
    server: ScriptedServer, folder: Folder, garbage: bytes
) -> None:
    ordinary = server._uid_fetch

    def babble(talk: Talk, tag: str, argument: str) -> bytes:
        is_body = "BODY" in argument
        return garbage if is_body else ordinary(talk, tag, argument)

    server.answers["UID FETCH"] = babble
    with suppress(errors.ImapError):
        go(server, folder)
    assert not Message.objects.filter(raw__size__lt=10).exists()
    del server.answers["UID FETCH"]
    folder.placements.update(retry_at=timezone.now())

    go(server, folder)

    assert held(folder) == [1, 2, 3]
    assert Message.objects.count() == 3


def test_a_uidvalidity_of_zero_is_never_believed(
    server: ScriptedServer, folder: Folder
) -> None:
    go(server, folder)
    server.uid_validity = 0
    server.letters[4] = letter("letter-4")

    go(server, folder)

    folder.refresh_from_db()
    assert folder.uid_validity == 7
    assert held(folder) == [1, 2, 3, 4]


def test_a_server_that_lists_nothing_takes_nothing_away(
    server: ScriptedServer, folder: Folder
) -> None:
    server.letters = {uid: letter(f"letter-{uid}") for uid in range(1, 41)}
    go(server, folder)
    everything = server.letters
    server.letters = {}

    outcome = go(server, folder)

    assert outcome.doubtful == 40
    assert not folder.placements.filter(gone_at__isnull=False).exists()
    server.letters = everything
    assert go(server, folder).doubtful == 0


def test_the_account_tells_what_is_unreadable(
    server: ScriptedServer, folder: Folder
) -> None:
    go(server, folder)
    Placement.objects.filter(folder=folder, uid=2).update(
        state=Placement.State.UNREADABLE, message=None
    )
    address = Server(server.host, server.port, Encryption.NONE, timeout_seconds=2)
    folder.refresh_from_db()
    with sessions.connect(address) as session:
        session.log_in(Password("support", "secret"))

        count = reconcile.count(session, folder)

    assert (count.server, count.stored, count.unreadable, count.missing) == (3, 2, 1, 0)


def test_a_letter_that_came_during_a_pass_hides_nothing_that_is_gone(
    server: ScriptedServer, folder: Folder
) -> None:
    go(server, folder)
    server.letters |= {uid: letter(f"letter-{uid}") for uid in (4, 5)}
    # The last one came when the folder was open already.
    server.answers["EXAMINE"] = (
        b"* 4 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n* OK [UIDNEXT 5] next\r\n"
        b"{tag} OK [READ-ONLY] done\r\n"
    )
    assert go(server, folder).arrived == 2
    del server.answers["EXAMINE"], server.letters[1]

    outcome = go(server, folder)

    assert outcome.vanished == 1
    assert held(folder) == [1, 2, 3, 4, 5]
    assert folder.placements.get(uid=1).gone_at is not None


def test_a_copy_is_added_where_a_folder_that_is_only_read_takes_none(
    server: ScriptedServer, folder: Folder
) -> None:
    """As Courier, which looks at how the folder was opened."""
    connections.save(
        folder.mailbox,
        protocol=Connection.Protocol.IMAP,
        host=server.host,
        port=server.port,
        encryption=Connection.Encryption.NONE,
        login="support",
        password="secret",
    )
    raw = letter("our answer")
    mail = OutgoingMail.objects.create(
        mailbox=folder.mailbox,
        raw=raw_letters.store(raw),
        message_id=keeping.message_id_of(raw),
        sender=folder.mailbox.address,
        recipients=["carol@example.org"],
        state=OutgoingMail.State.SENT,
        due_at=timezone.now(),
        trying_since=timezone.now(),
        sent_at=timezone.now(),
    )
    RemoteChange.objects.create(
        mailbox=folder.mailbox, kind="append", outgoing=mail, folder=folder
    )
    server.letters = {}

    def append(talk: Talk, tag: str, argument: str) -> bytes:
        opened = [
            said
            for said in server.heard_commands()
            if said[:7] in ("SELECT ", "EXAMINE")
        ]
        if opened and opened[-1].startswith("EXAMINE"):
            return b"{tag} NO Current box is selected READ-ONLY.\r\n"
        server.letters[1] = raw
        return b"{tag} OK [APPENDUID 7 1] done\r\n"

    server.answers["APPEND"] = append
    errands.run_errands(folder.mailbox.pk)

    assert list(server.letters) == [1]
    change = RemoteChange.objects.get(mailbox=folder.mailbox)
    assert (change.state, change.problem) == (RemoteChange.State.DONE, "")
