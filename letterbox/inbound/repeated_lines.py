"""The lines of letters, looked for only where a thread turns on them.

Letters without any reference are compared by what they quote of one another. Few are,
and folding a text takes as long as all else about its thread: so `threading` says where
it matters, and nobody else asks. Decides nothing, stores nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from letterbox.inbound import thread_facts, threading
from letterbox.inbound.threading import Known, KnownConversation, Lines, ThreadFacts
from letterbox.mime import fold
from letterbox.mime.parse import parse_letter
from letterbox.models import Message
from letterbox.services import letters

LinesOf = Callable[[Collection[int]], Mapping[int, Lines]]


def fill_in(
    facts: ThreadFacts, known: Known, *, own: Callable[[], Lines], lines_of: LinesOf
) -> tuple[ThreadFacts, Known]:
    """Both with their lines, as far as the decision turns on them.

    `own` gives the lines of the letter, `lines_of` those of messages.
    """
    numbers = threading.turning_on_lines(facts, known)
    if not numbers:
        return facts, known
    filled = {
        number: _filled(known.conversations[number], lines_of) for number in numbers
    }
    return (
        thread_facts.with_lines(facts, own()),
        replace(known, conversations={**known.conversations, **filled}),
    )


def of_messages(ids: Collection[int]) -> dict[int, Lines]:
    """The lines of these messages; of one that is not processed yet, from its bytes."""
    texts = dict(
        Message.objects.filter(pk__in=ids)
        .exclude(state=Message.State.RECEIVED)
        .values_list("pk", "text")
    )
    found = {pk: thread_facts.lines_of(fold.fold(text)) for pk, text in texts.items()}
    for message in Message.objects.filter(
        pk__in=set(ids) - texts.keys()
    ).select_related("raw"):
        _, blocks = letters.columns_of(parse_letter(message.raw.content))
        found[message.pk] = thread_facts.lines_of(blocks)
    return found


def _filled(conversation: KnownConversation, lines_of: LinesOf) -> KnownConversation:
    lines = lines_of(conversation.newest)
    return replace(
        conversation,
        written=frozenset[str]().union(*(each.written for each in lines.values())),
        quoted=frozenset[str]().union(*(each.quoted for each in lines.values())),
    )
