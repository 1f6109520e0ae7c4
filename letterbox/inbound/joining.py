"""The step that finds a message's conversation: what the tables know, and the verdict.

`threading.decide` decides; this module looks up what it needs and does what it says.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Left

from letterbox.inbound import conversion, repeated_lines, thread_facts, threading
from letterbox.inbound.work import Work
from letterbox.mime import fold, message_ids, subjects
from letterbox.mime.classify.values import MailKind
from letterbox.mime.letter import Letter
from letterbox.models import Case, Conversation, Event, Message, Reference
from letterbox.services import conversations, folds, letters, merging

# A conversation is judged by its newest messages; an endless one stays cheap.
MESSAGES_LOOKED_AT = 50
SUBJECTS_LOOKED_AT = 20
# Folding a text to compare its lines takes about a millisecond.
TEXTS_LOOKED_AT = 5
REFERENCES_KEPT = 100
# Quotes hold the letters before; older ones are quoted inside of them.
KNOWN_TEXTS = 6
KNOWN_CHARACTERS = 20_000
STEPS_SHOWN = 30
# How a letter found its place, beside the ways of threading: the mailbox adds what the
# sender of an open case or lead writes.
TO_OPEN_MATTER = "open-matter"


def find_conversation(work: Work) -> None:
    """Join the conversation that the message belongs to, or start one."""
    facts = thread_facts.read(
        work.letter,
        received_at=work.message.received_at,
        ours=work.mailbox.all_addresses,
        signed=_signed_conversations(work),
        about=work.report.original_message_id if work.report else "",
    )
    work.message.thread_facts = remembered(facts)
    known = known_for(work, facts)
    verdict = threading.decide(
        *repeated_lines.fill_in(
            facts,
            known,
            own=lambda: thread_facts.lines_of(work.blocks),
            lines_of=repeated_lines.of_messages,
        )
    )
    matter = None
    if work.message.conversation_id is not None:
        # A batch of history placed and counted it there, and was then broken off.
        conversation = _locked(work.message.conversation_id)
        work.is_first = has_begun(conversation.pk, work.message.pk)
    elif verdict.kind is threading.Kind.START:
        matter = conversion.matter_to_join(work)
        if matter is None:
            conversation = conversations.start(work.message)
            work.is_first = True
        else:
            # A matter without a conversation is never found.
            assert matter.conversation is not None  # noqa: S101
            conversation = _locked(matter.conversation.place.pk)
            conversations.add_message(conversation, work.message)
    else:
        if not work.message.is_history:
            _fold_again(work, verdict.conversation_ids)
        first, *others = verdict.conversation_ids
        conversation = _locked(first)
        for other in others:
            merging.merge(_locked(other), into=conversation, by=None)
        conversations.add_message(conversation, work.message)
    work.conversation = conversation
    work.trace["folds"] = folds.written(work.blocks)
    work.trace["conversation"] = trace_of(
        verdict, conversation.pk, kind=MailKind(work.message.kind)
    )
    if matter is not None:
        work.trace["conversation"]["how"] = TO_OPEN_MATTER
    note_references(conversation, facts)
    if work.is_inbound and not work.message.is_history and not work.is_first:
        _reopen(work, conversation)


def note_references(conversation: Conversation, facts: threading.ThreadFacts) -> None:
    """Let what names these ids find the conversation; who was first under one stays."""
    Reference.objects.bulk_create(
        (
            Reference(
                mailbox_id=conversation.mailbox_id,
                message_id=letters.key(key),
                conversation=conversation,
            )
            for key in facts.keys[:REFERENCES_KEPT]
        ),
        ignore_conflicts=True,
    )


def has_begun(conversation_id: int, message_id: int) -> bool:
    """Whether the conversation began with this message, as it was placed."""
    return not Message.objects.filter(
        conversation=conversation_id, pk__lt=message_id
    ).exists()


def known_for(work: Work, facts: threading.ThreadFacts) -> threading.Known:
    """What the tables hold about this message: a handful of queries."""
    keys = {
        letters.key(key): key for key in facts.keys_to_look_up[: REFERENCES_KEPT * 2]
    }
    led_to = dict(
        Reference.objects.filter(
            mailbox=work.mailbox, message_id__in=list(keys)
        ).values_list("message_id", "conversation")
    )
    held: dict[str, Any] = {}
    if led_to:
        held = dict(
            Message.objects.filter(mailbox=work.mailbox, message_id__in=list(led_to))
            .exclude(pk=work.message.pk)
            .values_list("message_id", "thread_facts__is_broadcast")
        )
    numbered = _numbered(work)
    same_subject: tuple[int, ...] = ()
    if not led_to and not numbered and facts.base_subject:
        same_subject = _same_subject(work, facts)
    wanted = {*led_to.values(), *numbered, *same_subject, *facts.signed}
    found = _known_conversations(work, wanted)
    return threading.Known(
        references={
            keys[key]: threading.Found(
                conversation_id,
                is_held=key in held,
                is_broadcast=bool(held.get(key)),
            )
            for key, conversation_id in led_to.items()
            if conversation_id in found
        },
        conversations=found,
        numbered=tuple(each for each in numbered if each in found),
        same_subject=tuple(each for each in same_subject if each in found),
    )


def _fold_again(work: Work, conversation_ids: Collection[int]) -> None:
    """Fold what the conversation holds already, however it was quoted.

    Of history there is too much for that: its quotes are found by their marks alone.
    """
    known = list(
        Message.objects.filter(conversation__in=conversation_ids)
        .exclude(pk=work.message.pk)
        .exclude(text="")
        .order_by("-id")
        .values_list(Left("text", KNOWN_CHARACTERS), flat=True)[:KNOWN_TEXTS]
    )
    if known:
        work.blocks = fold.fold(work.message.text, known=known)
        work.message.new_text, work.message.snippet = folds.new_words(
            work.message.text, work.blocks
        )


def _locked(conversation_id: int) -> Conversation:
    return Conversation.objects.select_for_update(no_key=True).get(pk=conversation_id)


def _numbered(work: Work) -> tuple[int, ...]:
    """The conversations of the case numbers in the subject."""
    numbers = subjects.matter_numbers(work.message.subject)
    if not numbers:
        return ()
    found = Case.objects.filter(
        mailbox=work.mailbox, pk__in=numbers, conversation__isnull=False
    ).values_list("conversation", "conversation__merged_into")
    return tuple(dict.fromkeys(into or own or 0 for own, into in found))


def _same_subject(work: Work, facts: threading.ThreadFacts) -> tuple[int, ...]:
    earliest = facts.sent_at - threading.SAME_SUBJECT_WINDOW
    return tuple(
        Conversation.objects.filter(
            mailbox=work.mailbox,
            base_subject=letters.without_nul(facts.base_subject)[:255],
            last_message_at__gte=earliest,
            merged_into__isnull=True,
        )
        .order_by("-last_message_at")
        .values_list("pk", flat=True)[:SUBJECTS_LOOKED_AT]
    )


def _known_conversations(
    work: Work, wanted: Collection[int]
) -> dict[int, threading.KnownConversation]:
    """What each conversation shows, put together from its newest messages."""
    seen = newest_of(work.mailbox.pk, wanted, without=[work.message.pk])
    apart = kept_apart(seen)
    return {
        each: known_by(each, messages, kept_apart=apart.get(each, frozenset()))
        for each, messages in seen.items()
    }


class Shown(NamedTuple):
    """What one message shows of its conversation; see `remembered`."""

    message: int
    facts: dict[str, Any]


def newest_of(
    mailbox_id: int, wanted: Collection[int], *, without: Collection[int]
) -> dict[int, list[Shown]]:
    """The newest messages of each of these conversations, newest first."""
    if not wanted:
        return {}
    # Looked up by turns, so that a long conversation cannot hide a short one.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT wanted, message.id, message.thread_facts
            FROM unnest(%s::bigint[]) AS wanted, LATERAL (
                SELECT id, thread_facts
                FROM letterbox_message
                WHERE conversation_id = wanted AND mailbox_id = %s
                  AND id <> ALL(%s) AND thread_facts <> '{}'
                ORDER BY id DESC LIMIT %s
            ) AS message
            ORDER BY wanted, message.id DESC
            """,
            [list(wanted), mailbox_id, list(without), MESSAGES_LOOKED_AT],
        )
        rows = cursor.fetchall()
    seen: dict[int, list[Shown]] = {}
    for conversation_id, message_id, facts in rows:
        seen.setdefault(conversation_id, []).append(
            Shown(message_id, json.loads(facts))
        )
    return seen


def kept_apart(conversation_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Whom people have parted from each of these: by a split, or by undoing a merge."""
    if len(conversation_ids) < 2:
        return {}
    rows = Event.objects.filter(
        Q(conversation__in=list(conversation_ids))
        | Q(conversation__merged_into__in=list(conversation_ids)),
        verb__in=("merge-undone", "split"),
    ).values_list("conversation", "data__merged", "data__into")
    pairs = [(here or 0, merged or into) for here, merged, into in rows]
    # Either may have been merged into another since.
    places = merging.where_they_went([each for pair in pairs for each in pair])
    apart: dict[int, set[int]] = {}
    for here, there in pairs:
        if places.get(here) != places.get(there):
            apart.setdefault(places.get(here, here), set()).add(
                places.get(there, there)
            )
    return {each: frozenset(others) for each, others in apart.items()}


def known_by(
    conversation_id: int,
    messages: Sequence[Shown],
    *,
    kept_apart: frozenset[int] = frozenset(),
) -> threading.KnownConversation:
    """A conversation as the decision sees it, from its messages, newest first."""
    facts = [each.facts for each in messages]
    times = [datetime.fromisoformat(each["sent_at"]) for each in facts]
    earliest = facts[times.index(min(times))]
    authors = frozenset(email for each in facts for email in each["author"])
    addressees = frozenset(email for each in facts for email in each["addressees"])
    return threading.KnownConversation(
        id=conversation_id,
        first_at=min(times),
        last_at=max(times),
        base_subjects=frozenset(each["base_subject"] for each in facts),
        starts_with_reply=earliest["is_reply"],
        authors=authors,
        people=authors | addressees,
        newest=tuple(each.message for each in messages[:TEXTS_LOOKED_AT]),
        kept_apart=kept_apart,
    )


def trace_of(
    verdict: threading.ThreadVerdict, conversation_id: int, *, kind: MailKind
) -> dict[str, Any]:
    """How it found its conversation, for the explain card.

    A machine that answers is no stranger who wants to be let in: no notice for it.
    """
    notices = () if kind.is_automatic else verdict.notices
    return {
        "id": conversation_id,
        "kind": verdict.kind.value,
        "how": verdict.how.value,
        "merged": list(verdict.conversation_ids[1:]),
        "notices": [notice.value for notice in notices],
        "elsewhere": list(verdict.elsewhere),
        "steps": list(verdict.trace[:STEPS_SHOWN]),
    }


def remembered(facts: threading.ThreadFacts) -> dict[str, Any]:
    """The part of the facts that later messages are compared with."""
    return {
        "sent_at": facts.sent_at.isoformat(),
        "author": letters.storable(sorted(facts.author)),
        "addressees": letters.storable(sorted(facts.addressees)[:200]),
        "base_subject": letters.without_nul(facts.base_subject),
        "is_reply": facts.is_reply,
        "is_broadcast": facts.is_broadcast,
    }


def _signed_conversations(work: Work) -> tuple[int, ...]:
    about = work.report.original_message_id if work.report else ""
    own = signed_ids(work.letter, work.own.message_id_keys, about=about)
    if not own:
        return ()
    places = merging.where_they_went(set(own.values()))
    # A letter of ours may have been split off since its id was signed.
    now_in = dict(
        Reference.objects.filter(
            mailbox=work.mailbox, message_id__in=list(map(letters.key, own))
        ).values_list("message_id", "conversation")
    )
    named = (now_in.get(letters.key(text)) or places.get(own[text]) for text in own)
    return tuple(dict.fromkeys(each for each in named if each))


def signed_ids(
    letter: Letter, keys: Iterable[bytes], *, about: str = ""
) -> dict[str, int]:
    """Our own verified Message-IDs → their conversations, nearest first.

    `about` is the id that a delivery report is about.
    """
    ids = (about, *letter.in_reply_to, *reversed(letter.references))
    keys = list(keys)
    return {
        text: read.conversation_id
        for text in dict.fromkeys(ids[:REFERENCES_KEPT])
        if (read := message_ids.read_message_id(keys, text))
    }


def _reopen(work: Work, conversation: Conversation) -> None:
    """A person's letter opens it again; an out-of-office or a receipt does not."""
    if work.message.kind in (MailKind.HUMAN, MailKind.BOUNCE_HARD):
        conversations.reopen_for_letter(conversation)
