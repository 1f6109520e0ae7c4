"""Branding: the company's colour and logos."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages as flashes
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from letterbox import access
from letterbox.services import branding, settings
from letterbox.services.branding import Logo
from letterbox.web import brand_colours
from letterbox.web.doors import UserRequest

_KINDS = gettext_lazy("PNG, JPEG, WebP or GIF, 256 KB at most.")


class BrandForm(forms.Form):
    """A colour and two files; no file keeps the picture that is there."""

    colour = forms.CharField(
        label=gettext_lazy("Colour"),
        required=False,
        max_length=7,
        help_text=gettext_lazy(
            "As #rrggbb. It is made darker or lighter where it could not be read. Empty "
            "means ours."
        ),
        widget=forms.TextInput(attrs={"placeholder": "#0b5cad"}),
    )
    brand_logo = forms.FileField(
        label=gettext_lazy("Logo"), required=False, help_text=_KINDS
    )
    removes_brand_logo = forms.BooleanField(
        label=gettext_lazy("Remove the logo"), required=False
    )
    brand_logo_dark = forms.FileField(
        label=gettext_lazy("Logo on dark ground"),
        required=False,
        help_text=gettext_lazy("Where there is none, the one above is shown."),
    )
    removes_brand_logo_dark = forms.BooleanField(
        label=gettext_lazy("Remove the logo on dark ground"), required=False
    )

    def clean_colour(self) -> str:
        """As the registry of colours wants it."""
        try:
            return branding.check_colour(self.cleaned_data["colour"])
        except branding.BrandInvalid as error:
            raise forms.ValidationError(str(error)) from error

    def clean_brand_logo(self) -> Logo | None:
        """The picture, by what its bytes say."""
        return _logo(self.cleaned_data["brand_logo"])

    def clean_brand_logo_dark(self) -> Logo | None:
        """The picture, by what its bytes say."""
        return _logo(self.cleaned_data["brand_logo_dark"])

    def fields_to_save(self) -> dict[str, Any]:
        """The named fields of `services.branding.change`."""
        given = self.cleaned_data
        found: dict[str, Any] = {"colour": given["colour"]}
        for name in ("brand_logo", "brand_logo_dark"):
            if given[f"removes_{name}"]:
                found[name] = None
            elif given[name] is not None:
                found[name] = given[name]
        return found


@require_http_methods(["GET", "POST"])
def brand(request: UserRequest) -> HttpResponse:
    """Colour and logos, with how they look."""
    access.require_ability(request.user, "administer-system")
    colour = branding.colour()
    is_sent = request.method == "POST"
    form = BrandForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        initial={"colour": colour},
    )
    if form.is_valid():
        branding.change(by=request.user, **form.fields_to_save())
        flashes.success(
            request, _("Saved. Pages that are open show it within five minutes.")
        )
        return redirect("branding")
    context = {
        "form": form,
        "logos": [(name, branding.logo(name)) for name in branding.LOGOS],
        "palette": brand_colours.palette(colour) if colour else None,
        "company": settings.get("company-name"),
    }
    status = 422 if form.is_bound else 200
    return render(request, "system/branding.html", context, status=status)


def _logo(given: UploadedFile[bytes] | None) -> Logo | None:
    if given is None:
        return None
    try:
        return branding.read_logo(given.read(branding.MOST_BYTES + 1))
    except branding.BrandInvalid as error:
        raise forms.ValidationError(str(error)) from error
