"""Fields of business hours: the spans of a weekday, and holidays, one a line.

Each says itself what is wrong with it, and in which line. `rules.calendars` knows what a
calendar may hold.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letterbox.rules import calendars
from letterbox.rules.calendars import BusinessCalendar, CalendarInvalid
from letterbox.services.speaking import say

# What is shown of the lines that are wrong.
MOST_ERRORS = 10


class SpansField(forms.CharField):
    """When people work on a weekday; cleaned to a list of [start, end], perhaps empty."""

    def __init__(self, *, label: str) -> None:
        super().__init__(
            label=label,
            required=False,
            max_length=100,
            widget=forms.TextInput(attrs={"placeholder": "09:00-12:30, 13:30-17:00"}),
        )

    def to_python(self, value: Any) -> Any:
        """The spans, each as two times."""
        text = (super().to_python(value) or "").replace("–", "-")
        pieces = [each for each in text.split(",") if each.strip()]
        spans = [[half.strip() for half in each.split("-")] for each in pieces]
        if any(len(each) != 2 for each in spans):
            raise forms.ValidationError(
                gettext("Write “%(text)s” as 09:00-12:00, 13:00-17:00.")
                % {"text": text}
            )
        _try(week=[spans, *[[]] * 6], prefix="Monday: ")
        return spans

    def prepare_value(self, value: Any) -> Any:
        """The spans as a line, or what was typed."""
        if isinstance(value, list):
            return ", ".join(f"{start}-{end}" for start, end in value)
        return value


class HolidaysField(forms.CharField):
    """Days off, one a line; cleaned to a list of {"day", "name"}."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Holidays"),
            help_text=_(
                "One a line: 2026-12-24 Christmas Eve, or 01-01 New Year for each year."
            ),
            required=False,
            max_length=50_000,
            widget=forms.Textarea(
                attrs={"rows": 6, "placeholder": "01-01 …\n2026-12-24 …"}
            ),
        )

    def to_python(self, value: Any) -> Any:
        """The days; every line that is none is named."""
        found, problems = [], []
        lines = (super().to_python(value) or "").splitlines()
        for number, line in enumerate(lines, start=1):
            day, _space, name = line.strip().partition(" ")
            if not day:
                continue
            holiday = {"day": day, "name": name.strip()}
            try:
                _try(holidays=[holiday])
            except forms.ValidationError as error:
                said = {"number": number, "problem": say(error.messages[0])}
                problems.append(gettext("Line %(number)d: %(problem)s") % said)
            found.append(holiday)
        if problems:
            raise forms.ValidationError(problems[:MOST_ERRORS])
        _try(holidays=found)
        return found

    def prepare_value(self, value: Any) -> Any:
        """The days as lines, or what was typed."""
        if isinstance(value, list):
            return "\n".join(
                f"{each['day']} {each.get('name', '')}".strip() for each in value
            )
        return value


def shown(calendar: BusinessCalendar) -> dict[str, Any]:
    """What the fields begin with: `week` and `holidays` as they clean them."""
    found: dict[str, Any] = calendar.to_json()
    return found


def _try(*, week: Any = None, holidays: Any = (), prefix: str = "") -> None:
    data = {"time_zone": "UTC", "week": week or [[]] * 7, "holidays": list(holidays)}
    try:
        calendars.load_calendar(data)
    except CalendarInvalid as error:
        # The weekday stands above the field already.
        raise forms.ValidationError(str(error).removeprefix(prefix)) from error
