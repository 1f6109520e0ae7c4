"""Rendering a template in a sandbox, and checking one before it is saved.

Every template ends: its source, the steps of its loops, its values, its output and its
time are bounded. What goes wrong is a `TemplateError` with a sentence for the person
who wrote the template; no other exception leaves this module.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, RenderContext, StrictUndefined
from liquid.builtin import content, illegal, output
from liquid.builtin.tags import (
    assign_tag,
    capture_tag,
    case_tag,
    comment_tag,
    for_tag,
    if_tag,
    unless_tag,
)
from liquid.exceptions import (
    LiquidError,
    LocalNamespaceLimitError,
    LoopIterationLimitError,
    OutputStreamLimitError,
    UndefinedError,
    UnknownFilterError,
)
from liquid.token import Token

from letterbox.rendering import filters, variables
from letterbox.rendering.filters import LIST_LIMIT, FilterProblem
from letterbox.rendering.variables import Values

#: Characters of a template, characters of its output, seconds it may take.
SOURCE_LIMIT = 64 * 1024
OUTPUT_LIMIT = 512 * 1024
SECONDS_LIMIT = 1.0
_INNER_LIMIT = 1_000
_LOOP_STEPS = 10_000
_MEMORY = 2 * 1024 * 1024
_SUBJECT_LIMIT = 250


class TemplateError(Exception):
    """A template cannot be rendered; the text says what to change, and where."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a template; `line` counts from 1, 0 means the whole."""

    message: str
    line: int = 0

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message}" if self.line else self.message


def render(source: str, values: Values, *, html: bool) -> str:
    """The template with these values put in; escaped for HTML where `html` is set.

    Names of `variables.VARIABLES` that have no value read as empty; a name that is in
    neither raises TemplateError, like everything else that goes wrong.
    """
    template = _parse(source, html=html)
    try:
        return str(template.render(_complete(values)))
    except Exception as error:
        # Whatever a template provokes in the library is the template's fault and must
        # reach its author as a sentence, not stop the mail.
        raise _explain(error) from error


def render_subject(source: str, values: Values) -> str:
    """A subject: plain, on one line, at most 250 characters."""
    return " ".join(render(source, values, html=False).split())[:_SUBJECT_LIMIT]


def check_template(
    source: str, known_variables: Collection[str] = variables.NAMES
) -> list[Problem]:
    """What is wrong with a template; an empty list says that it can be saved.

    `known_variables` are full names such as `case.number`. After the names are checked
    the template is rendered once with example values, which finds what reading cannot.
    """
    try:
        template = _parse(source, html=True)
        problems = _unknown_names(template, source, known_variables)
        if not problems:
            render(source, variables.sample_values(), html=True)
    except TemplateError as error:
        return [Problem(error.message, error.line)]
    return problems


def _parse(source: str, *, html: bool) -> BoundTemplate:
    if len(source) > SOURCE_LIMIT:
        raise TemplateError(f"Use at most {SOURCE_LIMIT} characters.")
    _refuse_unclosed(source)
    try:
        return _environment(html=html).from_string(source)
    except Exception as error:
        # The parser meets the same hostile text as the renderer.
        raise _explain(error) from error


def _refuse_unclosed(source: str) -> None:
    """Raise TemplateError at the first brace that does not close, or closes too late.

    The library's scanner would find it too, but looks ahead again from every opening
    and every blank: a hostile template kept it busy for minutes. This looks at each
    character once.
    """
    place = 0
    while True:
        start = _find_opening(source, place)
        if start < 0:
            return
        closing = "}}" if source[start + 1] == "{" else "%}"
        end = source.find(closing, start + 2)
        inner = source[start + 2 : end]
        if end < 0 or "{{" in inner or "{%" in inner:
            line = source.count("\n", 0, start) + 1
            raise TemplateError(f"“{source[start : start + 2]}” is never closed.", line)
        if len(inner) > _INNER_LIMIT:
            line = source.count("\n", 0, start) + 1
            raise TemplateError(
                f"Use at most {_INNER_LIMIT} characters between braces.", line
            )
        place = end + 2
        if closing == "%}" and inner.strip("- \t\r\n") == "raw":
            place = _end_of_raw(source, place)


def _find_opening(source: str, place: int) -> int:
    while True:
        place = source.find("{", place)
        if place < 0 or source[place + 1 : place + 2] in ("{", "%"):
            return place
        place += 1


def _end_of_raw(source: str, start: int) -> int:
    place = source.find("endraw", start)
    while place >= 0:
        before = source[max(place - 100, start) : place].rstrip("- \t\r\n")
        after = source[place + 6 : place + 106].lstrip("- \t\r\n")
        if before.endswith("{%") and after.startswith("%}"):
            return source.index("%}", place) + 2
        place = source.find("endraw", place + 6)
    line = source.count("\n", 0, start) + 1
    raise TemplateError("“raw” is never closed by “endraw”.", line)


def _unknown_names(
    template: BoundTemplate, source: str, known: Collection[str]
) -> list[Problem]:
    groups = {name.partition(".")[0] for name in known}
    problems: dict[Problem, None] = {}
    for uses in template.analyze(include_partials=False).globals.values():
        for use in uses:
            line = source.count("\n", 0, max(use.span.index, 0)) + 1
            segments = [each for each in use.segments if isinstance(each, str)]
            is_whole = len(segments) == len(use.segments)
            if segments[-1] == "size" and len(segments) > 1:
                segments.pop()
            if not is_whole:
                message = f"Name the variable in full instead of “{str(use)[:80]}”."
                problems[Problem(message, line)] = None
                continue
            name = ".".join(segments)[:80]
            if name in known or name in groups:
                continue
            message = f"There is no variable “{name}”."
            near = _nearest(name, known)
            message += (
                f" Did you mean “{near}”?" if near else " Choose one of the list."
            )
            problems[Problem(message, line)] = None
    return sorted(problems, key=lambda each: each.line)


def _nearest(name: str, known: Collection[str]) -> str:
    """A known name that ends alike; empty when there is none or more than one."""
    leaf = name.rpartition(".")[2].lower()
    near = [each for each in known if each.rpartition(".")[2] == leaf]
    return near[0] if len(near) == 1 else ""


class _Entity(Mapping[str, object]):
    """A group of variables such as `case`; falsy in a condition when there is none."""

    def __init__(
        self, name: str, values: Mapping[str, object], *, exists: bool
    ) -> None:
        self._name = name
        self._values = values
        self._exists = exists

    def __getitem__(self, key: str) -> object:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __liquid__(self) -> object:
        """What conditions compare: true, or nothing."""
        return True if self._exists else None

    def __str__(self) -> str:
        choices = ", ".join(f"{self._name}.{each}" for each in sorted(self._values))
        raise TemplateError(f"“{self._name}” is a group; write one of {choices}.")

    __html__ = __str__


def _complete(values: Values) -> dict[str, object]:
    """The values with every documented name present, and none too big."""
    complete: dict[str, object] = {
        name: None for name in variables.NAMES if "." not in name
    }
    groups: dict[str, dict[str, object]] = {}
    for name in variables.NAMES:
        root, dot, leaf = name.partition(".")
        if dot:
            groups.setdefault(root, {})[leaf] = None
    given: set[str] = set()
    for root, value in values.items():
        if isinstance(value, Mapping):
            given.add(root)
            cut = {leaf: filters.cut(each) for leaf, each in value.items()}
            groups.setdefault(root, {}).update(cut)
        elif root not in groups:
            complete[root] = filters.cut(value)
    for root, group in groups.items():
        complete[root] = _Entity(root, group, exists=root in given)
    return complete


class _Context(RenderContext):
    """A rendering that gives up after a second."""

    __slots__ = ("_deadline",)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline = time.monotonic() + SECONDS_LIMIT

    @contextmanager
    def loop(
        self, namespace: Mapping[str, object], forloop: Any
    ) -> Iterator[RenderContext]:
        """A loop that looks at the time before each step."""
        forloop.it = self._watched(forloop.it)
        with super().loop(namespace, forloop) as context:
            yield context

    def filter(self, name: str, token: Any) -> Any:
        """A filter that looks at the time, and tells the line when it cannot work."""
        self._look_at_time()
        apply = super().filter(name, token)

        def told(*arguments: object) -> object:
            try:
                return apply(*arguments)
            except FilterProblem as problem:
                raise TemplateError(str(problem), _line_of_token(token)) from problem

        return told

    def _watched(self, steps: Iterator[object]) -> Iterator[object]:
        for each in steps:
            self._look_at_time()
            yield each

    def _look_at_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise TemplateError("The template takes too long; use fewer loops.")


class _Template(BoundTemplate):
    context_class = _Context


class _ForNode(for_tag.ForNode):
    """A loop that refuses a long range before the library writes it out as a list."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        iterable = self.expression.iterable.evaluate(context)
        if isinstance(iterable, range) and len(iterable) > LIST_LIMIT:
            raise FilterProblem(f"A range has at most {LIST_LIMIT} steps.")
        return super().render_to_output(context, buffer)


class _ForTag(for_tag.ForTag):
    node_class = _ForNode


class _Sandbox(Environment):
    """Liquid with a short list of tags, our filters, and limits on everything."""

    block_nesting_limit = 20
    context_depth_limit = 20
    loop_iteration_limit = _LOOP_STEPS
    local_namespace_limit = _MEMORY
    output_stream_limit = OUTPUT_LIMIT
    template_class = _Template

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Register what is allowed; what is not named here does not exist."""
        for tag in (
            content.Literal,
            output.Output,
            illegal.Illegal,
            if_tag.IfTag,
            unless_tag.UnlessTag,
            case_tag.CaseTag,
            _ForTag,
            for_tag.BreakTag,
            for_tag.ContinueTag,
            assign_tag.AssignTag,
            capture_tag.CaptureTag,
            comment_tag.CommentTag,
        ):
            self.add_tag(tag)
        for name, apply in filters.make_filters(html=self.autoescape).items():
            self.add_filter(name, apply)


@lru_cache(maxsize=2)
def _environment(*, html: bool) -> Environment:
    return _Sandbox(autoescape=html, undefined=StrictUndefined)


def _explain(error: Exception) -> TemplateError:
    """The same failure as a sentence for the author of the template."""
    if isinstance(error, TemplateError):
        return error
    line = _line_of(error)
    match error:
        case FilterProblem():
            return TemplateError(str(error), line)
        case OutputStreamLimitError() | LocalNamespaceLimitError():
            return TemplateError("The template makes too much text.", line)
        case LoopIterationLimitError():
            return TemplateError("The template has too many steps in its loops.", line)
        case UndefinedError():
            name = str(error.message).partition(" is undefined")[0].strip("'\"")
            return TemplateError(f"There is no variable “{name}”.", line)
        case UnknownFilterError():
            name = str(error.message).rpartition("filter ")[2].strip("'")
            known = ", ".join(sorted(filters.make_filters(html=True)))
            return TemplateError(f"There is no filter “{name}”; use {known}.", line)
        case LiquidError():
            return TemplateError(f"The template cannot be read: {error.message}.", line)
        case RecursionError():
            return TemplateError("The template is nested too deeply.")
        case _:
            return TemplateError("The template cannot be rendered with these values.")


def _line_of(error: Exception) -> int:
    return _line_of_token(getattr(error, "token", None))


def _line_of_token(token: Token | None) -> int:
    if token is None or token.start_index < 0:
        return 0
    return token.source.count("\n", 0, token.start_index) + 1
