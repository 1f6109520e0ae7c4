"""From a Connection row to a session that is logged in, by password or by sign-in.

What a provider has against our sign-in becomes an ImapError here, so that callers have
one tree of errors to decide by.
"""

from __future__ import annotations

from letterbox.imap import errors, sessions
from letterbox.imap.framing import Limits
from letterbox.imap.sessions import Session
from letterbox.imap.values import AccessToken, Password
from letterbox.models import Connection
from letterbox.oauth.errors import OauthError
from letterbox.services import connections
from letterbox.sync import database


class NoTokenNow(errors.ImapError):
    """The provider cannot be asked for a token just now."""


class SignInOver(errors.LoginRefused):
    """There will be no token until a person has done what `cure` says."""

    def __init__(self, sentence: str, *, cure: str) -> None:
        super().__init__(sentence)
        self.cure = cure


def open_session(row: Connection, *, limits: Limits | None = None) -> Session:
    """Connect and log in; raises ImapError.

    A token that the server refuses is replaced once: a provider may end one before its
    time. No database connection waits meanwhile.
    """
    server = connections.imap_server(row)
    who = login_of(row)
    try:
        return _logged_in(server, who, limits)
    except errors.TokenRefused:
        refused = who.token if isinstance(who, AccessToken) else ""
        again = login_of(row, instead_of=refused)
        if again == who:
            # It has only just been renewed, so the token is not to blame.
            raise
    return _logged_in(server, again, limits)


def login_of(row: Connection, *, instead_of: str = "") -> Password | AccessToken:
    """Who we are there; raises SignInOver or NoTokenNow."""
    try:
        return connections.imap_login(row, instead_of=instead_of)
    except OauthError as error:
        if error.is_lasting:
            raise SignInOver(str(error), cure=error.cure) from error
        raise NoTokenNow(str(error)) from error


def _logged_in(
    server: sessions.Server, who: Password | AccessToken, limits: Limits | None
) -> Session:
    database.let_go()
    session = sessions.connect(server, tls=connections.tls_context(), limits=limits)
    try:
        session.log_in(who)
    except BaseException:
        session.close()
        raise
    return session
