"""The table of faults at the end of a run: what was broken how often, what it cost.

A test notes its line by the `note_fault` fixture; lines travel with its report, so
they reach the end also from the processes of a parallel run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

PROPERTY = "fault"


def as_text(fault: str, figures: Mapping[str, int]) -> str:
    """One line: the fault and what was counted after it."""
    counted = ", ".join(f"{name} {number:,}" for name, number in figures.items())
    return f"{fault}: {counted}"


def lines_of(properties: Iterable[tuple[str, object]]) -> Sequence[str]:
    """The lines that a test noted, from the properties of its report."""
    return [str(value) for name, value in properties if name == PROPERTY]
