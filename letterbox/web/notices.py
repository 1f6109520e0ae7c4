"""What a message's trace gives people to look at or decide on, and its labels.

Pure: trace in, values out, like `explain`. A trace of an older version may lack parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ThreadNotice:
    """A doubt about where a letter belongs; `elsewhere` are conversations to look at."""

    text: str
    elsewhere: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Whoever seems to have written what a colleague forwarded."""

    name: str
    email: str
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invitation says, as lines for people."""

    title: str
    when: str
    where: str
    organizer: str


# inbound.threading.Notice → what people read.
_THREADING = {
    "stranger-joined": gettext_lazy(
        "The writer was not part of this conversation before."
    ),
    "new-subject": gettext_lazy("A new subject on an old conversation."),
    "leads-elsewhere": gettext_lazy(
        "Its headers lead to another conversation as well."
    ),
}

KINDS = {
    "list": gettext_lazy("mailing list"),
    "bulk": gettext_lazy("bulk mail"),
    "notification": gettext_lazy("notification"),
    "out-of-office": gettext_lazy("out of office"),
    "auto-reply": gettext_lazy("automatic answer"),
    "auto-acknowledgement": gettext_lazy("automatic acknowledgement"),
    "bounce-hard": gettext_lazy("delivery failed"),
    "bounce-soft": gettext_lazy("delivery failed for now"),
    "bounce-delay": gettext_lazy("delivery delayed"),
    "delivery-success": gettext_lazy("delivered"),
    "receipt": gettext_lazy("receipt"),
    "feedback-report": gettext_lazy("spam complaint"),
    "challenge": gettext_lazy("asks for confirmation"),
    "calendar": gettext_lazy("calendar"),
    "spam": gettext_lazy("spam"),
    "system-address": gettext_lazy("system address"),
}

# mime.bounces.BounceReason → what people read after `could not be delivered:`.
REASONS = {
    "user-unknown": gettext_lazy("the address does not exist"),
    "host-unknown": gettext_lazy("the domain does not exist"),
    "moved": gettext_lazy("the person has moved to another address"),
    "not-accepting-mail": gettext_lazy("the domain takes no mail"),
    "mailbox-disabled": gettext_lazy("the mailbox is switched off"),
    "mailbox-full": gettext_lazy("the mailbox is full"),
    "too-big": gettext_lazy("the letter is too large"),
    "spam": gettext_lazy("it was taken for spam"),
    "blocked": gettext_lazy("our server is blocked there"),
    "sender-refused": gettext_lazy("our address is refused there"),
    "not-proven": gettext_lazy("our address could not be proven (SPF, DKIM, DMARC)"),
    "content": gettext_lazy("its content was refused"),
    "policy": gettext_lazy("a rule of theirs forbids it"),
    "too-many": gettext_lazy("too many letters at once"),
    "expired": gettext_lazy("their server could not be reached in time"),
    "loop": gettext_lazy("it went in a circle"),
    "network": gettext_lazy("the network failed"),
    "system": gettext_lazy("their server has a fault"),
}

_METHODS: Mapping[str, str | Promise] = {
    "REQUEST": gettext_lazy("Invitation"),
    "PUBLISH": gettext_lazy("Event"),
    "CANCEL": gettext_lazy("Called off"),
    "REPLY": gettext_lazy("Answer to an invitation"),
    "COUNTER": gettext_lazy("Another time is proposed"),
    "ADD": gettext_lazy("Another date of an event"),
}


def threading(trace: Json) -> list[ThreadNotice]:
    """The doubts that nobody has settled yet."""
    found = trace.get("conversation") or {}
    if found.get("settled"):
        return []
    return [
        ThreadNotice(
            str(_THREADING[name]),
            tuple(found.get("elsewhere", ())) if name == "leads-elsewhere" else (),
        )
        for name in found.get("notices", [])
        if name in _THREADING
    ]


def suggestion(trace: Json, recipients: Json) -> Suggestion | None:
    """Who wrote a forwarded letter: as a person said, else as it was found."""
    said = recipients.get("original")
    if said:
        [[name, email], *_others] = said
        return Suggestion(name, email, is_accepted=True)
    found = trace.get("forwarded")
    if not found:
        return None
    return Suggestion(found["name"], found["email"], is_accepted=False)


def labels(trace: Json, kind: str) -> list[str]:
    """What stands beside the writer's name: how it was sealed, what wrote it."""
    found = trace.get("letter") or {}
    technique = found.get("technique", "")
    words = [str(KINDS[kind])] if kind in KINDS else []
    if found.get("is_encrypted"):
        words.append(_("encrypted (%(technique)s)") % {"technique": technique})
    if found.get("is_signed"):
        words.append(
            _("signed (%(technique)s), not verified") % {"technique": technique}
        )
    return words


def invitation(trace: Json) -> Invitation | None:
    """The event that a letter invites to."""
    found = (trace.get("letter") or {}).get("invitation")
    if not found:
        return None
    method = str(_METHODS.get(found["method"], _("Event")))
    organizer = found["organizer"]
    return Invitation(
        title=f"{method}: {found['summary'] or _('no title')}",
        when=_when(found),
        where=found["location"],
        organizer=organizer["name"] or organizer["email"],
    )


def bounce_reason(reason: str) -> str:
    """Why a mail came back, as words after a colon."""
    return str(REASONS.get(reason, _("their server gave no clear reason")))


def _when(found: Json) -> str:
    starts, ends = _moment(found.get("starts")), _moment(found.get("ends"))
    words = f"{starts} – {ends}" if starts and ends else starts
    if found.get("repeats"):
        words += f", {_('repeated')}"
    return words


def _moment(found: Json | None) -> str:
    if not found:
        return ""
    at = datetime.fromisoformat(found["at"])
    if found["is_whole_day"]:
        return formats.date_format(at, "DATE_FORMAT")
    if timezone.is_aware(at):
        return formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")
    zone = found["zone"] or pgettext("time without a zone", "local time")
    return f"{formats.date_format(at, 'DATETIME_FORMAT')} ({zone})"
