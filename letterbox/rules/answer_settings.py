"""What an administrator sets about the automatic answers of one mailbox, and its JSON.

Budgets, business hours, and how old a letter may be. Each mailbox keeps the JSON; what
is not in it has its default. Nothing here decides about a letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from letterbox.rules import budgets, calendars
from letterbox.rules.budgets import DEFAULT_BUDGETS, Budget, Scope, WhenSpent
from letterbox.rules.calendars import BusinessCalendar

LIMIT_OF_LIMITS = 10_000
LONGEST_PERIOD = timedelta(days=90)
MOST_BUDGETS = 20
DEFAULT_OLDEST = timedelta(days=3)
MOST_DAYS = 30


class AnswerSettingsInvalid(ValueError):
    """These settings cannot be used; the text says what to change."""


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """Budgets, business hours (None: always open), and the age limit of letters.

    With its own hours a mailbox has its own holidays, and those of the company besides
    where it says so.

    Every scope has a budget: without one nothing would stop a robot that no other guard
    knows. Raises AnswerSettingsInvalid where that does not hold.
    """

    budgets: tuple[Budget, ...] = DEFAULT_BUDGETS
    calendar: BusinessCalendar | None = None
    oldest: timedelta = DEFAULT_OLDEST
    with_company_holidays: bool = True

    def __post_init__(self) -> None:
        missing = set(Scope) - {each.scope for each in self.budgets}
        if missing:
            names = ", ".join(sorted(missing))
            raise AnswerSettingsInvalid(f"A budget is missing for each: {names}.")
        if len(self.budgets) > MOST_BUDGETS:
            raise AnswerSettingsInvalid(f"Use at most {MOST_BUDGETS} budgets.")
        for each in self.budgets:
            if not 0 <= each.limit <= LIMIT_OF_LIMITS:
                raise AnswerSettingsInvalid(
                    f"{each}: allow between 0 and {LIMIT_OF_LIMITS} answers."
                )
            if not timedelta(minutes=1) <= each.period <= LONGEST_PERIOD:
                raise AnswerSettingsInvalid(
                    f"{each}: choose a period between a minute and "
                    f"{budgets.describe(LONGEST_PERIOD)}."
                )
        if not timedelta() < self.oldest <= timedelta(days=MOST_DAYS):
            raise AnswerSettingsInvalid(
                f"A letter may wait for its answer up to {MOST_DAYS} days."
            )

    @property
    def time_zone(self) -> str:
        """The zone in which conditions read the time of a letter."""
        return self.calendar.time_zone if self.calendar else "UTC"

    def to_json(self) -> dict[str, object]:
        """These settings as JSON values; `load` reads them back."""
        return {
            "budgets": [
                {
                    "scope": each.scope.value,
                    "limit": each.limit,
                    "minutes": int(each.period.total_seconds() // 60),
                    "when_spent": each.when_spent.value,
                }
                for each in self.budgets
            ],
            "calendar": self.calendar.to_json() if self.calendar else None,
            "with_company_holidays": self.with_company_holidays,
            "oldest_days": self.oldest.days,
        }


def load(data: Mapping[str, Any]) -> AnswerSettings:
    """Settings from their JSON form; what is missing has its default.

    Raises AnswerSettingsInvalid with a sentence on the first thing that is wrong.
    """
    try:
        chosen = AnswerSettings()
        given = data.get("budgets")
        calendar = data.get("calendar")
        return AnswerSettings(
            budgets=chosen.budgets if given is None else _budgets(given),
            calendar=calendars.load_calendar(calendar) if calendar else None,
            with_company_holidays=bool(data.get("with_company_holidays", True)),
            oldest=timedelta(days=int(data.get("oldest_days", chosen.oldest.days))),
        )
    except calendars.CalendarInvalid as error:
        raise AnswerSettingsInvalid(str(error)) from error
    except AnswerSettingsInvalid:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise AnswerSettingsInvalid(
            "Write a list of budgets, a calendar, and the days a letter may wait."
        ) from error


def _budgets(rows: list[Mapping[str, Any]]) -> tuple[Budget, ...]:
    return tuple(
        Budget(
            Scope(row["scope"]),
            int(row["limit"]),
            timedelta(minutes=int(row["minutes"])),
            WhenSpent(row.get("when_spent", _usual(Scope(row["scope"])))),
        )
        for row in rows
    )


def _usual(scope: Scope) -> WhenSpent:
    """What the default budgets do: hold where many people stand behind a budget."""
    return next(each.when_spent for each in DEFAULT_BUDGETS if each.scope is scope)
