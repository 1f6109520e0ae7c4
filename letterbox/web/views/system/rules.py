"""Autoresponse Rules: the grid's actions, and the Add Autoresponse Rule form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from letterbox import access
from letterbox.models import AutoresponseRule, Mailbox
from letterbox.rendering import VARIABLES
from letterbox.services import rules
from letterbox.web.doors import UserRequest
from letterbox.web.forms import rule_conditions
from letterbox.web.forms.rules import RuleForm
from letterbox.web.views.system.mailbox import section_answer

LETTERS_OFFERED = 20


@require_http_methods(["GET", "POST"])
def rule_new(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Add Rule: the form, and what it says on Add."""
    mailbox = access.get_administered_mailbox(request.user, mailbox_id)
    return _desk(request, mailbox, None)


@require_http_methods(["GET", "POST"])
def rule(request: UserRequest, rule_id: int) -> HttpResponse:
    """One rule, to be changed."""
    found = access.get_rule(request.user, rule_id)
    return _desk(request, found.mailbox, found)


@require_POST
def switch(request: UserRequest, rule_id: int) -> HttpResponse:
    """Switch a rule on, for letters from now on, or off."""
    found = access.get_rule(request.user, rule_id)
    rules.switch(found, is_on=not found.is_active, by=request.user)
    return _grid(request, found.mailbox)


@require_POST
def copy(request: UserRequest, rule_id: int) -> HttpResponse:
    """A second rule like it, switched off."""
    found = access.get_rule(request.user, rule_id)
    made = rules.copy(found, by=request.user)
    flashes.success(
        request, _("“%(name)s” is a copy, switched off.") % {"name": made.name}
    )
    return _grid(request, found.mailbox)


@require_http_methods(["GET", "POST"])
def removal(request: UserRequest, rule_id: int) -> HttpResponse:
    """Ask whether to delete a rule, then delete it."""
    found = access.get_rule(request.user, rule_id)
    if request.method == "GET":
        return render(request, "system/rules/remove.html", {"rule": found})
    mailbox = found.mailbox
    rules.delete(found, by=request.user)
    flashes.success(request, _("The rule is deleted."))
    return _to_grid(mailbox)


@require_POST
def place(request: UserRequest, rule_id: int) -> HttpResponse:
    """Move a rule up or down by one place, or to `place` (counted from 0)."""
    found = access.get_rule(request.user, rule_id)
    wanted = request.POST.get("place", "")
    if wanted.isdecimal() and len(wanted) < 6:
        order = list(found.mailbox.rules.values_list("pk", flat=True))
        steps = int(wanted) - order.index(found.pk)
    else:
        steps = {"up": -1, "down": 1}.get(wanted, 0)
    rules.move(found, steps=steps, by=request.user)
    return _grid(request, found.mailbox)


@require_GET
def versions(request: UserRequest, rule_id: int) -> HttpResponse:
    """What the rule was before, who changed it, and what each change was."""
    found = access.get_rule(request.user, rule_id)
    rows = list(found.versions.select_related("author"))
    shown = [
        {
            "version": row,
            "differences": rules.compare(found, row.number - 1, row.number)
            if row.number > 1
            else [],
            "is_current": row.number == found.version,
        }
        for row in rows[:50]
    ]
    context = {"rule": found, "versions": shown}
    return render(request, "system/rules/versions.html", context)


@require_POST
def restoration(request: UserRequest, rule_id: int, number: int) -> HttpResponse:
    """Make the rule what it was in an earlier version."""
    found = access.get_rule(request.user, rule_id)
    if not found.versions.filter(number=number).exists():
        raise access.NotFound
    try:
        rules.roll_back(found, number, by=request.user)
    except rules.RuleProblem as problem:
        flashes.error(request, str(problem))
    else:
        flashes.success(request, _("The rule is what it was in version %d.") % number)
    return redirect("rule_versions", found.pk)


def form_context(request: UserRequest, form: RuleForm) -> dict[str, Any]:
    """What the form shows besides what is typed."""
    mailbox, stored = form.mailbox, form.rule
    letters = access.messages(request.user).none()
    if mailbox.pk:
        letters = access.messages(request.user).filter(mailbox=mailbox, direction="in")
    return {
        "form": form,
        "fields": form.fields,
        "mailbox": mailbox,
        "rule": stored,
        "field_choices": rule_conditions.field_choices(),
        "variables": variables(),
        "letters": letters.order_by("-id")[:LETTERS_OFFERED],
        "advice": rules.advice(rules.as_engine(stored), mailbox)
        if stored is not None and rules.readable([stored])
        else [],
    }


def _desk(
    request: UserRequest, mailbox: Mailbox, stored: AutoresponseRule | None
) -> HttpResponse:
    """Show the form, change it by one of its buttons, or save what is typed in it."""
    is_sent = request.method == "POST"
    form = RuleForm(
        mailbox,
        rule=stored,
        data=request.POST if is_sent else None,
        uploads=request.FILES,
    )
    status = 200
    if is_sent and form.change(request.POST.get("do", "")):
        form.unbind()
    elif is_sent:
        saved = form.save(by=request.user) if form.is_valid() else None
        if saved is not None:
            _advise(request, saved)
            return _to_grid(mailbox)
        status = 422
    return render(
        request, "system/rules/rule.html", form_context(request, form), status=status
    )


def _advise(request: UserRequest, saved: AutoresponseRule) -> None:
    flashes.success(request, _("“%(name)s” is saved.") % {"name": saved.name})
    for each in rules.advice(rules.as_engine(saved), saved.mailbox):
        flashes.warning(request, each.message)


def variables() -> dict[str, list[Any]]:
    """What templates may say, by group, for the picker."""
    groups: dict[str, list[Any]] = {}
    for each in VARIABLES:
        groups.setdefault(each.group, []).append(each)
    return groups


def _grid(request: UserRequest, mailbox: Mailbox) -> HttpResponse:
    if request.htmx:
        return section_answer(request, mailbox, "rules")
    return _to_grid(mailbox)


def _to_grid(mailbox: Mailbox) -> HttpResponse:
    return redirect(f"{reverse('mailbox', args=[mailbox.pk])}#autoresponse-rules")
