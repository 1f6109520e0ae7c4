"""From a Connection row to what smtp.session needs, and what servers taught us."""

from __future__ import annotations

import ssl
from functools import lru_cache

from django.conf import settings

from letterbox import crypto
from letterbox.models import Connection, OutgoingMail
from letterbox.smtp import errors
from letterbox.smtp.session import SmtpSettings


def smtp_settings(connection: Connection) -> SmtpSettings:
    """The typed settings, with the password opened; never log them."""
    return SmtpSettings(
        host=connection.host,
        port=connection.port,
        encryption=connection.encryption,
        login=connection.login,
        password=crypto.keyring().open_sealed(connection.sealed_password)
        if connection.sealed_password
        else "",
        timeout_seconds=settings.CONNECT_TIMEOUT_SECONDS,
        tls=tls_context(),
    )


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """One context for all connections: building it costs 20 ms of CPU."""
    context = ssl.create_default_context()
    if settings.TRUSTED_CA_FILE:
        context.load_verify_locations(settings.TRUSTED_CA_FILE)
    return context


def refuses_empty_sender(error: errors.Refused) -> bool:
    """Whether the server refuses an empty envelope sender, as some relays do."""
    return error.stage == "MAIL"


def remember_sender(mail: OutgoingMail) -> None:
    """Use the mailbox's address as envelope sender from now on."""
    OutgoingMail.objects.filter(pk=mail.pk).update(sender=mail.mailbox.address)
