"""What is worth an alert, kind by kind: each looks at the rows and says what it found.

Nothing here writes. A new kind is one more function in KINDS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from letterbox.models import (
    Alert,
    Connection,
    Health,
    HealthEvent,
    Mailbox,
    Message,
    OAuthProvider,
    OutgoingMail,
    SignIn,
)

GOOD = (Health.State.LIVE, Health.State.POLLING, Health.State.OFF)
# A keeper takes over within seconds; longer than this there is none.
UNKEPT = timedelta(minutes=2)
SIGN_IN_ENDS_WITHIN = timedelta(days=7)
SECRET_ENDS_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in trouble; an empty sentence keeps the one that is known."""

    key: str
    sentence: str
    cure: str = ""
    mailbox_id: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """When we look, how long a failure may last, and which alerts are open."""

    now: datetime
    patience: timedelta
    open_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Kind:
    """How to find it, and whether people are told by mail and webhook."""

    find: Callable[[Look], Iterable[Finding]]
    is_told: bool = True


def _mailboxes() -> QuerySet[Mailbox]:
    return Mailbox.objects.filter(is_on=True, removed_at__isnull=True)


def _health(look: Look) -> Iterator[Finding]:
    """A mailbox that needs a person at once; one that fails, after some time.

    While it tries again its state changes; it is over when letters come again.
    """
    rows = Health.objects.filter(mailbox__in=_mailboxes()).exclude(state__in=GOOD)
    for row in rows:
        key = f"health:{row.mailbox_id}"
        is_bad = (
            key in look.open_keys
            or row.state == Health.State.NEEDS_ATTENTION
            or _failing_for(row, look.now) >= look.patience
        )
        if is_bad:
            yield Finding(key, row.cause, row.cure, row.mailbox_id)


def _failing_for(row: Health, now: datetime) -> timedelta:
    """How long ago the first failure after the last good moment was."""
    if not row.failures:
        return timedelta(0)
    events = HealthEvent.objects.filter(mailbox=row.mailbox_id)
    last_good = events.filter(state__in=GOOD).order_by("-id").first()
    if last_good is not None:
        events = events.filter(pk__gt=last_good.pk)
    first = events.order_by("id").values_list("at", flat=True).first()
    return now - (first or row.since)


def _unkept(look: Look) -> Iterator[Finding]:
    alone = _mailboxes().filter(
        Q(lease__isnull=True) | Q(lease__expires_at__lt=look.now - UNKEPT),
        connections__protocol=Connection.Protocol.IMAP,
        created_at__lt=look.now - UNKEPT,
    )
    count = alone.distinct().count()
    if count:
        yield Finding(
            "unkept",
            f"Nobody fetches the letters of {count} mailbox: no keeper runs."
            if count == 1
            else f"Nobody fetches the letters of {count} mailboxes: no keeper runs.",
            "Start `letterbox run`, or `letterbox keeper` on one host at least.",
        )


def _sign_in(look: Look) -> Iterator[Finding]:
    """A mailbox without IMAP is kept by nobody, so its health says nothing."""
    ended = SignIn.objects.filter(mailbox__in=_mailboxes(), ended_at__isnull=False)
    for row in ended.filter(connections__protocol=Connection.Protocol.SMTP).exclude(
        mailbox__connections__protocol=Connection.Protocol.IMAP
    ):
        yield Finding(
            f"sign-in:{row.mailbox_id}",
            row.problem,
            "Sign in again under Synchronization; waiting letters go out then.",
            row.mailbox_id,
        )


def _sign_in_ends(look: Look) -> Iterator[Finding]:
    rows = SignIn.objects.filter(
        mailbox__removed_at__isnull=True,
        ended_at__isnull=True,
        refresh_expires_at__lt=look.now + SIGN_IN_ENDS_WITHIN,
    )
    for row in rows:
        yield Finding(
            f"sign-in-ends:{row.mailbox_id}",
            f"The sign-in of this mailbox ends on {row.refresh_expires_at:%Y-%m-%d}.",
            "Sign in again under Synchronization before that day.",
            row.mailbox_id,
        )


def _client_secret(look: Look) -> Iterator[Finding]:
    rows = OAuthProvider.objects.filter(
        client_secret_expires_on__lt=(look.now + SECRET_ENDS_WITHIN).date()
    )
    for row in rows:
        yield Finding(
            f"client-secret:{row.pk}",
            f"The client secret for {row.name} ends on {row.client_secret_expires_on}.",
            "Make a new one at the provider and enter it under System, Sign-in "
            "providers. Without it every mailbox of this provider stops.",
        )


def _stuck(look: Look) -> Iterator[Finding]:
    for mailbox_id, count in _counted(
        Message.objects.filter(state=Message.State.STUCK)
    ):
        yield Finding(
            f"stuck:{mailbox_id}",
            f"{count} letter could not be processed."
            if count == 1
            else f"{count} letters could not be processed.",
            "Open Health on the mailbox's page: it shows each reason and a retry.",
            mailbox_id,
        )


def _unsent(look: Look) -> Iterator[Finding]:
    states = [OutgoingMail.State.FAILED, OutgoingMail.State.UNSURE]
    for mailbox_id, count in _counted(OutgoingMail.objects.filter(state__in=states)):
        yield Finding(
            f"unsent:{mailbox_id}",
            f"{count} answer was refused, or may not have arrived."
            if count == 1
            else f"{count} answers were refused, or may not have arrived.",
            "Open the Outbox and decide on each of them.",
            mailbox_id,
        )


def _held(look: Look) -> Iterator[Finding]:
    held = OutgoingMail.objects.filter(state=OutgoingMail.State.HELD)
    for mailbox_id, count in _counted(held):
        yield Finding(
            f"held:{mailbox_id}",
            f"{count} answer is held until somebody looks."
            if count == 1
            else f"{count} answers are held until somebody looks.",
            "Open the Outbox and release or discard them.",
            mailbox_id,
        )


def _breaker(look: Look) -> Iterator[Finding]:
    for mailbox in _mailboxes().filter(breaker_open_since__isnull=False):
        yield Finding(
            f"breaker:{mailbox.pk}",
            "Automatic answers have stopped: there were more than the mailbox allows.",
            "Look at what is held, then let automatic answers go out again.",
            mailbox.pk,
        )


def _counted(rows: QuerySet[Message] | QuerySet[OutgoingMail]) -> list[tuple[int, int]]:
    """Mailbox → how many, without mailboxes that are gone."""
    counted = (
        rows.filter(mailbox__removed_at__isnull=True)
        .values("mailbox")
        .annotate(count=Count("pk"))
        .order_by("mailbox")
    )
    return [(row["mailbox"], row["count"]) for row in counted]


KINDS: Mapping[str, Kind] = {
    "health": Kind(_health),
    "unkept": Kind(_unkept),
    "sign-in": Kind(_sign_in),
    "sign-in-ends": Kind(_sign_in_ends),
    "client-secret": Kind(_client_secret),
    "stuck": Kind(_stuck),
    "breaker": Kind(_breaker),
    "unsent": Kind(_unsent, is_told=False),
    "held": Kind(_held, is_told=False),
}


def open_alerts() -> QuerySet[Alert]:
    """Those that are not over."""
    return Alert.objects.filter(resolved_at__isnull=True)
