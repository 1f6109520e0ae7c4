"""System mailboxes: add one, change it, tick its folders, say what becomes of mail."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from letterbox import live
from letterbox.models import (
    Folder,
    Grant,
    Mailbox,
    Message,
    Tag,
    User,
)
from letterbox.services import folders, history, people

EDITABLE = (
    "label",
    "address",
    "display_name",
    "aliases",
    "is_on",
    "signature",
    "provider",
    "is_fed_by_forwarding",
    "is_written_by_form",
    "writes_seen_back",
    "writes_answered_back",
    "archive_folder",
    "appends_sent",
)


@transaction.atomic
def add(
    *, label: str, address: str, by: User | None, display_name: str = ""
) -> Mailbox:
    """Add a mailbox; who adds it may manage it."""
    mailbox = Mailbox.objects.create(
        label=label.strip(),
        address=address.strip().lower(),
        display_name=display_name.strip(),
    )
    history.record("mailbox-added", by=by, mailbox=mailbox, label=mailbox.label)
    if by is not None:
        people.grant(mailbox, ability=Grant.Ability.MANAGE, by=by, user=by)
    announce(mailbox)
    return mailbox


def own_addresses() -> frozenset[str]:
    """The addresses and aliases of all mailboxes: who writes from them is never answered."""
    return frozenset(
        address.lower()
        for first, aliases in Mailbox.objects.values_list("address", "aliases")
        for address in (first, *aliases)
    )


@transaction.atomic
def change(mailbox: Mailbox, *, by: User | None, **fields: Any) -> Mailbox:
    """Set some of EDITABLE; nothing about synchronisation moves by it."""
    changes = history.assign(mailbox, fields, editable=EDITABLE)
    if changes:
        mailbox.save(update_fields=[*fields, "updated_at"])
        history.record("mailbox-changed", by=by, mailbox=mailbox, changes=changes)
        announce(mailbox)
    return mailbox


@transaction.atomic
def set_processing(
    mailbox: Mailbox, *, action: str, options: dict[str, Any], by: User | None
) -> None:
    """Choose what becomes of first letters: from the next one on, never of old ones."""
    before = (mailbox.processing_action, mailbox.processing_settings)
    if before == (action, options):
        return
    if mailbox.processing_action != action:
        mailbox.processing_since_id = newest_message_id()
    mailbox.processing_action = action
    mailbox.processing_settings = options
    mailbox.save(
        update_fields=[
            "processing_action",
            "processing_settings",
            "processing_since_id",
            "updated_at",
        ]
    )
    told_before, told = _in_words(before[1]), _in_words(options)
    history.record(
        "processing-changed",
        by=by,
        mailbox=mailbox,
        changes=history.differences(
            {"processing": before[0], **dict.fromkeys(told), **told_before},
            {"processing": action, **dict.fromkeys(told_before), **told},
        ),
    )
    announce(mailbox)


def _in_words(options: Mapping[str, Any]) -> dict[str, Any]:
    """What a processing is set to, with names for people and tags: ids tell nobody."""
    found = dict(options)
    for name in ("owner", "assignee"):
        if name in found:
            person = User.objects.filter(pk=found[name]).first()
            found[name] = str(person) if person else None
    if "tags" in found:
        numbers = [each for each in found["tags"] if type(each) is int]
        tags = Tag.objects.filter(pk__in=numbers)
        found["tags"] = sorted(tag.name for tag in tags)
    return found


def tick_folders(
    mailbox: Mailbox,
    *,
    wanted: Collection[int],
    by: User | None,
    sync_from: str = Folder.SyncFrom.NOW,
    since: datetime | None = None,
) -> None:
    """Keep exactly these folders in sync, the new ones all from the same start."""
    choices = [
        folders.Choice(
            wire_name=row.wire_name,
            is_ticked=row.pk in wanted,
            sync_from=sync_from,
            since=since,
        )
        for row in mailbox.folders.all()
    ]
    folders.choose(mailbox, choices, by=by)


def newest_message_id() -> int:
    """The ledger position of this moment: what comes later has a higher id."""
    newest: int | None = Message.objects.aggregate(newest=Max("pk"))["newest"]
    return newest or 0


def announce(mailbox: Mailbox) -> None:
    """Tell keepers and browsers that the mailbox has changed."""
    live.announce("mailbox", mailbox.pk, mailbox_id=mailbox.pk)
