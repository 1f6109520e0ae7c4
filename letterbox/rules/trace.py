"""Why, step by step: the trace of one decision, and its JSON for the explain card.

A trace holds every rule with every condition, the value it saw and its result, and
every guard with its reason. Nothing here decides.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from letterbox.rules import conditions, operators
from letterbox.rules.conditions import Evaluated, EveryStep, Step
from letterbox.rules.folding import fold
from letterbox.rules.questions import Finding
from letterbox.rules.seen import EXCERPT


class Fit(StrEnum):
    """What became of one rule."""

    INACTIVE = "inactive"
    NO_MATCH = "no-match"
    NOT_NOW = "not-now"
    NOT_FIRST = "not-first"
    NOT_IN_FORCE = "not-in-force"
    NOT_REACHED = "not-reached"
    QUIET = "quiet"
    REFUSED = "refused"
    HELD = "held"
    ANSWERS = "answers"

    @property
    def says_match(self) -> bool:
        """Whether it tells that the conditions of a rule in force hold."""
        return self not in _NO_MATCH


_NO_MATCH = frozenset({Fit.INACTIVE, Fit.NOT_IN_FORCE, Fit.NO_MATCH})


class RuleTrace(NamedTuple):
    """One rule with its fit, a sentence on it, its conditions and its own guards.

    A brief decision leaves the conditions out.
    """

    rule: int
    version: int
    name: str
    fit: Fit
    sentence: str
    conditions: Evaluated | None
    guards: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, object]:
        """This rule's part of the trace as JSON values."""
        return {
            "rule": self.rule,
            "version": self.version,
            "name": self.name,
            "fit": self.fit.value,
            "sentence": self.sentence,
            "conditions": step_to_json(self.conditions) if self.conditions else {},
            "guards": [each.to_json() for each in self.guards],
        }


class Trace(NamedTuple):
    """The guards that look at the letter, then every rule in order."""

    sentence: str
    guards: tuple[Finding, ...]
    rules: tuple[RuleTrace, ...]

    def to_json(self) -> dict[str, object]:
        """The trace as JSON values; what the explain card and replays read."""
        return {
            "sentence": self.sentence,
            "guards": [each.to_json() for each in self.guards],
            "rules": [each.to_json() for each in self.rules],
        }


def step_to_json(step: Evaluated) -> dict[str, object]:
    """One comparison or group with its result; `seen` is an excerpt."""
    if isinstance(step, Step):
        return {**step.condition.said, "seen": _excerpt(step), "holds": step.holds}
    if isinstance(step, EveryStep):
        return {"every": True, "holds": True}
    members = [step_to_json(each) for each in step.members]
    return {step.mode.value: members, "holds": step.holds}


def redact(
    verdict: Mapping[str, Any], *, may_read_letter: bool, may_see_rules: bool
) -> dict[str, object]:
    """A stored verdict as one person may see it; the stored one stays as it is.

    Without the right to read the letter, no value that is part of it is shown, nor who
    gets the answer; without the right to see rules, no condition is.
    """
    shown = copy.deepcopy(dict(verdict))
    for rule in shown.get("trace", {}).get("rules", []):
        if not may_see_rules:
            rule.pop("conditions", None)
        elif not may_read_letter:
            _hide(rule.get("conditions", {}))
    if not may_read_letter:
        for answer in shown.get("answers", []):
            answer["recipient"] = None
    return shown


def _hide(step: dict[str, Any]) -> None:
    for mode in conditions.Mode:
        for member in step.get(mode.value, []):
            _hide(member)
    # What an older version stored without saying so counts as private.
    if "seen" in step and step.get("is_private", True):
        step["seen"] = None
        step["is_hidden"] = True


def _excerpt(step: Step) -> object:
    """What the condition saw, shortened; of a long text the place that mattered."""
    shown = step.seen.shown
    if isinstance(shown, str) and len(shown) > EXCERPT:
        return _place_of(step) or step.seen.excerpt
    return step.seen.excerpt


def _place_of(step: Step) -> str:
    """Where in a long text the words stand; empty where they do not, or at once.

    A match far down would leave its reader puzzled. The folded text is shown there:
    offsets in it are not those of the text as written.
    """
    is_found = _FINDING.get(step.condition.operator)
    if step.holds is not is_found:
        return ""
    words = fold(str(step.condition.value))
    place = step.seen.joined.find(words)
    if place <= EXCERPT - len(words):
        return ""
    start = max(place - 40, 0)
    return f"…{step.seen.joined[start : start + EXCERPT]}…"


# Operator → the result with which the words do stand in the text.
_FINDING = {operators.CONTAINS.name: True, operators.DOES_NOT_CONTAIN.name: False}
