"""Ratios, how they are measured and how they are shown."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Ratio:
    """A result.

    Attributes:
        name: What was measured.
        measured: What came out.
        baseline: The same of what it is compared with, in the same run.
        against: The baseline in words.
        unit: Of both numbers.
        goal: The largest ratio that is good; `None`: nothing is promised.
    """

    name: str
    measured: float
    baseline: float
    against: str
    unit: str = "s"
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """How many times the baseline it is."""
        return self.measured / self.baseline

    @property
    def verdict(self) -> str:
        """The goal, and whether it was missed."""
        if self.goal is None:
            return ""
        return f"<= {self.goal:g}{'' if self.ratio <= self.goal else ' missed'}"

    def cells(self) -> tuple[str, ...]:
        """What a row of the table shows."""
        numbers = (f"{number:.4g} {self.unit}" for number in (self.measured, self.baseline))
        return (self.name, *numbers, self.against, f"{self.ratio:.2f}", self.verdict)


HEAD = ("what", "measured", "baseline", "which is", "ratio", "goal")
NUMBERS = (1, 2, 4)
"""Columns that are aligned to the right."""


def table(ratios: Sequence[Ratio]) -> str:
    """Show results as an aligned table."""
    rows = [HEAD, *(one.cells() for one in ratios)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]

    def line(cells: tuple[str, ...]) -> str:
        aligned = (
            cell.rjust(width) if index in NUMBERS else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(aligned).rstrip()

    return "\n".join(line(row) for row in rows)


def best(turns: int, *works: Callable[[], float]) -> list[float]:
    """Run works, which answer their seconds, in turns; the best of each: others only add time."""
    seconds = [[work() for work in works] for _ in range(turns)]
    return [min(column) for column in zip(*seconds, strict=True)]


def timed(work: Callable[[], object], repeat: int = 1) -> Callable[[], float]:
    """Make a work for `best` that answers its seconds per call."""

    def run() -> float:
        began = time.perf_counter()
        for _ in range(repeat):
            work()
        return (time.perf_counter() - began) / repeat

    return run
