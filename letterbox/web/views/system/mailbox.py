"""The page of one mailbox: sections that are saved each by itself.

A section is a part of the page: htmx swaps it alone, so that what is typed in another
one stays. Without scripts the whole page comes, with the section's errors in it.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from letterbox import access
from letterbox.models import Mailbox
from letterbox.services import mailboxes, people, reasons, rules
from letterbox.web import checking, mailbox_activity, mailbox_health, signing_in
from letterbox.web.doors import UserRequest
from letterbox.web.forms import mailbox_folders, mailbox_processing
from letterbox.web.forms.mailbox_general import GeneralForm
from letterbox.web.forms.mailbox_people import PeopleForm
from letterbox.web.forms.mailbox_servers import ServersForm
from letterbox.web.views.system.mailboxes import save_servers

Context = dict[str, Any]


@require_GET
def mailbox(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """The whole page."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    return _page(request, found, {})


@require_POST
def general(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Save General."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    # A row of its own: a form that fails must not change what the page shows.
    form = GeneralForm(
        request.POST,
        instance=access.get_administered_mailbox(request.user, mailbox_id),
    )
    if not form.is_valid():
        return _again(request, found, "general", {"general": form})
    mailboxes.change(found, by=request.user, **form.cleaned_data)
    return _saved(request, found, "general")


@sensitive_post_parameters("password")
@require_POST
def synchronization(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Save both servers and the folders; then ask the servers, and warn if need be."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    servers = ServersForm(request.POST, mailbox=found)
    reads_mail = bool(request.POST.get("imap_on"))
    folders = mailbox_folders.read(request.POST, found, needs_one=reads_mail)
    if all([servers.is_valid(), folders.is_valid]) and reads_mail and not folders.rows:
        # Nobody has asked for the folders yet: ask, and have them ticked first.
        endpoints = servers.endpoints(found.address)
        report = checking.typed({"imap": endpoints["imap"]}, servers.stored).receiving
        if report is not None and report.listings:
            folders = mailbox_folders.of_listings(report.listings, report.counts, found)
            folders.errors.append(_("These folders were found. Tick, then save again."))
    if not all([servers.is_valid(), folders.is_valid]):
        servers.leave_password(in_page=bool(request.htmx))
        return _again(
            request, found, "synchronization", {"servers": servers, "folders": folders}
        )
    save_servers(request, found, servers, folders)
    problem = checking.saved(found).problem if found.is_on else ""
    if problem:
        flashes.warning(request, _("Saved, but: %(problem)s") % {"problem": problem})
        return _answer(request, found, "synchronization", {"warning": problem}, 200)
    return _saved(request, found, "synchronization")


@require_POST
def processing(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Save Email Processing."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    action = mailbox_processing.ActionForm(request.POST)
    options = mailbox_processing.options_form(
        request.POST.get("action", ""), data=request.POST, mailbox=found
    )
    if not all([action.is_valid(), options.is_valid()]):
        context = {"action": action, "options": options}
        return _again(request, found, "processing", context)
    mailboxes.set_processing(
        found,
        action=action.cleaned_data["action"],
        options=options.options(),
        by=request.user,
    )
    return _saved(request, found, "processing")


@require_GET
def processing_options(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """The fields of the action that was just chosen."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    options = mailbox_processing.options_form(
        request.GET.get("action", ""), mailbox=found
    )
    context = {"options": options}
    return render(request, "system/mailboxes/_processing_options.html", context)


@require_POST
def management(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Save Email Management; it takes effect at once, in open pages too."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    form = PeopleForm(request.POST, mailbox=found)
    if not form.is_valid():
        return _again(request, found, "management", {"people": form})
    for change in form.changes():
        people.grant(
            found,
            ability=change.ability,
            user=change.user,
            role=change.role,
            by=request.user,
        )
    if not access.administered_mailboxes(request.user).filter(pk=found.pk).exists():
        flashes.success(request, _("Saved. This mailbox is not yours to set up now."))
        return _leave(request)
    return _saved(request, found, "management")


@require_GET
def mailbox_access(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Who can see this, and why."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    context = {"mailbox": found, "people": reasons.people_in(found)}
    return render(request, "system/mailboxes/_access.html", context)


@require_GET
def activity(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """The newest lines of the history; with `before`, older ones to go below them."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    before = request.GET.get("before", "")
    if not before:
        return section_answer(request, found, "activity")
    context = mailbox_activity.next_page(request.user, found, before)
    context["mailbox"] = found
    return render(request, "system/mailboxes/_activity_more.html", context)


def section_context(request: UserRequest, found: Mailbox, name: str) -> Context:
    """What one section shows when nothing is being corrected in it."""
    match name:
        case "general":
            return {"general": GeneralForm(instance=found)}
        case "synchronization":
            return {
                "servers": ServersForm(mailbox=found),
                "folders": mailbox_folders.of_mailbox(found),
                "signing": signing_in.offer(found),
            }
        case "processing":
            return {
                "action": mailbox_processing.ActionForm(
                    initial={"action": found.processing_action}
                ),
                "options": mailbox_processing.options_form(
                    found.processing_action, mailbox=found
                ),
            }
        case "management":
            return {"people": PeopleForm(mailbox=found)}
        case "rules":
            rows = rules.with_firings(found.rules.select_related("template"))
            return {"rules": rows.order_by("position", "id")}
        case "health":
            return {"report": mailbox_health.report(request.user, found)}
        case "activity":
            return mailbox_activity.first_page(request.user, found)
    raise ValueError(f"There is no section {name!r}.")


SECTIONS = (
    "general",
    "synchronization",
    "processing",
    "management",
    "rules",
)
# Health and Activity come by themselves once the page is there: it shows at once.


def section_answer(
    request: UserRequest, found: Mailbox, name: str, *, status: int = 200
) -> HttpResponse:
    """The section as it stands now: alone for htmx, else on the page it belongs to."""
    return _answer(request, found, name, {}, status)


def _again(
    request: UserRequest, found: Mailbox, name: str, context: Context
) -> HttpResponse:
    """The section with what was typed and what is wrong with it."""
    return _answer(request, found, name, context, 422)


def _saved(request: UserRequest, found: Mailbox, name: str) -> HttpResponse:
    flashes.success(request, _("Saved."))
    if not request.htmx:
        anchor = name if name in {"general", "synchronization"} else f"email-{name}"
        return redirect(f"{reverse('mailbox', args=[found.pk])}#{anchor}")
    return section_answer(request, found, name)


def _answer(
    request: UserRequest, found: Mailbox, name: str, context: Context, status: int
) -> HttpResponse:
    if not request.htmx:
        return _page(request, found, {name: context}, status=status)
    # What was just saved, as it is stored.
    found = access.get_administered_mailbox(request.user, found.pk)
    shown = _common(request, found) | section_context(request, found, name) | context
    shown["is_fragment"] = True
    return render(request, f"system/mailboxes/_{name}.html", shown, status=status)


def _page(
    request: UserRequest,
    found: Mailbox,
    corrected: dict[str, Context],
    *,
    status: int = 200,
) -> HttpResponse:
    context = _common(request, found)
    for name in {*SECTIONS, *corrected}:
        context |= section_context(request, found, name) | corrected.get(name, {})
    return render(request, "system/mailboxes/page.html", context, status=status)


def _common(request: UserRequest, found: Mailbox) -> Context:
    return {
        "mailbox": found,
        "health": mailbox_health.state_of(found),
    }


def _leave(request: UserRequest) -> HttpResponse:
    """Away from a page that is not theirs any more."""
    if not request.htmx:
        return redirect("inbox")
    answer = HttpResponse()
    answer.headers["HX-Redirect"] = reverse("inbox")
    return answer
