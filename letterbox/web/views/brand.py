"""The company's style sheet and logos: for everybody, as the sign-in page shows them.

A page names them by one address that never changes, so that no page asks the database
about them; browsers keep them for some minutes.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import condition, require_GET

from letterbox.services import branding
from letterbox.web import brand_colours, csp

KEPT = "public, max-age=300"
# Where the mark stands; its own picture gives way.
PLACES = {"brand-logo": "", "brand-logo-dark": '[data-bs-theme="dark"] '}


@login_not_required
@require_GET
def brand_style(request: HttpRequest) -> HttpResponse:
    """What the company's colour and logos change; empty where there are none."""
    colour = branding.colour()
    text = brand_colours.palette(colour).style() if colour else ""
    for name, place in PLACES.items():
        logo = branding.logo(name)
        if logo is not None:
            address = f"{reverse('brand_logo', args=[name])}?v={logo.mark}"
            text += (
                f"{place}.rail-mark svg, {place}.alone-mark svg {{ display: none }}\n"
                f"{place}.rail-mark, {place}.alone-mark::before {{ background: "
                f"url({address}) center / contain no-repeat }}\n"
                f"{place}.alone-mark::before "
                '{ content: ""; inline-size: 3rem; block-size: 2.5rem }\n'
            )
    answer = HttpResponse(text, content_type="text/css; charset=utf-8")
    answer.headers["Cache-Control"] = KEPT
    return answer


def _mark(request: HttpRequest, name: str) -> str | None:
    logo = branding.logo(name)
    return f'"{logo.mark}"' if logo else None


@login_not_required
@require_GET
@csp.with_policy(csp.FILE_POLICY)
@condition(etag_func=_mark)
def brand_logo(request: HttpRequest, name: str) -> HttpResponse:
    """One picture."""
    logo = branding.logo(name)
    if logo is None:
        raise Http404
    answer = HttpResponse(logo.content, content_type=logo.kind)
    answer.headers["Cache-Control"] = KEPT
    return answer
