"""Check Connection / Retrieve Folders: each step apart, with the server's own words.

Takes about the same time whatever it finds, and may be kept to an allow-list of hosts,
so that it is of no use as a port scanner.
"""

from __future__ import annotations

import fnmatch
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from django.conf import settings as environment

from letterbox.imap import errors, sessions, utf7, values
from letterbox.imap.responses import FolderListing
from letterbox.models import Connection, Folder, Mailbox
from letterbox.oauth.errors import OauthError
from letterbox.services import connections, settings
from letterbox.smtp import check as smtp_check
from letterbox.smtp.settings import SmtpSettings
from letterbox.sync import health, opening, slots, tree

LEAST_SECONDS = 0.5
# A preview waits for these many SEARCHes at most.
MOST_COUNTED = 30
MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Line:
    """How one step went, in words for people."""

    step: str
    is_good: bool
    sentence: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found; `listings` is empty unless everything went well.

    `counts` is wire name → letters in the folder, for those that the server counts.
    """

    lines: tuple[Line, ...]
    listings: tuple[FolderListing, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether every step went well."""
        return all(line.is_good for line in self.lines)


@dataclass(slots=True)
class _Check:
    lines: list[Line] = field(default_factory=list)

    def take(self, step: str, act: Callable[[], ResultT], good: str) -> ResultT:
        """One step; what goes wrong is one more line, and the end."""
        try:
            result = act()
        except errors.ImapError as error:
            self.lines.append(Line(step, False, str(error), _advice(error)))  # noqa: FBT003
            raise
        self.lines.append(Line(step, True, good))  # noqa: FBT003
        return result


def check_receiving(row: Connection) -> Report:
    """As `check_imap`, with what a row says; a sign-in that is over is a bad line."""
    try:
        who = connections.imap_login(row)
    except OauthError as error:
        return _no_token(error)
    return check_imap(connections.imap_server(row), who)


def check_sending(row: Connection) -> Report:
    """As `check_smtp`, with what a row says; a sign-in that is over is a bad line."""
    try:
        smtp = connections.smtp_settings(row)
    except OauthError as error:
        return _no_token(error)
    return check_smtp(smtp)


def check_imap(
    server: sessions.Server, who: values.Password | values.AccessToken
) -> Report:
    """Name, connection with encryption, login, folders, push; stops at the first no."""
    began = time.monotonic()
    refusal = why_not(server.host)
    if refusal:
        return Report((Line("Name", False, refusal),))  # noqa: FBT003
    check = _Check()
    listings: tuple[FolderListing, ...] = ()
    counts: dict[str, int] = {}
    with suppress(errors.ImapError), ExitStack() as slot:
        check.take("Name", lambda: _resolve(server.host), f"{server.host} is known.")

        def connect() -> sessions.Session:
            # An account that we keep already is to see few connections of ours.
            slot.enter_context(slots.beside_if_kept(server.host, who.login))
            return sessions.connect(server, tls=connections.tls_context())

        session = check.take("Connection", connect, _connected(server))
        with session:
            check.take("Login", lambda: session.log_in(who), "The login is accepted.")
            found, statuses = check.take(
                "Folders", session.list_folders_with_status, "The folders are listed."
            )
            listings = tuple(found)
            counts = {
                name: status.messages
                for name, status in statuses.items()
                if status.messages is not None
            }
            check.lines.append(_push(session))
    _take_your_time(began)
    return Report(tuple(check.lines), listings, counts)


def count_since(row: Connection, wanted: Mapping[str, date]) -> dict[str, int]:
    """How many letters each folder holds from its day on; raises ImapError.

    Changes nothing on the server, not even what counts as recent.
    """
    if why_not(row.host):
        return {}
    found: dict[str, int] = {}
    with (
        slots.beside_if_kept(row.host, row.login),
        opening.open_session(row) as session,
    ):
        for name, day in list(wanted.items())[:MOST_COUNTED]:
            session.examine(utf7.WireName(name))
            # RFC 3501, section 9: English month names, whatever the locale here.
            since = f"{day.day}-{MONTHS[day.month - 1]}-{day.year}"
            found[name] = len(session.search("SINCE", since))
    return found


def check_smtp(smtp: SmtpSettings) -> Report:
    """Name, connection, encryption, login; nothing is sent."""
    began = time.monotonic()
    refusal = why_not(smtp.host)
    if refusal:
        return Report((Line("Name", False, refusal),))  # noqa: FBT003
    lines = tuple(
        Line(
            line.step.value.capitalize(),
            line.is_good,
            " ".join(filter(None, (line.sentence, line.server_words))),
            line.advice,
        )
        for line in smtp_check.check(smtp)
    )
    _take_your_time(began)
    return Report(lines)


def retrieve_folders(mailbox: Mailbox) -> Report:
    """Check the stored IMAP connection and store the folders it lists."""
    row = Connection.objects.get(mailbox=mailbox, protocol=Connection.Protocol.IMAP)
    report = check_receiving(row)
    if report.listings:
        tree.refresh(mailbox, report.listings)
        note_counts(mailbox, report.counts)
    return report


def note_counts(mailbox: Mailbox, counts: Mapping[str, int]) -> None:
    """Store how many letters the server said it holds in each folder."""
    for folder in mailbox.folders.filter(wire_name__in=list(counts)):
        folder.server_count = counts[folder.wire_name]
        folder.save(update_fields=["server_count"])


def suggested(folders: list[Folder]) -> list[int]:
    """The folders that a new mailbox begins with: the inbox, and Sent if there is one."""
    roles = (Folder.Role.INBOX, Folder.Role.SENT)
    return [folder.pk for folder in folders if folder.role in roles]


def why_not(host: str) -> str:
    """Why Letterbox may not connect to this host; empty when it may."""
    for patterns, name in (
        (environment.ALLOWED_MAIL_HOSTS, "LETTERBOX_ALLOWED_MAIL_HOSTS"),
        (settings.get("mail-hosts"), "“Mail servers that may be used”"),
    ):
        if not any(fnmatch.fnmatchcase(host.lower(), one.lower()) for one in patterns):
            return (
                f"Letterbox may not connect to {host}. The setting {name} lists where "
                "it may."
            )
    return ""


def _no_token(error: OauthError) -> Report:
    return Report((Line("Sign-in", False, str(error), error.cure),))  # noqa: FBT003


def _advice(error: errors.ImapError) -> str:
    """What to do; unlike a mailbox in use, a check does not go on by itself."""
    if isinstance(error, errors.ConnectionLost):
        return (
            "Check port and encryption: a server that expects TLS says nothing without "
            "it. TLS is usual on port 993, STARTTLS on 143."
        )
    return health.diagnose(error).cure


def _resolve(host: str) -> None:
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError) as error:
        raise errors.HostUnknown(f"No server is known by the name {host}.") from error


def _connected(server: sessions.Server) -> str:
    if server.encryption is sessions.Encryption.NONE:
        return "Connected, without encryption as the settings say."
    return "Connected, encrypted, and the server proved its name."


def _push(session: sessions.Session) -> Line:
    """How new letters will be noticed."""
    for name, sentence in (
        ("NOTIFY", "The server tells of new letters in every folder at once (NOTIFY)."),
        ("IDLE", "The server tells of new letters at once (IDLE)."),
    ):
        if session.capabilities.has(name):
            return Line("Push", True, sentence)  # noqa: FBT003
    return Line(
        "Push",
        True,  # noqa: FBT003
        "The server does not tell of new letters; Letterbox asks every 30 seconds.",
    )


def _take_your_time(began: float) -> None:
    time.sleep(max(0.0, LEAST_SECONDS - (time.monotonic() - began)))
