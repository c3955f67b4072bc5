"""One emulator for the whole folder, forgotten before each test, and a client with a token."""

from __future__ import annotations

import copy
import email.utils
import hashlib
import json
import sys
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.emulator.huawei_iam import PROJECT_ID, TOKEN
from pulumi_modeldeploy.emulator.zstack_identity import (
    ACCESS_KEY_ID,
    ACCOUNT_NAME,
    PASSWORD,
    sign,
)

# `--import-mode=importlib` leaves it out; the neighbours import `pai_client` by its name.
sys.path.insert(0, str(Path(__file__).parent))

from pai_client import PaiClient

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOY_SECONDS = 100.0
ZSTACK = "/v1/ai/model-services"
MODEL_CENTER = "a" * 32
#: More than a job of ZStack takes.
JOB_SECONDS = 6
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
        if not path.startswith(("/v1/", "/v2/", "/v3")):
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


class ZStackClient:
    """Logs in, sends requests, waits for jobs by moving the clock."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.admin = emulator.admin
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"OAuth {self.log_in()}"

    def log_in(self, password: str = PASSWORD) -> str:
        hashed = hashlib.sha512(password.encode()).hexdigest()
        login = {"accountName": ACCOUNT_NAME, "password": hashed}
        answer = self.call("PUT", "/v1/accounts/login", {"logInByAccount": login})
        uuid: str = answer.json()["inventory"]["uuid"]
        return uuid

    def call(
        self, method: str, path: str, body: Any = None, *, job: str | None = None, **options: Any
    ) -> requests.Response:
        """Send a request."""
        headers = {**options.pop("headers", {}), **({"X-Job-UUID": job} if job else {})}
        url = f"{self.emulator.url}/zstack{path}"
        return self.session.request(method, url, json=body, headers=headers, timeout=10, **options)

    def poll(self, job: str) -> requests.Response:
        return requests.get(f"{self.emulator.url}/zstack/v1/api-jobs/{job}", timeout=10)

    def job(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Send a request, wait for its job and return its end."""
        accepted = self.call(method, path, body, **options)
        assert accepted.status_code == 202, accepted.text
        self.admin.advance(JOB_SECONDS)
        return self.poll(accepted.json()["location"].rpartition("/")[2])

    def done(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Send a request whose job must succeed and return its result."""
        end = self.job(method, path, body, **options)
        assert end.status_code == 200, end.text
        return end.json()

    def failed(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Send a request whose job must fail and return its error."""
        end = self.job(method, path, body, **options)
        assert end.status_code == 503, end.text
        assert set(end.json()) == {"error"}
        return end.json()["error"]

    @staticmethod
    def param(**changes: Any) -> dict[str, Any]:
        """Return the parameters of AddModelService; `...` removes one."""
        param = {
            "name": "demo",
            "yaml": "services: []",
            "requestCpu": 4,
            "requestMemory": 8192,
            "modelCenterUuid": MODEL_CENTER,
            "installPath": "file:///opt/demo",
            "startCommand": "python app.py",
            "architectureImages": [{"cpuArchitecture": "x86_64", "dockerImage": "vllm:1"}],
            **changes,
        }
        return {name: value for name, value in param.items() if value is not ...}

    def create(self, **changes: Any) -> str:
        added = self.done("POST", ZSTACK, {"param": self.param(**changes)})
        uuid: str = added["inventory"]["uuid"]
        return uuid

    def update(self, uuid: str, /, **changes: Any) -> Any:
        body = {"updateModelService": changes}
        return self.done("PUT", f"{ZSTACK}/{uuid}", body)["inventory"]

    def query(self, path: str, *pairs: tuple[str, str]) -> Any:
        answer = self.call("GET", path, params=list(pairs))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def services(self, *pairs: tuple[str, str]) -> Any:
        return self.query(ZSTACK, *pairs)["inventories"]

    def show(self, uuid: str) -> Any:
        (inventory,) = self.query(f"{ZSTACK}/{uuid}")["inventories"]
        return inventory

    @staticmethod
    def signed(method: str, path: str, date: str) -> dict[str, str]:
        """Return the headers of a request that is signed with the emulator's access key."""
        return {
            "Date": date,
            "Authorization": f"ZStack {ACCESS_KEY_ID}:{sign(method, date, path)}",
        }

    @staticmethod
    def utc_clock(zone: str, shift: float) -> str:
        """Return the time of UTC, moved, under some zone's name."""
        return email.utils.formatdate(time.time() + shift, usegmt=True).replace("GMT", zone)

    @staticmethod
    def wall_clock(zone: str = "CST", shift: float = 0) -> str:
        """Return the wall clock of this machine under some zone's name."""
        local = datetime.now().astimezone().utcoffset()
        assert local is not None
        return ZStackClient.utc_clock(zone, local.total_seconds() + shift)


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


@pytest.fixture
def zstack(emulator: Emulator) -> Iterator[ZStackClient]:
    with _zstack(emulator) as client:
        yield client


@pytest.fixture
def pai(emulator: Emulator) -> Iterator[PaiClient]:
    client = PaiClient(emulator)
    with client.session:
        yield client


@pytest.fixture
def make_zstack() -> Any:
    """Return what makes clients of other emulators than the folder's."""
    return _zstack


@contextmanager
def _zstack(emulator: Emulator) -> Iterator[ZStackClient]:
    client = ZStackClient(emulator)
    with client.session:
        yield client
