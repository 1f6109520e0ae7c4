"""How many automatic answers may go out: limits in sliding windows, counted, not guessed.

Counting needs only the answers of the past; where they are stored and locked is the
caller's matter. Whoever inserts an answer counts in the same transaction, so that two
workers cannot overshoot. Nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache


class Scope(StrEnum):
    """Whose answers a budget counts."""

    CONVERSATION = "conversation"
    SENDER = "sender"
    DOMAIN = "domain"
    MAILBOX = "mailbox"


class WhenSpent(StrEnum):
    """What becomes of an answer for which a budget has nothing left."""

    REFUSE = "refuse"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `limit` answers of a scope in any period of this length.

    Budgets of one conversation or sender refuse: a person has been told already, and a
    robot deserves nothing. Those of a domain or a mailbox hold: behind them stand many
    people, so an administrator decides.
    """

    scope: Scope
    limit: int
    period: timedelta
    when_spent: WhenSpent = WhenSpent.REFUSE

    def __str__(self) -> str:
        return f"{self.limit} in {describe(self.period)} for each {self.scope.value}"


DEFAULT_BUDGETS: tuple[Budget, ...] = (
    Budget(Scope.CONVERSATION, 2, timedelta(hours=24)),
    Budget(Scope.SENDER, 5, timedelta(hours=2)),
    Budget(Scope.SENDER, 10, timedelta(hours=24)),
    Budget(Scope.DOMAIN, 50, timedelta(hours=1), WhenSpent.HOLD),
    Budget(Scope.MAILBOX, 200, timedelta(hours=1), WhenSpent.HOLD),
)


class Fate(StrEnum):
    """What became of an answer, as far as counting cares.

    Promised ones count everywhere, whether they are queued, sent, failed or unsure.
    Held ones have not left: they count against a conversation or a sender, since
    nothing else would stop a robot from filling the list of held answers, but not
    against a domain or a mailbox. Discarded ones count nowhere; they only keep their
    letter from being answered again.
    """

    PROMISED = "promised"
    HELD = "held"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class PastAnswer:
    """One automatic answer of this mailbox, decided at `at` (aware).

    `recipient` got it, `author` had written; they differ by Reply-To. `message` is our
    id of the letter it answers, `message_id` that letter's own.
    """

    rule: int
    message: int
    at: datetime
    recipient: str
    author: str = ""
    message_id: str = ""
    conversation: int | None = None
    fate: Fate = Fate.PROMISED
    #: By which people are compared; made once, for it is compared over and over.
    recipient_key: str = field(init=False, repr=False, compare=False)
    author_key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipient_key", key(self.recipient))
        object.__setattr__(self, "author_key", key(self.author))


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom an answer is asked: the keys by which past answers are counted."""

    recipient: str
    author: str
    conversation: int | None
    recipient_key: str = field(init=False, repr=False, compare=False)
    author_key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipient_key", key(self.recipient))
        object.__setattr__(self, "author_key", key(self.author))


@dataclass(frozen=True, slots=True)
class Balance:
    """One budget at one moment: what is spent, what is free, and until when it waits.

    `free_at` is when the next answer fits again; None while there is room.
    """

    budget: Budget
    spent: int
    free_at: datetime | None

    @property
    def free(self) -> int:
        """How many answers still fit."""
        return max(self.budget.limit - self.spent, 0)


def count(
    budget: Budget, past: Iterable[PastAnswer], asked: Asked, now: datetime
) -> Balance:
    """What is spent of a budget for these keys, in the window that ends now.

    An answer leaves the window when the period has passed in full.
    """
    since = now - budget.period
    counts = _COUNTS[budget.scope]
    times = sorted(
        [each.at for each in past if each.at > since and counts(each, asked)]
    )
    if len(times) < budget.limit:
        return Balance(budget, len(times), None)
    if budget.limit == 0:
        return Balance(budget, len(times), datetime.max.replace(tzinfo=now.tzinfo))
    return Balance(budget, len(times), times[-budget.limit] + budget.period)


def balances(
    budgets: Sequence[Budget], past: Sequence[PastAnswer], asked: Asked, now: datetime
) -> list[Balance]:
    """The balance of every budget, in their order."""
    return [count(each, past, asked, now) for each in budgets]


def longest_period(budgets: Sequence[Budget]) -> timedelta:
    """How far back past answers must be known for these budgets."""
    return max((each.period for each in budgets), default=timedelta())


# The same people are met again and again.
@lru_cache(maxsize=10_000)
def key(address: str) -> str:
    """An address as budgets see it: without case and without a +tag.

    A robot that answers from a fresh tag each time is still one robot.
    """
    local_part, _, domain = address.strip().casefold().rpartition("@")
    return f"{local_part.partition('+')[0]}@{domain}" if local_part else domain


def describe(period: timedelta) -> str:
    """A period in words: `2 hours`, `1 day`, `90 minutes`."""
    seconds = int(period.total_seconds())
    if seconds == 0 or seconds % 60:
        return f"{seconds} seconds"
    minutes, hours, days = seconds // 60, seconds // 3_600, seconds // 86_400
    if minutes % 60:
        return f"{minutes} minute" if minutes == 1 else f"{minutes} minutes"
    if hours % 24:
        return f"{hours} hour" if hours == 1 else f"{hours} hours"
    return f"{days} day" if days == 1 else f"{days} days"


def is_same_conversation(past: PastAnswer, asked: Asked) -> bool:
    """Whether a past answer stands in the conversation of this one."""
    return asked.conversation is not None and past.conversation == asked.conversation


def is_same_person(past: PastAnswer, asked: Asked) -> bool:
    """Whether a past answer went to the one who would get this one, or who wrote.

    Both are compared, for a robot may keep its Reply-To and change its From, or the
    other way round.
    """
    if past.recipient_key == asked.recipient_key:
        return True
    return bool(asked.author) and past.author_key == asked.author_key


def _counts_for_conversation(past: PastAnswer, asked: Asked) -> bool:
    return past.fate is not Fate.DISCARDED and is_same_conversation(past, asked)


def _counts_for_sender(past: PastAnswer, asked: Asked) -> bool:
    return past.fate is not Fate.DISCARDED and is_same_person(past, asked)


def _counts_for_domain(past: PastAnswer, asked: Asked) -> bool:
    if past.fate is not Fate.PROMISED:
        return False
    return _domain(past.recipient) == _domain(asked.recipient)


def _counts_for_mailbox(past: PastAnswer, _asked: Asked) -> bool:
    return past.fate is Fate.PROMISED


_COUNTS: dict[Scope, Callable[[PastAnswer, Asked], bool]] = {
    Scope.CONVERSATION: _counts_for_conversation,
    Scope.SENDER: _counts_for_sender,
    Scope.DOMAIN: _counts_for_domain,
    Scope.MAILBOX: _counts_for_mailbox,
}


def _domain(address: str) -> str:
    return address.rpartition("@")[2].casefold()
