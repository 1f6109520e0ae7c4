"""What single header fields say about who wrote a letter.

One small function for each header; `RULES` lists them all. They see one value at a
time and never weigh one header against another: `classify.py` does.
"""

from __future__ import annotations

from collections.abc import Callable

from letterbox.mime.address_kinds import AddressKind, kind_of_address
from letterbox.mime.classify.values import MailKind, Reason, Signal
from letterbox.mime.letter import Headers

MAX_VALUE = 200
MAX_FIELDS = 2_000

OUTLOOK_EXPRESS = "It says that Outlook Express wrote it."

Rule = Callable[[str, str], Signal | None]


def header_signals(headers: Headers) -> list[Signal]:
    """What each header field that we know says, top to bottom."""
    signals: list[Signal] = []
    if RULES.keys().isdisjoint(headers.names):
        return signals
    seen: set[str] = set()
    for name, value in headers.fields[:MAX_FIELDS]:
        lower = name.lower()
        rule = RULES.get(lower)
        if rule is None or (lower in _TOP_ONLY and lower in seen):
            continue
        seen.add(lower)
        signal = rule(name, value[: 10 * MAX_VALUE].strip())
        if signal is not None:
            signals.append(signal)
    return signals


def shorten(value: str) -> str:
    """A value as an explain card shows it: one line, at most 200 characters."""
    line = " ".join(value[: 2 * MAX_VALUE].split())
    return line if len(line) <= MAX_VALUE else line[: MAX_VALUE - 1] + "…"


def _signal(
    name: str,
    value: str,
    meaning: str,
    kind: MailKind | None = None,
    refusal: Reason | None = None,
) -> Signal:
    return Signal(name, shorten(value), meaning, kind, refusal)


def _auto_submitted(name: str, value: str) -> Signal | None:
    """RFC 3834, section 5: a token, then parameters and comments; `no` is a person."""
    word, parameters = _split_word(value)
    if not word:
        return None
    if word == "no":
        return _signal(name, value, "Its sender says that a person sent it.")
    if word == "auto-replied":
        if "vacation" in parameters or "owner-email" in parameters:
            meaning = "A person's answering machine wrote it."
            return _signal(name, value, meaning, MailKind.OUT_OF_OFFICE)
        meaning = "A machine wrote it in answer to a letter."
        return _signal(name, value, meaning, MailKind.AUTO_REPLY)
    meaning = "A machine wrote it of its own accord."
    return _signal(name, value, meaning, MailKind.NOTIFICATION)


def _suppress(name: str, value: str) -> Signal | None:
    """MS-OXCMAIL: a list of what the sender does not want back.

    It says nothing about who wrote the letter. DR, RN and NRN are about receipts.
    """
    tokens = {token.strip().lower() for token in value.split(",")}
    if tokens & {"all", "autoreply", "oof"}:
        meaning = "Its sender asks for no automatic answers."
        return _signal(name, value, meaning, refusal=Reason.SUPPRESSED)
    return None


def _precedence(name: str, value: str) -> Signal | None:
    word = _split_word(value)[0].replace("_", "-")
    if word == "list":
        meaning = "A mailing list sent it on."
        return _signal(name, value, meaning, MailKind.LIST, Reason.LIST_OR_BULK)
    if word in {"bulk", "junk"}:
        meaning = "It was sent to many, or by a machine."
        return _signal(name, value, meaning, MailKind.BULK, Reason.LIST_OR_BULK)
    if word in {"auto-reply", "autoreply"}:
        return _signal(name, value, "A machine answered.", MailKind.AUTO_REPLY)
    return None


def _list_header(name: str, value: str) -> Signal:
    meaning = "A mailing list sent it on."
    return _signal(name, value, meaning, MailKind.LIST, Reason.LIST_OR_BULK)


def _bulk_header(name: str, value: str) -> Signal:
    meaning = "It was sent to many."
    return _signal(name, value, meaning, MailKind.BULK, Reason.LIST_OR_BULK)


def _list_unsubscribe(name: str, value: str) -> Signal:
    # Senders of customer care programs put it on letters to one person too, so the
    # refusal is taken back for an answer to a letter of ours: see `classify.py`.
    meaning = "One can unsubscribe from it, so it was sent to many."
    return _signal(name, value, meaning, MailKind.BULK, Reason.LIST_OR_BULK)


def _return_path(name: str, value: str) -> Signal | None:
    email = value.strip(" <>\t")
    if not email:
        return _signal(
            name,
            value or "<>",
            "Its return path is empty: a machine that wants no answer sent it.",
            MailKind.NOTIFICATION,
            Reason.NULL_RETURN_PATH,
        )
    kind = kind_of_address(email)
    local_part = email.rpartition("@")[0].lower()
    # Forwarders and senders by order use bounce+tag@ for the letters of people too,
    # and web forms write for people as www-data@: only the two groups of RFC 3834.
    if local_part.startswith("bounce") or kind is None:
        return None
    if kind is AddressKind.LIST_MANAGER:
        meaning = "The manager of a mailing list sent it."
        return _signal(name, value, meaning, MailKind.LIST, Reason.SYSTEM_ADDRESS)
    if kind is AddressKind.MAIL_SYSTEM:
        meaning = "A mail system sent it."
        kind_of_mail = MailKind.SYSTEM_ADDRESS
        return _signal(name, value, meaning, kind_of_mail, Reason.SYSTEM_ADDRESS)
    return None


def _autoreply_if_true(name: str, value: str) -> Signal | None:
    if value.lower() in _FALSE:
        return None
    return _signal(name, value, "A machine answered.", MailKind.AUTO_REPLY)


def _autoreply(name: str, value: str) -> Signal:
    return _signal(name, value, "A machine answered.", MailKind.AUTO_REPLY)


def _autogenerated(name: str, value: str) -> Signal | None:
    if value.lower() in _FALSE:
        return None
    if value.lower() == "reply":
        return _autoreply(name, value)
    return _generated(name, value)


def _generated(name: str, value: str) -> Signal:
    return _signal(name, value, "A program made it.", MailKind.NOTIFICATION)


def _generated_if_true(name: str, value: str) -> Signal | None:
    return None if value.lower() in _FALSE else _generated(name, value)


def _delivered_to(name: str, value: str) -> Signal | None:
    if value.strip("<> ").lower().partition("@")[0] == "autoresponder":
        return _autoreply(name, value)
    return None


def _preference(name: str, value: str) -> Signal | None:
    # A misspelt Precedence that answering machines do send.
    if value.lower().replace("-", "_") == "auto_reply":
        return _autoreply(name, value)
    return None


def _relay_type(name: str, value: str) -> Signal | None:
    return _generated(name, value) if value.lower() == "notification" else None


def _loop(name: str, value: str) -> Signal | None:
    if value.lower() in _FALSE:
        return None
    meaning = "A machine marked it, to know its own mail if it came back."
    return _signal(name, value, meaning, refusal=Reason.LOOP)


def _failed_recipients(name: str, value: str) -> Signal:
    meaning = "A mail server names the addresses that it could not deliver to."
    return _signal(name, value, meaning, MailKind.SYSTEM_ADDRESS)


def _spam_flag(name: str, value: str) -> Signal | None:
    if value.lower().startswith(("yes", "true")):
        return _spam(name, value)
    return None


def _spam(name: str, value: str) -> Signal:
    meaning = "The server takes it for spam."
    return _signal(name, value, meaning, MailKind.SPAM, Reason.SPAM)


def _spam_action(name: str, value: str) -> Signal | None:
    return _spam(name, value) if value.lower() in {"reject", "spam"} else None


def _authentication(name: str, value: str) -> Signal | None:
    """RFC 8601: what the server found when it asked the sender's domain."""
    verdict = value.lower().partition("dmarc=")[2][:10]
    if not verdict.startswith("fail"):
        return None
    meaning = "The sender's domain disowns it (DMARC): an answer may hit a stranger."
    return _signal(name, value, meaning, refusal=Reason.SENDER_NOT_PROVEN)


def _mailer(name: str, value: str) -> Signal | None:
    lower = value.lower()
    if any(word in lower for word in ("vacation", "autorespon", "auto-respon")):
        return _autoreply(name, value)
    if lower.startswith("microsoft outlook express ") and lower[26:27].isdigit():
        return _signal(name, value, OUTLOOK_EXPRESS)
    return None


def _split_word(value: str) -> tuple[str, str]:
    """The first word in lower case, and what follows it."""
    value = value.strip().lower()
    for place, character in enumerate(value):
        if character in " \t;(,":
            return value[:place], value[place:]
    return value, ""


_FALSE = frozenset({"", "no", "false", "0", "none", "off"})

# Only the topmost was written by our own server; those below may be forged.
_TOP_ONLY = frozenset({"return-path", "authentication-results", "x-spam-flag"})

RULES: dict[str, Rule] = {
    "auto-submitted": _auto_submitted,
    "x-auto-submitted": _auto_submitted,
    "x-auto-response-suppress": _suppress,
    "precedence": _precedence,
    "x-precedence": _precedence,
    "preference": _preference,
    "list-id": _list_header,
    "list-post": _list_header,
    "list-archive": _list_header,
    "list-help": _list_header,
    "list-subscribe": _list_header,
    "list-owner": _list_header,
    "mailing-list": _list_header,
    "x-mailing-list": _list_header,
    "x-list-id": _list_header,
    "x-list": _list_header,
    "x-mailman-version": _list_header,
    "x-beenthere": _list_header,
    "x-mlserver": _list_header,
    "x-ml-name": _list_header,
    "x-ml-info": _list_header,
    "x-listserver": _list_header,
    "x-list-name": _list_header,
    "x-egroups-return": _list_header,
    "x-ecartis-version": _list_header,
    "x-sympa-to": _list_header,
    "x-google-group-id": _list_header,
    "list-unsubscribe": _list_unsubscribe,
    "list-unsubscribe-post": _list_unsubscribe,
    "x-csa-complaints": _bulk_header,
    "x-bulkmail": _bulk_header,
    # No mail program of a person sets it; senders of bulk mail and lists do.
    "errors-to": _bulk_header,
    "x-campaign": _bulk_header,
    "x-campaignid": _bulk_header,
    "x-campaign-id": _bulk_header,
    "x-mailinglist": _list_header,
    "x-mc-user": _bulk_header,
    "return-path": _return_path,
    "delivered-to": _delivered_to,
    "x-autoreply": _autoreply_if_true,
    "x-auto-reply": _autoreply_if_true,
    "x-autoreply-from": _autoreply,
    "x-mail-autoreply": _autoreply,
    "x-autorespond": _autoreply,
    "x-autoresponse": _autoreply,
    "x-autoresponder": _autoreply,
    "x-vacation": _autoreply,
    "x-autogenerated": _autogenerated,
    "x-auto-generated": _autogenerated,
    "x-fc-machinegenerated": _generated_if_true,
    "x-amazon-mail-relay-type": _relay_type,
    "x-cron-env": _generated,
    "x-github-reason": _generated,
    "x-gitlab-notificationreason": _generated,
    "x-bugzilla-reason": _generated,
    "x-bugzilla-type": _generated,
    "x-jira-fingerprint": _generated,
    "x-redmine-project": _generated,
    "x-trac-project": _generated,
    "x-phabricator-sent-this-message": _generated,
    "x-amz-sns-message-id": _generated,
    "x-loop": _loop,
    "x-no-loop": _loop,
    "x-otrs-loop": _loop,
    "x-libredesk-loop-prevention": _loop,
    "x-rt-loop-prevention": _loop,
    "x-failed-recipients": _failed_recipients,
    "x-spam-flag": _spam_flag,
    "x-spam-status": _spam_flag,
    "x-spam": _spam_flag,
    "x-rspamd-action": _spam_action,
    "authentication-results": _authentication,
    "x-mailer": _mailer,
}
