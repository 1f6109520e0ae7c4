"""The section General of a mailbox: what it is called and where it is written to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from letterbox.models import Mailbox
from letterbox.web.forms.widgets import WordsField


class GeneralForm(forms.ModelForm):  # type: ignore[type-arg]
    """Label, address and who answers seem to come from."""

    aliases = WordsField(
        label=_("More addresses"),
        required=False,
        each=forms.EmailField(),
        help_text=_(
            "Other addresses that lead into this mailbox, with commas between. "
            "Letters to them are answered from them."
        ),
    )

    class Meta:
        model = Mailbox
        fields = (
            "label",
            "address",
            "display_name",
            "aliases",
            "is_on",
            "signature",
        )
        labels = {
            "label": _("Mailbox Label"),
            "address": _("Email"),
            "display_name": _("Name that customers see"),
            "is_on": _("This mailbox is on"),
            "signature": _("Signature"),
        }
        help_texts = {
            "label": _("The name that colleagues see, such as “Support”."),
            "address": _("The address that people outside write to."),
            "is_on": _("While it is off, nothing is read, answered or sent."),
            "signature": _("Stands under answers that people write from here."),
        }
        widgets = {
            "signature": forms.Textarea(attrs={"rows": 3}),
            "label": forms.TextInput(attrs={"autocomplete": "off"}),
            "address": forms.EmailInput(attrs={"autocomplete": "off"}),
        }

    def clean_label(self) -> str:
        """A name that no other mailbox has."""
        label: str = self.cleaned_data["label"].strip()
        if self._others().filter(label__iexact=label).exists():
            raise forms.ValidationError(_("There is a mailbox of this name already."))
        return label

    def clean_address(self) -> str:
        """An address that no other mailbox has, not as one of several either."""
        address: str = self.cleaned_data["address"].strip().lower()
        self._refuse_if_taken(address)
        return address

    def clean_aliases(self) -> list[str]:
        """The same for each of the other addresses."""
        found = [address.lower() for address in self.cleaned_data["aliases"]]
        for address in found:
            self._refuse_if_taken(address)
        return [each for each in found if each != self.cleaned_data.get("address")]

    def _refuse_if_taken(self, address: str) -> None:
        taken = self._others().filter(
            Q(address__iexact=address) | Q(aliases__contains=[address])
        )
        if taken.exists():
            raise forms.ValidationError(
                _("The mailbox “%(label)s” has the address %(address)s already."),
                params={"label": taken[0].label, "address": address},
            )

    def _others(self) -> Any:
        return Mailbox.objects.filter(removed_at__isnull=True).exclude(
            pk=self.instance.pk
        )


class NewMailboxForm(GeneralForm):
    """General of a mailbox that is being added: only what must be said at once."""

    class Meta(GeneralForm.Meta):
        fields = ("label", "address", "display_name")  # type: ignore[assignment]

    aliases = None  # type: ignore[assignment]
    clean_aliases = None  # type: ignore[assignment]


class CopyForm(NewMailboxForm):
    """Label and address of a copy."""

    class Meta(GeneralForm.Meta):
        fields = ("label", "address")  # type: ignore[assignment]
