"""Subjects without the prefixes that mail programs put before them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox.mime import subjects


@pytest.mark.parametrize(
    "subject",
    [
        "Printer on fire",
        "Re: Printer on fire",
        "RE: re: Printer on fire",
        "AW: WG: Printer on fire",
        "Re[2]: Printer on fire",
        "Re(3): Printer  on\n fire",
        "SV: VS: Printer on fire",
        "Antw: Printer on fire",
        "R: I: Printer on fire",
        "RIF: Printer on fire",
        "Odp: PD: Printer on fire",
        "Vá: Printer on fire",
        "YNT: İLT: Printer on fire",
        "回复：Printer on fire",
        "答复: 转发: Printer on fire",
        "RES: ENC: Printer on fire",
        "Ref: Printer on fire",
        "TR : Printer on fire",
        "Re : Printer on fire",
        "[support] Re: [EXTERN] Printer on fire",
        "Re: [Fwd: Printer on fire]",
        "Fwd: Printer on fire (fwd)",
        "Automatische Antwort: Printer on fire",
        "Réponse automatique : Printer on fire",
    ],
)
def test_prefixes_of_every_language_are_not_the_subject(subject: str) -> None:
    assert subjects.base_subject(subject) == "printer on fire"


@pytest.mark.parametrize(
    "subject", ["Note: remember", "Order 12: late", "Rechnung: Mai", "http://a.example"]
)
def test_an_ordinary_word_before_a_colon_stays(subject: str) -> None:
    assert subjects.base_subject(subject) == subject.casefold()
    assert not subjects.has_reply_prefix(subject)


def test_two_numbered_matters_are_two_subjects() -> None:
    first = subjects.base_subject("Re: [#4711] Your request")
    second = subjects.base_subject("Re: [#4712] Your request")

    assert first != second


@pytest.mark.parametrize("subject", ["", "   ", "(no subject)", "Re: (kein Betreff)"])
def test_an_empty_subject_says_nothing(subject: str) -> None:
    assert subjects.base_subject(subject) == ""


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Printer", "Re: Printer"),
        ("Re: Printer", "Re: Printer"),
        ("AW: RE: Printer", "Re: Printer"),
        ("回复：Printer", "Re: Printer"),
        ("[list] Re: Printer", "Re: [list] Printer"),
        ("Re: Fwd: Printer", "Re: Fwd: Printer"),
        ("Automatic reply: Printer", "Re: Automatic reply: Printer"),
        ("Printer\r\nBcc: all@example.com", "Re: Printer Bcc: all@example.com"),
        ("", "Re:"),
    ],
)
def test_our_answer_says_re_exactly_once(subject: str, answer: str) -> None:
    assert subjects.reply_subject(subject) == answer


def test_a_forward_is_not_a_reply() -> None:
    for subject in ("Fwd: Printer", "WG: Printer", "[x] TR: Printer", "[Fwd: Printer]"):
        assert subjects.has_forward_prefix(subject), subject
        assert not subjects.has_reply_prefix(subject), subject


def test_case_numbers_are_read_only_in_brackets() -> None:
    assert subjects.matter_numbers("Re: [Case #41] Printer (#7)") == (41, 7)
    assert subjects.matter_numbers("Re: Printer #41 [#x] (41) [#]") == ()


@pytest.mark.parametrize("base", ["invoice", "hello", "re", "a question", "你好"])
def test_subjects_that_anyone_writes_are_generic(base: str) -> None:
    assert subjects.is_generic(base)


def test_a_phrase_is_not_generic() -> None:
    assert not subjects.is_generic("printer on fire")
    assert not subjects.is_generic("打印机坏了怎么办")


@given(st.text(max_size=300))
def test_any_subject_is_read_and_settles(subject: str) -> None:
    answer = subjects.reply_subject(subject)

    assert subjects.reply_subject(answer) == answer
    assert "\n" not in answer
    assert isinstance(subjects.base_subject(subject), str)


@pytest.mark.parametrize("piece", ["Re: ", "[a] ", "[Fwd: ", "(fwd)", "re", "[", "#"])
def test_a_huge_subject_is_read_in_linear_time(piece: str) -> None:
    subject = piece * 50_000
    began = time.process_time()

    subjects.base_subject(subject)
    subjects.reply_subject(subject)
    subjects.has_forward_prefix(subject)
    subjects.matter_numbers(subject)

    assert time.process_time() - began < 2
