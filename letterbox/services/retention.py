"""Delete what is older than the settings say: letters, and lines of the history.

Once an hour, by the chunk. Of a letter the row stays without its words, with its hash,
size and Message-ID: wherever the server shows it again, it is known, and neither stored
nor converted nor answered a second time. Nothing is deleted on the server. Cases,
leads and the counts of who was told what stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from letterbox import jobs
from letterbox.models import (
    Conversation,
    Event,
    Message,
    OutgoingMail,
    RawLetter,
    RawPiece,
)
from letterbox.services import history, settings

# Conversations in a transaction, and transactions in an hour: no lock is held long,
# and a first run over years of mail leaves room for today's.
CHUNK = 50
MOST_CHUNKS = 400
EVENTS = 5_000
# Somebody still decides about these, or a server.
UNFINISHED = (
    OutgoingMail.State.HELD,
    OutgoingMail.State.QUEUED,
    OutgoingMail.State.SENDING,
    OutgoingMail.State.UNSURE,
)
# Lines that are asked about later; see inbound.answering.
ASKED_ABOUT = ("rule-broken",)
NOBODY = "deleted@letterbox.invalid"
WORDS: Mapping[str, Any] = {
    "subject": "",
    "from_email": "",
    "from_name": "",
    "recipients": {},
    "text": "",
    "new_text": "",
    "snippet": "",
    "attachments": [],
    "contact": None,
    "author": None,
    "conversation": None,
    "thread_facts": {},
    "facts": {},
    "trace": {},
}


@dataclass(frozen=True, slots=True)
class Rules:
    """After how many days what goes; 0 means never."""

    closed_days: int = 0
    spam_days: int = 0
    history_days: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go at once."""

    letters: int
    conversations: int
    lines: int


def current() -> Rules:
    """What the settings say."""
    return Rules(
        settings.get("retain-closed-days"),
        settings.get("retain-spam-days"),
        settings.get("retain-history-days"),
    )


def preview(rules: Rules) -> Preview:
    """Count what these rules would delete now; deletes nothing."""
    old = _old_conversations(rules)
    return Preview(
        letters=Message.objects.filter(conversation__in=old).count(),
        conversations=old.count(),
        lines=_old_lines(rules).count(),
    )


@jobs.every_hour("retention")
def run() -> None:
    """Delete what is due, and sessions that have ended."""
    rules = current()
    counts: dict[int, int] = {}
    for _ in range(MOST_CHUNKS):
        erased = _erase_some(rules)
        if not erased:
            break
        for mailbox_id, count in erased.items():
            counts[mailbox_id] = counts.get(mailbox_id, 0) + count
    for mailbox_id, count in counts.items():
        event = history.record("letters-erased", by=None, count=count)
        Event.objects.filter(pk=event.pk).update(mailbox=mailbox_id)
    _erase_lines(rules)
    _end_sessions()


def _old_conversations(rules: Rules) -> QuerySet[Conversation]:
    now = timezone.now()
    is_old = Q(pk__in=[])
    if rules.closed_days:
        before = now - timedelta(days=rules.closed_days)
        is_old |= Q(
            Q(closed_at__isnull=True) | Q(closed_at__lt=before),
            status=Conversation.Status.CLOSED,
            last_message_at__lt=before,
        )
    if rules.spam_days:
        before = now - timedelta(days=rules.spam_days)
        is_old |= Q(is_spam=True, last_message_at__lt=before)
    unfinished = OutgoingMail.objects.filter(
        conversation=OuterRef("pk"), state__in=UNFINISHED
    )
    return Conversation.objects.filter(
        is_old, ~Exists(unfinished), merged_into__isnull=True
    )


@transaction.atomic
def _erase_some(rules: Rules) -> dict[int, int]:
    """Erase a chunk; mailbox → how many letters, and empty when nothing was left."""
    found = _old_conversations(rules).order_by("pk")
    # Who is just writing into one keeps it until the next hour.
    locked = list(found.select_for_update(skip_locked=True, of=("self",))[:CHUNK])
    there = [each.pk for each in locked]
    if not there:
        return {}
    merged = Conversation.objects.filter(merged_into__in=there)
    parts = [*there, *merged.values_list("pk", flat=True)]
    messages = Message.objects.filter(conversation__in=parts)
    rows = list(messages.values_list("pk", "raw_id", "mailbox_id"))
    mails = list(
        OutgoingMail.objects.filter(conversation__in=parts).values_list("pk", "raw_id")
    )
    Message.objects.filter(pk__in=[pk for pk, _raw, _mailbox in rows]).update(
        **WORDS, erased_at=timezone.now()
    )
    OutgoingMail.objects.filter(pk__in=[pk for pk, _raw in mails]).update(
        subject="", recipients=[NOBODY], conversation=None, bounce={}, server_answer=""
    )
    _empty(
        {raw for _pk, raw, _mailbox in rows} | {raw for _pk, raw in mails},
        mails=[pk for pk, _raw in mails],
    )
    Conversation.objects.filter(pk__in=parts).delete()
    counts: dict[int, int] = {each.mailbox_id: 0 for each in locked}
    for _pk, _raw, mailbox_id in rows:
        counts[mailbox_id] += 1
    return counts


def _empty(raws: set[int], *, mails: list[int]) -> None:
    """Let go of bytes that no other letter and no other mail needs."""
    unused = RawLetter.objects.filter(
        ~Exists(Message.objects.filter(raw=OuterRef("pk"), erased_at__isnull=True)),
        ~Exists(OutgoingMail.objects.filter(raw=OuterRef("pk")).exclude(pk__in=mails)),
        pk__in=raws,
    )
    RawPiece.objects.filter(raw__in=unused).delete()
    unused.update(zstd=b"")


def _old_lines(rules: Rules) -> QuerySet[Event]:
    if not rules.history_days:
        return Event.objects.none()
    before = timezone.now() - timedelta(days=rules.history_days)
    return Event.objects.filter(at__lt=before, conversation__isnull=True).exclude(
        verb__in=ASKED_ABOUT
    )


def _erase_lines(rules: Rules) -> None:
    count = 0
    for _ in range(MOST_CHUNKS):
        due = list(_old_lines(rules).values_list("pk", flat=True)[:EVENTS])
        if not due:
            break
        count += Event.objects.filter(pk__in=due).delete()[0]
    if count:
        history.record("history-erased", by=None, count=count)


def _end_sessions() -> None:
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    alive = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.filter(~Exists(alive)).delete()
