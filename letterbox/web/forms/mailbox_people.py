"""The section Email Management of a mailbox: which roles and users may do what in it."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from letterbox.models import Grant, Mailbox, Role, User
from letterbox.web.forms.widgets import QuickSelect

ABILITIES = [
    (str(Grant.Ability.READ.value), _("read")),
    (str(Grant.Ability.REPLY.value), _("reply")),
    (str(Grant.Ability.MANAGE.value), _("manage")),
]


@dataclass(frozen=True, slots=True)
class Change:
    """One grant as it shall be; an ability of None takes it away."""

    ability: Grant.Ability | None
    user: User | None = None
    role: Role | None = None


class PeopleForm(forms.Form):
    """A select for each grant there is, and a row for one more."""

    who = forms.CharField(label=_("Role or user"), required=False, widget=QuickSelect)
    ability = forms.ChoiceField(label=_("May"), choices=ABILITIES, required=False)

    def __init__(self, *args: object, mailbox: Mailbox, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.grants = list(mailbox.grants.select_related("role", "user"))
        for grant in self.grants:
            self.fields[f"grant-{grant.pk}"] = forms.ChoiceField(
                choices=[*ABILITIES, ("", _("nothing any more"))],
                required=False,
                initial=str(grant.ability),
                label=str(grant.role or grant.user),
            )
        widget = self.fields["who"].widget
        if isinstance(widget, QuickSelect):
            widget.choices = self._who()

    @property
    def rows(self) -> list[tuple[Grant, forms.BoundField]]:
        """Each grant with its select."""
        return [(grant, self[f"grant-{grant.pk}"]) for grant in self.grants]

    def changes(self) -> list[Change]:
        """What differs from what is stored, for `services.people.grant`."""
        found = []
        for grant in self.grants:
            given = self.cleaned_data[f"grant-{grant.pk}"]
            # Without the field in the post nothing was said about this grant.
            if self.add_prefix(f"grant-{grant.pk}") in self.data and given != str(
                grant.ability
            ):
                found.append(Change(_ability(given), grant.user, grant.role))
        who = self.cleaned_data["who"]
        if who is not None:
            found.append(
                Change(
                    _ability(self.cleaned_data["ability"]) or Grant.Ability.READ,
                    user=who if isinstance(who, User) else None,
                    role=who if isinstance(who, Role) else None,
                )
            )
        return found

    def clean_who(self) -> Role | User | None:
        """The row behind a choice; only what is offered may be chosen."""
        kind, _dash, row_id = self.cleaned_data["who"].partition("-")
        if not kind:
            return None
        found: Role | User | None = None
        if row_id.isascii() and row_id.isdecimal() and len(row_id) < 19:
            if kind == "role":
                found = self._roles().filter(pk=row_id).first()
            elif kind == "user":
                found = self._users().filter(pk=row_id).first()
        if found is None:
            raise forms.ValidationError(_("Choose one of those in the list."))
        return found

    def _roles(self) -> QuerySet[Role]:
        return Role.objects.exclude(
            pk__in=[each.role_id for each in self.grants if each.role_id]
        )

    def _users(self) -> QuerySet[User]:
        taken = [each.user_id for each in self.grants if each.user_id]
        return User.objects.filter(is_active=True).exclude(pk__in=taken)

    def _who(self) -> list[tuple[object, object]]:
        roles = self._roles().values_list("pk", "name")
        users = self._users().values_list("pk", "name", "email")
        return [
            ("", _("Choose …")),
            (_("Roles"), [(f"role-{pk}", name) for pk, name in roles]),
            (
                _("Users"),
                [
                    (f"user-{pk}", f"{name} ({email})" if name else email)
                    for pk, name, email in users
                ],
            ),
        ]


def _ability(value: str) -> Grant.Ability | None:
    return Grant.Ability(int(value)) if value else None
