"""How long the check of a service takes, against writing and reading the same as JSON."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.ratio import Ratio, compare
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


def measure() -> Ratio:
    """Compare."""
    declaration, rules = TABLE.declaration, TABLE.rules

    def check() -> None:
        checked = inputs.check(declaration, SERVICE, rules)
        if checked.problems:
            raise AssertionError(checked.problems)

    def round_trip() -> None:
        json.loads(json.dumps(SERVICE))

    return compare(
        "check of a service with two versions",
        check,
        "a JSON round trip of it",
        round_trip,
        turns=20,
        repeat=500,
    )
