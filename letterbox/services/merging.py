"""Make two conversations one, and take it back."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import transaction

from letterbox import live
from letterbox.models import (
    Case,
    Conversation,
    Event,
    Lead,
    OutgoingMail,
    Reference,
    User,
)
from letterbox.services import conversations, history, matters


@transaction.atomic
def merge(
    conversation: Conversation, *, into: Conversation, by: User | None
) -> Event | None:
    """Move everything of one conversation into another of the same mailbox.

    Its case or lead stays with it, so that nothing is lost when the merge is undone.
    None when there is nothing to merge. The given objects show the outcome.
    """
    # In the order of their ids, so that two merges cannot wait for one another.
    list(
        Conversation.objects.select_for_update(no_key=True)
        .filter(pk__in=[conversation.pk, into.pk])
        .order_by("pk")
    )
    conversation.refresh_from_db()
    into.refresh_from_db()
    if (
        conversation.pk == into.pk
        or conversation.mailbox_id != into.mailbox_id
        or conversation.merged_into_id is not None
        or into.merged_into_id is not None
    ):
        return None
    messages = list(conversation.messages.values_list("pk", flat=True))
    references = list(conversation.references.values_list("pk", flat=True))
    mails = list(conversation.outgoing.values_list("pk", flat=True))
    # What went into this one before is now one step from its place, never two.
    followers = list(conversation.merged.values_list("pk", flat=True))
    conversation.messages.update(conversation=into)
    conversation.references.update(conversation=into)
    conversation.outgoing.update(conversation=into)
    conversation.merged.update(merged_into=into)
    conversation.merged_into = into
    conversation.version += 1
    conversation.save(update_fields=["merged_into", "version"])
    into.is_unread = into.is_unread or conversation.is_unread
    into.contact_id = into.contact_id or conversation.contact_id
    into.save(update_fields=["is_unread", "contact"])
    conversations.count_again(into)
    event = history.record(
        "merged",
        by=by,
        conversation=into,
        merged=conversation.pk,
        undecided=_decided_by(conversation, into),
        messages=messages,
        references=references,
        mails=mails,
        followers=followers,
    )
    _announce(conversation, into)
    return event


@transaction.atomic
def undo(event: Event, *, by: User | None) -> Conversation:
    """Take a merge or a split back; returns the conversation that it was done to.

    What came from another conversation by a merge returns to it, in any order; what was
    split off is merged in again. Raises ValueError for other events, and for what was
    undone before.
    """
    if event.verb == "split" and event.conversation is not None:
        return _undo_split(event, event.conversation, by=by)
    if event.verb != "merged" or event.conversation_id is None:
        raise ValueError("Only a merge or a split can be undone here.")
    # The conversation may have gone into a third one since.
    into_id = where_it_went(event.conversation_id)
    pair = {
        each.pk: each
        for each in Conversation.objects.select_for_update(no_key=True)
        .filter(pk__in=[event.data["merged"], into_id])
        .order_by("pk")
    }
    conversation, into = pair[event.data["merged"]], pair[into_id]
    if conversation.merged_into_id is None or _was_undone(event):
        raise ValueError("This merge has been undone already.")
    into.messages.filter(pk__in=event.data["messages"]).update(
        conversation=conversation
    )
    Reference.objects.filter(pk__in=event.data["references"], conversation=into).update(
        conversation=conversation
    )
    OutgoingMail.objects.filter(pk__in=event.data["mails"], conversation=into).update(
        conversation=conversation
    )
    into.merged.filter(pk__in=event.data.get("followers", [])).update(
        merged_into=conversation
    )
    conversation.merged_into = None
    conversation.save(update_fields=["merged_into"])
    matters.ask_again(into, event)
    conversations.count_again(conversation)
    conversations.count_again(into)
    history.record(
        "merge-undone",
        by=by,
        conversation=into,
        merged=conversation.pk,
        undone=event.pk,
    )
    _announce(conversation, into)
    return conversation


def undoable(events: Iterable[Event]) -> set[int]:
    """Which of these events `undo` would take back."""
    merges = {each.data["merged"]: each.pk for each in events if each.verb == "merged"}
    splits = {each.data["into"]: each.pk for each in events if each.verb == "split"}
    if not merges and not splits:
        return set()
    taken_back = set(
        Event.objects.filter(
            verb="merge-undone", data__undone__in=list(merges.values())
        ).values_list("data__undone", flat=True)
    )
    found: set[int] = set()
    for pk, into in Conversation.objects.filter(pk__in=[*merges, *splits]).values_list(
        "pk", "merged_into"
    ):
        if into is not None and pk in merges:
            found.add(merges[pk])
        if into is None and pk in splits:
            found.add(splits[pk])
    return found - taken_back


def where_it_went(conversation_id: int) -> int:
    """The conversation that this one is part of now; itself when it was not merged."""
    return where_they_went([conversation_id]).get(conversation_id, conversation_id)


def where_they_went(conversation_ids: Collection[int]) -> dict[int, int]:
    """Each of these that exists → the conversation that it is part of now."""
    if not conversation_ids:
        return {}
    found = Conversation.objects.filter(pk__in=conversation_ids)
    return {pk: into or pk for pk, into in found.values_list("pk", "merged_into")}


def _undo_split(
    event: Event, conversation: Conversation, *, by: User | None
) -> Conversation:
    split_off = Conversation.objects.get(pk=event.data["into"])
    into = Conversation.objects.get(pk=where_it_went(conversation.pk))
    if merge(split_off, into=into, by=by) is None:
        raise ValueError("This split has been undone already.")
    return into


def _was_undone(event: Event) -> bool:
    return Event.objects.filter(
        verb="merge-undone",
        data__undone=event.pk,
        data__merged=event.data["merged"],
        mailbox=event.mailbox_id,
    ).exists()


def _decided_by(conversation: Conversation, into: Conversation) -> str:
    """What was undecided of `into`, where the other brings a case or a lead along."""
    if not into.undecided or not any(
        records.filter(conversation=conversation).exists()
        for records in (Case.objects, Lead.objects)
    ):
        return ""
    return matters.settle(into)


def _announce(conversation: Conversation, into: Conversation) -> None:
    for each in (conversation, into):
        live.announce("conversation", each.pk, mailbox_id=each.mailbox_id)
