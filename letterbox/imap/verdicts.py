"""From the words of a NO, BAD or BYE to the error that decides what happens next.

Codes (RFC 5530, Gmail's and Dovecot's own) come first. Words are looked at only for
servers that send no code, and only to tell "not now" from "never".
"""

from letterbox.imap.errors import (
    CommandRejected,
    ImapError,
    LoginRefused,
    Refused,
    SaidGoodbye,
    Throttled,
)
from letterbox.imap.responses import Kind, StatusResponse

_NOT_NOW_CODES = frozenset({"LIMIT", "THROTTLED", "OVERQUOTA", "UNAVAILABLE", "INUSE"})
# RFC 5530 section 3: these are about the person, whatever the words are.
_LOGIN_CODES = frozenset(
    {
        "AUTHENTICATIONFAILED",
        "AUTHORIZATIONFAILED",
        "EXPIRED",
        "PRIVACYREQUIRED",
        "CONTACTADMIN",
    }
)
_NOT_NOW_WORDS = (
    "too many",
    "maximum number of connections",
    "rate limit",
    "throttl",
    "bandwidth limit",
    "exceeded command",
    "try again later",
    "temporar",
    "server busy",
    "server unavailable",
    "service unavailable",
    # Microsoft 365 says so, with BAD, when it has had enough.
    "authenticated but not connected",
)
# To these, OVERQUOTA says that the folder is full and not that we ask too much.
_FILLING = frozenset({"APPEND", "COPY", "MOVE"})


def error_for(response: StatusResponse, command: str) -> ImapError:
    """Return the error for a response that is not OK; `command` without UID."""
    code = response.code.name if response.code else ""
    words = response.words
    if code in _NOT_NOW_CODES and not (code == "OVERQUOTA" and command in _FILLING):
        return Throttled("The server asks for patience:", words)
    if code not in _LOGIN_CODES and command not in _FILLING and _is_not_now(words):
        return Throttled("The server asks for patience:", words)
    if response.kind is Kind.BYE:
        return SaidGoodbye("The server ended the conversation:", words)
    if command in ("LOGIN", "AUTHENTICATE"):
        return LoginRefused("The server refused the login:", words)
    if response.kind is Kind.BAD:
        return CommandRejected(f"The server did not understand {command}:", words)
    return Refused(f"The server refused {command}:", words)


def may_be_one_letter(response: StatusResponse, error: ImapError) -> bool:
    """Whether a refused FETCH may be the fault of a single letter in it.

    Yahoo says [UNAVAILABLE] for a letter that it cannot read.
    """
    if response.code is not None and response.code.name == "UNAVAILABLE":
        return True
    return isinstance(error, Refused | CommandRejected)


def _is_not_now(words: str) -> bool:
    lower = words[:1000].lower()
    return any(phrase in lower for phrase in _NOT_NOW_WORDS)
