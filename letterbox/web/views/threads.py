"""What belongs together: merge conversations, split one, take either back."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from letterbox import access
from letterbox.models import Conversation
from letterbox.services import merging, originals, splitting
from letterbox.services import undoing as undoings
from letterbox.web.answers import back, takes_away
from letterbox.web.doors import UserRequest
from letterbox.web.forms.threads import OriginalForm

MOST_CHOICES = 20
LONGEST_QUERY = 200


@require_http_methods(["GET", "POST"])
def merging_page(request: UserRequest, conversation_id: int) -> HttpResponse:
    """Choose the conversation that this one goes into; posting merges them."""
    found = access.get_conversation(request.user, conversation_id, ability=access.REPLY)
    others = (
        access.conversations(request.user, access.REPLY)
        .filter(mailbox=found.mailbox_id)
        .exclude(pk=found.pk)
    )
    if request.method == "POST":
        chosen = request.POST.get("into", "")
        into = others.filter(pk=chosen).first() if _is_number(chosen) else None
        if into is None:
            raise access.NotFound
        merging.merge(found, into=into, by=request.user)
        flashes.success(request, _("Merged. The history below can take it back."))
        return redirect("conversation", into.pk)
    words = request.GET.get("q", "").strip().replace("\0", "")[:LONGEST_QUERY]
    context = {
        "conversation": found,
        "words": words,
        "choices": _choices(found, others, words)[:MOST_CHOICES],
    }
    return render(request, "conversation/merging.html", context)


@require_POST
def undoing(request: UserRequest, conversation_id: int, event_id: int) -> HttpResponse:
    """Take a merge, a split or a conversion back, from its line in the history."""
    found = access.get_conversation(request.user, conversation_id, ability=access.REPLY)
    event = found.events.filter(pk=event_id).first()
    if event is None:
        raise access.NotFound
    try:
        other = undoings.undo(event, by=request.user)
    except ValueError as problem:
        flashes.warning(request, str(problem))
        return back(request, "conversation", found.pk)
    flashes.success(request, _("Taken back."))
    return redirect("conversation", other.pk)


@require_POST
def separation(request: UserRequest, message_id: int) -> HttpResponse:
    """Give a message, with the answers to it, a conversation of its own."""
    found = access.get_message(request.user, message_id, ability=access.REPLY)
    try:
        made = splitting.split(found, by=request.user)
    except splitting.NothingToSplit:
        flashes.warning(
            request, _("The whole conversation hangs on this message, so it stays.")
        )
        return _to_conversation(request, found.conversation_id)
    flashes.success(request, _("It has a conversation of its own now."))
    return redirect("conversation", made.pk)


@require_http_methods(["DELETE", "POST"])
def doubts(request: UserRequest, message_id: int) -> HttpResponse:
    """Say that a message is where it belongs: what was in doubt is settled."""
    found = access.get_message(request.user, message_id, ability=access.REPLY)
    splitting.keep(found, by=request.user)
    return _to_conversation(request, found.conversation_id)


@require_http_methods(["POST", "DELETE"])
def original_sender(request: UserRequest, message_id: int) -> HttpResponse:
    """Say who wrote what a colleague forwarded, or take that back."""
    found = access.get_message(request.user, message_id, ability=access.REPLY)
    if takes_away(request):
        originals.forget_original(found, by=request.user)
        return _to_conversation(request, found.conversation_id)
    form = OriginalForm(request.POST)
    if form.is_valid():
        contact = originals.name_original(
            found,
            email=form.cleaned_data["email"],
            name=form.cleaned_data["name"],
            by=request.user,
        )
        flashes.success(
            request,
            _("%(name)s is the contact now; answers go there.") % {"name": contact},
        )
    else:
        flashes.error(request, _("Give the e-mail address of whoever wrote it."))
    return _to_conversation(request, found.conversation_id)


def _choices(
    found: Conversation, others: QuerySet[Conversation], words: str
) -> QuerySet[Conversation]:
    """Those that hold the words, else those with the same person, newest first."""
    if not words:
        wanted = Q(contact=found.contact_id) if found.contact_id else Q(pk__in=[])
    else:
        wanted = Q(subject__icontains=words) | Q(last_from__icontains=words)
        number = words.lstrip("#")
        if _is_number(number):
            wanted |= Q(pk=int(number)) | Q(case=int(number))
    chosen = others.filter(wanted).select_related("case", "contact")
    return chosen.order_by("-last_message_at", "-pk")


def _to_conversation(request: UserRequest, conversation_id: int | None) -> HttpResponse:
    if conversation_id is None:
        return back(request, "inbox")
    return back(request, "conversation", conversation_id)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
