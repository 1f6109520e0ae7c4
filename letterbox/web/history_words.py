"""History in words: what each line says, and what was before and after.

A line that nobody has found words for shows its verb, so that nothing is hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from letterbox.models import Event, Grant
from letterbox.services.settings import BY_NAME
from letterbox.services.speaking import say

WORDS: Mapping[str, str | Promise] = {
    "administrator-made": _("made somebody an administrator"),
    "answer-settings-changed": _("changed when and how often rules answer"),
    "assigned": _("changed who answers"),
    "autoresponse-held": _("held an automatic answer"),
    "autoresponse-queued": _("promised an automatic answer"),
    "breaker-closed": _("let automatic answers go out again"),
    "breaker-opened": _("stopped automatic answers"),
    "case-changed": _("changed a case"),
    "case-opened": _("opened a case"),
    "configuration-applied": _("applied a configuration file"),
    "connection-changed": _("changed how the mailbox is reached"),
    "contact-changed": _("changed a contact"),
    "folder-paused": _("paused fetching the older letters of a folder"),
    "folder-reached-back": _("asked for older letters of a folder"),
    "folder-resumed": _("went on fetching the older letters of a folder"),
    "folder-role-changed": _("changed what a folder is for"),
    "folder-ticked": _("began to keep a folder in sync"),
    "folder-unticked": _("stopped keeping a folder in sync"),
    "grant-changed": _("changed who may work in the mailbox"),
    "invitation-accepted": _("took up an invitation"),
    "signed-out-everywhere": _("signed somebody out everywhere"),
    "identity-connected": _("connected somebody with a sign-in provider"),
    "identity-disconnected": _("disconnected somebody from a sign-in provider"),
    "identity-provider-added": _("added a provider that people sign in with"),
    "identity-provider-changed": _("changed a provider that people sign in with"),
    "identity-provider-removed": _("removed a provider that people sign in with"),
    "imported-plain": _("took a letter in that could not be read, as an attachment"),
    "invited": _("invited somebody"),
    "lead-changed": _("changed a lead"),
    "lead-opened": _("opened a lead"),
    "conversion-undone": _("took a conversion back"),
    "left-undecided": _("opened nothing, for the sender has an open case or lead"),
    "record-declined": _("said that a conversation needs no case or lead"),
    "decision-undone": _("took back that a conversation needs no case or lead"),
    "letters-erased": _("deleted old letters, as the settings say"),
    "history-erased": _("deleted old lines of the history, as the settings say"),
    "mail-discarded": _("decided not to send a mail"),
    "mail-released": _("let a mail go out"),
    "mail-settled": _("settled an unsure mail"),
    "mailbox-added": _("added the mailbox"),
    "mailbox-changed": _("changed the mailbox"),
    "mailbox-connected": _("signed the mailbox in"),
    "mailbox-disconnected": _("ended the sign-in of the mailbox"),
    "mailbox-reconnected": _("signed the mailbox in again"),
    "mailbox-sign-in-expected": _("had the mailbox wait for a sign-in"),
    "mailbox-removed": _("removed the mailbox"),
    "password-reset": _("chose a new password by a link"),
    "processing-changed": _("changed what becomes of first letters"),
    "provider-added": _("added a sign-in provider"),
    "provider-changed": _("changed a sign-in provider"),
    "provider-removed": _("removed a sign-in provider"),
    "reset-link-made": _("made a link for a new password"),
    "reset-sent": _("sent a link for a new password"),
    "role-added": _("added a role"),
    "role-changed": _("changed a role"),
    "role-removed": _("removed a role"),
    "roles-claimed": _("took over roles from a sign-in provider"),
    "roles-kept": _("left an administrator their roles: nobody else is one"),
    "rule-added": _("added an autoresponse rule"),
    "rule-changed": _("changed an autoresponse rule"),
    "rule-deleted": _("deleted an autoresponse rule"),
    "rules-ordered": _("changed the order of the autoresponse rules"),
    "second-factor-removed": _("took away somebody's second factor"),
    "sender-decided": _("decided on automatic answers to a sender"),
    "sent-anyway": _("had a rule answer although a guard stood against it"),
    "setting-changed": _("changed a setting"),
    "template-added": _("added an e-mail template"),
    "template-changed": _("changed an e-mail template"),
    "template-cloned": _("cloned an e-mail template"),
    "template-deleted": _("deleted an e-mail template"),
    "test-sent": _("sent a test to themselves"),
    "user-changed": _("changed a user"),
    "user-made": _("added a user"),
    "user-switched-off": _("switched a user off"),
    "user-switched-on": _("switched a user on"),
}
# What a line is about, if it says so.
ABOUT = (
    "label",
    "name",
    "count",
    "folder",
    "protocol",
    "setting",
    "who",
    "reason",
    "account",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One field, before and after, as a person reads it."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """One event in words; `about` names what it was done to."""

    event: Event
    who: str
    words: str
    about: str
    changes: tuple[Change, ...]


def line(event: Event) -> Line:
    """The event in words; its actor and mailbox should have been fetched with it."""
    return Line(
        event=event,
        who=str(event.actor) if event.actor else "Letterbox",
        words=str(WORDS.get(event.verb, event.verb.replace("-", " "))),
        about=next((str(event.data[key]) for key in ABOUT if event.data.get(key)), ""),
        changes=tuple(_changes(event.data.get("changes"))),
    )


def _changes(changes: Any) -> list[Change]:
    if not isinstance(changes, dict):
        return []
    return [
        Change(_field(name), _plain(name, pair[0]), _plain(name, pair[1]))
        for name, pair in changes.items()
        if isinstance(pair, list) and len(pair) == 2
    ]


def _field(name: str) -> str:
    """What a page calls a setting or a field of a row."""
    setting = BY_NAME.get(name)
    return str(setting.label) if setting else say(name.replace("_", " "))


def _plain(name: str, value: Any) -> str:
    if value is None or value == "":
        return "–"
    if name == "processing":
        return say(str(value))
    if name == "ability" and value in Grant.Ability.values:
        return str(Grant.Ability(value).label)
    if isinstance(value, bool):
        return _now("yes") if value else _now("no")
    if isinstance(value, list):
        return ", ".join(_plain("", each) for each in value) or "–"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain('', each)}" for key, each in value.items())
    return str(value)[:500]
