"""The rows of a chunk that was received: what is written of them, and nothing decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from letterbox.inbound import many_rows
from letterbox.models import Folder, Message, Placement

# What a repeated placement takes from the new one; see receive.
REPLACED = (
    "message_id",
    "state",
    "reason",
    "flags",
    "mod_seq",
    "size",
    "structure",
    "internal_date",
    "retry_at",
)


class Received(NamedTuple):
    """A message before anybody has read it."""

    received_at: datetime
    is_history: bool


class Locked(NamedTuple):
    """What decides about the letters of a folder, while its row is locked."""

    is_ticked: bool
    role: str
    uid_validity: int | None
    live_uid: int


class Line(NamedTuple):
    """A line of the ledger, as the table has it; flags are atoms (RFC 9051, 9)."""

    uid: int
    message_id: int
    state: str
    flags: Sequence[str]
    mod_seq: int
    size: int
    structure: Sequence[Mapping[str, object]]
    internal_date: datetime | None


def lock_folder(folder_id: int) -> Locked:
    """Lock the row against other chunks; raises Folder.DoesNotExist.

    What this transaction stores waits for the index of the search; see
    `letters.tidy_index_of_words`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT is_ticked, role, uid_validity, live_uid,
                set_config('gin_pending_list_limit', '64MB', true)
            FROM letterbox_folder WHERE id = %s FOR NO KEY UPDATE
            """,
            [folder_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise Folder.DoesNotExist
    return Locked(*row[:4])


def move_cursor(
    folder_id: int,
    *,
    uid_validity: int,
    next_uid: int | None,
    backfill_uid: int | None,
    is_backfilling: bool | None,
    more: int | None,
) -> None:
    """Advance a locked folder as `receive.Cursor` says.

    A cursor of an old UIDVALIDITY moves nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE letterbox_folder SET
                next_uid = GREATEST(next_uid, %(next)s::bigint),
                agreed_count = CASE WHEN %(next)s::bigint IS NULL THEN agreed_count
                    ELSE agreed_count + %(more)s::int END,
                backfill_uid = LEAST(backfill_uid, %(backfill)s::bigint),
                is_backfilling = COALESCE(%(filling)s::boolean, is_backfilling)
            WHERE id = %(folder)s AND uid_validity = %(validity)s
            """,
            {
                "next": next_uid,
                "backfill": backfill_uid,
                "filling": is_backfilling,
                "more": more,
                "folder": folder_id,
                "validity": uid_validity,
            },
        )


def insert_messages(mailbox_id: int, new: Mapping[int, Received]) -> dict[int, int]:
    """Insert messages for these raw letters; returns raw letter → message."""
    if not new:
        return {}
    rows = many_rows.insert(
        Message,
        {
            "mailbox_id": [mailbox_id] * len(new),
            "raw_id": list(new),
            "received_at": [each.received_at for each in new.values()],
            "is_history": [each.is_history for each in new.values()],
        },
        "RETURNING raw_id, id",
    )
    return dict(rows)


def insert_placements(folder_id: int, uid_validity: int, lines: Sequence[Line]) -> None:
    """Insert lines of the ledger; one that is there already is written anew.

    Whatever was believed of it before, the letter is there now.
    """
    if not lines:
        return
    replaced = ", ".join(f"{name} = EXCLUDED.{name}" for name in REPLACED)
    many_rows.insert(
        Placement,
        {
            "folder_id": [folder_id] * len(lines),
            "uid_validity": [uid_validity] * len(lines),
            **dict(zip(Line._fields, zip(*lines, strict=True), strict=True)),
        },
        "ON CONFLICT (folder_id, uid_validity, uid) "
        f"DO UPDATE SET {replaced}, gone_at = NULL",
    )
