"""Run all benchmarks, or those that are named, and print one table in the end."""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks import checks, fleet, noop, policy, start
from benchmarks.ratio import table

BENCHMARKS = {
    "fleet": fleet.small,
    "large": fleet.large,
    "noop": noop.measure,
    "checks": checks.measure,
    "start": start.measure,
    "policy": policy.measure,
}


def main() -> None:
    """Run them in turn; the others of this machine would disturb them, so would they each other."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    ratios = []
    for name in names:
        began = time.perf_counter()
        ratios += BENCHMARKS[name]()
        sys.stderr.write(f"{name}: {time.perf_counter() - began:.0f} s\n")
    sys.stdout.write(f"\n{table(ratios)}\n")


if __name__ == "__main__":
    main()
