"""Floors for threading on real mail; they only rise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.mail_scores import threads

CORPUS = Path(
    os.environ.get("LETTERBOX_CORPUS", Path(__file__).parents[3] / "shared" / "corpus")
)


@pytest.fixture(scope="module")
def scores() -> threads.ThreadScores:
    if not (CORPUS / "threads.jsonl").exists():
        pytest.skip("No corpus of real mail; set LETTERBOX_CORPUS to its folder.")
    return threads.score(CORPUS)


def test_threads_are_whole_in_every_order_of_arrival(
    scores: threads.ThreadScores,
) -> None:
    assert scores.must_merge > 0
    assert scores.broken == ()


def test_replies_without_references_find_their_thread(
    scores: threads.ThreadScores,
) -> None:
    assert scores.by_subject > 0
    assert scores.broken_by_subject == ()


def test_look_alikes_stay_apart(scores: threads.ThreadScores) -> None:
    assert scores.look_alikes > 0
    assert scores.wrongly_joined == ()


def test_groups_are_those_of_the_thread_algorithms(
    scores: threads.ThreadScores,
) -> None:
    # The one left names a letter that IMAP leaves out because the others form a
    # loop; a reader would look for it in the same conversation.
    assert len(scores.algorithms_unlike) <= 1
