"""Insert or change many rows by one statement for each table; decides nothing.

Django's ways write every column of every row into the statement, most of which are
defaults, and quote every value: for the forty columns of a message that costs more than
fetching it. Here only what differs travels, as arrays and in binary, and the defaults
once. Tables, columns and types are those of our own models, never what a letter says.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.utils import timezone

from letterbox import binary

Column: TypeAlias = Sequence[Any]

# In place of a default: the moment of the insertion.
_NOW = object()


def insert(
    model: type[models.Model], given: Mapping[str, Column], ending: str = ""
) -> list[tuple[Any, ...]]:
    """Insert one row for each place of the given columns; the others get defaults.

    `ending` follows the statement; returned is what its RETURNING asks for.
    """
    statement, defaults = _insertion(model, tuple(given), ending)
    moment = timezone.now()
    rest = [moment if value is _NOW else value for value in defaults]
    return binary.rows(statement, [*rest, *_columns(model, given)])


@functools.cache
def _insertion(
    model: type[models.Model], given: tuple[str, ...], ending: str
) -> tuple[str, tuple[Any, ...]]:
    """The statement, and the defaults that stand before the given columns."""
    fields = _fields_of(model)
    blank = model()
    rest = {
        name: _NOW
        if getattr(field, "auto_now_add", False)
        else field.get_db_prep_save(field.pre_save(blank, True), connection)  # noqa: FBT003
        for name, field in fields.items()
        if name not in given and not field.primary_key
    }
    taken = [_taken(name, fields[name]) for name in given]
    constants = [f"%s::{fields[name].db_type(connection)}" for name in rest]
    statement = (
        f"INSERT INTO {model._meta.db_table} ({', '.join([*given, *rest])})"  # noqa: S608
        f" SELECT {', '.join([*taken, *constants])}"
        f" FROM {_unnested(model, given)} {ending}"
    )
    return statement, tuple(rest.values())


def update(
    model: type[models.Model], given: Mapping[str, Column], *, also: str = ""
) -> None:
    """Set the given columns of the rows with these ids, of which `id` is one.

    `also` is set in all of them, and then only rows that are still received change.
    """
    fields = _fields_of(model)
    table = model._meta.db_table
    changes = [
        f"{name} = {_taken(name, fields[name])}" for name in given if name != "id"
    ]
    statement = (
        f"UPDATE {table} SET {', '.join([*changes, *([also] if also else [])])}"  # noqa: S608
        f" FROM {_unnested(model, given)} WHERE {table}.id = given.id"
        # Said so that no index of all received rows fits: without statistics it looks
        # cheaper than the few ids, and a backlog of thousands would be read each time.
        + (f" AND {table}.state || '' = 'received'" if also else "")
    )
    binary.rows(statement, _columns(model, given))


@contextmanager
def together() -> Iterator[None]:
    """Send the statements of the block without waiting for the answer to each.

    Only for statements whose answers are not asked for, but with a last one whose answer
    is: asking for one waits for all before it. What Django counts as changed rows is
    wrong in here, and what `insert` returns is empty.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def new_ids(model: type[models.Model], count: int) -> list[int]:
    """So many ids that no row has, so that rows may name one another before they are."""
    if not count:
        return []
    statement = (
        "SELECT nextval(pg_get_serial_sequence(%b, 'id')) FROM generate_series(1, %b)"
    )
    return [pk for (pk,) in binary.rows(statement, [model._meta.db_table, count])]


def _unnested(model: type[models.Model], given: Iterable[str]) -> str:
    fields = _fields_of(model)
    arrays = ", ".join(f"%b::{_travels_as(fields[name])}[]" for name in given)
    return f"unnest({arrays}) AS given({', '.join(given)})"


def _columns(model: type[models.Model], given: Mapping[str, Column]) -> list[Column]:
    fields = _fields_of(model)
    return [_as_travelling(fields[name], column) for name, column in given.items()]


def _as_travelling(field: models.Field[Any, Any], column: Column) -> Column:
    if isinstance(field, models.JSONField):
        return [_as_json(value) for value in column]
    if isinstance(field, ArrayField):
        return [" ".join(words) for words in column]
    return list(column)


def _taken(name: str, field: models.Field[Any, Any]) -> str:
    """The value of a column from what travels; a text too long is an error."""
    kind = str(field.db_type(connection))
    if kind.endswith("[]"):
        # unnest would flatten lists of lists. What we list are words without blanks.
        return f"string_to_array(given.{name}, ' ')::{kind}"
    return f"given.{name}::jsonb" if kind == "jsonb" else f"given.{name}"


def _travels_as(field: models.Field[Any, Any]) -> str:
    kind = str(field.db_type(connection))
    is_text = kind == "jsonb" or kind.startswith("varchar")
    return "text" if is_text else kind


@functools.cache
def _fields_of(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {str(field.column): field for field in model._meta.concrete_fields}


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
