"""Business hours and holidays in a time zone: when people work.

Hours are those on the wall of the office, so that a change to summer time moves no
one's lunch. Nothing here reads a clock.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SPAN_LIMIT = 6
_HOLIDAY_LIMIT = 1_000
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")  # fmt: skip


class CalendarInvalid(ValueError):
    """This calendar cannot be used; the text says what to change."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` up to, but without, `end`; an end of 00:00 means midnight."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.end != time.min and self.end <= self.start:
            raise CalendarInvalid(
                f"{self} ends before it starts. Hours over midnight are two spans: one "
                "up to 00:00, and one from 00:00 on the next day."
            )

    def __str__(self) -> str:
        return f"{self.start:%H:%M}–{self.end:%H:%M}"

    def covers(self, moment: time) -> bool:
        """Whether people work at this time of the day."""
        return self.start <= moment and (self.end == time.min or moment < self.end)


@dataclass(frozen=True, slots=True)
class Holiday:
    """One free day; without a year it comes back every year."""

    month: int
    day: int
    year: int | None = None
    name: str = ""

    def __post_init__(self) -> None:
        try:
            # 2000 has a 29 February, which a yearly holiday may fall on.
            date(self.year or 2000, self.month, self.day)
        except ValueError as error:
            raise CalendarInvalid(f"There is no day {self}.") from error

    def __str__(self) -> str:
        year = f"{self.year:04}-" if self.year else ""
        return f"{year}{self.month:02}-{self.day:02}"

    def is_on(self, day: date) -> bool:
        """Whether it is this holiday on that day."""
        if self.year is not None and self.year != day.year:
            return False
        return (self.month, self.day) == (day.month, day.day)


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """When people work: spans for each weekday, Monday first, and days off.

    A holiday is closed all day, whatever weekday it falls on.
    """

    time_zone: str
    week: tuple[tuple[Span, ...], ...]
    holidays: tuple[Holiday, ...] = ()

    def __post_init__(self) -> None:
        _zone(self.time_zone)
        if len(self.week) != len(WEEKDAYS):
            raise CalendarInvalid("A week has seven days; a free one has no hours.")
        for name, spans in zip(WEEKDAYS, self.week, strict=True):
            if len(spans) > _SPAN_LIMIT:
                raise CalendarInvalid(f"{name}: use at most {_SPAN_LIMIT} spans a day.")
            for first, second in itertools.pairwise(spans):
                if first.end == time.min or second.start < first.end:
                    raise CalendarInvalid(f"{name}: {first} and {second} overlap.")
        if len(self.holidays) > _HOLIDAY_LIMIT:
            raise CalendarInvalid(f"Use at most {_HOLIDAY_LIMIT} holidays.")

    def is_open(self, moment: datetime) -> bool:
        """Whether people work at this moment (aware)."""
        local = self._local(moment)
        if self._holiday_on(local.date()):
            return False
        return any(span.covers(local.time()) for span in self.week[local.weekday()])

    def is_holiday(self, moment: datetime) -> bool:
        """Whether the day of this moment, in the calendar's zone, is a holiday."""
        return self._holiday_on(self._local(moment).date()) is not None

    def why(self, moment: datetime) -> str:
        """In a sentence, whether people work at this moment, and why."""
        local = self._local(moment)
        holiday = self._holiday_on(local.date())
        if holiday:
            return f"{local:%Y-%m-%d} is a holiday ({holiday.name or holiday})."
        spans = self.week[local.weekday()]
        hours = " and ".join(map(str, spans)) or "closed all day"
        day, time = WEEKDAYS[local.weekday()], f"{local:%H:%M}"
        if self.is_open(moment):
            return (
                f"{day} {time} ({self.time_zone}) is inside business hours ({hours})."
            )
        return f"{day} {time} ({self.time_zone}) is outside business hours ({hours})."

    def next_opening(self, moment: datetime) -> datetime | None:
        """When people work again: `moment` itself if they do; None in a free year."""
        if self.is_open(moment):
            return moment
        local = self._local(moment)
        for ahead in range(367):
            day = local.date() + timedelta(days=ahead)
            if self._holiday_on(day):
                continue
            for span in self.week[day.weekday()]:
                start = datetime.combine(day, span.start, _zone(self.time_zone))
                if start >= moment:
                    return start
        return None

    def with_holidays(self, others: Sequence[Holiday]) -> BusinessCalendar:
        """The same hours with further days off; a day that is free already keeps its name."""
        known = {str(each) for each in self.holidays}
        more = [each for each in others if str(each) not in known]
        together = (*self.holidays, *more)[:_HOLIDAY_LIMIT]
        return BusinessCalendar(self.time_zone, self.week, together)

    def to_json(self) -> dict[str, object]:
        """The calendar as JSON values; `load_calendar` reads them back."""
        return {
            "time_zone": self.time_zone,
            "week": [
                [[f"{each.start:%H:%M}", f"{each.end:%H:%M}"] for each in spans]
                for spans in self.week
            ],
            "holidays": [
                {"day": str(each), "name": each.name} for each in self.holidays
            ],
        }

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(_zone(self.time_zone))

    def _holiday_on(self, day: date) -> Holiday | None:
        return next((each for each in self.holidays if each.is_on(day)), None)


def office_hours(
    time_zone: str, start: str = "09:00", end: str = "17:00"
) -> BusinessCalendar:
    """Monday to Friday with the same hours, no holidays."""
    span = Span(_time(start), _time(end))
    return BusinessCalendar(time_zone, ((span,),) * 5 + ((), ()))


def load_calendar(data: Mapping[str, Any]) -> BusinessCalendar:
    """A calendar from its JSON form.

    Raises CalendarInvalid with a sentence on the first thing that is wrong.
    """
    try:
        week = tuple(
            tuple(sorted(Span(_time(start), _time(end)) for start, end in spans))
            for spans in data["week"]
        )
        holidays = tuple(
            _holiday(str(each["day"]), str(each.get("name", "")))
            for each in data.get("holidays", [])
        )
        return BusinessCalendar(str(data["time_zone"]), week, holidays)
    except CalendarInvalid:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CalendarInvalid(
            "A calendar is a time zone, a week of seven days and a list of holidays."
        ) from error


def _holiday(text: str, name: str) -> Holiday:
    pieces: Sequence[str] = text.strip().split("-")
    if not all(each.isascii() and each.isdigit() for each in pieces):
        pieces = ()
    match [int(each) for each in pieces]:
        case [year, month, day]:
            return Holiday(month, day, year, name)
        case [month, day]:
            return Holiday(month, day, None, name)
        case _:
            raise CalendarInvalid(
                f"Write {text!r} as 2026-12-24, or 12-24 for each year."
            )


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise CalendarInvalid(f"Write {text!r} as a time, such as 09:00.") from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CalendarInvalid(
            f"There is no time zone {name!r}; write one such as Europe/Berlin."
        ) from error
