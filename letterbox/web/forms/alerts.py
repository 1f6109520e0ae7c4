"""Whom alerts are told to, as an administrator types it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from letterbox.services import alert_settings


class AlertSettingsForm(forms.Form):
    """A stored secret is never shown; an empty field keeps it."""

    failing_minutes = forms.IntegerField(
        label=_("Minutes that a mailbox may fail"),
        min_value=1,
        max_value=1440,
        help_text=_("What only a person can mend is told at once."),
    )
    sends_mail = forms.BooleanField(
        label=_("Tell by mail, through another mailbox than the one in trouble"),
        required=False,
    )
    recipients = forms.CharField(
        label=_("Recipients"),
        required=False,
        max_length=2000,
        help_text=_("Divided by commas. Empty means everybody who administers."),
    )
    webhook_url = forms.CharField(
        label=_("Webhook"),
        required=False,
        max_length=1000,
        help_text=_("An address that gets each alert as JSON."),
    )
    webhook_secret = forms.CharField(
        label=_("Secret of the webhook"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Signs what is sent (HMAC-SHA256). Empty keeps the stored one."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        now = alert_settings.current()
        kwargs["initial"] = {
            "failing_minutes": now.failing_minutes,
            "sends_mail": now.sends_mail,
            "recipients": ", ".join(now.recipients),
            "webhook_url": now.webhook_url,
        }
        super().__init__(*args, **kwargs)

    def clean_recipients(self) -> tuple[str, ...]:
        """Addresses, each once."""
        typed = str(self.cleaned_data["recipients"]).replace(";", ",").split(",")
        addresses = dict.fromkeys(each.strip().lower() for each in typed)
        addresses.pop("", None)
        for address in addresses:
            validate_email(address)
        return tuple(addresses)

    def clean_webhook_url(self) -> str:
        """An address of the web; plain ones are allowed, within one's own network."""
        url = str(self.cleaned_data["webhook_url"]).strip()
        if url and not url.startswith(("https://", "http://")):
            raise ValidationError(_("The address must begin with https://."))
        return url

    def fields_to_save(self) -> dict[str, Any]:
        """The named fields of `services.alert_settings.change`."""
        return {
            **self.cleaned_data,
            "webhook_secret": self.cleaned_data["webhook_secret"] or None,
        }
