"""Promises to send: make one, take one back, let one go."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.encoding import force_bytes

from letterbox import jobs, live
from letterbox.mime import message_ids, parse, subjects
from letterbox.mime.classify.values import MailKind
from letterbox.mime.letter import Address, Letter
from letterbox.models import (
    AutoresponseRule,
    Conversation,
    Mailbox,
    Message,
    OutgoingMail,
    Reference,
    User,
)
from letterbox.services import conversations, history, letters, raw_letters

DELIVER = "deliver"
MOST_BOUNCED = 50


class TooLate(Exception):
    """The mail is on its way, or gone."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What an answer said, to write on; `people` is to, cc or bcc → addresses."""

    text: str = ""
    people: Mapping[str, Sequence[Address]] = field(default_factory=dict)
    files: Sequence[str] = ()


class Blank(Exception):
    """The mail has no words that could be sent."""


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


@transaction.atomic(savepoint=False)
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
    people: Sequence[str] = (),
    dedupe_key: str = "",
    held_because: str = "",
    is_blank: bool = False,
) -> OutgoingMail:
    """Freeze the bytes, show them in the conversation, and have them sent when due.

    With `held_because` it waits for a person. `is_blank` says that its words could not
    be written, so that nobody can send it as it is. The caller adds its `sent_message`
    to the conversation.
    """
    if is_blank and not held_because:
        raise ValueError("A mail without words can only be held.")
    stored = raw_letters.store(raw)
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
    Reference.objects.bulk_create(
        [
            Reference(
                mailbox_id=conversation.mailbox_id,
                message_id=message_id,
                conversation=conversation,
            )
        ],
        ignore_conflicts=True,
    )
    state = OutgoingMail.State.HELD if held_because else OutgoingMail.State.QUEUED
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
        subject=message.subject,
        people=list(dict.fromkeys(people)),
        dedupe_key=dedupe_key,
        due_at=due_at,
        trying_since=due_at,
        problem=letters.without_nul(held_because),
        is_blank=is_blank,
    )
    if state == OutgoingMail.State.QUEUED:
        jobs.wake(DELIVER, conversation.mailbox_id, at=due_at)
    announce(mail)
    return mail


@transaction.atomic
def promise_rest(
    mail: OutgoingMail, *, recipients: Sequence[str], due_at: datetime, problem: str
) -> OutgoingMail:
    """Promise the same bytes again to those whom the server put off.

    The others have them, so the mail itself is sent. It shows once in its conversation:
    this one has no message of its own.
    """
    rest = OutgoingMail.objects.create(
        mailbox_id=mail.mailbox_id,
        conversation_id=mail.conversation_id,
        kind=mail.kind,
        answers_id=mail.answers_id,
        rule_id=mail.rule_id,
        rule_version=mail.rule_version,
        author_id=mail.author_id,
        raw_id=mail.raw_id,
        continues=mail,
        message_id=mail.message_id,
        sender=mail.sender,
        recipients=list(recipients),
        subject=mail.subject,
        due_at=due_at,
        trying_since=mail.trying_since,
        problem=problem,
    )
    history.record(
        "mail-continued",
        by=None,
        mailbox=mail.mailbox,
        conversation=mail.conversation,
        mail=mail.pk,
        rest=rest.pk,
        recipients=len(recipients),
    )
    jobs.wake(DELIVER, mail.mailbox_id, at=due_at)
    announce(rest)
    return rest


@transaction.atomic
def take_back(mail: OutgoingMail, *, by: User) -> TakenBack:
    """Undo a promise that is not being kept yet; returns what it said.

    It is our turn again, unless another answer of a person has gone out meanwhile.
    Raises TooLate once a worker has claimed it: the UPDATE asks again.
    """
    taken = OutgoingMail.objects.filter(
        pk=mail.pk,
        state__in=[OutgoingMail.State.QUEUED, OutgoingMail.State.HELD],
    ).update(state=OutgoingMail.State.DISCARDED)
    if not taken:
        raise TooLate("It has been sent already.")
    mail.refresh_from_db()
    message = mail.sent_message
    said = TakenBack() if message is None else _what_it_said(mail, message)
    if message is not None:
        mail.sent_message = None
        mail.save(update_fields=["sent_message"])
        if mail.conversation is not None:
            conversations.remove_message(mail.conversation, message)
        message.delete()
    if mail.conversation:
        history.record(
            "reply-taken-back", by=by, conversation=mail.conversation, mail=mail.pk
        )
    make_it_our_turn(mail, by=by)
    announce(mail)
    return said


def _what_it_said(mail: OutgoingMail, message: Message) -> TakenBack:
    people = {name: letters.recipients_of(message, name) for name in ("to", "cc")}
    shown = {each.email.lower() for row in people.values() for each in row}
    # No header names them; only the envelope does.
    people["bcc"] = [
        Address(each) for each in mail.recipients if each.lower() not in shown
    ]
    files = [str(each.get("filename") or "") for each in message.attachments]
    return TakenBack(message.text, people, files)


def make_it_our_turn(mail: OutgoingMail, *, by: User | None) -> None:
    """Open what waited, or was closed, only because of the answer that is not sent."""
    if mail.conversation_id is None or mail.kind != OutgoingMail.Kind.REPLY:
        return
    others = OutgoingMail.objects.filter(
        conversation=mail.conversation_id, kind=mail.kind, answers=mail.answers_id
    ).exclude(state__in=[OutgoingMail.State.DISCARDED, OutgoingMail.State.FAILED])
    if not others.exists():
        # As it stands now: somebody may have closed it since this mail was read.
        rows = Conversation.objects.select_for_update(no_key=True)
        conversations.open_again(rows.get(pk=mail.conversation_id), by=by)


@transaction.atomic
def release(mail: OutgoingMail, *, by: User) -> None:
    """Send what was held, failed or unsure after all: a person says so.

    Raises Blank for a mail whose words could not be written: discard it and answer by
    hand, or mend its template and have it written again.
    """
    waiting = _waiting_for_a_person(mail)
    if waiting.filter(is_blank=True).exists():
        raise Blank("Its words could not be written, so there is nothing to send.")
    released = waiting.update(
        state=OutgoingMail.State.QUEUED,
        due_at=timezone.now(),
        trying_since=timezone.now(),
        attempts=0,
        fence=F("fence") + 1,
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
    discarded = _waiting_for_a_person(mail).update(state=OutgoingMail.State.DISCARDED)
    if not discarded:
        raise TooLate("It is not waiting any more.")
    _record("mail-discarded", mail, by=by)
    make_it_our_turn(mail, by=by)


@transaction.atomic
def settle(mail: OutgoingMail, *, by: User | None, how: str) -> bool:
    """An unsure mail turns out to have arrived: somebody looked, or Sent shows it.

    False when it was not unsure any more.
    """
    settled = OutgoingMail.objects.filter(
        pk=mail.pk, state=OutgoingMail.State.UNSURE
    ).update(state=OutgoingMail.State.SENT, sent_at=timezone.now(), problem="")
    if settled:
        _record("mail-settled", mail, by=by, how=how)
    return bool(settled)


def settle_seen(message_ids: Iterable[int]) -> None:
    """Settle the unsure mails of these messages: a folder on the server shows them.

    Bytes that the server holds have reached it, and only the SMTP server had them.
    """
    wanted = list(message_ids)
    if not wanted:
        return
    seen = OutgoingMail.objects.filter(
        state=OutgoingMail.State.UNSURE, sent_message__in=wanted
    )
    for mail in seen.select_related("mailbox", "conversation"):
        settle(mail, by=None, how="found in a folder")


def _waiting_for_a_person(mail: OutgoingMail) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(
        pk=mail.pk,
        state__in=[
            OutgoingMail.State.HELD,
            OutgoingMail.State.FAILED,
            OutgoingMail.State.UNSURE,
        ],
    )


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


@transaction.atomic(savepoint=False)
def note_bounce(
    mail: OutgoingMail,
    *,
    kind: MailKind,
    recipients: Sequence[str],
    reason: str,
    report: Message,
) -> None:
    """Show on a mail of ours that it came back, or is late, and for whom.

    Reports on further recipients add to it; a delay takes no final word back.
    """
    before = mail.bounce
    is_worse = _gravity(kind.value) >= _gravity(before.get("kind", ""))
    found = {"kind": kind.value, "reason": reason, "message": report.pk}
    mail.bounce = (before | found if is_worse else found | before) | {
        "recipients": list(dict.fromkeys([*before.get("recipients", []), *recipients]))[
            :MOST_BOUNCED
        ]
    }
    mail.save(update_fields=["bounce"])
    history.record(
        "mail-bounced",
        by=None,
        conversation=mail.conversation,
        mailbox=mail.mailbox,
        mail=mail.pk,
        bounce=kind.value,
    )
    announce(mail)


def _gravity(kind: str) -> int:
    order = ("", MailKind.BOUNCE_DELAY, MailKind.BOUNCE_SOFT, MailKind.BOUNCE_HARD)
    return order.index(kind) if kind in order else 0
