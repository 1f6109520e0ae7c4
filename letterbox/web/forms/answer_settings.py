"""Hours and limits: what an administrator sets about a mailbox's automatic answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from letterbox.rules import calendars
from letterbox.rules.answer_settings import (
    MOST_DAYS,
    AnswerSettings,
    AnswerSettingsInvalid,
)
from letterbox.rules.calendars import WEEKDAYS, BusinessCalendar, CalendarInvalid
from letterbox.web.forms import budget_rows, hours
from letterbox.web.forms.widgets import QuickSelect


class AnswerSettingsForm(forms.Form):
    """Business hours, holidays, budgets, and how old a letter may be."""

    has_hours = forms.BooleanField(
        label=_("This mailbox has business hours"), required=False
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), widget=QuickSelect)
    holidays = hours.HolidaysField()
    with_company_holidays = forms.BooleanField(
        label=_("The company's holidays count here too"), required=False
    )
    oldest_days = forms.IntegerField(
        label=_("A letter may wait for its answer, in days"),
        min_value=1,
        max_value=MOST_DAYS,
        help_text=_("An older letter, of a restored backup say, is not answered."),
    )

    def __init__(
        self, data: QueryDict | None = None, *, settings: AnswerSettings
    ) -> None:
        super().__init__(data, initial=self._initial(settings))
        self.rows = (
            budget_rows.of_budgets(settings.budgets)
            if data is None
            else budget_rows.of_post(data)
        )
        zone = self.fields["time_zone"]
        if isinstance(zone, forms.ChoiceField):
            zone.choices = [(each, each) for each in sorted(available_timezones())]
        for index, name in enumerate(WEEKDAYS):
            self.fields[f"day_{index}"] = hours.SpansField(label=str(_(name)))

    @property
    def days(self) -> list[forms.BoundField]:
        """The fields of the weekdays, Monday first."""
        return [self[f"day_{index}"] for index in range(len(WEEKDAYS))]

    def change(self, what: str) -> bool:
        """Do what a button inside the form asks; False where it asks for nothing."""
        return budget_rows.change(self.rows, what)

    def unbind(self) -> None:
        """Show what was typed without complaining: nothing was to be saved yet."""
        self.initial = {name: self[name].value() for name in self.fields}
        self.is_bound = False

    def clean(self) -> dict[str, Any]:
        """Make the settings, or say what cannot be."""
        given = super().clean() or {}
        budgets = [each.budget() for each in self.rows]
        if None in budgets:
            self.add_error(None, _("A limit is a number of answers in a period."))
        if self.errors:
            return given
        try:
            given["settings"] = AnswerSettings(
                budgets=tuple(each for each in budgets if each is not None),
                calendar=self._calendar(given),
                with_company_holidays=given["with_company_holidays"],
                oldest=timedelta(days=given["oldest_days"]),
            )
        except (AnswerSettingsInvalid, CalendarInvalid) as error:
            self.add_error(None, str(error))
        return given

    def _calendar(self, given: dict[str, Any]) -> BusinessCalendar | None:
        if not given["has_hours"]:
            return None
        return calendars.load_calendar(
            {
                "time_zone": given["time_zone"],
                "week": [given[f"day_{index}"] for index in range(len(WEEKDAYS))],
                "holidays": given["holidays"],
            }
        )

    def _initial(self, settings: AnswerSettings) -> dict[str, Any]:
        calendar = settings.calendar
        stored = hours.shown(calendar or calendars.office_hours("UTC"))
        return {
            "has_hours": calendar is not None,
            "with_company_holidays": settings.with_company_holidays,
            "time_zone": stored["time_zone"],
            "holidays": stored["holidays"],
            "oldest_days": settings.oldest.days,
            **{f"day_{index}": day for index, day in enumerate(stored["week"])},
        }
