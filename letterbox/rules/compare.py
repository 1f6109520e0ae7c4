"""What changed between two versions of a rule, in sentences for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from letterbox.rules import budgets, conditions
from letterbox.rules.conditions import Condition, Conditions
from letterbox.rules.engine import Frequency, Rule, Timing


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed: which part of the rule, and from what to what.

    An added part has an empty `before`, a removed one an empty `after`.
    """

    part: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"{self.part}: added “{self.after}”"
        if not self.after:
            return f"{self.part}: removed “{self.before}”"
        return f"{self.part}: “{self.before}” became “{self.after}”"


def compare(
    old: Rule, new: Rule, *, template_names: Mapping[int, str] | None = None
) -> list[Difference]:
    """What changed from one version to another; empty when nothing that matters did.

    `template_names` gives templates their names; one without is shown by its number.
    """
    names = template_names or {}
    before, after = _parts(old, names), _parts(new, names)
    differences = [
        Difference(part, before[part], after[part])
        for part in before
        if before[part] != after[part]
    ]
    return differences + _conditions(old.conditions, new.conditions)


def _parts(rule: Rule, names: Mapping[int, str]) -> dict[str, str]:
    return {
        "Name": rule.name,
        "Status": "Active" if rule.is_active else "Inactive",
        "Response template": names.get(rule.template, f"template {rule.template}"),
        "Position": str(rule.position + 1),
        "When": _TIMINGS[rule.timing],
        "How often": _how_often(rule),
        "Which letters": "first letters only"
        if rule.first_letter_only
        else "all letters",
        "After it": "the next rule is asked"
        if rule.goes_on
        else "no other rule is asked",
    }


_TIMINGS = {
    Timing.ALWAYS: "always",
    Timing.BUSINESS_HOURS: "in business hours",
    Timing.OUTSIDE_BUSINESS_HOURS: "outside business hours",
    Timing.HOLIDAYS: "on holidays",
}


def _how_often(rule: Rule) -> str:
    match rule.frequency:
        case Frequency.EVERY_LETTER:
            return "every matching letter"
        case Frequency.ONCE_PER_CONVERSATION:
            return "once per conversation"
        case Frequency.ONCE_PER_SENDER_AND_PERIOD:
            return f"once per sender in {budgets.describe(rule.period)}"


def _conditions(old: Conditions, new: Conditions) -> list[Difference]:
    if old == new:
        return []
    before, after = _single(old), _single(new)
    removed, added = before - after, after - before
    if _shape(old) != _shape(new) or not (removed or added):
        # Grouping says as much as the conditions do: show the whole.
        return [Difference("Conditions", str(old), str(new))]
    return [
        *(Difference("Conditions", each, "") for each in removed.elements()),
        *(Difference("Conditions", "", each) for each in added.elements()),
    ]


def _single(node: Conditions) -> Counter[str]:
    walked = (each for _, each in conditions.walk(node))
    return Counter(str(each) for each in walked if isinstance(each, Condition))


def _shape(node: Conditions) -> list[str]:
    """How conditions are grouped, without what they say; one alone is a group too."""
    if isinstance(node, Condition):
        return ["all"]
    if not isinstance(node, conditions.Group):
        return [str(node)]
    shape = [node.mode.value]
    for each in node.members:
        if not isinstance(each, Condition):
            shape += ["(", *_shape(each), ")"]
    return shape
