"""Add Autoresponse Rule: everything that is typed in it, read at once.

A RuleForm is made of a stored rule, or of what a browser sent; in between nothing is
lost. It makes the rule that is typed, stored or not, for saving, trying and previewing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from letterbox.models import AutoresponseRule, EmailTemplate, Mailbox, User
from letterbox.rules import conditions
from letterbox.rules.conditions import ConditionsInvalid
from letterbox.rules.engine import Frequency, Timing
from letterbox.services import rules, templates
from letterbox.services.templates import Draft, TemplateInvalid
from letterbox.web.forms import rule_conditions, template_words
from letterbox.web.forms.template_words import Uploads

CUSTOM = "custom"
EVERY = "every"


class FieldsForm(forms.Form):
    """The plain fields of a rule."""

    is_active = forms.TypedChoiceField(
        label=_("Status"),
        choices=(("1", _("Active")), ("", _("Inactive"))),
        coerce=bool,
        required=False,
        initial="1",
        help_text=_(
            "Only active rules answer, and only letters that come from now on."
        ),
    )
    name = forms.CharField(label=_("Name"), max_length=rules.NAME_LENGTH)
    scope = forms.ChoiceField(
        label=_("Which letters"),
        widget=forms.RadioSelect,
        choices=(
            ("conditions", _("Letters that satisfy these conditions")),
            (EVERY, _("Every message")),
        ),
        initial="conditions",
    )
    template = forms.ChoiceField(label=_("Response Template"), initial=CUSTOM)
    saves_template = forms.BooleanField(
        label=_("Save Response as Email Template"), required=False
    )
    saved_as = forms.CharField(
        label=_("Name of the template"),
        required=False,
        max_length=templates.NAME_LENGTH,
        help_text=_("Empty takes the subject."),
    )
    timing = forms.ChoiceField(
        label=_("When"),
        choices=(
            (Timing.ALWAYS.value, _("Always")),
            (Timing.BUSINESS_HOURS.value, _("In business hours")),
            (Timing.OUTSIDE_BUSINESS_HOURS.value, _("Outside business hours")),
            (Timing.HOLIDAYS.value, _("On holidays")),
        ),
        initial=Timing.ALWAYS.value,
    )
    frequency = forms.ChoiceField(
        label=_("How often"),
        choices=(
            (Frequency.ONCE_PER_CONVERSATION.value, _("Once per conversation")),
            (Frequency.EVERY_LETTER.value, _("Every matching letter")),
            (
                Frequency.ONCE_PER_SENDER_AND_PERIOD.value,
                _("Once per sender and period"),
            ),
        ),
        initial=Frequency.ONCE_PER_CONVERSATION.value,
    )
    period_hours = forms.IntegerField(
        label=_("Period in hours"),
        min_value=1,
        max_value=rules.MOST_PERIOD_HOURS,
        initial=24,
    )
    first_letter_only = forms.BooleanField(
        label=_("Only the first letter of a conversation"), required=False
    )
    goes_on = forms.BooleanField(
        label=_("Go on: let the rules below answer too"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["template"]
        if isinstance(field, forms.ChoiceField):
            offered = templates.for_rules().order_by("name")
            field.choices = [
                (CUSTOM, _("Custom")),
                *((str(each.pk), each.name) for each in offered),
            ]


class RuleForm:
    """The whole form; `rule` is the stored one, None for a new one."""

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        rule: AutoresponseRule | None = None,
        data: QueryDict | None = None,
        uploads: Uploads = None,
    ) -> None:
        self.mailbox = mailbox
        self.rule = rule
        if data is not None:
            self.fields = FieldsForm(data)
            self.rows = rule_conditions.of_post(data)
            self.words = template_words.of_post(data, uploads)
            self.is_custom = data.get("template", CUSTOM) == CUSTOM
            self.is_every = data.get("scope") == EVERY
        else:
            self._fill(rule)
        self.conditions: dict[str, Any] = {}

    def change(self, what: str) -> bool:
        """Do what a button inside the form asks; False where it asks for nothing."""
        return (
            what == "refresh"
            or rule_conditions.change(self.rows, what)
            or self.words.change(what)
        )

    def unbind(self) -> None:
        """Show what was typed without complaining: nothing was to be saved yet."""
        initial = {name: self.fields[name].value() for name in self.fields.fields}
        self.fields = FieldsForm(initial=initial)

    def is_valid(self) -> bool:
        """Whether it can be saved; all that is wrong stands beside its place."""
        return all([self.fields.is_valid(), self._reads_rows(), self._reads_words()])

    @property
    def problems(self) -> list[str]:
        """What is wrong with conditions and words, as one list."""
        found = rule_conditions.problems(self.rows)
        found += self.words.file_problems
        for tab in self.words.tabs:
            for part, messages in tab.problems.items():
                found += [f"{tab.label}, {part}: {each}" for each in messages]
        return found

    def draft(self) -> Draft:
        """The words that it answers with, as they are typed or chosen."""
        template = self.chosen_template()
        return templates.draft_of(template) if template else self.words.draft()

    def chosen_template(self) -> EmailTemplate | None:
        """The shared template that is chosen; None for custom words."""
        chosen = str(self.fields["template"].value())
        if self.is_custom or not chosen.isdecimal():
            return None
        found: EmailTemplate | None = templates.for_rules().filter(pk=chosen).first()
        return found

    def row(self) -> AutoresponseRule:
        """The rule as it is typed, not stored, for trying; call `is_valid` before."""
        row = AutoresponseRule(
            mailbox=self.mailbox, conditions=self.conditions, **self._plain()
        )
        if self.rule is not None:
            row.pk, row.version = self.rule.pk, self.rule.version
            row.position = self.rule.position
            row.active_since_id = self.rule.active_since_id
        return row

    def save(self, *, by: User) -> AutoresponseRule | None:
        """Save a valid form; None where it turned out that it cannot be, with errors."""
        try:
            template = self._template(by=by)
            content = {**self._plain(), "conditions": self.conditions}
            if self.rule is None:
                return rules.add(self.mailbox, template=template, by=by, **content)
            rules.change(self.rule, by=by, template=template, **content)
        except TemplateInvalid as error:
            self.fields.add_error("saved_as", str(error))
        except rules.NameTaken as error:
            self.fields.add_error("name", str(error))
        else:
            return self.rule
        return None

    def _plain(self) -> dict[str, Any]:
        given = self.fields.cleaned_data
        names = ("name", "timing", "frequency", "period_hours")
        flags = ("is_active", "first_letter_only", "goes_on")
        return {name: given[name] for name in names} | {
            name: bool(given[name]) for name in flags
        }

    def _template(self, *, by: User) -> EmailTemplate:
        chosen = self.chosen_template()
        if chosen is not None:
            return chosen
        draft = self.words.draft()
        given = self.fields.cleaned_data
        if given["saves_template"]:
            name = given["saved_as"].strip() or draft.subject
            return templates.keep_custom(draft, by=by, name=name)
        current = self.rule.template if self.rule else None
        if current is not None and not current.is_visible:
            kept = templates.draft_of(current)
            if replace(draft, name=kept.name, entity=kept.entity) == kept:
                return current
        return templates.keep_custom(draft, by=by)

    def _reads_rows(self) -> bool:
        data = {"every": True} if self.is_every else self.rows.to_json()
        try:
            self.conditions = conditions.dump(conditions.load(data))
        except ConditionsInvalid as error:
            rule_conditions.note(self.rows, error.problems)
            return False
        return True

    def _reads_words(self) -> bool:
        return not self.is_custom or self.words.is_valid()

    def _fill(self, rule: AutoresponseRule | None) -> None:
        if rule is None:
            self.fields = FieldsForm()
            self.rows = rule_conditions.Rows(members=[])
            rule_conditions.change(self.rows, "add:")
            self.words = template_words.of_template(None)
            self.is_custom, self.is_every = True, False
            return
        template = rule.template
        self.is_custom = not templates.for_rules().filter(pk=template.pk).exists()
        self.is_every = rule.conditions == {"every": True}
        self.fields = FieldsForm(
            initial={
                "is_active": "1" if rule.is_active else "",
                "name": rule.name,
                "scope": EVERY if self.is_every else "conditions",
                "template": CUSTOM if self.is_custom else str(template.pk),
                "timing": rule.timing,
                "frequency": rule.frequency,
                "period_hours": rule.period_hours,
                "first_letter_only": rule.first_letter_only,
                "goes_on": rule.goes_on,
            }
        )
        self.rows = rule_conditions.of_json(rule.conditions)
        if self.is_every:
            rule_conditions.change(self.rows, "add:")
        self.words = template_words.of_template(template if self.is_custom else None)
