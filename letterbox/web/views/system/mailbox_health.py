"""The section Health of a mailbox: look now, connect anew, have a stuck letter retried."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from letterbox import access
from letterbox.imap.errors import ImapError
from letterbox.inbound import pipeline, plain
from letterbox.models import Folder, Message
from letterbox.services import connections, folders, mailboxes
from letterbox.sync import on_demand, reconcile
from letterbox.web.doors import UserRequest
from letterbox.web.forms import mailbox_folders
from letterbox.web.views.system.mailbox import section_answer


@require_GET
def health(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """The section as it stands now; the page asks again when something changed."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    return section_answer(request, found, "health")


@require_POST
def check_now(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Have the keeper look now, and count every folder against the server."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    reconcile.ask(found)
    mailboxes.announce(found)
    flashes.success(request, _("Letterbox is looking now. This page shows the result."))
    return section_answer(request, found, "health")


@require_POST
def reconnect(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Have the connection dropped and made anew, without waiting for its next try."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    connections.renew(found)
    flashes.success(request, _("Letterbox is connecting anew."))
    return section_answer(request, found, "health")


@require_POST
def folder_repair(
    request: UserRequest, mailbox_id: int, folder_id: int
) -> HttpResponse:
    """Fetch what the last count missed, and count again."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    folder = get_object_or_404(Folder, pk=folder_id, mailbox=found)
    try:
        on_demand.repair(folder, by=request.user)
    except ImapError as error:
        flashes.error(request, str(error))
    else:
        flashes.success(request, _("What was missing has been fetched and counted."))
    return section_answer(request, found, "health")


@require_POST
def stuck_retry(request: UserRequest, mailbox_id: int, message_id: int) -> HttpResponse:
    """Process a stuck letter once more."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    pipeline.retry(get_object_or_404(Message, pk=message_id, mailbox=found))
    flashes.success(request, _("The letter is being processed once more."))
    return section_answer(request, found, "health")


@require_POST
def stuck_plain(request: UserRequest, mailbox_id: int, message_id: int) -> HttpResponse:
    """Take a stuck letter in as it is: in a conversation, its bytes attached."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    stuck = get_object_or_404(Message, pk=message_id, mailbox=found)
    if plain.import_plain(stuck, by=request.user):
        flashes.success(
            request, _("The letter stands in the inbox, with its bytes attached.")
        )
    return section_answer(request, found, "health")


@require_POST
def folder_pause(request: UserRequest, mailbox_id: int, folder_id: int) -> HttpResponse:
    """Rest from fetching the older letters of a folder, or go on; new ones come."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    folder = get_object_or_404(Folder, pk=folder_id, mailbox=found)
    folders.pause(folder, is_paused="pause" in request.POST, by=request.user)
    return section_answer(request, found, "health")


@require_POST
def folder_past(request: UserRequest, mailbox_id: int, folder_id: int) -> HttpResponse:
    """Fetch older letters of a folder than were asked for when it was ticked."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    folder = get_object_or_404(Folder, pk=folder_id, mailbox=found, is_ticked=True)
    day = mailbox_folders.day(request.POST.get("since", ""))
    everything, date = Folder.SyncFrom.EVERYTHING, Folder.SyncFrom.DATE
    try:
        folders.reach_back(
            folder,
            sync_from=everything if "everything" in request.POST else date,
            since=None
            if "everything" in request.POST
            else mailbox_folders.start_of_day(day),
            by=request.user,
        )
    except folders.NotOlder as error:
        flashes.error(request, str(error))
    else:
        flashes.success(
            request,
            _(
                "Older letters are being fetched, as history: none is answered or "
                "becomes a lead or case."
            ),
        )
    return section_answer(request, found, "health")
