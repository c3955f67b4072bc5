"""What the policy pack costs in a preview: all rules at work, on services that keep them."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cloud import Cloud
from benchmarks.project import Project
from benchmarks.ratio import Ratio, best

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICES = 100
GOAL = 1.5
PACK = Path(__file__).resolve().parents[1] / "policy-pack"
STRICT = {
    "all": "mandatory",
    "allowed-specifications": {"specifications": ["modelarts.vm.*"]},
    "approved-models": {"models": ["m*"]},
    "total-instances": {"most": 4 * SERVICES},
    "hourly-budget": {"most": 4 * SERVICES, "prices": {"*": 1}},
}


def measure() -> list[Ratio]:
    """Compare previews of new services with and without the pack, in turns."""
    with ExitStack() as leaving:
        enter = leaving.enter_context
        cloud = enter(Cloud(deploy_seconds=0))
        project = enter(Project("governed", SERVICES, cloud.env))
        file = Path(enter(tempfile.TemporaryDirectory())) / "policies.json"
        file.write_text(json.dumps(STRICT))
        governed = ("--policy-pack", str(PACK), "--policy-pack-config", str(file))
        measured, baseline = best(
            5, _preview(project, *governed, judged=True), _preview(project, judged=False)
        )
    name = f"`pulumi preview` of {SERVICES} services with the policy pack"
    return [Ratio(name, measured, baseline, "without it", goal=GOAL)]


def _preview(project: Project, *words: str, judged: bool) -> Callable[[], float]:
    """Preview, and see that the pack has judged, or has not, and found nothing."""

    def run() -> float:
        seconds, said = project.preview(*words)
        if ("✅ modeldeploy@" in said) != judged or f"{SERVICES + 1} to create" not in said:
            raise AssertionError(said)
        return seconds

    return run
