from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from letterbox.rules.compare import compare
from letterbox.rules.conditions import Condition, EveryMessage, all_of, any_of
from letterbox.rules.engine import Frequency, Timing
from tests.unit.rules.letters import rule

OFFER = Condition("subject", "contains", "offer")
ORDER = Condition("subject", "contains", "order")
NO_CC = Condition("cc", "is-empty")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "Weekend"}, "Name: “Rule 1” became “Weekend”"),
        ({"is_active": False}, "Status: “Active” became “Inactive”"),
        ({"template": 8}, "Response template: “Thanks” became “template 8”"),
        ({"position": 4}, "Position: “2” became “5”"),
        ({"timing": Timing.HOLIDAYS}, "When: “always” became “on holidays”"),
        (
            {"frequency": Frequency.EVERY_LETTER},
            "How often: “once per conversation” became “every matching letter”",
        ),
        (
            {
                "frequency": Frequency.ONCE_PER_SENDER_AND_PERIOD,
                "period": timedelta(days=7),
            },
            "How often: “once per conversation” became “once per sender in 7 days”",
        ),
        (
            {"first_letter_only": True},
            "Which letters: “all letters” became “first letters only”",
        ),
        (
            {"goes_on": True},
            "After it: “no other rule is asked” became “the next rule is asked”",
        ),
    ],
)
def test_every_change_reads_as_a_sentence(
    change: dict[str, Any], sentence: str
) -> None:
    old, new = rule(1), rule(1, version=2, **change)

    assert [str(each) for each in compare(old, new, template_names={7: "Thanks"})] == [
        sentence
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (all_of(OFFER), all_of(OFFER), []),
        (
            all_of(OFFER),
            all_of(OFFER, NO_CC),
            ["Conditions: added “Cc is empty”"],
        ),
        (
            all_of(OFFER, NO_CC),
            OFFER,
            ["Conditions: removed “Cc is empty”"],
        ),
        (
            all_of(OFFER, NO_CC),
            all_of(ORDER, NO_CC),
            [
                "Conditions: removed “Subject contains “offer””",
                "Conditions: added “Subject contains “order””",
            ],
        ),
        (
            all_of(OFFER, NO_CC),
            any_of(OFFER, NO_CC),
            [
                "Conditions: “Subject contains “offer” and Cc is empty” became "
                "“Subject contains “offer” or Cc is empty”"
            ],
        ),
        (
            all_of(OFFER, NO_CC),
            all_of(NO_CC, OFFER),
            [
                "Conditions: “Subject contains “offer” and Cc is empty” became "
                "“Cc is empty and Subject contains “offer””"
            ],
        ),
        (
            EveryMessage(),
            NO_CC,
            ["Conditions: “Every message” became “Cc is empty”"],
        ),
    ],
)
def test_conditions_are_compared_one_by_one_where_groups_stay(
    old: Any, new: Any, sentences: list[str]
) -> None:
    differences = compare(rule(1, conditions=old), rule(1, conditions=new))

    assert [str(each) for each in differences] == sentences


def test_a_version_alone_is_no_difference() -> None:
    assert compare(rule(1), rule(1, version=9, active_since=5)) == []
