"""The list of settings: each with its group, meaning, default and bounds.

Data only; what a value must be and where it is kept is in `settings`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings as environment
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(StrEnum):
    """How a value is typed; forms choose their control by it."""

    LINE = "line"
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    WORDS = "words"
    HOURS = "hours"
    MAILBOX = "mailbox"


@dataclass(frozen=True, slots=True)
class Definition:
    """One setting. `low` and `high` bound a number, or the length of a text."""

    name: str
    group: str | Promise
    label: str | Promise
    help: str | Promise
    kind: Kind
    default: Callable[[], Any]
    low: int = 0
    high: int = 10_000
    choices: tuple[tuple[str, str | Promise], ...] = ()


_ANSWERS = _("Answers")
_COMPANY = _("Company")
_LIMITS = _("Limits")
_HOURS = _("Hours")
_SIGN_IN = _("Sign-in")
RETENTION = _("Retention")

SETTINGS = (
    Definition(
        "company-name",
        _COMPANY,
        _("Name of the company"),
        _("Templates say it as {{ company.name }}. Empty: the name of the mailbox."),
        Kind.LINE,
        str,
        high=200,
    ),
    Definition(
        "company-website",
        _COMPANY,
        _("Web address of the company"),
        _("Templates say it as {{ company.website }}. Empty: this Letterbox."),
        Kind.LINE,
        str,
        high=300,
    ),
    Definition(
        "language",
        _COMPANY,
        _("Language of the pages"),
        _(
            "For the sign-in page, for letters about accounts, and for everybody who has "
            "not chosen another one under their account."
        ),
        Kind.CHOICE,
        lambda: environment.LANGUAGE,
        choices=(("", _("as the browser asks")), *environment.LANGUAGES),
    ),
    Definition(
        "signature",
        _ANSWERS,
        _("Signature"),
        _("Stands under answers from mailboxes that have no signature of their own."),
        Kind.TEXT,
        str,
        high=5_000,
    ),
    Definition(
        "signature-when",
        _ANSWERS,
        _("Add the signature"),
        _("Automatically, or only when the writer puts it there."),
        Kind.CHOICE,
        lambda: "auto",
        choices=(
            ("auto", _("to every answer")),
            ("first", _("to the first answer of a conversation")),
            ("manual", _("never by itself")),
        ),
    ),
    Definition(
        "reply-default",
        _ANSWERS,
        _("An answer goes to"),
        _("Who stands in To and Cc when an answer is begun; it can be changed there."),
        Kind.CHOICE,
        lambda: "reply",
        choices=(
            ("reply", _("who wrote (Reply)")),
            ("reply-all", _("everybody in the letter (Reply All)")),
        ),
    ),
    Definition(
        "undo-seconds",
        _ANSWERS,
        _("Undo window, in seconds"),
        _("So long an answer waits and can be taken back before it is sent."),
        Kind.NUMBER,
        lambda: environment.UNDO_SECONDS,
        high=120,
    ),
    Definition(
        "attachment-megabytes",
        _LIMITS,
        _("Attachments of an answer, in MB"),
        _("All files of one answer together. Most servers take 20 to 25 MB."),
        Kind.NUMBER,
        lambda: 20,
        low=1,
        high=60,
    ),
    Definition(
        "letter-megabytes",
        _LIMITS,
        _("Letters that come in, in MB"),
        _(
            "Of a larger letter the beginning is kept and shown, and the rest is fetched "
            "when somebody asks for it. It counts for letters that come from now on."
        ),
        Kind.NUMBER,
        lambda: max(environment.LARGEST_LETTER_BYTES // 1_000_000, 1),
        low=1,
        high=1000,
    ),
    Definition(
        "mail-hosts",
        _LIMITS,
        _("Mail servers that may be used"),
        _(
            "Patterns such as *.acme.example with commas between. Whoever sets up a "
            "mailbox cannot have Letterbox connect anywhere else. The environment may "
            "narrow this further."
        ),
        Kind.WORDS,
        lambda: ["*"],
        high=200,
    ),
    Definition(
        "business-hours",
        _HOURS,
        _("Business hours and holidays"),
        _(
            "Rules that answer in or outside business hours go by them, in mailboxes "
            "without hours of their own. Empty means always open."
        ),
        Kind.HOURS,
        lambda: None,
    ),
    Definition(
        "password-sign-in",
        _SIGN_IN,
        _("Passwords are for"),
        _(
            "Where people sign in with your company's provider, passwords can be closed "
            "to them. Who may administer people keeps theirs, so that nobody is locked "
            "out when the provider fails."
        ),
        Kind.CHOICE,
        lambda: "everybody",
        choices=(
            ("everybody", _("everybody")),
            ("administrators", _("those who may administer people")),
        ),
    ),
    Definition(
        "account-mailbox",
        _SIGN_IN,
        _("Letters about accounts go out through"),
        _(
            "Invitations, and links for a forgotten password. Take a mailbox that nobody "
            "reads but who may administer everything, such as noreply@: many servers "
            "keep what they send, and whoever reads it could use the links."
        ),
        Kind.MAILBOX,
        str,
        high=320,
    ),
    Definition(
        "retain-closed-days",
        RETENTION,
        _("Delete the letters of closed conversations after days"),
        _(
            "Counted from their last letter and from when they were closed. Letters, "
            "attachments and notes go for good, here only: the server keeps its own. "
            "Cases and leads stay. 0 keeps them for ever."
        ),
        Kind.NUMBER,
        lambda: 0,
        high=36_500,
    ),
    Definition(
        "retain-spam-days",
        RETENTION,
        _("Delete conversations in Spam after days"),
        _("Counted from their last letter. 0 keeps them for ever."),
        Kind.NUMBER,
        lambda: 0,
        high=36_500,
    ),
    Definition(
        "retain-history-days",
        RETENTION,
        _("Delete lines of the history after days"),
        _(
            "Who changed what in mailboxes, rules, people and settings. What happened in "
            "a conversation goes with it. 0 keeps them for ever."
        ),
        Kind.NUMBER,
        lambda: 0,
        high=36_500,
    ),
)
