from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.template import Context, Template

from letterbox.web import signs

NOW = datetime(2026, 3, 11, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=5), "now"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=2), "1 p.m."),
        (timedelta(days=2), "Mon"),
        (timedelta(days=20), "19 Feb"),
        (timedelta(days=400), "02/04/2025"),
        (timedelta(days=-2), "13 Mar"),
    ],
)
def test_an_age_is_told_in_the_fewest_words(ago: timedelta, words: str) -> None:
    assert signs.in_few_words(NOW - ago, NOW) == words


def test_an_avatar_keeps_its_colour_and_survives_odd_names() -> None:
    assert signs.avatar("Maria von Keller") == signs.avatar("Maria von Keller")
    assert ">MK<" in signs.avatar("Maria von Keller")
    assert ">?<" in signs.avatar("")
    assert ">?<" in signs.avatar("--- ***")
    assert "<script" not in signs.avatar("<script> x")


def test_an_icon_is_silent_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in signs.icon("inbox")
    assert 'aria-label="5 &gt; 4"' in signs.icon("inbox", "5 > 4")


class _Form(forms.Form):
    address = forms.EmailField(help_text="Where people write to.")
    agree = forms.BooleanField(required=False)


def test_a_field_ties_label_help_and_errors_to_its_control() -> None:
    form = _Form({"address": "nonsense"})

    markup = Template("{% field form.address %}{% field form.agree %}").render(
        Context({"form": form})
    )

    assert '<label class="field-label" for="id_address">' in markup
    assert 'aria-describedby="id_address_helptext id_address_error"' in markup
    assert 'id="id_address_error"' in markup
    assert 'aria-invalid="true"' in markup
    assert 'class="form-control"' in markup
    assert '<label for="id_agree">' in markup
