"""What an administrator sets for the whole system, on screen: each with its meaning.

Each setting is one entry of SETTINGS, typed, with a default and bounds. What must be
known before the database is there stays in the environment (letterbox.settings).
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from django.conf import settings as environment
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from letterbox.models import Setting, User
from letterbox.rules import calendars
from letterbox.rules.calendars import BusinessCalendar
from letterbox.services import history


class Kind(StrEnum):
    """How a value is typed; forms choose their control by it."""

    LINE = "line"
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    WORDS = "words"
    HOURS = "hours"


class SettingInvalid(ValueError):
    """This value cannot be used; the text says why."""


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
)
BY_NAME = {each.name: each for each in SETTINGS}


def get(name: str) -> Any:
    """The value of one setting, or its default."""
    definition = BY_NAME[name]
    row = Setting.objects.filter(pk=name).first()
    return definition.default() if row is None else row.value


def all_values() -> dict[str, Any]:
    """Every setting with its value, in one query."""
    stored = dict(Setting.objects.values_list("name", "value"))
    return {each.name: stored.get(each.name, each.default()) for each in SETTINGS}


def changed_values() -> dict[str, Any]:
    """Only those that somebody set, for the configuration file."""
    rows = Setting.objects.filter(name__in=BY_NAME).order_by("name")
    return {row.name: row.value for row in rows}


@transaction.atomic
def change(values: Mapping[str, Any], *, by: User | None) -> list[str]:
    """Set some; returns the names of those that differ. Raises SettingInvalid."""
    before = all_values()
    changed = []
    for name, value in values.items():
        value = check(name, value)
        if value == before[name]:
            continue
        if value == BY_NAME[name].default():
            Setting.objects.filter(pk=name).delete()
        else:
            Setting.objects.update_or_create(pk=name, defaults={"value": value})
        history.record(
            "setting-changed",
            by=by,
            setting=name,
            changes={name: [before[name], value]},
        )
        changed.append(name)
    return changed


def check(name: str, value: Any) -> Any:
    """The value as it is stored. Raises SettingInvalid with a sentence."""
    definition = BY_NAME.get(name)
    if definition is None:
        raise SettingInvalid(f"There is no setting {name}.")
    return _CHECKS[definition.kind](definition, value)


def business_calendar() -> BusinessCalendar | None:
    """When the company works; None means always."""
    value = get("business-hours")
    return calendars.load_calendar(value) if value else None


def _text(definition: Definition, value: Any) -> str:
    if not isinstance(value, str):
        raise SettingInvalid(f"{definition.name} is a text.")
    if len(value) > definition.high:
        raise SettingInvalid(f"{definition.high} characters are the most.")
    return value.strip()


def _number(definition: Definition, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise SettingInvalid(f"{definition.name} is a whole number.")
    if not definition.low <= value <= definition.high:
        raise SettingInvalid(
            f"Choose a number from {definition.low} to {definition.high}."
        )
    return value


def _choice(definition: Definition, value: Any) -> str:
    names = [name for name, _label in definition.choices]
    if value not in names:
        raise SettingInvalid(f"Choose one of {', '.join(names)}.")
    return str(value)


def _words(definition: Definition, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise SettingInvalid(f"{definition.name} is a list of words.")
    found = list(dict.fromkeys(each.strip() for each in value if each.strip()))
    if not found:
        raise SettingInvalid("At least one is needed.")
    if len(found) > definition.high:
        raise SettingInvalid(f"{definition.high} are the most.")
    return found


def _hours(definition: Definition, value: Any) -> dict[str, object] | None:
    if not value:
        return None
    try:
        return calendars.load_calendar(value).to_json()
    except calendars.CalendarInvalid as error:
        raise SettingInvalid(str(error)) from error


_CHECKS: dict[Kind, Callable[[Definition, Any], Any]] = {
    Kind.LINE: _text,
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.CHOICE: _choice,
    Kind.WORDS: _words,
    Kind.HOURS: _hours,
}


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """The names that business hours may be in; finding them reads 600 files."""
    return tuple(sorted(zoneinfo.available_timezones()))
