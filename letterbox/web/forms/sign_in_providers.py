"""Letterbox's registration at a sign-in provider, as an administrator types it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from letterbox.models import OAuthProvider
from letterbox.oauth import providers
from letterbox.services.speaking import say_later


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """A stored client secret is never shown; an empty field keeps it."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[
            (kind.name, say_later(kind.label)) for kind in providers.KINDS.values()
        ],
    )
    client_secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        strip=True,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    scopes = forms.CharField(
        label=_("Scopes"),
        required=False,
        max_length=2000,
        help_text=_("Empty means the usual ones of the kind; else divided by spaces."),
    )

    class Meta:
        model = OAuthProvider
        fields = (
            "name",
            "kind",
            "client_id",
            "client_secret",
            "client_secret_expires_on",
            "tenant",
            "issuer",
            "authorise_url",
            "token_url",
            "revoke_url",
            "scopes",
        )
        labels = {
            "name": _("Name on the button"),
            "client_id": _("Client ID"),
            "client_secret_expires_on": _("The client secret ends on"),
            "tenant": _("Directory (tenant) ID"),
            "issuer": _("Issuer"),
            "authorise_url": _("Address to sign in at"),
            "token_url": _("Address of tokens"),
            "revoke_url": _("Address to give tokens back at"),
        }
        help_texts = {
            "client_secret_expires_on": _("Letterbox warns a month before."),
            "tenant": _("Microsoft only. Empty lets every company account sign in."),
            "issuer": _(
                "Other providers: with OpenID Connect the issuer suffices, and the "
                "addresses below are found by it."
            ),
        }
        widgets = {"client_secret_expires_on": forms.DateInput(attrs={"type": "date"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["scopes"] = " ".join(self.instance.scopes)
        if self.instance.sealed_client_secret:
            self.fields["client_secret"].help_text = _(
                "Empty keeps the one that is stored."
            )

    def clean_scopes(self) -> list[str]:
        """Words, as the provider wants them."""
        return str(self.cleaned_data["scopes"]).split()

    def clean(self) -> dict[str, Any]:
        """A provider that is not known by its kind must say where it is."""
        given = super().clean() or {}
        is_known = given.get("issuer") or (
            given.get("authorise_url") and given.get("token_url")
        )
        if given.get("kind") == "other" and not is_known:
            raise ValidationError(
                _("Give the issuer, or the addresses to sign in at and of tokens.")
            )
        for name in ("issuer", "authorise_url", "token_url", "revoke_url"):
            value = given.get(name) or ""
            if value and not value.startswith(("https://", "http://127.0.0.1:")):
                self.add_error(name, _("The address must begin with https://."))
        return given

    def fields_to_save(self) -> dict[str, Any]:
        """The named fields of `services.oauth_providers.save`."""
        return {
            **{
                name: value
                for name, value in self.cleaned_data.items()
                if name != "client_secret"
            },
            "client_secret": self.cleaned_data["client_secret"] or None,
        }
