"""Roles: the grid, and one of them with its abilities and members."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from letterbox import access
from letterbox.services import people, roles
from letterbox.services.speaking import say
from letterbox.web.doors import UserRequest
from letterbox.web.forms.people import RoleForm

MAY = "administer-people"
# More are found in the grid of users.
MOST_MEMBERS = 200


@require_GET
def role_list(request: UserRequest) -> HttpResponse:
    """The grid of roles."""
    access.require_ability(request.user, MAY)
    rows = access.roles(request.user).annotate(
        member_count=Count("members", filter=Q(members__is_active=True), distinct=True),
        mailbox_count=Count("grants", distinct=True),
    )
    shown = [
        (row, [say(access.ABILITIES.get(name, name)) for name in row.abilities])
        for row in rows
    ]
    return render(request, "system/people/roles.html", {"rows": shown})


@require_http_methods(["GET", "POST"])
def role_new(request: UserRequest) -> HttpResponse:
    """Add Role."""
    access.require_ability(request.user, MAY)
    form = RoleForm(request.POST or None)
    if form.is_valid():
        try:
            made = roles.add(by=request.user, **form.cleaned_data)
        except people.NotPossible as problem:
            form.add_error("abilities", str(problem))
        else:
            return redirect("role", made.pk)
    status = 422 if form.is_bound else 200
    return render(request, "system/people/role.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
def role(request: UserRequest, role_id: int) -> HttpResponse:
    """One role."""
    found = access.get_role(request.user, role_id)
    form = RoleForm(
        request.POST or None,
        role=found,
        initial={
            "name": found.name,
            "abilities": found.abilities,
            "requires_two_factor": found.requires_two_factor,
        },
    )
    if form.is_valid():
        try:
            roles.change(
                access.get_role(request.user, role_id),
                by=request.user,
                **form.cleaned_data,
            )
        except people.NotPossible as problem:
            form.add_error("abilities", str(problem))
        else:
            flashes.success(request, _("Saved."))
            return redirect("role", found.pk)
    context = {
        "form": form,
        "role": found,
        "members": access.users(request.user).filter(roles=found)[:MOST_MEMBERS],
        "administered": access.administered_mailbox_ids(request.user),
        "grants": found.grants.select_related("mailbox").order_by("mailbox__label"),
    }
    status = 422 if form.is_bound else 200
    return render(request, "system/people/role.html", context, status=status)


@require_POST
def role_removal(request: UserRequest, role_id: int) -> HttpResponse:
    """Remove a role and what it gave."""
    found = access.get_role(request.user, role_id)
    try:
        roles.remove(found, by=request.user)
    except people.NotPossible as problem:
        flashes.error(request, str(problem))
        return redirect("role", role_id)
    flashes.success(request, _("The role %(name)s is removed.") % {"name": found.name})
    return redirect("roles")
