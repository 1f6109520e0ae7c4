"""Where the conversations of a batch of history stand, while it is threaded.

Looks up what `joining.known_for` would look up, for a whole batch at once, and keeps it
true while letters join: conversations that begin in the batch have negative ids until
they are stored. Decides nothing, stores nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from letterbox import binary
from letterbox.inbound import joining, repeated_lines, threading
from letterbox.inbound.history.values import Read
from letterbox.models import Case, Conversation
from letterbox.services import letters, merging

LEADS = """
    SELECT message_id, conversation_id FROM letterbox_reference
    WHERE mailbox_id = %b AND message_id = ANY(%b::text[])
"""
HELD = """
    SELECT message_id, coalesce((thread_facts ->> 'is_broadcast')::boolean, false)
    FROM letterbox_message
    WHERE mailbox_id = %b AND message_id = ANY(%b::text[]) AND id <> ALL(%b::bigint[])
"""
# Said so that no index of unmerged conversations fits: without statistics it looks as
# cheap as that of subjects, and all conversations would be walked over for each.
SAME_SUBJECT = """
    SELECT found.base_subject, found.id, found.last_message_at
    FROM unnest(%b::text[]) AS wanted, LATERAL (
        SELECT base_subject, id, last_message_at
        FROM letterbox_conversation
        WHERE mailbox_id = %b AND base_subject = wanted
          AND coalesce(merged_into_id, 0) = 0
        ORDER BY last_message_at DESC LIMIT %b
    ) AS found
"""


class _Leads(NamedTuple):
    """The conversations a letter leads to: by its keys as it writes them, and so on."""

    by_key: dict[str, int]
    numbered: tuple[int, ...]
    same_subject: tuple[int, ...]

    @property
    def all(self) -> set[int]:
        """Each of them once."""
        return {*self.by_key.values(), *self.numbered, *self.same_subject}


@dataclass(slots=True)
class Board:
    """What the tables and the batch so far say; keys are as the tables hold them."""

    mailbox_id: int
    batch: frozenset[int]
    references: dict[str, int]
    held: dict[str, bool]
    numbered: dict[int, int]
    went_to: dict[int, int]
    stored: dict[int, list[joining.Shown]] = field(default_factory=dict)
    noted: dict[int, list[joining.Shown]] = field(default_factory=dict)
    subjects: dict[str, list[int]] = field(default_factory=dict)
    last_at: dict[int, datetime] = field(default_factory=dict)
    # Of the references those that the batch has brought.
    learnt: dict[str, int] = field(default_factory=dict)
    _lines: dict[int, threading.Lines] = field(default_factory=dict)
    _apart: dict[int, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def set_up(cls, mailbox_id: int, reads: Sequence[Read]) -> Board:
        """Look up, for all of these letters, what their keys and numbers lead to."""
        keys = {letters.key(key) for each in reads for key in _keys(each)}
        references = dict(binary.rows(LEADS, [mailbox_id, list(keys)]))
        batch = frozenset(each.message for each in reads)
        held = dict(binary.rows(HELD, [mailbox_id, list(references), list(batch)]))
        cases = Case.objects.filter(
            mailbox=mailbox_id,
            pk__in={number for each in reads for number in each.numbers},
            conversation__isnull=False,
        ).values_list("pk", "conversation", "conversation__merged_into")
        named = {number for each in reads for number in each.named_by_us}
        board = cls(
            mailbox_id,
            batch,
            references,
            held,
            {pk: into or own or 0 for pk, own, into in cases},
            merging.where_they_went(named),
        )
        board._load_subjects(reads)
        # At once: most letters lead somewhere.
        board._load({each for read in reads for each in board._leads(read).all})
        board._kept_apart(list(board.stored))
        return board

    def verdict_on(self, read: Read) -> threading.ThreadVerdict:
        """Where the letter belongs, if those before it were stored."""
        facts = self._facts_of(read)
        known = self._known_for(read, facts)
        return threading.decide(
            *repeated_lines.fill_in(
                facts,
                known,
                own=lambda: self._lines_of([read.message])[read.message],
                lines_of=self._lines_of,
            )
        )

    def _facts_of(self, read: Read) -> threading.ThreadFacts:
        """The letter's facts, with the conversations that our own ids name."""
        places = [
            self.went_to[each] for each in read.named_by_us if each in self.went_to
        ]
        if not places:
            return read.facts
        return replace(read.facts, signed=tuple(dict.fromkeys(places)))

    def _lines_of(self, messages: Collection[int]) -> dict[int, threading.Lines]:
        """Looked for once in a batch."""
        if missing := set(messages) - self._lines.keys():
            self._lines |= repeated_lines.of_messages(missing)
        return {each: self._lines[each] for each in messages if each in self._lines}

    def _known_for(self, read: Read, facts: threading.ThreadFacts) -> threading.Known:
        """What the tables would say of this letter if those before it were stored."""
        leads = self._leads(read)
        wanted = {*leads.all, *facts.signed}
        self._load(wanted)
        seen = {each: rows for each in wanted if (rows := self._rows(each))}
        apart = self._kept_apart([each for each in seen if each > 0])
        found = {
            each: joining.known_by(each, rows, kept_apart=apart.get(each, frozenset()))
            for each, rows in seen.items()
        }
        return threading.Known(
            references={
                key: threading.Found(
                    conversation_id,
                    is_held=(stored := letters.key(key)) in self.held,
                    is_broadcast=self.held.get(stored, False),
                )
                for key, conversation_id in leads.by_key.items()
                if conversation_id in found
            },
            conversations=found,
            numbered=tuple(each for each in leads.numbered if each in found),
            same_subject=tuple(each for each in leads.same_subject if each in found),
        )

    def _leads(self, read: Read) -> _Leads:
        """Where the letter leads to; by its subject only when by nothing else."""
        by_key = {
            key: self.references[stored]
            for key in _keys(read)
            if (stored := letters.key(key)) in self.references
        }
        numbered = tuple(
            dict.fromkeys(
                self.numbered[each] for each in read.numbers if each in self.numbered
            )
        )
        same_subject: tuple[int, ...] = ()
        if not by_key and not numbered and read.facts.base_subject:
            same_subject = self._same_subject(read.facts)
        return _Leads(by_key, numbered, same_subject)

    def _kept_apart(self, wanted: Collection[int]) -> dict[int, frozenset[int]]:
        """Asked once for each conversation: few people part any."""
        if len(wanted) > 1 and (new := set(wanted) - self._apart.keys()):
            found = joining.kept_apart([*new, *wanted])
            self._apart |= {each: found.get(each, frozenset()) for each in wanted}
        return self._apart

    def note(
        self, conversation: Conversation, conversation_id: int, read: Read
    ) -> None:
        """Let later letters of the batch find this one."""
        for key in map(letters.key, read.facts.keys[: joining.REFERENCES_KEPT]):
            if key not in self.references:
                self.references[key] = self.learnt[key] = conversation_id
        if read.message_id:
            self.held.setdefault(read.message_id, read.remembered["is_broadcast"])
        shown = joining.Shown(read.message, read.remembered)
        self.noted.setdefault(conversation_id, []).insert(0, shown)
        base_subject = conversation.base_subject
        if base_subject and conversation_id not in self.last_at:
            self.subjects.setdefault(base_subject, []).append(conversation_id)
        self.last_at[conversation_id] = conversation.last_message_at

    def _same_subject(self, facts: threading.ThreadFacts) -> tuple[int, ...]:
        earliest = facts.sent_at - threading.SAME_SUBJECT_WINDOW
        candidates = self.subjects.get(_subject_key(facts.base_subject), ())
        near = [each for each in candidates if self.last_at[each] >= earliest]
        # The sort is stable: of two at one moment, the order is that of the table.
        near.sort(key=self.last_at.__getitem__, reverse=True)
        return tuple(near[: joining.SUBJECTS_LOOKED_AT])

    def _rows(self, conversation_id: int) -> list[joining.Shown]:
        rows = [
            *self.noted.get(conversation_id, ()),
            *self.stored.get(conversation_id, ()),
        ]
        return rows[: joining.MESSAGES_LOOKED_AT]

    def _load(self, wanted: set[int]) -> None:
        missing = {each for each in wanted if each > 0} - self.stored.keys()
        if missing:
            found = joining.newest_of(self.mailbox_id, missing, without=self.batch)
            for each in missing:
                self.stored[each] = found.get(each, [])

    def _load_subjects(self, reads: Sequence[Read]) -> None:
        """The newest conversations of every subject in the batch."""
        wanted = {_subject_key(each.facts.base_subject) for each in reads} - {""}
        if not wanted:
            return
        found = binary.rows(
            SAME_SUBJECT, [sorted(wanted), self.mailbox_id, joining.SUBJECTS_LOOKED_AT]
        )
        for base_subject, pk, last_at in found:
            self.subjects.setdefault(base_subject, []).append(pk)
            self.last_at[pk] = last_at


def _keys(read: Read) -> Sequence[str]:
    keys: tuple[str, ...] = read.facts.keys_to_look_up
    return keys[: joining.REFERENCES_KEPT * 2]


def _subject_key(base_subject: str) -> str:
    return letters.without_nul(base_subject)[:255]
