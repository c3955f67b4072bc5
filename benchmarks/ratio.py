"""Measures something and its baseline in turns."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Ratio:
    """A result: best seconds of what was measured and of its baseline."""

    name: str
    measured: float
    baseline: float
    against: str

    def __str__(self) -> str:
        """One line: the ratio first, the numbers that it comes from after it."""
        return (
            f"{self.name}: {self.measured / self.baseline:.2f} x {self.against} "
            f"({self.measured:.3g} s against {self.baseline:.3g} s)"
        )


def compare(
    name: str,
    measured: Callable[[], None],
    against: str,
    baseline: Callable[[], None],
    *,
    turns: int,
    repeat: int = 1,
) -> Ratio:
    """Run both in turns and keep the best of each, per call: what others do only adds time."""
    best = [float("inf")] * 2
    for _ in range(turns):
        for index, work in enumerate((measured, baseline)):
            began = time.perf_counter()
            for _ in range(repeat):
                work()
            best[index] = min(best[index], (time.perf_counter() - began) / repeat)
    return Ratio(name, best[0], best[1], against)
