"""What people say about a letter: who wrote what was forwarded."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class OriginalForm(forms.Form):
    """The person who wrote a forwarded letter."""

    name = forms.CharField(label=_("Name"), max_length=300, required=False)
    email = forms.EmailField(label=_("E-mail address"), max_length=320)
