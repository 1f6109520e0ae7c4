"""What the section Synchronization asks while it is being filled in; nothing is stored.

Check Connection / Retrieve Folders, the proposal for an address, and the preview.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from letterbox import access
from letterbox.imap import errors
from letterbox.models import Folder, Mailbox
from letterbox.sync import probe
from letterbox.web import checking, mailbox_draft
from letterbox.web.doors import UserRequest
from letterbox.web.forms import mailbox_folders, mailbox_servers
from letterbox.web.forms.folder_preview import preview
from letterbox.web.forms.mailbox_servers import ServersForm
from letterbox.web.views.system.mailboxes import MAY_ADD


@sensitive_post_parameters("password")
@require_POST
def connection_check(request: UserRequest) -> HttpResponse:
    """A line for each step, with what is typed; the folders when they were listed."""
    found = _mailbox(request)
    servers = ServersForm(_posted(request, found), mailbox=found)
    context: dict[str, Any] = {"servers": servers, "mailbox": found}
    if servers.is_valid():
        address = request.POST.get("address") or (found.address if found else "")
        reports = checking.typed(servers.endpoints(address), servers.stored)
        context["reports"] = reports
        if reports.receiving is not None and reports.receiving.listings:
            folders = mailbox_folders.of_listings(
                reports.receiving.listings, reports.receiving.counts, found
            )
            data = request.POST.copy()
            data["listings"] = folders.listings
            if "tree" in data:
                # What was ticked before the check stays ticked.
                folders = mailbox_folders.read(data, found, needs_one=False)
            context["folders"] = folders
            context["preview"] = preview(folders, {})
    return render(request, "system/mailboxes/_check.html", context)


@sensitive_post_parameters("password")
@require_POST
def server_proposal(request: UserRequest) -> HttpResponse:
    """The fields of both servers with what is known of the address filled in."""
    found = _mailbox(request)
    by_provider = request.headers.get("HX-Trigger-Name") == "provider"
    values, hint = mailbox_servers.proposal(
        request.POST,
        address=request.POST.get("address") or (found.address if found else ""),
        by_provider=by_provider,
    )
    context = {"servers": ServersForm(initial=values, mailbox=found), "hint": hint}
    return render(request, "system/mailboxes/_servers.html", context)


@sensitive_post_parameters("password")
@require_POST
def folder_preview(request: UserRequest) -> HttpResponse:
    """One sentence: how many old letters would be read, and what becomes of them."""
    found = _mailbox(request)
    folders = mailbox_folders.read(request.POST, found, needs_one=False)
    wanted = {
        row.wire_name: row.since
        for row in folders.ticked
        if not row.has_started and row.sync_from == Folder.SyncFrom.DATE and row.since
    }
    counted: dict[str, int] = {}
    servers = ServersForm(_posted(request, found), mailbox=found)
    if wanted and servers.is_valid():
        address = request.POST.get("address") or (found.address if found else "")
        row = checking.imap_row(servers.endpoints(address), servers.stored)
        if row is not None:
            try:
                counted = probe.count_since(row, wanted)
            except errors.ImapError:
                # The sentence says that not everything could be counted.
                counted = {}
    return render(
        request,
        "system/mailboxes/_preview.html",
        {"preview": preview(folders, counted), "folders": folders},
    )


def _posted(request: UserRequest, found: Mailbox | None) -> QueryDict:
    """What was posted; of a new mailbox with the password that was typed before."""
    return mailbox_draft.with_password(request) if found is None else request.POST


def _mailbox(request: UserRequest) -> Mailbox | None:
    """The mailbox that is being set up; None while it is being added."""
    mailbox_id = request.POST.get("mailbox", "")
    if mailbox_id.isascii() and mailbox_id.isdecimal() and len(mailbox_id) < 19:
        return access.get_administered_mailbox(request.user, int(mailbox_id))
    access.require_ability(request.user, MAY_ADD)
    return None
