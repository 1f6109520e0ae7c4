"""The section Synchronization of a mailbox: both servers and the login to them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letterbox.models import Connection, Mailbox
from letterbox.services.connections import Endpoint
from letterbox.sync import discovery, providers
from letterbox.sync.providers import Place

PORTS = {
    "imap": {"tls": 993, "starttls": 143, "none": 143},
    "smtp": {"tls": 465, "starttls": 587, "none": 25},
}
PROTOCOLS = ("imap", "smtp")
OTHER = "other"
# Where servers that nobody typed come from, for the person who is to believe it.
SOURCES = {
    "srv": _("The domain of this address names its servers in DNS."),
    "autoconfig": _("The domain of this address publishes these servers (autoconfig)."),
}


class ServersForm(forms.Form):
    """IMAP and SMTP, each by itself on or off, and one login.

    A stored password is never shown; an empty field keeps it, but only for the server
    that it was given for.
    """

    provider = forms.ChoiceField(
        label=_("Provider"),
        required=False,
        choices=[
            ("", _("Found from the address")),
            *((each.name, each.label) for each in providers.PROVIDERS),
            (OTHER, _("Other")),
        ],
    )
    imap_on = forms.BooleanField(
        label=_("Enable IMAP"), required=False, help_text=_("Letters come in by it.")
    )
    imap_host = forms.CharField(label=_("IMAP Host"), max_length=255, required=False)
    imap_port = forms.IntegerField(
        label=_("IMAP Port"), min_value=1, max_value=65535, required=False
    )
    imap_encryption = forms.ChoiceField(
        label=_("IMAP Encryption"),
        choices=Connection.Encryption.choices,
        required=False,
    )
    smtp_on = forms.BooleanField(
        label=_("Enable SMTP"), required=False, help_text=_("Answers go out by it.")
    )
    smtp_host = forms.CharField(label=_("SMTP Host"), max_length=255, required=False)
    smtp_port = forms.IntegerField(
        label=_("SMTP Port"), min_value=1, max_value=65535, required=False
    )
    smtp_encryption = forms.ChoiceField(
        label=_("SMTP Encryption"),
        choices=Connection.Encryption.choices,
        required=False,
    )
    login = forms.CharField(
        label=_("Login"),
        max_length=255,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("The user on the mail server. Empty means the address itself."),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        required=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    smtp_signs_in = forms.BooleanField(
        label=_("SMTP asks for the same login and password"), required=False
    )
    appends_sent = forms.BooleanField(
        label=_("Put a copy of each answer into the folder Sent"),
        required=False,
        help_text=_("Not needed where the provider does so by itself."),
    )
    writes_answered_back = forms.BooleanField(
        label=_("Mark letters on the server as answered"), required=False
    )
    writes_seen_back = forms.BooleanField(
        label=_("Mark letters on the server as read once somebody read them here"),
        required=False,
    )
    is_fed_by_forwarding = forms.BooleanField(
        label=_("Letters come here by forwarding"),
        required=False,
        help_text=_(
            "Then the address of this mailbox does not stand in To or Cc, and "
            "automatic answers must not insist on it."
        ),
    )
    is_written_by_form = forms.BooleanField(
        label=_("A form on a website writes to this mailbox as one of your addresses"),
        required=False,
        help_text=_(
            "Then such a letter counts as written by the person in its Reply-To: they "
            "get the case and the answers."
        ),
    )

    # Needed where the box above them is ticked; `clean` says what is missing.
    NEEDED_SOMETIMES = (
        *(f"{name}_{part}" for name in ("imap", "smtp") for part in ("host", "port")),
        "login",
        "password",
    )
    ON_THE_SERVER = (
        "appends_sent",
        "writes_answered_back",
        "writes_seen_back",
        "is_fed_by_forwarding",
        "is_written_by_form",
    )

    def __init__(
        self, *args: Any, mailbox: Mailbox | None = None, **kwargs: Any
    ) -> None:
        self.mailbox = mailbox
        self.stored = {each.protocol: each for each in _stored(mailbox)}
        kwargs["initial"] = self._initial() | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        if any(row.sealed_password for row in self.stored.values()):
            self.fields["password"].help_text = _("Empty keeps the one that is stored.")
        elif any(row.sign_in_id for row in self.stored.values()):
            self.fields["password"].help_text = _("Not needed: somebody has signed in.")

    def clean(self) -> dict[str, Any]:
        """Ask for what an enabled server needs; ports follow from the encryption."""
        given = super().clean() or {}
        for protocol in PROTOCOLS:
            given[f"{protocol}_host"] = _name_in(given.get(f"{protocol}_host") or "")
            if given.get(f"{protocol}_on"):
                self._clean_server(protocol, given)
        if not given.get("imap_on") and not given.get("smtp_on"):
            self.add_error(
                "imap_on",
                _("Enable IMAP, SMTP or both; to stop a mailbox, switch it off."),
            )
        return given

    def leave_password(self, *, in_page: bool) -> None:
        """What becomes of a password that was typed into a form that comes again.

        No page shows one. Where only a part of the page is swapped, its field stays as
        it stands; else it must be typed again, and empty would keep the stored one.
        """
        shown = self["password"]
        if in_page:
            shown.field.widget.attrs["hx-preserve"] = "true"
        elif self.data.get("password"):
            shown.help_text = gettext("Type it again: no page shows a password.")

    def on_the_server(self) -> dict[str, bool]:
        """What Letterbox may write there: fields of `services.mailboxes.change`."""
        return {name: self.cleaned_data[name] for name in self.ON_THE_SERVER}

    def endpoints(self, address: str) -> dict[str, Endpoint | None]:
        """What `services.connections.change` takes; None for a server that is off."""
        given = self.cleaned_data
        found: dict[str, Endpoint | None] = {}
        for protocol in PROTOCOLS:
            if not given[f"{protocol}_on"]:
                found[protocol] = None
                continue
            signs_in = protocol == "imap" or given["smtp_signs_in"]
            found[protocol] = Endpoint(
                host=given[f"{protocol}_host"],
                port=given[f"{protocol}_port"],
                encryption=given[f"{protocol}_encryption"],
                login=(given["login"] or address) if signs_in else "",
                password=(given["password"] or None) if signs_in else "",
            )
        return found

    def _clean_server(self, protocol: str, given: dict[str, Any]) -> None:
        host = given[f"{protocol}_host"]
        if not host and f"{protocol}_host" not in self.errors:
            self.add_error(f"{protocol}_host", _("Say which server, or switch it off."))
        elif any(sign in host for sign in "/@ "):
            self.add_error(
                f"{protocol}_host",
                _("Only the name of the server, such as mail.example.com."),
            )
        encryption = given.get(f"{protocol}_encryption") or "tls"
        given[f"{protocol}_encryption"] = encryption
        if not given.get(f"{protocol}_port"):
            given[f"{protocol}_port"] = PORTS[protocol][encryption]
        signs_in = protocol == "imap" or given.get("smtp_signs_in")
        if signs_in and not given.get("password") and "password" not in self.errors:
            self._need_password(protocol, given)

    def _need_password(self, protocol: str, given: dict[str, Any]) -> None:
        """The stored password may not be sent to a server it was not given for."""
        row = self.stored.get(protocol)
        sign_in = row.sign_in if row is not None else None
        if row is None or not (row.sealed_password or sign_in):
            self.add_error("password", _("Type the password of the mailbox."))
        elif sign_in is not None and not sign_in.is_connected:
            # There is nothing that could be sent anywhere.
            return
        elif f"{protocol}_host" in self.errors:
            # Which server it is comes first.
            return
        elif row.host.lower() != given[f"{protocol}_host"].lower() or (
            given[f"{protocol}_encryption"] == "none" and row.encryption != "none"
        ):
            self.add_error(
                "password",
                _(
                    "The server has changed: type the password again, so that the "
                    "stored one is never sent where it was not meant to go."
                ),
            )

    def _initial(self) -> dict[str, Any]:
        mailbox = self.mailbox or Mailbox()
        found: dict[str, Any] = {
            name: getattr(mailbox, name) for name in self.ON_THE_SERVER
        }
        found["provider"] = mailbox.provider
        for protocol in PROTOCOLS:
            row = self.stored.get(protocol)
            found[f"{protocol}_on"] = row is not None or not self.stored
            found[f"{protocol}_encryption"] = row.encryption if row else "tls"
            found[f"{protocol}_host"] = row.host if row else ""
            found[f"{protocol}_port"] = row.port if row else None
        imap, smtp = self.stored.get("imap"), self.stored.get("smtp")
        found["login"] = (imap and imap.login) or (smtp and smtp.login) or ""
        found["smtp_signs_in"] = smtp is None or bool(smtp.login)
        return found


def _name_in(typed: str) -> str:
    """The name of a server, out of an address such as `https://mail.example.com/`."""
    return typed.strip().rpartition("://")[2].rstrip("/")


def as_typed(data: Any) -> dict[str, Any]:
    """The fields of a posted form as values that another one can begin with.

    Without the password, which no page may show.
    """
    typed = {name: data.get(name, "") for name in ServersForm.base_fields}
    for name, field in ServersForm.base_fields.items():
        if isinstance(field, forms.BooleanField):
            typed[name] = name in data
    typed.pop("password")
    return typed


def proposal(
    data: Any, *, address: str, by_provider: bool
) -> tuple[dict[str, Any], str]:
    """What is typed with what was found filled in, and a hint about the provider.

    A provider that was chosen overwrites; one that was found fills empty fields only.
    """
    typed = as_typed(data)
    chosen = providers.BY_NAME.get(typed["provider"]) if by_provider else None
    if chosen is not None:
        found = discovery.Found(chosen.name, chosen.imap, chosen.smtp, chosen.hint)
    elif by_provider:
        return typed, ""
    else:
        found = discovery.find(address)
    for protocol, place in (("imap", found.imap), ("smtp", found.smtp)):
        if place and (chosen or not typed[f"{protocol}_host"]):
            typed |= _fields(protocol, place)
            typed["provider"] = found.provider or OTHER
    if found.provider:
        typed["appends_sent"] = not providers.BY_NAME[found.provider].saves_sent
    return typed, found.hint or str(SOURCES.get(found.source, ""))


def _fields(protocol: str, place: Place) -> dict[str, Any]:
    return {
        f"{protocol}_host": place.host,
        f"{protocol}_port": place.port,
        f"{protocol}_encryption": place.encryption,
    }


def _stored(mailbox: Mailbox | None) -> list[Connection]:
    if mailbox is None:
        return []
    return list(mailbox.connections.select_related("sign_in"))
