"""What stands on a letter beside its words, as JSON for its trace.

Pure: letter in, values out. Pages read them by the same names.
"""

from __future__ import annotations

from typing import Any

from letterbox.mime import calendar
from letterbox.mime.letter import Letter

_PGP_MARKS = ("-----BEGIN PGP MESSAGE", "-----BEGIN PGP SIGNED MESSAGE")


def describe(letter: Letter) -> dict[str, Any]:
    """Whether it is signed or encrypted and by what, and what it invites to."""
    return {
        "is_signed": letter.is_signed,
        "is_encrypted": letter.is_encrypted,
        "technique": _technique(letter),
        "invitation": _invitation(letter),
    }


def _technique(letter: Letter) -> str:
    if not (letter.is_signed or letter.is_encrypted):
        return ""
    declared = letter.headers.get("Content-Type").lower()
    if "pgp" in declared or any(mark in letter.text for mark in _PGP_MARKS):
        return "PGP"
    return "S/MIME"


def _invitation(letter: Letter) -> dict[str, Any] | None:
    found = calendar.find_invitation(letter)
    if found is None:
        return None
    return {
        "method": found.method,
        "summary": found.summary,
        "location": found.location,
        "organizer": {"name": found.organizer.name, "email": found.organizer.email},
        "starts": _moment(found.starts),
        "ends": _moment(found.ends),
        "repeats": found.repeats,
    }


def _moment(found: calendar.Moment | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "at": found.at.isoformat(),
        "zone": found.zone,
        "is_whole_day": found.is_whole_day,
    }
