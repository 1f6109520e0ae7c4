"""What an administrator types about a mailbox: who it is, how to reach it, its work."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from letterbox.inbound import conversion
from letterbox.models import Case, Connection, Folder, Mailbox, User

PORTS = {
    "imap": {"tls": 993, "starttls": 143, "none": 143},
    "smtp": {"tls": 465, "starttls": 587, "none": 25},
}


class GeneralForm(forms.ModelForm):  # type: ignore[type-arg]
    """The section General of a mailbox."""

    class Meta:
        model = Mailbox
        fields = ("label", "address", "display_name")
        labels = {
            "label": _("Mailbox Label"),
            "address": _("Email"),
            "display_name": _("Name that customers see"),
        }
        help_texts = {
            "label": _("The name that colleagues see, such as “Support”."),
            "address": _("The address that people outside write to."),
        }


class ConnectionForm(forms.Form):
    """The section Synchronization: both servers and one login, or two.

    The password of a saved mailbox is never shown; an empty field keeps it.
    """

    imap_host = forms.CharField(label=_("IMAP host"), max_length=255)
    imap_port = forms.IntegerField(
        label=_("IMAP port"), min_value=1, max_value=65535, initial=993
    )
    imap_encryption = forms.ChoiceField(
        label=_("IMAP encryption"), choices=Connection.Encryption.choices, initial="tls"
    )
    smtp_host = forms.CharField(label=_("SMTP host"), max_length=255)
    smtp_port = forms.IntegerField(
        label=_("SMTP port"), min_value=1, max_value=65535, initial=465
    )
    smtp_encryption = forms.ChoiceField(
        label=_("SMTP encryption"), choices=Connection.Encryption.choices, initial="tls"
    )
    login = forms.CharField(
        label=_("Login"),
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("The user name on the mail server; often the address itself."),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    smtp_signs_in = forms.BooleanField(
        label=_("SMTP asks for the same login and password"),
        required=False,
        initial=True,
    )

    def __init__(
        self, *args: Any, mailbox: Mailbox | None = None, **kwargs: Any
    ) -> None:
        self.stored = {each.protocol: each for each in _stored(mailbox)}
        kwargs["initial"] = self._initial() | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        if self.stored:
            self.fields["password"].required = False
            self.fields["password"].help_text = _("Empty keeps the one that is stored.")

    def endpoint(self, protocol: str) -> dict[str, Any]:
        """The named fields of `services.connections.save` for one protocol."""
        given = self.cleaned_data
        signs_in = protocol == "imap" or given["smtp_signs_in"]
        return {
            "protocol": Connection.Protocol(protocol),
            "host": given[f"{protocol}_host"].strip(),
            "port": given[f"{protocol}_port"],
            "encryption": given[f"{protocol}_encryption"],
            "login": given["login"] if signs_in else "",
            # None keeps what is stored.
            "password": (given["password"] or None) if signs_in else "",
        }

    def _initial(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for protocol, row in self.stored.items():
            found |= {
                f"{protocol}_host": row.host,
                f"{protocol}_port": row.port,
                f"{protocol}_encryption": row.encryption,
            }
        if "imap" in self.stored:
            found["login"] = self.stored["imap"].login
        if "smtp" in self.stored:
            found["smtp_signs_in"] = bool(self.stored["smtp"].login)
        return found


class ProcessingForm(forms.Form):
    """The section Email Processing: what becomes of a first letter."""

    action = forms.ChoiceField(
        label=_("First letters"),
        widget=forms.RadioSelect,
        initial="do-nothing",
    )
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Nobody"),
        label=_("Owner"),
        help_text=_("Who a new lead or case belongs to."),
    )
    priority = forms.ChoiceField(
        choices=Case.Priority.choices,
        initial=Case.Priority.NORMAL,
        required=False,
        label=_("Priority of a case"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        action = self.fields["action"]
        owner = self.fields["owner"]
        if isinstance(action, forms.ChoiceField):
            action.choices = [
                (each.name, each.label) for each in conversion.actions().values()
            ]
        if isinstance(owner, forms.ModelChoiceField):
            owner.queryset = User.objects.filter(is_active=True)

    def options(self) -> dict[str, Any]:
        """What the chosen action is told."""
        given = self.cleaned_data
        options: dict[str, Any] = {}
        if given["action"] == "do-nothing":
            return options
        if given["owner"]:
            options["owner"] = given["owner"].pk
        if given["action"] == "convert-to-case" and given["priority"]:
            options["priority"] = given["priority"]
        return options


class FoldersForm(forms.Form):
    """Which folders are kept in sync, and from when on a newly ticked one is."""

    folders = forms.ModelMultipleChoiceField(
        queryset=Folder.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        label=_("Folders to keep in sync"),
        error_messages={"required": _("Tick one folder at least: the inbox.")},
    )
    sync_from = forms.ChoiceField(
        initial=Folder.SyncFrom.NOW,
        widget=forms.RadioSelect,
        label=_("Letters that are there already"),
        help_text=_("Old letters are only read: never answered, never converted."),
    )
    since = forms.DateField(
        label=_("Since"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, mailbox: Mailbox, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        start = self.fields["sync_from"]
        if isinstance(start, forms.ChoiceField):
            start.choices = [
                (value, capfirst(label)) for value, label in Folder.SyncFrom.choices
            ]
        field = self.fields["folders"]
        if isinstance(field, forms.ModelMultipleChoiceField):
            field.queryset = mailbox.folders.filter(
                is_selectable=True, gone_at__isnull=True
            )

    def clean(self) -> dict[str, Any]:
        """A date is needed exactly where one is spoken of."""
        given = super().clean() or {}
        wants_date = given.get("sync_from") == Folder.SyncFrom.DATE
        if wants_date and not given.get("since") and "since" not in self.errors:
            self.add_error("since", _("Say since when."))
        return given


def _stored(mailbox: Mailbox | None) -> list[Connection]:
    return list(mailbox.connections.all()) if mailbox is not None else []
