"""Sessions with Dovecot, logged in."""

from __future__ import annotations

from letterbox.imap import sessions
from letterbox.imap.sessions import Encryption, Server, Session
from letterbox.imap.values import Password
from tests.wire.dovecot import Dovecot


def connect(dovecot: Dovecot, login: str, *, compress: bool = False) -> Session:
    """Log in with the password that everybody has; nothing stays open by an error."""
    server = Server(dovecot.host, dovecot.imap_port, Encryption.NONE)
    session = sessions.connect(server)
    try:
        session.log_in(Password(login, "secret"), compress=compress)
    except BaseException:
        session.close()
        raise
    return session
