"""Promise changes on the mail server, where the mailbox wants them there.

Each is a RemoteChange row in the caller's transaction, so that it survives a restart;
`sync.errands` keeps the promises. Nothing on the server is ever deleted.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from letterbox import live
from letterbox.models import Conversation, Folder, Mailbox, Placement, RemoteChange

SEEN = "\\Seen"


def note_seen(conversation: Conversation) -> int:
    """Owe `\\Seen` to the letters of a conversation that somebody has read here."""
    mailbox = conversation.mailbox
    if not mailbox.writes_seen_back:
        return 0
    unseen = _places(conversation).exclude(flags__contains=[SEEN])
    return _owe(
        mailbox,
        [
            RemoteChange(
                mailbox=mailbox,
                kind=RemoteChange.Kind.ADD_FLAG,
                placement=place,
                folder_id=place.folder_id,
                value=SEEN,
            )
            for place in unseen
        ],
    )


def archive(conversation: Conversation) -> int:
    """Owe the move out of the inbox, if the mailbox names an archive folder."""
    mailbox = conversation.mailbox
    if not mailbox.archive_folder:
        return 0
    target = mailbox.folders.filter(
        Q(path=mailbox.archive_folder) | Q(wire_name=mailbox.archive_folder),
        is_selectable=True,
        gone_at__isnull=True,
    ).first()
    if target is None:
        return 0
    return _owe(
        mailbox,
        [
            RemoteChange(
                mailbox=mailbox,
                kind=RemoteChange.Kind.MOVE,
                placement=place,
                folder=target,
            )
            for place in _places(conversation).filter(folder__role=Folder.Role.INBOX)
        ],
    )


def _places(conversation: Conversation) -> QuerySet[Placement]:
    """Where the letters of the conversation lie, by numbers that still hold."""
    return Placement.objects.filter(
        message__conversation=conversation, gone_at__isnull=True
    ).select_related("folder")


def _owe(mailbox: Mailbox, changes: list[RemoteChange]) -> int:
    """Add what is not owed already and wake whoever keeps the promises."""
    owed = set(
        RemoteChange.objects.filter(
            mailbox=mailbox,
            state=RemoteChange.State.WAITING,
            placement__in=[change.placement for change in changes],
        ).values_list("placement", "kind", "value")
    )
    new = [
        change
        for change in changes
        if (change.placement_id, change.kind, change.value) not in owed
    ]
    if new:
        RemoteChange.objects.bulk_create(new)
        live.announce("errand", mailbox_id=mailbox.pk)
    return len(new)
