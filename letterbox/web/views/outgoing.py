"""Promises to send: take one back, let one go, give one up."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from letterbox import access
from letterbox.models import OutgoingMail
from letterbox.services import outbox
from letterbox.web import taken_back, timeline
from letterbox.web.answers import back
from letterbox.web.doors import UserRequest
from letterbox.web.views.conversations import attach_again


@require_GET
def outgoing(request: UserRequest, outgoing_id: int) -> HttpResponse:
    """The message of a promise as its conversation shows it; empty once taken back."""
    mail = access.get_outgoing(request.user, outgoing_id)
    if mail.sent_message is None or mail.conversation is None:
        return HttpResponse()
    item = timeline.Item(
        timeline.Kind.MESSAGE,
        mail.sent_message.received_at,
        mail.sent_message,
        mail=mail,
    )
    may_reply = access.ability_in(request.user, mail.mailbox_id) >= access.REPLY
    context = {"item": item, "may_reply": may_reply, "conversation": mail.conversation}
    return render(request, item.template, context)


@require_POST
def retraction(request: UserRequest, outgoing_id: int) -> HttpResponse:
    """Take an answer back while it waits; its text stands in the form again."""
    mail = _get(request, outgoing_id)
    try:
        taken = outbox.take_back(mail, by=request.user)
    except outbox.TooLate:
        flashes.warning(request, _("It was too late: the answer is on its way."))
    else:
        taken_back.keep(request, mail.conversation_id or 0, taken)
        flashes.success(request, _("Taken back. The text is in the form again."))
        if taken.files:
            flashes.warning(request, attach_again(taken.files))
    return back(request, "conversation", mail.conversation_id or 0)


@require_POST
def release(request: UserRequest, outgoing_id: int) -> HttpResponse:
    """Send what was held, failed or unsure, because a person says so."""
    mail = _get(request, outgoing_id)
    try:
        outbox.release(mail, by=request.user)
    except outbox.Blank as problem:
        flashes.warning(request, str(problem))
    except outbox.TooLate:
        flashes.warning(request, _("It does not wait any more."))
    return back(request, "conversation", mail.conversation_id or 0)


@require_POST
def discarding(request: UserRequest, outgoing_id: int) -> HttpResponse:
    """Decide that it shall not be sent."""
    mail = _get(request, outgoing_id)
    try:
        outbox.discard(mail, by=request.user)
    except outbox.TooLate:
        flashes.warning(request, _("It does not wait any more."))
    return back(request, "conversation", mail.conversation_id or 0)


def _get(request: UserRequest, outgoing_id: int) -> OutgoingMail:
    return access.get_outgoing(request.user, outgoing_id, ability=access.REPLY)
