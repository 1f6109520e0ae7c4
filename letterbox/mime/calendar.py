"""Invitations: what a text/calendar part says of its first event (RFC 5545, 5546).

Reads as much as a person needs to know before opening a calendar: what, when, where,
from whom. Answers nothing and expands no repetition.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from letterbox.mime.letter import Address, Letter

_LONGEST = 256 * 1024
_MOST_LINES = 5_000
_LONGEST_VALUE = 1_000


@dataclass(frozen=True, slots=True)
class Moment:
    """When an event begins or ends.

    `at` is aware where the zone is known; else it is the time on the wall, and `zone`
    is what the sender calls it. `is_whole_day` leaves the time without meaning.
    """

    at: datetime
    zone: str = ""
    is_whole_day: bool = False


@dataclass(frozen=True, slots=True)
class Invitation:
    """One event that somebody invites to, calls off or answers.

    `method` is REQUEST, CANCEL, REPLY, PUBLISH …, in upper case; empty when not said.
    """

    method: str = ""
    summary: str = ""
    location: str = ""
    organizer: Address = field(default_factory=lambda: Address(""))
    starts: Moment | None = None
    ends: Moment | None = None
    repeats: bool = False


def find_invitation(letter: Letter) -> Invitation | None:
    """The invitation that a letter carries; None where it carries none."""
    for part in letter.parts:
        if part.content_type == "text/calendar":
            found = read_invitation(part.text, method=part.parameters.get("method", ""))
            if found is not None:
                return found
    return None


def read_invitation(text: str, *, method: str = "") -> Invitation | None:
    """Read the first VEVENT of a calendar object; None where there is none."""
    values: dict[str, _Value] = {}
    inside: list[str] = []
    found = False
    for line in _unfolded(text[:_LONGEST]):
        name, value = _property(line)
        if name == "BEGIN":
            inside.append(value.text.upper())
        elif name == "END":
            if inside[-1:] == ["VEVENT"]:
                found = True
                break
            inside = inside[:-1]
        elif inside[-1:] == ["VEVENT"]:
            # Alarms within the event have components of their own.
            values.setdefault(name, value)
        elif name == "METHOD" and not method:
            method = value.text
    if not found and "DTSTART" not in values:
        return None
    organizer = values.get("ORGANIZER", _Value())
    return Invitation(
        method=method.strip().upper()[:30],
        summary=_text(values.get("SUMMARY")),
        location=_text(values.get("LOCATION")),
        organizer=_organizer(organizer),
        starts=_moment(values.get("DTSTART")),
        ends=_moment(values.get("DTEND")),
        repeats="RRULE" in values or "RDATE" in values,
    )


class _Value(NamedTuple):
    text: str = ""
    parameters: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str:
        return dict(self.parameters).get(name, "")


def _unfolded(text: str) -> list[str]:
    """Whole lines: a line that begins with a blank continues the one above (3.1)."""
    lines: list[list[str]] = []
    for line in text.splitlines()[:_MOST_LINES]:
        if line[:1] in (" ", "\t") and lines:
            lines[-1].append(line[1:])
        else:
            lines.append([line])
    return ["".join(pieces) for pieces in lines]


def _property(line: str) -> tuple[str, _Value]:
    """`NAME;PARAMETER="a:b":value`; a colon within quotes ends nothing."""
    pieces: list[str] = []
    start = 0
    is_quoted = False
    for position, character in enumerate(line):
        if character == '"':
            is_quoted = not is_quoted
        elif is_quoted:
            continue
        elif character == ";":
            pieces.append(line[start:position])
            start = position + 1
        elif character == ":":
            pieces.append(line[start:position])
            value = line[position + 1 :]
            break
    else:
        return "", _Value()
    parameters = tuple(
        (name.strip().upper(), written.strip().strip('"'))
        for name, equals, written in (piece.partition("=") for piece in pieces[1:])
        if equals
    )
    return pieces[0].strip().upper(), _Value(value.strip(), parameters)


def _text(value: _Value | None) -> str:
    r"""The words of a TEXT value (3.3.11): `\n`, `\,`, `\;` and `\\` stand for others."""
    if value is None:
        return ""
    pieces: list[str] = []
    characters = iter(value.text[:_LONGEST_VALUE])
    for character in characters:
        if character == "\\":
            escaped = next(characters, "")
            pieces.append(" " if escaped in "nN" else escaped)
        else:
            pieces.append(character)
    return " ".join("".join(pieces).split())


def _organizer(value: _Value) -> Address:
    scheme, _, email = value.text.partition(":")
    if scheme.lower() != "mailto" or "@" not in email:
        return Address("", value.parameter("CN")[:300])
    return Address(email.strip()[:320], value.parameter("CN")[:300])


def _moment(value: _Value | None) -> Moment | None:
    if value is None:
        return None
    day, _, clock = value.text.partition("T")
    read = _day(day)
    if read is None:
        return None
    if not clock:
        return Moment(datetime.combine(read, time()), is_whole_day=True)
    at = _clock(clock.rstrip("Zz"))
    if at is None:
        return None
    moment = datetime.combine(read, at)
    if clock[-1] in "Zz":
        return Moment(moment.replace(tzinfo=UTC), "UTC")
    zone = value.parameter("TZID")[:100]
    try:
        return Moment(moment.replace(tzinfo=ZoneInfo(zone)), zone)
    except (KeyError, ValueError, OSError):
        # A name of Windows, or none: the time on the wall, with what they call it.
        return Moment(moment, zone)


def _day(text: str) -> date | None:
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _clock(text: str) -> time | None:
    if len(text) not in (4, 6) or not (text.isascii() and text.isdigit()):
        return None
    try:
        return time(int(text[:2]), int(text[2:4]))
    except ValueError:
        return None
