"""What a person says about a decision: send anyway, trust this sender, mute them."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from letterbox import access
from letterbox.inbound import sending_anyway
from letterbox.models import Message
from letterbox.services import contacts
from letterbox.web.answers import back
from letterbox.web.doors import UserRequest


@require_POST
def answers(request: UserRequest, message_id: int) -> HttpResponse:
    """Send anyway: have a rule answer a letter that a guard kept from it."""
    found = access.get_message(request.user, message_id, ability=access.REPLY)
    chosen = request.POST.get("rule", "")
    rule = found.mailbox.rules.filter(pk=chosen).first() if chosen.isdecimal() else None
    if rule is None:
        raise access.NotFound
    try:
        sending_anyway.send_anyway(found, rule, by=request.user)
    except sending_anyway.CannotSend as problem:
        flashes.warning(request, str(problem))
    else:
        flashes.success(request, _("The answer is on its way."))
    return _back(request, found)


@require_POST
def sender_decision(request: UserRequest, message_id: int) -> HttpResponse:
    """Trust the sender, mute them, or leave it to the guards again."""
    found = access.get_message(request.user, message_id, ability=access.REPLY)
    wanted = request.POST.get("decision", "")
    address = contacts.address_of(found)
    if address is None:
        flashes.warning(request, _("This letter names no sender."))
        return _back(request, found)
    contacts.decide_on_answers(
        address,
        by=request.user,
        is_trusted=wanted == "trust",
        is_muted=wanted == "mute",
    )
    said = {
        "trust": _(
            "This sender is trusted: rules may answer, loops are stopped still."
        ),
        "mute": _("This sender is muted: no rule answers them."),
    }
    flashes.success(request, said.get(wanted, _("The guards decide on this sender.")))
    return _back(request, found)


def _back(request: UserRequest, message: Message) -> HttpResponse:
    return back(request, "conversation", message.conversation_id or 0)
