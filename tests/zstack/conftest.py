"""ZStack over real HTTP against the emulator, in a time that only the tests move."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import inputs, lifecycle, plan
from pulumi_modeldeploy.core.http import Call, Clock
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.core.operation import Operation
from pulumi_modeldeploy.core.waits import Waiter
from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.errors import Stopped
from pulumi_modeldeploy.settings import Settings
from pulumi_modeldeploy.zstack import deployment, service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pulumi_modeldeploy.core.http import Client
    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.core.values import Values
    from pulumi_modeldeploy.emulator import AdminClient

URN = "urn:pulumi:prod::shop::pulumi-python:dynamic/zstack:{}::demo"
SERVICE = {
    "name": "demo",
    "yaml": "services: []",
    "request_cpu": 4,
    "request_memory": 8192,
    "model_center_uuid": "c" * 32,
    "install_path": "file:///opt/demo",
    "start_command": "python app.py",
    "architecture_images": [{"cpu_architecture": "x86_64", "docker_image": "vllm:1"}],
}
DEPLOYMENT = {
    "name": "demo",
    "zone_uuid": "e" * 32,
    "type": "Container",
    "docker_image": "vllm:1",
}
OF_THE_CLOUD = re.compile(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}")
"""Uuids that the emulator makes; ours are of version 5."""


class Time:
    """What the clock of the tests shows; shared by all clouds over one emulator."""

    def __init__(self, admin: AdminClient) -> None:
        self.passed = 0.0
        self.pace = 1.0
        self.admin = admin

    def sleep(self, seconds: float) -> None:
        """Let the cloud's time pass instead of ours."""
        self.passed += seconds * self.pace
        self.admin.advance(seconds * self.pace)

    def wall(self) -> float:
        return time.time() + self.passed

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.passed, self.wall, self.sleep, lambda: 0.5, self.sleep)


class Cloud:
    """The emulator, and the verbs on one kind of resource as different runs call them."""

    def __init__(
        self, emulator: Emulator, table: Table, base: Values, clock: Time | None = None
    ) -> None:
        self.admin: AdminClient = emulator.admin
        self.url = emulator.url
        self.environ = emulator.env
        self.table = table
        self.base = base
        self.time = clock or Time(emulator.admin)
        self.row: list[str] = []
        self.warnings: list[str] = []
        self.begun = len(self.admin.requests())

    # verbs

    def wanted(self, **changes: Any) -> Values:
        """Checked arguments; keywords change them."""
        checked = inputs.check(self.table.declaration, {**self.base, **changes}, self.table.rules)
        assert checked.failures == []
        return checked.values

    def operation(
        self,
        *about: Values,
        urn: str = "",
        stack: dict[str, str] | None = None,
        environ: dict[str, str] | None = None,
        alive: Callable[[], bool] = lambda: True,
        limit: float | None = None,
        client: Client | None = None,
    ) -> Operation:
        """A verb of a run of its own; `about`: the arguments that it has, as the engine says."""
        settings = Settings((stack or {}).get, self.environ if environ is None else environ)
        identity = Identity("acme", "shop", "prod", endpoint=self.table.place(settings).endpoint)
        client = client or self.connect(settings, identity)
        return Operation(
            self.table,
            client,
            identity.marked(urn or URN.format(self.table.owner.__name__), ""),
            settings,
            Waiter(self.table.kind, client.clock, self.row.append, alive, limit),
            self.warnings.append,
            about={name for bag in about for name, value in bag.items() if value is not None},
        )

    def connect(self, settings: Settings, identity: Identity) -> Client:
        client = self.table.connect(settings, identity)
        client.clock = self.time.clock
        client._session.trust_env = False  # no proxies of this machine
        return client

    def create(self, values: Values, **how: Any) -> tuple[str, Values]:
        return lifecycle.create(self.operation(values, **how), values)

    def update(self, identifier: str, values: Values, olds: Values, **how: Any) -> Values:
        olds = inputs.normalise(self.table.declaration, olds)
        return lifecycle.update(self.operation(olds, values, **how), identifier, values, olds)

    def look(self, identifier: str, state: Values, **how: Any) -> Values | None:
        managed = inputs.normalise(self.table.declaration, state)
        return lifecycle.read(self.operation(state, **how), identifier, managed)

    def read(self, identifier: str, state: Values, **how: Any) -> Values:
        found = self.look(identifier, state, **how)
        assert found is not None
        return found

    def delete(self, identifier: str, state: Values, **how: Any) -> None:
        lifecycle.delete(self.operation(state, **how), identifier, state)

    def differs(self, state: Values, values: Values) -> list[str]:
        return [one.name for one in plan.changes(self.table, state, values)]

    def kill(self, values: Values, **how: Any) -> None:
        """Run a create that ends as soon as its job was accepted."""
        sent = iter([True])
        op = self.operation(values, alive=lambda: next(sent, False), **how)
        self.admin.deploy_seconds(100)
        clock = op.client.clock
        op.client.clock = replace(clock, linger=lambda _: None)  # it has no time left
        with pytest.raises(Stopped, match="the run that waited for it is over"):
            lifecycle.create(op, values)
        op.client.clock = clock
        assert self.objects == []

    # what the cloud has and was asked

    @property
    def uuid(self) -> str:
        """The uuid that is made of the resource's mark."""
        return self.operation().own_id({})

    @property
    def objects(self) -> list[dict[str, Any]]:
        ours = self.table is deployment.TABLE
        return [one for one in self.admin.resources("zstack") if ("instances" in one) is ours]

    @property
    def only(self) -> dict[str, Any]:
        (found,) = self.objects
        return found

    @property
    def requests(self) -> list[dict[str, Any]]:
        return self.admin.requests()[self.begun :]

    @property
    def changes(self) -> list[str]:
        """Operations that change something, in order."""
        return [
            one["operation"]
            for one in self.requests
            if one["method"] != "GET" and one["operation"] != "LogInByAccount"
        ]

    @property
    def sent(self) -> list[tuple[str, Any]]:
        """Calls that change something: verb, path and query; body. The object's uuid is {id}."""
        own = self.only["uuid"]
        found = []
        for one in self.requests:
            if one["method"] != "GET":
                query = "".join(f"?{key}={value}" for key, value in one["query"].items())
                line = f"{one['method']} {one['path'].removeprefix('/zstack/v1')}{query}"
                text = json.dumps([line, one["body"]]).replace(own, "{id}")
                found.append(tuple(json.loads(OF_THE_CLOUD.sub("{uuid}", text))))
        return found

    def bodies(self, operation: str) -> list[Any]:
        return [one["body"] for one in self.requests if one["operation"] == operation]

    def forget(self) -> None:
        """Look only at requests that come from now on."""
        self.begun = len(self.admin.requests())

    def tags(self, kind: str) -> list[dict[str, Any]]:
        """All tags of a kind: `systemTags` or `userTags`."""
        path = {"systemTags": "/zstack/v1/system-tags", "userTags": "/zstack/v1/user-tags"}[kind]
        call = by_hand(path)
        found: list[dict[str, Any]] = self.operation().client.send(call).body["inventories"]
        return found

    def do(self, method: str, path: str, body: Any = None, **query: str) -> None:
        """Do something by hand, as somebody in the console does, and wait for its job."""
        op = self.operation()
        op.call(by_hand(f"/zstack/v1{path}", method), body, query=query)


def by_hand(path: str, method: str = "GET") -> Call:
    return Call("ByHand", method, path, ok=(200, 202))


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator(deploy_time=0) as running:
        yield running


@pytest.fixture
def cloud(emulator: Emulator) -> Cloud:
    """An empty cloud whose jobs are done at once; verbs are about model services."""
    emulator.admin.reset()
    emulator.admin.deploy_seconds(0)
    return Cloud(emulator, service.TABLE, SERVICE)


@pytest.fixture
def running(emulator: Emulator, cloud: Cloud) -> Cloud:
    """A cloud with a model service; verbs are about deployments of it."""
    uuid, _ = cloud.create(cloud.wanted(name="to be deployed"))
    base = {**DEPLOYMENT, "model_service_uuid": uuid}
    return Cloud(emulator, deployment.TABLE, base, cloud.time)


@pytest.fixture(params=["cloud", "running"], ids=["service", "deployment"])
def either(request: pytest.FixtureRequest) -> Cloud:
    """A cloud; verbs are about model services, then about deployments."""
    found: Cloud = request.getfixturevalue(request.param)
    return found
