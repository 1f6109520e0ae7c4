"""What an administrator sets about automatic answers, as JSON and back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from letterbox.rules import answer_settings, calendars
from letterbox.rules.answer_settings import AnswerSettings, AnswerSettingsInvalid
from letterbox.rules.budgets import DEFAULT_BUDGETS, Budget, Scope, WhenSpent


def test_settings_come_back_from_json_as_they_were() -> None:
    settings = AnswerSettings(
        budgets=(
            *DEFAULT_BUDGETS[1:],
            Budget(Scope.CONVERSATION, 7, timedelta(minutes=90), WhenSpent.HOLD),
        ),
        calendar=calendars.office_hours("Europe/Berlin"),
        oldest=timedelta(days=5),
        with_company_holidays=False,
    )

    assert answer_settings.load(settings.to_json()) == settings
    assert settings.time_zone == "Europe/Berlin"


def test_what_is_not_said_has_its_default() -> None:
    assert answer_settings.load({}) == AnswerSettings()


@pytest.mark.parametrize(
    "data",
    [
        {"budgets": []},
        {"budgets": [{"scope": "sender", "limit": 1, "minutes": 60}]},
        {"budgets": "many"},
        {"budgets": [{"scope": "moon", "limit": 1, "minutes": 60}]},
        {"budgets": [{"scope": "sender", "limit": -1, "minutes": 60}] * 4},
        {"calendar": {"time_zone": "Mars/Base", "week": [[]] * 7}},
        {"oldest_days": 0},
        {"oldest_days": 10**30},
        {"oldest_days": "soon"},
    ],
)
def test_nonsense_is_refused_with_a_sentence(data: dict[str, Any]) -> None:
    with pytest.raises(AnswerSettingsInvalid) as raised:
        answer_settings.load(data)

    assert str(raised.value).endswith(".")
