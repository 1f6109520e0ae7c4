"""A session with an IMAP server, as the rest of Letterbox uses it.

    with sessions.connect(Server("imap.example.org", 993)) as session:
        session.log_in(Password("support", "…"))
        folder = session.examine(INBOX)
        for outcome in session.fetch_letters(session.search("ALL")):
            …

Plain values go in and come out. A session belongs to one thread. After a timeout,
a lost connection or an answer that makes no sense it is closed and never used again:
every later call raises SessionClosed.
"""

import ssl
from collections.abc import Generator, Iterator
from datetime import datetime
from types import TracebackType

from letterbox.imap import (
    changing,
    fetching,
    listing,
    outlines,
    searching,
    selecting,
    signing_in,
    watching,
)
from letterbox.imap.capabilities import Capabilities
from letterbox.imap.commands import Part
from letterbox.imap.connection import Connection, InFlight, News
from letterbox.imap.errors import ImapError
from letterbox.imap.framing import Limits
from letterbox.imap.quirks import Quirks, quirks_for
from letterbox.imap.responses import (
    FolderListing,
    FolderStatus,
    Identity,
    Namespaces,
)
from letterbox.imap.transport import Encryption, Server, Transport
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import WireName
from letterbox.imap.values import (
    AccessToken,
    Appended,
    Changes,
    Copied,
    FetchOutcome,
    KnownState,
    LetterIdentity,
    LetterOutline,
    LetterState,
    Password,
    SelectedFolder,
)

__all__ = ["Encryption", "Server", "Session", "connect"]


def connect(
    server: Server,
    *,
    tls: ssl.SSLContext | None = None,
    limits: Limits | None = None,
) -> "Session":
    """Connect, encrypt and read the greeting.

    `tls` says whom to trust; without it, whom the system trusts. Raises
    CannotConnect in one of its kinds, Throttled, or ConnectionLost.
    """
    connection = Connection(Transport(server, tls), limits)
    try:
        is_logged_in = signing_in.greet(connection, server.encryption)
        session = Session(connection, server.host, is_logged_in=is_logged_in)
        if is_logged_in:
            session.identity = signing_in.introduce(connection)
    except BaseException:
        connection.close()
        raise
    return session


class Session:
    """One conversation with a server."""

    def __init__(
        self, connection: Connection, host: str, *, is_logged_in: bool
    ) -> None:
        """For `connect` only."""
        self._host = host
        self._connection = connection
        self._idle: InFlight | None = None
        self.is_logged_in = is_logged_in
        self.selected: SelectedFolder | None = None
        self.identity: Identity | None = None

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.log_out()
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether anything can still be asked."""
        return self._connection.is_open

    @property
    def capabilities(self) -> Capabilities:
        """What the server can do, as it said last."""
        return self._connection.capabilities

    @property
    def enabled(self) -> frozenset[str]:
        """Which extensions are on: CONDSTORE, QRESYNC."""
        return self._connection.enabled

    @property
    def quirks(self) -> Quirks:
        """What is particular about this server."""
        fields = self.identity.fields if self.identity else None
        return quirks_for(self._host, self.capabilities, fields)

    @property
    def is_slowed_down(self) -> bool:
        """Whether the server said that it answers slowly on purpose."""
        return self._connection.is_slowed_down

    @property
    def bytes_received(self) -> int:
        """How many bytes came over the wire, for byte budgets."""
        return self._connection.transport.bytes_received

    def fileno(self) -> int:
        """Return the descriptor of the socket, for those who watch many sessions."""
        return self._connection.transport.fileno()

    def log_in(
        self,
        who: Password | AccessToken,
        *,
        compress: bool = False,
        utf8: bool = False,
    ) -> None:
        """Log in, introduce ourselves (ID), turn on QRESYNC or CONDSTORE.

        `compress` is for slow lines: it costs the server ten times the work. `utf8`
        lets letters with UTF-8 in their headers through as they are (RFC 6855).
        Raises LoginRefused, Throttled or ConnectionLost.
        """
        signing_in.log_in(self._connection, who)
        self.is_logged_in = True
        self.identity = signing_in.introduce(
            self._connection, compress=compress, utf8=utf8
        )

    def list_folders(self) -> list[FolderListing]:
        """Return all folders; `folders.roles_of` tells what they are for."""
        return listing.list_folders(self._connection)[0]

    def list_folders_with_status(
        self,
    ) -> tuple[list[FolderListing], dict[WireName, FolderStatus]]:
        """Return all folders and the state of each, in one round trip if possible."""
        return listing.list_folders(self._connection, with_status=True)

    def statuses(self, names: list[WireName]) -> dict[WireName, FolderStatus]:
        """Return the state of these folders; those it refuses are left out."""
        return listing.statuses_of(self._connection, names)

    def namespaces(self) -> Namespaces:
        """Return where folders live; empty if the server does not say."""
        return listing.namespaces(self._connection)

    def select(
        self, name: WireName, *, known: KnownState | None = None
    ) -> SelectedFolder:
        """Open a folder to change it; see `selecting.select`."""
        return self._select(name, known, read_only=False)

    def examine(
        self, name: WireName, *, known: KnownState | None = None
    ) -> SelectedFolder:
        """Open a folder to read it only; nothing becomes seen or recent."""
        return self._select(name, known, read_only=True)

    def unselect(self) -> None:
        """Leave the folder without expunging anything (RFC 3691)."""
        self.selected = None
        if self.capabilities.has("UNSELECT"):
            self._connection.run("UNSELECT")
            self._connection.forget_news_of_letters()

    def search(self, *criteria: Part) -> UidSet:
        """Return the UIDs that match; `bytes` are data, `str` is IMAP syntax.

        >>> session.search("HEADER", "Message-ID", b"<1@example.org>")
        """
        return searching.search(self._connection, criteria)

    def fetch_states(
        self, uids: UidSet, *, changed_since: int | None = None
    ) -> Iterator[LetterState]:
        """Yield flags, size and dates; see `fetching.states`."""
        return fetching.states(self._connection, uids, changed_since=changed_since)

    def fetch_flags(self, uids: UidSet) -> Iterator[LetterState]:
        """Yield the flags alone, for servers that cannot tell what changed."""
        return fetching.flags(self._connection, uids)

    def fetch_changes(self, since: int) -> Changes:
        """Return flags changed and letters vanished since a mod-sequence."""
        return fetching.changes(self._connection, UidSet.span(1), since)

    def fetch_identities(self, uids: UidSet) -> Iterator[LetterIdentity]:
        """Yield what tells whether letters are ones we have; for a new UIDVALIDITY."""
        return fetching.identities(self._connection, uids)

    def fetch_outline(self, uid: int) -> LetterOutline | None:
        """Return the header and the parts of a letter that is too large."""
        return outlines.outline(self._connection, uid)

    def fetch_part(self, uid: int, section: str) -> bytes | None:
        """Return one part of a letter, still encoded; see `outlines.part`."""
        return outlines.part(self._connection, uid, section)

    def fetch_letters(
        self, uids: UidSet, *, batch: int | None = None
    ) -> Generator[FetchOutcome, None, None]:
        """Yield each letter or what became of it; see `fetching.letters`."""
        return fetching.letters(
            self._connection, uids, batch=batch or self.quirks.fetch_batch
        )

    def append(
        self,
        name: WireName,
        raw: bytes,
        *,
        flags: frozenset[str] = frozenset(),
        internal_date: datetime | None = None,
    ) -> Appended:
        """Put a letter into a folder."""
        return changing.append(
            self._connection, name, raw, flags=flags, internal_date=internal_date
        )

    def store(
        self,
        uids: UidSet,
        *,
        add: frozenset[str] = frozenset(),
        remove: frozenset[str] = frozenset(),
        unchanged_since: int | None = None,
    ) -> UidSet:
        """Add and remove flags; returns the letters left alone as changed."""
        return changing.store(
            self._connection,
            uids,
            add=add,
            remove=remove,
            unchanged_since=unchanged_since,
        )

    def move(self, uids: UidSet, name: WireName) -> Copied:
        """Move letters to another folder; see `changing.move`."""
        return changing.move(self._connection, uids, name)

    def copy(self, uids: UidSet, name: WireName) -> Copied:
        """Copy letters to another folder."""
        return changing.copy(self._connection, uids, name)

    def delete(self, uids: UidSet) -> None:
        """Delete these letters for good; raises Unsupported without UIDPLUS."""
        changing.delete(self._connection, uids)

    def create_folder(self, name: WireName) -> None:
        """Create a folder."""
        self._connection.run("CREATE", listing.wire_bytes(self._connection, name))

    def idle(self, seconds: float, *, wake: int | None = None) -> list[News]:
        """Wait in IDLE for news of the selected folder; empty if time is up.

        `wake` is a descriptor by which another thread ends the waiting.
        """
        self.start_idle()
        news = self.wait(seconds, wake=wake)
        return news + self.stop_idle()

    def start_idle(self) -> None:
        """Begin IDLE; only `wait` and `stop_idle` may follow."""
        self._idle = watching.start_idle(self._connection)

    def stop_idle(self) -> list[News]:
        """End IDLE and return the last news."""
        if self._idle is not None:
            flight, self._idle = self._idle, None
            watching.stop_idle(self._connection, flight)
        return watching.take_news(self._connection)

    def notify(self) -> dict[WireName, FolderStatus]:
        """Ask for news of all folders from now on; returns the state of each."""
        return watching.notify(self._connection)

    def wait(self, seconds: float, *, wake: int | None = None) -> list[News]:
        """Wait for news, in IDLE or after `notify`; empty if time is up."""
        return watching.wait(self._connection, seconds, wake=wake)

    def noop(self) -> list[News]:
        """Ask for news now; proves that the server is still there."""
        return watching.noop(self._connection)

    def log_out(self) -> None:
        """Say goodbye and close; never raises, since it is over in any case."""
        try:
            if self.is_open:
                if self._idle is not None:
                    self.stop_idle()
                self._connection.leave()
        except ImapError:
            pass
        self.close()

    def close(self) -> None:
        """Drop the connection without a word; harmless when repeated."""
        self._connection.close()

    def _select(
        self, name: WireName, known: KnownState | None, *, read_only: bool
    ) -> SelectedFolder:
        self.selected = None
        self.selected = selecting.select(
            self._connection, name, read_only=read_only, known=known
        )
        return self.selected
