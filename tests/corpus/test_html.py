"""Floors for cleaning HTML on real mail; they only rise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.mail_scores import html

CORPUS = Path(
    os.environ.get("LETTERBOX_CORPUS", Path(__file__).parents[3] / "shared" / "corpus")
)


@pytest.fixture(scope="module")
def scores() -> html.HtmlScores:
    if not (CORPUS / "xss.jsonl").exists():
        pytest.skip("No corpus of real mail; set LETTERBOX_CORPUS to its folder.")
    return html.score(CORPUS)


def test_no_hostile_letter_stays_active(scores: html.HtmlScores) -> None:
    assert scores.ours.hostile_rows > 0
    assert scores.ours.active == {}
    assert scores.ours.forms_left == 0


def test_honest_letters_keep_their_words(scores: html.HtmlScores) -> None:
    assert scores.ours.mails > 0
    assert scores.ours.fewest_words >= 0.99, scores.ours.worst_mail


def test_the_text_of_honest_letters_has_their_words(scores: html.HtmlScores) -> None:
    assert scores.fewest_words_as_text >= 0.99, scores.worst_mail_as_text
