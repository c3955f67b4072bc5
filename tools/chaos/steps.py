"""Steps of a life: what changes, and when and how the run that brings it is cut short."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaos import programs
from chaos.runs import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CREATE, DESTROY = "create", "destroy"
HELD = 8.0
"""Seconds for which an answer is held back in which a run is cut short."""


@dataclass(frozen=True)
class Moment:
    """When a run is cut short.

    Attributes:
        number: The changing request that is waited for, from 1; 0: none.
        operation: Its operation; empty: any.
        held: Fault (`slow`: done, `timeout`: not done) that keeps it without an answer; needs
            `operation`; empty: none.
        seconds: What passes after that, or from the beginning.
    """

    number: int = 0
    operation: str = ""
    held: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        words = (self.held, self.operation or (self.number and "call"), self.number or "start")
        return f"{' '.join(str(one) for one in words if one)} + {self.seconds:.1f} s"

    def faults(self) -> list[dict[str, Any]]:
        """The rules that hold its request, and let those before it pass."""
        if not self.held:
            return []
        rules: list[dict[str, Any]] = []
        if self.number > 1:
            rules.append({"fault": "slow", "seconds": 0, "times": self.number - 1})
        rules.append({"fault": self.held, "seconds": HELD, "times": 1})
        return [{"operation": self.operation, **rule} for rule in rules]


@dataclass(frozen=True)
class Step:
    """One change of a program, and how its run is cut short.

    Attributes:
        change: `create`, `destroy`, or one of `programs.CHANGES`.
        endings: One of `runs.ENDINGS` for each run that is cut short, one after the other.
        skip: Whether checkpoints are skipped.
        faults: Share of calls that go wrong besides.
        pending: Whether a run before leaves objects that are still to be deleted.
        edited: `update` or `replace`: how the program is changed before its last run; empty: not.
        refresh: Whether all runs look at the cloud first (`--refresh`).
        moments: When; default: drawn.
        again: What each further run is told that is to change nothing; `None`: drawn.
    """

    change: str
    endings: tuple[str, ...]
    skip: bool = False
    faults: float = 0.0
    pending: bool = False
    edited: str = ""
    refresh: bool = False
    moments: tuple[Moment, ...] = ()
    again: Sequence[Sequence[str]] | None = None

    def __str__(self) -> str:
        more = {
            "pending deletes": self.pending,
            "skip": self.skip,
            "faults": self.faults,
            "edited": self.edited,
            "refresh": self.refresh,
        }
        return ", ".join((self.change, *(name for name, given in more.items() if given)))


def drawn_steps(seed: int) -> list[Step]:
    """Draw a life."""
    draw = draws(seed, "steps")
    names = [CREATE, *draw.choices(list(programs.CHANGES), k=4), DESTROY]
    return [_drawn_step(name, draw) for name in names]


def _drawn_step(change: str, draw: random.Random) -> Step:
    endings = draw.choices(list(ENDINGS), weights=(3, 2, 3, 3, 2, 2), k=draw.choice((1, 1, 1, 2)))
    edited = draw.choice(("", "", "", "update", "replace"))
    return Step(
        change,
        tuple(endings),
        skip=chance(draw, 0.4),
        faults=draw.choice((0.0, 0.0, 0.0, 0.1)),
        pending=change in ("replace", "mix") and chance(draw, 0.4),
        edited="" if change in ("force", DESTROY) else edited,
        # What is gone is no target of a forced replacement any more.
        refresh=chance(draw, 0.25) and change != "force",
    )


def drawn_moment(draw: random.Random, calls: Sequence[str]) -> Moment:
    """Draw when a run is cut short that makes these calls, about."""
    kind = draw.choice(("held", "held", "call", "call", "time"))
    if kind == "time" or not calls:
        return Moment(seconds=draw.uniform(0.5, 4.0))
    if kind == "held":
        operation, fault = draw.choice(calls), draw.choice(("slow", "slow", "timeout"))
        return Moment(draw.randint(1, calls.count(operation)), operation, fault)
    pause = draw.choice((0.0, draw.uniform(0, 0.4), draw.uniform(0, 2)))
    return Moment(draw.randint(1, len(calls)), seconds=pause)


def draws(seed: int, *what: object) -> random.Random:
    """What is drawn from a seed for a purpose."""
    return random.Random(f"{seed} {what}")  # noqa: S311 - reproducible on purpose


def chance(draw: random.Random, share: float) -> bool:
    """Draw whether something happens that happens so often."""
    return draw.random() < share


NOISE: Sequence[Mapping[str, Any]] = (
    {"fault": "status", "status": 429},
    {"fault": "status", "status": 500},
    {"fault": "status", "status": 503},
    {"fault": "reset"},
    {"fault": "truncate"},
    {"fault": "lost-response"},
    {"fault": "slow", "seconds": 0.3},
)
"""Ways in which calls go wrong; those that hang are left out, since they take long."""


def noise(
    share: float, draw: random.Random, kinds: Sequence[Mapping[str, Any]] = NOISE
) -> list[dict[str, Any]]:
    """Build rules that make a share of all calls go wrong, in every way."""
    each = share / len(kinds)
    # A rule is asked about what those before it have let through.
    odds = [each / (1 - number * each) for number in range(len(kinds))]
    return [
        {**one, "probability": odd, "seed": draw.randrange(2**31)}
        for one, odd in zip(kinds, odds, strict=True)
        if share
    ]
