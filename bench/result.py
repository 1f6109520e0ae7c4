"""What an entry of the bench takes and gives.

An entry is a module of `bench.entries` with a NAME, such as `first-sync`, and a
function `run(options) -> Result`. It raises CannotRun, with a sentence, where this
machine lacks what it measures with.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

Figure = float | int | str | None
Parts = dict[str, "Figure | Parts"]


class CannotRun(Exception):
    """This machine lacks something the entry needs; the text says what."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may ask of every entry.

    `scale` multiplies the amount of work: 0.01 is a quick look, 1 the real figure.
    `corpus` is a folder of real mail, which need not exist.
    """

    seed: int = 1
    scale: float = 1.0
    corpus: Path = Path("../shared/corpus")

    def scaled(self, amount: int, *, least: int = 1) -> int:
        """So many letters, rounds or clients at this scale."""
        return max(least, round(amount * self.scale))


@dataclass(frozen=True, slots=True)
class Result:
    """What one entry measured.

    `ratio` compares with another program in the same run, and more is better. `p50`
    and `p95` are seconds. `parts` are all other figures, `table` the rows for people,
    the first one being the heading.
    """

    name: str
    ratio: float | None = None
    p50: float | None = None
    p95: float | None = None
    parts: Parts = field(default_factory=dict)
    table: Sequence[Sequence[str]] = ()

    def as_json(self) -> str:
        """The figures in one line."""
        figures = {
            "name": self.name,
            "ratio": _rounded(self.ratio),
            "p50": _rounded(self.p50),
            "p95": _rounded(self.p95),
            "parts": _rounded(self.parts),
        }
        return json.dumps(figures, ensure_ascii=False, allow_nan=False)

    def as_table(self) -> str:
        """The rows in columns, numbers to the right."""
        if not self.table:
            return ""
        widths = [max(map(len, column)) for column in zip(*self.table, strict=True)]
        lines = []
        for row in self.table:
            cells = [
                cell.rjust(width) if _is_number(cell) else cell.ljust(width)
                for cell, width in zip(row, widths, strict=True)
            ]
            lines.append("  ".join(cells).rstrip())
        lines.insert(1, "  ".join("─" * width for width in widths))
        return "\n".join(lines)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by this share of all: 0.95 for p95."""
    if not values:
        raise ValueError("There is no percentile of nothing.")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _rounded(value: object) -> object:
    """Four significant digits are more than a single run can tell."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, float):
        return float(f"{value:.4g}") if math.isfinite(value) else None
    return value


def _is_number(cell: str) -> bool:
    return cell[:1].isdigit() or cell[:2].lstrip("-")[:1].isdigit()
