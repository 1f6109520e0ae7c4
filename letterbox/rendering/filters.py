"""What a template may do with a value: few filters, each bounded in time and size.

They work on text, whole and decimal numbers, dates and lists. A text that is marked as
markup stays so only as far as markupsafe can tell that it is; everything else is
escaped when it is put out. Nothing here raises but `FilterProblem`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from urllib.parse import quote_plus

from liquid import is_undefined
from markupsafe import Markup, escape

#: Characters of one value, members of one list, greatest number.
TEXT_LIMIT = 100_000
LIST_LIMIT = 1_000
NUMBER_LIMIT = 10**15
_DATE_DIRECTIVES = frozenset("aAbBdHIjmMpSUwWyYzZ%")


class FilterProblem(ValueError):
    """A filter cannot do what was asked; the text says what to change."""


Filter = Callable[..., object]


def make_filters(*, html: bool) -> dict[str, Filter]:
    """Every filter by name, each refusing arguments and results that are too big."""
    chosen = dict(_FILTERS)
    if not html:
        chosen["newline_to_br"] = _text
    return {name: _bounded(name, each) for name, each in chosen.items()}


def cut(value: object) -> object:
    """The value, shortened to what templates may handle."""
    if isinstance(value, str):
        return value[:TEXT_LIMIT]
    if isinstance(value, list | tuple):
        return [cut(each) for each in value[:LIST_LIMIT]]
    return value


def _bounded(name: str, apply: Filter) -> Filter:
    def bounded(*arguments: object) -> object:
        for each in arguments:
            _refuse_big(each)
        try:
            result = apply(*arguments)
        except TypeError as error:
            raise FilterProblem(f"“{name}” does not work on these values.") from error
        _refuse_big(result)
        return result

    return bounded


def _refuse_big(value: object) -> None:
    if isinstance(value, str):
        too_big = len(value) > TEXT_LIMIT
    elif isinstance(value, list | tuple | range):
        too_big = len(value) > LIST_LIMIT
    elif isinstance(value, int | float | Decimal):
        too_big = not -NUMBER_LIMIT <= value <= NUMBER_LIMIT
    else:
        return
    if too_big:
        raise FilterProblem("A value grew too big; use a shorter one.")


def _text(value: object) -> str:
    if is_undefined(value) or value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Sequence):
        return ", ".join(_text(each) for each in value)
    return str(value)


def _whole(value: object) -> int:
    number = _number(value)
    return int(number)


def _number(value: object) -> int | Decimal:
    if isinstance(value, int):
        return int(value)
    text = _text(value).strip()
    if len(text) > 20:
        raise FilterProblem("A number has at most 20 digits.")
    try:
        number = Decimal(text or "0")
    except InvalidOperation as error:
        raise FilterProblem(f"“{text}” is not a number.") from error
    if not number.is_finite() or abs(number) > NUMBER_LIMIT:
        raise FilterProblem("A number grew too big; use a smaller one.")
    return int(number) if number == number.to_integral_value() else number


def _items(value: object) -> list[object]:
    if is_undefined(value) or value is None:
        return []
    return list(value) if isinstance(value, list | tuple | range) else [value]


def _replace(value: object, old: object, new: object = "") -> str:
    text, wanted, other = _text(value), _text(old), _text(new)
    if not wanted:
        return text
    # Six characters is what escaping makes of one at most.
    if text.count(wanted) * len(other) * 6 > TEXT_LIMIT * 6:
        raise FilterProblem("A value grew too big; use a shorter one.")
    return text.replace(wanted, other)


def _join(value: object, separator: object = " ") -> str:
    items, between = _items(value), _text(separator)
    size = len(items) * len(between) + sum(len(_text(each)) for each in items)
    if size > TEXT_LIMIT:
        raise FilterProblem("A value grew too big; use a shorter one.")
    return between.join(_text(each) for each in items)


def _split(value: object, separator: object = " ") -> list[str]:
    text, at = _text(value), _text(separator)
    return list(text.split(at, LIST_LIMIT - 1)) if at else list(text[:LIST_LIMIT])


def _slice(value: object, start: object, length: object = 1) -> str:
    text, first, count = _text(value), _whole(start), _whole(length)
    first = max(len(text) + first, 0) if first < 0 else first
    return text[first : first + max(count, 0)]


def _truncate(value: object, length: object = 50, end: object = "…") -> str:
    text, most, ending = _text(value), _whole(length), _text(end)
    return text if len(text) <= most else text[: max(most - len(ending), 0)] + ending


def _truncate_words(value: object, count: object = 15, end: object = "…") -> str:
    words, most = _text(value).split(), max(_whole(count), 1)
    return (
        " ".join(words) if len(words) <= most else " ".join(words[:most]) + _text(end)
    )


def _line_breaks(value: object) -> Markup:
    return Markup("<br>\n").join(escape(_text(value)).splitlines())


def _size(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple | range) else 0


def _first(value: object) -> object:
    return next(iter(_items(value)), None)


def _last(value: object) -> object:
    return next(reversed(_items(value)), None)


def _divide(value: object, by: object) -> object:
    left, right = _number(value), _number(by)
    if right == 0:
        raise FilterProblem("Nothing can be divided by zero.")
    if isinstance(left, int) and isinstance(right, int):
        return left // right
    return left / right


def _modulo(value: object, by: object) -> object:
    left, right = _number(value), _number(by)
    if right == 0:
        raise FilterProblem("Nothing can be divided by zero.")
    return left % right


def _round(value: object, digits: object = 0) -> object:
    places = max(min(_whole(digits), 10), 0)
    step = Decimal(1).scaleb(-places)
    rounded = Decimal(_number(value)).quantize(step, rounding=ROUND_HALF_UP)
    return rounded if places else int(rounded)


def _default(value: object, other: object = "") -> object:
    if is_undefined(value) or value in (None, "", [], False):
        return other
    # An absent case or lead reads as nothing.
    as_liquid = getattr(value, "__liquid__", None)
    return other if as_liquid is not None and as_liquid() is None else value


def _date(value: object, pattern: object = "%Y-%m-%d") -> str:
    """A date by strftime directives; only those that mean the same everywhere."""
    directives = _text(pattern)
    if len(directives) > 100:
        raise FilterProblem("Use at most 100 characters for a date.")
    pieces = directives.split("%")
    place = 1
    while place < len(pieces):
        if not pieces[place]:
            # "%%" splits into an empty piece; what follows it is plain text.
            place += 2
            continue
        if pieces[place][0] not in _DATE_DIRECTIVES:
            raise FilterProblem(f"“%{pieces[place][0]}” means nothing in a date.")
        place += 1
    if is_undefined(value) or value in (None, ""):
        return ""
    if not isinstance(value, date | datetime):
        raise FilterProblem("“date” works on dates, such as today and email.date.")
    return value.strftime(directives)


_FILTERS: dict[str, Filter] = {
    "append": lambda value, more: _text(value) + _text(more),
    "prepend": lambda value, more: _text(more) + _text(value),
    "capitalize": lambda value: _text(value)[:1].upper() + _text(value)[1:],
    "downcase": lambda value: _text(value).lower(),
    "upcase": lambda value: _text(value).upper(),
    "strip": lambda value: _text(value).strip(),
    "lstrip": lambda value: _text(value).lstrip(),
    "rstrip": lambda value: _text(value).rstrip(),
    "squish": lambda value: " ".join(_text(value).split()),
    "escape": lambda value: escape(_text(value)),
    "newline_to_br": _line_breaks,
    "remove": _replace,
    "replace": _replace,
    "slice": _slice,
    "split": _split,
    "truncate": _truncate,
    "truncatewords": _truncate_words,
    "url_encode": lambda value: quote_plus(_text(value)),
    "first": _first,
    "last": _last,
    "join": _join,
    "reverse": lambda value: _items(value)[::-1],
    "sort": lambda value: sorted(_items(value), key=_text),
    "size": _size,
    "plus": lambda value, other: _number(value) + _number(other),
    "minus": lambda value, other: _number(value) - _number(other),
    "times": lambda value, other: _number(value) * _number(other),
    "divided_by": _divide,
    "modulo": _modulo,
    "abs": lambda value: abs(_number(value)),
    "round": _round,
    "default": _default,
    "date": _date,
}
