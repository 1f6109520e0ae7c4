"""Which folders of a mailbox are kept in sync, from when on, and what each is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from letterbox import live
from letterbox.models import Folder, Mailbox, User
from letterbox.services import history


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose for one folder, named as the server spells it.

    `role` of None leaves the role as it is. `sync_from` and `since` count only for a
    folder that is ticked for the first time.
    """

    wire_name: str
    is_ticked: bool
    role: str | None = None
    sync_from: str = Folder.SyncFrom.NOW
    since: datetime | None = None


@transaction.atomic
def choose(mailbox: Mailbox, choices: Iterable[Choice], *, by: User | None) -> None:
    """Keep in sync what is ticked; folders that no choice names stay as they are.

    A folder that was ticked before keeps its start, however often the form is saved.
    Letters of an unticked folder stay: what was read is nobody's to take by a tick.
    """
    chosen = {choice.wire_name: choice for choice in choices}
    for folder in mailbox.folders.select_for_update().filter(wire_name__in=chosen):
        choice = chosen[folder.wire_name]
        if choice.role is not None and choice.role != folder.role:
            _set_role(folder, Folder.Role(choice.role), by=by)
        if choice.is_ticked and not folder.is_ticked:
            _tick(folder, choice, by=by)
        elif folder.is_ticked and not choice.is_ticked:
            folder.is_ticked = False
            folder.save(update_fields=["is_ticked"])
            history.record(
                "folder-unticked", by=by, mailbox=mailbox, folder=folder.path
            )
    live.announce("mailbox", mailbox.pk, mailbox_id=mailbox.pk)


def _tick(folder: Folder, choice: Choice, *, by: User | None) -> None:
    folder.is_ticked = True
    if folder.ticked_at is None:
        folder.ticked_at = timezone.now()
        folder.sync_from = choice.sync_from
        folder.sync_since = choice.since
    folder.save(update_fields=["is_ticked", "ticked_at", "sync_from", "sync_since"])
    history.record(
        "folder-ticked",
        by=by,
        mailbox=folder.mailbox,
        folder=folder.path,
        sync_from=folder.sync_from,
        since=folder.sync_since and folder.sync_since.isoformat(),
    )


def _set_role(folder: Folder, role: Folder.Role, *, by: User | None) -> None:
    before, folder.role = folder.role, role
    folder.has_chosen_role = True
    folder.save(update_fields=["role", "has_chosen_role"])
    history.record(
        "folder-role-changed",
        by=by,
        mailbox=folder.mailbox,
        folder=folder.path,
        changes={"role": [before, role]},
    )
