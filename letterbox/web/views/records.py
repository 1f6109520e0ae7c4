"""Cases and leads: the list, one of them, and its fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages as flashes
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from letterbox import access
from letterbox.models import Case, Lead, Message, User
from letterbox.services import cases, leads
from letterbox.web import record_lists
from letterbox.web.answers import back
from letterbox.web.doors import UserRequest
from letterbox.web.forms.records import CaseForm, LeadForm, changed_values

# The newest letters that stand on a record's page; the conversation has them all.
MOST_LETTERS = 10


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: its words, and who gives, shows and changes it."""

    name: str
    list_name: str
    title: str | Promise
    statuses: Sequence[tuple[str, str | Promise]]
    # What a line of the list shows of a row, and of those that it points to.
    shown: tuple[str, ...]
    shown_with: tuple[str, ...]
    all: Callable[..., QuerySet[Any]]
    get: Callable[..., Any]
    form: type[CaseForm] | type[LeadForm]
    change: Callable[..., object]


CASES = Kind(
    name="case",
    list_name="cases",
    title=gettext_lazy("Cases"),
    statuses=Case.Status.choices,
    shown=(
        "subject",
        "status",
        "priority",
        "reported_at",
        "assignee__name",
        "assignee__email",
        "contact__name",
        "mailbox__label",
    ),
    shown_with=("assignee", "contact", "mailbox"),
    all=access.cases,
    get=access.get_case,
    form=CaseForm,
    change=cases.change,
)
LEADS = Kind(
    name="lead",
    list_name="leads",
    title=gettext_lazy("Leads"),
    statuses=Lead.Status.choices,
    shown=(
        "name",
        "first_name",
        "last_name",
        "company",
        "status",
        "created_at",
        "owner__name",
        "owner__email",
        "mailbox__label",
    ),
    shown_with=("owner", "mailbox"),
    all=access.leads,
    get=access.get_lead,
    form=LeadForm,
    change=leads.change,
)


@require_GET
def record_list(request: UserRequest, kind: Kind) -> HttpResponse:
    """The records, newest first, of one status or of all."""
    status = request.GET.get("status", "")
    rows = kind.all(request.user).select_related(*kind.shown_with).only(*kind.shown)
    if status in dict(kind.statuses):
        rows = rows.filter(status=status)
    context = {
        "kind": kind,
        "page": record_lists.page(rows, before=request.GET.get("before", "")),
        "status": status,
        "rows_template": f"records/{kind.name}_rows.html",
    }
    is_part = request.GET.get("part") == "rows"
    template = context["rows_template"] if is_part else "records/list.html"
    return render(request, str(template), context)


@require_http_methods(["GET", "POST"])
def record(request: UserRequest, record_id: int, kind: Kind) -> HttpResponse:
    """One record; posting changes the fields that were touched."""
    is_change = request.method == "POST"
    ability = access.REPLY if is_change else access.READ
    found = kind.get(request.user, record_id, ability=ability)
    form = kind.form(
        request.POST if is_change else None,
        instance=kind.get(request.user, record_id),
        people=_people(found),
    )
    if is_change and form.is_valid():
        kind.change(found, by=request.user, **changed_values(form))
        flashes.success(request, _("Saved."))
        return back(request, kind.name, record_id)
    conversation = found.conversation and found.conversation.place
    context = {
        "kind": kind,
        "record": found,
        "form": form,
        "may_change": access.ability_in(request.user, found.mailbox_id or 0)
        >= access.REPLY,
        "conversation": conversation,
        "letters": _letters(request.user, conversation.pk) if conversation else (),
    }
    status = 422 if is_change else 200
    return render(request, "records/record.html", context, status=status)


def _people(found: Case | Lead) -> QuerySet[User]:
    if found.mailbox is None:
        return User.objects.none()
    return access.people_in(found.mailbox, access.REPLY)


def _letters(user: User, conversation_id: int) -> QuerySet[Message]:
    return (
        access.messages(user)
        .filter(conversation=conversation_id)
        .defer("text", "new_text", "trace", "facts", "thread_facts")
        .order_by("-received_at", "-pk")[:MOST_LETTERS]
    )
