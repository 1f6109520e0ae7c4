"""Controls of forms, written in one go.

Django renders two or three templates for each control and each choice in it: half of
the time of a page with many fields. The markup is the same; what is not listed
in DRAWN is Django's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.safestring import SafeString

SPECIAL = re.compile("[&<>\"']")


class QuickRenderer(DjangoTemplates):
    """Django's renderer, with the commonest controls drawn by functions."""

    def render(
        self, template_name: str, context: dict[str, Any], request: Any = None
    ) -> SafeString:
        """The markup of one control, or of whatever else a form is made of."""
        draw = DRAWN.get(template_name)
        if draw is not None:
            return SafeString(draw(context["widget"]))
        return SafeString(super().render(template_name, context, request))


def options(choices: Iterable[tuple[object, object]], chosen: str) -> SafeString:
    """The options of a select, escaped, with the `chosen` value marked."""
    return SafeString(
        "".join(
            f'<option value="{_escaped(key)}"{" selected" if key == chosen else ""}>'
            f"{_escaped(str(label))}</option>"
            for key, label in ((str(value), label) for value, label in choices)
        )
    )


def attributes(given: Mapping[str, Any]) -> str:
    """Attributes as Django writes them: True stands alone, False not at all."""
    return "".join(
        f" {name}" if value is True else f' {name}="{_text(value)}"'
        for name, value in given.items()
        if value is not False
    )


def _text(value: object) -> str:
    """Text for markup; what somebody has called safe stays as it is."""
    return str(value) if hasattr(value, "__html__") else _escaped(str(value))


def _escaped(text: str) -> str:
    """Most labels hold nothing to escape; one look is cheaper than five replacements."""
    return escape(text) if SPECIAL.search(text) else text


def _input(widget: Mapping[str, Any]) -> str:
    value = widget["value"]
    shown = "" if value is None else f' value="{_text(value)}"'
    name, kind = _text(widget["name"]), _text(widget["type"])
    return f'<input type="{kind}" name="{name}"{shown}{attributes(widget["attrs"])}>'


def _textarea(widget: Mapping[str, Any]) -> str:
    name, marks = _text(widget["name"]), attributes(widget["attrs"])
    # A first line break after the tag is not part of the text.
    return f'<textarea name="{name}"{marks}>\n{_text(widget["value"] or "")}</textarea>'


def _select(widget: Mapping[str, Any]) -> str:
    pieces = [f'<select name="{_text(widget["name"])}"{attributes(widget["attrs"])}>']
    for group, choices, _index in widget["optgroups"]:
        if group:
            pieces.append(f'<optgroup label="{_text(group)}">')
        pieces.extend(_option(choice) for choice in choices)
        if group:
            pieces.append("</optgroup>")
    return "".join((*pieces, "</select>"))


def _option(choice: Mapping[str, Any]) -> str:
    value, marks = _text(choice["value"]), attributes(choice["attrs"])
    return f'<option value="{value}"{marks}>{_text(choice["label"])}</option>'


def _several(widget: Mapping[str, Any]) -> str:
    """Boxes or buttons, each within its label."""
    outer = {name: widget["attrs"].get(name) for name in ("id", "class")}
    marks = attributes({name: value for name, value in outer.items() if value})
    pieces = [f"<div{marks}>"]
    for group, choices, _index in widget["optgroups"]:
        if group:
            pieces.append(f"<div><label>{_text(group)}</label>")
        pieces.extend(_box(choice) for choice in choices)
        if group:
            pieces.append("</div>")
    return "".join((*pieces, "</div>"))


def _box(choice: Mapping[str, Any]) -> str:
    drawn = _input(choice)
    if not choice["wrap_label"]:
        return f"<div>{drawn}</div>"
    own_id = choice["attrs"].get("id")
    marks = attributes({"for": own_id} if own_id else {})
    return f"<div><label{marks}>{drawn} {_text(choice['label'])}</label></div>"


DRAWN: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    **{
        f"django/forms/widgets/{kind}.html": _input
        for kind in (
            "text",
            "number",
            "email",
            "url",
            "password",
            "hidden",
            "date",
            "time",
            "checkbox",
        )
    },
    "django/forms/widgets/textarea.html": _textarea,
    "django/forms/widgets/select.html": _select,
    "django/forms/widgets/radio.html": _several,
    "django/forms/widgets/checkbox_select.html": _several,
}
