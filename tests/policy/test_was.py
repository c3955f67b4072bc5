"""What policies are told of the last deployment, since they see no old values."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_modeldeploy.core import plan
from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.modelarts.service import TABLE
from pulumi_modeldeploy.pai.service import TABLE as PAI


def split(*weights: Any, **models: Any) -> dict[str, Any]:
    entries = [{"model_id": f"m{n}", "weight": one} for n, one in enumerate(weights)]
    entries += [{"model_id": name, "weight": one} for name, one in models.items()]
    return {"config": entries}


@pytest.mark.parametrize(
    ("olds", "news", "weights"),
    [
        (split(100), split(70, 30), {"m0": 100}),
        (split(70.0, 30.0), split(30, 70), {"m0": 70, "m1": 30}),
        (split(50, 25, m0=25), split(75), {"m0": 75, "m1": 25}),
        (split(100, 0), split(0, 100), {"m0": 100}),
        (split(100), {"config": UNKNOWN}, {"m0": 100}),
        (split(100), split(UNKNOWN, 30), {"m0": 100}),
        (split(100), {"config": [UNKNOWN]}, {"m0": 100}),
        (split(100), {**split(100), "desired_status": "stopped"}, {"m0": 100}),
        (split(100), split(100), None),
        (split(70, 30), split(m1=30, m0=70), None),
        ({}, split(100), None),
        (split(None), split(100), None),
        ({**split(100), "desired_status": "stopped"}, split(0, 100), None),
        ({"config": "x"}, split(0, 100), None),
    ],
)
def test_weights_are_told_where_they_change(
    olds: dict[str, Any], news: dict[str, Any], weights: dict[str, int] | None
) -> None:
    assert plan.was(TABLE, olds, news, ()) == ({"was": {"weights": weights}} if weights else {})


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("config", False),
        ("config[1]", False),
        ("config[0].weight", False),
        ("config[0].model_id", False),
        ("config[0].envs.TOKEN", True),
        ("description", True),
    ],
)
def test_secret_weights_are_not_told(secret: str, *, told: bool) -> None:
    was = plan.was(TABLE, split(100), split(70, 30), [secret])
    assert was == {"was": {"weights": {"m0": 100} if told else "hidden"}}


def test_other_clouds_tell_nothing() -> None:
    assert plan.was(PAI, {"replicas": 1}, {"replicas": 2}, ()) == {}
