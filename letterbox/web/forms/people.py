"""Users, roles and invitations as an administrator of people types them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from letterbox import access
from letterbox.models import Mailbox, Role, User
from letterbox.services import account_mail, invitations
from letterbox.services.speaking import say_later


class InviteForm(forms.Form):
    """Somebody new."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    email = forms.EmailField(label=_("Email"), help_text=_("They sign in with it."))
    roles = forms.ModelMultipleChoiceField(
        Role.objects.all(),
        label=_("Roles"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    through = forms.ModelChoiceField(
        Mailbox.objects.none(),
        label=_("Send the link through"),
        required=False,
        empty_label=_("Nothing: I pass the link on myself"),
        help_text=_(
            "The letter lies in Sent of that mailbox: who reads there could use the "
            "link first."
        ),
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        through = self.fields["through"]
        if isinstance(through, forms.ModelChoiceField):
            rows = invitations.mailboxes_that_send(by)
            through.queryset = Mailbox.objects.filter(pk__in=[row.pk for row in rows])
            chosen = account_mail.mailbox()
            if chosen is not None:
                through.initial = chosen.pk
                through.help_text = _("By itself through the mailbox for accounts.")

    def clean_email(self) -> str:
        """An address that nobody has."""
        email: str = self.cleaned_data["email"].strip().lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(_("This person is here already."))
        return email


class PersonForm(forms.Form):
    """What may be changed about somebody."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    roles = forms.ModelMultipleChoiceField(
        Role.objects.all(),
        label=_("Roles"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self, *args: Any, claimed: Collection[int] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        roles = self.fields["roles"]
        if isinstance(roles, forms.ModelMultipleChoiceField):
            # What a sign-in gave is shown beside, and cannot be taken here.
            roles.queryset = Role.objects.exclude(pk__in=list(claimed))


class RoleForm(forms.Form):
    """A role: what its members may administer."""

    name = forms.CharField(label=_("Name"), max_length=100)
    abilities = forms.MultipleChoiceField(
        label=_("Members may"),
        choices=[(name, say_later(text)) for name, text in access.ABILITIES.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "This gives no right to read mail: that is given in each mailbox, under "
            "Email Management."
        ),
    )
    requires_two_factor = forms.BooleanField(
        label=_("Members must use a second factor to sign in"), required=False
    )

    def __init__(self, *args: Any, role: Role | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role = role

    def clean_name(self) -> str:
        """A name that no other role has."""
        name: str = self.cleaned_data["name"].strip()
        others = Role.objects.all()
        if self.role is not None:
            others = others.exclude(pk=self.role.pk)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError(_("There is a role of this name already."))
        return name


class AcceptForm(forms.Form):
    """What an invited person says."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        help_text=_("Eight characters at least; a few words are better than signs."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
