"""Check a connection with what is typed in a form; nothing is stored by it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time

from django.utils import timezone

from letterbox.models import Connection
from letterbox.services import connections
from letterbox.sync import probe
from letterbox.web.forms.mailboxes import ConnectionForm


def receiving(form: ConnectionForm) -> probe.Report:
    """What happens on the way to the letters."""
    row = _row(form, "imap")
    return probe.check_imap(connections.imap_server(row), connections.imap_login(row))


def sending(form: ConnectionForm) -> probe.Report:
    """What happens on the way out; no letter is sent."""
    return probe.check_smtp(connections.smtp_settings(_row(form, "smtp")))


def first_problem(lines: Iterable[probe.Line]) -> str:
    """What went wrong first, with what to do about it."""
    bad = next((line for line in lines if not line.is_good), None)
    return f"{bad.sentence} {bad.advice}".strip() if bad else ""


def start_of_day(day: date | None) -> datetime | None:
    """The first moment of a day, in the time of this installation."""
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day, time.min))


def _row(form: ConnectionForm, protocol: str) -> Connection:
    """A connection that is never saved, with the stored password where none is typed."""
    given = form.endpoint(protocol)
    password = given.pop("password")
    stored = form.stored.get(protocol)
    if password is not None:
        sealed = connections.keyring().seal(password)
    else:
        sealed = stored.sealed_password if stored else ""
    return Connection(**given, sealed_password=sealed)
