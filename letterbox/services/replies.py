"""Answers that people write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from letterbox.mime import build, parse, subjects
from letterbox.mime.letter import Address
from letterbox.models import Conversation, Mailbox, Message, OutgoingMail, User
from letterbox.services import conversations, history, letters, outbox


class Outdated(Exception):
    """New messages arrived while the answer was being written."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} new messages arrived since you began.")
        self.count = count


@transaction.atomic
def queue(
    conversation: Conversation,
    *,
    author: User,
    text: str,
    to: Sequence[Address],
    cc: Sequence[Address] = (),
    bcc: Sequence[Address] = (),
    subject: str = "",
    html: str = "",
    attachments: Sequence[build.DraftAttachment] = (),
    written_on_version: int | None = None,
) -> OutgoingMail:
    """Promise to send a reply once the undo window has passed.

    From is the mailbox, never what a browser says. Raises Outdated when the
    conversation moved on since `written_on_version`.
    """
    # The row is locked, so that two answers cannot both think they were first.
    conversation = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if written_on_version is not None and written_on_version != conversation.version:
        raise Outdated(_arrived_since(conversation, written_on_version))
    mailbox = conversation.mailbox
    last = _last_message(conversation)
    message_id = outbox.new_message_id(mailbox, conversation)
    raw = build.build_letter(
        build.Draft(
            from_=Address(mailbox.address, mailbox.display_name or mailbox.label),
            to=tuple(to),
            cc=tuple(cc),
            subject=subject or subjects.reply_subject(conversation.subject),
            text=text,
            html=html,
            message_id=message_id,
            date=timezone.now(),
            in_reply_to=last.message_id if last else "",
            references=_chain(last) if last else (),
            attachments=tuple(attachments),
        )
    )
    mail = outbox.promise(
        conversation,
        kind=OutgoingMail.Kind.REPLY,
        raw=raw,
        message_id=message_id,
        sender=mailbox.address,
        recipients=unique_addresses([*to, *cc, *bcc]),
        due_at=timezone.now() + timedelta(seconds=settings.UNDO_SECONDS),
        author=author,
        answers=last,
    )
    if mail.sent_message is not None:
        conversations.add_message(conversation, mail.sent_message)
    conversations.wait(conversation, by=author)
    if conversation.assignee is None:
        conversations.assign(conversation, to=author, by=author)
    history.record("reply-queued", by=author, conversation=conversation, mail=mail.pk)
    return mail


def default_recipients(
    conversation: Conversation, *, reply_all: bool = False
) -> tuple[list[Address], list[Address]]:
    """To and Cc of an answer: whom the last letter asks for, never ourselves."""
    last = (
        conversation.messages.filter(direction=Message.Direction.IN)
        .order_by("-id")
        .first()
    )
    if last is None:
        last = _last_message(conversation)
        if last is None:
            return [], []
        return letters.recipients_of(last, "to"), letters.recipients_of(last, "cc")
    to = letters.recipients_of(last, "reply_to") or [
        Address(last.from_email, last.from_name)
    ]
    cc: list[Address] = []
    if reply_all:
        cc = letters.recipients_of(last, "to") + letters.recipients_of(last, "cc")
    ours = _our_addresses(conversation.mailbox)
    taken = {address.email.lower() for address in to}
    return (
        [address for address in to if address.email],
        [each for each in cc if each.email.lower() not in ours | taken],
    )


def unique_addresses(people: Sequence[Address]) -> list[str]:
    """The envelope recipients: each address once, as first written."""
    seen = {address.email.lower(): address.email for address in reversed(people)}
    return list(dict.fromkeys(seen[address.email.lower()] for address in people))


def _chain(message: Message) -> tuple[str, ...]:
    """The whole References chain of an answer to this message (RFC 5322, 3.6.4)."""
    return build.reply_references(parse.parse_letter(message.raw.content))


def _last_message(conversation: Conversation) -> Message | None:
    return conversation.messages.order_by("-received_at", "-id").first()


def _our_addresses(mailbox: Mailbox) -> set[str]:
    return set(mailbox.all_addresses)


def _arrived_since(conversation: Conversation, version: int) -> int:
    return max(1, conversation.version - version)
