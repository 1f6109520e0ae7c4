"""Insert the rows of a chunk by one statement for each table; decides nothing.

Django's bulk_create writes every column of every row into the statement, most of which
are defaults: for the forty columns of a message that cost more than fetching it. Here
only what differs travels, as arrays, and the defaults once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models

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


def insert_messages(messages: Sequence[Message]) -> None:
    """Insert received messages and give them their ids."""
    if not messages:
        return
    rows = _insert(
        Message,
        {
            "mailbox_id": [each.mailbox_id for each in messages],
            "raw_id": [each.raw_id for each in messages],
            "received_at": [each.received_at for each in messages],
            "is_history": [each.is_history for each in messages],
        },
        "RETURNING raw_id, id",
    )
    ids = dict(rows)
    for message in messages:
        message.pk = ids[message.raw_id]


def insert_placements(places: Sequence[Placement]) -> None:
    """Insert lines of the ledger; one that is there already is written anew."""
    if not places:
        return
    replaced = ", ".join(f"{name} = EXCLUDED.{name}" for name in REPLACED)
    _insert(
        Placement,
        {
            "folder_id": [each.folder_id for each in places],
            "uid_validity": [each.uid_validity for each in places],
            "uid": [each.uid for each in places],
            "message_id": [each.message_id for each in places],
            "state": [str(each.state) for each in places],
            # Flags are atoms (RFC 9051, section 9), so they hold no blanks.
            "flags": [" ".join(each.flags) for each in places],
            "mod_seq": [each.mod_seq for each in places],
            "size": [each.size for each in places],
            "structure": [json.dumps(each.structure) for each in places],
            "internal_date": [each.internal_date for each in places],
        },
        f"ON CONFLICT (folder_id, uid_validity, uid) DO UPDATE SET {replaced}",
    )


def _insert(
    model: type[models.Model], given: Mapping[str, Sequence[object]], ending: str
) -> list[tuple[Any, ...]]:
    """Insert one row for each place of the given columns; the others get defaults."""
    fields = {
        str(field.column): field
        for field in model._meta.concrete_fields
        if not field.primary_key
    }
    kinds = {name: str(fields[name].db_type(connection)) for name in given}
    arrays = ", ".join(
        f"%s::{'text' if _is_list(kind) else kind}[]" for kind in kinds.values()
    )
    taken = [
        f"string_to_array(given.{name}, ' ')::{kind}"
        if _is_list(kind)
        else f"given.{name}"
        for name, kind in kinds.items()
    ]
    blank = model()
    rest = {
        name: field.get_db_prep_save(field.pre_save(blank, True), connection)  # noqa: FBT003
        for name, field in fields.items()
        if name not in given
    }
    constants = [f"%s::{fields[name].db_type(connection)}" for name in rest]
    # Names and types are those of our own tables; values travel apart.
    statement = (
        f"INSERT INTO {model._meta.db_table} ({', '.join([*given, *rest])})"  # noqa: S608
        f" SELECT {', '.join([*taken, *constants])}"
        f" FROM unnest({arrays}) AS given({', '.join(given)}) {ending}"
    )
    values = [*rest.values(), *(list(column) for column in given.values())]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if "RETURNING" in ending else []


def _is_list(kind: str) -> bool:
    """Whether a column is itself an array, which unnest would flatten."""
    return kind.endswith("[]")
