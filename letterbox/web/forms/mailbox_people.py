"""The section Email Management of a mailbox: which roles and users may do what in it."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
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

    who = forms.ChoiceField(label=_("Role or user"), required=False, widget=QuickSelect)
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
        who = self.fields["who"]
        if isinstance(who, forms.ChoiceField):
            who.choices = self._who()

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
        kind, _dash, row_id = self.cleaned_data["who"].partition("-")
        if kind:
            found.append(
                Change(
                    _ability(self.cleaned_data["ability"]) or Grant.Ability.READ,
                    user=User.objects.get(pk=row_id) if kind == "user" else None,
                    role=Role.objects.get(pk=row_id) if kind == "role" else None,
                )
            )
        return found

    def _who(self) -> list[tuple[object, object]]:
        roles = {grant.role_id for grant in self.grants}
        users = {grant.user_id for grant in self.grants}
        return [
            ("", _("Choose …")),
            (
                _("Roles"),
                [
                    (f"role-{pk}", name)
                    for pk, name in Role.objects.values_list("pk", "name")
                    if pk not in roles
                ],
            ),
            (
                _("Users"),
                [
                    (f"user-{pk}", f"{name} ({email})" if name else email)
                    for pk, name, email in User.objects.filter(
                        is_active=True
                    ).values_list("pk", "name", "email")
                    if pk not in users
                ],
            ),
        ]


def _ability(value: str) -> Grant.Ability | None:
    return Grant.Ability(int(value)) if value else None
