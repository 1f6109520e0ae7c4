"""Which language a page speaks: the person's, the company's, the browser's, English.

Holds no text; what is said is in the catalogues under letterbox/locale.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings as environment
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from letterbox.models import User
from letterbox.services import languages


class Language:
    """Middleware that speaks the reader's language; runs when the person is known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the language that this reader wants."""
        language = of_request(request)
        # It ends with the request: the same thread goes on with somebody else's.
        with translation.override(language):
            response = self.get_response(request)
        patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", language)
        return response


def of_request(request: HttpRequest) -> str:
    """The code of the language to answer in."""
    user = getattr(request, "user", None)
    chosen = languages.offered(user.language) if isinstance(user, User) else ""
    return chosen or languages.of_company() or _accepted(request)


def _accepted(request: HttpRequest) -> str:
    """The best one that the browser asks for."""
    wanted = request.headers.get("Accept-Language", "")
    for code, _quality in parse_accept_lang_header(wanted):
        if language := languages.offered(code):
            return language
    return environment.LANGUAGE_CODE
