"""What a page asks for many times is read once.

The language, the name of the company, the signature: each was a question to the
database of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from letterbox.services import settings


class Once:
    """Middleware; stands around whatever asks for settings."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the settings as they are when first asked for."""
        with settings.read_once():
            return self.get_response(request)
