"""The rows of a chunk that was received: what goes into them, and nothing decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from letterbox.inbound import many_rows
from letterbox.models import Message, Placement

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
    """Insert lines of the ledger; one that is there already is written anew."""
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
        f"ON CONFLICT (folder_id, uid_validity, uid) DO UPDATE SET {replaced}",
    )
