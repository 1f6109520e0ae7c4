"""The section Email Processing of a mailbox: what becomes of a first letter."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from letterbox.inbound import conversion
from letterbox.models import Case, Mailbox, Tag, User
from letterbox.services import tags
from letterbox.services.speaking import say
from letterbox.web.forms.widgets import QuickSelect, WordsField


class ActionForm(forms.Form):
    """Which action; the fields of the chosen one are a form of their own."""

    action = forms.ChoiceField(label=_("Action"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        action = self.fields["action"]
        if isinstance(action, forms.ChoiceField):
            action.choices = [
                (each.name, say(each.label)) for each in conversion.actions().values()
            ]


class OptionsForm(forms.Form):
    """What every action of ours is told; an action of others has no fields."""

    def options(self) -> dict[str, Any]:
        """What `services.mailboxes.set_processing` stores; empty fields are left out."""
        found: dict[str, Any] = {}
        for name, value in self.cleaned_data.items():
            if value in (None, "", []):
                continue
            if name == "tags":
                found[name] = [tag.pk for tag in tags.named(value)]
            else:
                found[name] = value
        return found


def _person(label: Any, help_text: Any = "") -> forms.TypedChoiceField:
    """One of those whom `_offer_people` offers, or nobody."""
    return forms.TypedChoiceField(
        label=label,
        coerce=int,
        empty_value=None,
        required=False,
        widget=QuickSelect,
        help_text=help_text,
    )


def _same_sender(*, label: Any, add: Any, open_new: Any) -> forms.ChoiceField:
    """What becomes of a first letter whose sender has an open one here."""
    return forms.ChoiceField(
        label=label,
        choices=[
            (conversion.SameSender.ASK, _("Ask us: the letter waits under To decide")),
            (conversion.SameSender.ADD, add),
            (conversion.SameSender.OPEN_NEW, open_new),
        ],
        initial=conversion.SameSender.ASK,
        required=False,
        help_text=_(
            "The letter is answered as any other. Until you decide, answers name the "
            "number of the one that is open."
        ),
    )


class LeadForm(OptionsForm):
    """Convert To Lead."""

    same_sender = _same_sender(
        label=_("If the sender has an open lead here"),
        add=_("Add the letter to the open lead"),
        open_new=_("Make another lead"),
    )
    owner = _person(_("Owner"), _("Who a new lead belongs to."))
    source = forms.CharField(
        label=_("Source"), max_length=100, required=False, initial="email"
    )
    tags = WordsField(
        label=_("Tags"), required=False, help_text=_("Words with commas between.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_people(self, "owner")


class CaseForm(OptionsForm):
    """Convert To Case."""

    same_sender = _same_sender(
        label=_("If the sender has an open case here"),
        add=_("Add the letter to the open case"),
        open_new=_("Open another case"),
    )
    owner = _person(_("Owner"), _("Who a new case belongs to."))
    distribution = forms.ChoiceField(
        label=_("Assigned To"),
        required=False,
        choices=[
            ("", _("Nobody: who takes it, has it")),
            ("person", _("Always the same person")),
            ("round-robin", _("In turn, among those who may reply")),
            ("least-busy", _("Who has the fewest open cases of those who may reply")),
        ],
    )
    assignee = _person(_("Person"))
    status = forms.ChoiceField(
        label=_("Status"), choices=Case.Status.choices, initial=Case.Status.OPEN
    )
    priority = forms.ChoiceField(
        label=_("Priority"),
        choices=Case.Priority.choices,
        initial=Case.Priority.NORMAL,
    )
    tags = WordsField(
        label=_("Tags"), required=False, help_text=_("Words with commas between.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_people(self, "owner", "assignee")
        if self.initial.get("assignee") and not self.initial.get("distribution"):
            self.initial["distribution"] = "person"

    def clean(self) -> dict[str, Any]:
        """A person is named exactly where one is spoken of."""
        given = super().clean() or {}
        if given.get("distribution") != "person":
            given["assignee"] = None
        elif not given.get("assignee") and "assignee" not in self.errors:
            self.add_error("assignee", _("Choose the person."))
        return given

    def options(self) -> dict[str, Any]:
        """A fixed person needs no word for the distribution."""
        found = super().options()
        if found.get("distribution") == "person":
            del found["distribution"]
        return found


FORMS: dict[str, type[OptionsForm]] = {
    "convert-to-lead": LeadForm,
    "convert-to-case": CaseForm,
}


def options_form(action: str, *, data: Any = None, mailbox: Mailbox) -> OptionsForm:
    """The fields of an action, with what the mailbox has stored for it."""
    kind = FORMS.get(action, OptionsForm)
    stored: dict[str, Any] = {}
    if action == mailbox.processing_action:
        stored = dict(mailbox.processing_settings)
        if "tags" in stored:
            stored["tags"] = [
                tag.name for tag in Tag.objects.filter(pk__in=stored["tags"])
            ]
    return kind(data, initial=stored or None)


def people_choices(nobody: str | Promise) -> list[tuple[str, str | Promise]]:
    """Everybody who may sign in, by name."""
    rows = User.objects.filter(is_active=True).values_list("pk", "name", "email")
    return [("", nobody), *((str(pk), name or email) for pk, name, email in rows)]


def _offer_people(form: forms.Form, *names: str) -> None:
    choices = people_choices(_("Nobody"))
    for name in names:
        field = form.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices
