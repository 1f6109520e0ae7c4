"""Floors for folding on real replies; they only rise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.mail_scores import reply

CORPUS = Path(
    os.environ.get("LETTERBOX_CORPUS", Path(__file__).parents[3] / "shared" / "corpus")
)


@pytest.fixture(scope="module")
def scores() -> reply.ReplyScores:
    if not (CORPUS / "reply.jsonl").exists():
        pytest.skip("No corpus of real mail; set LETTERBOX_CORPUS to its folder.")
    return reply.score(CORPUS, with_oracle=False)


def test_replies_are_trimmed_right(scores: reply.ReplyScores) -> None:
    assert scores.rows > 0
    assert scores.share >= 0.97, scores.wrong


def test_nothing_of_a_reply_is_lost(scores: reply.ReplyScores) -> None:
    assert scores.not_lossless == ()
