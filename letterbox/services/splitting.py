"""Give some letters of a conversation one of their own; answer notices on threading.

What people part stays parted: `inbound.joining` reads the history written here. Undo is
`merging.undo`, which knows both.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from letterbox import live
from letterbox.mime import parse, subjects
from letterbox.models import Conversation, Event, Message, OutgoingMail, Reference, User
from letterbox.services import conversations, history, letters

# A longer conversation is searched for answers among its newest letters.
MOST_LETTERS = 500


class NothingToSplit(Exception):
    """No letter would stay behind, so there is nothing to part."""

    def __init__(self) -> None:
        super().__init__("The whole conversation hangs on this letter.")


@transaction.atomic
def split(message: Message, *, by: User | None) -> Conversation:
    """Give a letter, with the answers to it, a conversation of its own.

    The case or lead stays where it was. Raises NothingToSplit where nothing would.
    """
    if message.conversation_id is None:
        raise NothingToSplit
    old = Conversation.objects.select_for_update(no_key=True).get(
        pk=message.conversation_id
    )
    newest = old.messages.select_related("raw").order_by("-received_at", "-pk")
    found = list(newest[:MOST_LETTERS])[::-1]
    moved = with_answers(message, found)
    if len(moved) >= old.messages.count():
        raise NothingToSplit
    new = Conversation.objects.create(
        mailbox_id=old.mailbox_id,
        subject=message.subject,
        base_subject=subjects.base_subject(message.subject)[:255],
        contact_id=message.contact_id,
        assignee_id=old.assignee_id,
        is_unread=old.is_unread,
        last_message_at=message.received_at,
    )
    numbers = [each.pk for each in moved]
    Message.objects.filter(pk__in=numbers).update(conversation=new)
    keys = [each.message_id for each in moved if each.message_id]
    Reference.objects.filter(
        mailbox=old.mailbox_id, conversation=old, message_id__in=keys
    ).update(conversation=new)
    OutgoingMail.objects.filter(sent_message__in=numbers).update(conversation=new)
    conversations.count_again(new)
    conversations.count_again(old)
    for each in moved:
        _settle(each, "split")
    history.record("split", by=by, conversation=old, into=new.pk, messages=numbers)
    history.record("split-off", by=by, conversation=new, source=old.pk)
    message.conversation = new
    for conversation in (old, new):
        live.announce(
            "conversation", conversation.pk, mailbox_id=conversation.mailbox_id
        )
    return new


@transaction.atomic
def keep(message: Message, *, by: User) -> Event | None:
    """Say that a letter is where it belongs; its notice is not shown again."""
    if message.conversation is None or not _settle(message, "kept"):
        return None
    live.announce(
        "conversation", message.conversation.pk, mailbox_id=message.mailbox_id
    )
    return history.record(
        "kept-together", by=by, conversation=message.conversation, message=message.pk
    )


def with_answers(
    message: Message, letters_in_order: Sequence[Message]
) -> list[Message]:
    """The letter and those that answer it, directly or not, by their headers."""
    moved = [message]
    keys = {message.message_id} - {""}
    for each in letters_in_order:
        if each.pk == message.pk or not keys:
            continue
        letter = parse.parse_letter(each.raw.content)
        named = map(letters.key, (*letter.references, *letter.in_reply_to))
        if not keys.isdisjoint(named):
            moved.append(each)
            keys |= {each.message_id} - {""}
    return moved


def _settle(message: Message, how: str) -> bool:
    """Mark the notices of a letter as answered; False where there are none."""
    found = message.trace.get("conversation", {})
    if not found.get("notices") or found.get("settled"):
        return False
    found["settled"] = how
    message.save(update_fields=["trace"])
    return True
