"""The tables of threading, played in memory.

Does with dictionaries what the product does with rows: look the keys up, decide,
record. For tests and benches, so that a folder of letters can be threaded in any
order without a database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from letterbox.inbound.threading import (
    Found,
    Kind,
    Known,
    KnownConversation,
    ThreadFacts,
    ThreadVerdict,
    decide,
)


@dataclass
class Threader:
    """Conversations of one mailbox. `place` puts one message where it belongs."""

    conversations: dict[int, KnownConversation] = field(default_factory=dict)
    members: dict[int, list[ThreadFacts]] = field(default_factory=dict)
    _references: dict[str, Found] = field(default_factory=dict)
    _by_subject: dict[str, set[int]] = field(default_factory=dict)
    _last_id: int = 0

    def place(
        self, facts: ThreadFacts, *, numbered: tuple[int, ...] = ()
    ) -> ThreadVerdict:
        """Decide on one message and carry the verdict out.

        `numbered` are conversations whose case number the subject names.
        """
        known = replace(self._look_up(facts), numbered=numbered)
        verdict = decide(facts, known)
        if verdict.kind is Kind.START:
            self._last_id += 1
            target = self._last_id
            self.conversations[target] = KnownConversation(
                id=target,
                first_at=facts.sent_at,
                last_at=facts.sent_at,
                starts_with_reply=facts.is_reply,
            )
            self.members[target] = []
        else:
            target, *others = verdict.conversation_ids
            for other in others:
                self._merge(target, other)
        self._record(target, facts)
        return verdict

    def place_all(self, letters: Iterable[ThreadFacts]) -> None:
        """Place messages in the order given."""
        for facts in letters:
            self.place(facts)

    def conversation_of(self, facts: ThreadFacts) -> int:
        """The conversation that holds this very message."""
        return next(
            number
            for number, members in self.members.items()
            if any(member is facts for member in members)
        )

    def _look_up(self, facts: ThreadFacts) -> Known:
        numbers = self._by_subject.get(facts.base_subject, set())
        return Known(
            references={
                key: self._references[key]
                for key in facts.keys_to_look_up
                if key in self._references
            },
            conversations=self.conversations,
            same_subject=tuple(sorted(numbers)),
        )

    def _record(self, target: int, facts: ThreadFacts) -> None:
        known = self.conversations[target]
        is_earliest = facts.sent_at <= known.first_at
        self.conversations[target] = replace(
            known,
            first_at=min(known.first_at, facts.sent_at),
            last_at=max(known.last_at, facts.sent_at),
            starts_with_reply=(
                facts.is_reply if is_earliest else known.starts_with_reply
            ),
            base_subjects=known.base_subjects | {facts.base_subject},
            authors=known.authors | facts.author,
            people=known.people | facts.people,
            written=known.written | facts.written,
            quoted=known.quoted | facts.quoted,
        )
        self.members[target].append(facts)
        self._by_subject.setdefault(facts.base_subject, set()).add(target)
        for key in facts.keys:
            self._references.setdefault(key, Found(target, is_held=False))
        own = self._references.get(facts.message_id)
        if own and own.conversation_id == target:
            self._references[facts.message_id] = Found(
                target, is_held=True, is_broadcast=facts.is_broadcast
            )

    def _merge(self, target: int, other: int) -> None:
        gone = self.conversations.pop(other)
        kept = self.conversations[target]
        earlier = min(kept, gone, key=lambda one: one.first_at)
        self.conversations[target] = KnownConversation(
            id=target,
            first_at=earlier.first_at,
            last_at=max(kept.last_at, gone.last_at),
            starts_with_reply=earlier.starts_with_reply,
            base_subjects=kept.base_subjects | gone.base_subjects,
            authors=kept.authors | gone.authors,
            people=kept.people | gone.people,
            written=kept.written | gone.written,
            quoted=kept.quoted | gone.quoted,
            kept_apart=kept.kept_apart | gone.kept_apart,
        )
        self.members[target].extend(self.members.pop(other))
        for numbers in self._by_subject.values():
            if other in numbers:
                numbers.discard(other)
                numbers.add(target)
        for key, found in self._references.items():
            if found.conversation_id == other:
                self._references[key] = replace(found, conversation_id=target)
