"""Which folders of a mailbox are kept in sync, from when on, and what each is for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.utils import timezone

from letterbox import jobs, live
from letterbox.models import Folder, Mailbox, Message, Placement, User
from letterbox.services import forgetting, history

FORGET = "forget-unticked"
# What a folder knows of its synchronisation, all of it at its beginning by default.
STATE_OF_SYNC = (
    "is_forgetting",
    "ticked_at",
    "is_paused",
    "sync_from",
    "sync_since",
    "uid_validity",
    "next_uid",
    "backfill_uid",
    "is_backfilling",
    "live_uid",
    "mod_seq",
    "agreed_count",
    "problem",
    "failures",
    "last_counted_at",
    "accounted",
    "ledger",
    "missing",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose for one folder, named as the server spells it.

    `role` of None leaves the role as it is. `sync_from` and `since` count only for a
    folder that is ticked for the first time. `forgets_letters` counts only for one that
    is unticked: delete its letters here.
    """

    wire_name: str
    is_ticked: bool
    role: str | None = None
    sync_from: str = Folder.SyncFrom.NOW
    since: datetime | None = None
    forgets_letters: bool = False


class NotOlder(Exception):
    """Older letters were asked for, with a start that is not earlier than before."""

    def __init__(self) -> None:
        super().__init__(
            "Choose a day before the one from which on letters are here already."
        )


class StillForgetting(Exception):
    """The letters of a folder are still being deleted: it cannot be ticked yet."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"The letters of {path} are still being removed. Tick it again in a moment."
        )


@transaction.atomic
def choose(mailbox: Mailbox, choices: Iterable[Choice], *, by: User | None) -> None:
    """Keep in sync what is ticked; folders that no choice names stay as they are.

    A folder that was ticked before keeps its start, however often the form is saved.
    Letters of an unticked folder stay, unless the choice says otherwise: then the
    folder is as if it had never been ticked. Raises StillForgetting.
    """
    chosen = {choice.wire_name: choice for choice in choices}
    rows = mailbox.folders.filter(wire_name__in=chosen)
    # Ordered as in sync.tree.refresh, which changes the same rows.
    for folder in rows.select_for_update(no_key=True).order_by("pk"):
        choice = chosen[folder.wire_name]
        if choice.role is not None and choice.role != folder.role:
            _set_role(folder, Folder.Role(choice.role), by=by)
        if choice.is_ticked and not folder.is_ticked:
            _tick(folder, choice, by=by)
        elif folder.is_ticked and not choice.is_ticked:
            _untick(folder, forgets_letters=choice.forgets_letters, by=by)
    live.announce("mailbox", mailbox.pk, mailbox_id=mailbox.pk)


@transaction.atomic
def pause(folder: Folder, *, is_paused: bool, by: User | None) -> None:
    """Rest from fetching the older letters of the folder; new ones come as ever."""
    if folder.is_paused == is_paused:
        return
    folder.is_paused = is_paused
    folder.save(update_fields=["is_paused"])
    history.record(
        "folder-paused" if is_paused else "folder-resumed",
        by=by,
        mailbox=folder.mailbox,
        folder=folder.path,
    )
    # The keeper looks again at once.
    live.announce("mailbox", folder.mailbox_id, mailbox_id=folder.mailbox_id)


@transaction.atomic
def reach_back(
    folder: Folder, *, sync_from: str, since: datetime | None, by: User | None
) -> None:
    """Fetch older letters than were asked for when the folder was ticked, as history.

    Raises NotOlder when the new start is not before the one it has.
    """
    locked = Folder.objects.select_for_update(no_key=True).get(pk=folder.pk)
    if not _is_older(locked, sync_from, since):
        raise NotOlder
    before = [locked.sync_from, locked.sync_since and locked.sync_since.isoformat()]
    locked.sync_from = sync_from
    locked.sync_since = since
    if locked.uid_validity is not None and not locked.is_backfilling:
        # From the top again: what is held is not fetched anew.
        locked.backfill_uid = locked.live_uid
        locked.is_backfilling = True
    locked.is_paused = False
    locked.save(
        update_fields=[
            "sync_from",
            "sync_since",
            "backfill_uid",
            "is_backfilling",
            "is_paused",
        ]
    )
    after = [sync_from, since and since.isoformat()]
    history.record(
        "folder-reached-back",
        by=by,
        mailbox=folder.mailbox,
        folder=folder.path,
        changes={"sync_from": [before[0], after[0]], "since": [before[1], after[1]]},
    )
    live.announce("mailbox", folder.mailbox_id, mailbox_id=folder.mailbox_id)


def _is_older(folder: Folder, sync_from: str, since: datetime | None) -> bool:
    match folder.sync_from, sync_from:
        case Folder.SyncFrom.EVERYTHING, _:
            return False
        case _, Folder.SyncFrom.EVERYTHING:
            return since is None
        case Folder.SyncFrom.NOW, Folder.SyncFrom.DATE:
            return since is not None
        case Folder.SyncFrom.DATE, Folder.SyncFrom.DATE:
            known = folder.sync_since
            return since is not None and known is not None and since < known
    return False


@jobs.drain(FORGET)
def forget_unticked(mailbox_id: int) -> None:
    """Delete the letters of folders that nobody wants any more; may be stopped.

    A letter that lies in another folder as well stays, and so does what we sent.
    """
    for folder in Folder.objects.filter(mailbox=mailbox_id, is_forgetting=True):
        elsewhere = Placement.objects.filter(
            message=OuterRef("pk"), gone_at=None
        ).exclude(folder=folder)
        only_here = Message.objects.filter(
            ~Exists(elsewhere),
            Exists(Placement.objects.filter(message=OuterRef("pk"), folder=folder)),
            mailbox=mailbox_id,
            outgoing=None,
        )
        while forgetting.forget(only_here):
            live.announce("conversation", mailbox_id=mailbox_id)
        while _forget_places(folder):
            pass
        _begin_anew(folder)


def letters_in(folder_ids: Collection[int]) -> dict[int, int]:
    """How many letters of these folders are held here, by folder."""
    rows = (
        Placement.objects.filter(folder__in=folder_ids, message__isnull=False)
        .order_by()
        .values_list("folder")
        .annotate(Count("message", distinct=True))
    )
    return dict(rows)


@transaction.atomic
def _forget_places(folder: Folder) -> int:
    some = list(folder.placements.values_list("pk", flat=True)[: forgetting.CHUNK])
    Placement.objects.filter(pk__in=some).delete()
    return len(some)


def _begin_anew(folder: Folder) -> None:
    """As if it had never been ticked: ticking it again asks from when on."""
    fresh = Folder(
        pk=folder.pk,
        mailbox_id=folder.mailbox_id,
        wire_name=folder.wire_name,
        path=folder.path,
    )
    fresh.save(update_fields=STATE_OF_SYNC)
    live.announce("mailbox", folder.mailbox_id, mailbox_id=folder.mailbox_id)


def _untick(folder: Folder, *, forgets_letters: bool, by: User | None) -> None:
    folder.is_ticked = False
    folder.is_forgetting = forgets_letters
    folder.save(update_fields=["is_ticked", "is_forgetting"])
    history.record(
        "folder-unticked",
        by=by,
        mailbox=folder.mailbox,
        folder=folder.path,
        keeps_letters=not forgets_letters,
    )
    if forgets_letters:
        jobs.wake(FORGET, folder.mailbox_id)


def _tick(folder: Folder, choice: Choice, *, by: User | None) -> None:
    if folder.is_forgetting:
        raise StillForgetting(folder.path)
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
