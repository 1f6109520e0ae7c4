"""What becomes of a request that may not pass: 404, 403, or the sign-in page.

Holds no rule about who may do what; `access` decides and raises.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from letterbox import access
from letterbox.models import User


class UserRequest(HttpRequest):
    """A request that has passed the sign-in: its user is one of ours."""

    user: User
    csp_nonce: str
    htmx: HtmxDetails


class Doors:
    """Middleware that turns the refusals of `access` into answers of HTTP.

    A part of a page asked for after the session ended would otherwise be answered by
    the sign-in form in its place: the whole page is led there instead. So is a form
    that was sent: after signing in, its page comes again with what was typed. A stream of
    events is ended, by the one answer that keeps a browser from asking again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on, and look at where the answer leads."""
        response = self.get_response(request)
        accepted = request.headers.get("Accept", "")
        if accepted == "text/event-stream" and _leads_to_sign_in(response):
            return HttpResponse(status=204)
        is_fragment = request.headers.get("HX-Request") == "true"
        if is_fragment and _leads_to_sign_in(response):
            return HttpResponseClientRedirect(_sign_in(request, "HX-Current-URL"))
        if request.method == "POST" and _leads_to_sign_in(response):
            return HttpResponseRedirect(_sign_in(request, "Referer"))
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Called by Django when a view has raised; hidden and missing look alike."""
        if isinstance(exception, access.NotFound):
            raise Http404 from exception
        if isinstance(exception, access.NotAllowed):
            raise PermissionDenied from exception
        return None


def _sign_in(request: HttpRequest, header: str) -> str:
    """The sign-in that leads back to the page named by a header, not to what it sent.

    What was typed in a form is kept by its page; the address it was sent to is none.
    Only the path counts: a proxy may know us by another name.
    """
    page = urlsplit(request.headers.get(header, "/"))
    here = f"{page.path}?{page.query}" if page.query else page.path
    # Two slashes would lead to another host.
    is_path = here.startswith("/") and not here.startswith("//")
    back = here if is_path else "/"
    return f"{reverse('account_login')}?{urlencode({'next': back})}"


def _leads_to_sign_in(response: HttpResponseBase) -> bool:
    location = response.headers.get("Location", "")
    return response.status_code == 302 and urlsplit(location).path == reverse(
        "account_login"
    )
