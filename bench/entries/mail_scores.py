"""How right real mail is read: parsed, classified, folded, threaded and cleaned.

Runs what stands in `bench.mail_scores` over a folder of real mail; CORPUS names another
folder of the same form. Prints figures only, never a word of the mail.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import time
from collections.abc import Collection, Iterator, Mapping

from bench.result import CannotRun, Figure, Options, Parts, Result

NAME = "mail-scores"

SCORERS = ("parse", "classify", "reply", "threads", "html")


def run(options: Options) -> Result:
    """Ask every scorer that there is."""
    if not options.corpus.is_dir():
        raise CannotRun("there is no real mail here; name its folder with CORPUS=…")
    parts: Parts = {}
    for name in SCORERS:
        started = time.perf_counter()
        if importlib.util.find_spec(f"bench.mail_scores.{name}") is None:
            parts[name] = "not written yet"
            continue
        module = importlib.import_module(f"bench.mail_scores.{name}")
        figures = in_figures(module.score(options.corpus))
        scored: Parts = figures if isinstance(figures, dict) else {"score": figures}
        parts[name] = {**scored, "seconds": time.perf_counter() - started}
    rows = [("of", "what", "figure"), *_rows(parts)]
    return Result(name=NAME, parts=parts, table=rows)


def in_figures(value: object) -> Figure | Parts:
    """Numbers as they are, and of everything that is a list of cases, how many.

    A score may have any form; cases may hold words of letters, so they are counted.
    """
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {each.name: in_figures(getattr(value, each.name)) for each in fields}
    if isinstance(value, Mapping):
        numbers = (isinstance(each, int | float | Mapping) for each in value.values())
        if value and all(numbers):
            return {str(name): in_figures(each) for name, each in value.items()}
        return len(value)
    if value is None or isinstance(value, int | float | str):
        return value
    if isinstance(value, Collection):
        return len(value)
    raise TypeError(f"A score holds a {type(value).__name__}.")


def _rows(parts: Parts, of: str = "") -> Iterator[tuple[str, str, str]]:
    for name, value in parts.items():
        if isinstance(value, dict):
            yield from _rows(value, f"{of} {name}".strip())
        elif isinstance(value, float):
            yield of, name, f"{value:.4f}"
        else:
            yield of or name, name if of else "", str(value)
