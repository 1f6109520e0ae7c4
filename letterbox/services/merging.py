"""Make two conversations one, and take it back."""

from __future__ import annotations

from django.db import transaction

from letterbox import live
from letterbox.models import Conversation, Event, OutgoingMail, Reference, User
from letterbox.services import history


@transaction.atomic
def merge(
    conversation: Conversation, *, into: Conversation, by: User | None
) -> Event | None:
    """Move everything of one conversation into another of the same mailbox.

    Its case or lead stays with it, so that nothing is lost when the merge is undone.
    """
    if conversation.pk == into.pk or conversation.mailbox_id != into.mailbox_id:
        return None
    messages = list(conversation.messages.values_list("pk", flat=True))
    references = list(conversation.references.values_list("pk", flat=True))
    mails = list(conversation.outgoing.values_list("pk", flat=True))
    conversation.messages.update(conversation=into)
    conversation.references.update(conversation=into)
    conversation.outgoing.update(conversation=into)
    conversation.merged_into = into
    conversation.version += 1
    conversation.save(update_fields=["merged_into", "version"])
    into.message_count += len(messages)
    into.version += 1
    into.last_message_at = max(into.last_message_at, conversation.last_message_at)
    into.save(update_fields=["message_count", "version", "last_message_at"])
    event = history.record(
        "merged",
        by=by,
        conversation=into,
        merged=conversation.pk,
        messages=messages,
        references=references,
        mails=mails,
    )
    live.announce("conversation", conversation.pk, mailbox_id=into.mailbox_id)
    live.announce("conversation", into.pk, mailbox_id=into.mailbox_id)
    return event


@transaction.atomic
def undo(event: Event, *, by: User | None) -> Conversation:
    """Take a merge back: what came from the other conversation returns to it."""
    if event.verb != "merged" or event.conversation is None:
        raise ValueError("Only a merge can be undone here.")
    into = event.conversation
    conversation = Conversation.objects.select_for_update().get(pk=event.data["merged"])
    moved = into.messages.filter(pk__in=event.data["messages"]).update(
        conversation=conversation
    )
    Reference.objects.filter(pk__in=event.data["references"]).update(
        conversation=conversation
    )
    OutgoingMail.objects.filter(pk__in=event.data["mails"]).update(
        conversation=conversation
    )
    conversation.merged_into = None
    conversation.version += 1
    conversation.save(update_fields=["merged_into", "version"])
    into.message_count = max(0, into.message_count - moved)
    into.version += 1
    into.save(update_fields=["message_count", "version"])
    history.record("merge-undone", by=by, conversation=into, merged=conversation.pk)
    live.announce("conversation", conversation.pk, mailbox_id=into.mailbox_id)
    live.announce("conversation", into.pk, mailbox_id=into.mailbox_id)
    return conversation


def where_it_went(conversation_id: int) -> int:
    """The conversation that this one is part of now; itself when it was not merged."""
    for _ in range(50):
        into = (
            Conversation.objects.filter(pk=conversation_id)
            .values_list("merged_into", flat=True)
            .first()
        )
        if into is None:
            break
        conversation_id = into
    return conversation_id
