"""Save what a person said about a mailbox's servers and folders, in one transaction.

The servers are asked before or afterwards, never meanwhile: a mailbox can be set up
while its server is away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from letterbox.imap.responses import FolderListing
from letterbox.models import Mailbox, User
from letterbox.services import connections, folders, mailboxes
from letterbox.services.connections import Endpoint
from letterbox.sync import probe, tree


@transaction.atomic
def save(
    mailbox: Mailbox,
    *,
    endpoints: Mapping[str, Endpoint | None],
    choices: Iterable[folders.Choice],
    by: User | None,
    listings: Sequence[FolderListing] = (),
    counts: Mapping[str, int] | None = None,
    **fields: object,
) -> None:
    """Both servers, the folders as just listed, the ticks; `fields` as for `change`."""
    mailboxes.change(mailbox, by=by, **fields)
    connections.change(mailbox, endpoints, by=by)
    if listings:
        tree.refresh(mailbox, listings)
        probe.note_counts(mailbox, counts or {})
    folders.choose(mailbox, choices, by=by)
