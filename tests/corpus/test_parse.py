"""Floors for reading real mail; they only rise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.mail_scores import parse

CORPUS = Path(
    os.environ.get("LETTERBOX_CORPUS", Path(__file__).parents[3] / "shared" / "corpus")
)


@pytest.fixture(scope="module")
def result() -> parse.Result:
    if not (CORPUS / "mime.jsonl").exists():
        pytest.skip("No corpus of real mail; set LETTERBOX_CORPUS to its folder.")
    return parse.score_ours(CORPUS)


@pytest.mark.parametrize(
    ("name", "floor"),
    [
        ("no exception", 1.0),
        ("from", 0.994),
        ("from_addr", 0.995),
        ("from_name", 0.993),
        ("to_addrs", 1.0),
        ("subject", 1.0),
        ("message_id", 1.0),
        ("date", 1.0),
        ("text", 0.976),
        ("html", 0.928),
        ("att_count", 0.968),
        ("att_filenames", 1.0),
        ("att_sha256", 1.0),
        # What none of five other parsers reads: mostly undeclared charsets.
        ("hard subject", 1.0),
        ("hard text", 0.5),
    ],
)
def test_real_mail_is_read_as_well_as_ever(
    result: parse.Result, name: str, floor: float
) -> None:
    failures = [failure for failure in result.failures if failure.field in name]

    assert result.scores[name] >= floor, failures
