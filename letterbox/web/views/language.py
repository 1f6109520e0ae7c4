"""The language that the pages speak to one person."""

from __future__ import annotations

from django import forms
from django.conf import settings as environment
from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from letterbox.services import people
from letterbox.web.doors import UserRequest
from letterbox.web.language import of_request


class LanguageForm(forms.Form):
    """One of those that there are, or what the company has."""

    language = forms.ChoiceField(
        label=_("Language of the pages"),
        help_text=_("For you alone. Letters and templates stay as they are."),
        required=False,
        choices=[("", _("as the company has it")), *environment.LANGUAGES],
    )


@require_http_methods(["GET", "POST"])
def language(request: UserRequest) -> HttpResponse:
    """Choose it under one's account."""
    is_sent = request.method == "POST"
    form = LanguageForm(
        request.POST if is_sent else None, initial={"language": request.user.language}
    )
    if is_sent and form.is_valid():
        people.choose_language(request.user, form.cleaned_data["language"])
        # The next page speaks it; so does what it says first.
        with translation.override(of_request(request)):
            flashes.success(request, gettext("Saved."))
        return redirect("language")
    status = 422 if is_sent else 200
    return render(request, "sign_in/language.html", {"form": form}, status=status)
