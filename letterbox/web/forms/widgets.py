"""Controls that Django lacks: a choice among hundreds, a list of words or addresses."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from letterbox.web.forms.renderer import attributes, options


class QuickSelect(forms.Select):
    """A select among hundreds: Django looks at each choice three times, this once.

    `choices` are pairs of a value and a label, or of a heading and a list of such pairs.
    """

    # Not the property of Django, which goes through all choices when they are given.
    choices: Any = ()

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: Any = None,
    ) -> SafeString:
        """The control; a choice may be a group of choices."""
        chosen = "" if value is None else str(getattr(value, "pk", value))
        marks = self.build_attrs(self.attrs, {**(attrs or {}), "name": name})
        pieces = [f"<select{attributes(marks)}>"]
        for key, label in self.choices:
            if isinstance(label, list | tuple):
                inside = options(label, chosen)
                pieces.append(f'<optgroup label="{escape(key)}">{inside}</optgroup>')
            else:
                pieces.append(options([(key, label)], chosen))
        return SafeString("".join((*pieces, "</select>")))


class WordsField(forms.CharField):
    """Words with commas between; cleaned to a list, each once."""

    def __init__(
        self, *, most: int = 50, each: forms.Field | None = None, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.most = most
        self.each = each or forms.CharField(max_length=60)

    def to_python(self, value: Any) -> Any:
        """The words, each cleaned by itself."""
        text = super().to_python(value) or ""
        words = [word.strip() for word in text.replace("\n", ",").split(",")]
        found = list(dict.fromkeys(word for word in words if word))
        if len(found) > self.most:
            raise forms.ValidationError(
                _("At most %(count)d fit here.") % {"count": self.most}
            )
        return [self.each.clean(word) for word in found]

    def prepare_value(self, value: Any) -> Any:
        """The list as a line, or what was typed."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value
