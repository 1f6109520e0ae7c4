"""From a bare connection to a logged-in one: STARTTLS, login, ID, ENABLE, COMPRESS.

Secrets pass through here and are kept nowhere, neither in errors nor in values.
"""

import json
from base64 import b64decode, b64encode

from letterbox.imap.capabilities import Capabilities
from letterbox.imap.commands import Part
from letterbox.imap.connection import Connection, InFlight
from letterbox.imap.errors import (
    EncryptionFailed,
    LoginRefused,
    NotImap,
    ProtocolError,
    Refused,
    TokenRefused,
    Unsupported,
)
from letterbox.imap.responses import CapabilityList, Enabled, Identity, Kind
from letterbox.imap.transport import Encryption
from letterbox.imap.values import AccessToken, Password

# What to say to a challenge that is the reason of a refusal.
_ANSWERS = {"XOAUTH2": b"", "OAUTHBEARER": b"AQ=="}
OUR_NAME = {"name": "Letterbox", "vendor": "Letterbox"}


def greet(connection: Connection, encryption: Encryption) -> bool:
    """Read the greeting and encrypt where asked; whether we are logged in already."""
    greeting = connection.greet()
    if encryption is Encryption.STARTTLS:
        if greeting.kind is Kind.PREAUTH:
            # RFC 9051 section 7.1.4: there is no way back to encryption from here.
            connection.close()
            raise EncryptionFailed("The server skips encryption, so we do not go on.")
        _start_tls(connection)
    if not connection.capabilities.names:
        ask_capabilities(connection)
    if not connection.capabilities.is_imap:
        connection.close()
        raise NotImap("The server does not speak IMAP4rev1.")
    return greeting.kind is Kind.PREAUTH


def ask_capabilities(connection: Connection) -> Capabilities:
    """Ask the server anew what it can do."""
    flight = connection.run("CAPABILITY", wanted=(CapabilityList,))
    for row in flight.rows:
        if isinstance(row, CapabilityList):
            connection.capabilities = Capabilities(row.names)
    return connection.capabilities


def log_in(connection: Connection, who: Password | AccessToken) -> None:
    """Log in the best way that the server offers; raises LoginRefused or Throttled."""
    if isinstance(who, Password):
        before = connection.capabilities
        if before.can_authenticate("PLAIN"):
            _authenticate(connection, "PLAIN", f"\0{who.login}\0{who.password}")
        elif "LOGINDISABLED" in before.names:
            raise LoginRefused("The server takes passwords only over encryption.")
        else:
            flight = connection.start(
                "LOGIN", who.login.encode(), who.password.encode()
            )
            _finish_login(connection, flight)
    elif not connection.capabilities.takes_tokens:
        raise Unsupported("The server takes no access tokens, only passwords.")
    else:
        _log_in_with_token(connection, who)


def _log_in_with_token(connection: Connection, who: AccessToken) -> None:
    if connection.capabilities.can_authenticate("OAUTHBEARER"):
        # RFC 7628 section 3.1.
        mechanism = "OAUTHBEARER"
        message = f"n,a={_gs2(who.login)},\1auth=Bearer {who.token}\1\1"
    else:
        mechanism = "XOAUTH2"
        message = f"user={who.login}\1auth=Bearer {who.token}\1\1"
    try:
        _authenticate(connection, mechanism, message)
    except LoginRefused as error:
        raise TokenRefused(error.sentence, error.server_words) from error


def introduce(
    connection: Connection, *, compress: bool = False, utf8: bool = False
) -> Identity | None:
    """Say who we are, turn on what helps; returns who the server is.

    Both in one round trip. NetEase refuses to open folders before ID; iCloud wants
    ENABLE before SELECT and may answer it with nothing.
    """
    can = connection.capabilities
    introduction = extensions = None
    if can.has("ID"):
        pairs = " ".join(f'"{key}" "{value}"' for key, value in OUR_NAME.items())
        introduction = connection.start("ID", f"({pairs})", wanted=(Identity,))
    offered = [name for name in ("QRESYNC", "CONDSTORE") if can.has(name)][:1]
    if utf8 and can.has("UTF8=ACCEPT"):
        offered.append("UTF8=ACCEPT")
    if can.has("ENABLE") and offered:
        extensions = connection.start("ENABLE", *offered, wanted=(Enabled,))
    identity = _finish_gently(connection, introduction)
    _finish_gently(connection, extensions)
    if extensions is not None and extensions.end and extensions.end.kind is Kind.OK:
        # QRESYNC turns CONDSTORE on as well.
        includes = {"CONDSTORE"} if "QRESYNC" in offered else set[str]()
        connection.enabled |= {*offered} | includes
    if compress and can.has("COMPRESS=DEFLATE"):
        connection.run("COMPRESS", "DEFLATE")
        connection.require_silence()
        connection.transport.start_compression()
    return identity if isinstance(identity, Identity) else None


def _start_tls(connection: Connection) -> None:
    try:
        connection.run("STARTTLS")
    except (Refused, ProtocolError) as error:
        connection.close()
        raise EncryptionFailed(
            "The server offers no encryption:", error.server_words
        ) from error
    connection.require_silence()
    connection.transport.start_tls()
    connection.forget_capabilities()


def _authenticate(connection: Connection, mechanism: str, message: str) -> None:
    encoded = b64encode(message.encode()).decode("ascii")
    parts: list[Part] = ["AUTHENTICATE", mechanism]
    # An initial response makes the line long; older servers end at 1,000 bytes or so.
    at_once = connection.capabilities.has("SASL-IR")
    if at_once:
        parts.append(encoded)
    flight = connection.start(*parts)
    challenge = connection.wait_for_continuation(flight)
    if challenge is not None and not at_once:
        connection.send_line(encoded.encode("ascii"))
        challenge = connection.wait_for_continuation(flight)
    reason = ""
    if challenge is not None:
        # RFC 7628 section 3.2.3: the reason comes as a challenge, to be answered.
        reason = _reason(challenge.words)
        connection.send_line(_ANSWERS.get(mechanism, b"*"))
    _finish_login(connection, flight, reason)


def _finish_login(connection: Connection, flight: InFlight, reason: str = "") -> None:
    before = connection.capabilities
    try:
        connection.finish(flight)
    except LoginRefused as error:
        if reason:
            words = f"{error.server_words} {reason}".strip()
            raise LoginRefused(error.sentence, words) from error
        raise
    if connection.capabilities is before:
        ask_capabilities(connection)


def _finish_gently(connection: Connection, flight: InFlight | None) -> object:
    """Finish a command whose refusal does no harm; returns its first row."""
    if flight is None:
        return None
    try:
        connection.finish(flight)
    except (Refused, ProtocolError):
        if not connection.is_open:
            raise
    return flight.rows[0] if flight.rows else None


def _reason(challenge: str) -> str:
    """Return the status in the JSON of a failed OAuth login; never the whole of it."""
    try:
        said = json.loads(b64decode(challenge))
    except (ValueError, RecursionError):
        return ""
    status = said.get("status") if isinstance(said, dict) else None
    return str(status)[:100] if isinstance(status, str | int) else ""


def _gs2(login: str) -> str:
    """Escape a login name for RFC 5801 section 4."""
    return login.replace("=", "=3D").replace(",", "=2C")
