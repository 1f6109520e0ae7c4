"""Why, step by step: the trace of one decision, and its JSON for the explain card.

A trace holds every rule with every condition, the value it saw and its result, and
every guard with its reason. Nothing here decides.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from letterbox.rules import conditions
from letterbox.rules.conditions import Evaluated, EveryStep, GroupStep, Step
from letterbox.rules.folding import fold
from letterbox.rules.questions import Finding

# Characters of a value that a trace keeps; members of a list.
_EXCERPT = 200
_MEMBERS = 20


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


class RuleTrace(NamedTuple):
    """One rule with its fit, a sentence on it, its conditions and its own guards."""

    rule: int
    version: int
    name: str
    fit: Fit
    sentence: str
    conditions: Evaluated
    guards: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, object]:
        """This rule's part of the trace as JSON values."""
        return {
            "rule": self.rule,
            "version": self.version,
            "name": self.name,
            "fit": self.fit.value,
            "sentence": self.sentence,
            "conditions": step_to_json(self.conditions),
            "guards": [each.to_json() for each in self.guards],
        }


@dataclass(frozen=True, slots=True)
class Trace:
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
    match step:
        case EveryStep():
            return {"every": True, "holds": True}
        case GroupStep():
            members = [step_to_json(each) for each in step.members]
            return {step.mode.value: members, "holds": step.holds}
        case _:
            return {
                **conditions.dump(step.condition),
                "sentence": str(step.condition),
                "seen": _excerpt(step),
                "is_private": step.condition.about.is_private,
                "holds": step.holds,
            }


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
    match step.seen.shown:
        case str() as text if len(text) > _EXCERPT:
            return _place_of(step) or f"{text[:_EXCERPT]}…"
        case list() as texts:
            return [str(each)[:_EXCERPT] for each in texts[:_MEMBERS]]
        case shown:
            return shown


def _place_of(step: Step) -> str:
    """Where in a long text the words stand; empty where they do not, or at once.

    A match far down would leave its reader puzzled. The folded text is shown there:
    offsets in it are not those of the text as written.
    """
    wanted = step.condition.value
    if step.condition.operator not in ("contains", "does-not-contain"):
        return ""
    words = fold(str(wanted))
    place = step.seen.joined.find(words)
    if place <= _EXCERPT - len(words):
        return ""
    start = max(place - 40, 0)
    return f"…{step.seen.joined[start : start + _EXCERPT]}…"
