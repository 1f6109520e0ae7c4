"""The Content-Security-Policy of every page, and the stricter one of a letter's frame.

A page runs only scripts that carry this answer's nonce, and nothing inline without
it. Holds no markup and decides nothing about who may see what.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

HEADER = "Content-Security-Policy"

Parameters = ParamSpec("Parameters")
View = Callable[Concatenate[HttpRequest, Parameters], HttpResponse]


def page_policy(nonce: str) -> str:
    """The policy of our own pages; `nonce` is new with every answer."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "frame-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def letter_policy() -> str:
    """The policy of a letter's body: no script, no form, no address but pictures.

    Pictures come from us: in the page itself, or through our proxy on the reader's
    wish. `allow-same-origin` lets our page measure the frame; it gives a letter
    nothing, as no script runs in it, by `sandbox` and by `default-src` both. Links open
    in a tab of their own that is not sandboxed.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "img-src 'self' data:",
            "style-src 'unsafe-inline'",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'self'",
            "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox",
        )
    )


# A file from a letter: shown or saved, it may do nothing at all.
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def with_policy(policy: str) -> Callable[[View[Parameters]], View[Parameters]]:
    """Let a view answer with its own policy instead of the page's."""

    def decorate(view: View[Parameters]) -> View[Parameters]:
        @wraps(view)
        def wrapped(
            request: HttpRequest, /, *args: Parameters.args, **kwargs: Parameters.kwargs
        ) -> HttpResponse:
            response = view(request, *args, **kwargs)
            response.headers[HEADER] = policy
            return response

        return wrapped

    return decorate


def nonce(request: HttpRequest) -> dict[str, str]:
    """Context processor: the nonce as `csp_nonce`, the name django-htmx looks for."""
    return {"csp_nonce": getattr(request, "csp_nonce", "")}


@sync_and_async_middleware
def content_security_policy(get_response: Callable[[HttpRequest], Any]) -> Any:
    """Middleware that sets the page's policy on each answer that has none."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            token = _make_nonce(request)
            return _with_page_policy(await get_response(request), token)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        token = _make_nonce(request)
        return _with_page_policy(get_response(request), token)

    return answer


def _make_nonce(request: HttpRequest) -> str:
    token = secrets.token_urlsafe(16)
    request.csp_nonce = token  # type: ignore[attr-defined]
    return token


def _with_page_policy(response: HttpResponseBase, token: str) -> HttpResponseBase:
    response.headers.setdefault(HEADER, page_policy(token))
    return response
