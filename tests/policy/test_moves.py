"""How much of the traffic an update moves, which policies are told since they see no old values."""

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
    ("olds", "news", "moves"),
    [
        (split(100), split(100), 0),
        (split(100), split(70, 30), 30),
        (split(70.0, 30.0), split(30, 70), 40),
        (split(70, 30), split(m1=30, m0=70), 0),
        (split(50, 50), split(new=100), 100),
        (split(50, 25, m0=25), split(75, 25), 0),
        ({}, split(100), 0),
        (split(100), {"config": UNKNOWN}, 0),
        (split(100), split(UNKNOWN, 30), 0),
        (split(100), {"config": [UNKNOWN]}, 0),
        (split(100), split(None), 0),
    ],
)
def test_moves_are_what_versions_gain(
    olds: dict[str, Any], news: dict[str, Any], moves: int
) -> None:
    assert plan.moves(TABLE, olds, news, ()) == ({"moves": moves} if moves else {})


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("config", False),
        ("config[1]", False),
        ("config[0].weight", False),
        ("config[0].envs.TOKEN", True),
        ("description", True),
    ],
)
def test_secret_weights_are_not_told(secret: str, *, told: bool) -> None:
    assert bool(plan.moves(TABLE, split(100), split(70, 30), [secret])) == told


def test_other_clouds_move_nothing() -> None:
    assert plan.moves(PAI, {"replicas": 1}, {"replicas": 2}, ()) == {}
