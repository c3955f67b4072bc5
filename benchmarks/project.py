"""A program of the benchmarks, deployed by the real engine."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

PROGRAMS = Path(__file__).parent / "programs"
sys.path.insert(0, str(PROGRAMS.parents[1] / "tools"))
from sandbox import Sandbox, engine  # noqa: E402 - tools are scripts and no package

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self

SKIP_CHECKPOINTS = {"PULUMI_SKIP_CHECKPOINTS": "true"}
"""Environment in which the engine writes the state once, in the end."""


class Project:
    """A copy of a program with state and home of its own, as a context manager."""

    def __init__(self, program: str, count: int, env: Mapping[str, str]) -> None:
        """Copy `program`, to make `count` resources in the environment `env`."""
        self.count = count
        self._sandbox = Sandbox(engine(), {**env, "RESOURCES": str(count)})
        shutil.copytree(PROGRAMS / program, self._sandbox.project, dirs_exist_ok=True)
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        self._sandbox.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sandbox.__exit__(kind, error, trace)

    def deploy(self, *words: str) -> float:
        """Deploy into a new stack; answers the seconds of `pulumi up`, all of it.

        Raises:
            AssertionError: The state does not hold what the program made.
        """
        self._sandbox.ask("stack", "init", f"bench-{next(self._numbers)}")
        seconds = self.run("up", *words)
        self.resources()
        return seconds

    def preview(self, *words: str) -> tuple[float, str]:
        """Preview in a new stack; answers the seconds of `pulumi preview`, and what it says."""
        self._sandbox.ask("stack", "init", f"bench-{next(self._numbers)}")
        began = time.perf_counter()
        said = self._sandbox.ask("preview", *words)
        return time.perf_counter() - began, said

    def run(self, verb: str, *words: str) -> float:
        """Run `pulumi up` or `pulumi refresh` without a preview; answers its seconds."""
        began = time.perf_counter()
        self._sandbox.ask(verb, "--yes", "--skip-preview", *words)
        return time.perf_counter() - began

    def unchanged(self, verb: str) -> float:
        """Run a verb that has nothing to do; answers its seconds."""
        return self.run(verb, "--expect-no-changes")

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state, as many as the program made, all sound.

        Raises:
            AssertionError: They are not.
        """
        deployment = json.loads(self._sandbox.ask("stack", "export"))["deployment"]
        found = [one for one in deployment["resources"] if ":dynamic" in one["type"]]
        broken = [one["urn"] for one in found if one.get("initErrors") or not one.get("id")]
        pending = deployment.get("pending_operations") or []
        if len(found) != self.count or broken or pending:
            raise AssertionError(f"{len(found)} of {self.count}, {broken} {pending}")
        return found
