"""Pages of cases, leads and contacts: by keyset, newest first.

Only questions, and only over rows that `access` handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

PAGE_ROWS = 50

RowT = TypeVar("RowT", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """Some rows; `before` continues below them, 0 at the end."""

    rows: Sequence[RowT]
    before: int


def page(rows: QuerySet[RowT], *, before: str) -> Page[RowT]:
    """Rows with an id below `before`, or the newest ones; nonsense begins at the top."""
    if before.isascii() and before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.order_by("-pk")[: PAGE_ROWS + 1])
    shown = found[:PAGE_ROWS]
    return Page(shown, shown[-1].pk if len(found) > PAGE_ROWS else 0)
