"""System Mailboxes: the grid, adding one, and the sections of one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flashes
from django.db.models import Count, Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from letterbox import access
from letterbox.inbound import conversion
from letterbox.models import Connection, Mailbox
from letterbox.services import connections, mailboxes
from letterbox.sync import probe
from letterbox.web import checking
from letterbox.web.doors import UserRequest
from letterbox.web.forms.mailboxes import (
    ConnectionForm,
    FoldersForm,
    GeneralForm,
    ProcessingForm,
)

MAY_ADD = "administer-mailboxes"


@require_GET
def system(request: UserRequest) -> HttpResponse:
    """System leads to its first part."""
    return redirect("system_mailboxes")


@require_GET
def mailbox_list(request: UserRequest) -> HttpResponse:
    """The grid of System Mailboxes."""
    rows = access.administered_mailboxes(request.user)
    may_add = access.has_ability(request.user, MAY_ADD)
    if not may_add and not rows.exists():
        raise access.NotAllowed
    rows = rows.select_related("health").prefetch_related(
        Prefetch("connections", Connection.objects.order_by("protocol"))
    )
    counted = rows.annotate(
        folder_count=Count("folders", filter=Q(folders__is_ticked=True), distinct=True),
        people_count=Count("grants", distinct=True),
    )
    actions = conversion.actions()
    context = {
        "rows": [(row, actions.get(row.processing_action)) for row in counted],
        "may_add": may_add,
    }
    return render(request, "system/mailboxes.html", context)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def mailbox_new(request: UserRequest) -> HttpResponse:
    """Add Mailbox: who it is and how to reach it; its folders come next."""
    access.require_ability(request.user, MAY_ADD)
    is_sent = request.method == "POST"
    general = GeneralForm(request.POST if is_sent else None)
    servers = ConnectionForm(request.POST if is_sent else None)
    # Both are asked, so that one answer shows every error.
    if is_sent and all([general.is_valid(), servers.is_valid()]):
        mailbox = mailboxes.add(by=request.user, **general.cleaned_data)
        _save_servers(mailbox, servers)
        return _to_folders(request, mailbox)
    context = {
        "general": general,
        "servers": servers,
        "is_first": not access.administered_mailboxes(request.user).exists(),
    }
    status = 422 if is_sent else 200
    return render(request, "system/mailbox_new.html", context, status=status)


@sensitive_post_parameters("password")
@require_POST
def connection_check(request: UserRequest) -> HttpResponse:
    """Check Connection: a line for each step, with what is typed, nothing stored."""
    mailbox_id = request.POST.get("mailbox", "")
    mailbox = None
    if mailbox_id.isdecimal():
        mailbox = access.get_administered_mailbox(request.user, int(mailbox_id))
    else:
        access.require_ability(request.user, MAY_ADD)
    form = ConnectionForm(request.POST, mailbox=mailbox)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        context["receiving"] = checking.receiving(form)
        context["sending"] = checking.sending(form)
    return render(request, "system/connection_report.html", context)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def mailbox(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """One mailbox; each of its sections is a form that is saved by itself."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    sections = _sections(request, found)
    part = request.POST.get("part", "")
    if request.method == "POST" and part in sections:
        form = sections[part]
        if form.is_valid():
            _save(request, found, part, form)
            flashes.success(request, _("Saved."))
            return redirect("mailbox", found.pk)
    context = {"mailbox": found, "folders": found.folders.all(), **sections}
    status = 422 if request.method == "POST" else 200
    return render(request, "system/mailbox.html", context, status=status)


@require_http_methods(["GET", "POST"])
def mailbox_folders(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Folders and processing of a new mailbox: the last page of the first run."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    is_sent = request.method == "POST"
    folders = FoldersForm(
        request.POST if is_sent else None,
        mailbox=found,
        initial={"folders": probe.suggested(list(found.folders.all()))},
    )
    processing = ProcessingForm(request.POST if is_sent else None)
    if is_sent and all([folders.is_valid(), processing.is_valid()]):
        _save(request, found, "processing", processing)
        _save(request, found, "folders_form", folders)
        flashes.success(
            request,
            _("%(label)s is being read. Letters show here by themselves.")
            % {"label": found.label},
        )
        return redirect("inbox")
    context = {"mailbox": found, "folders_form": folders, "processing": processing}
    status = 422 if is_sent else 200
    return render(request, "system/mailbox_folders.html", context, status=status)


@require_POST
def folder_retrieval(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Retrieve Folders: ask the server for its tree again."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    report = probe.retrieve_folders(found)
    if report.is_good:
        flashes.success(request, _("The folders are up to date."))
    else:
        flashes.error(request, checking.first_problem(report.lines))
    return redirect("mailbox", found.pk)


def _sections(request: UserRequest, found: Mailbox) -> dict[str, Any]:
    sent = request.POST.get("part") if request.method == "POST" else None

    def data(part: str) -> Any:
        return request.POST if sent == part else None

    return {
        "general": GeneralForm(
            data("general"),
            # A row of its own: a form that fails must not change what the page shows.
            instance=access.get_administered_mailbox(request.user, found.pk),
        ),
        "servers": ConnectionForm(data("servers"), mailbox=found),
        "folders_form": FoldersForm(
            data("folders_form"),
            mailbox=found,
            initial={"folders": found.folders.filter(is_ticked=True)},
        ),
        "processing": ProcessingForm(
            data("processing"),
            initial={
                "action": found.processing_action,
                **found.processing_settings,
            },
        ),
    }


def _save(request: UserRequest, found: Mailbox, part: str, form: Any) -> None:
    match part:
        case "general":
            mailboxes.change(found, by=request.user, **form.cleaned_data)
        case "servers":
            _save_servers(found, form)
        case "folders_form":
            mailboxes.tick_folders(
                found,
                wanted={folder.pk for folder in form.cleaned_data["folders"]},
                sync_from=form.cleaned_data["sync_from"],
                since=checking.start_of_day(form.cleaned_data["since"]),
                by=request.user,
            )
        case "processing":
            mailboxes.set_processing(
                found,
                action=form.cleaned_data["action"],
                options=form.options(),
                by=request.user,
            )


def _save_servers(found: Mailbox, form: ConnectionForm) -> None:
    for protocol in Connection.Protocol.values:
        connections.save(found, **form.endpoint(protocol))
    mailboxes.announce(found)


def _to_folders(request: UserRequest, found: Mailbox) -> HttpResponse:
    """On to the folders; a mailbox is kept even while its server is away."""
    report = probe.retrieve_folders(found)
    if report.is_good:
        return redirect("mailbox_folders", found.pk)
    flashes.warning(
        request,
        _("The mailbox is saved, but its server could not be asked: %(problem)s")
        % {"problem": checking.first_problem(report.lines)},
    )
    return redirect("mailbox", found.pk)
