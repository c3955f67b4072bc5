"""Run all benchmarks, one line each."""

import sys

from benchmarks import checks, noop

for benchmark in (checks, noop):
    sys.stdout.write(f"{benchmark.measure()}\n")
    sys.stdout.flush()
