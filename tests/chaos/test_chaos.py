"""Runs that are cut short: one more `up` ends with cloud, state and program being the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Tools are scripts and no package.
sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

from chaos.lives import live
from chaos.steps import Moment, Step
from chaos.storms import halt

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes by /proc")


def step(change: str, ending: str, moment: Moment, *words: str, skip: bool = False) -> Step:
    return Step(change, (ending,), skip, moments=(moment,), again=[words] if words else [])


DONE = Moment(2, "CreateService", held="slow")
"""While the second service is there, and the answer that says so is not."""
UNDONE = Moment(1, "CreateService", held="timeout")
"""While the first service is asked for, and not there yet."""
CALLED = Moment(2, seconds=0.3)
"""While two services, about, are waited for."""

# `make chaos` draws many more; here is each ending, and each way of changing something.
LIVES: dict[int, Sequence[Step]] = {
    18: (
        step("create", "machine", DONE, skip=True),
        step("replace", "cli", CALLED, "--refresh"),
    ),
    38: (
        step("create", "int", CALLED, skip=True),
        step("force", "group", DONE, "--refresh"),
    ),
    41: (
        step("create", "provider", UNDONE),
        step("mix", "int-int", CALLED, "--refresh", skip=True),
    ),
}


@pytest.mark.parametrize("seed", list(LIVES))
def test_one_more_run_ends_what_was_cut_short(seed: int, engine: Path, tmp_path: Path) -> None:
    report = live(seed, engine, tmp_path, LIVES[seed])
    assert report.findings.lines() == []
    assert report.missed == 0
    assert report.kills.total() == len(LIVES[seed])


def test_a_fleet_that_is_interrupted_is_stored_and_finished(engine: Path, tmp_path: Path) -> None:
    report = halt(1, engine, tmp_path, size=16)
    assert report.findings.lines() == []
    assert report.kills == {"int": 1}
