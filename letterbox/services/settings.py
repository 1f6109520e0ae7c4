"""What an administrator sets for the whole system, on screen: each with its meaning.

Each setting is one entry of `setting_list`. What must be known before the database is
there stays in the environment (letterbox.settings).
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from django.conf import settings as environment
from django.db import transaction

from letterbox.models import Setting, User
from letterbox.rules import calendars
from letterbox.rules.calendars import BusinessCalendar
from letterbox.services import administrators, history
from letterbox.services.setting_list import SETTINGS, Definition, Kind


class SettingInvalid(ValueError):
    """This value cannot be used; the text says why."""


BY_NAME = {each.name: each for each in SETTINGS}


# What was read while one page is made; None elsewhere.
_read: ContextVar[dict[str, Any] | None] = ContextVar("settings", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Within, all settings are read by the first question, and not again."""
    token = _read.set({})
    try:
        yield
    finally:
        _read.reset(token)


def get(name: str) -> Any:
    """The value of one setting, or its default."""
    definition = BY_NAME[name]
    kept = _read.get()
    if kept is not None:
        if not kept:
            kept.update(all_values())
        return kept[name]
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
        is_default = value == BY_NAME[name].default()
        told = {name: [before[name], value]}
        store(name, None if is_default else value, by=by, changes=told)
        changed.append(name)
    if (
        passwords_are_for_administrators()
        and not administrators.somebody_has_a_way_in()
    ):
        # What was just read is taken back with the transaction.
        _forget()
        raise SettingInvalid(administrators.NO_WAY_IN)
    return changed


def _forget() -> None:
    """What was read is not so any more."""
    if kept := _read.get():
        kept.clear()


@transaction.atomic
def store(
    name: str, value: Any, *, by: User | None, changes: Mapping[str, Any]
) -> None:
    """Keep one row as it is, or none for None; `changes` as the history tells them.

    For whatever checks its value by itself, such as a logo; else see `change`.
    """
    if value is None:
        Setting.objects.filter(pk=name).delete()
    else:
        Setting.objects.update_or_create(pk=name, defaults={"value": value})
    _forget()
    history.record("setting-changed", by=by, setting=name, changes=changes)


def passwords_are_for_administrators() -> bool:
    """Whether everybody else signs in with a provider."""
    return bool(get("password-sign-in") == "administrators")


def check(name: str, value: Any) -> Any:
    """The value as it is stored. Raises SettingInvalid with a sentence."""
    definition = BY_NAME.get(name)
    if definition is None:
        raise SettingInvalid(f"There is no setting {name}.")
    return _CHECKS[definition.kind](definition, value)


def largest_letter_bytes() -> int:
    """How long a letter is taken whole; the environment says it until a person does."""
    row = Setting.objects.filter(pk="letter-megabytes").first()
    return environment.LARGEST_LETTER_BYTES if row is None else row.value * 1_000_000


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
    Kind.MAILBOX: _text,
}


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """The names that business hours may be in; finding them reads 600 files."""
    return tuple(sorted(zoneinfo.available_timezones()))
