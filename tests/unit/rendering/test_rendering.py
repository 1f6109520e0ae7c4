from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from letterbox import rendering
from letterbox.rendering import TemplateError
from letterbox.rendering.variables import Values

ANNA: Values = {
    "sender": {"name": "Anna <b>", "first_name": "Anna"},
    "case": {"number": "2041"},
    "email": {"text": "one\n<two>", "attachments": ["a.pdf", "b.pdf"]},
    "today": datetime(2026, 3, 4, tzinfo=UTC).date(),
}


def test_values_are_put_in() -> None:
    text = rendering.render(
        "Dear {{ sender.first_name }}, case {{ case.number }}, {{ today }}, "
        "{{ today | date: '%d.%m.%Y' }}, {{ email.attachments | join: ', ' }}",
        ANNA,
        html=False,
    )

    assert text == "Dear Anna, case 2041, 2026-03-04, 04.03.2026, a.pdf, b.pdf"


def test_html_is_escaped_and_plain_text_is_not() -> None:
    source = "<p>{{ sender.name }}</p>{{ email.text | newline_to_br }}"

    assert rendering.render(source, ANNA, html=True) == (
        "<p>Anna &lt;b&gt;</p>one<br>\n&lt;two&gt;"
    )
    assert rendering.render(source, ANNA, html=False) == "<p>Anna <b></p>one\n<two>"


@pytest.mark.parametrize(
    "expression",
    [
        "sender.name | append: '!'",
        "'<i>' | append: sender.name",
        "sender.name | replace: 'A', 'B'",
        "'x' | replace: 'x', sender.name",
        "sender.name | split: ' ' | join: ' '",
        "sender.name | upcase",
        "sender.name | prepend: '<i>' | capitalize",
        "case.subject | default: sender.name",
        "sender.name | truncate: 8",
        "sender.name | escape | downcase",
    ],
)
def test_no_filter_lets_a_sender_write_markup(expression: str) -> None:
    text = rendering.render("{{ " + expression + " }}", ANNA, html=True)

    assert "<b" not in text.lower()
    assert "&lt;" in text


def test_a_letter_without_a_case_reads_as_empty() -> None:
    source = "{% if case %}Case {{ case.number }}{% else %}No case{% endif %}"

    assert rendering.render(source, ANNA, html=False) == "Case 2041"
    assert rendering.render(source, {"case": None}, html=False) == "No case"
    assert rendering.render("[{{ case.number }}{{ now }}]", {}, html=False) == "[]"


def test_a_subject_is_one_short_plain_line() -> None:
    subject = rendering.render_subject("Re:\n {{ sender.name }}" + "x" * 999, ANNA)

    assert subject.startswith("Re: Anna <b>x")
    assert len(subject) == 250


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("Hi\n{{ foo }}", "There is no variable “foo”", 2),
        ("{{ email.subjct }}", "There is no variable “email.subjct”", 1),
        ("{{ kase.number.size }}", "“kase.number”", 1),
        ("{{ ticket.website }}", "Did you mean “company.website”?", 1),
        ("{% if foo %}x{% endif %}", "“foo”", 1),
        ("{% for a in foo %}x{% endfor %}", "“foo”", 1),
        ("{{ email[sender.name] }}", "in full", 1),
        ("{{ case }}", "is a group; write one of case.number", 0),
        ("{{ sender.name | shout }}", "There is no filter “shout”", 1),
        ("\n\n{{ sender.name | date }}", "works on dates", 3),
        ("{{ today | date: '%Q' }}", "“%Q” means nothing", 1),
        ("{{ 1 | divided_by: 0 }}", "divided by zero", 1),
        ("{{ sender.name | plus: 1 }}", "is not a number", 1),
        ("{% if true %}", "cannot be read", 0),
        ("{% include 'x' %}", "cannot be read", 1),
        ("a\nb {{ sender.name", "never closed", 2),
        ("{% raw %} {{", "never closed", 1),
        ("x" * 70_000, "at most 65536", 0),
        ("{{ '" + "x" * 2_000 + "' }}", "at most 1000", 1),
    ],
)
def test_what_is_wrong_is_told_on_saving(source: str, message: str, line: int) -> None:
    problems = rendering.check_template(source)

    assert len(problems) == 1
    assert message in problems[0].message
    assert problems[0].line == line


@pytest.mark.parametrize(
    "source",
    [
        "",
        "Plain text with { braces } and %",
        "{{ email.attachments.size }} {{ sender.name | default: 'you' }}",
        "{% assign x = case.number %}{{ x }}{% for a in email.to %}{{ a }}{% endfor %}",
        "{% if lead %}{{ lead.name }}{% elsif case %}{{ case.number }}{% endif %}",
        "{% raw %}{{ as is }}{% endraw %}{{- now | date: '%H:%M' -}}",
        "{% comment %}for us{% endcomment %}{% capture a %}{{ today }}{% endcapture %}{{ a }}",
    ],
)
def test_what_is_right_passes(source: str) -> None:
    assert rendering.check_template(source) == []


def test_only_the_variables_that_are_offered_may_be_used() -> None:
    assert rendering.check_template("{{ case.number }}", {"email.subject"})
    assert not rendering.check_template("{{ email.subject }}", {"email.subject"})


def test_every_variable_has_help_an_example_and_renders() -> None:
    values = rendering.sample_values()

    for each in rendering.VARIABLES:
        assert each.help
        assert each.group
        assert rendering.render(each.as_written, values, html=True)


def test_all_unknown_names_are_told() -> None:
    problems = rendering.check_template("{{ a }}{{ b.c }}\n{{ a }}")

    assert [(each.line, "“a”" in each.message) for each in problems] == [
        (1, True),
        (1, False),
        (2, True),
    ]
    assert str(problems[0]).startswith("Line 1: ")


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..100000000) reversed %}x{% endfor %}",
        "{% for i in (1..1000) %}{% for j in (1..1000) %}x{% endfor %}{% endfor %}",
        "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40,
        "{{ 'a'" + " | replace: 'a', 'aaaaaaaaaaaaaaaaaaaa'" * 20 + " }}",
        "{{ (1..100000000) | join: 'x' }}",
        "{{ 9 | times: 999999999999999 | times: 999999999 }}",
        "{{ '1e999999999' | round }}",
        "{% for i in (1..1000) %}{{ email.text | append: 'y' }}{% endfor %}",
        "{% for i in (1..99) %}{% for j in (1..99) %}"
        + "{% if true %}{% endif %}" * 2_500
        + "{% endfor %}{% endfor %}",
        "{{" * 30_000,
        "{% raw %}" * 6_000,
        "{% if " + " and ".join(["true"] * 140) + " and" + " " * 60_000 + "%}",
        "{{ '" + "[" * 60_000 + " }}",
        "{% if true %}" * 3_000,
    ],
)
def test_a_hostile_template_fails_soon_and_small(source: str) -> None:
    started = time.process_time()

    with pytest.raises(TemplateError):
        rendering.render(source, {"email": {"text": "x" * 50_000}}, html=True)

    assert time.process_time() - started < 5


def test_a_long_value_is_cut() -> None:
    text = rendering.render(
        "{{ email.text }}", {"email": {"text": "x" * 10**6}}, html=False
    )

    assert len(text) == 100_000


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'abc' | append: 'd'", "abcd"),
        ("'abc' | prepend: 'd'", "dabc"),
        ("'abc def' | capitalize", "Abc def"),
        ("'ABC' | downcase", "abc"),
        ("'abc' | upcase", "ABC"),
        ("' a ' | strip", "a"),
        ("' a ' | lstrip", "a "),
        ("' a ' | rstrip", " a"),
        ("' a  b ' | squish", "a b"),
        ("'a<b' | escape", "a&lt;b"),
        ("'abcabc' | remove: 'b'", "acac"),
        ("'abcabc' | replace: 'b', 'x'", "axcaxc"),
        ("'abc' | replace: '', 'x'", "abc"),
        ("'abcdef' | slice: 1, 2", "bc"),
        ("'abcdef' | slice: -2, 2", "ef"),
        ("'a,b,c' | split: ',' | last", "c"),
        ("'a,b,c' | split: ',' | first", "a"),
        ("'b,a' | split: ',' | sort | join: '+'", "a+b"),
        ("'b,a' | split: ',' | reverse | join", "a b"),
        ("'abcdef' | truncate: 4", "abc…"),
        ("'abc' | truncate: 4", "abc"),
        ("'a b c' | truncatewords: 2", "a b…"),
        ("'a b' | url_encode", "a+b"),
        ("'abc' | size", "3"),
        ("1 | plus: 2", "3"),
        ("1 | minus: 2", "-1"),
        ("2 | times: 2.5", "5.0"),
        ("7 | divided_by: 2", "3"),
        ("7 | modulo: 2", "1"),
        ("-7 | abs", "7"),
        ("2.5 | round", "3"),
        ("2.345 | round: 2", "2.35"),
        ("case.number | default: 'none'", "none"),
        ("'x' | default: 'none'", "x"),
        ("now | date: '%H'", ""),
    ],
)
def test_every_filter_does_what_its_name_says(expression: str, expected: str) -> None:
    assert rendering.render("{{ " + expression + " }}", {}, html=False) == expected
