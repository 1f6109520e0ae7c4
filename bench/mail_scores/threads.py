"""Scores of threading: threads whole in every order of arrival, look-alikes apart.

Reads `threads.jsonl` and `thread_algorithms.jsonl` of a corpus folder. All letters of
the first go through one Threader together, in five orders; a thread counts as whole
only when it is whole in each of them.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from bench.mail_scores.threader import Threader
from letterbox.inbound import thread_facts
from letterbox.inbound.threading import ThreadFacts
from letterbox.mime import subjects
from letterbox.mime.fold import fold
from letterbox.mime.parse import parse_letter

ORDERS = ("as sent", "newest first", "shuffled 1", "shuffled 2", "shuffled 3")


@dataclass(frozen=True, slots=True)
class ThreadScores:
    """Rows of each kind, and the ids of the rows that fail in any order."""

    must_merge: int
    broken: tuple[str, ...]
    by_subject: int
    broken_by_subject: tuple[str, ...]
    look_alikes: int
    wrongly_joined: tuple[str, ...]
    algorithms: int
    algorithms_unlike: tuple[str, ...]


def score(corpus: Path) -> ThreadScores:
    """Thread every letter of the corpus in five orders of arrival."""
    rows = _rows(corpus / "threads.jsonl")
    failed: set[str] = set()
    facts = _read_all(corpus, rows)
    for order in ORDERS:
        threader = Threader()
        threader.place_all(_arrange(list(facts.values()), order))
        placed = {
            id(member): number
            for number, members in threader.members.items()
            for member in members
        }
        for row in rows:
            numbers = [placed[id(facts[one["file"]])] for one in row["messages"]]
            if row["kind"] == "must_not_merge":
                is_right = len(set(numbers)) == len(numbers)
            else:
                is_right = len(set(numbers)) == 1
            if not is_right:
                failed.add(row["id"])
    kinds: dict[str, list[str]] = {}
    for row in rows:
        kinds.setdefault(row["kind"], []).append(row["id"])

    def failures(kind: str) -> tuple[str, ...]:
        return tuple(name for name in kinds.get(kind, []) if name in failed)

    count, unlike = _score_algorithms(corpus)
    return ThreadScores(
        must_merge=len(kinds.get("must_merge", [])),
        broken=failures("must_merge"),
        by_subject=len(kinds.get("must_merge_by_subject", [])),
        broken_by_subject=failures("must_merge_by_subject"),
        look_alikes=len(kinds.get("must_not_merge", [])),
        wrongly_joined=failures("must_not_merge"),
        algorithms=count,
        algorithms_unlike=unlike,
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _read_all(corpus: Path, rows: list[dict[str, Any]]) -> dict[str, ThreadFacts]:
    """Every letter once; one file may stand in two rows."""
    files = {one["file"] for row in rows for one in row["messages"]}
    return {file: _facts((corpus / file).read_bytes()) for file in sorted(files)}


def _arrange(letters: list[ThreadFacts], order: str) -> list[ThreadFacts]:
    letters = sorted(letters, key=lambda facts: (facts.sent_at, facts.message_id))
    if order == "newest first":
        letters.reverse()
    elif order.startswith("shuffled"):
        random.Random(order).shuffle(letters)  # noqa: S311 - not for secrets.
    return letters


def _score_algorithms(corpus: Path) -> tuple[int, tuple[str, ...]]:
    """Compare our groups with the top-level groups of the THREAD algorithms.

    REFERENCES is compared with our conversations, ORDEREDSUBJECT with base subjects.
    Only the first answer of a script counts: later ones follow deletions.
    """
    unlike = []
    rows = _rows(corpus / "thread_algorithms.jsonl")
    for row in rows:
        if "mbox" in row:
            expected = _groups(next(s for s in row["steps"] if "thread (" in s.lower()))
            letters = row["mbox"].encode().split(b"From user@domain")[1:]
            wanted = {number for group in expected for number in group}
            letters = [b"From user@domain" + one for one in letters][: max(wanted)]
            got = _group_letters(letters, row["algorithm"])
        else:
            # What JWZ gathers under a dummy by subject alone, we leave apart.
            expected = _tree_groups(row["expected_tree"])
            got = _group_described(row["messages"]) & expected
        if got != expected:
            unlike.append(row["id"])
    return len(rows), tuple(unlike)


_Groups = set[frozenset[Any]]


def _groups(answer: str) -> _Groups:
    """The numbers in each top-level bracket of `* THREAD (1 (2 3))(4)`."""
    groups: _Groups = set()
    depth, current = 0, ""
    for character in answer[answer.index("(") :]:
        depth += {"(": 1, ")": -1}.get(character, 0)
        current += character
        if depth == 0:
            groups.add(frozenset(map(int, re.findall(r"\d+", current))))
            current = ""
    return {group for group in groups if group}


def _group_letters(letters: Sequence[bytes], algorithm: str) -> _Groups:
    if algorithm == "ORDEREDSUBJECT":
        keys: Sequence[Any] = [
            subjects.base_subject(parse_letter(raw).subject) for raw in letters
        ]
    else:
        keys = _place([_facts(raw) for raw in letters])
    return _partition(list(range(1, len(letters) + 1)), keys)


def _facts(raw: bytes) -> ThreadFacts:
    letter = parse_letter(raw)
    facts = thread_facts.read(letter, received_at=datetime.now(UTC))
    return thread_facts.with_lines(facts, thread_facts.lines_of(fold(letter.text)))


def _place(facts: Sequence[ThreadFacts]) -> list[int]:
    threader = Threader()
    threader.place_all(facts)
    return [threader.conversation_of(one) for one in facts]


def _group_described(messages: Sequence[dict[str, Any]]) -> _Groups:
    facts = [
        ThreadFacts(
            message_id=one["message_id"],
            sent_at=parsedate_to_datetime(one["date"]),
            references=tuple(reversed(one["references"])),
            base_subject=subjects.base_subject(one["subject"]),
            is_reply=subjects.has_reply_prefix(one["subject"]),
        )
        for one in messages
    ]
    return _partition([one["subject"] for one in messages], _place(facts))


def _tree_groups(tree: str) -> _Groups:
    """The subjects under each top line of an indented tree, but for dummies."""
    groups: list[set[str]] = []
    for line in tree.splitlines():
        if not line.startswith(" "):
            groups.append(set())
        groups[-1].add(line.strip())
    return {frozenset(group) for group in groups if "dummy" not in group}


def _partition(names: Sequence[Any], keys: Sequence[Any]) -> _Groups:
    groups: dict[Any, set[Any]] = {}
    for name, key in zip(names, keys, strict=True):
        groups.setdefault(key, set()).add(name)
    return {frozenset(group) for group in groups.values()}
