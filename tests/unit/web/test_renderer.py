"""Controls drawn by functions are those that Django's templates would draw."""

from __future__ import annotations

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.test.html import parse_html

from letterbox.web.forms.renderer import QuickRenderer, options
from letterbox.web.forms.widgets import QuickSelect

CHOICES = [
    ("", "–"),
    ("a&b", "A & <b>"),
    ("Group", [(1, "One"), (2, "Two")]),
]
WIDGETS: list[tuple[forms.Widget, object]] = [
    (forms.TextInput(), '"><script>alert(1)</script>'),
    (forms.TextInput({"class": "x", "required": True, "hidden": False}), None),
    (forms.TextInput({"maxlength": 5}), ""),
    (forms.NumberInput(), 0),
    (forms.EmailInput(), "carla@example.com"),
    (forms.URLInput(), "https://acme.example/?a=1&b=2"),
    (forms.PasswordInput(render_value=True), "secret"),
    (forms.HiddenInput(), 7),
    (forms.DateInput(), "2026-11-22"),
    (forms.TimeInput(), "09:00"),
    (forms.CheckboxInput(), True),
    (forms.CheckboxInput(), False),
    (forms.Textarea({"rows": 3}), "</textarea><b>\nline"),
    (forms.Textarea(), None),
    (forms.Select(choices=CHOICES), "a&b"),
    (forms.Select(choices=CHOICES), 2),
    (forms.SelectMultiple(choices=CHOICES), ["1", "a&b"]),
    (forms.RadioSelect(choices=CHOICES), "1"),
    (forms.CheckboxSelectMultiple({"class": "y"}, choices=CHOICES), ["2"]),
]


@pytest.mark.parametrize(("widget", "value"), WIDGETS)
def test_a_control_is_what_django_would_draw(
    widget: forms.Widget, value: object
) -> None:
    attributes = {"id": "id_it", "aria-describedby": 'it"s'}

    drawn = widget.render("it[]", value, attributes, renderer=QuickRenderer())

    expected = widget.render("it[]", value, attributes, renderer=DjangoTemplates())
    assert parse_html(drawn) == parse_html(expected)


@pytest.mark.parametrize("value", ["a&b", 2, None, "unknown"])
def test_a_quick_select_is_a_select(value: object) -> None:
    quick, plain = QuickSelect({"class": "x"}), forms.Select({"class": "x"})
    quick.choices = plain.choices = CHOICES

    drawn = quick.render("who", value, {"id": "who"})

    expected = plain.render("who", value, {"id": "who"}, renderer=DjangoTemplates())
    assert parse_html(drawn) == parse_html(expected)


def test_options_are_escaped() -> None:
    drawn = options([('"><i>', "<b>&</b>")], chosen='"><i>')

    assert drawn == (
        '<option value="&quot;&gt;&lt;i&gt;" selected>&lt;b&gt;&amp;&lt;/b&gt;</option>'
    )
