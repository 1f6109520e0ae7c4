"""One conversation: read it, answer it, and put it away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from letterbox import access
from letterbox.inbound import conversion
from letterbox.mime import build
from letterbox.models import Conversation, Message
from letterbox.services import conversations, matters, records, replies, settings
from letterbox.web import open_matters, snoozing, taken_back, timeline
from letterbox.web.answers import back, takes_away
from letterbox.web.doors import UserRequest
from letterbox.web.forms.records import CaseForm, LeadForm, side_fields
from letterbox.web.forms.replies import NoteForm, ReplyForm, SnoozeForm
from letterbox.web.views import inbox


@require_GET
def conversation(request: UserRequest, conversation_id: int) -> HttpResponse:
    """The conversation beside its list, or alone where the pane asks for it."""
    found = access.get_conversation(request.user, conversation_id)
    if found.pk != conversation_id:
        return redirect("conversation", found.pk)
    conversations.mark_read(found)
    if request.headers.get("HX-Target") == "pane":
        return render(request, "conversation/pane.html", pane_context(request, found))
    return _page(request, found)


@require_GET
def newer(request: UserRequest, conversation_id: int) -> HttpResponse:
    """What came after the position that the page has; its head and side as well."""
    found = access.get_conversation(request.user, conversation_id)
    after = timeline.Position.read(request.GET.get("after", ""))
    items, position = timeline.build(found, after=after)
    conversations.mark_read(found)
    context = _head_context(request, found) | {"items": items, "position": position}
    return render(request, "conversation/newer.html", context)


@require_POST
def reply(request: UserRequest, conversation_id: int) -> HttpResponse:
    """Queue an answer and show the conversation, where it can still be taken back."""
    found = access.get_conversation(request.user, conversation_id, ability=access.REPLY)
    if found.mailbox.removed_at is not None:
        raise access.NotAllowed
    form = ReplyForm(request.POST, request.FILES)
    if not form.is_valid():
        return _once_more(request, found, form)
    written = form.cleaned_data
    try:
        replies.queue(
            found,
            author=request.user,
            text=written["text"],
            to=written["to"],
            cc=written["cc"],
            bcc=written["bcc"],
            attachments=[
                build.DraftAttachment(
                    filename=file.name,
                    content_type=file.content_type or "application/octet-stream",
                    content=file.read(),
                )
                for file in written["attachments"]
            ],
            written_on_version=written["version"],
        )
    except replies.NobodyToWriteTo as problem:
        form.add_error("to", str(problem))
        return _once_more(request, found, form)
    except replies.Outdated as outdated:
        return _once_more(request, found, _on_top(request, found, outdated))
    taken_back.forget(request, found.pk)
    if written["closes"]:
        found.refresh_from_db()
        conversations.close(found, by=request.user)
    return back(request, "conversation", found.pk)


@require_POST
def note(request: UserRequest, conversation_id: int) -> HttpResponse:
    """Write to colleagues."""
    found = access.get_conversation(request.user, conversation_id, ability=access.REPLY)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, found, note_form=form, status=422)
    conversations.add_note(found, author=request.user, text=form.cleaned_data["text"])
    return back(request, "conversation", found.pk)


@require_http_methods(["POST", "DELETE"])
def closure(request: UserRequest, conversation_id: int) -> HttpResponse:
    """Close the conversation, or take its closure away."""
    found = access.get_conversation(request.user, conversation_id, ability=access.REPLY)
    if takes_away(request):
        conversations.reopen(found, by=request.user)
    else:
        conversations.close(found, by=request.user)
        flashes.success(request, _("Closed. A new letter opens it again."))
    return back(request, "conversation", found.pk)


@require_POST
def assignment(request: UserRequest, conversation_id: int) -> HttpResponse:
    """Give the conversation to a person who may answer in its mailbox, or to nobody."""
    found = access.get_conversation(request.user, conversation_id, ability=access.REPLY)
    chosen = request.POST.get("to", "")
    person = None
    if chosen:
        people = access.people_in(found.mailbox, access.REPLY)
        person = people.filter(pk=chosen).first() if chosen.isdecimal() else None
        if person is None:
            raise access.NotFound
    conversations.assign(found, to=person, by=request.user)
    return back(request, "conversation", found.pk)


@require_http_methods(["POST", "DELETE"])
def snooze(request: UserRequest, conversation_id: int) -> HttpResponse:
    """Let the conversation sleep until a moment, or wake it now."""
    found = access.get_conversation(request.user, conversation_id, ability=access.REPLY)
    if takes_away(request):
        conversations.wake(found, by=request.user)
        return back(request, "conversation", found.pk)
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=422)
    until = snoozing.wake_time(form.cleaned_data["until"], timezone.localtime())
    conversations.snooze(found, until=until, by=request.user)
    return back(request, "conversation", found.pk)


@require_http_methods(["POST", "DELETE"])
def spam(request: UserRequest, conversation_id: int) -> HttpResponse:
    """Move the conversation to Spam, or back."""
    found = access.get_conversation(request.user, conversation_id, ability=access.REPLY)
    conversations.mark_spam(found, is_spam=not takes_away(request), by=request.user)
    return back(request, "conversation", found.pk)


@require_POST
def records_of(request: UserRequest, conversation_id: int) -> HttpResponse:
    """Open a case or a lead for the conversation, or say that it needs none."""
    found = access.get_conversation(request.user, conversation_id, ability=access.REPLY)
    kind = request.POST.get("kind", "")
    if kind == "none":
        matters.decline(found, by=request.user)
        return back(request, "conversation", found.pk)
    if kind not in matters.KINDS:
        raise access.NotFound
    try:
        conversion.open_by_hand(found, kind, by=request.user)
    except ValueError as problem:
        flashes.warning(request, str(problem))
    else:
        flashes.success(request, _("Opened. The history below can take it back."))
    return back(request, "conversation", found.pk)


def pane_context(
    request: UserRequest,
    found: Conversation,
    *,
    reply_form: ReplyForm | None = None,
    note_form: NoteForm | None = None,
) -> dict[str, Any]:
    """Everything that the conversation's pane shows."""
    items, position = timeline.build(found)
    head = _head_context(request, found)
    case, lead, people = head["case"], head["lead"], head["people"]
    return head | {
        "items": items,
        "position": position,
        "case_fields": side_fields(CaseForm(instance=case, people=people))
        if case
        else (),
        "lead_fields": side_fields(LeadForm(instance=lead, people=people))
        if lead
        else (),
        "others": _others(request, found),
        "open_matters": [] if head["decision"] else open_matters.beside(found),
        "reply_form": reply_form
        or _new_reply(request, found, timeline.newest_letters(items)),
        "note_form": note_form or NoteForm(auto_id="note_%s"),
    }


def _head_context(request: UserRequest, found: Conversation) -> dict[str, Any]:
    """What its head, the question it may ask, and its facts show."""
    # Those of a conversation that was merged into this one as well.
    case, lead = records.find_both(found)
    place = request.GET.copy()
    place.pop("after", None)
    return {
        "conversation": found,
        "case": case,
        "lead": lead,
        "decision": open_matters.to_decide(found),
        "may_reply": found.mailbox.removed_at is None
        and access.ability_in(request.user, found.mailbox_id) >= access.REPLY,
        "people": access.people_in(found.mailbox, access.REPLY),
        "is_asleep": bool(found.snoozed_until and found.snoozed_until > timezone.now()),
        "snooze_choices": SnoozeForm.CHOICES,
        "place": place.urlencode(),
    }


def _page(
    request: UserRequest, found: Conversation, *, status: int = 200, **forms: Any
) -> HttpResponse:
    context = (
        inbox.list_context(request, found)
        | inbox.views_context(request)
        | pane_context(request, found, **forms)
    )
    return render(request, "inbox/page.html", context, status=status)


def _new_reply(
    request: UserRequest, found: Conversation, newest: Sequence[Message]
) -> ReplyForm:
    asked = request.GET.get("reply") or settings.get("reply-default")
    asks_all = asked in {"all", "reply-all"}
    to, cc = replies.default_recipients(found, reply_all=asks_all, newest=newest)
    return ReplyForm(
        initial={
            "to": to,
            "cc": cc,
            "text": replies.signature_of(found, request.user),
            "version": found.version,
        }
        | taken_back.initial(request, found.pk)
    )


def attach_again(names: Sequence[str]) -> str:
    """What to do about files that came with an answer which was not sent."""
    return _("Attach the files again: %(names)s.") % {"names": ", ".join(names)}


def _once_more(
    request: UserRequest, found: Conversation, form: ReplyForm
) -> HttpResponse:
    """The answer as it was sent; no page can choose files again, so it names them."""
    names = [str(file.name) for file in request.FILES.getlist("attachments")]
    if names and "attachments" not in form.errors:
        form.add_error("attachments", attach_again(names))
    return _page(request, found, reply_form=form, status=422)


def _on_top(
    request: UserRequest, found: Conversation, outdated: replies.Outdated
) -> ReplyForm:
    """The same answer, to be sent in spite of what arrived if one still wishes it."""
    found.refresh_from_db()
    written = request.POST.copy()
    written["version"] = str(found.version)
    form = ReplyForm(written, request.FILES)
    form.add_error(
        None,
        ngettext(
            "The conversation changed since you began. Look at what is new above, "
            "then send again.",
            "%(count)d things changed in the conversation since you began. Look at "
            "what is new above, then send again.",
            outdated.count,
        )
        % {"count": outdated.count},
    )
    return form


def _others(request: UserRequest, found: Conversation) -> list[Conversation]:
    if found.contact_id is None:
        return []
    same = access.conversations(request.user).filter(contact=found.contact_id)
    newest = same.exclude(pk=found.pk).order_by("-last_message_at")
    return list(newest.only("subject", "last_message_at")[:5])
