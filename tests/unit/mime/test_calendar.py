from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime import calendar

EVENT = (
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\n"
    "BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    "BEGIN:VEVENT\r\n"
    'ORGANIZER;CN="Berg; Anna":mailto:anna@berg.example\r\n'
    "SUMMARY:Visit\\, with a lo\r\n ng talk\r\n"
    "LOCATION:Room 7\\nSecond floor\r\n"
    "DTSTART;TZID=Europe/Berlin:20260302T100000\r\n"
    "DTEND;TZID=Europe/Berlin:20260302T113000\r\n"
    "BEGIN:VALARM\r\nSUMMARY:Alarm\r\nEND:VALARM\r\n"
    "RRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_an_invitation_says_what_when_where_and_from_whom() -> None:
    found = calendar.read_invitation(EVENT)

    assert found is not None
    assert found.method == "REQUEST"
    assert found.summary == "Visit, with a long talk"
    assert found.location == "Room 7 Second floor"
    assert str(found.organizer) == "Berg; Anna <anna@berg.example>"
    assert found.starts is not None
    assert found.starts.at == datetime(2026, 3, 2, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    assert found.repeats


def test_a_day_a_moment_and_a_time_on_the_wall_are_told_apart() -> None:
    def starts(line: str) -> calendar.Moment | None:
        found = calendar.read_invitation(f"BEGIN:VEVENT\n{line}\nEND:VEVENT\n")
        return found.starts if found else None

    day = starts("DTSTART;VALUE=DATE:20260302")
    moment = starts("DTSTART:20260302T100000Z")
    wall = starts("DTSTART;TZID=W. Europe Standard Time:20260302T1000")

    assert day
    assert day.is_whole_day
    assert moment
    assert moment.at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert wall
    assert wall.at.tzinfo is None
    assert wall.zone == "W. Europe Standard Time"
    assert starts("DTSTART:20261340T100000Z") is None


def test_what_is_no_event_is_no_invitation() -> None:
    assert calendar.read_invitation("") is None
    assert calendar.read_invitation("BEGIN:VCALENDAR\nEND:VCALENDAR\n") is None


@given(st.text(alphabet='BEGINVDT:;="\\\n\r \t0128Zé', max_size=400))
def test_no_text_is_too_odd(text: str) -> None:
    found = calendar.read_invitation(f"BEGIN:VEVENT\n{text}\nEND:VEVENT\n")

    assert found is None or len(found.summary) <= len(text)
