"""`make chaos`: lives whose runs are cut short, fleets whose calls go wrong, and the sum of it.

Exits with 1 if something was not as it should be.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from sandbox import ROOT, engine

from chaos import runs
from chaos.judge import Findings
from chaos.lives import Report, live
from chaos.storms import Weather, halt, storm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

KEEP = ROOT / ".cache" / "chaos"


def main() -> int:
    """Lead lives and fleets, and return the exit code."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first life (%(default)s)")
    parser.add_argument("--kills", type=int, default=20, help="at least (%(default)s)")
    parser.add_argument("--operations", type=int, default=0, help="in bad weather (%(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="lives at a time (%(default)s)")
    options = parser.parse_args()
    folder = engine()
    try:
        led = list(lives(options.seed, options.kills, options.jobs, folder))
        if options.kills:
            led.append(halt(options.seed, folder, KEEP))
            tell(led[-1])
        seen = list(storms(options.seed, options.operations, folder))
    except KeyboardInterrupt:
        print("chaos: stopped", file=sys.stderr)
        return 1
    return summarize(led, seen)


def lives(seed: int, kills: int, jobs: int, folder: Path) -> Iterator[Report]:
    """Lead lives, some at a time, until so many runs were cut short."""
    seeds, done = itertools.count(seed), 0
    with ThreadPoolExecutor(jobs) as pool:
        going: set[Future[Report]] = set()
        while done < kills or going:
            while done < kills and len(going) < jobs:
                going.add(pool.submit(live, next(seeds), folder, KEEP))
            try:
                ended, going = wait(going, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                runs.end_all()  # else leaving the pool waits for them
                raise
            for future in ended:
                report = future.result()
                done += report.kills.total()
                tell(report)
                yield report


def storms(seed: int, operations: int, folder: Path) -> Iterator[Weather]:
    """Lead fleets through bad weather, until so many operations were done."""
    done = 0
    for one in itertools.count(seed):
        if done >= operations:
            return
        weather = storm(one, folder, KEEP)
        done += weather.operations
        told = (
            f"{weather.operations} operations, {weather.faults} of {weather.calls} calls went "
            f"wrong, {weather.again} runs more, {weather.seconds:.0f} s"
        )
        show(weather, told, (), "KILLS=0 OPERATIONS")
        yield weather


def tell(report: Report) -> None:
    """Print what came of a life."""
    told = f"{report.kills.total()} kills, {report.seconds:.0f} s"
    show(report, told, report.steps, "KILLS")


def show(one: Report | Weather, told: str, steps: Sequence[str], argument: str) -> None:
    """Print what came of a life or a fleet."""
    lines = one.findings.lines()
    print(f"seed {one.seed}: {'WRONG' if lines else 'ok'}, {told}", flush=True)
    for text in (*steps, *lines):
        print(f"    {text}", flush=True)
    if lines:
        print(f"    again: make chaos SEED={one.seed} {argument}=1", flush=True)
        print(f"    logs and state: {one.kept}", flush=True)


def summarize(led: Sequence[Report], seen: Sequence[Weather]) -> int:
    """Print the sum of all, and return the exit code."""
    kills: Counter[str] = Counter()
    findings = Findings()
    for report in led:
        kills += report.kills
    for found in (*(one.findings for one in led), *(one.findings for one in seen)):
        findings.add(found)
    by_ending = ", ".join(f"{count} {ending}" for ending, count in sorted(kills.items()))
    rows = {
        "lives": len(led),
        "runs of pulumi": sum(report.runs for report in led),
        "cut short": f"{kills.total()} ({by_ending})",
        "over before": sum(report.missed for report in led),
        "refused": sum(report.refused for report in led),
        "states mended": sum(report.mended for report in led),
        "slowest Ctrl-C": f"{max((report.slowest for report in led), default=0):.1f} s",
        "operations": sum(one.operations for one in seen),
        "faults": f"{sum(one.faults for one in seen)} of {sum(one.calls for one in seen)} calls",
        "runs more": sum(one.again for one in seen),
        **{kind: len(found) for kind, found in vars(findings).items()},
    }
    print()
    for name, value in rows.items():
        print(f"{name:15} {value}")
    return 1 if findings.lines() else 0


if __name__ == "__main__":
    sys.exit(main())
