"""An e-mail template as a form: what it is called and for, and its words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from letterbox.models import EmailTemplate, User
from letterbox.services import templates
from letterbox.services.templates import Draft, TemplateInvalid
from letterbox.web.forms import template_words
from letterbox.web.forms.template_words import Uploads


class GeneralForm(forms.Form):
    """Name and entity."""

    name = forms.CharField(label=_("Template name"), max_length=templates.NAME_LENGTH)
    entity = forms.ChoiceField(
        label=_("Entity Name"),
        required=False,
        choices=EmailTemplate.Entity.choices,
        initial=EmailTemplate.Entity.EMAIL,
        help_text=_("Rules offer templates for Email, and those for none."),
    )


class TemplateForm:
    """The whole form; `template` is the stored one, None for a new one."""

    def __init__(
        self,
        *,
        template: EmailTemplate | None = None,
        data: QueryDict | None = None,
        uploads: Uploads = None,
    ) -> None:
        self.template = template
        if data is not None:
            self.general = GeneralForm(data)
            self.words = template_words.of_post(data, uploads)
        else:
            self.general = GeneralForm(
                initial={"name": template.name, "entity": template.entity}
                if template
                else None
            )
            self.words = template_words.of_template(template)

    def change(self, what: str) -> bool:
        """Do what a button inside the form asks; False where it asks for nothing."""
        return what == "refresh" or self.words.change(what)

    def unbind(self) -> None:
        """Show what was typed without complaining: nothing was to be saved yet."""
        names = self.general.fields
        initial: dict[str, Any] = {name: self.general[name].value() for name in names}
        self.general = GeneralForm(initial=initial)

    def draft(self) -> Draft:
        """The template as it is typed."""
        return self.words.draft(
            name=str(self.general["name"].value() or ""),
            entity=str(self.general["entity"].value() or ""),
        )

    def save(self, *, by: User) -> EmailTemplate | None:
        """Save what is typed; None where it cannot be, with what is wrong beside it."""
        if not all([self.general.is_valid(), self.words.is_valid()]):
            return None
        try:
            if self.template is None:
                return templates.add(self.draft(), by=by)
            templates.change(self.template, self.draft(), by=by)
        except TemplateInvalid as error:
            self.general.add_error("name", str(error))
            return None
        return self.template
