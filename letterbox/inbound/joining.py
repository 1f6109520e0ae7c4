"""The step that finds a message's conversation: what the tables know, and the verdict.

`threading.decide` decides; this module looks up what it needs and does what it says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from django.db.models import Q

from letterbox.inbound import threading
from letterbox.inbound.work import Work
from letterbox.mime import message_ids, subjects
from letterbox.mime.classify_values import MailKind
from letterbox.models import Case, Conversation, Message, Reference
from letterbox.services import conversations, letters, merging, outbox

# A conversation is judged by its newest messages; an endless one stays cheap.
MESSAGES_LOOKED_AT = 50
SUBJECTS_LOOKED_AT = 20
REFERENCES_KEPT = 100
BROADCAST = (MailKind.LIST, MailKind.BULK)


def find_conversation(work: Work) -> None:
    """Join the conversation that the message belongs to, or start one."""
    facts = facts_of(work)
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


def facts_of(work: Work) -> threading.ThreadFacts:
    """What the letter says about where it belongs."""
    return threading.read_facts(
        work.letter,
        at=work.message.received_at,
        own_addresses=frozenset(work.mailbox.all_addresses),
        signed=_signed_conversations(work),
        is_broadcast=work.message.kind in BROADCAST,
        new_text=work.message.new_text,
    )


def known_for(work: Work, facts: threading.ThreadFacts) -> threading.Known:
    """What the tables hold about this message: a handful of queries."""
    keys = [key[:998] for key in facts.keys_to_look_up][:REFERENCES_KEPT]
    rows = Reference.objects.filter(
        mailbox=work.mailbox, message_id__in=keys
    ).values_list("message_id", "conversation")
    led_to = dict(rows)
    held = dict(
        Message.objects.filter(
            mailbox=work.mailbox, message_id__in=[key for key in keys if key]
        )
        .exclude(pk=work.message.pk)
        .values_list("message_id", "kind")
    )
    references = {
        key: threading.Found(
            conversation_id,
            is_held=key in held,
            is_broadcast=held.get(key) in BROADCAST,
        )
        for key, conversation_id in led_to.items()
    }
    numbered = tuple(
        Case.objects.filter(
            mailbox=work.mailbox,
            pk__in=subjects.matter_numbers(work.message.subject),
            conversation__isnull=False,
        ).values_list("conversation", flat=True)
    )
    same_subject: tuple[int, ...] = ()
    if not references and facts.base_subject:
        same_subject = _same_subject(work, facts)
    wanted = {*led_to.values(), *numbered, *same_subject, *facts.signed}
    return threading.Known(
        references=references,
        conversations=_known_conversations(work, wanted),
        numbered=numbered,
        same_subject=same_subject,
    )


def _same_subject(work: Work, facts: threading.ThreadFacts) -> tuple[int, ...]:
    window = threading.SAME_SUBJECT_WINDOW
    at = facts.sent_at
    return tuple(
        Conversation.objects.filter(
            mailbox=work.mailbox,
            base_subject=facts.base_subject[:255],
            last_message_at__gte=at - window,
            merged_into__isnull=True,
        )
        .order_by("-last_message_at")
        .values_list("pk", flat=True)[:SUBJECTS_LOOKED_AT]
    )


def _known_conversations(
    work: Work, wanted: Iterable[int]
) -> dict[int, threading.KnownConversation]:
    """What each conversation shows, read from its messages."""
    found: dict[int, threading.KnownConversation] = {}
    rows = Conversation.objects.filter(pk__in=list(wanted), mailbox=work.mailbox)
    own = frozenset(work.mailbox.all_addresses)
    for conversation in rows.filter(merged_into__isnull=True):
        messages = list(
            conversation.messages.exclude(pk=work.message.pk)
            .order_by("-id")
            .only("subject", "from_email", "recipients", "new_text", "text", "received_at", "sent_at")[
                :MESSAGES_LOOKED_AT
            ]
        )
        found[conversation.pk] = threading.know(
            conversation.pk,
            [
                threading.Seen(
                    at=message.received_at,
                    subject=message.subject,
                    author=message.from_email,
                    addressees=tuple(
                        address.email
                        for field in ("to", "cc", "reply_to")
                        for address in letters.recipients_of(message, field)
                    ),
                    new_text=message.new_text,
                    text=message.text,
                )
                for message in reversed(messages)
            ],
            own_addresses=own,
        )
    return found


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
