"""The bench's own parts: generated letters, figures, the way entries are found."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench.entries import mail_scores
from bench.letters import BIG, SMALL, Profile, letters
from bench.result import CannotRun, Options, Result, percentile


def test_the_same_seed_gives_the_same_bytes_in_every_process() -> None:
    code = (
        "import hashlib; from bench.letters import letters\n"
        "print(hashlib.sha256(b''.join(letters(30, seed=7))).hexdigest())"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    here = hashlib.sha256(b"".join(letters(30, seed=7))).hexdigest()

    assert elsewhere.stdout.strip() == here
    assert here != hashlib.sha256(b"".join(letters(30, seed=8))).hexdigest()


@pytest.mark.parametrize(
    ("profile", "count", "mean", "median"),
    [
        (BIG, 3000, (35_000, 75_000), (10_000, 17_000)),
        (SMALL, 1000, (3_200, 5_000), (2_500, 4_500)),
    ],
)
def test_letters_are_as_large_as_their_profile_says(
    profile: Profile, count: int, mean: tuple[int, int], median: tuple[int, int]
) -> None:
    sizes = [len(raw) for raw in letters(count, profile=profile)]

    assert mean[0] < statistics.mean(sizes) < mean[1]
    assert median[0] < statistics.median(sizes) < median[1]


def test_letters_have_every_form_and_no_defect() -> None:
    forms: set[str] = set()
    charsets: set[str] = set()
    for raw in letters(300):
        assert b"\n" not in raw.replace(b"\r\n", b"")
        assert max(map(len, raw.split(b"\r\n"))) <= 998
        letter = email.message_from_bytes(raw)
        forms.add(letter.get_content_type())
        for part in letter.walk():
            assert part.defects == []
            charset = part.get_content_charset()
            if charset:
                payload = part.get_payload(decode=True)
                assert isinstance(payload, bytes)
                payload.decode(charset)
                charsets.add(charset)

    assert forms == {
        "text/plain",
        "multipart/alternative",
        "multipart/related",
        "multipart/mixed",
    }
    assert {"utf-8", "iso-2022-jp", "windows-1251", "gb18030"} <= charsets


def test_answers_name_letters_that_came_before() -> None:
    seen: set[str] = set()
    answers = 0
    for raw in letters(200, profile=SMALL):
        letter = email.message_from_bytes(raw, policy=email.policy.compat32)
        parent = letter["In-Reply-To"]
        if parent:
            answers += 1
            assert parent in seen
            assert letter["References"].split()[-1] == parent
        assert letter["Message-ID"] not in seen
        seen.add(letter["Message-ID"])

    assert answers > 50


def test_a_result_is_one_line_of_json() -> None:
    result = Result("x", ratio=1.23456789, p95=float("inf"), parts={"a": {"b": 3}})

    assert json.loads(result.as_json()) == {
        "name": "x",
        "ratio": 1.235,
        "p50": None,
        "p95": None,
        "parts": {"a": {"b": 3}},
    }
    assert "\n" not in result.as_json()


def test_numbers_stand_to_the_right_in_a_table() -> None:
    table = Result("x", table=[("what", "figure"), ("a", "1.5"), ("bc", "-200")])

    assert table.as_table() == (
        "what  figure\n────  ──────\na        1.5\nbc      -200"
    )


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(100, 0, -1)]

    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.95) == 95
    assert percentile([3.0], 0.95) == 3
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_entries_are_found_by_their_names_with_dashes() -> None:
    assert "mail-scores" in bench.names()


def test_an_unknown_entry_is_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        bench.main(["no-such-entry"])

    assert "there is no no-such-entry; choose of: " in capsys.readouterr().err


def test_scores_without_a_corpus_cannot_run(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="CORPUS"):
        mail_scores.run(Options(corpus=tmp_path / "nowhere"))


def test_the_words_of_letters_never_get_into_figures() -> None:
    @dataclass
    class Score:
        right: float
        failures: list[str]
        by_kind: dict[str, set[str]]
        shares: dict[str, float]

    score = Score(0.5, ["a secret"], {"x": {"a secret"}}, {"text": 0.9})

    assert mail_scores.in_figures(score) == {
        "right": 0.5,
        "failures": 1,
        "by_kind": 1,
        "shares": {"text": 0.9},
    }
