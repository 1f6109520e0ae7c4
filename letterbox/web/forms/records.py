"""The fields of cases, leads and contacts that people edit in place."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from letterbox.models import Case, Contact, Lead, User


class CaseForm(forms.ModelForm):  # type: ignore[type-arg]
    """The fields of a case; `services.cases.change` saves them."""

    class Meta:
        model = Case
        fields = ("status", "priority", "assignee", "owner", "subject", "resolution")
        labels = {
            "status": _("Status"),
            "priority": _("Priority"),
            "assignee": _("Assigned to"),
            "owner": _("Owner"),
            "subject": _("Subject"),
            "resolution": _("Resolution"),
        }
        widgets = {"resolution": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "case_%s")
        super().__init__(*args, **kwargs)
        _keep_posted(self)
        _limit_people(self, ("assignee", "owner"), people)


class LeadForm(forms.ModelForm):  # type: ignore[type-arg]
    """The fields of a lead; `services.leads.change` saves them."""

    class Meta:
        model = Lead
        fields = (
            "status",
            "owner",
            "name",
            "first_name",
            "last_name",
            "company",
            "email",
            "phone",
            "source",
            "notes",
        )
        labels = {
            "status": _("Status"),
            "owner": _("Owner"),
            "name": _("Subject"),
            "first_name": _("First name"),
            "last_name": _("Last name"),
            "company": _("Company"),
            "email": _("Email"),
            "phone": _("Phone"),
            "source": _("Source"),
            "notes": _("Notes"),
        }
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "lead_%s")
        super().__init__(*args, **kwargs)
        _keep_posted(self)
        _limit_people(self, ("owner",), people)


class ContactForm(forms.ModelForm):  # type: ignore[type-arg]
    """The fields of a contact; its addresses come from letters."""

    class Meta:
        model = Contact
        fields = ("name", "company", "phone", "notes")
        labels = {
            "name": _("Name"),
            "company": _("Company"),
            "phone": _("Phone"),
            "notes": _("Notes"),
        }
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _keep_posted(self)


def side_fields(form: forms.ModelForm) -> list[BoundField]:  # type: ignore[type-arg]
    """The few fields that stand beside a conversation; the rest are on their page."""
    names = ("status", "priority", "assignee", "company", "phone")
    return [form[name] for name in names if name in form.fields]


def changed_values(form: forms.ModelForm) -> dict[str, Any]:  # type: ignore[type-arg]
    """What was changed on the form: untouched fields never overwrite a colleague's."""
    return {name: form.cleaned_data[name] for name in form.changed_data}


def _keep_posted(form: forms.ModelForm) -> None:  # type: ignore[type-arg]
    """Ask only for what was sent: the form beside a conversation shows a few fields."""
    if form.is_bound:
        for name in [
            name for name in form.fields if form.add_prefix(name) not in form.data
        ]:
            del form.fields[name]


def _limit_people(
    form: forms.ModelForm,  # type: ignore[type-arg]
    names: tuple[str, ...],
    people: QuerySet[User],
) -> None:
    for name in names:
        field = form.fields.get(name)
        if field is None:
            continue
        if not isinstance(field, forms.ModelChoiceField):
            raise TypeError(f"{name} does not choose a person.")
        offered, current = list(people), getattr(form.instance, f"{name}_id", None)
        field.queryset = people
        # Whoever has it now stays a choice, even without a right any more.
        if current is not None and current not in {person.pk for person in offered}:
            field.queryset = User.objects.filter(
                Q(pk=current) | Q(pk__in=people.values("pk"))
            )
            offered.append(getattr(form.instance, name))
        # Named here, as Django would ask for the same people again for each list.
        field.choices = [
            ("", _("Nobody")),
            *((person.pk, str(person)) for person in offered),
        ]
