"""Hand one letter to a server for its recipients, and know what became of it.

The body and the dot that ends it go out apart. Until the dot the server must not
deliver (RFC 5321, section 4.1.1.4), so only a silence after it is `MaybeSent`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from letterbox.smtp import envelope, opening
from letterbox.smtp.errors import (
    Deferred,
    MaybeSent,
    NeedsMending,
    NotSent,
    Refused,
    SenderRefused,
)
from letterbox.smtp.settings import Receipt, RefusedRecipient, Reply, SmtpSettings
from letterbox.smtp.wire import Wire

# Answers that ask for a login or for encryption (RFC 4954, section 6; RFC 3207).
_WANTS_LOGIN = frozenset({530, 534, 535, 538})
_CLOSING = 421
_TOO_LARGE = 552


def send(
    settings: SmtpSettings,
    *,
    sender: str,
    recipients: Sequence[str],
    raw: bytes,
    before_body: Callable[[], None],
) -> Receipt:
    """Send the letter once; the error's class says whether a copy may be out.

    `sender` may be empty: the null path, for letters that must never bounce.
    `before_body` is called when recipients are agreed and just before DATA; once it
    returned, a process that dies leaves the result unknown. What it raises is passed
    on, and nothing is sent. Recipients refused while others were taken stand in the
    receipt; when none was taken, Refused or Deferred lists them.
    """
    if not recipients:
        raise ValueError("A letter needs at least one recipient.")
    body = envelope.wire_body(raw)
    with opening.opened(settings) as wire:
        _announce_sender(wire, sender, recipients, raw, len(body))
        refused = _name_recipients(wire, recipients)
        before_body()
        reply = _hand_over(wire, body, settings.final_timeout_seconds)
    return Receipt(reply, refused)


def _announce_sender(
    wire: Wire, sender: str, recipients: Sequence[str], raw: bytes, size: int
) -> None:
    path = envelope.wire_address(sender) if sender else ""
    if path is None:
        raise Refused(f"{sender} is not an address a letter can come from.")
    options = _size_option(wire, size)
    if not raw.isascii():
        if "8BITMIME" not in wire.extensions:
            raise Refused("The mail server takes letters in 7-bit characters only.")
        options += " BODY=8BITMIME"
    if "SMTPUTF8" in wire.extensions:
        paths = [path, *filter(None, map(envelope.wire_address, recipients))]
        # Only where needed: servers further on may not take such a letter
        # (RFC 6531, section 3.1).
        if envelope.has_eight_bit_headers(raw) or not "".join(paths).isascii():
            options += " SMTPUTF8"
    elif not path.isascii() or envelope.has_eight_bit_headers(raw):
        raise Refused("The mail server takes no letters beyond ASCII in addresses.")
    reply = wire.ask(f"MAIL FROM:<{path}>{options}")
    if not reply.is_yes:
        sentence = "The mail server does not take letters from this sender."
        if reply.is_no_for_good and reply.code not in {*_WANTS_LOGIN, _TOO_LARGE}:
            raise SenderRefused(sentence, reply=reply)
        raise _no(reply, sentence)


def _size_option(wire: Wire, size: int) -> str:
    if "SIZE" not in wire.extensions:
        return ""
    limit = wire.extensions["SIZE"]
    is_number = limit.isascii() and limit.isdigit() and len(limit) <= 20
    if is_number and 0 < int(limit) < size:
        raise Refused(
            f"The letter has {size / 1e6:.1f} MB; the mail server takes at most "
            f"{int(limit) / 1e6:.1f} MB.",
            advice="Send large files by a link instead.",
        )
    return f" SIZE={size}"


def _name_recipients(
    wire: Wire, recipients: Sequence[str]
) -> tuple[RefusedRecipient, ...]:
    refused: list[RefusedRecipient] = []
    for address in recipients:
        path = envelope.wire_address(address)
        if path is None:
            reply = Reply(-1, "Not an address a letter can go to.")
        elif not path.isascii() and "SMTPUTF8" not in wire.extensions:
            reply = Reply(-1, "The server takes no letters beyond ASCII in addresses.")
        else:
            reply = wire.ask(f"RCPT TO:<{path}>")
        if path and reply.code == _CLOSING:
            raise Deferred("The mail server is closing.", reply=reply)
        if not reply.is_yes:
            is_temporary = _is_temporary(reply)
            refused.append(RefusedRecipient(address, reply, is_temporary))
    if len(refused) == len(recipients):
        raise _nobody_taken(tuple(refused))
    return tuple(refused)


def _is_temporary(reply: Reply) -> bool:
    """552 to a recipient is "too many" or a full mailbox, so worth another try.

    RFC 5321, section 4.5.3.1.10; unless it says that the letter is too large
    (RFC 3463: X.2.3, X.3.4).
    """
    if reply.code == 552:
        return not reply.words.startswith(("5.2.3", "5.3.4"))
    return reply.is_no_for_now


def _nobody_taken(refused: tuple[RefusedRecipient, ...]) -> NotSent:
    first = refused[0]
    if first.reply.code in _WANTS_LOGIN:
        return _wants_login(first.reply)
    sentence = "The mail server took none of the recipients."
    again = next((one for one in refused if one.is_temporary), None)
    if again:
        return Deferred(sentence, reply=again.reply, recipients=refused)
    return Refused(sentence, reply=first.reply, recipients=refused)


def _hand_over(wire: Wire, body: bytes, final_timeout_seconds: float) -> Reply:
    reply = wire.ask("DATA")
    if reply.code != 354:
        raise _no(reply, "The mail server did not want to read the letter.")
    wire.send(body)
    try:
        wire.send(b".\r\n")
        reply = wire.answer(final_timeout_seconds)
    except Deferred as error:
        raise MaybeSent(
            "The mail server had the whole letter and did not say what it did with it.",
            advice="Look whether it went out before sending it again.",
        ) from error
    if reply.is_yes:
        return reply
    if reply.is_no_for_now or reply.is_no_for_good:
        raise _no(reply, "The mail server read the letter and did not take it.")
    raise MaybeSent(
        "The mail server had the whole letter and answered in words we do not know.",
        reply=reply,
        advice="Look whether it went out before sending it again.",
    )


def _no(reply: Reply, sentence: str) -> NotSent:
    if reply.code in _WANTS_LOGIN:
        return _wants_login(reply)
    if reply.is_no_for_good:
        return Refused(sentence, reply=reply)
    return Deferred(sentence, reply=reply)


def _wants_login(reply: Reply) -> NeedsMending:
    return NeedsMending(
        "The mail server wants a login or encryption before it takes letters.",
        reply=reply,
        advice="Fill in the login of the outgoing mail server.",
    )
