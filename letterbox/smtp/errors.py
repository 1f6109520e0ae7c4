"""What can go wrong while handing a message to an SMTP server.

    SmtpError
    ├── NotSent              nothing was accepted; a second try sends no copy
    │   ├── Refused          the server said no to this letter for good (5xx)
    │   │   └── SenderRefused    … because of its envelope sender
    │   └── Deferred         the server said not now (4xx), or we could not reach it
    │       └── NeedsMending     it stays so until a person corrects the settings
    │           └── LoginRefused     … the name, the password or the token
    └── MaybeSent            the connection died after the body; a copy may be out

Callers decide by class and never look into codes or words; those are for people.
Nothing here ever holds a password or a token.
"""

from __future__ import annotations

from letterbox.smtp.settings import RefusedRecipient, Reply


class SmtpError(Exception):
    """Any trouble with an SMTP server, told as a sentence for people.

    `reply` is what the server itself said, if it said anything; `advice` is what a
    person could do about it, often empty.
    """

    def __init__(
        self, sentence: str, *, reply: Reply | None = None, advice: str = ""
    ) -> None:
        words = f"The server said: {reply}" if reply else ""
        super().__init__(" ".join(filter(None, (sentence, words, advice))))
        self.sentence = sentence
        self.reply = reply
        self.advice = advice


class NotSent(SmtpError):
    """Nothing was accepted; trying again cannot make a second copy.

    `recipients` are those that the server refused one by one, when it did.
    """

    def __init__(
        self,
        sentence: str,
        *,
        reply: Reply | None = None,
        advice: str = "",
        recipients: tuple[RefusedRecipient, ...] = (),
    ) -> None:
        super().__init__(sentence, reply=reply, advice=advice)
        self.recipients = recipients


class Refused(NotSent):
    """The server will never take this letter as it is."""


class SenderRefused(Refused):
    """The server takes nothing from this envelope sender; another may do."""


class Deferred(NotSent):
    """Not now; the same letter may well go out later."""


class NeedsMending(Deferred):
    """The settings, the login or the certificate must be corrected first.

    The letter is not to blame and can wait.
    """


class LoginRefused(NeedsMending):
    """The server does not accept who we are."""


class MaybeSent(SmtpError):
    """The whole letter was handed over and no answer came: it may have gone out."""
