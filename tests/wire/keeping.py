"""A mailbox of Letterbox on a real server, for tests of synchronisation.

`Kept` is our side: rows, and passes over them. `outlook` is the other side: a session
of a person who reads the same mailbox elsewhere. No assertions here.
"""

from __future__ import annotations

import imaplib
import itertools
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from letterbox.imap import sessions
from letterbox.imap.sessions import Encryption, Server, Session
from letterbox.imap.utf7 import INBOX, WireName
from letterbox.imap.values import Password
from letterbox.models import Connection, Folder, Mailbox, Message, Placement
from letterbox.services import connections, mailboxes
from letterbox.sync import tree
from letterbox.sync.passes import Outcome, Pass
from tests.wire.dovecot import Dovecot

_numbers = itertools.count(1)

# What a server may be told to be silent about, from rich to poor.
EXTENSIONS = {
    "qresync": "",
    "condstore": "IMAP4rev1 LITERAL+ ID ENABLE IDLE UIDPLUS CONDSTORE ESEARCH UNSELECT",
    "plain": "IMAP4rev1 UIDPLUS",
}


@dataclass
class Kept:
    """One mailbox that Letterbox keeps, and who else uses it."""

    dovecot: Dovecot
    login: str
    mailbox: Mailbox
    outlook: Session

    @property
    def kind(self) -> str:
        """What the server offers, by the names of EXTENSIONS."""
        enabled = self.outlook.enabled
        return next((name for name in EXTENSIONS if name.upper() in enabled), "plain")

    def put(
        self,
        raw: bytes,
        *,
        folder: WireName = INBOX,
        at: datetime | None = None,
        flags: frozenset[str] = frozenset(),
    ) -> int:
        """Have the server take a letter; returns its UID."""
        appended = self.outlook.append(
            folder, raw, flags=flags, internal_date=at or timezone.now()
        )
        assert appended.uid
        return appended.uid

    def tick(
        self,
        name: WireName = INBOX,
        *,
        sync_from: str = Folder.SyncFrom.NOW,
        since: datetime | None = None,
        ago: timedelta = timedelta(0),
    ) -> Folder:
        """Have a folder kept, as if somebody had ticked it a while ago."""
        with self.session() as session:
            tree.refresh(self.mailbox, session.list_folders())
        folder = self.mailbox.folders.get(wire_name=name)
        wanted = set(
            self.mailbox.folders.filter(is_ticked=True).values_list("pk", flat=True)
        )
        mailboxes.tick_folders(
            self.mailbox,
            wanted=wanted | {folder.pk},
            by=None,
            sync_from=sync_from,
            since=since,
        )
        Folder.objects.filter(pk=folder.pk).update(ticked_at=timezone.now() - ago)
        return self.folder(name)

    def folder(self, name: WireName = INBOX) -> Folder:
        """The folder's row as it is now."""
        return self.mailbox.folders.get(wire_name=name)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of Letterbox itself."""
        session = log_in(self.dovecot, self.login)
        try:
            yield session
        finally:
            session.close()

    def go(self, name: WireName = INBOX) -> Outcome:
        """One pass over a folder on a connection of its own."""
        with self.session() as session:
            return Pass(session, self.folder(name)).run()

    def renumber(self, name: WireName = INBOX) -> None:
        """Have the server number the folder anew, and in another order."""
        self.outlook.log_out()
        maildir = self.dovecot.maildir(self.login, name)
        header, *lines = (maildir / "dovecot-uidlist").read_text().splitlines()
        fields = header.split()
        fields[1] = f"V{int(fields[1].removeprefix('V')) + 1_000}"
        names = [line.partition(":")[2] for line in reversed(lines)]
        first = 501
        fields[2] = f"N{first + len(names)}"
        lines = [f"{first + place} :{each}" for place, each in enumerate(names)]
        (maildir / "dovecot-uidlist").write_text(
            "\n".join([" ".join(fields), *lines, ""])
        )
        for path in maildir.glob("dovecot.index*"):
            path.unlink()
        for path in self.dovecot.maildir(self.login).glob("dovecot.list.index*"):
            path.unlink()
        self.outlook = log_in(self.dovecot, self.login)

    def back_up(self, target: Path) -> None:
        """Have all that the server holds, and knows, copied."""
        self.outlook.log_out()
        subprocess.run(["cp", "-a", self._maildir, target], check=True)
        self.outlook = log_in(self.dovecot, self.login)

    def restore(self, source: Path) -> None:
        """Have the server hold and know what it did when the copy was made."""
        self.outlook.log_out()
        shutil.rmtree(self._maildir)
        subprocess.run(["cp", "-a", source, self._maildir], check=True)
        self.outlook = log_in(self.dovecot, self.login)

    @property
    def _maildir(self) -> Path:
        return self.dovecot.maildir(self.login)

    def rename(self, old: str, new: str) -> None:
        """Have the server call a folder otherwise."""
        with imaplib.IMAP4(self.dovecot.host, self.dovecot.imap_port) as client:
            client.login(self.login, "secret")
            client.rename(f'"{old}"', f'"{new}"')

    def messages(self) -> list[Message]:
        """What Letterbox holds, oldest first."""
        return list(self.mailbox.messages.order_by("pk"))

    def history(self) -> dict[bytes, bool]:
        """Body line → whether the letter counts as history."""
        return {
            body_of(each.raw.content): each.is_history
            for each in self.mailbox.messages.select_related("raw")
        }

    def uids(self, name: WireName = INBOX) -> list[int]:
        """The UIDs under which the ledger believes letters to be there."""
        folder = self.folder(name)
        rows = Placement.objects.filter(
            folder=folder, uid_validity=folder.uid_validity or 0, gone_at__isnull=True
        )
        return list(rows.order_by("uid").values_list("uid", flat=True))

    def placement(self, uid: int, name: WireName = INBOX) -> Placement:
        """One line of the ledger."""
        folder = self.folder(name)
        return folder.placements.get(uid_validity=folder.uid_validity or 0, uid=uid)


def letter(text: str, *, sender: str = "carol@example.org", subject: str = "") -> bytes:
    """A small letter that is like no other."""
    number = next(_numbers)
    return (
        f"From: Carol <{sender}>\r\nTo: support@acme.example\r\n"
        f"Subject: {subject or text}\r\nMessage-ID: <{number}.{text}@example.org>\r\n"
        f"Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\n{text}\r\n"
    ).encode()


def message_id_of(raw: bytes) -> str:
    """The Message-ID of a letter made here."""
    return raw.partition(b"Message-ID: ")[2].partition(b"\r\n")[0].decode()


def body_of(raw: bytes) -> bytes:
    """The text of a letter made here."""
    return raw.partition(b"\r\n\r\n")[2].strip()


def log_in(dovecot: Dovecot, login: str) -> Session:
    """A session with the server, logged in."""
    session = sessions.connect(
        Server(dovecot.host, dovecot.imap_port, Encryption.NONE, timeout_seconds=10)
    )
    session.log_in(Password(login, "secret"))
    return session


def keep(dovecot: Dovecot, login: str) -> Kept:
    """Add a mailbox for the login; close `outlook` when done."""
    mailbox = mailboxes.add(label=login, address=f"{login}@acme.example", by=None)
    connections.save(
        mailbox,
        protocol=Connection.Protocol.IMAP,
        host=dovecot.host,
        port=dovecot.imap_port,
        encryption=Connection.Encryption.NONE,
        login=login,
        password="secret",
    )
    return Kept(dovecot, login, mailbox, log_in(dovecot, login))


def keep_for_cases(dovecot: Dovecot, login: str) -> Kept:
    """As `keep`; each first letter becomes a case, whatever its sender has open."""
    kept = keep(dovecot, login)
    mailboxes.set_processing(
        kept.mailbox,
        action="convert-to-case",
        options={"same_sender": "open-new"},
        by=None,
    )
    return kept
