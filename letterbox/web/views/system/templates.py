"""System → Emails → Templates: the grid, one template, clone, preview, delete."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flashes
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from letterbox import access
from letterbox.inbound import previewing
from letterbox.models import EmailTemplate, Mailbox
from letterbox.services import templates
from letterbox.web.doors import UserRequest
from letterbox.web.forms.templates import TemplateForm
from letterbox.web.views.system.rules import variables

MAY_EDIT = "administer-templates"
SORTS = ("name", "entity", "type")


@require_GET
def template_list(request: UserRequest) -> HttpResponse:
    """The grid; narrowed by name, entity, type, and whether it is a system one."""
    access.require_ability(request.user, MAY_EDIT)
    wish = {
        name: request.GET.get(name, "")
        for name in ("text", "entity", "type", "system", "sort")
    }
    rows = access.templates(request.user).annotate(rule_count=Count("rules"))
    if wish["text"]:
        rows = rows.filter(name__icontains=wish["text"][:100])
    if wish["entity"] in (*EmailTemplate.Entity.values, "none") and wish["entity"]:
        entity = "" if wish["entity"] == "none" else wish["entity"]
        rows = rows.filter(entity=entity)
    if wish["type"] in EmailTemplate.Type.values:
        rows = rows.filter(type=wish["type"])
    if wish["system"] in ("yes", "no"):
        rows = rows.filter(is_system=wish["system"] == "yes")
    sort = wish["sort"] if wish["sort"] in SORTS else "name"
    context = {
        "rows": rows.order_by(sort, "name", "pk"),
        "wish": wish,
        "entities": [
            (value or "none", label) for value, label in EmailTemplate.Entity.choices
        ],
        "types": EmailTemplate.Type.choices,
    }
    part = "rows" if request.GET.get("part") == "rows" else "list"
    return render(request, f"system/templates/{part}.html", context)


@require_http_methods(["GET", "POST"])
def template_new(request: UserRequest) -> HttpResponse:
    """A new template."""
    access.require_ability(request.user, MAY_EDIT)
    return _desk(request, None)


@require_http_methods(["GET", "POST"])
def template(request: UserRequest, template_id: int) -> HttpResponse:
    """One template; a system one can be looked at and cloned."""
    return _desk(request, access.get_template(request.user, template_id))


@require_POST
def clone(request: UserRequest, template_id: int) -> HttpResponse:
    """A copy of one's own to change."""
    found = access.get_template(request.user, template_id)
    made = templates.clone(found, by=request.user)
    flashes.success(request, _("“%(name)s” is yours to change.") % {"name": made.name})
    return redirect("template", made.pk)


@require_http_methods(["GET", "POST"])
def removal(request: UserRequest, template_id: int) -> HttpResponse:
    """Ask whether to delete a template, then delete it; not one that is in use."""
    found = access.get_template(request.user, template_id)
    try:
        if request.method == "POST":
            templates.delete(found, by=request.user)
        else:
            templates.require_deletable(found)
    except (templates.InUse, templates.IsSystem) as problem:
        flashes.error(request, str(problem))
        return redirect("template", found.pk)
    if request.method == "GET":
        return render(request, "system/templates/remove.html", {"template": found})
    flashes.success(request, _("The template is deleted."))
    return redirect("templates")


@require_POST
def template_previews(request: UserRequest) -> HttpResponse:
    """The words that are typed, with example values in them."""
    access.require_ability(request.user, MAY_EDIT)
    form = TemplateForm(data=request.POST, uploads=request.FILES)
    example = Mailbox(label="Support", address="support@example.com")
    made = previewing.preview(example, form.draft())
    context = {"preview": made, "bytes": made.shown_bytes}
    part = "_preview" if request.htmx else "preview"
    return render(request, f"system/rules/{part}.html", context)


def _desk(request: UserRequest, stored: EmailTemplate | None) -> HttpResponse:
    is_sent = request.method == "POST"
    form = TemplateForm(
        template=stored,
        data=request.POST if is_sent else None,
        uploads=request.FILES,
    )
    status = 200
    if is_sent and form.change(request.POST.get("do", "")):
        form.unbind()
    elif is_sent and stored is not None and stored.is_system:
        flashes.error(request, str(templates.IsSystem()))
        status = 422
    elif is_sent:
        saved = form.save(by=request.user)
        if saved is not None:
            flashes.success(request, _("“%(name)s” is saved.") % {"name": saved.name})
            return redirect("templates")
        status = 422
    context: dict[str, Any] = {
        "form": form,
        "template": stored,
        "rules": templates.rules_with(stored) if stored is not None else [],
        "administered": access.administered_mailbox_ids(request.user),
        "variables": variables(),
    }
    return render(request, "system/templates/template.html", context, status=status)
