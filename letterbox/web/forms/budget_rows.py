"""The limits of a mailbox's automatic answers as rows of a form, to add and to remove.

A row is a scope, a number and a period. Nothing that was typed is lost, whatever is
wrong with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from letterbox.rules.answer_settings import MOST_BUDGETS
from letterbox.rules.budgets import DEFAULT_BUDGETS, Budget, Scope, WhenSpent

SCOPES = (
    (Scope.CONVERSATION.value, gettext_lazy("conversation")),
    (Scope.SENDER.value, gettext_lazy("sender")),
    (Scope.DOMAIN.value, gettext_lazy("domain")),
    (Scope.MAILBOX.value, gettext_lazy("mailbox")),
)
UNITS = (
    ("minutes", gettext_lazy("minutes")),
    ("hours", gettext_lazy("hours")),
    ("days", gettext_lazy("days")),
)
_HELD = {
    each.scope.value: each.when_spent is WhenSpent.HOLD for each in DEFAULT_BUDGETS
}


@dataclass(slots=True)
class Row:
    """One limit as it is typed."""

    scope: str = Scope.SENDER.value
    limit: str = ""
    length: str = "1"
    unit: str = "hours"
    problem: str = ""

    @property
    def is_held(self) -> bool:
        """Whether what is more is held; behind a domain or a mailbox stand many."""
        return _HELD.get(self.scope, False)

    def budget(self) -> Budget | None:
        """The limit that is typed; None, with `problem`, where it makes none."""
        numbers = [each.strip() for each in (self.limit, self.length)]
        is_known = self.scope in _HELD and self.unit in dict(UNITS)
        if not is_known or not all(
            each.isascii() and each.isdecimal() and len(each) < 7 for each in numbers
        ):
            self.problem = _("Write two whole numbers, such as 5 answers in 2 hours.")
            return None
        limit, length = map(int, numbers)
        return Budget(
            Scope(self.scope),
            limit,
            timedelta(**{self.unit: length}),
            WhenSpent.HOLD if self.is_held else WhenSpent.REFUSE,
        )


def of_budgets(budgets: Sequence[Budget]) -> list[Row]:
    """The rows of stored limits."""
    rows = []
    for each in budgets:
        minutes = int(each.period.total_seconds() // 60)
        unit, size = next(
            (unit, size)
            for unit, size in (("days", 1440), ("hours", 60), ("minutes", 1))
            if minutes % size == 0
        )
        length = str(minutes // size)
        rows.append(Row(each.scope.value, str(each.limit), length, unit))
    return rows


def of_post(data: QueryDict) -> list[Row]:
    """The rows as a browser sent them."""
    columns = [
        data.getlist(f"budget-{name}") for name in ("scope", "limit", "length", "unit")
    ]
    rows = zip(*columns, strict=False)
    return [Row(*each) for each in rows][: MOST_BUDGETS + 1]


def change(rows: list[Row], what: str) -> bool:
    """Do what a button asks: `add-budget`, `no-budget:2`; False where it is neither."""
    verb, _colon, place = what.partition(":")
    if verb == "add-budget":
        rows.append(Row())
    elif verb == "no-budget" and place.isdecimal():
        rows[int(place) : int(place) + 1] = []
    else:
        return False
    return True
