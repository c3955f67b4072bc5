"""Runs that have nothing to do, and what is stored, against providers that do nothing at all."""

from __future__ import annotations

import json
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.cloud import Cloud
from benchmarks.project import SKIP_CHECKPOINTS, Project
from benchmarks.ratio import Ratio, best

if TYPE_CHECKING:
    from collections.abc import Collection

RESOURCES = 300
"""In each of the two programs."""
KEYS = ("inferType", "serviceName", "config")
"""What a service of the program is given, its name included."""


def measure() -> list[Ratio]:
    """Deploy both programs once, then compare runs that change nothing."""
    with ExitStack() as leaving:
        enter = leaving.enter_context
        cloud = enter(Cloud(deploy_seconds=0))
        env = {**cloud.env, **SKIP_CHECKPOINTS, "PROVIDER": "empty"}
        services = enter(Project("services", RESOURCES, env))
        empty = enter(Project("plain", RESOURCES, env))
        for project in (services, empty):
            project.deploy("--parallel", "64")
        if len(cloud.running()) != RESOURCES:
            raise AssertionError(f"{len(cloud.running())} of {RESOURCES} services are there")
        return [
            _compare(cloud, "up", services, empty, calls=()),
            _compare(cloud, "refresh", services, empty, calls=("ShowService", "ListServices")),
            *_stored(services, empty),
        ]


def _compare(
    cloud: Cloud, verb: str, services: Project, empty: Project, *, calls: Collection[str]
) -> Ratio:
    """Run a verb in turns; it may send these calls, and has to if there are any."""
    before = len(cloud.admin.requests())
    measured, baseline = best(3, *(partial(one.unchanged, verb) for one in (services, empty)))
    sent = {one["operation"] for one in cloud.admin.requests()[before:]}
    if not sent <= set(calls) or bool(sent) != bool(calls):
        raise AssertionError(f"a {verb} without changes sent {sent}")
    name = f"`pulumi {verb}` of {RESOURCES} services, no change"
    return Ratio(name, measured, baseline, "resources of an empty provider")


def _stored(services: Project, empty: Project) -> list[Ratio]:
    """Compare bytes in the state."""
    ours = services.resources()
    inputs = [{key: one["inputs"][key] for key in KEYS} for one in ours]
    measured, given, plain = (
        _bytes(each) / RESOURCES for each in (ours, inputs, empty.resources())
    )
    name = "state of a service"
    return [
        Ratio(name, measured, given, "its inputs as JSON", unit="bytes"),
        Ratio(name, measured, plain, "the same inputs in an empty provider", unit="bytes"),
    ]


def _bytes(documents: list[dict[str, Any]]) -> int:
    return sum(len(json.dumps(one, separators=(",", ":")).encode()) for one in documents)
