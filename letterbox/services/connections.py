"""From a Connection row to what the IMAP and SMTP conversations need.

The only place that seals and opens mailbox passwords; never logged, never shown.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings
from django.db import transaction

from letterbox import crypto
from letterbox.imap import sessions, values
from letterbox.models import Connection, Mailbox, User
from letterbox.services import history, mailboxes
from letterbox.smtp.settings import Encryption as SmtpEncryption
from letterbox.smtp.settings import SmtpSettings


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How to reach a mailbox by one protocol; a password of None keeps the stored one.

    An empty login means that the server asks for none.
    """

    host: str
    port: int
    encryption: str
    login: str
    password: str | None = field(repr=False, default=None)


@lru_cache(maxsize=1)
def keyring() -> crypto.Keyring:
    """The keys of this installation; made on first use."""
    return crypto.Keyring.load(settings.KEY_FILE, keys=settings.SECRET_KEYS)


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """One context for all connections: building it costs 20 ms of CPU."""
    context = ssl.create_default_context()
    if settings.TRUSTED_CA_FILE:
        context.load_verify_locations(settings.TRUSTED_CA_FILE)
    return context


@transaction.atomic
def save(
    mailbox: Mailbox,
    *,
    protocol: Connection.Protocol,
    host: str,
    port: int,
    encryption: str,
    login: str,
    password: str | None,
) -> Connection:
    """Say how to reach the mailbox; a password of None keeps the stored one."""
    fields: dict[str, object] = {
        "host": host.strip(),
        "port": port,
        "encryption": encryption,
        "login": login,
    }
    if password is not None:
        fields["sealed_password"] = keyring().seal(password) if password else ""
    connection, _ = Connection.objects.update_or_create(
        mailbox=mailbox, protocol=protocol, defaults=fields
    )
    return connection


@transaction.atomic
def change(
    mailbox: Mailbox, endpoints: Mapping[str, Endpoint | None], *, by: User | None
) -> None:
    """Save, or take away, each protocol named; the history never holds a password."""
    for protocol, endpoint in endpoints.items():
        stored = mailbox.connections.filter(protocol=protocol).first()
        before = _plain(stored)
        if endpoint is None:
            if stored is not None:
                stored.delete()
        else:
            save(
                mailbox,
                protocol=Connection.Protocol(protocol),
                host=endpoint.host,
                port=endpoint.port,
                encryption=endpoint.encryption,
                login=endpoint.login,
                password=endpoint.password,
            )
        after = _plain(mailbox.connections.filter(protocol=protocol).first())
        changes = history.differences(before, after)
        if endpoint is not None and endpoint.password:
            changes["password"] = ["…", "…"]
        if changes:
            history.record(
                "connection-changed",
                by=by,
                mailbox=mailbox,
                protocol=protocol,
                changes=changes,
            )
    mailboxes.announce(mailbox)


def _plain(row: Connection | None) -> dict[str, object]:
    names = ("host", "port", "encryption", "login")
    return {name: getattr(row, name, None) for name in names}


@transaction.atomic
def renew(mailbox: Mailbox) -> None:
    """Have keepers connect anew at once, even while they rest after a refusal.

    The password is sealed again, so that the connection counts as changed.
    """
    for row in mailbox.connections.exclude(sealed_password=""):
        row.sealed_password = keyring().reseal(row.sealed_password)
        row.save(update_fields=["sealed_password"])
    mailboxes.announce(mailbox)


def password_of(connection: Connection) -> str:
    """The password in the clear, for a conversation that starts now."""
    if not connection.sealed_password:
        return ""
    return keyring().open_sealed(connection.sealed_password)


def imap_server(connection: Connection) -> sessions.Server:
    """Where the mailbox's letters are."""
    return sessions.Server(
        host=connection.host,
        port=connection.port,
        encryption=sessions.Encryption(connection.encryption),
        timeout_seconds=settings.CONNECT_TIMEOUT_SECONDS,
    )


def imap_login(connection: Connection) -> values.Password | values.AccessToken:
    """Who we are there."""
    return values.Password(connection.login, password_of(connection))


def smtp_settings(connection: Connection) -> SmtpSettings:
    """Where the mailbox's answers go, and who we are there."""
    return SmtpSettings(
        host=connection.host,
        port=connection.port,
        encryption=SmtpEncryption(connection.encryption),
        login=connection.login,
        password=password_of(connection),
        timeout_seconds=settings.CONNECT_TIMEOUT_SECONDS,
        trust=tls_context(),
    )
