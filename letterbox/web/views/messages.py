"""One message: its body in a frame, its attachments, its raw bytes."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from letterbox import access
from letterbox.imap.errors import ImapError
from letterbox.mime import attachments, fold
from letterbox.mime.letter import Attachment, Letter
from letterbox.models import Message
from letterbox.services import letters
from letterbox.sync import on_demand
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
        "is_gone": found.pk in letters.gone_from_server([found.pk]),
        "may_reply": access.ability_in(request.user, found.mailbox_id) >= access.REPLY,
        "view": request.GET.get("view", ""),
    }
    if context["view"] == "raw":
        context["source"] = reading.source(found)
    is_fragment = request.headers.get("HX-Request") == "true"
    template = "message_inside" if is_fragment else "message_page"
    return render(request, f"conversation/{template}.html", context)


@require_POST
def fetch_whole(request: UserRequest, message_id: int) -> HttpResponse:
    """Fetch the rest of a letter that was too large to be fetched unasked."""
    found = access.get_message(request.user, message_id)
    try:
        on_demand.fetch_whole(found, by=request.user)
    except (on_demand.NotThere, ImapError) as error:
        flashes.error(request, str(error))
    else:
        flashes.success(request, _("The whole letter is here now."))
    return redirect("message", found.pk)


@require_GET
@xframe_options_sameorigin
def body(request: UserRequest, message_id: int) -> HttpResponse:
    """The letter's HTML as a page of its own, for the sandboxed frame."""
    found = access.get_message(request.user, message_id)
    shows_images = request.GET.get("images") == "1"
    proxy = links.proxy_for(found, request.user) if shows_images else None
    return _frame(request, reading.html_body(found, proxy=proxy))


def _frame(request: UserRequest, made: reading.Body) -> HttpResponse:
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
    return _attachment(
        request, described, reading.content_of(found, described), number=index + 1
    )


@require_GET
def nested_letter(request: UserRequest, message_id: int, index: int) -> HttpResponse:
    """A letter that is attached to a message, opened as a letter."""
    found = access.get_message(request.user, message_id)
    _raw, letter = _nested(found, index)
    context = {
        "message": found,
        "letter": letter,
        "index": index,
        "segments": reading.segments(fold.fold(letter.text)),
    }
    return render(request, "conversation/nested.html", context)


@require_GET
@xframe_options_sameorigin
def nested_body(request: UserRequest, message_id: int, index: int) -> HttpResponse:
    """The HTML of an attached letter, for its frame; it loads no remote pictures."""
    found = access.get_message(request.user, message_id)
    return _frame(request, reading.letter_html(*_nested(found, index)))


@require_GET
def nested_attachment(
    request: UserRequest, message_id: int, index: int, inner: int
) -> HttpResponse:
    """An attachment of an attached letter."""
    found = access.get_message(request.user, message_id)
    raw, letter = _nested(found, index)
    if inner >= len(letter.attachments):
        raise access.NotFound
    described = letter.attachments[inner]
    content = attachments.read_attachment(raw, described)
    return _attachment(request, described, content, number=inner + 1)


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


def _nested(found: Message, index: int) -> tuple[bytes, Letter]:
    nested = reading.nested(found, index)
    if nested is None:
        raise access.NotFound
    return nested


def _attachment(
    request: HttpRequest, described: Attachment, content: bytes, *, number: int
) -> HttpResponse:
    is_shown = described.content_type in SHOWN_TYPES and "save" not in request.GET
    return _file(
        request,
        content,
        described.content_type if is_shown else "application/octet-stream",
        attachments.name_for_file(described, number),
        is_saved=not is_shown,
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
