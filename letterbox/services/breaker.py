"""The breaker of a mailbox: while it is open, every automatic answer is held.

It opens by itself when the mailbox's budget is spent. A person looks at what is held,
releases or discards it, and closes the breaker.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from letterbox.models import Mailbox, OutgoingMail, User
from letterbox.services import history, mailboxes, outbox


@transaction.atomic
def trip(mailbox: Mailbox, *, reason: str) -> None:
    """Hold every automatic answer from now on; administrators are told once."""
    now = timezone.now()
    opened = Mailbox.objects.filter(pk=mailbox.pk, breaker_open_since=None).update(
        breaker_open_since=now
    )
    mailbox.breaker_open_since = mailbox.breaker_open_since or now
    if opened:
        history.record("breaker-opened", by=None, mailbox=mailbox, reason=reason)
        mailboxes.announce(mailbox)


@transaction.atomic
def close(mailbox: Mailbox, *, by: User) -> None:
    """Let automatic answers go out again; what is held stays held until decided."""
    closed = Mailbox.objects.filter(
        pk=mailbox.pk, breaker_open_since__isnull=False
    ).update(breaker_open_since=None)
    mailbox.breaker_open_since = None
    if closed:
        history.record("breaker-closed", by=by, mailbox=mailbox)
        mailboxes.announce(mailbox)


@transaction.atomic
def release_held(mailbox: Mailbox, *, by: User) -> int:
    """Send every held answer that has words; returns how many."""
    mails = _held(mailbox).filter(is_blank=False)
    for mail in mails:
        outbox.release(mail, by=by)
    return len(mails)


@transaction.atomic
def discard_held(mailbox: Mailbox, *, by: User) -> int:
    """Give every held answer up; returns how many."""
    mails = _held(mailbox)
    for mail in mails:
        outbox.discard(mail, by=by)
    return len(mails)


def _held(mailbox: Mailbox) -> QuerySet[OutgoingMail]:
    return (
        OutgoingMail.objects.select_for_update(of=("self",), no_key=True)
        .filter(
            mailbox=mailbox,
            kind=OutgoingMail.Kind.AUTORESPONSE,
            state=OutgoingMail.State.HELD,
        )
        .select_related("mailbox", "conversation")
        .order_by("id")
    )
