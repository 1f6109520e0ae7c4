"""People outside: the list, and one of them with everything they wrote."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from letterbox import access
from letterbox.services import contacts
from letterbox.web import record_lists
from letterbox.web.doors import UserRequest
from letterbox.web.forms.records import ContactForm, changed_values


@require_GET
def contact_list(request: UserRequest) -> HttpResponse:
    """The contacts, newest first, or those whose name or address holds some words."""
    words = request.GET.get("q", "").strip()[:200]
    rows = access.contacts(request.user).prefetch_related("addresses")
    if words:
        by_address = access.contacts(request.user).filter(
            addresses__email__icontains=words
        )
        rows = rows.filter(
            Q(name__icontains=words)
            | Q(company__icontains=words)
            | Q(pk__in=by_address.values("pk"))
        )
    page = record_lists.page(rows, before=request.GET.get("before", ""))
    context = {"page": page, "words": words}
    template = "rows" if request.GET.get("part") == "rows" else "list"
    return render(request, f"contacts/{template}.html", context)


@require_http_methods(["GET", "POST"])
def contact(request: UserRequest, contact_id: int) -> HttpResponse:
    """One contact; posting changes the fields that were touched."""
    found = access.get_contact(request.user, contact_id)
    is_change = request.method == "POST"
    may_change = access.conversations(request.user, access.REPLY).filter(
        messages__contact=found
    )
    form = ContactForm(
        request.POST if is_change else None,
        instance=access.get_contact(request.user, contact_id),
    )
    if is_change and not may_change.exists():
        raise access.NotAllowed
    if is_change and form.is_valid():
        contacts.change(found, by=request.user, **changed_values(form))
        flashes.success(request, _("Saved."))
        return redirect("contact", contact_id)
    conversations = access.conversations(request.user).filter(contact=found)
    context = {
        "contact": found,
        "form": form,
        "may_change": may_change.exists(),
        "conversations": conversations.select_related("mailbox").order_by(
            "-last_message_at"
        )[:50],
        "cases": access.cases(request.user).filter(contact=found)[:50],
        "leads": access.leads(request.user).filter(contact=found)[:50],
    }
    status = 422 if is_change else 200
    return render(request, "contacts/contact.html", context, status=status)
