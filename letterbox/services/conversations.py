"""What people do with a conversation, and what a new message does to it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.db import transaction
from django.db.models import Count, F, Max, Q
from django.utils import timezone

from letterbox import live
from letterbox.mime import subjects
from letterbox.models import Conversation, Message, Note, OutgoingMail, User
from letterbox.services import history, remote


class Shown(Protocol):
    """What a conversation shows of a message: a Message, or as much of one."""

    @property
    def mailbox_id(self) -> int:
        """Where it was received."""

    @property
    def subject(self) -> str:
        """As decoded."""

    @property
    def from_name(self) -> str:
        """Who wrote it."""

    @property
    def from_email(self) -> str:
        """Who wrote it."""

    @property
    def snippet(self) -> str:
        """How it begins."""

    @property
    def direction(self) -> str:
        """Of Message.Direction."""

    @property
    def received_at(self) -> datetime:
        """When the server took it in."""

    @property
    def is_history(self) -> bool:
        """Whether it was there before."""

    @property
    def contact_id(self) -> int | None:
        """Whom it is about."""


def start(message: Message) -> Conversation:
    """Begin a conversation with its first message; the caller saves the message."""
    conversation = begin(message)
    conversation.save(force_insert=True)
    message.conversation = conversation
    _announce(conversation)
    return conversation


def begin(message: Shown) -> Conversation:
    """The conversation that this message begins; the caller saves both."""
    conversation = Conversation(
        mailbox_id=message.mailbox_id,
        subject=message.subject,
        base_subject=subjects.base_subject(message.subject)[:255],
        contact_id=message.contact_id,
        last_message_at=message.received_at,
        is_unread=False,
    )
    show(conversation, message)
    return conversation


def add_message(
    conversation: Conversation, message: Message, *, is_automatic: bool = False
) -> None:
    """Let the conversation show its new message; the caller saves the message.

    The list goes on to show people's words, not those of our automatic answers.
    """
    message.conversation = conversation
    fields = show(conversation, message, is_automatic=is_automatic)
    conversation.save(update_fields=fields)
    _announce(conversation)


def show(
    conversation: Conversation, message: Shown, *, is_automatic: bool = False
) -> list[str]:
    """Set what the list shows; returns the fields that changed."""
    conversation.message_count += 1
    conversation.version += 1
    fields = ["message_count", "version"]
    if message.received_at >= conversation.last_message_at:
        conversation.last_message_at = message.received_at
        fields.append("last_message_at")
        if not is_automatic:
            conversation.snippet = message.snippet
            conversation.last_from = (message.from_name or message.from_email)[:320]
            fields += ["snippet", "last_from"]
    if message.direction == Message.Direction.IN:
        conversation.last_inbound_at = max(
            message.received_at, conversation.last_inbound_at or message.received_at
        )
        # Nobody needs to look at what was there before the folder was ticked.
        conversation.is_unread = conversation.is_unread or not message.is_history
        fields += ["last_inbound_at", "is_unread"]
        if conversation.contact_id is None:
            conversation.contact_id = message.contact_id
            fields.append("contact")
    return fields


def remove_message(conversation: Conversation, message: Message) -> None:
    """Let the conversation forget a message that was never sent."""
    Message.objects.filter(pk=message.pk).update(conversation=None)
    count_again(conversation)
    _announce(conversation)


def count_again(conversation: Conversation) -> None:
    """Set what the list shows by the messages that the conversation has now."""
    messages = Message.objects.filter(conversation=conversation)
    newest_first = messages.order_by("-received_at", "-id")
    newest = newest_first.first()
    # As when it was added: an automatic answer is not what the list shows.
    spoken = newest_first.exclude(outgoing__kind=OutgoingMail.Kind.AUTORESPONSE).first()
    found = messages.aggregate(
        count=Count("pk"),
        inbound=Max("received_at", filter=Q(direction=Message.Direction.IN)),
    )
    conversation.message_count = found["count"]
    conversation.last_inbound_at = found["inbound"]
    conversation.version += 1
    if newest is not None:
        conversation.last_message_at = newest.received_at
        shown = spoken or newest
        conversation.snippet = shown.snippet
        conversation.last_from = (shown.from_name or shown.from_email)[:320]
    conversation.save(
        update_fields=[
            "message_count",
            "last_inbound_at",
            "version",
            "last_message_at",
            "snippet",
            "last_from",
        ]
    )


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
    remote.archive(conversation)


@transaction.atomic
def reopen(conversation: Conversation, *, by: User) -> None:
    """Take it up again."""
    _set_status(conversation, Conversation.Status.OPEN, by=by, verb="reopened")


@transaction.atomic
def open_again(conversation: Conversation, *, by: User | None) -> None:
    """It is our turn after all: the answer that it waited for does not go out."""
    was_closed = conversation.status == Conversation.Status.CLOSED
    _set_status(
        conversation,
        Conversation.Status.OPEN,
        by=by,
        verb="reopened" if was_closed else "",
    )


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
    """Somebody has seen it; asked in the UPDATE, so that one of two readers tells it."""
    if not conversation.is_unread:
        return
    seen = Conversation.objects.filter(pk=conversation.pk, is_unread=True).update(
        is_unread=False
    )
    if seen:
        conversation.is_unread = False
        remote.note_seen(conversation)
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
