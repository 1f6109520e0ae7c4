"""Users: the grid, inviting, one person, and the page that an invitation leads to."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages as flashes
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from letterbox import access
from letterbox.models import User
from letterbox.services import (
    history,
    identities,
    identity_providers,
    invitations,
    people,
    reasons,
    resets,
)
from letterbox.web.answers import takes_away
from letterbox.web.doors import UserRequest
from letterbox.web.forms.people import AcceptForm, InviteForm, PersonForm
from letterbox.web.views.first_run import BACKEND

PAGE_ROWS = 50
MAY = "administer-people"


@require_GET
def people_list(request: UserRequest) -> HttpResponse:
    """The grid of users; `part=rows` is the grid alone."""
    access.require_ability(request.user, MAY)
    text = request.GET.get("text", "").strip()[:200]
    role = request.GET.get("role", "")
    state = request.GET.get("state", "")
    rows = access.users(request.user)
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(email__icontains=text))
    if role.isascii() and role.isdecimal() and len(role) < 19:
        rows = rows.filter(roles=int(role))
    if state in {"on", "off"}:
        rows = rows.filter(is_active=state == "on")
    total = rows.count()
    page = request.GET.get("page", "1")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 1
    first = (max(number, 1) - 1) * PAGE_ROWS
    shown = list(rows.prefetch_related("roles")[first : first + PAGE_ROWS])
    secured = people.with_second_factor(shown)
    context = {
        "rows": [(each, each.pk in secured) for each in shown],
        "roles": access.roles(request.user).values_list("pk", "name"),
        "wish": {"text": text, "role": role, "state": state, "page": number},
        "pages": range(1, max(1, -(-total // PAGE_ROWS)) + 1),
    }
    part = "rows" if request.GET.get("part") == "rows" else "list"
    return render(request, f"system/people/{part}.html", context)


@require_http_methods(["GET", "POST"])
def person_new(request: UserRequest) -> HttpResponse:
    """Invite somebody; the link shows on their page, or goes out by mail."""
    access.require_ability(request.user, MAY)
    form = InviteForm(request.POST or None, by=request.user)
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = invitations.invite(
                email=given["email"],
                name=given["name"],
                roles=list(given["roles"]),
                by=request.user,
            )
        except people.NotPossible as problem:
            form.add_error("roles", str(problem))
        else:
            if given["through"] is not None:
                invitations.send(
                    made, mailbox=given["through"], link=_link(made), by=request.user
                )
                flashes.success(request, _("The invitation is on its way."))
            return redirect("person", made.pk)
    status = 422 if form.is_bound else 200
    return render(request, "system/people/new.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
def person(request: UserRequest, user_id: int) -> HttpResponse:
    """One person: name, roles, how they sign in, and what they see, with the reasons."""
    found = access.get_user(request.user, user_id)
    given = identities.given_roles(found)
    form = PersonForm(
        request.POST or None,
        claimed=given.keys(),
        initial={"name": found.name, "roles": found.roles.exclude(pk__in=given)},
    )
    if form.is_valid():
        try:
            with transaction.atomic():
                people.change(found, by=request.user, name=form.cleaned_data["name"])
                people.set_roles(
                    found,
                    [*form.cleaned_data["roles"], *found.roles.filter(pk__in=given)],
                    by=request.user,
                )
        except people.NotPossible as problem:
            form.add_error("roles", str(problem))
        else:
            flashes.success(request, _("Saved."))
            return redirect("person", found.pk)
    context = {
        "person": access.get_user(request.user, user_id),
        "form": form,
        "identities": found.identities.select_related("provider"),
        "claimed": [
            (role, given[role.pk]) for role in found.roles.all() if role.pk in given
        ],
        "administered": access.administered_mailbox_ids(request.user),
        "mailboxes": reasons.mailboxes_of(found),
        "abilities": [
            access.ABILITIES[name] for name in sorted(access.abilities_of(found))
        ],
        "sessions": people.count_sessions(found),
        "has_second_factor": bool(people.with_second_factor([found])),
        "link": _link(found) if invitations.is_open(found) else "",
        "link_days": settings.PASSWORD_RESET_TIMEOUT // 86400,
    }
    status = 422 if form.is_bound else 200
    return render(request, "system/people/person.html", context, status=status)


@require_POST
def person_switch(request: UserRequest, user_id: int) -> HttpResponse:
    """Switch somebody off, with all of their sessions, or on again."""
    found = access.get_user(request.user, user_id)
    is_on = not takes_away(request)
    try:
        people.switch(found, is_on=is_on, by=request.user)
    except people.NotPossible as problem:
        flashes.error(request, str(problem))
    else:
        words = _("%(who)s may sign in.") if is_on else _("%(who)s is switched off.")
        flashes.success(request, words % {"who": found})
    return redirect("person", found.pk)


@require_POST
def person_sign_out(request: UserRequest, user_id: int) -> HttpResponse:
    """End every session of somebody; they may sign in again."""
    found = access.get_user(request.user, user_id)
    count = people.end_sessions(found)
    history.record(
        "signed-out-everywhere", by=request.user, user=found.pk, who=found.email
    )
    flashes.success(request, _("%(count)d sessions ended.") % {"count": count})
    return redirect("person", found.pk)


@require_POST
def person_password_link(request: UserRequest, user_id: int) -> HttpResponse:
    """Make a link for a new password; it shows once, here."""
    found = access.get_user(request.user, user_id)
    try:
        link = resets.link_by_hand(found, by=request.user)
    except people.NotPossible as problem:
        flashes.error(request, str(problem))
        return redirect("person", found.pk)
    context = {"person": found, "link": link}
    return render(request, "system/people/password_link.html", context)


@require_POST
def person_second_factor(request: UserRequest, user_id: int) -> HttpResponse:
    """Take a second factor away that somebody has lost."""
    found = access.get_user(request.user, user_id)
    try:
        people.forget_second_factor(found, by=request.user)
    except people.NotPossible as problem:
        flashes.error(request, str(problem))
    else:
        flashes.success(request, _("Their second factor is removed."))
    return redirect("person", found.pk)


@require_POST
def person_connection_end(request: UserRequest, user_id: int, key: str) -> HttpResponse:
    """Let a provider speak for somebody no more."""
    found = access.get_user(request.user, user_id)
    identity = found.identities.filter(provider__key=key).first()
    if identity is None:
        raise access.NotFound
    try:
        people.require_own(request.user, access.abilities_of(found))
    except people.NotPossible as problem:
        flashes.error(request, str(problem))
    else:
        identities.disconnect(identity, by=request.user)
        flashes.success(request, _("Disconnected."))
    return redirect("person", found.pk)


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """Where the link leads: choose a password and be inside."""
    found = invitations.find(key, token)
    if found is None:
        return render(request, "system/people/invitation_over.html", status=404)
    takes_password = people.may_use_password(found)
    form = AcceptForm(
        (takes_password and request.POST) or None, initial={"name": found.name}
    )
    if form.is_valid():
        try:
            invitations.accept(found, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("password", error)
        else:
            found.refresh_from_db()
            login(request, found, backend=BACKEND)
            return redirect("inbox")
    context = {
        "form": form,
        "person": found,
        "takes_password": takes_password,
        "providers": identity_providers.offered(),
        "query": urlencode({"invitation": f"{key}/{token}"}),
    }
    status = 422 if form.is_bound else 200
    return render(request, "system/people/invitation.html", context, status=status)


def _link(found: User) -> str:
    return f"{settings.PUBLIC_URL}{invitations.path_for(found)}"
