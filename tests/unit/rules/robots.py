"""A small world of mailboxes, robots and people, in which answers travel.

Robots do with an answer whatever they like; the mailboxes decide with the real engine,
guards and budgets, and remember what they promised. Time is a number of minutes.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from letterbox.mime.letter import Address
from letterbox.rules import budgets
from letterbox.rules.budgets import (
    DEFAULT_BUDGETS,
    Asked,
    Budget,
    Fate,
    PastAnswer,
    Scope,
)
from letterbox.rules.engine import Frequency, Verdict, decide
from letterbox.rules.trace import Fit
from tests.unit.rules.letters import NOON, letter, rule

MAILBOXES = tuple(
    f"{name}@acme.example" for name in ("support", "sales", "orders", "jobs")
)


class Disguise(StrEnum):
    """As whom a robot writes its next letter."""

    SAME = "same"
    NEW_TAG = "new tag"
    NEW_NAME = "new name"
    NEW_DOMAIN = "new domain"
    US = "one of our mailboxes"


@dataclass(frozen=True, slots=True)
class Robot:
    """What one robot does with every letter that it gets."""

    copies: int = 1
    delay_minutes: int = 1
    disguise: Disguise = Disguise.SAME
    has_reply_to: bool = False
    keeps_marks: bool = False
    keeps_thread: bool = True
    keeps_message_id: bool = False
    writes_to_all: bool = False
    passes_to_next: bool = False


@dataclass(order=True, slots=True)
class Event:
    """A letter on its way to a mailbox, at so many minutes."""

    minute: int
    order: int
    mailbox: int = field(compare=False)
    author: str = field(compare=False)
    reply_to: str = field(compare=False)
    message_id: str = field(compare=False)
    conversation: int | None = field(compare=False)
    robot: int | None = field(compare=False)


class World:
    """Mailboxes with a match-all rule each, robots, and letters on their way."""

    def __init__(self, mailboxes: int, robots: Sequence[Robot]) -> None:
        self.minute = 0
        self.sent: list[list[PastAnswer]] = [[] for _ in range(mailboxes)]
        self._robots = list(robots)
        self._owners: dict[str, int] = {}
        self._events: list[Event] = []
        self._numbers = itertools.count(1)
        self._rule = rule(1, frequency=Frequency.EVERY_LETTER)

    @property
    def now(self) -> datetime:
        """The time in this world."""
        return NOON + timedelta(minutes=self.minute)

    def robot_writes(self, robot: int, mailbox: int) -> None:
        """A robot starts by itself."""
        self._send(robot, mailbox, conversation=None, message_id="", delay=0)

    def person_writes(self, mailbox: int) -> Verdict:
        """A person who never wrote before writes to a mailbox, and it decides."""
        number = next(self._numbers)
        email = f"person{number}@home{number}.example"
        event = Event(
            self.minute, number, mailbox, email, "", f"p{number}@x", None, None
        )
        return self._receive(event)

    def deliver(self, most: int) -> None:
        """Let the next letters arrive, and the clock go on to each of them."""
        for _ in range(most):
            if not self._events:
                return
            event = heapq.heappop(self._events)
            self.minute = max(self.minute, event.minute)
            self._receive(event)

    def wait(self, minutes: int) -> None:
        """Let time pass, with everything that arrives in it."""
        until = self.minute + minutes
        while self._events and self._events[0].minute <= until:
            self.deliver(1)
        self.minute = until

    def has_room_for_strangers(self, mailbox: int) -> bool:
        """Whether the budgets that strangers share have something left."""
        asked = Asked("x@nobody.example", "x@nobody.example", None)
        shared = [each for each in DEFAULT_BUDGETS if each.scope is Scope.MAILBOX]
        balances = budgets.balances(shared, self.sent[mailbox], asked, self.now)
        return all(each.free for each in balances)

    def broken_budgets(self) -> Iterator[tuple[int, Budget]]:
        """Every budget that was overdrawn in any window, worked out by hand."""
        for mailbox, answers in enumerate(self.sent):
            out = [each for each in answers if each.fate is Fate.PROMISED]
            for budget in DEFAULT_BUDGETS:
                groups: dict[object, list[datetime]] = {}
                for each in out:
                    groups.setdefault(_group(budget.scope, each), []).append(each.at)
                for times in groups.values():
                    later = times[budget.limit :]
                    for first, last in zip(times, later, strict=False):
                        if last - first < budget.period:
                            yield mailbox, budget

    def _receive(self, event: Event) -> Verdict:
        number = next(self._numbers)
        robot = None if event.robot is None else self._robots[event.robot]
        facts = letter(
            message=number,
            message_id=event.message_id,
            ledger_position=number,
            conversation=event.conversation or number,
            is_first_letter=event.conversation is None,
            received_at=self.now,
            author=Address(event.author),
            reply_to=(Address(event.reply_to),) if event.reply_to else (),
            to=(Address(MAILBOXES[event.mailbox]),),
            mailbox_addresses=(MAILBOXES[event.mailbox],),
            own_addresses=MAILBOXES,
            kind="auto-reply" if robot and robot.keeps_marks else "human",
        )
        verdict = decide(
            facts, [self._rule], now=self.now, past=self.sent[event.mailbox]
        )
        for answer in verdict.answers:
            self.sent[event.mailbox].append(
                PastAnswer(
                    rule=answer.rule,
                    message=number,
                    at=self.now,
                    recipient=answer.recipient.email,
                    author=event.author,
                    message_id=event.message_id,
                    conversation=facts.conversation,
                    fate=Fate.HELD if answer.is_held else Fate.PROMISED,
                )
            )
            owner = self._owners.get(answer.recipient.email)
            if owner is not None and not answer.is_held:
                self._robot_gets_answer(owner, event, facts.conversation)
        return verdict

    def _robot_gets_answer(
        self, owner: int, event: Event, conversation: int | None
    ) -> None:
        robot = self._robots[owner]
        writer = (owner + 1) % len(self._robots) if robot.passes_to_next else owner
        mailboxes = range(len(self.sent)) if robot.writes_to_all else [event.mailbox]
        for mailbox in mailboxes:
            for _ in range(robot.copies):
                keeps = robot.keeps_thread and mailbox == event.mailbox
                self._send(
                    writer,
                    mailbox,
                    conversation=conversation if keeps else None,
                    message_id=event.message_id if robot.keeps_message_id else "",
                    delay=robot.delay_minutes,
                )

    def _send(
        self,
        robot: int,
        mailbox: int,
        *,
        conversation: int | None,
        message_id: str,
        delay: int,
    ) -> None:
        number = next(self._numbers)
        author = _address(self._robots[robot].disguise, robot, number)
        reply_to = (
            f"desk@robot{robot}.example" if self._robots[robot].has_reply_to else ""
        )
        for each in filter(None, (author, reply_to)):
            self._owners.setdefault(each, robot)
        heapq.heappush(
            self._events,
            Event(
                self.minute + delay,
                number,
                mailbox,
                author,
                reply_to,
                message_id or f"r{number}@x",
                conversation,
                robot,
            ),
        )


def fit_of(verdict: Verdict) -> Fit:
    """What became of the one rule."""
    return verdict.trace.rules[0].fit


def _address(disguise: Disguise, robot: int, number: int) -> str:
    match disguise:
        case Disguise.SAME:
            return f"robot@robot{robot}.example"
        case Disguise.NEW_TAG:
            return f"robot+{number}@robot{robot}.example"
        case Disguise.NEW_NAME:
            return f"robot{number}@robot{robot}.example"
        case Disguise.NEW_DOMAIN:
            return f"robot@r{number}.example"
        case Disguise.US:
            return MAILBOXES[number % len(MAILBOXES)]


def _group(scope: Scope, answer: PastAnswer) -> object:
    match scope:
        case Scope.CONVERSATION:
            return answer.conversation
        case Scope.SENDER:
            return budgets.key(answer.recipient)
        case Scope.DOMAIN:
            return answer.recipient.rpartition("@")[2]
        case Scope.MAILBOX:
            return None
