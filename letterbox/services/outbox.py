"""Promises to send: make one, take one back, let one go."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.encoding import force_bytes

from letterbox import jobs, live
from letterbox.mime import message_ids, parse, subjects
from letterbox.mime.letter import Letter
from letterbox.models import (
    AutoresponseRule,
    Conversation,
    Mailbox,
    Message,
    OutgoingMail,
    Reference,
    User,
)
from letterbox.services import history, letters

DELIVER = "deliver"


class TooLate(Exception):
    """The mail is on its way, or gone."""


def message_id_keys() -> list[bytes]:
    """The keys that our Message-IDs are signed with, newest first."""
    return [
        hmac.digest(force_bytes(secret), b"letterbox message-id", hashlib.sha256)
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def new_message_id(mailbox: Mailbox, conversation: Conversation) -> str:
    """A signed Message-ID that leads an answer back to this conversation."""
    return message_ids.make_message_id(
        message_id_keys()[0],
        domain=mailbox.address.rpartition("@")[2],
        conversation_id=conversation.pk,
        mail_id=uuid.uuid4().hex[:16],
    )


@transaction.atomic
def promise(
    conversation: Conversation,
    *,
    kind: OutgoingMail.Kind,
    raw: bytes,
    message_id: str,
    recipients: Sequence[str],
    due_at: datetime,
    sender: str,
    author: User | None = None,
    answers: Message | None = None,
    rule: AutoresponseRule | None = None,
    dedupe_key: str = "",
    state: str = OutgoingMail.State.QUEUED,
    problem: str = "",
) -> OutgoingMail:
    """Freeze the bytes, show them in the conversation, and have them sent when due."""
    stored = letters.store(raw)
    letter = parse.parse_letter(raw)
    message = Message(
        mailbox_id=conversation.mailbox_id,
        raw=stored,
        state=Message.State.PROCESSED,
        direction=Message.Direction.OUT,
        received_at=timezone.now(),
        processed_at=timezone.now(),
        kind="own",
        author=author,
        conversation=conversation,
    )
    letters.fill(message, letter)
    message.thread_facts = _thread_facts(letter)
    message.save()
    Reference.objects.get_or_create(
        mailbox_id=conversation.mailbox_id,
        message_id=message_id,
        defaults={"conversation": conversation},
    )
    mail = OutgoingMail.objects.create(
        mailbox_id=conversation.mailbox_id,
        conversation=conversation,
        kind=kind,
        state=state,
        sent_message=message,
        answers=answers,
        rule=rule,
        rule_version=rule.version if rule else None,
        author=author,
        raw=stored,
        message_id=message_id,
        sender=sender,
        recipients=list(recipients),
        subject=letter.subject,
        dedupe_key=dedupe_key,
        due_at=due_at,
        problem=problem,
    )
    if state == OutgoingMail.State.QUEUED:
        jobs.wake(DELIVER, conversation.mailbox_id, at=due_at)
    announce(mail)
    return mail


@transaction.atomic
def take_back(mail: OutgoingMail, *, by: User) -> str:
    """Undo a promise that is not being kept yet; returns its text, to write on.

    Raises TooLate once a worker has claimed it: the UPDATE asks again.
    """
    taken = OutgoingMail.objects.filter(
        pk=mail.pk, state__in=[OutgoingMail.State.QUEUED, OutgoingMail.State.HELD]
    ).update(state=OutgoingMail.State.DISCARDED, dedupe_key="")
    if not taken:
        raise TooLate("It has been sent already.")
    message = mail.sent_message
    text = message.text if message else ""
    if message is not None:
        mail.sent_message = None
        mail.save(update_fields=["sent_message"])
        message.delete()
    if mail.conversation:
        history.record(
            "reply-taken-back", by=by, conversation=mail.conversation, mail=mail.pk
        )
    announce(mail)
    return text


@transaction.atomic
def release(mail: OutgoingMail, *, by: User) -> None:
    """Send what was held, failed or unsure after all: a person says so."""
    released = OutgoingMail.objects.filter(
        pk=mail.pk,
        state__in=[
            OutgoingMail.State.HELD,
            OutgoingMail.State.FAILED,
            OutgoingMail.State.UNSURE,
        ],
    ).update(
        state=OutgoingMail.State.QUEUED,
        due_at=timezone.now(),
        attempts=0,
        problem="",
        claimed_at=None,
        body_started_at=None,
    )
    if not released:
        raise TooLate("It is not waiting any more.")
    jobs.wake(DELIVER, mail.mailbox_id)
    _record("mail-released", mail, by=by)


@transaction.atomic
def discard(mail: OutgoingMail, *, by: User) -> None:
    """Decide that it shall not be sent; it stays visible as discarded."""
    discarded = OutgoingMail.objects.filter(
        pk=mail.pk,
        state__in=[
            OutgoingMail.State.HELD,
            OutgoingMail.State.FAILED,
            OutgoingMail.State.UNSURE,
        ],
    ).update(state=OutgoingMail.State.DISCARDED)
    if not discarded:
        raise TooLate("It is not waiting any more.")
    _record("mail-discarded", mail, by=by)


@transaction.atomic
def settle(mail: OutgoingMail, *, by: User | None, how: str) -> None:
    """An unsure mail turns out to have arrived: somebody looked, or Sent shows it."""
    settled = OutgoingMail.objects.filter(
        pk=mail.pk, state=OutgoingMail.State.UNSURE
    ).update(state=OutgoingMail.State.SENT, sent_at=timezone.now(), problem="")
    if settled:
        _record("mail-settled", mail, by=by, how=how)


def announce(mail: OutgoingMail) -> None:
    """Tell browsers that the state of a mail changed."""
    live.announce("outbox", mail.pk, mailbox_id=mail.mailbox_id)
    if mail.conversation_id:
        live.announce("conversation", mail.conversation_id, mailbox_id=mail.mailbox_id)


def _thread_facts(letter: Letter) -> dict[str, Any]:
    """What answers are compared with; our own address is nobody outside."""
    return {
        "sent_at": (letter.date or timezone.now()).isoformat(),
        "author": [],
        "addressees": sorted(
            {each.email.lower() for each in (*letter.to, *letter.cc, *letter.bcc)}
        ),
        "base_subject": subjects.base_subject(letter.subject),
        "is_reply": subjects.has_reply_prefix(letter.subject),
        "is_broadcast": False,
    }


def _record(verb: str, mail: OutgoingMail, *, by: User | None, how: str = "") -> None:
    history.record(
        verb,
        by=by,
        mailbox=mail.mailbox,
        conversation=mail.conversation,
        mail=mail.pk,
        how=how,
    )
    announce(mail)
