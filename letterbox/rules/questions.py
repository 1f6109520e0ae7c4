"""What a guard is asked, and what it says: the values around every guard.

Asking applies what can overrule a guard: a person's trust in a sender, and a mailbox's
waiver. Which guards there are stands in `guards`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from letterbox.rules import budgets
from letterbox.rules.budgets import DEFAULT_BUDGETS, Asked, Budget, PastAnswer
from letterbox.rules.facts import Facts
from letterbox.rules.once import once

# RFC 5321, section 4.5.3.1: 64 characters, an @, 255 characters.
_LONGEST_ADDRESS = 320


class Say(StrEnum):
    """What a guard says to an answer."""

    ALLOW = "allow"
    REFUSE = "refuse"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an administrator may set about the guards of a mailbox.

    `trusted` and `muted` hold addresses (`anna@example.com`) and domains
    (`example.com`); a muted sender stays muted even where the domain is trusted.
    `waived` names waivable guards; others in it change nothing. `oldest` is how long
    a letter may have waited. `breaker_is_open` holds every answer until someone closes
    the breaker.
    """

    trusted: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()
    waived: frozenset[str] = frozenset()
    oldest: timedelta = timedelta(days=3)
    budgets: tuple[Budget, ...] = DEFAULT_BUDGETS
    breaker_is_open: bool = False

    def __post_init__(self) -> None:
        # Once here, not for every letter: the lists may be long.
        for name in ("trusted", "muted"):
            entries = getattr(self, name)
            plain = {each.strip().casefold().removeprefix("@") for each in entries}
            object.__setattr__(self, name, frozenset(plain - {""}))


# Without slots: what is asked of it most often is worked out once.
@dataclass(frozen=True)
class Question:
    """May this rule answer this letter now? All that a guard may look at.

    `past` holds earlier automatic answers of this mailbox: those to the same message,
    in the same conversation or to the same sender, however old, and all of them within
    the periods of the budgets of domain and mailbox. `promised` are the answers that
    earlier rules have just given to this letter by going on.
    Both are gone through more than once.
    """

    facts: Facts
    now: datetime
    settings: Settings
    past: Iterable[PastAnswer] = ()
    promised: Sequence[PastAnswer] = ()

    @once
    def asked(self) -> Asked:
        """The keys by which budgets count."""
        facts = self.facts
        return Asked(facts.recipient.email, facts.author.email, facts.conversation)

    @once
    def counted(self) -> tuple[PastAnswer, ...]:
        """What budgets count: the answers of the past and those just promised."""
        return (*self.past, *self.promised)


#: The reason why not; empty where nothing stands against it.
Reason = str


# A named tuple, not a dataclass: a decision makes dozens, three times as fast.
class Finding(NamedTuple):
    """What one guard said, and why; `overruled` names who lifted a refusal."""

    guard: str
    say: Say
    sentence: str
    reason: Reason = ""
    overruled: str = ""

    def to_json(self) -> dict[str, object]:
        """This finding as JSON values."""
        return {
            "guard": self.guard,
            "says": self.say.value,
            "sentence": self.sentence,
            "reason": self.reason,
            "overruled": self.overruled,
        }


@dataclass(frozen=True, slots=True)
class Guard:
    """One thing that forbids or holds an automatic answer.

    `sentence` says what it watches over. `is_about_rule` guards depend on the rule and
    are asked once for each; the others are asked once for each letter.
    """

    name: str
    sentence: str
    test: Callable[[Question], Reason]
    says: Say = Say.REFUSE
    is_about_rule: bool = False
    overridden_by_trust: bool = False
    is_waivable: bool = False
    #: What it says when nothing stands against the answer; made once.
    silence: Finding = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        silence = Finding(self.name, Say.ALLOW, self.sentence)
        object.__setattr__(self, "silence", silence)


def ask(guards: Sequence[Guard], question: Question) -> tuple[Finding, ...]:
    """What each guard says; all are asked, so that every reason can be shown."""
    return tuple(
        [
            _weigh(each, reason, question)
            if (reason := each.test(question))
            else each.silence
            for each in guards
        ]
    )


def strongest(findings: Sequence[Finding]) -> Say:
    """Refuse if any refuses, else hold if any holds, else allow."""
    said = {each.say for each in findings}
    return next((say for say in (Say.REFUSE, Say.HOLD) if say in said), Say.ALLOW)


def is_listed(address: str, entries: frozenset[str]) -> bool:
    """Whether an address, its domain or a domain above it is among the entries.

    The entries are without case and without a leading @, as in `Settings`.
    """
    if not entries or "@" not in address or len(address) > _LONGEST_ADDRESS:
        return False
    address = address.casefold()
    labels = address.rpartition("@")[2].split(".")
    domains = {".".join(labels[index:]) for index in range(len(labels))}
    return not entries.isdisjoint({address, budgets.key(address), *domains})


def is_trusted(question: Question) -> bool:
    """Whether someone said that this sender is a person to answer."""
    address = question.facts.author.email
    return is_listed(address, question.settings.trusted) and not is_muted(question)


def is_muted(question: Question) -> bool:
    """Whether the author, or who would get the answer, is on the list."""
    return any(
        is_listed(each.email, question.settings.muted)
        for each in (question.facts.author, question.facts.recipient)
    )


def _weigh(guard: Guard, reason: Reason, question: Question) -> Finding:
    """What a guard says that has a reason, unless somebody lifts it."""
    overruled = ""
    if guard.is_waivable and guard.name in question.settings.waived:
        overruled = "This mailbox waives this guard."
    elif guard.overridden_by_trust and is_trusted(question):
        overruled = "The sender is trusted."
    say = Say.ALLOW if overruled else guard.says
    return Finding(guard.name, say, guard.sentence, reason, overruled)
