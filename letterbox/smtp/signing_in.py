"""Show the server who we are: by password (PLAIN, LOGIN) or by token (OAuth 2).

CRAM-MD5 is not used: it needs the password in clear on the server and protects
nothing that TLS does not.
"""

from __future__ import annotations

import base64

from letterbox.smtp.errors import Deferred, LoginRefused, NeedsMending
from letterbox.smtp.settings import Reply, SmtpSettings
from letterbox.smtp.wire import Wire


def log_in(wire: Wire, settings: SmtpSettings) -> Reply | None:
    """Log in as the settings say; None where they name no login.

    Raises LoginRefused when the server does not accept us, NeedsMending when it offers
    no way we know.
    """
    if not settings.login:
        return None
    offered = set(wire.extensions.get("AUTH", "").upper().split())
    reply = _with_token(wire, settings, offered) if settings.token else None
    reply = reply or _with_password(wire, settings, offered)
    if reply.is_yes:
        return reply
    if reply.is_no_for_now:
        raise Deferred("The mail server cannot check the login just now.", reply=reply)
    raise LoginRefused(
        f"The mail server did not accept the login {settings.login}.",
        reply=reply,
        advice=(
            "Connect the account again to get a new permission."
            if settings.token
            else "Check the name and the password; many providers want an app "
            "password, or SMTP switched on for the account."
        ),
    )


def _with_token(wire: Wire, settings: SmtpSettings, offered: set[str]) -> Reply:
    bearer = f"auth=Bearer {settings.token}"
    if "OAUTHBEARER" in offered:
        # RFC 7628, section 3.1; `,` and `=` in a name as RFC 5801, section 4, has it.
        name = settings.login.replace("=", "=3D").replace(",", "=2C")
        place = f"host={settings.host}\x01port={settings.port}"
        first = f"n,a={name},\x01{place}\x01{bearer}\x01\x01"
        return _ask_once(wire, "OAUTHBEARER", first, after_failure="\x01")
    if "XOAUTH2" in offered:
        first = f"user={settings.login}\x01{bearer}\x01\x01"
        return _ask_once(wire, "XOAUTH2", first, after_failure="")
    raise NeedsMending(
        "The mail server does not take permissions (OAuth).",
        advice="Use a password, or check the host name and port.",
    )


def _ask_once(wire: Wire, mechanism: str, first: str, *, after_failure: str) -> Reply:
    reply = wire.ask(f"AUTH {mechanism} {_encoded(first)}")
    if reply.code == 334:
        # The reason, as JSON; the refusal itself comes after our next line.
        return wire.ask(_encoded(after_failure))
    return reply


def _with_password(wire: Wire, settings: SmtpSettings, offered: set[str]) -> Reply:
    if "PLAIN" in offered:
        # RFC 4616: in UTF-8, whatever letters the password has.
        secret = _encoded(f"\0{settings.login}\0{settings.password}")
        return wire.ask(f"AUTH PLAIN {secret}")
    if "LOGIN" in offered:
        reply = wire.ask("AUTH LOGIN")
        for answer in (settings.login, settings.password):
            if reply.code != 334:
                break
            reply = wire.ask(_encoded(answer))
        return reply
    raise NeedsMending(
        "The mail server offers no way to log in that we know."
        if offered
        else "The mail server does not ask for a login.",
        advice=(
            "Some servers offer it only on another port (587 or 465) or under "
            "encryption; if this one needs none, leave the login empty."
        ),
    )


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
