"""What a page asks for many times is read once.

The language, the name of the company, the signature, what the reader may do: each was a
question to the database of its own, and some were asked ten times.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from letterbox.models import User
from letterbox.services import settings

# Whoever only reads cannot change, on the way, what they may do.
READING = ("GET", "HEAD")


class Once:
    """Middleware; stands around whatever asks for settings, roles and grants."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with settings and rights as they are when first asked for.

        Rights are kept by this request's own object of the person: what outlives the
        request, as a stream of events does, fetches the person anew and asks again.
        """
        user = getattr(request, "user", None)
        if isinstance(user, User):
            prefetch_related_objects([user], "roles")
            user.asks_once = request.method in READING
        with settings.read_once():
            return self.get_response(request)
