"""What a person reads about a mailbox: its state, the cause, and the cure."""

from __future__ import annotations

import errno
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from letterbox import crypto, live
from letterbox.imap import errors
from letterbox.models import Health, HealthEvent
from letterbox.sync import opening

State = Health.State

# PostgreSQL's code, errcodes-appendix.
DISK_FULL = "53100"


class BudgetSpent(Exception):
    """Today's bytes are used up; the provider would lock the mailbox."""

    def __init__(self, spent: int, wait: timedelta) -> None:
        super().__init__(
            f"{spent // 1_000_000:,} MB were downloaded today, as many as the provider "
            "allows."
        )
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """An error in plain words; `is_lasting` when only a person can mend it."""

    cause: str
    cure: str
    is_lasting: bool = False
    is_throttled: bool = False


def diagnose(error: Exception) -> Diagnosis:
    """What happened and what to do, by the class of the error."""
    match error:
        case BudgetSpent():
            return Diagnosis(
                str(error),
                "Nothing: Letterbox goes on at midnight (UTC).",
                is_throttled=True,
            )
        case opening.SignInOver():
            return Diagnosis(str(error), error.cure, is_lasting=True)
        case errors.TokenRefused():
            return Diagnosis(
                str(error),
                "Sign in again under Synchronization, with an account that may open "
                "this mailbox by IMAP.",
                is_lasting=True,
            )
        case errors.LoginRefused():
            return Diagnosis(
                str(error),
                "Enter the password again under Synchronization. Some providers want "
                "an app password, or sign-in with the provider.",
                is_lasting=True,
            )
        case errors.Throttled():
            return Diagnosis(
                str(error),
                "Nothing: Letterbox waits and goes on by itself. If it happens often, "
                "other programs use the same mailbox.",
                is_throttled=True,
            )
        case errors.HostUnknown():
            return Diagnosis(str(error), "Check the spelling of the IMAP host.")
        case errors.CertificateRefused():
            return Diagnosis(
                str(error),
                "Use the name that is in the certificate as IMAP host, or have the "
                "server's certificate renewed.",
                is_lasting=True,
            )
        case errors.EncryptionFailed():
            return Diagnosis(
                str(error),
                "Choose another encryption: TLS is usual on port 993, STARTTLS on 143.",
                is_lasting=True,
            )
        case errors.CannotConnect():
            return Diagnosis(
                str(error),
                "Check host and port, and whether a firewall is between. Letterbox "
                "keeps trying.",
            )
        case crypto.KeyLost():
            return Diagnosis(
                str(error),
                "Restore the key, or enter the password again.",
                is_lasting=True,
            )
        case DatabaseError() if _is_full(error):
            return Diagnosis(
                "The disk of the database is full. New letters wait on their server; "
                "nothing that was stored is lost.",
                "Make room on that disk. Letterbox goes on by itself.",
            )
        case DatabaseError():
            return Diagnosis(
                f"The database could not be used: {_first_line(error)}",
                "Nothing: Letterbox tries again by itself.",
            )
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Diagnosis(
                f"No room is left in {tempfile.gettempdir()}, where large letters are "
                "kept while they come. They wait on their server.",
                "Make room there. Letterbox goes on by itself.",
            )
        case errors.ImapError():
            return Diagnosis(str(error), "Nothing: Letterbox connects again by itself.")
        case _:
            return Diagnosis(
                f"{type(error).__name__}: {error}",
                "Letterbox tries again; the log has more.",
            )


def _is_full(error: DatabaseError) -> bool:
    """Whether the database had no room: disk_full, or a log it could not write."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state == DISK_FULL or "No space left on device" in str(error)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


# In one statement, since thousands report when a keeper starts. Returns what was known
# before; no row where there is no such mailbox.
REPORT = """
    WITH known AS (
        SELECT state, cause FROM letterbox_health WHERE mailbox_id = %(mailbox)s
    )
    INSERT INTO letterbox_health AS health (mailbox_id, state, cause, cure, since,
        next_attempt_at, failures, capabilities)
    SELECT id, %(state)s, %(cause)s, %(cure)s, %(now)s, %(next)s::timestamptz,
        %(failures)s, COALESCE(%(capabilities)s::varchar[], '{}')
    FROM letterbox_mailbox WHERE id = %(mailbox)s
    ON CONFLICT (mailbox_id) DO UPDATE SET
        state = EXCLUDED.state, cause = EXCLUDED.cause, cure = EXCLUDED.cure,
        since = CASE WHEN health.state = EXCLUDED.state
            THEN health.since ELSE EXCLUDED.since END,
        next_attempt_at = EXCLUDED.next_attempt_at, failures = EXCLUDED.failures,
        capabilities = COALESCE(%(capabilities)s::varchar[], health.capabilities)
    RETURNING (SELECT state FROM known), (SELECT cause FROM known)
"""


def report(
    mailbox_id: int,
    state: Health.State,
    *,
    cause: str = "",
    cure: str = "",
    next_attempt_at: datetime | None = None,
    failures: int = 0,
    capabilities: list[str] | None = None,
) -> None:
    """Write what is known now; browsers hear of it when the state has changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            REPORT,
            {
                "mailbox": mailbox_id,
                "state": str(state),
                "cause": cause,
                "cure": cure,
                "now": timezone.now(),
                "next": next_attempt_at,
                "failures": failures,
                "capabilities": capabilities and [name[:100] for name in capabilities],
            },
        )
        row = cursor.fetchone()
    if row is None:
        # The mailbox was removed meanwhile.
        return
    was_state, was_cause = row
    # Apart from the row: a full disk may have room for it, but none for one more line.
    with transaction.atomic():
        if was_state != state:
            HealthEvent.objects.create(mailbox_id=mailbox_id, state=state, cause=cause)
        if (was_state, was_cause) != (state, cause):
            live.announce("health", mailbox_id, mailbox_id=mailbox_id)


def note_pass(mailbox_id: int, *, has_letters: bool) -> None:
    """A pass over all folders has ended well."""
    now = timezone.now()
    fields = {"last_pass_at": now}
    if has_letters:
        fields["last_letter_at"] = now
    Health.objects.filter(mailbox=mailbox_id).update(**fields)


def forget_old(*, older_than: timedelta = timedelta(days=30)) -> None:
    """Cut the strip of events behind what anybody looks at."""
    HealthEvent.objects.filter(at__lt=timezone.now() - older_than).delete()
