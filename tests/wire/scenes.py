"""What happens in a mailbox before a wire breaks, and where we stand after a pass.

The scenes change the server and, by passes of their own, our rows. A `Standing` is all
that a pass goes by: two over the same server must end in the same one, however often
one of them broke off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from letterbox.imap import errors, sessions
from letterbox.imap.sessions import Encryption, Server
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.imap.values import Password
from letterbox.models import Folder, Placement
from letterbox.sync.passes import Pass
from tests.wire.cutting import HOST, Wire
from tests.wire.keeping import Kept, letter

ARCHIVE = WireName("Archive")


def some_history(kept: Kept) -> None:
    """Two letters of the past and two of today; nothing is known of them yet."""
    now = timezone.now()
    for number in range(2):
        kept.put(letter(f"old-{number}"), at=now - timedelta(days=3))
    kept.tick(sync_from=Folder.SyncFrom.EVERYTHING, ago=timedelta(seconds=5))
    for number in range(2):
        kept.put(letter(f"new-{number}"))


def some_changes(kept: Kept) -> None:
    """After a pass: a letter comes, one is marked, one is deleted."""
    some_history(kept)
    kept.go()
    kept.put(letter("newest"))
    kept.outlook.select(INBOX)
    kept.outlook.store(UidSet.of([1]), add=frozenset({"\\Flagged"}))
    kept.outlook.delete(UidSet.of([3]))
    kept.outlook.unselect()


def some_moves(kept: Kept) -> None:
    """After a pass over two folders: letters moved both ways, more comes and goes."""
    some_history(kept)
    kept.put(letter("archived"), folder=ARCHIVE)
    kept.tick(ARCHIVE, sync_from=Folder.SyncFrom.EVERYTHING)
    kept.go()
    kept.go(ARCHIVE)
    kept.outlook.select(INBOX)
    kept.outlook.move(UidSet.of([2, 4]), ARCHIVE)
    kept.outlook.store(UidSet.of([1]), add=frozenset({"\\Seen"}))
    kept.outlook.delete(UidSet.of([3]))
    kept.outlook.select(ARCHIVE)
    kept.outlook.move(UidSet.of([1]), INBOX)
    kept.outlook.unselect()
    for number in range(2):
        kept.put(letter(f"newest-{number}"))


def some_new_numbers(kept: Kept) -> None:
    """After a pass: letters come and go, and the server numbers them all anew."""
    some_changes(kept)
    kept.renumber()


SCENES = (some_history, some_changes, some_moves, some_new_numbers)

Line = tuple[int, int, bytes, bool, tuple[str, ...], int, str, bool]


@dataclass(frozen=True)
class Account:
    """One folder: its cursors by name, and its ledger.

    A line of the ledger: UIDVALIDITY, UID, hash of the letter, history or not, flags,
    mod-sequence, state, gone or not.
    """

    cursors: tuple[tuple[str, object], ...]
    ledger: tuple[Line, ...]

    def cursor(self, name: str) -> int:
        """A cursor by its name; 0 before the first pass."""
        value = dict(self.cursors)[name]
        return value if isinstance(value, int) else 0


@dataclass(frozen=True)
class Standing:
    """All messages, by hash, and the account of each folder, by name."""

    messages: tuple[bytes, ...]
    accounts: tuple[tuple[str, Account], ...]


CURSORS = (
    "uid_validity",
    "live_uid",
    "next_uid",
    "mod_seq",
    "backfill_uid",
    "is_backfilling",
    "agreed_count",
)


def standing_of(kept: Kept) -> Standing:
    """Where we stand now; fails if a letter has two messages, or no line."""
    accounts = []
    for name, pk, *cursors in kept.mailbox.folders.filter(is_ticked=True).values_list(
        "wire_name", "pk", *CURSORS
    ):
        rows = Placement.objects.filter(folder=pk).order_by("uid_validity", "uid")
        ledger = tuple(
            (
                validity,
                uid,
                bytes(sha or b""),
                bool(is_history),
                tuple(flags),
                mod_seq,
                state,
                gone_at is not None,
            )
            for (
                validity,
                uid,
                sha,
                is_history,
                flags,
                mod_seq,
                state,
                gone_at,
            ) in rows.values_list(
                "uid_validity",
                "uid",
                "message__raw__sha256",
                "message__is_history",
                "flags",
                "mod_seq",
                "state",
                "gone_at",
            )
        )
        accounts.append(
            (name, Account(tuple(zip(CURSORS, cursors, strict=True)), ledger))
        )
    held = kept.mailbox.messages.values_list("raw__sha256", flat=True)
    messages = tuple(sorted(map(bytes, held)))
    lines = {line[2] for _, account in accounts for line in account.ledger}
    assert messages == tuple(sorted(lines)), "a letter is there twice, or on no line"
    return Standing(messages, tuple(accounts))


def assert_no_cursor_lies(now: Standing, at_the_end: Standing) -> None:
    """No cursor has passed what is not done yet.

    Whatever lies behind one is not asked for again: letters that should be held, and
    changes up to a mod-sequence.
    """
    end = dict(at_the_end.accounts)
    for name, account in now.accounts:
        live, following = account.cursor("live_uid"), account.cursor("next_uid")
        held = {line[1] for line in account.ledger}
        for _, uid, *_, is_gone in end[name].ledger:
            is_behind = live <= uid < following or (
                account.cursor("backfill_uid") <= uid < live
            )
            assert uid in held or is_gone or not is_behind, f"{name}: {uid} is passed"
        if account.cursor("mod_seq") == end[name].cursor("mod_seq") > 0:
            assert account == end[name], f"{name}: changes are passed"


def pass_over(kept: Kept, wire: Wire) -> bool:
    """One pass over each ticked folder on the wire; whether it came to its end."""
    server = Server(HOST, wire.port, Encryption.NONE, timeout_seconds=5)
    try:
        with sessions.connect(server) as session:
            session.log_in(Password(kept.login, "secret"))
            for folder in kept.mailbox.folders.filter(is_ticked=True).order_by("pk"):
                Pass(session, folder).run()
    except errors.ImapError:
        return False
    return True


@contextmanager
def undone() -> Iterator[None]:
    """Whatever the block does to our rows is undone at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
