"""Where a form leads when its work is done, and what a form cannot say by itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme


def back(request: HttpRequest, route: str, *args: object) -> HttpResponseRedirect:
    """To the page the form stood on, if its field `page` names one of ours."""
    page = request.POST.get("page", "")
    if page.startswith("/") and url_has_allowed_host_and_scheme(page, None):
        return HttpResponseRedirect(page)
    return HttpResponseRedirect(resolve_url(route, *args))


def takes_away(request: HttpRequest) -> bool:
    """A form cannot send DELETE, so it says so in a field."""
    return request.method == "DELETE" or request.POST.get("_method") == "DELETE"
