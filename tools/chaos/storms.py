"""Fleets: interrupted while they start, and in bad weather, while some calls go wrong."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chaos import programs
from chaos.judge import Findings
from chaos.lives import FAST, Life
from chaos.steps import NOISE, Moment, draws, noise

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

    from chaos.lives import Report
    from chaos.programs import Program

SIZE = 40
"""Services of a fleet."""
SHARE = 0.1
"""Share of calls that go wrong."""
LONG = 20.0
"""Deploy time in seconds of a fleet that is interrupted."""
SOON = 15.0
"""Seconds from Ctrl-C to the end of the run, at most."""
RUNS = 4
"""Runs after which a program that is still not there has failed."""


@dataclass
class Weather:
    """What came of a fleet.

    Attributes:
        seed: What it was drawn from.
        operations: How many operations on resources there were.
        calls: How many calls were sent.
        faults: How many of them went wrong.
        again: How often a run ended with an error and `pulumi up` was run again.
        findings: What is not as it should be.
        seconds: How long all of it took.
        kept: Where the folder of a fleet that failed is.
    """

    seed: int
    operations: int = 0
    calls: int = 0
    faults: int = 0
    again: int = 0
    findings: Findings = field(default_factory=Findings)
    seconds: float = 0.0
    kept: str = ""


def halt(seed: int, engine: Path, keep: Path, size: int = SIZE) -> Report:
    """Press Ctrl-C while a fleet starts, and let the next run finish it."""
    began = time.monotonic()
    draw = draws(seed, "halt")
    with Life(seed, engine) as life:
        report, program = life.report, programs.fleet(draw, size)
        life.write(program)
        life.admin.deploy_seconds(LONG)
        moment = Moment(draw.randint(1, size // 2), seconds=0.2)
        command = ("up", "--yes", "--skip-preview", "--parallel", str(size))
        life.cut(command, "int", moment, {})
        report.steps.append(f"fleet of {size} | int at {moment}")
        life.must_be_stored()
        if report.slowest > SOON:
            life.findings.failed.append(f"Ctrl-C: the run ended after {report.slowest:.1f} s")
        life.admin.deploy_seconds(FAST)
        if life.must(*command):
            life.judge(program, [("--refresh",)])
        life.end()
        if life.findings.lines():
            report.kept = life.keep(keep)
    report.seconds = time.monotonic() - began
    return report


def storm(seed: int, engine: Path, keep: Path) -> Weather:
    """Create a fleet, change all of it, replace all of it and remove it, in bad weather."""
    began, weather = time.monotonic(), Weather(seed)
    draw = draws(seed, "storm")
    with Life(seed, engine) as life:
        weather.findings = life.findings
        program = programs.fleet(draw, SIZE)
        for asked, operations in _years(program, draw):
            _deploy(life, asked, draw, weather)
            weather.operations += operations
            if life.findings.lines():
                weather.kept = life.keep(keep)
                break
        else:
            life.end()
        entries = life.admin.requests()
        weather.calls, weather.faults = len(entries), sum(bool(one["fault"]) for one in entries)
    weather.seconds = time.monotonic() - began
    return weather


def _years(program: Program, draw: random.Random) -> Sequence[tuple[Program, int]]:
    changed = {key: programs.updated(one, draw) for key, one in program.items()}
    anew = {key: programs.replaced(one, draw) for key, one in changed.items()}
    return ((program, SIZE), (changed, SIZE), (anew, 2 * SIZE), ({}, SIZE))


def _deploy(life: Life, program: Program, draw: random.Random, weather: Weather) -> None:
    """Run until a run ends well, then judge in good weather."""
    life.admin.deploy_seconds(1.0)
    life.write(program)
    for last in (*[False] * (RUNS - 1), True):
        life.admin.faults(*noise(SHARE, draw, [*NOISE, {"fault": "timeout"}]))
        run = life.start("up", "--yes", "--skip-preview", "--parallel", str(SIZE))
        code = run.wait()
        life.admin.faults()
        if code == 0:
            life.judge(program)
            return
        weather.again += 1
        if last:
            life.findings.failed.append(f"{run.log.name}: {run.last_words}")
