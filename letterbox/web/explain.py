"""The explain card: what a message's stored trace says, as lines for people.

Pure: trace in, lines out. A trace of an older version may lack parts; what is not
there is not spoken of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from letterbox.rules import fields
from letterbox.rules.operators import OPERATORS
from letterbox.rules.trace import redact
from letterbox.services.speaking import say

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """One finding under a line; `holds` is None where there is no yes or no."""

    text: str
    holds: bool | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One question about the message with its answer."""

    icon: str
    question: str
    answer: str
    points: Sequence[Point] = ()


# How a conversation was found: the values of inbound.threading.How.
HOW = {
    "signed-id": gettext_lazy(
        "It answers a message of ours, by the signed id in its headers."
    ),
    "references": gettext_lazy("Its headers name a message of this conversation."),
    "thread-index": gettext_lazy("Its Thread-Index is that of this conversation."),
    "subject-token": gettext_lazy("Its subject names the number of a case."),
    "same-subject": gettext_lazy("Same subject and same people, a short while ago."),
    "open-matter": gettext_lazy(
        "Its sender has an open case or lead here, and the mailbox adds to it."
    ),
    "nothing": gettext_lazy(
        "Nothing leads to an earlier conversation: it began a new one."
    ),
}

# Where the language of a letter was found: mime.language.
LANGUAGE_SOURCES = {
    "Content-Language": gettext_lazy("by its headers"),
    "Accept-Language": gettext_lazy("by the languages that its writer reads"),
    "text": gettext_lazy("by its words"),
}


def card(trace: Json, *, may_see_rules: bool = True) -> list[Line]:
    """The lines of the card, in the order in which the steps were taken.

    The reader may read the letter. Without `may_see_rules` they see which rules were
    asked and what came of it, but no condition.
    """
    return [
        line
        for line in (
            _import(trace.get("import")),
            _form(trace.get("form")),
            _kind(trace.get("classify")),
            _conversation(trace.get("conversation")),
            _conversion(trace.get("convert")),
            _answer(trace.get("answer"), may_see_rules=may_see_rules),
        )
        if line is not None
    ]


def _import(found: Json | None) -> Line | None:
    if not found:
        return None
    places = ", ".join(
        _("%(folder)s (number %(uid)s)") % {"folder": each["path"], "uid": each["uid"]}
        for each in found.get("folders", [])
    )
    answer = (
        _("Read from %(places)s.") % {"places": places}
        if places
        else _("Written here; no folder on the server holds it yet.")
    )
    if found.get("is_history"):
        answer += " " + _("It was there before: never answered, never converted.")
    points = [Point(say(str(each))) for each in found.get("problems", [])]
    return Line("download", _("How it came in"), answer, points)


def _form(found: Json | None) -> Line | None:
    if not found:
        return None
    answer = _(
        "A form on a website sent it as %(address)s. The person in Reply-To counts as "
        "its writer, as the page of the mailbox says."
    ) % {"address": found["address"]}
    return Line("user", _("Who wrote it"), answer)


def _kind(found: Json | None) -> Line | None:
    if not found:
        return None
    kind = str(found.get("kind", "")).replace("-", " ")
    answer = (
        _("Written by a person.")
        if kind == "human"
        else _("Recognised as: %(kind)s.") % {"kind": say(kind)}
    )
    detected = found.get("language") or {}
    if detected.get("code"):
        source = LANGUAGE_SOURCES.get(detected.get("source", ""), "")
        words = {"code": detected["code"], "source": source}
        answer += " " + (
            _("Its language is %(code)s (%(source)s).") % words
            if source
            else _("Its language is %(code)s.") % words
        )
    points = [
        *(Point(say(str(each["meaning"]))) for each in found.get("signals", [])),
        *(Point(say(str(each)), holds=False) for each in found.get("refusals", [])),
    ]
    return Line("robot", _("What wrote it"), answer, points)


def _conversation(found: Json | None) -> Line | None:
    if not found:
        return None
    how = str(found.get("how", ""))
    points = [Point(say(str(each))) for each in found.get("steps", [])]
    answer = str(HOW.get(how, how))
    return Line("folders", _("How it found its conversation"), answer, points)


def _conversion(found: Json | None) -> Line | None:
    if not found:
        return None
    if found.get("case"):
        answer = _("It became case #%(number)s.") % {"number": found["case"]}
    elif found.get("lead"):
        answer = _("It became a lead.")
    elif found.get("offered"):
        number = found["offered"].get("case")
        answer = (
            _("Nothing yet: its sender has open case #%(number)s, so people decide.")
            % {"number": number}
            if number
            else _("Nothing yet: its sender has an open lead, so people decide.")
        )
    elif found.get("refusal"):
        answer = _("Nothing new: %(why)s") % {"why": say(found["refusal"])}
    else:
        answer = _("The mailbox only keeps its letters: nothing was made of it.")
    return Line("briefcase", _("What it became"), answer)


def _answer(found: Json | None, *, may_see_rules: bool) -> Line | None:
    if not found:
        return None
    shown: dict[str, Any] = redact(
        found, may_read_letter=True, may_see_rules=may_see_rules
    )
    trace = shown.get("trace", shown)
    points = [
        *_guard_points(trace.get("guards", [])),
        *(
            point
            for rule in trace.get("rules", [])
            for point in (
                Point(
                    f"{rule['name']}: {say(rule['sentence'])}",
                    holds=rule.get("fit") in {"answers", "held"},
                ),
                *_condition_points(rule.get("conditions", {})),
                *_guard_points(rule.get("guards", [])),
            )
        ),
    ]
    answer = say(str(trace.get("sentence", "")))
    return Line("bolt", _("Whether it was answered"), answer, points)


def _guard_points(guards: Sequence[Json]) -> Iterator[Point]:
    """The guards that object, each; of the others only how many were asked."""
    objecting = [guard for guard in guards if guard.get("says") != "allow"]
    for guard in objecting:
        yield Point(
            say(f"{guard['sentence']} {guard.get('reason', '')}".strip()), holds=False
        )
    silent = len(guards) - len(objecting)
    if silent:
        yield Point(
            ngettext(
                "%(count)d guard had no objection.",
                "%(count)d guards had no objection.",
                silent,
            )
            % {"count": silent},
            holds=True,
        )


def _condition_points(step: Json) -> Iterator[Point]:
    if "sentence" in step:
        seen = _seen(step.get("seen"))
        text = _comparison(step)
        if seen:
            text = _("%(condition)s — it says: %(seen)s") % {
                "condition": text,
                "seen": seen,
            }
        yield Point(text, holds=bool(step.get("holds")))
        return
    for value in step.values():
        if isinstance(value, list):
            for member in value:
                yield from _condition_points(member)


def _comparison(step: Json) -> str:
    """A condition in words; as it was stored where its field or operator is gone."""
    about = fields.find(str(step.get("field", "")))
    operator = OPERATORS.get(str(step.get("operator", "")))
    if about is None or operator is None:
        return str(step["sentence"])
    value = step.get("value")
    match value:
        case None | "":
            shown = ""
        case bool():
            shown = _("yes") if value else _("no")
        case list():
            shown = ", ".join(_("“%(text)s”") % {"text": each} for each in value)
        case _:
            shown = _("“%(text)s”") % {"text": value}
    words = {"field": say(about.label), "operator": say(operator.label), "value": shown}
    return (_("%(field)s %(operator)s %(value)s") % words).strip()


def _seen(value: object) -> str:
    """What a condition saw, in words; nothing where it saw nothing or it is hidden."""
    match value:
        case None | "" | []:
            return ""
        case bool():
            return _("yes") if value else _("no")
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)
