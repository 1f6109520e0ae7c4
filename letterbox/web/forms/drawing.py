"""One field of a form as people see it: label, control, help, errors.

Code and not a template: a page of settings has thirty of them, and Django takes ten
times as long for each.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from letterbox.services import speaking


def field(
    bound: BoundField, css: str, look: dict[str, Any], *, sign: SafeString
) -> SafeString:
    """The markup; `look` are attributes of the control, `sign` stands before errors."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        inside = _check(bound, look)
    elif isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        inside = _group(bound, look)
    else:
        kind = "form-select" if isinstance(widget, forms.Select) else "form-control"
        look = {**look, "class": f"{widget.attrs.get('class', '')} {kind}".strip()}
        inside = _single(bound, look)
    errors = bound.errors
    classes = f"field {escape(css)}{' has-errors' if errors else ''}"
    below = _help(bound) + (_errors(bound, errors, sign) if errors else "")
    # Every piece above is escaped, or made by Django.
    return SafeString(f'<div class="{classes}">{inside}{below}</div>')


def _check(bound: BoundField, look: dict[str, Any]) -> str:
    control, label = bound.as_widget(attrs=look), conditional_escape(bound.label)
    return (
        f'<div class="field-check">{control}'
        f'<label for="{bound.id_for_label}">{label}</label></div>'
    )


def _group(bound: BoundField, look: dict[str, Any]) -> str:
    told_by = bound.aria_describedby
    described = f' aria-describedby="{escape(told_by)}"' if told_by else ""
    return (
        f'<fieldset class="field-choices"{described}>'
        f'<legend class="field-label">{conditional_escape(bound.label)}</legend>'
        f"{bound.as_widget(attrs=look)}</fieldset>"
    )


def _single(bound: BoundField, look: dict[str, Any]) -> str:
    is_chosen = isinstance(bound.field.widget, forms.Select)
    # A list says by itself what stands in it when nothing was chosen; and a form may say
    # itself when a field is needed.
    says_itself = bound.name in getattr(bound.form, "NEEDED_SOMETIMES", ())
    may_be_empty = not (
        bound.field.required or bound.field.disabled or is_chosen or says_itself
    )
    mark = (
        f' <span class="field-optional">{escape(_("(optional)"))}</span>'
        if may_be_empty
        else ""
    )
    return (
        f'<label class="field-label" for="{bound.id_for_label}">'
        f"{conditional_escape(bound.label)}{mark}</label>{bound.as_widget(attrs=look)}"
    )


def _help(bound: BoundField) -> str:
    text = bound.help_text
    if not text:
        return ""
    # Help is ours, and may hold markup.
    return f'<div class="field-help" id="{bound.auto_id}_helptext">{text}</div>'


def _errors(bound: BoundField, errors: Iterable[object], sign: SafeString) -> str:
    lines = "".join(
        f"<li>{sign} {conditional_escape(speaking.say(str(each)))}</li>"
        for each in errors
    )
    return f'<ul class="field-errors" id="{bound.auto_id}_error">{lines}</ul>'
