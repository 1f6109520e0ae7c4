"""What people do with a conversation, and what a new message does to it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from letterbox import live
from letterbox.mime import subjects
from letterbox.models import Contact, Conversation, Mailbox, Message, Note, User
from letterbox.services import history


def start(
    mailbox: Mailbox, *, subject: str, contact: Contact | None, at: datetime
) -> Conversation:
    """Begin a conversation; its first message is added next."""
    return Conversation.objects.create(
        mailbox=mailbox,
        subject=subject,
        base_subject=subjects.base_subject(subject)[:255],
        contact=contact,
        last_message_at=at,
    )


def add_message(conversation: Conversation, message: Message) -> None:
    """Let the conversation show its new message; the caller saves the message.

    A letter from outside makes it everybody's turn again, unless it is history.
    """
    message.conversation = conversation
    conversation.message_count += 1
    conversation.version += 1
    fields = ["message_count", "version"]
    if message.received_at >= conversation.last_message_at:
        conversation.last_message_at = message.received_at
        conversation.snippet = message.snippet
        conversation.last_from = message.from_name or message.from_email
        fields += ["last_message_at", "snippet", "last_from"]
    if message.direction == Message.Direction.IN:
        conversation.last_inbound_at = max(
            message.received_at, conversation.last_inbound_at or message.received_at
        )
        conversation.is_unread = conversation.is_unread or not message.is_history
        fields += ["last_inbound_at", "is_unread"]
        if conversation.contact_id is None:
            conversation.contact = message.contact
            fields.append("contact")
    if conversation.last_from and len(conversation.last_from) > 320:
        conversation.last_from = conversation.last_from[:320]
    conversation.save(update_fields=fields)
    _announce(conversation)


def reopen_for_letter(conversation: Conversation) -> bool:
    """Open again what waited, slept or was closed, because somebody wrote."""
    was = conversation.status
    if was == Conversation.Status.OPEN and conversation.snoozed_until is None:
        return False
    conversation.status = Conversation.Status.OPEN
    conversation.snoozed_until = None
    conversation.closed_at = None
    conversation.save(update_fields=["status", "snoozed_until", "closed_at"])
    if was == Conversation.Status.CLOSED:
        history.record("reopened-by-letter", by=None, conversation=conversation)
    return True


@transaction.atomic
def close(conversation: Conversation, *, by: User) -> None:
    """Put it away; a new letter opens it again."""
    _set_status(conversation, Conversation.Status.CLOSED, by=by, verb="closed")


@transaction.atomic
def reopen(conversation: Conversation, *, by: User) -> None:
    """Take it up again."""
    _set_status(conversation, Conversation.Status.OPEN, by=by, verb="reopened")


@transaction.atomic
def wait(conversation: Conversation, *, by: User | None) -> None:
    """It is their turn: an answer is on its way."""
    _set_status(conversation, Conversation.Status.WAITING, by=by, verb="")


@transaction.atomic
def assign(conversation: Conversation, *, to: User | None, by: User | None) -> None:
    """Give it to one person, or to nobody."""
    before = conversation.assignee
    if before == to:
        return
    conversation.assignee = to
    conversation.version += 1
    conversation.save(update_fields=["assignee", "version"])
    history.record(
        "assigned",
        by=by,
        conversation=conversation,
        changes={"assignee": [before and before.pk, to and to.pk]},
    )
    _announce(conversation)


@transaction.atomic
def snooze(conversation: Conversation, *, until: datetime, by: User) -> None:
    """Hide it until a moment, or until somebody writes."""
    conversation.snoozed_until = until
    conversation.version += 1
    conversation.save(update_fields=["snoozed_until", "version"])
    history.record("snoozed", by=by, conversation=conversation, until=until.isoformat())
    _announce(conversation)


@transaction.atomic
def wake(conversation: Conversation, *, by: User) -> None:
    """End its sleep before the moment has come."""
    if conversation.snoozed_until is None:
        return
    conversation.snoozed_until = None
    conversation.version += 1
    conversation.save(update_fields=["snoozed_until", "version"])
    history.record("woken", by=by, conversation=conversation)
    _announce(conversation)


@transaction.atomic
def mark_spam(conversation: Conversation, *, is_spam: bool, by: User) -> None:
    """Move it to the Spam view or back."""
    conversation.is_spam = is_spam
    conversation.version += 1
    conversation.save(update_fields=["is_spam", "version"])
    verb = "marked-as-spam" if is_spam else "marked-as-not-spam"
    history.record(verb, by=by, conversation=conversation)
    _announce(conversation)


@transaction.atomic
def add_note(conversation: Conversation, *, author: User, text: str) -> Note:
    """Write to colleagues; it is never sent."""
    note = Note.objects.create(conversation=conversation, author=author, text=text)
    Conversation.objects.filter(pk=conversation.pk).update(version=F("version") + 1)
    history.record("noted", by=author, conversation=conversation, note=note.pk)
    _announce(conversation)
    return note


def mark_read(conversation: Conversation) -> None:
    """Somebody has seen it; asked in the UPDATE, so that reading costs no write."""
    seen = Conversation.objects.filter(pk=conversation.pk, is_unread=True).update(
        is_unread=False
    )
    if seen:
        conversation.is_unread = False
        _announce(conversation)


def _set_status(
    conversation: Conversation, status: str, *, by: User | None, verb: str
) -> None:
    before = conversation.status
    if before == status:
        return
    conversation.status = status
    conversation.snoozed_until = None
    conversation.closed_at = (
        timezone.now() if status == Conversation.Status.CLOSED else None
    )
    conversation.version += 1
    conversation.save(update_fields=["status", "snoozed_until", "closed_at", "version"])
    if verb:
        history.record(
            verb, by=by, conversation=conversation, changes={"status": [before, status]}
        )
    _announce(conversation)


def _announce(conversation: Conversation) -> None:
    live.announce("conversation", conversation.pk, mailbox_id=conversation.mailbox_id)
