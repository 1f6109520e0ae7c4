"""What can go wrong while talking to an IMAP server.

    ImapError
    ├── CannotConnect            no conversation began
    │   ├── HostUnknown          the name leads to no address
    │   ├── PortClosed           nobody listens there, or a wall refuses
    │   ├── ConnectTimedOut      no answer to the knock
    │   ├── EncryptionFailed     TLS could not be agreed, or is not offered
    │   │   └── CertificateRefused   the server could not prove its name
    │   └── NotImap              somebody answered, but not an IMAP server
    ├── LoginRefused             the name and password are not accepted
    │   └── TokenRefused             … or the name and access token
    ├── Throttled                not now: too many connections, letters or bytes
    ├── Refused                  NO to one command; the session stays usable
    ├── Unsupported              the server lacks the extension that was asked for
    ├── ProtocolError            the server and we do not understand each other
    │   ├── CommandRejected      BAD to one command; the session stays usable
    │   └── Garbled              an answer that is no IMAP; the session is closed
    └── ConnectionLost           the conversation ended early; the session is closed
        ├── TimedOut             silence for longer than allowed
        ├── SaidGoodbye          the server said BYE
        └── SessionClosed        asked something after the end

`server_words` is what the server (or the operating system) said, for people to
read. Callers decide by class and never look into the words. Nothing here ever
holds a password or a token.
"""


class ImapError(Exception):
    """Any trouble with an IMAP server."""

    def __init__(self, sentence: str, server_words: str = "") -> None:
        super().__init__(f"{sentence} {server_words}".strip())
        self.sentence = sentence
        self.server_words = server_words


class CannotConnect(ImapError):
    """No conversation began; try again later or correct the settings."""


class HostUnknown(CannotConnect):
    """The host name leads to no address."""


class PortClosed(CannotConnect):
    """Nobody listens at that address and port, or it cannot be reached."""


class ConnectTimedOut(CannotConnect):
    """The server did not answer in time, neither with yes nor with no."""


class EncryptionFailed(CannotConnect):
    """TLS could not be agreed; we never go on without it by ourselves."""


class CertificateRefused(EncryptionFailed):
    """The certificate does not prove that this is the server we asked for."""


class NotImap(CannotConnect):
    """Somebody answered there, but with something that is no IMAP greeting."""


class LoginRefused(ImapError):
    """The server knows no such person, or not with this password or token."""


class TokenRefused(LoginRefused):
    """The server does not let this access token into this mailbox."""


class Throttled(ImapError):
    """The server wants to be left alone for a while; nobody's password is wrong."""


class Refused(ImapError):
    """The server said NO to one command; the session stays usable."""


class Unsupported(ImapError):
    """The server does not offer the extension that the call needs."""


class ProtocolError(ImapError):
    """The server and we do not understand each other."""


class CommandRejected(ProtocolError):
    """The server said BAD to one command; the session stays usable."""


class Garbled(ProtocolError):
    """The server sent something that cannot be IMAP; the session is closed."""


class ConnectionLost(ImapError):
    """The conversation ended before its time; the session is closed."""


class TimedOut(ConnectionLost):
    """The server was silent for longer than allowed."""


class SaidGoodbye(ConnectionLost):
    """The server ended the conversation with BYE."""


class SessionClosed(ConnectionLost):
    """Something was asked of a session that is over; open a new one."""
