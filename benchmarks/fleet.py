"""Many services at once: the time of `pulumi up`, and the requests that it takes."""

from __future__ import annotations

import math
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.cloud import Cloud
from benchmarks.project import SKIP_CHECKPOINTS, Project
from benchmarks.ratio import Ratio, best
from pulumi_modeldeploy.modelarts.service import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

GOAL = 1.5
"""Of the time of a provider that does nothing but sleep, as wide as ours."""
PER_SERVICE, PER_PAGE = 4, 2
"""Requests that a service may cost, and that a poll interval may for each page of a list."""
ALLOWED = f"{PER_SERVICE} per service, {PER_PAGE} per interval and list page"
NOTICED, SHARE = 3.0, 0.05
"""Ready is noticed within these seconds, or this share of the deployment's time if that is more."""
PROMISED = f"{NOTICED:g} s, or {SHARE:.0%} of the deployment"


class Fleet:
    """A fleet, deployed by providers of several kinds into one cloud.

    Attributes:
        name: The fleet in words.
        count: How many services it has.
        seconds: How long each takes.
        journal: The requests of the last deployment.
        services: What it made in the cloud, by id.
        created: When each was made for the engine, in milliseconds since 1970, by id.
    """

    def __init__(self, cloud: Cloud, count: int, seconds: float) -> None:
        self.name = f"fleet of {count} services of {seconds:g} s"
        self.count, self.seconds, self._cloud = count, seconds, cloud
        self.journal: list[dict[str, Any]] = []
        self.services: dict[str, dict[str, Any]] = {}
        self.created: dict[str, float] = {}

    def project(self, program: str, env: Mapping[str, str]) -> Project:
        """Prepare a program that makes as many resources."""
        return Project(program, self.count, {**self._cloud.env, **env})

    def plain(self, provider: str, env: Mapping[str, str]) -> Project:
        """Prepare the program that makes them with a plain dynamic provider."""
        own = {
            "PROVIDER": provider,
            "SECONDS": str(self.seconds),
            "HW_AUTH_TOKEN": self._cloud.token,
        }
        return self.project("plain", {**own, **env})

    def sleep(self, project: Project, *words: str) -> float:
        """Deploy what is in no cloud; answers the seconds."""
        self._cloud.admin.reset()
        seconds = project.deploy(*words)
        if seconds < self.seconds or self._cloud.admin.requests():
            raise AssertionError("it did not sleep, or it did more")
        return seconds

    def deploy(self, project: Project, *words: str) -> float:
        """Deploy into the emptied cloud and see that all is there; answers the seconds."""
        self._cloud.admin.reset()
        seconds = project.deploy(*words)
        self.journal = self._cloud.admin.requests()
        self.services = self._cloud.running()
        self.created = {one["id"]: _milliseconds(one["created"]) for one in project.resources()}
        if len(self.services) != self.count or self.services.keys() != self.created.keys():
            raise AssertionError(f"{len(self.services)} of {self.count} services are in the cloud")
        return seconds

    def noticed(self) -> float:
        """Seconds between ready and the end of the create, the worst."""
        ready = {key: float(one["transition_at"]) for key, one in self.services.items()}
        return max(self.created[key] - moment for key, moment in ready.items()) / 1000

    def bound(self) -> int:
        """The most requests that the last deployment may have taken.

        A poll interval is the table's shortest; a page holds what those who wait ask for.
        """
        creates = [one for one in self.journal if one["operation"] == "CreateService"]
        span = float(self.journal[-1]["at"] - creates[0]["at"]) / 1000
        intervals = math.ceil(span / TABLE.ready.least)
        page = TABLE.watch.page if TABLE.watch else 1
        return PER_SERVICE * self.count + PER_PAGE * intervals * math.ceil(self.count / page)


def _milliseconds(moment: str) -> float:
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp() * 1000


def small() -> list[Ratio]:
    """A fleet that Pulumi's own overhead weighs on."""
    width = 64
    wide = ("--parallel", str(width))
    with ExitStack() as leaving:
        enter = leaving.enter_context
        fleet = Fleet(enter(Cloud(deploy_seconds=2)), count=40, seconds=2)
        ours = enter(fleet.project("services", {}))
        bare = enter(fleet.plain("sleeping", {"WIDTH": str(width)}))
        plain = enter(fleet.plain("polling", {}))
        slow = fleet.deploy(plain, *wide)
        polls = len(fleet.journal)
        measured, baseline = best(
            3, partial(fleet.deploy, ours, *wide), partial(fleet.sleep, bare, *wide)
        )
        asked = len(fleet.journal)
    return [
        Ratio(fleet.name, measured, fleet.seconds, "the slowest service"),
        Ratio(fleet.name, measured, baseline, f"{width} threads that sleep", goal=GOAL),
        Ratio(fleet.name, measured, slow, "four threads, a poll per s and service"),
        Ratio(f"requests of the {fleet.name}", asked, polls, "a poll per s and service", unit=""),
    ]


def large() -> list[Ratio]:
    """A fleet that tells who polls how often."""
    width = 200
    wide = ("--parallel", str(width))
    env = {**SKIP_CHECKPOINTS, "WIDTH": str(width)}
    with ExitStack() as leaving:
        enter = leaving.enter_context
        fleet = Fleet(enter(Cloud(deploy_seconds=20)), count=width, seconds=20)
        ours = enter(fleet.project("services", SKIP_CHECKPOINTS))
        bare = enter(fleet.plain("sleeping", env))
        plain = enter(fleet.plain("polling", env))
        fleet.deploy(plain, *wide)
        polls = len(fleet.journal)
        measured, baseline = best(
            2, partial(fleet.deploy, ours, *wide), partial(fleet.sleep, bare, *wide)
        )
        asked, bound, noticed = len(fleet.journal), fleet.bound(), fleet.noticed()
    limit = max(NOTICED, SHARE * fleet.seconds)
    return [
        Ratio(fleet.name, measured, fleet.seconds, "the slowest service"),
        Ratio(fleet.name, measured, baseline, f"{width} threads that sleep", goal=GOAL),
        Ratio(f"requests of the {fleet.name}", asked, polls, "a poll per s and service", unit=""),
        Ratio(f"requests of the {fleet.name}", asked, bound, ALLOWED, unit="", goal=1),
        Ratio("ready is noticed, the slowest of them", noticed, limit, PROMISED, goal=1),
    ]
