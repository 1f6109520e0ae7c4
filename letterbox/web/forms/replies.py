"""What people write in a conversation: answers and notes."""

from __future__ import annotations

from email.headerregistry import Address as HeaderAddress
from email.utils import getaddresses
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from letterbox.mime.letter import Address
from letterbox.services import settings

MOST_RECIPIENTS = 100


def read_addresses(text: str) -> list[Address]:
    """The addresses of a line such as `Anna <anna@a.example>, b@b.example`.

    Raises ValidationError that names the first one which cannot be written to.
    """
    found: list[Address] = []
    for name, email in getaddresses([text.replace(";", ",").replace("\n", ",")]):
        if not name and not email:
            continue
        try:
            validate_email(email)
        except ValidationError as error:
            raise ValidationError(
                _("“%(address)s” is not an e-mail address."),
                params={"address": (email or name)[:100]},
            ) from error
        found.append(Address(email=email, name=name))
    if len(found) > MOST_RECIPIENTS:
        raise ValidationError(
            _("One answer goes to %(most)d people at most."),
            params={"most": MOST_RECIPIENTS},
        )
    return found


def write_addresses(people: list[Address]) -> str:
    """The line that `read_addresses` reads back."""
    return ", ".join(
        str(HeaderAddress(each.name, addr_spec=each.email))
        if each.name and each.email.isascii()
        else each.email
        for each in people
    )


class AddressesField(forms.CharField):
    """A line of addresses; cleaned to a list of Address."""

    def to_python(self, value: Any) -> Any:
        """Read the line."""
        return read_addresses(super().to_python(value) or "")

    def prepare_value(self, value: Any) -> Any:
        """Write the addresses, or give back what was typed."""
        return write_addresses(value) if isinstance(value, list) else value


class ManyFilesInput(forms.ClearableFileInput):
    """A file control that takes several."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files; cleaned to a list, empty when none was chosen."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Clean each file by itself."""
        if not data:
            return []
        files = data if isinstance(data, (list, tuple)) else [data]
        return [super(ManyFilesField, self).clean(file, initial) for file in files]


class ReplyForm(forms.Form):
    """An answer; `version` is that of the conversation it was written on."""

    to = AddressesField(label=_("To"))
    cc = AddressesField(label=_("Cc"), required=False)
    bcc = AddressesField(label=_("Bcc"), required=False)
    text = forms.CharField(
        label=_("Your answer"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Write something first.")},
    )
    attachments = ManyFilesField(label=_("Attachments"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)
    closes = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean_attachments(self) -> list[Any]:
        """Too much would be refused by servers on the way, after it was sent."""
        files: list[Any] = self.cleaned_data["attachments"]
        most = settings.get("attachment-megabytes")
        size = sum(file.size for file in files)
        if size > most * 1_000_000:
            raise ValidationError(
                _("These files have %(size)s MB; %(most)s MB are the most."),
                params={"size": round(size / 1_000_000, 1), "most": most},
            )
        return files

    def clean_text(self) -> str:
        """Blank lines alone say nothing."""
        text: str = self.cleaned_data["text"]
        if not text.strip():
            raise ValidationError(_("Write something first."))
        return text


class NoteForm(forms.Form):
    """Words for colleagues."""

    text = forms.CharField(
        label=_("Note for colleagues"),
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write something first.")},
    )


class SnoozeForm(forms.Form):
    """How long a conversation sleeps."""

    CHOICES = (
        ("3-hours", _("For three hours")),
        ("tomorrow", _("Until tomorrow, 8:00")),
        ("monday", _("Until Monday, 8:00")),
        ("week", _("For a week")),
    )
    until = forms.ChoiceField(choices=CHOICES)
