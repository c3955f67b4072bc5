"""PAI over real HTTP against the emulator, in a time that only the tests move."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import inputs, lifecycle, plan
from pulumi_modeldeploy.core.http import Call, Clock
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.core.operation import Operation
from pulumi_modeldeploy.core.waits import Waiter
from pulumi_modeldeploy.emulator import Emulator, pai_identity
from pulumi_modeldeploy.emulator.pai import Pai
from pulumi_modeldeploy.pai.service import TABLE, labels_of
from pulumi_modeldeploy.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pulumi_modeldeploy.core.http import Client
    from pulumi_modeldeploy.core.values import Json, Values
    from pulumi_modeldeploy.emulator import AdminClient
    from pulumi_modeldeploy.emulator.pai_services import Service

URN = "urn:pulumi:prod::shop::pulumi-python:dynamic/pai:AppService::llama"
BASE: Values = {
    "service_name": "llama",
    "app_type": "LLM",
    "service_spec": "llama_7b_fp16",
    "replicas": 1,
}
"""The least that a program gives, with a name of its own."""


class Time:
    """What the clock of the tests shows; who sleeps lets the cloud's time pass."""

    def __init__(self, emulator: Emulator) -> None:
        self.passed = 0.0
        self.clock_of_the_cloud = emulator._world.clock
        self.meanwhile: list[Callable[[], object]] = []
        """What others do while somebody sleeps, one thing each time."""

    def sleep(self, seconds: float) -> None:
        self.passed += seconds
        self.clock_of_the_cloud.advance(seconds)
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def wall(self) -> float:
        return time.time() + self.passed

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.passed, self.wall, self.sleep, lambda: 0.5, self.sleep)


class Cloud:
    """The emulator, and the verbs on app services as different runs call them."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.admin: AdminClient = emulator.admin
        self.url = emulator.url
        self.environ = emulator.env
        self.time = Time(emulator)
        self.row: list[str] = []
        self.warnings: list[str] = []
        self.begun = 0

    # verbs

    def wanted(self, **changes: Any) -> Values:
        """Checked arguments; keywords change them, and `None` takes one away."""
        checked = inputs.check(TABLE.declaration, {**BASE, **changes}, TABLE.rules)
        assert checked.failures == []
        return checked.values

    def automatic(self, resource_name: str = "llama", **changes: Any) -> Values:
        """The same with the name that check fills in."""
        values = self.wanted(service_name=None, **changes)
        plan.fill_name(TABLE, resource_name, values, {}, self.mark)
        return values

    def operation(
        self,
        *about: Values,
        urn: str = URN,
        stack: dict[str, str] | None = None,
        environ: dict[str, str] | None = None,
        alive: Callable[[], bool] = lambda: True,
        limit: float | None = None,
    ) -> Operation:
        """A verb of a run of its own; `about`: the state and arguments that it gets, in order."""
        settings = Settings((stack or {}).get, self.environ if environ is None else environ)
        region = TABLE.place(settings).region
        identity = Identity("acme", "shop", "prod", region).marked(urn, "")
        client = self.connect(settings, identity)
        return Operation(
            TABLE,
            client,
            identity,
            settings,
            Waiter(TABLE.kind, client.clock, self.row.append, alive, limit),
            self.warnings.append,
            incarnation=(about[0].get("service_id") or "") if about else "",
            about={name for bag in about for name, value in bag.items() if value is not None},
        )

    def connect(self, settings: Settings, identity: Identity) -> Client:
        client = TABLE.connect(settings, identity)
        client.clock = self.time.clock
        client._session.trust_env = False  # no proxies of this machine
        return client

    def create(self, values: Values, **how: Any) -> tuple[str, Values]:
        return lifecycle.create(self.operation(values, **how), values, "llama")

    def update(self, identifier: str, values: Values, state: Values, **how: Any) -> Values:
        olds = inputs.normalise(TABLE.declaration, state)
        return lifecycle.update(self.operation(state, values, **how), identifier, values, olds)

    def look(self, identifier: str, state: Values, **how: Any) -> Values | None:
        managed = inputs.normalise(TABLE.declaration, state)
        return lifecycle.read(self.operation(state, **how), identifier, managed)

    def read(self, identifier: str, state: Values, **how: Any) -> Values:
        found = self.look(identifier, state, **how)
        assert found is not None
        return found

    def delete(self, identifier: str, state: Values, **how: Any) -> None:
        lifecycle.delete(self.operation(state, **how), identifier, state)

    def differs(self, state: Values, values: Values) -> list[str]:
        """What the next preview would show."""
        names = [one.name for one in plan.changes(TABLE, state, values)]
        return [*names, "status"] if plan.strays(TABLE, state, values) else names

    @property
    def mark(self) -> str:
        return self.operation().identity.mark

    # what the cloud has and was asked

    @property
    def services(self) -> list[Json]:
        return self.admin.resources("pai")

    @property
    def only(self) -> Json:
        (found,) = self.services
        return found

    def record(self, name: str) -> Service:
        """What the emulator itself holds, for what no call brings about."""
        (pai,) = (one for one in self.emulator._world.clouds if isinstance(one, Pai))
        found = pai._records.find(pai_identity.REGION, name)
        assert found is not None
        return found

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the only service, whoever attached them."""
        return labels_of(self.only)

    @property
    def requests(self) -> list[Json]:
        return self.admin.requests(after=self.begun)

    @property
    def changes(self) -> list[str]:
        """Operations that change something, in order."""
        return [one["operation"] for one in self.requests if one["method"] != "GET"]

    def bodies(self, operation: str) -> list[Any]:
        return [one["body"] for one in self.requests if one["operation"] == operation]

    def queries(self, operation: str) -> list[Any]:
        return [one["query"] for one in self.requests if one["operation"] == operation]

    def forget(self) -> None:
        """Look only at requests that come from now on."""
        entries = self.admin.requests()
        self.begun = entries[-1]["seq"] if entries else 0

    def do(self, call: Call, body: Json | None = None, name: str = "llama", **query: str) -> Json:
        """Do something by hand, as somebody in the console does; not counted as a request."""
        answer = self.operation().client.send(call, body=body, query=query, path={"id": name}).body
        self.forget()
        return answer


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator(deploy_time=0) as running:
        yield running


@pytest.fixture
def cloud(emulator: Emulator) -> Cloud:
    """An empty cloud that deploys at once, and shows updates one look late."""
    emulator.admin.reset()
    emulator.admin.deploy_seconds(0)
    return Cloud(emulator)
