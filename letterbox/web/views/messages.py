"""One message: its body in a frame, its attachments, its raw bytes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from letterbox import access
from letterbox.web import csp, reading, timeline
from letterbox.web.doors import UserRequest
from letterbox.web.pictures import links

# What a browser may show by itself; it runs nothing, by FILE_POLICY as well.
SHOWN_TYPES = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "text/plain"}
)


@require_GET
def message(request: UserRequest, message_id: int) -> HttpResponse:
    """One message by itself; a folded one fetches its inside."""
    found = access.get_message(request.user, message_id)
    context = {
        "message": found,
        "mail": timeline.mail_of(found),
        "may_reply": access.ability_in(request.user, found.mailbox_id) >= access.REPLY,
    }
    is_fragment = request.headers.get("HX-Request") == "true"
    template = "message_inside" if is_fragment else "message_page"
    return render(request, f"conversation/{template}.html", context)


@require_GET
@xframe_options_sameorigin
def body(request: UserRequest, message_id: int) -> HttpResponse:
    """The letter's HTML as a page of its own, for the sandboxed frame."""
    found = access.get_message(request.user, message_id)
    shows_images = request.GET.get("images") == "1"
    proxy = links.proxy_for(found, request.user) if shows_images else None
    made = reading.html_body(found, proxy=proxy)
    response = render(request, "conversation/body.html", {"body": made})
    response.headers[csp.HEADER] = csp.letter_policy()
    # A letter must not learn where its reader was.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@require_GET
def attachment(request: UserRequest, message_id: int, index: int) -> HttpResponse:
    """One attachment: shown where a browser can do so safely, else saved."""
    found = access.get_message(request.user, message_id)
    described = reading.attachment_of(found, index)
    if described is None:
        raise access.NotFound
    is_shown = described.content_type in SHOWN_TYPES and "save" not in request.GET
    return _file(
        request,
        reading.content_of(found, described),
        described.content_type if is_shown else "application/octet-stream",
        described.filename or f"part-{index + 1}",
        is_saved=not is_shown,
    )


@require_GET
def raw(request: UserRequest, message_id: int) -> HttpResponse:
    """The bytes of the letter, exactly as they came."""
    found = access.get_message(request.user, message_id)
    return _file(
        request,
        found.raw.content,
        "message/rfc822" if "save" in request.GET else "text/plain",
        f"message-{found.pk}.eml",
        is_saved="save" in request.GET,
    )


def _file(
    request: HttpRequest,
    content: bytes,
    content_type: str,
    name: str,
    *,
    is_saved: bool,
) -> HttpResponse:
    if content_type == "text/plain":
        content_type = "text/plain; charset=utf-8"
    response = HttpResponse(content, content_type=content_type)
    disposition = content_disposition_header(as_attachment=is_saved, filename=name)
    response.headers["Content-Disposition"] = disposition or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers[csp.HEADER] = csp.FILE_POLICY
    return response
