"""Floors for telling machines from people on real mail; they only rise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.mail_scores import classify

CORPUS = Path(
    os.environ.get("LETTERBOX_CORPUS", Path(__file__).parents[3] / "shared" / "corpus")
)


@pytest.fixture(scope="module")
def scores() -> classify.ClassifyScores:
    if not (CORPUS / "classify.jsonl").exists():
        pytest.skip("No corpus of real mail; set LETTERBOX_CORPUS to its folder.")
    return classify.score(CORPUS)


def test_bounces_are_found(scores: classify.ClassifyScores) -> None:
    assert scores.ours.bounces_found >= 0.985, scores.failures["bounces_found"]


def test_no_letter_of_a_person_is_called_a_bounce(
    scores: classify.ClassifyScores,
) -> None:
    assert scores.ours.humans_called_bounces == 0


def test_the_recipients_of_bounces_are_right(scores: classify.ClassifyScores) -> None:
    right = scores.ours.recipients_right
    assert right >= 0.98, scores.failures["recipients_right"]


def test_machines_are_not_answered(scores: classify.ClassifyScores) -> None:
    wrong = scores.ours.wrongly_answered
    assert wrong < 0.005, scores.failures["wrongly_answered"]


def test_people_are_answered(scores: classify.ClassifyScores) -> None:
    assert scores.ours.humans_refused < 0.005, scores.failures["humans_refused"]


def test_the_header_rules_of_peers_hold(scores: classify.ClassifyScores) -> None:
    assert scores.rules > 0
    assert scores.rules_failed == []
    assert scores.contested_failed == []


def test_dead_addresses_and_our_letters_are_known(
    scores: classify.ClassifyScores,
) -> None:
    assert scores.hard_right >= 0.89, scores.failures["hard_right"]
    assert scores.ids_right == 1.0, scores.failures["ids_right"]


def test_no_figure_is_below_that_of_others(scores: classify.ClassifyScores) -> None:
    ours, others = scores.ours, scores.flufl_and_naive
    assert ours.bounces_found > others.bounces_found
    assert ours.wrongly_answered < others.wrongly_answered
