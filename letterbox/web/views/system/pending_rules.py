"""Add Rule on the page of a mailbox that is not saved yet."""

from __future__ import annotations

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from letterbox import access
from letterbox.models import Mailbox
from letterbox.web import pending_rules
from letterbox.web.doors import UserRequest
from letterbox.web.forms.rules import RuleForm
from letterbox.web.views.system.rules import form_context

MAY_ADD = "administer-mailboxes"


@require_http_methods(["GET", "POST"])
def pending_rule(request: UserRequest) -> HttpResponse:
    """A rule for the mailbox that is being added; `?place=0` is the first one again."""
    access.require_ability(request.user, MAY_ADD)
    place = _place(request.GET.get("place", ""))
    is_sent = request.method == "POST"
    data: QueryDict | None = request.POST if is_sent else None
    if not is_sent and place is not None:
        data = pending_rules.typed(request, place)
        if data is None:
            raise access.NotFound
    form = RuleForm(Mailbox(), data=data, uploads=request.FILES)
    status = 200
    if is_sent and form.change(request.POST.get("do", "")):
        form.unbind()
    elif is_sent:
        if form.is_valid() and pending_rules.keep(request, form, place=place):
            return _to_mailbox()
        status = 422
    context = {**form_context(request, form), "here": request.get_full_path()}
    return render(request, "system/rules/rule.html", context, status=status)


def _place(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else None


def _to_mailbox() -> HttpResponse:
    return redirect(f"{reverse('mailbox_new')}#autoresponse-rules")
