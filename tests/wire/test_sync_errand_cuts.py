"""A wire that is cut while we change something on the server: it happens exactly once.

Cut at each byte of what the server says and at each byte of what we say. Every cut has
an errand of its own; the next try does what is left of it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from django.test import override_settings
from django.utils import timezone

from letterbox.imap import errors
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.imap.values import FetchedLetter
from letterbox.inbound import pipeline
from letterbox.models import (
    Connection,
    Conversation,
    Folder,
    OutgoingMail,
    Placement,
    RemoteChange,
)
from letterbox.services import raw_letters
from letterbox.sync import errands
from tests.conftest import NoteFault
from tests.wire import keeping
from tests.wire.cutting import NEVER, Wire
from tests.wire.dovecot import Dovecot
from tests.wire.keeping import Kept, letter

SENT, ARCHIVE = WireName("Sent"), WireName("Archive")
_people = itertools.count(1)


@pytest.fixture
def support(server: Dovecot) -> Iterator[Kept]:
    """A mailbox with one letter in it, which has become a conversation."""
    login = f"owing{next(_people)}"
    server.add_user(login, "secret")
    kept = keeping.keep(server, login)
    kept.tick(sync_from=Folder.SyncFrom.EVERYTHING)
    kept.put(letter("question"))
    kept.go()
    pipeline.process_mailbox(kept.mailbox.pk)
    yield kept
    kept.outlook.close()


def owe_copies(kept: Kept, count: int) -> list[RemoteChange]:
    """Answers that are to be put into Sent."""
    folder, now = kept.folder(SENT), timezone.now()
    conversation = Conversation.objects.get(mailbox=kept.mailbox)
    changes = []
    for _ in range(count):
        raw = raw_letters.store(letter("answer"))
        mail = OutgoingMail.objects.create(
            mailbox=kept.mailbox,
            conversation=conversation,
            raw=raw,
            message_id=keeping.message_id_of(raw.content),
            sender=kept.mailbox.address,
            recipients=["carol@example.org"],
            state=OutgoingMail.State.SENT,
            due_at=now,
            trying_since=now,
            sent_at=now,
        )
        changes.append(
            RemoteChange(
                mailbox=kept.mailbox, kind="append", outgoing=mail, folder=folder
            )
        )
    return changes


def owe_moves(kept: Kept, count: int) -> list[RemoteChange]:
    """Letters that are to be moved out of the inbox."""
    target = kept.folder(ARCHIVE)
    return [
        RemoteChange(
            mailbox=kept.mailbox,
            kind="move",
            placement=kept.placement(uid),
            folder=target,
        )
        for uid in _more_letters(kept, count)
    ]


def owe_large_moves(kept: Kept, count: int) -> list[RemoteChange]:
    """The same with letters of which we have the header only."""
    with override_settings(LARGEST_LETTER_BYTES=100):
        changes = owe_moves(kept, count)
    states = {each.placement.state for each in changes if each.placement}
    assert states == {Placement.State.OVERSIZE}
    return changes


def owe_flags(kept: Kept, count: int) -> list[RemoteChange]:
    """Letters that are to be marked."""
    return [
        RemoteChange(
            mailbox=kept.mailbox,
            kind="add-flag",
            placement=kept.placement(uid),
            value="\\Seen",
        )
        for uid in _more_letters(kept, count)
    ]


def _more_letters(kept: Kept, count: int) -> list[int]:
    raws = [letter(f"letter-{number}") for number in range(count)]
    kept.dovecot.append(kept.login, "INBOX", raws)
    before = set(kept.uids())
    kept.go()
    return sorted(set(kept.uids()) - before)


def bodies_in(kept: Kept, name: WireName) -> Counter[bytes]:
    """What the server holds in a folder: letter → how often."""
    kept.outlook.examine(name)
    there = kept.outlook.fetch_letters(kept.outlook.search("ALL"))
    return Counter(one.raw for one in there if isinstance(one, FetchedLetter))


def cut_everywhere(
    kept: Kept, owe: Callable[[Kept, int], list[RemoteChange]], *, step: int
) -> dict[str, int]:
    """Do an errand for each place at which the wire is cut; returns the figures."""
    figures: Counter[str] = Counter()
    with Wire.to(kept.dovecot.imap_port) as wire:
        Connection.objects.filter(mailbox=kept.mailbox).update(port=wire.port)
        (change,) = owe(kept, 1)
        change.save()
        assert _try(kept)
        figures["bytes"] = wire.passed + wire.said
        places = [(at, NEVER) for at in range(1, wire.passed + 1, step)]
        places += [(NEVER, at) for at in range(1, wire.said + 1, step)]
        changes = owe(kept, len(places))
        for (cut, mute), change in zip(places, changes, strict=True):
            wire.cut_after, wire.mute_after = cut, mute
            change.save()
            figures["through" if _try(kept) else "cut"] += 1
            wire.cut_after = wire.mute_after = NEVER
            assert _try(kept)
    waiting = kept.mailbox.remote_changes.exclude(state="done")
    assert not waiting.exists()
    return dict(figures)


def _try(kept: Kept) -> bool:
    """Do what is owed; whether the wire held."""
    try:
        errands.run_errands(kept.mailbox.pk)
    except errors.ImapError:
        return False
    return True


def assert_each_copy_is_in_sent_once(kept: Kept) -> None:
    owed = OutgoingMail.objects.filter(mailbox=kept.mailbox).select_related("raw")
    assert bodies_in(kept, SENT) == Counter(each.raw.content for each in owed)


def assert_each_letter_was_moved_once(kept: Kept) -> None:
    kept.outlook.examine(INBOX)
    assert len(kept.outlook.search("ALL")) == 1
    # Table by table: without statistics a join of so many rows takes for ever.
    moved = kept.mailbox.remote_changes.prefetch_related("placement__message__raw")
    placed = [each.placement.message for each in moved if each.placement]
    assert bodies_in(kept, ARCHIVE) == Counter(
        each.raw.content for each in placed if each
    )


def assert_each_large_letter_was_moved_once(kept: Kept) -> None:
    kept.outlook.examine(INBOX)
    assert len(kept.outlook.search("ALL")) == 1
    moved = bodies_in(kept, ARCHIVE)
    assert set(moved.values()) == {1}
    assert len(moved) == kept.mailbox.remote_changes.count()


# The servers that do not know MOVE.
@pytest.mark.parametrize("server", ["condstore", "plain"], indirect=True)
@pytest.mark.django_db
def test_a_large_letter_is_known_by_its_header_where_it_was_copied(
    support: Kept,
) -> None:
    large, alike = (
        letter(f"{kind}-plan") + b"." * 50_000 for kind in ("house", "green")
    )
    with override_settings(LARGEST_LETTER_BYTES=1_000):
        uid = support.put(large)
        support.put(alike, folder=ARCHIVE)
        support.go()
    # As after a wire that was cut before the answer to COPY.
    support.outlook.select(INBOX)
    support.outlook.copy(UidSet.of([uid]), ARCHIVE)
    support.outlook.unselect()
    RemoteChange.objects.create(
        mailbox=support.mailbox,
        kind="move",
        placement=support.placement(uid),
        folder=support.folder(ARCHIVE),
        attempts=1,
    )

    with Wire.to(support.dovecot.imap_port) as wire:
        Connection.objects.filter(mailbox=support.mailbox).update(port=wire.port)
        assert _try(support)
        downloaded = wire.passed

    assert bodies_in(support, ARCHIVE) == Counter([large, alike])
    assert bodies_in(support, INBOX)[large] == 0
    assert downloaded < 10_000


def assert_each_letter_is_marked(kept: Kept) -> None:
    marked = RemoteChange.objects.filter(mailbox=kept.mailbox)
    uids = UidSet.of(marked.values_list("placement__uid", flat=True))
    kept.outlook.examine(INBOX)
    states = list(kept.outlook.fetch_states(uids))
    assert len(states) == len(uids)
    assert all(state.flags == frozenset({"\\Seen"}) for state in states)


ERRANDS = [
    pytest.param(owe_copies, assert_each_copy_is_in_sent_once, id="copies"),
    pytest.param(owe_moves, assert_each_letter_was_moved_once, id="moves"),
    pytest.param(
        owe_large_moves, assert_each_large_letter_was_moved_once, id="large-moves"
    ),
    pytest.param(owe_flags, assert_each_letter_is_marked, id="flags"),
]


@pytest.mark.parametrize(("owe", "assert_done"), ERRANDS)
@pytest.mark.django_db
def test_an_errand_cut_at_sampled_bytes_is_done_once(
    support: Kept,
    note_fault: NoteFault,
    owe: Callable[[Kept, int], list[RemoteChange]],
    assert_done: Callable[[Kept], None],
) -> None:
    figures = cut_everywhere(support, owe, step=53)

    assert figures["cut"] > 10
    assert_done(support)
    note_fault(f"errand cut, {owe.__name__}, {support.kind}, sampled", **figures)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("owe", "assert_done"), ERRANDS)
@pytest.mark.django_db
def test_an_errand_cut_at_every_byte_is_done_once(
    support: Kept,
    note_fault: NoteFault,
    owe: Callable[[Kept, int], list[RemoteChange]],
    assert_done: Callable[[Kept], None],
) -> None:
    figures = cut_everywhere(support, owe, step=1)

    assert_done(support)
    note_fault(f"errand cut, {owe.__name__}, {support.kind}, at every byte", **figures)
