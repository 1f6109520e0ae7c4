"""Keep the list of folders equal to the server's; ticks and chosen roles are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import connection, transaction
from django.utils import timezone

from letterbox.imap import folders as imap_folders
from letterbox.imap.responses import FolderListing, FolderStatus
from letterbox.imap.utf7 import WireName
from letterbox.inbound.importing import PREFIX
from letterbox.models import Folder, Mailbox

ROLES = {role.value for role in Folder.Role}
# What LIST says of a folder. Nearly always it says what it did ten minutes ago.
SAID = ("wire_name", "path", "delimiter", "is_selectable", "gone_at", "role")


@transaction.atomic
def refresh(
    mailbox: Mailbox,
    listings: Iterable[FolderListing],
    statuses: Mapping[WireName, FolderStatus] | None = None,
) -> list[Folder]:
    """Store what LIST said; a folder that is gone keeps its row, marked so.

    With the state of each folder, one that was renamed is known again.
    """
    _wait_for_others(mailbox)
    listings = list(listings)
    roles = imap_folders.roles_of(listings)
    # All at once and in the order of services.folders.choose: whoever ticks folders at
    # this moment waits for us, or we for them, and never both.
    locked = mailbox.folders.select_for_update(no_key=True).order_by("pk")
    known = {WireName(each.wire_name): each for each in locked}
    _follow_renames(known, listings, statuses or {})
    for listing in listings:
        role = roles.get(listing.wire_name)
        value = role.value if role and role.value in ROLES else Folder.Role.OTHER
        folder = known.pop(listing.wire_name, None)
        is_new = folder is None
        folder = folder or Folder(mailbox=mailbox)
        before = {} if is_new else _said_of(folder)
        folder.wire_name = listing.wire_name
        folder.path = listing.name
        folder.delimiter = listing.delimiter or ""
        folder.is_selectable = listing.is_selectable
        folder.gone_at = None
        if not folder.has_chosen_role:
            folder.role = value
        if is_new:
            folder.save()
        elif before != _said_of(folder):
            folder.save(update_fields=SAID)
    vanished = [
        folder.pk
        for folder in known.values()
        # Imported letters lie in folders that no server ever had.
        if folder.gone_at is None and not folder.wire_name.startswith(PREFIX)
    ]
    Folder.objects.filter(pk__in=vanished).update(gone_at=timezone.now())
    return list(mailbox.folders.filter(gone_at__isnull=True))


def _said_of(folder: Folder) -> dict[str, object]:
    return {name: getattr(folder, name) for name in SAID}


def _wait_for_others(mailbox: Mailbox) -> None:
    """Let one at a time store the folders of a mailbox.

    A keeper and somebody who checks the connection may come with the same new folder.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"folders of mailbox {mailbox.pk}"],
        )


def _follow_renames(
    known: dict[WireName, Folder],
    listings: list[FolderListing],
    statuses: Mapping[WireName, FolderStatus],
) -> None:
    """Give the row of a vanished folder to the new one that must be the same.

    The same by UIDVALIDITY, with no fewer numbers given out; and only where one
    vanished folder fits one new one, since UIDVALIDITY is not unique among folders.
    """
    there = {listing.wire_name for listing in listings}
    vanished = [
        folder
        for name, folder in known.items()
        if name not in there and folder.gone_at is None and folder.uid_validity
    ]
    fresh = [status for name, status in statuses.items() if name not in known]
    for folder in vanished:
        fitting = [status for status in fresh if _fits(folder, status)]
        rivals = [other for other in vanished if fitting and _fits(other, fitting[0])]
        if len(fitting) == 1 and len(rivals) == 1:
            known[fitting[0].wire_name] = known.pop(WireName(folder.wire_name))


def _fits(folder: Folder, status: FolderStatus) -> bool:
    return (
        status.uid_validity == folder.uid_validity
        and (status.uid_next or 0) >= folder.next_uid
        and (status.messages or 0) >= (folder.server_count or 0) // 2
    )
