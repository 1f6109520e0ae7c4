"""The step that finds a message's conversation: what the tables know, and the verdict.

`threading.decide` decides; this module looks up what it needs and does what it says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from letterbox.inbound import thread_facts, threading
from letterbox.inbound.work import Work
from letterbox.mime import fold, message_ids, subjects
from letterbox.mime.classify_values import MailKind
from letterbox.models import Case, Conversation, Message, Reference
from letterbox.services import conversations, merging, outbox

# A conversation is judged by its newest messages; an endless one stays cheap.
MESSAGES_LOOKED_AT = 50
SUBJECTS_LOOKED_AT = 20
REFERENCES_KEPT = 100


def find_conversation(work: Work) -> None:
    """Join the conversation that the message belongs to, or start one."""
    facts = thread_facts.read(
        work.letter,
        received_at=work.message.received_at,
        ours=work.mailbox.all_addresses,
        signed=_signed_conversations(work),
    )
    work.message.thread_facts = _remembered(facts)
    verdict = threading.decide(facts, known_for(work, facts))
    if verdict.kind is threading.Kind.START:
        conversation = conversations.start(
            work.mailbox,
            subject=work.message.subject,
            contact=work.message.contact,
            at=work.message.received_at,
        )
        work.is_first = True
    else:
        first, *others = verdict.conversation_ids
        conversation = Conversation.objects.select_for_update().get(pk=first)
        for other in others:
            merging.merge(
                Conversation.objects.select_for_update().get(pk=other),
                into=conversation,
                by=None,
            )
    work.conversation = conversation
    work.trace["conversation"] = {
        "id": conversation.pk,
        "kind": verdict.kind.value,
        "how": verdict.how.value,
        "merged": list(verdict.conversation_ids[1:]),
        "notices": [notice.value for notice in verdict.notices],
        "steps": list(verdict.trace),
    }
    Reference.objects.bulk_create(
        (
            Reference(
                mailbox=work.mailbox, message_id=key[:998], conversation=conversation
            )
            for key in facts.keys[:REFERENCES_KEPT]
        ),
        ignore_conflicts=True,
    )
    conversations.add_message(conversation, work.message)
    if work.is_inbound and not work.message.is_history and not work.is_first:
        _reopen(work, conversation)


def known_for(work: Work, facts: threading.ThreadFacts) -> threading.Known:
    """What the tables hold about this message: a handful of queries."""
    keys = [key[:998] for key in facts.keys_to_look_up][:REFERENCES_KEPT]
    led_to = dict(
        Reference.objects.filter(mailbox=work.mailbox, message_id__in=keys).values_list(
            "message_id", "conversation"
        )
    )
    held = dict(
        Message.objects.filter(mailbox=work.mailbox, message_id__in=list(led_to))
        .exclude(pk=work.message.pk)
        .values_list("message_id", "thread_facts__is_broadcast")
    )
    numbered = tuple(
        Case.objects.filter(
            mailbox=work.mailbox,
            pk__in=subjects.matter_numbers(work.message.subject),
            conversation__isnull=False,
        ).values_list("conversation", flat=True)
    )
    same_subject: tuple[int, ...] = ()
    if not led_to and not numbered and facts.base_subject:
        same_subject = _same_subject(work, facts)
    wanted = {*led_to.values(), *numbered, *same_subject, *facts.signed}
    conversations_known = _known_conversations(work, wanted, with_lines=same_subject)
    return threading.Known(
        references={
            key: threading.Found(
                conversation_id,
                is_held=key in held,
                is_broadcast=bool(held.get(key)),
            )
            for key, conversation_id in led_to.items()
            if conversation_id in conversations_known
        },
        conversations=conversations_known,
        numbered=tuple(each for each in numbered if each in conversations_known),
        same_subject=same_subject,
    )


def _same_subject(work: Work, facts: threading.ThreadFacts) -> tuple[int, ...]:
    earliest = facts.sent_at - threading.SAME_SUBJECT_WINDOW
    return tuple(
        Conversation.objects.filter(
            mailbox=work.mailbox,
            base_subject=facts.base_subject[:255],
            last_message_at__gte=earliest,
            merged_into__isnull=True,
        )
        .order_by("-last_message_at")
        .values_list("pk", flat=True)[:SUBJECTS_LOOKED_AT]
    )


def _known_conversations(
    work: Work, wanted: Iterable[int], *, with_lines: Collection[int]
) -> dict[int, threading.KnownConversation]:
    """What each conversation shows, put together from its newest messages."""
    seen: dict[int, list[tuple[dict[str, Any], str]]] = {}
    rows = (
        Message.objects.filter(
            conversation__in=list(wanted),
            conversation__merged_into__isnull=True,
            mailbox=work.mailbox,
        )
        .exclude(pk=work.message.pk)
        .exclude(thread_facts={})
        .order_by("-id")
    )
    for conversation_id, facts, pk in rows.values_list(
        "conversation", "thread_facts", "pk"
    )[: MESSAGES_LOOKED_AT * max(1, len(set(wanted)))]:
        text = ""
        if conversation_id in with_lines:
            text = Message.objects.values_list("text", flat=True).get(pk=pk)
        seen.setdefault(conversation_id or 0, []).append((facts, text))
    return {
        conversation_id: _known(conversation_id, messages)
        for conversation_id, messages in seen.items()
    }


def _known(
    conversation_id: int, messages: list[tuple[dict[str, Any], str]]
) -> threading.KnownConversation:
    facts = [each for each, _ in messages]
    times = [datetime.fromisoformat(each["sent_at"]) for each in facts]
    earliest = facts[times.index(min(times))]
    authors = frozenset(email for each in facts for email in each["author"])
    addressees = frozenset(email for each in facts for email in each["addressees"])
    blocks = [block for _, text in messages if text for block in fold.fold(text)]
    written, quoted = thread_facts.lines_of(blocks)
    return threading.KnownConversation(
        id=conversation_id,
        first_at=min(times),
        last_at=max(times),
        base_subjects=frozenset(each["base_subject"] for each in facts),
        starts_with_reply=earliest["is_reply"],
        authors=authors,
        people=authors | addressees,
        written=written,
        quoted=quoted,
    )


def _remembered(facts: threading.ThreadFacts) -> dict[str, Any]:
    """The part of the facts that later messages are compared with."""
    return {
        "sent_at": facts.sent_at.isoformat(),
        "author": sorted(facts.author),
        "addressees": sorted(facts.addressees)[:200],
        "base_subject": facts.base_subject,
        "is_reply": facts.is_reply,
        "is_broadcast": facts.is_broadcast,
    }


def _signed_conversations(work: Work) -> tuple[int, ...]:
    """The conversations that our own verified Message-IDs name, nearest first."""
    keys = outbox.message_id_keys()
    ids = (*work.letter.in_reply_to, *reversed(work.letter.references))
    found: list[int] = []
    for text in dict.fromkeys(ids[:REFERENCES_KEPT]):
        own = message_ids.read_message_id(keys, text)
        if own is not None:
            found.append(merging.where_it_went(own.conversation_id))
    return tuple(dict.fromkeys(found))


def _reopen(work: Work, conversation: Conversation) -> None:
    """A person's letter opens it again; an out-of-office or a receipt does not."""
    if work.message.kind in (MailKind.HUMAN, MailKind.BOUNCE_HARD):
        conversations.reopen_for_letter(conversation)
