"""How long the check of a service takes, against writing and reading the same as JSON."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.ratio import Ratio, best, timed
from pulumi_modeldeploy.core import inputs
from pulumi_modeldeploy.modelarts.service import TABLE

SERVICE: dict[str, Any] = {
    "service_name": "digits-0123456789ab",
    "infer_type": "real-time",
    "description": "two versions side by side",
    "config": [
        {
            "model_id": f"digits-v{number}",
            "weight": weight,
            "specification": "modelarts.vm.cpu.2u",
            "instance_count": 1,
            "envs": {"LOG_LEVEL": "info", "LANGUAGE": "en"},
        }
        for number, weight in ((1, 70), (2, 30))
    ],
    "schedule": [{"type": "stop", "time_unit": "HOURS", "duration": 10}],
    "desired_status": "running",
}


def measure() -> list[Ratio]:
    """Compare."""
    declaration, rules = TABLE.declaration, TABLE.rules

    def check() -> None:
        checked = inputs.check(declaration, SERVICE, rules)
        if checked.problems:
            raise AssertionError(checked.problems)

    def round_trip() -> None:
        if json.loads(json.dumps(SERVICE)) != SERVICE:
            raise AssertionError("JSON lost something")

    seconds = best(20, *(timed(work, repeat=500) for work in (check, round_trip)))
    measured, baseline = (each * 1000 for each in seconds)
    name = "check of a service with two versions"
    return [Ratio(name, measured, baseline, "a JSON round trip of it", unit="ms")]
