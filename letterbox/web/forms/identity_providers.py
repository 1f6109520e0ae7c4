"""A provider that people sign in with, as an administrator types it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letterbox.models import IdentityProvider, Role
from letterbox.services import identity_providers
from letterbox.services.identity_providers import Claim
from letterbox.web.forms.widgets import WordsField

MOST_CLAIMS = 200


class IdentityProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """A stored client secret is never shown; an empty field keeps it."""

    client_secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    scopes = forms.CharField(
        label=_("Scopes"),
        required=False,
        max_length=2000,
        help_text=_(
            "Empty means openid email profile; else divided by spaces. Some providers "
            "tell groups only with a scope of their own."
        ),
    )
    domains = WordsField(
        label=_("Only addresses at"),
        required=False,
        most=100,
        each=forms.CharField(max_length=253),
        help_text=_(
            "Domains with commas between, such as acme.example. Empty lets any in."
        ),
    )
    claims = forms.CharField(
        label=_("Which value gives which role"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(
            attrs={"rows": 4, "placeholder": "support-team = Agents"}
        ),
        help_text=_(
            "One a line: value = role. * = role gives it to everybody who signs in "
            "here. Looked at anew with each sign-in; roles that a colleague gave stay."
        ),
    )

    class Meta:
        model = IdentityProvider
        fields = (
            "name",
            "is_on",
            "client_id",
            "client_secret",
            "issuer",
            "scopes",
            "joins_by_address",
            "creates_people",
            "takes_unconfirmed",
            "domains",
            "roles_claim",
            "claims",
            "needs_role",
            "has_second_factor",
        )
        labels = {
            "name": _("Name on the button"),
            "is_on": _("Shown on the sign-in page"),
            "client_id": _("Client ID"),
            "issuer": _("Issuer"),
            "joins_by_address": _(
                "Who has an account here gets into it by their address, if the provider "
                "has confirmed it"
            ),
            "creates_people": _(
                "Who has no account here gets one at their first sign-in"
            ),
            "takes_unconfirmed": _(
                "A new person may have an address that the provider does not confirm"
            ),
            "roles_claim": _("Claim that roles are taken from"),
            "needs_role": _("Refuse whom no value gives a role"),
            "has_second_factor": _("It asks for a second factor itself"),
        }
        help_texts = {
            "issuer": _(
                "The address of its OpenID Connect configuration, without "
                "/.well-known/openid-configuration."
            ),
            "takes_unconfirmed": _(
                "For Microsoft Entra ID and others that confirm no addresses. It never "
                "opens an account that is there already."
            ),
            "roles_claim": _(
                "Such as groups, roles or realm_access.roles. Empty takes none."
            ),
            "has_second_factor": _(
                "Roles that require one are satisfied by this sign-in."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["scopes"] = " ".join(self.instance.scopes)
        if self.instance.pk:
            self.initial["claims"] = "\n".join(
                str(claim) for claim in identity_providers.claims_of(self.instance)
            )
        if self.instance.sealed_client_secret:
            self.fields["client_secret"].help_text = _(
                "Empty keeps the one that is stored."
            )

    def clean_scopes(self) -> list[str]:
        """Words; without `openid` nobody would be named."""
        words = str(self.cleaned_data["scopes"]).split()
        if words and "openid" not in words:
            words.insert(0, "openid")
        return words

    def clean_domains(self) -> list[str]:
        """Domains as they stand behind the @."""
        given: list[str] = self.cleaned_data["domains"] or []
        return [each.lower().lstrip("@") for each in given]

    def clean_issuer(self) -> str:
        """An address of the web, encrypted unless it is this machine."""
        issuer = str(self.cleaned_data["issuer"]).strip()
        issuer = issuer.removesuffix("/.well-known/openid-configuration")
        if not issuer.startswith(("https://", "http://127.0.0.1:")):
            raise forms.ValidationError(_("The address must begin with https://."))
        return issuer

    def clean_claims(self) -> list[Claim]:
        """Each line names a role that there is."""
        lines = [line.strip() for line in self.cleaned_data["claims"].splitlines()]
        lines = [line for line in lines if line]
        if len(lines) > MOST_CLAIMS:
            raise forms.ValidationError(
                gettext("%(most)d lines are the most.") % {"most": MOST_CLAIMS}
            )
        roles = {role.name.casefold(): role for role in Role.objects.all()}
        found = []
        for line in lines:
            # The last one divides: values of a directory hold such signs themselves.
            value, sign, name = (part.strip() for part in line.rpartition("="))
            role = roles.get(name.casefold())
            if not sign or not value or len(value) > 300:
                raise forms.ValidationError(
                    gettext("“%(line)s” should read: value = role.") % {"line": line}
                )
            if role is None:
                raise forms.ValidationError(
                    gettext("There is no role %(name)s.") % {"name": name}
                )
            found.append(Claim(value, role))
        return list(dict.fromkeys(found))

    def clean(self) -> dict[str, Any]:
        """A role that is required must be able to come from somewhere."""
        given = super().clean() or {}
        if given.get("needs_role") and not given.get("claims"):
            self.add_error("claims", _("Say which value gives which role."))
        is_claimed = any(claim.value != "*" for claim in given.get("claims") or [])
        if is_claimed and not given.get("roles_claim"):
            self.add_error("roles_claim", _("Name the claim that holds the values."))
        return given

    def fields_to_save(self) -> dict[str, Any]:
        """The named fields of `services.identity_providers.save`."""
        given = dict(self.cleaned_data)
        return {**given, "client_secret": given["client_secret"] or None}
