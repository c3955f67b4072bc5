"""Rules about how much services take, and how much of them changes at once."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_modeldeploy.core.checks import number
from pulumi_modeldeploy.core.plan import HIDDEN
from pulumi_modeldeploy.policy import facets
from pulumi_modeldeploy.policy.configuration import Settings, setting
from pulumi_modeldeploy.policy.facets import is_real_time, runs, sizes
from pulumi_modeldeploy.policy.views import (
    ModelArtsService,
    PaiAppService,
    View,
    about,
    at,
    is_known,
    known,
    present,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pulumi_modeldeploy.core.checks import Report
    from pulumi_modeldeploy.policy.editing import Inputs


@dataclass(frozen=True)
class Instances(Settings):
    """How many instances there may be."""

    most: int = setting(
        5, "Most instances of a model version (ModelArts) or service (PAI).", minimum=1
    )


def instance_ceiling(service: View, settings: Instances, report: Report) -> None:
    """A service has no more instances than allowed.

    A typing error costs a thousand instances. ModelArts counts by model version, PAI by service.
    """
    for path, count in facets.instances(service):
        if count > settings.most:
            report(path, f"must be at most {settings.most}", f"is {count}")


def lower_instances(service: View, settings: Instances, inputs: Inputs) -> None:
    """Lower the number of instances to what is allowed."""
    if isinstance(service, PaiAppService) and service.replicas > settings.most:
        inputs.put(service, "replicas", settings.most)
    if isinstance(service, ModelArtsService):
        for version in known(service.config, "instance_count"):
            if (version.instance_count or 0) > settings.most:
                inputs.put(version, "instance_count", settings.most)


@dataclass(frozen=True)
class Replicas(Settings):
    """How many instances there must be."""

    least: int = setting(2, "Fewest instances of what has traffic.", minimum=1)


def minimum_replicas(service: View, settings: Replicas, report: Report) -> None:
    """A service has enough instances to lose one.

    One instance is none while its host restarts. Judged are services that run and answer requests:
    on ModelArts each model version of a real-time service that has traffic, on PAI the service.
    """
    if not runs(service) or (isinstance(service, ModelArtsService) and not is_real_time(service)):
        return
    idle = set(_idle(service)) if isinstance(service, ModelArtsService) else ()
    for path, count in facets.instances(service):
        if count < settings.least and path not in idle:
            report(path, f"must be at least {settings.least}", f"is {count}")


def _idle(service: ModelArtsService) -> Iterator[str]:
    """Where the instances are said of versions that have, or may have, no traffic."""
    for version in known(service.config):
        if not is_known(version, "weight") or version.weight == 0:
            yield at(version, "instance_count")


@dataclass(frozen=True)
class InstanceSize(Settings):
    """How large an instance may be."""

    cpu: float = setting(0.0, "Most CPU cores; 0: any number.", wakes=True, minimum=0)
    memory: float = setting(0.0, "Most memory in GiB; 0: any size.", wakes=True, minimum=0)
    accelerators: float = setting(
        0.0, "Most GPUs or Ascend chips; 0: any number.", wakes=True, minimum=0
    )


def instance_size(service: View, settings: InstanceSize, report: Report) -> None:
    """An instance takes no more than allowed.

    Specifications made to measure name cores, memory and accelerators one by one, so a list of
    names does not bound them. Judged are `custom_spec` on ModelArts and the sizes of ZStack's
    deployments.
    """
    units = {"cpu": "CPU cores", "memory": "GiB of memory", "accelerators": "accelerators"}
    for size in sizes(service):
        most = getattr(settings, size.kind)
        if most and size.amount > most:
            report(
                size.path,
                f"must be at most {number(most)} {units[size.kind]}",
                f"is {number(size.amount)}",
            )


@dataclass(frozen=True)
class WeightStep(Settings):
    """How much traffic may move at once."""

    most: float = setting(
        50.0, "Most percent of the traffic that one run moves.", minimum=1, maximum=100
    )


def weight_step(service: ModelArtsService, settings: WeightStep, report: Report) -> None:
    """One run moves no more of the traffic than allowed.

    A new version shows its faults under little traffic first. What moves is the sum of what
    versions gain over the last deployment: from 100/0 to 70/30 moves 30 percent. A service that is
    created moves nothing, nor does one that was stopped, or is; one that is replaced moves what an
    update would. Weights that were secret cannot be compared, and are reported.
    """
    was = about(service).was.get("weights")
    if not was or service.desired_status == "stopped":
        return
    if was == HIDDEN:
        report(at(service, "config"), "must have no secret weights: they are compared in each run")
        return
    gains = Counter[str]()
    for version in service.config:
        gains[version.model_id] += version.weight or 0
    gains.subtract({model: int(share) for model, share in was.items()})
    moves = sum(gain for gain in gains.values() if gain > 0)
    if moves > settings.most:
        report(
            at(service, "config"),
            f"must move at most {number(settings.most)} percent of the traffic in one run",
            f"moves {number(moves)}",
        )


@dataclass(frozen=True)
class Upgrade(Settings):
    """How many instances may be down in an upgrade."""

    most: float = setting(
        0.0,
        "Most instances that may be down: below 1 a share of all, else their number.",
        minimum=0,
    )


def gentle_upgrades(service: ModelArtsService, settings: Upgrade, report: Report) -> None:
    """An upgrade takes no more instances down than allowed.

    `max_unavailable` lets a rolling upgrade stop instances before their successors run. The cloud's
    default is 0. Where a share is configured and a number is given, or the other way round, the
    share counts by the `instance_count` of the version, rounded up: the vendor does not say how the
    cloud rounds.
    """
    for version in known(service.config):
        counts = [count for _, count in present(version, "instance_count")]
        for _, properties in present(version, "additional_properties"):
            for path, down in present(properties, "max_unavailable"):
                if _is_more(down, settings.most, counts):
                    report(path, f"must be at most {_spell(settings.most)}", f"is {_spell(down)}")


def _is_more(down: float, most: float, counts: Sequence[int]) -> bool:
    """Compare shares and numbers of instances; no count: it is not known how many there are."""
    if 0 in (down, most) or (down < 1) == (most < 1):
        return down > most
    return any(_instances(down, count) > _instances(most, count) for count in counts)


def _instances(part: float, count: int) -> float:
    # Rounded before: 0.07 of 100 is a little more than 7.
    return math.ceil(round(part * count, 6)) if part < 1 else part


def _spell(part: float) -> str:
    """Write a share or a number of instances."""
    unit = " of all instances" if 0 < part < 1 else " instance" if part == 1 else " instances"
    return f"{number(part)}{unit}"
