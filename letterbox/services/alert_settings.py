"""Whom alerts are told to; a choice of administrators, kept as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction

from letterbox.models import Setting, User
from letterbox.services import history, keys, settings

NAME = "alerts"
# Who is told where nobody is named.
WHO_CARE = ["administer-mailboxes", "administer-system"]


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """`recipients` empty means: everybody who administers mailboxes.

    `sealed_secret` signs what the webhook gets; empty means unsigned.
    """

    failing_minutes: int = 15
    sends_mail: bool = True
    recipients: tuple[str, ...] = ()
    webhook_url: str = ""
    sealed_secret: str = field(default="", repr=False)

    @property
    def patience(self) -> timedelta:
        """How long a mailbox may fail before it is an incident."""
        return timedelta(minutes=self.failing_minutes)


def current() -> AlertSettings:
    """What is chosen, or what we would choose."""
    row = Setting.objects.filter(name=NAME).first()
    if row is None:
        return AlertSettings()
    known = {name: row.value[name] for name in _NAMES if name in row.value}
    return AlertSettings(**{**known, "recipients": tuple(known.get("recipients", ()))})


@transaction.atomic
def change(*, by: User | None, webhook_secret: str | None, **fields: Any) -> None:
    """Choose anew; a secret of None keeps the stored one."""
    before = current()
    sealed = before.sealed_secret
    if webhook_secret is not None:
        sealed = keys.seal(webhook_secret)
    after = AlertSettings(**fields, sealed_secret=sealed)
    told = history.differences(_told(before), _told(after))
    settings.store(NAME, asdict(after), by=by, changes=told)


def recipients() -> list[str]:
    """The addresses that are told by mail."""
    chosen = current().recipients
    if chosen:
        return list(chosen)
    people = User.objects.filter(is_active=True, roles__abilities__overlap=WHO_CARE)
    return list(people.distinct().values_list("email", flat=True))


_NAMES = frozenset(asdict(AlertSettings()))


def _told(settings: AlertSettings) -> dict[str, Any]:
    """For the history; never the secret."""
    told = asdict(settings)
    told.pop("sealed_secret")
    return {**told, "recipients": list(settings.recipients)}
