"""The settings of the system as a form: one field for each entry of the registry."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from letterbox.models import Connection, Mailbox
from letterbox.rules.calendars import WEEKDAYS
from letterbox.services import account_mail, settings
from letterbox.services.setting_list import SETTINGS, Definition, Kind
from letterbox.web.forms import hours
from letterbox.web.forms.widgets import QuickSelect, WordsField


class SettingsForm(forms.Form):
    """Every setting, with what it means and what it is by default.

    Fields are named after their settings. Business hours are three fields: a time zone,
    a line for each weekday, and holidays.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        values = settings.all_values()
        # Setting → the names of its fields.
        self.names: dict[str, list[str]] = {}
        for definition in SETTINGS:
            fields = _fields(definition, values[definition.name])
            self.names[definition.name] = list(fields)
            self.fields.update(fields)

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under the headings of their settings."""
        found: dict[str, list[forms.BoundField]] = {}
        for definition in SETTINGS:
            bounds = found.setdefault(str(definition.group), [])
            bounds.extend(self[name] for name in self.names[definition.name])
        return list(found.items())

    def clean(self) -> dict[str, Any]:
        """Ask the registry about each value."""
        given = super().clean() or {}
        for definition in SETTINGS:
            names = self.names[definition.name]
            if any(name in self.errors for name in names):
                continue
            if definition.kind is Kind.HOURS and self._hours_are_lost(names, given):
                self.add_error(
                    names[0],
                    _("Choose a time zone: without one nothing below is kept."),
                )
                continue
            try:
                settings.check(definition.name, _value(definition, given))
            except settings.SettingInvalid as error:
                self.add_error(names[0], str(error))
        address = given.get("account-mailbox")
        chosen = account_mail.find(address) if address else None
        if chosen is not None and (problem := account_mail.why_not(chosen)):
            self.add_error("account-mailbox", problem)
        return given

    def _hours_are_lost(self, names: list[str], given: dict[str, Any]) -> bool:
        """Whether somebody typed hours or holidays, but says “always open”."""
        zone, *rest = names
        is_typed = any(given[name] for name in rest if name in self.changed_data)
        return not given[zone] and is_typed

    def values(self) -> dict[str, Any]:
        """What `services.settings.change` takes."""
        return {each.name: _value(each, self.cleaned_data) for each in SETTINGS}


def _fields(definition: Definition, value: Any) -> dict[str, forms.Field]:
    common: dict[str, Any] = {
        "label": definition.label,
        "help_text": _help(definition),
        "required": False,
        "initial": value,
    }
    match definition.kind:
        case Kind.LINE:
            field: forms.Field = forms.CharField(max_length=definition.high, **common)
        case Kind.TEXT:
            field = forms.CharField(
                max_length=definition.high,
                widget=forms.Textarea(attrs={"rows": 3}),
                **common,
            )
        case Kind.NUMBER:
            common["required"] = True
            field = forms.IntegerField(
                min_value=definition.low, max_value=definition.high, **common
            )
        case Kind.CHOICE:
            field = forms.ChoiceField(choices=definition.choices, **common)
        case Kind.WORDS:
            field = WordsField(
                most=definition.high, each=forms.CharField(max_length=255), **common
            )
        case Kind.MAILBOX:
            field = forms.ChoiceField(choices=_mailboxes(value), **common)
        case Kind.HOURS:
            return _hours_fields(definition, value)
    return {definition.name: field}


def _mailboxes(chosen: str) -> list[tuple[str, Any]]:
    """Those that can send; and the chosen one, whatever became of it."""
    rows = (
        Mailbox.objects.filter(
            removed_at__isnull=True, connections__protocol=Connection.Protocol.SMTP
        )
        .order_by("label")
        .values_list("address", "label")
    )
    found: list[tuple[str, Any]] = [("", _("None"))]
    found += [(address, f"{label} ({address})") for address, label in rows]
    if chosen and chosen not in dict(found):
        found.append((chosen, chosen))
    return found


def _help(definition: Definition) -> str:
    default = definition.default()
    if definition.kind is Kind.CHOICE:
        default = dict(definition.choices)[default]
    if isinstance(default, list):
        default = ", ".join(default)
    text = str(definition.help)
    if default in ("", None):
        return text
    return f"{text} {_('By default: %(value)s') % {'value': default}}"


def _hours_fields(definition: Definition, value: Any) -> dict[str, forms.Field]:
    stored = value or {}
    week = stored.get("week") or []
    zones = [("", _("Always open")), *((each, each) for each in settings.time_zones())]
    fields: dict[str, forms.Field] = {
        f"{definition.name}-zone": forms.ChoiceField(
            label=str(definition.label),
            help_text=str(definition.help),
            required=False,
            choices=zones,
            initial=stored.get("time_zone", ""),
            widget=QuickSelect,
        )
    }
    for number, day in enumerate(WEEKDAYS):
        field = hours.SpansField(label=str(_(day)))
        field.initial = week[number] if number < len(week) else []
        fields[f"{definition.name}-{number}"] = field
    holidays = hours.HolidaysField()
    holidays.initial = stored.get("holidays", [])
    fields[f"{definition.name}-holidays"] = holidays
    return fields


def _value(definition: Definition, given: dict[str, Any]) -> Any:
    if definition.kind is not Kind.HOURS:
        value = given.get(definition.name)
        return definition.default() if value is None else value
    zone = given.get(f"{definition.name}-zone")
    if not zone:
        return None
    return {
        "time_zone": zone,
        "week": [
            given[f"{definition.name}-{number}"] for number in range(len(WEEKDAYS))
        ],
        "holidays": given[f"{definition.name}-holidays"],
    }
