"""What is probably wrong with a rule: advice on saving, never a refusal.

Each check is one small function in the registry. All of them judge the rule as it is
written, beside the rules above it; none looks at mail. What would be an error stands in
`conditions`: a rule that cannot be evaluated cannot be saved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from letterbox.rules import claims, conditions, operators, values
from letterbox.rules.conditions import (
    Condition,
    Conditions,
    EveryMessage,
    Group,
    Mode,
    Path,
)
from letterbox.rules.engine import Frequency, Rule, Timing
from letterbox.rules.guards import TRUSTABLE_KINDS


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that is probably not meant: what, where, and what to do instead.

    `path` is that of the condition in question; empty where it is the whole rule.
    """

    check: str
    message: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule about to be saved, with what stands around it.

    `above` are the other rules of the mailbox that are asked before it; `now` is aware.
    """

    rule: Rule
    above: Sequence[Rule]
    own_addresses: frozenset[str]
    now: datetime

    def conditions(self) -> Iterator[tuple[Path, Condition]]:
        """Every single condition with its path."""
        for path, node in conditions.walk(self.rule.conditions):
            if isinstance(node, Condition):
                yield path, node

    def groups(self) -> Iterator[tuple[Path, Group]]:
        """Every group with its path."""
        for path, node in conditions.walk(self.rule.conditions):
            if isinstance(node, Group):
                yield path, node


Check = Callable[[Draft], Iterator[tuple[Path, str]]]

CHECKS: dict[str, Check] = {}


def lint(
    rule: Rule,
    *,
    above: Sequence[Rule] = (),
    own_addresses: Collection[str] = (),
    now: datetime,
) -> list[Advice]:
    """Everything that is probably wrong with a rule; empty when nothing is.

    `above` may be all rules of the mailbox: those that are asked later, and the rule
    itself, are left out.
    """
    earlier = [
        each
        for each in above
        if each.id != rule.id and (each.position, each.id) < (rule.position, rule.id)
    ]
    draft = Draft(rule, earlier, frozenset(own_addresses), now)
    return [
        Advice(name, message, path)
        for name, check in CHECKS.items()
        for path, message in check(draft)
    ]


def check(name: str) -> Callable[[Check], Check]:
    """Register a check under the name that the documentation uses."""

    def register(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return register


@check("never-matches")
def never_matches(draft: Draft) -> Iterator[tuple[Path, str]]:
    """Conditions that exclude one another."""
    if claims.can_never_hold(draft.rule.conditions):
        yield (), "Its conditions exclude one another: no message can satisfy them."


@check("always-matches")
def always_matches(draft: Draft) -> Iterator[tuple[Path, str]]:
    """Conditions that every message satisfies, though nobody chose "every message"."""
    rule = draft.rule.conditions
    if not isinstance(rule, EveryMessage) and claims.always_holds(rule):
        yield (
            (),
            "Every message satisfies it. If you mean that, choose “every message”.",
        )


@check("part-never-matches")
def part_never_matches(draft: Draft) -> Iterator[tuple[Path, str]]:
    """A member of an "any" group that can never hold."""
    if claims.can_never_hold(draft.rule.conditions):
        return
    for path, group in draft.groups():
        for index, member in enumerate(group.members):
            if claims.can_never_hold(member):
                yield (*path, index), "No message can satisfy this part."


@check("any-with-negative")
def any_with_negative(draft: Draft) -> Iterator[tuple[Path, str]]:
    """The trap of "any of: does not contain a, does not contain b"."""
    if claims.always_holds(draft.rule.conditions):
        return
    for path, group in draft.groups():
        if group.mode is not Mode.ANY or len(group.members) < 2:
            continue
        negative = [each for each in group.members if _is_negative(each)]
        if negative:
            yield (
                path,
                f"“{negative[0]}” alone is enough here, and nearly every message "
                "satisfies it. Do you mean “all” instead of “any”?",
            )


@check("own-address")
def own_address(draft: Draft) -> Iterator[tuple[Path, str]]:
    """A sender that is one of us is never answered."""
    for path, condition in draft.conditions():
        if condition.field not in _SENDER_FIELDS or _is_negative(condition):
            continue
        wanted = condition.value
        pieces = wanted if isinstance(wanted, tuple) else (str(wanted or ""),)
        ours = {each.casefold() for each in draft.own_addresses}
        named = [each for each in pieces if each.strip().casefold() in ours]
        if named:
            yield (
                path,
                f"{named[0]} is one of your own addresses, and those are never "
                "answered.",
            )


_SENDER_FIELDS = {"from", "from-address", "reply-to"}


@check("kind-is-never-answered")
def kind_is_never_answered(draft: Draft) -> Iterator[tuple[Path, str]]:
    """A rule for bounces or auto-replies would wait in vain."""
    for path, condition in draft.conditions():
        if condition.field != "kind" or condition.operator not in ("equals", "any-of"):
            continue
        wanted = condition.value
        pieces = set(wanted if isinstance(wanted, tuple) else (str(wanted),))
        if not {each.strip().casefold() for each in pieces} & TRUSTABLE_KINDS:
            yield path, "Mail of this kind is never answered by machine."


@check("shadowed")
def shadowed(draft: Draft) -> Iterator[tuple[Path, str]]:
    """A rule above takes every letter that this one could answer."""
    if not draft.rule.is_active:
        return
    for above in draft.above:
        if (
            above.is_active
            and not above.goes_on
            and _is_wider(above, draft.rule)
            and claims.follows(draft.rule.conditions, above.conditions)
        ):
            yield (
                (),
                f"“{above.name}” stands above and takes every message that satisfies "
                "this rule. Move this rule up, or let the other one go on.",
            )


@check("answers-together")
def answers_together(draft: Draft) -> Iterator[tuple[Path, str]]:
    """Two rules that answer the same letters, because the first goes on."""
    if not draft.rule.is_active:
        return
    for above in draft.above:
        if (
            above.is_active
            and above.goes_on
            and _is_wider(above, draft.rule)
            and claims.follows(draft.rule.conditions, above.conditions)
        ):
            yield (
                (),
                f"“{above.name}” answers these messages too and goes on: their senders "
                "get two answers.",
            )


@check("empty-pattern")
def empty_pattern(draft: Draft) -> Iterator[tuple[Path, str]]:
    """A pattern such as .* that is found in everything."""
    for path, condition in draft.conditions():
        if condition.operator == "matches" and values.pattern(
            condition.value
        ).is_found_in(b""):
            yield path, "This pattern is found in every text, even in an empty one."


@check("costly-pattern")
def costly_pattern(draft: Draft) -> Iterator[tuple[Path, str]]:
    """A pattern whose repetitions multiply; it ends, but it takes its time."""
    for path, condition in draft.conditions():
        if condition.operator != "matches":
            continue
        steps = values.pattern(condition.value).steps
        if steps > _MANY_STEPS:
            yield (
                path,
                f"This pattern grows to {steps} steps. Smaller repetitions do the same "
                "work sooner.",
            )


_MANY_STEPS = 300


@check("past-time")
def past_time(draft: Draft) -> Iterator[tuple[Path, str]]:
    """ "Received before" a time that has passed: no new letter can be."""
    for path, condition in draft.conditions():
        if condition.field != "received-at" or condition.operator != "less":
            continue
        wanted = values.time(condition.value).moment
        now = draft.now if wanted.tzinfo else draft.now.replace(tzinfo=None)
        if wanted < now:
            yield path, "This time has passed: no new message comes before it."


@check("list-in-one-text")
def list_in_one_text(draft: Draft) -> Iterator[tuple[Path, str]]:
    """ "contains a, b" looks for the comma as well."""
    for path, condition in draft.conditions():
        if condition.operator not in ("contains", "does-not-contain", "equals"):
            continue
        if condition.about.holds_addresses and "," in str(condition.value):
            yield (
                path,
                "It looks for this text with its comma. For several addresses choose "
                "“is any of”, or a group of conditions.",
            )


@check("answers-every-letter")
def answers_every_letter(draft: Draft) -> Iterator[tuple[Path, str]]:
    """Every message, every time: the widest rule there is."""
    rule = draft.rule
    if (
        isinstance(rule.conditions, EveryMessage)
        and rule.frequency is Frequency.EVERY_LETTER
        and not rule.first_letter_only
    ):
        yield (
            (),
            "It answers every message of a conversation, up to the budgets. Most people "
            "want “once per conversation”.",
        )


def _is_negative(node: Conditions) -> bool:
    """Whether a member holds where something is missing."""
    return (
        isinstance(node, Condition) and operators.OPERATORS[node.operator].is_negative
    )


def _is_wider(above: Rule, below: Rule) -> bool:
    """Whether a rule is in force wherever the other one is, conditions aside."""
    if above.first_letter_only and not below.first_letter_only:
        return False
    return above.timing is Timing.ALWAYS or (
        above.timing is below.timing and above.calendar == below.calendar
    )
