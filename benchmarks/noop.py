"""How long a `pulumi up` takes that has nothing to do, against providers that do nothing at all."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.ratio import Ratio, compare
from pulumi_modeldeploy.emulator import Emulator

PROGRAMS = Path(__file__).parent / "programs"
sys.path.insert(0, str(PROGRAMS.parents[1] / "tools"))
from sandbox import Sandbox, engine  # noqa: E402 - tools are scripts and no package

RESOURCES = 50
"""In each of the two programs."""


def measure() -> Ratio:
    """Deploy both programs once, then compare runs that change nothing."""
    folder = engine()
    with ExitStack() as leaving:
        emulator = leaving.enter_context(Emulator(deploy_time=0.0))
        env = {**emulator.env, "RESOURCES": str(RESOURCES)}
        services, empty = (leaving.enter_context(Sandbox(folder, env)) for _ in range(2))
        prepare(services, "services")
        prepare(empty, "empty")
        before = len(emulator.admin.requests())
        ratio = compare(
            f"no-op `pulumi up` of {RESOURCES} services",
            partial(up, services, "--expect-no-changes"),
            f"{RESOURCES} resources of an empty provider",
            partial(up, empty, "--expect-no-changes"),
            turns=3,
        )
        calls = len(emulator.admin.requests()) - before
        if calls:
            raise AssertionError(f"a run without changes sent {calls} requests")
        for sandbox in (services, empty):
            sandbox.ask("destroy", "--yes", "--skip-preview")
        return ratio


def prepare(sandbox: Sandbox, program: str) -> None:
    """Deploy a program for the first time."""
    shutil.copytree(PROGRAMS / program, sandbox.project, dirs_exist_ok=True)
    sandbox.ask("stack", "init", "bench")
    up(sandbox)


def up(sandbox: Sandbox, *words: str) -> None:
    """Run `pulumi up`."""
    sandbox.ask("up", "--yes", "--skip-preview", *words)
