"""The report of a trial in words, and the letters that one may see of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from letterbox.inbound.conversion import SameSender, same_sender_of
from letterbox.models import Message, RuleTrial
from letterbox.rules.guards import GUARDS

FITS = {
    "answers": gettext_lazy("would be answered"),
    "held": gettext_lazy("would be held for a person"),
    "refused": gettext_lazy("must not be answered"),
    "quiet": gettext_lazy("told already, so the rule stays quiet"),
    "not-reached": gettext_lazy("taken by a rule above"),
    "not-now": gettext_lazy("came when the rule is not in force"),
    "not-first": gettext_lazy("are not the first of their conversation"),
    "no-match": gettext_lazy("do not satisfy the conditions"),
    "inactive": gettext_lazy("would not be looked at: the rule is inactive"),
    "not-in-force": gettext_lazy("were here before the rule"),
}


@dataclass(frozen=True, slots=True)
class Example:
    """One letter that the rule matches; `message` only for those who may read it."""

    number: int
    message: Message | None
    fit: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Report:
    """What to show; every count with its words, the largest first."""

    is_about_rule: bool
    prepared: int
    to_prepare: int
    untried: int
    matched: int
    counts: list[tuple[int, str]]
    guards: list[tuple[int, str, str]]
    differences: list[tuple[int, str]]
    conversion: list[tuple[int, str]]
    examples: list[Example]


def read(trial: RuleTrial, readable: QuerySet[Message]) -> Report:
    """The report as it stands; `readable` are the letters that this person may read."""
    found: Mapping[str, Any] = trial.report
    rows = found.get("examples", [])
    messages = readable.in_bulk([row[0] for row in rows])
    return Report(
        is_about_rule=bool(trial.question.get("rule")),
        prepared=found.get("prepared", 0),
        to_prepare=found.get("to_prepare", 0),
        untried=found.get("untried", 0),
        matched=found.get("matched", 0),
        counts=[
            (count, str(FITS.get(fit, fit)))
            for fit, count in _sorted(found.get("fits", {}))
        ],
        guards=[
            (count, _("held") if key == "held_by" else _("refused"), _sentence(name))
            for key in ("refused_by", "held_by")
            for name, count in _sorted(found.get(key, {}))
        ],
        differences=[
            (found.get(key, 0), words)
            for key, words in (
                ("gained", _("were not answered then, and would be")),
                ("lost", _("were answered then, and would not be")),
                ("changed", _("would be answered by another rule than then")),
                (
                    "standing_differs",
                    _("would be treated otherwise by the rules as they stand"),
                ),
            )
        ],
        conversion=[
            (
                found.get("would_convert", 0),
                _("first letters of persons would convert"),
            ),
            *_of_same_sender(trial, found),
            (found.get("did_convert", 0), _("did convert when they came")),
            *((count, why) for why, count in _sorted(found.get("not_converted", {}))),
        ],
        examples=[
            Example(number, messages.get(number), str(FITS.get(fit, fit)), sentence)
            for number, fit, sentence in rows
        ],
    )


def _of_same_sender(
    trial: RuleTrial, found: Mapping[str, Any]
) -> list[tuple[int, str]]:
    """First letters of people who have an earlier one, and what that means."""
    count = found.get("of_same_sender", 0)
    if not count:
        return []
    if same_sender_of(trial.mailbox) is SameSender.OPEN_NEW:
        return [(count, _("of these have an earlier one of the same sender"))]
    words = _(
        "of these have an earlier one of the same sender: while that is open, no "
        "second one is opened unasked"
    )
    return [(count, words)]


def _sentence(guard: str) -> str:
    return GUARDS[guard].sentence if guard in GUARDS else guard


def _sorted(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))
