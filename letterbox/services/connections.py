"""From a Connection row to what the IMAP and SMTP conversations need.

The only place that seals and opens mailbox passwords; never logged, never shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from letterbox.imap import sessions, values
from letterbox.models import Connection, Mailbox, User
from letterbox.services import history, keys, mailboxes, oauth
from letterbox.services.keys import tls_context
from letterbox.smtp.settings import Encryption as SmtpEncryption
from letterbox.smtp.settings import SmtpSettings

__all__ = [
    "Endpoint",
    "change",
    "imap_login",
    "imap_server",
    "password_of",
    "renew",
    "save",
    "smtp_settings",
    "tls_context",
]


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
        fields["sealed_password"] = keys.seal(password)
        # A password typed by a person replaces the sign-in with a provider.
        fields["sign_in"] = None
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
    """Have keepers connect anew at once, even while they rest after a refusal."""
    mailbox.connections.update(renewed_at=timezone.now())
    mailboxes.announce(mailbox)


def password_of(connection: Connection) -> str:
    """The password in the clear, for a conversation that starts now."""
    return keys.open_sealed(connection.sealed_password)


def imap_server(connection: Connection) -> sessions.Server:
    """Where the mailbox's letters are."""
    return sessions.Server(
        host=connection.host,
        port=connection.port,
        encryption=sessions.Encryption(connection.encryption),
        timeout_seconds=settings.CONNECT_TIMEOUT_SECONDS,
    )


def imap_login(
    connection: Connection, *, instead_of: str = ""
) -> values.Password | values.AccessToken:
    """Who we are there; raises OauthError where a sign-in no longer holds.

    May ask the provider for a new token. `instead_of` is one that a server refused.
    """
    if connection.sign_in is not None:
        token = oauth.access_token(connection.sign_in, instead_of=instead_of)
        return values.AccessToken(connection.login, token)
    return values.Password(connection.login, password_of(connection))


def smtp_settings(connection: Connection, *, instead_of: str = "") -> SmtpSettings:
    """Where the mailbox's answers go, and who we are there; as `imap_login`."""
    token = ""
    if connection.sign_in is not None:
        token = oauth.access_token(connection.sign_in, instead_of=instead_of)
    return SmtpSettings(
        host=connection.host,
        port=connection.port,
        encryption=SmtpEncryption(connection.encryption),
        login=connection.login,
        password="" if token else password_of(connection),
        token=token,
        timeout_seconds=settings.CONNECT_TIMEOUT_SECONDS,
        trust=tls_context(),
    )
