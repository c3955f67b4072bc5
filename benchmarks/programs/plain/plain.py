"""Dynamic providers as anybody would write them: what ours is compared with.

They are set by the environment: RESOURCES, PROVIDER (a key of `PROVIDERS`), SECONDS that a
deployment takes, WIDTH of the worker pool.
"""

# ruff: noqa: INP001 - a Pulumi program is no package

from __future__ import annotations

import os
import threading
import time
from typing import Any

import requests
from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    Resource,
    ResourceProvider,
)

EVERY = 1.0
"""Seconds between polls."""
LONGEST = 60
"""Seconds that a request may take."""


class Empty(ResourceProvider):
    """Creates nothing and never sees a change."""

    serialize_as_secret_always = False

    def configure(self, _req: ConfigureRequest) -> None:
        """Widen the worker pool, four threads in the SDK, if WIDTH says so."""
        if "WIDTH" in os.environ:
            # A worker of the pool is started with a weak reference to it.
            pool = threading.current_thread()._args[0]()  # noqa: SLF001 - no public way exists
            pool._max_workers = int(os.environ["WIDTH"])  # noqa: SLF001 - the same

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Pretend."""
        return CreateResult("none", props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """See nothing."""
        return DiffResult(changes=False)


class Sleeping(Empty):
    """Takes as long as a deployment and does nothing else."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Sleep."""
        time.sleep(float(os.environ["SECONDS"]))
        return CreateResult("slept", props)


class Polling(Empty):
    """Creates a service and asks for it again and again, each for itself."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create, then poll until it runs."""
        url = f"{os.environ['MODELARTS_ENDPOINT']}/v1/{os.environ['HW_PROJECT_ID']}/services"
        headers = {"X-Auth-Token": os.environ["HW_AUTH_TOKEN"]}
        config = [
            {
                "model_id": one["modelId"],
                "weight": int(one["weight"]),
                "specification": one["specification"],
                "instance_count": int(one["instanceCount"]),
            }
            for one in props["config"]
        ]
        body = {
            "service_name": props["serviceName"],
            "infer_type": props["inferType"],
            "config": config,
        }
        made = requests.post(url, json=body, headers=headers, timeout=LONGEST)
        made.raise_for_status()
        identifier = made.json()["service_id"]
        while True:
            time.sleep(EVERY)
            shown = requests.get(f"{url}/{identifier}", headers=headers, timeout=LONGEST)
            shown.raise_for_status()
            if shown.json()["status"] == "running":
                return CreateResult(identifier, props)


PROVIDERS = {"empty": Empty, "sleeping": Sleeping, "polling": Polling}


class Plain(Resource):
    """A resource of one of them."""

    def __init__(self, provider: ResourceProvider, name: str) -> None:
        entries = [
            {
                "modelId": f"m{version}",
                "weight": 50,
                "specification": "modelarts.vm.cpu.2u",
                "instanceCount": 1,
            }
            for version in (1, 2)
        ]
        props = {"inferType": "real-time", "serviceName": name, "config": entries}
        super().__init__(provider, name, props)
