"""One emulator for the whole folder, forgotten before each test, and a client with a token."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.emulator.huawei_iam import PROJECT_ID, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOY_SECONDS = 100.0
GOLDEN = Path(__file__).parent.parent / "golden" / "modelarts"


class Client:
    """Calls ModelArts with a token, and writes bodies as the vendor's page has them."""

    deploy_seconds = DEPLOY_SECONDS

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.admin = emulator.admin
        self.base = f"/v1/{PROJECT_ID}"
        self.session = requests.Session()
        self.session.headers["X-Auth-Token"] = TOKEN

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Send a request; a path that begins with `/services` or the like is the project's."""
        if not path.startswith(("/v1/", "/v3")):
            path = self.base + path
        url = self.emulator.url + path
        return self.session.request(method, url, json=body, timeout=10, **options)

    def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Send a request that must succeed and return its document."""
        response = self.call(method, path, body, **options)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """Send a request that must not succeed and return its status and error code."""
        response = self.call(method, path, body, **options)
        assert response.status_code >= 400, response.text
        assert set(response.json()) == {"error_code", "error_msg"}
        return response.status_code, response.json()["error_code"].removeprefix("ModelArts.")

    @staticmethod
    def config(**changes: Any) -> dict[str, Any]:
        """Return a config element of a real-time service."""
        return {
            "model_id": "model-1",
            "specification": "modelarts.vm.cpu.2u",
            "weight": 100,
            "instance_count": 1,
            **changes,
        }

    @classmethod
    def real_time(cls, **changes: Any) -> dict[str, Any]:
        """Return the body of a create call for a real-time service."""
        body = {"service_name": "demo", "infer_type": "real-time", "config": [cls.config()]}
        return {**body, **changes}

    @staticmethod
    def golden(name: str) -> Any:
        """Return a sample request of the vendor's page."""
        return json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))

    @staticmethod
    def changed(body: Any, changes: dict[str, Any]) -> Any:
        """Return a copy of a body with other values at dotted paths; `...` removes."""
        body = copy.deepcopy(body)
        for path, value in changes.items():
            *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
            target = body
            for step in way:
                target = target[step]
            if value is ...:
                del target[last]
            else:
                target[last] = value
        return body

    def create(self, *, settled: bool = True, **changes: Any) -> str:
        """Create a service and, unless told otherwise, wait until it runs."""
        body = self.real_time(**changes)
        service_id: str = self.ok("POST", "/services", body)["service_id"]
        if settled:
            self.admin.advance(DEPLOY_SECONDS)
        return service_id

    def show(self, service_id: str) -> Any:
        return self.ok("GET", f"/services/{service_id}")

    def status(self, service_id: str) -> str:
        return self.show(service_id)["status"]

    def update(self, service_id: str, **body: Any) -> requests.Response:
        return self.call("PUT", f"/services/{service_id}", body)

    def events(self, service_id: str) -> list[str]:
        """Return what happened, oldest first."""
        found = self.ok("GET", f"/services/{service_id}/events", params={"order": "asc"})
        return [event["event_info"] for event in found["events"]]


@pytest.fixture(scope="session")
def _emulator() -> Iterator[Emulator]:
    with Emulator(deploy_time=DEPLOY_SECONDS) as emulator:
        yield emulator


@pytest.fixture
def emulator(_emulator: Emulator) -> Emulator:
    _emulator.admin.reset()
    return _emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Client]:
    client = Client(emulator)
    with client.session:
        yield client
