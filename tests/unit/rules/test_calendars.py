from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest

from letterbox.rules.calendars import (
    BusinessCalendar,
    CalendarInvalid,
    Holiday,
    Span,
    load_calendar,
    office_hours,
)

BERLIN: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "week": [
        [["09:00", "12:00"], ["13:00", "17:00"]],
        [["09:00", "17:00"]],
        [["09:00", "17:00"]],
        [["22:00", "00:00"]],
        [["00:00", "02:00"]],
        [],
        [],
    ],
    "holidays": [
        {"day": "12-25", "name": "Christmas"},
        {"day": "2026-05-14", "name": ""},
    ],
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-02 07:59:59", False),  # Monday 08:59 in winter time
        ("2026-03-02 08:00", True),
        ("2026-03-02 10:59:59", True),
        ("2026-03-02 11:00", False),
        ("2026-03-02 12:00", True),
        ("2026-03-02 16:00", False),
        ("2026-06-01 07:00", True),  # Monday 09:00 in summer time
        ("2026-06-01 06:59", False),
        ("2026-03-05 21:30", True),  # Thursday before midnight
        ("2026-03-05 23:30", True),  # Friday after midnight
        ("2026-03-06 01:00", False),
        ("2026-03-07 10:00", False),
        ("2024-12-25 10:00", False),
        ("2026-05-14 21:00", False),
    ],
)
def test_hours_are_those_on_the_wall(moment: str, is_open: bool) -> None:
    calendar = load_calendar(BERLIN)

    assert calendar.is_open(at(moment)) is is_open
    word = "inside" if is_open else "outside"
    assert word in calendar.why(at(moment)) or "holiday" in calendar.why(at(moment))


def test_a_holiday_lasts_its_whole_local_day() -> None:
    calendar = load_calendar(BERLIN)

    assert calendar.is_holiday(at("2025-12-24 23:00"))
    assert not calendar.is_holiday(at("2025-12-24 22:59"))
    assert calendar.is_holiday(at("2025-12-25 22:59"))
    assert not calendar.is_holiday(at("2025-12-25 23:00"))
    assert calendar.is_holiday(at("2026-05-14 12:00"))
    assert not calendar.is_holiday(at("2027-05-14 12:00"))
    assert (
        calendar.why(at("2025-12-25 12:00")) == "2025-12-25 is a holiday (Christmas)."
    )


def test_the_next_opening_skips_nights_weekends_and_holidays() -> None:
    calendar = office_hours("UTC")
    christmas = BusinessCalendar("UTC", calendar.week, (Holiday(12, 25),))

    assert calendar.next_opening(at("2026-03-02 10:00")) == at("2026-03-02 10:00")
    assert calendar.next_opening(at("2026-03-02 08:00")) == at("2026-03-02 09:00")
    assert calendar.next_opening(at("2026-03-06 18:00")) == at("2026-03-09 09:00")
    assert christmas.next_opening(at("2026-12-24 18:00")) == at("2026-12-28 09:00")
    assert (
        BusinessCalendar("UTC", ((),) * 7).next_opening(at("2026-03-02 10:00")) is None
    )


def test_a_calendar_survives_its_json() -> None:
    calendar = load_calendar(BERLIN)

    assert calendar.to_json() == BERLIN
    assert load_calendar(calendar.to_json()) == calendar


def test_spans_are_put_in_order() -> None:
    week = [[["13:00", "17:00"], ["09:00", "12:00"]], *([[]] * 6)]

    calendar = load_calendar({**BERLIN, "week": week})

    assert calendar.week[0][0] == Span(time(9), time(12))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"time_zone": "Europe/Atlantis"}, "no time zone"),
        ({"time_zone": "../etc/passwd"}, "no time zone"),
        ({"time_zone": ""}, "no time zone"),
        ({"week": [[]] * 6}, "seven days"),
        ({"week": [[["9 o'clock", "17:00"]], *([[]] * 6)]}, "such as 09:00"),
        ({"week": [[["17:00", "09:00"]], *([[]] * 6)]}, "over midnight"),
        ({"week": [[["09:00", "09:00"]], *([[]] * 6)]}, "ends before"),
        ({"week": [[["09:00", "12:00"], ["11:00", "13:00"]], *([[]] * 6)]}, "overlap"),
        ({"week": [[["09:00", "00:00"], ["11:00", "13:00"]], *([[]] * 6)]}, "overlap"),
        ({"week": [[["09:00"]], *([[]] * 6)]}, "A calendar is"),
        ({"week": [[[f"{n:02}:00", f"{n:02}:30"] for n in range(7)], *([[]] * 6)]}, "most 6"),
        ({"week": 7}, "A calendar is"),
        ({"holidays": [{"day": "13-40"}]}, "no day 13-40"),
        ({"holidays": [{"day": "2026-02-29"}]}, "no day 2026-02-29"),
        ({"holidays": [{"day": "Christmas"}]}, "2026-12-24"),
        ({"holidays": [{"day": "1-1"}] * 1001}, "at most 1000"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_calendar_is_told(
    change: dict[str, Any], words: str
) -> None:
    with pytest.raises(CalendarInvalid, match=words):
        load_calendar({**BERLIN, **change})


def test_spans_may_touch() -> None:
    touching = [[["09:00", "12:00"], ["12:00", "13:00"]], *([[]] * 6)]

    calendar = load_calendar({**BERLIN, "time_zone": "UTC", "week": touching})

    assert calendar.is_open(at("2026-03-02 12:00"))


def test_a_leap_day_may_be_a_yearly_holiday() -> None:
    holiday = Holiday(2, 29)

    assert holiday.is_on(datetime(2028, 2, 29, tzinfo=UTC).date())
    assert not holiday.is_on(datetime(2027, 3, 1, tzinfo=UTC).date())


def test_the_holidays_of_the_company_come_to_those_of_a_mailbox() -> None:
    own = load_calendar(
        {
            **office_hours("Europe/Berlin").to_json(),
            "holidays": [{"day": "12-24", "name": "Our eve"}],
        }
    )
    company = [Holiday(12, 24, None, "Eve"), Holiday(1, 1, None, "New Year")]

    together = own.with_holidays(company)

    assert [each.name for each in together.holidays] == ["Our eve", "New Year"]
    assert together.week == own.week
