"""Which conversation a message belongs to, and why: the decision alone.

Knows no tables. The caller looks up the keys that the facts name, hands over what it
found as `Known`, and carries out the verdict. The order of proof:

    1. our own signed Message-ID among the references
    2. References and In-Reply-To, in any order of arrival, with parents missing
    3. the root of Outlook's Thread-Index
    4. a case number in the subject, when its sender takes part already
    5. the same subject with a reply prefix, by the same people, lately

A number or a subject alone never joins anyone: the people must fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from letterbox.inbound.thread_values import (
    Found,
    How,
    Kind,
    Known,
    KnownConversation,
    Lines,
    Notice,
    ThreadFacts,
    ThreadVerdict,
)
from letterbox.mime import subjects

__all__ = [
    "Found",
    "How",
    "Kind",
    "Known",
    "KnownConversation",
    "Lines",
    "Notice",
    "ThreadFacts",
    "ThreadVerdict",
    "decide",
    "turning_on_lines",
]

# Letters without references that say the same are one matter only this near in time.
SAME_SUBJECT_WINDOW = timedelta(days=30)
# So many lines of another letter, quoted, prove an answer; fewer may be a greeting.
QUOTED_LINES_THAT_PROVE = 3


def decide(facts: ThreadFacts, known: Known) -> ThreadVerdict:
    """Say which conversation the message joins, starts, or brings together."""
    trace: list[str] = []
    proofs: dict[int, How] = {}
    for proof in (_by_signed_id, _by_references, _by_thread_index, _by_number):
        for conversation_id, how in proof(facts, known, trace):
            proofs.setdefault(conversation_id, how)
    for conversation_id, how in _by_subject(
        facts, known, trace, only_late=bool(proofs)
    ):
        proofs.setdefault(conversation_id, how)
    if not proofs:
        trace.append("Nothing leads to a conversation we hold, so it starts one.")
        return ThreadVerdict(Kind.START, (), How.NOTHING, (), tuple(trace))
    proofs = _nearest_first(facts, known, proofs)
    chosen, left_out = _choose(facts, known, proofs, trace)
    notices = _notices(facts, [known.conversations[number] for number in chosen])
    if left_out:
        notices.append(Notice.LEADS_ELSEWHERE)
    return ThreadVerdict(
        Kind.JOIN if len(chosen) == 1 else Kind.MERGE,
        tuple(chosen),
        next(iter(proofs.values())),
        tuple(notices),
        tuple(trace),
        tuple(left_out),
    )


def turning_on_lines(facts: ThreadFacts, known: Known) -> tuple[int, ...]:
    """The conversations of the same subject that only lines which both hold can prove.

    Few letters have any, and finding the lines of a text takes longer than all else
    about threads: so `decide` is given them only here.
    """
    if not facts.base_subject or facts.is_broadcast or facts.is_discussion:
        return ()
    return tuple(
        number
        for number in known.same_subject
        if _has_subject(facts, conversation := known.conversations[number])
        and not _are_close(facts, conversation)
        and _may_be_of_one_circle(facts, conversation)
    )


_Proofs = Iterator[tuple[int, How]]


def _by_signed_id(facts: ThreadFacts, known: Known, trace: list[str]) -> _Proofs:
    for conversation_id in facts.signed:
        if conversation_id in known.conversations:
            trace.append(f"It answers a letter we signed in {conversation_id}.")
            yield conversation_id, How.SIGNED_ID


def _by_references(facts: ThreadFacts, known: Known, trace: list[str]) -> _Proofs:
    for key in dict.fromkeys((*facts.references, facts.message_id, *facts.guesses)):
        found = known.references.get(key) if key else None
        if found is None:
            continue
        conversation = known.conversations[found.conversation_id]
        is_own = key == facts.message_id
        is_guess = key not in facts.references and not is_own
        if is_guess:
            fits = _are_close(facts, conversation) or (
                _share_people(facts, conversation)
                and _is_near(facts.sent_at, conversation)
            )
        elif found.is_broadcast and not is_own:
            fits = _are_close(facts, conversation)
        elif found.is_held and not is_own:
            # Who names a letter of ours has read it: let in, with a notice.
            fits = True
        else:
            # A parent nobody here has seen, a child that came first, or an id that
            # a broken mailer gives to every letter.
            fits = _share_people(facts, conversation)
        number = conversation.id
        if not fits:
            trace.append(
                f"It carries the id <{key}> of {number}, but no one there."
                if is_own
                else f"It names <{key}> of {number}, but no one there."
            )
            continue
        trace.append(
            f"It carries the id <{key}> of {number}."
            if is_own
            else f"It names <{key}> of {number}."
        )
        yield number, How.REFERENCES


def _by_thread_index(facts: ThreadFacts, known: Known, trace: list[str]) -> _Proofs:
    found = known.references.get(facts.thread_root) if facts.thread_root else None
    if found is None:
        return
    conversation = known.conversations[found.conversation_id]
    if _share_people(facts, conversation):
        trace.append(f"Its Thread-Index has the root of {conversation.id}.")
        yield conversation.id, How.THREAD_INDEX


def _by_number(facts: ThreadFacts, known: Known, trace: list[str]) -> _Proofs:
    for conversation_id in known.numbered:
        conversation = known.conversations[conversation_id]
        if facts.author & conversation.people:
            trace.append(f"Its subject has the number of {conversation_id}.")
            yield conversation_id, How.SUBJECT_TOKEN
            return
        trace.append(
            f"Its subject has the number of {conversation_id}, but its sender has "
            "no part there."
        )


def _by_subject(
    facts: ThreadFacts, known: Known, trace: list[str], *, only_late: bool
) -> _Proofs:
    """Join by subject; `only_late` looks only for answers that came before this one.

    Such an answer, without references, started a conversation of its own and waits.
    """
    if not facts.base_subject or facts.is_broadcast:
        return
    candidates = [
        conversation
        for conversation in map(known.conversations.__getitem__, known.same_subject)
        if _has_subject(facts, conversation)
        and (_is_answered(facts, conversation) or not only_late)
        and _belongs(facts, conversation)
    ]
    if candidates:
        nearest = min(candidates, key=lambda one: _distance(facts.sent_at, one))
        trace.append(f"It has the subject of {nearest.id}, among the same people.")
        yield nearest.id, How.SAME_SUBJECT


def _has_subject(facts: ThreadFacts, conversation: KnownConversation) -> bool:
    """Tell whether both had one subject lately, and the later is an answer by it."""
    return (
        facts.base_subject in conversation.base_subjects
        and _is_near(facts.sent_at, conversation)
        and _answers(facts, conversation)
    )


def _answers(facts: ThreadFacts, conversation: KnownConversation) -> bool:
    """Tell whether the later of the two is marked as an answer."""
    if facts.is_reply and facts.sent_at >= conversation.first_at:
        return True
    return _is_answered(facts, conversation)


def _is_answered(facts: ThreadFacts, conversation: KnownConversation) -> bool:
    return conversation.starts_with_reply and facts.sent_at <= conversation.first_at


def _belongs(facts: ThreadFacts, conversation: KnownConversation) -> bool:
    """Tell whether the people fit the subject."""
    if _are_close(facts, conversation):
        return True
    if not _may_be_of_one_circle(facts, conversation):
        return False
    if facts.is_discussion:
        return True
    quotes_it = facts.quoted & conversation.written
    is_quoted = facts.written & conversation.quoted
    return max(len(quotes_it), len(is_quoted)) >= QUOTED_LINES_THAT_PROVE


def _may_be_of_one_circle(facts: ThreadFacts, conversation: KnownConversation) -> bool:
    """Tell whether somebody is named in both, under a subject that says something."""
    return bool(facts.people & conversation.people) and not subjects.is_generic(
        facts.base_subject
    )


def _are_close(facts: ThreadFacts, conversation: KnownConversation) -> bool:
    """Tell whether the writer took part, or writes to one who wrote there."""
    return bool(
        facts.author & conversation.people or facts.addressees & conversation.authors
    )


def _share_people(facts: ThreadFacts, conversation: KnownConversation) -> bool:
    """Tell whether anyone is named on both sides; where no one is named, assume so."""
    if not facts.people or not conversation.people:
        return True
    return bool(facts.people & conversation.people)


def _is_near(moment: datetime, conversation: KnownConversation) -> bool:
    return _distance(moment, conversation) <= SAME_SUBJECT_WINDOW


def _distance(moment: datetime, conversation: KnownConversation) -> timedelta:
    """How long before the first or after the last letter; nothing in between."""
    return max(
        conversation.first_at - moment, moment - conversation.last_at, timedelta(0)
    )


def _nearest_first(
    facts: ThreadFacts, known: Known, proofs: dict[int, How]
) -> dict[int, How]:
    """Where people have parted conversations, the nearest letter we hold decides.

    Both are named in the chain of what was split off: the one it was split from too.
    """
    nearest = next(
        (
            found.conversation_id
            for key in facts.references
            if (found := known.references.get(key)) and found.is_held
        ),
        None,
    )
    best = next(iter(proofs))
    if nearest is None or nearest == best or nearest not in proofs:
        return proofs
    apart = known.conversations[best].kept_apart
    if nearest not in apart and best not in known.conversations[nearest].kept_apart:
        return proofs
    return {nearest: proofs[nearest], **proofs}


def _choose(
    facts: ThreadFacts, known: Known, proofs: Mapping[int, How], trace: list[str]
) -> tuple[list[int], list[int]]:
    """Which of the proven conversations become one, and which stay apart.

    The best proven one is always in. Another is merged only when its people fit, so
    that a letter cannot tie two strangers together, and when no one has split them.
    """
    best, *others = proofs
    chosen = [best]
    left_out: list[int] = []
    for number in others:
        conversation = known.conversations[number]
        is_split = conversation.kept_apart.intersection(chosen) or any(
            number in known.conversations[one].kept_apart for one in chosen
        )
        if is_split or not _share_people(facts, conversation):
            trace.append(f"It also leads to {number}, which stays apart.")
            left_out.append(number)
        else:
            chosen.append(number)
    if proofs[best] is not How.SIGNED_ID:
        # The oldest keeps its number; people have it in their letters.
        chosen.sort()
    return chosen, left_out


def _notices(
    facts: ThreadFacts, conversations: list[KnownConversation]
) -> list[Notice]:
    people = frozenset[str]().union(*(one.people for one in conversations))
    known_subjects = frozenset[str]().union(
        *(one.base_subjects for one in conversations)
    )
    notices = []
    if facts.author and people and not facts.author & people:
        notices.append(Notice.STRANGER_JOINED)
    is_known = any(_are_alike(facts.base_subject, one) for one in known_subjects)
    if facts.base_subject and known_subjects and not is_known:
        notices.append(Notice.NEW_SUBJECT)
    return notices


def _are_alike(one: str, other: str) -> bool:
    """Tell whether two subjects speak of one thing: `minutes` and `minutes, again`."""
    if not other or one in other or other in one:
        return True
    words, others = set(one.split()), set(other.split())
    return len(words & others) * 2 >= min(len(words), len(others))
