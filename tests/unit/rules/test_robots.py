"""Whatever robots do: the answers stay under the budgets, and people get theirs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from letterbox.rules.budgets import Fate
from letterbox.rules.trace import Fit
from tests.unit.rules.robots import Disguise, Robot, World, fit_of

robots = st.builds(
    Robot,
    copies=st.integers(1, 3),
    delay_minutes=st.one_of(st.integers(0, 5), st.just(25 * 60)),
    disguise=st.sampled_from(Disguise),
    has_reply_to=st.booleans(),
    keeps_marks=st.integers(0, 9).map(lambda number: number == 0),
    keeps_thread=st.booleans(),
    keeps_message_id=st.booleans(),
    writes_to_all=st.booleans(),
    passes_to_next=st.booleans(),
)


class Storm(RuleBasedStateMachine):
    """Up to twenty robots against up to four mailboxes that answer everything."""

    @initialize(
        mailboxes=st.integers(1, 4), robots=st.lists(robots, min_size=1, max_size=20)
    )
    def begin(self, mailboxes: int, robots: list[Robot]) -> None:
        self.world = World(mailboxes, robots)
        self.mailboxes, self.robots = mailboxes, len(robots)

    @rule(robot=st.integers(0, 19), mailbox=st.integers(0, 3))
    def a_robot_writes(self, robot: int, mailbox: int) -> None:
        self.world.robot_writes(robot % self.robots, mailbox % self.mailboxes)

    @rule(most=st.integers(1, 80))
    def letters_arrive(self, most: int) -> None:
        self.world.deliver(most)

    @rule(minutes=st.sampled_from([1, 30, 60, 121, 25 * 60]))
    @precondition(lambda self: self.world.minute < 4 * 24 * 60)
    def time_passes(self, minutes: int) -> None:
        self.world.minute += minutes

    @rule(mailbox=st.integers(0, 3))
    def a_person_writes(self, mailbox: int) -> None:
        has_room = self.world.has_room_for_strangers(mailbox % self.mailboxes)

        fit = fit_of(self.world.person_writes(mailbox % self.mailboxes))

        assert fit is (Fit.ANSWERS if has_room else Fit.HELD)

    @invariant()
    def no_budget_is_overdrawn(self) -> None:
        if hasattr(self, "world"):
            assert list(self.world.broken_budgets()) == []

    @invariant()
    def nobody_of_us_is_answered(self) -> None:
        if hasattr(self, "world"):
            sent = [each for answers in self.world.sent for each in answers]
            assert not [
                each for each in sent if each.recipient.endswith("@acme.example")
            ]


Storm.TestCase.settings = settings(
    max_examples=120, stateful_step_count=40, deadline=None
)
TestStorm = Storm.TestCase


OPPONENTS = {
    "a robot that strips every header and rewrites ids": [Robot(keeps_thread=False)],
    "a robot that answers in the thread": [Robot()],
    "a robot that answers three times": [Robot(copies=3, keeps_thread=False)],
    "a robot with a new tag each time": [
        Robot(disguise=Disguise.NEW_TAG, keeps_thread=False)
    ],
    "a robot that keeps only its Reply-To": [
        Robot(disguise=Disguise.NEW_DOMAIN, has_reply_to=True, keeps_thread=False)
    ],
    "a ring of ten": [Robot(passes_to_next=True, keeps_thread=False)] * 10,
    "a robot that waits 25 hours": [Robot(delay_minutes=25 * 60, keeps_thread=False)],
    "a list that echoes us": [Robot(disguise=Disguise.US, copies=2)],
    "an honest robot": [Robot(keeps_marks=True)],
}


@pytest.mark.parametrize("name", OPPONENTS)
def test_one_opponent_gets_at_most_what_is_stated_in_a_day(name: str) -> None:
    robots = OPPONENTS[name]
    world = World(1, robots)
    for number in range(len(robots)):
        for _ in range(3):
            world.robot_writes(number, 0)

    world.wait(24 * 60 - 1)

    # Each robot is one sender: 10 answers in 24 hours, and 2 in one conversation.
    assert len(world.sent[0]) <= 10 * len(robots)
    assert list(world.broken_budgets()) == []
    if name in ("an honest robot", "a list that echoes us"):
        assert world.sent[0] == []


def test_a_robot_that_changes_everything_meets_the_breaker_and_people_are_held() -> (
    None
):
    opponent = Robot(disguise=Disguise.NEW_DOMAIN, copies=3, keeps_thread=False)
    world = World(1, [opponent])
    world.robot_writes(0, 0)

    world.deliver(2_000)
    verdict = world.person_writes(0)

    first_hour = [
        each
        for each in world.sent[0]
        if each.at < world.sent[0][0].at + timedelta(hours=1)
    ]
    assert sum(each.fate is Fate.PROMISED for each in first_hour) == 200
    assert fit_of(verdict) is Fit.HELD
    assert verdict.answers[0].is_held


def test_a_robot_with_a_new_name_each_time_leaves_room_for_people() -> None:
    opponent = Robot(disguise=Disguise.NEW_NAME, copies=2, keeps_thread=False)
    world = World(1, [opponent])
    world.robot_writes(0, 0)

    world.deliver(500)

    promised = [each for each in world.sent[0] if each.fate is Fate.PROMISED]
    assert len(promised) <= 50 * (world.minute // 60 + 1)
    assert fit_of(world.person_writes(0)) is Fit.ANSWERS


def test_two_of_our_own_mailboxes_exchange_nothing() -> None:
    world = World(2, [Robot(disguise=Disguise.US)])
    for _ in range(8):
        world.robot_writes(0, 0)

    world.deliver(100)

    assert world.sent == [[], []]
