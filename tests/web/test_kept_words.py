"""Words that are kept read as Django's own tag reads, in each language."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.templatetags import i18n
from django.utils import translation

from letterbox.web import words

TEXTS = (
    '{% translate "Close" %}',
    "{% translate 'Subject' %}",
    '{% translate "100%% <sure>" %}',
    '{% translate "Answers" context "who" %}',
    '{% translate "Close" as close %}-{{ close }}-',
    '{% translate "Close" noop %}',
    '{% translate "Close"|upper %}',
    "{% translate given %}",
    "{% translate given as said %}[{{ said }}]",
    "{% autoescape off %}{% translate given %}{% endautoescape %}",
    '{% trans "Close" %}',
)


def _read(text: str, languages: tuple[str, ...]) -> list[str]:
    template = Template("{% load i18n %}" + text)
    found: list[str] = []
    for language in languages:
        with translation.override(language):
            found.append(template.render(Context({"given": "Close"})))
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_kept_words_read_as_django_reads_them(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    languages = ("en", "de", "en", "de", "de-at")

    kept = _read(text, languages)

    for name in ("translate", "trans"):
        monkeypatch.setitem(i18n.register.tags, name, i18n.do_translate)
    assert kept == _read(text, languages)


def test_words_in_quotes_are_kept() -> None:
    template = Template('{% load i18n %}{% translate "Close" %}')

    assert isinstance(template.nodelist[-1], words.KeptWords)


def test_what_a_variable_says_is_never_kept() -> None:
    template = Template("{% load i18n %}{% translate given %}")

    said = [template.render(Context({"given": text})) for text in ("One", "Two")]

    assert said == ["One", "Two"]
