"""Keep the list of folders equal to the server's; ticks and chosen roles are kept."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from letterbox.imap import folders as imap_folders
from letterbox.imap.responses import FolderListing
from letterbox.models import Folder, Mailbox

ROLES = {role.value for role in Folder.Role}


@transaction.atomic
def refresh(mailbox: Mailbox, listings: Iterable[FolderListing]) -> list[Folder]:
    """Store what LIST said; a folder that is gone keeps its row, marked so."""
    listings = list(listings)
    roles = imap_folders.roles_of(listings)
    known = {folder.wire_name: folder for folder in mailbox.folders.all()}
    for listing in listings:
        role = roles.get(listing.wire_name)
        value = role.value if role and role.value in ROLES else Folder.Role.OTHER
        folder = known.pop(listing.wire_name, None)
        is_new = folder is None
        folder = folder or Folder(mailbox=mailbox, wire_name=listing.wire_name)
        folder.path = listing.name
        folder.delimiter = listing.delimiter or ""
        folder.is_selectable = listing.is_selectable
        folder.gone_at = None
        if not folder.has_chosen_role:
            folder.role = value
        if is_new:
            folder.save()
        else:
            folder.save(
                update_fields=["path", "delimiter", "is_selectable", "gone_at", "role"]
            )
    vanished = [folder.pk for folder in known.values() if folder.gone_at is None]
    Folder.objects.filter(pk__in=vanished).update(gone_at=timezone.now())
    return list(mailbox.folders.filter(gone_at__isnull=True))
