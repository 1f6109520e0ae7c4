"""The steps from a host name to a server that knows us; `session` and `check` take them.

Encryption is never lowered: where TLS was asked for and cannot be had, nothing is said.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from letterbox.smtp import signing_in
from letterbox.smtp.errors import Deferred, NeedsMending
from letterbox.smtp.settings import Encryption, Reply, SmtpSettings
from letterbox.smtp.wire import Wire, reason

# A family and what the socket module calls an address in it: host, port and more.
Address = tuple[socket.AddressFamily, Any]


@contextmanager
def opened(settings: SmtpSettings) -> Iterator[Wire]:
    """Connect, encrypt and log in; take leave at the end, whatever happened."""
    wire = connect(settings, resolve(settings))
    try:
        secure(wire, settings)
        signing_in.log_in(wire, settings)
        yield wire
    finally:
        wire.hang_up()


def resolve(settings: SmtpSettings) -> list[Address]:
    """Look up the addresses of the host."""
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise Deferred(
                f"The name {settings.host} could not be looked up just now."
            ) from error
        raise NeedsMending(
            f"There is no host named {settings.host}.",
            advice="Check the spelling of the outgoing mail server.",
        ) from error
    except (UnicodeError, ValueError) as error:
        raise NeedsMending(
            f"{settings.host} is not a name a host can have.",
            advice="Check the spelling of the outgoing mail server.",
        ) from error
    return [(family, address) for family, _, _, _, address in found]


def connect(settings: SmtpSettings, addresses: list[Address]) -> Wire:
    """Open a socket to the first address that answers."""
    problem: OSError = OSError("no address")
    for family, address in addresses:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(settings.timeout_seconds)
            connection.connect(address)
        except OSError as error:
            connection.close()
            problem = error
            continue
        return Wire(connection, timeout_seconds=settings.timeout_seconds)
    raise Deferred(
        f"The mail server {settings.host} cannot be reached on port {settings.port}: "
        f"{reason(problem)}.",
        advice=(
            "Port 587 with STARTTLS and port 465 with TLS are usual; some networks "
            "forbid port 25."
        ),
    ) from problem


def secure(wire: Wire, settings: SmtpSettings) -> Reply:
    """Hear the greeting, agree on encryption, say hello; gives the greeting."""
    if settings.encryption is Encryption.TLS:
        _encrypt(wire, settings)
    greeting = wire.answer()
    _expect_yes(greeting, "The mail server does not want to talk to us.")
    hello = wire.hello(settings.hello_name)
    _expect_yes(hello, "The mail server did not like how we name ourselves.")
    if settings.encryption is Encryption.STARTTLS:
        _start_tls(wire, settings)
        hello = wire.hello(settings.hello_name)
        _expect_yes(hello, "The mail server did not like how we name ourselves.")
    return greeting


def _start_tls(wire: Wire, settings: SmtpSettings) -> None:
    if "STARTTLS" not in wire.extensions:
        raise NeedsMending(
            "The mail server offers no encryption on this port, and we never go on "
            "without it by ourselves.",
            advice="Try TLS on port 465.",
        )
    reply = wire.ask("STARTTLS")
    _expect_yes(reply, "The mail server refused to start encryption.")
    _encrypt(wire, settings)


def _encrypt(wire: Wire, settings: SmtpSettings) -> None:
    try:
        wire.encrypt(_context(settings), settings.host)
    except ssl.SSLCertVerificationError as error:
        raise _distrusted(settings, error) from error
    except ssl.SSLError as error:
        raise NeedsMending(
            f"{settings.host} does not speak TLS on port {settings.port} as we do"
            f" ({error.reason or 'unknown reason'}).",
            advice="Port 465 wants TLS, ports 587 and 25 want STARTTLS.",
        ) from error
    except OSError as error:
        raise Deferred(
            f"The mail server hung up while agreeing on encryption: {reason(error)}.",
            advice="Port 465 wants TLS, ports 587 and 25 want STARTTLS.",
        ) from error


def _context(settings: SmtpSettings) -> ssl.SSLContext:
    if isinstance(settings.trust, ssl.SSLContext):
        return settings.trust
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if isinstance(settings.trust, Path):
        try:
            context.load_verify_locations(settings.trust)
        except OSError as error:
            raise NeedsMending(
                f"The file of trusted authorities cannot be read: {settings.trust}.",
                advice="It must hold certificates in PEM form.",
            ) from error
    return context


# Codes of OpenSSL's X509_V_ERR_*.
_EXPIRED, _SELF_SIGNED, _SELF_SIGNED_ROOT, _NO_ISSUER = 10, 18, 19, 20
_OTHER_HOST, _OTHER_ADDRESS = 62, 64


def _distrusted(
    settings: SmtpSettings, error: ssl.SSLCertVerificationError
) -> NeedsMending:
    code = error.verify_code
    if code in {_OTHER_HOST, _OTHER_ADDRESS}:
        sentence = f"The certificate belongs to another host than {settings.host}."
        advice = "Use the host name that the provider's help page gives."
    elif code == _EXPIRED:
        sentence = f"The certificate of {settings.host} has expired."
        advice = "Ask whoever runs the mail server to renew it."
    elif code in {_SELF_SIGNED, _SELF_SIGNED_ROOT, _NO_ISSUER}:
        sentence = f"Nobody we trust vouches for the certificate of {settings.host}."
        advice = (
            "If the server is your own, give us the certificate of its authority as "
            "a trusted file."
        )
    else:
        sentence = f"The certificate of {settings.host} is not in order."
        advice = f"OpenSSL says: {error.verify_message}."
    return NeedsMending(sentence, advice=advice)


def _expect_yes(reply: Reply, sentence: str) -> None:
    if reply.is_yes:
        return
    if reply.is_no_for_now:
        raise Deferred(sentence, reply=reply)
    if reply.is_no_for_good:
        raise NeedsMending(
            sentence, reply=reply, advice="It may know us as a bad sender."
        )
    raise NeedsMending(
        "What answers there is not a mail server.",
        reply=reply,
        advice="Check the host name and the port.",
    )
