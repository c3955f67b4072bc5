"""ModelArts over real HTTP against the emulator, in a time that only the tests move."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pulumi_modeldeploy.core import inputs
from pulumi_modeldeploy.core.http import Clock
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.core.operation import Operation
from pulumi_modeldeploy.core.values import Values
from pulumi_modeldeploy.core.waits import Waiter
from pulumi_modeldeploy.emulator import AdminClient, Emulator
from pulumi_modeldeploy.modelarts.service import TABLE
from pulumi_modeldeploy.settings import Settings

URN = "urn:pulumi:prod::shop::pulumi-python:dynamic/modelarts:Service::mnist"


class Cloud:
    """The emulator, and operations on it as different runs of a program make them."""

    def __init__(self, emulator: Emulator) -> None:
        self.admin: AdminClient = emulator.admin
        self.environ = emulator.env
        self.now = 0.0
        self.row: list[str] = []
        self.warnings: list[str] = []

    # time

    def sleep(self, seconds: float) -> None:
        """Let the cloud's time pass instead of ours."""
        self.now += seconds
        self.admin.advance(seconds)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.wall, self.sleep, lambda: 0.5, self.sleep)

    def wall(self) -> float:
        return time.time() + self.now

    # operations

    def operation(
        self,
        *,
        urn: str = URN,
        stack: dict[str, str] | None = None,
        alive: Callable[[], bool] = lambda: True,
        limit: float | None = None,
        environ: dict[str, str] | None = None,
    ) -> Operation:
        settings = Settings((stack or {}).get, self.environ if environ is None else environ)
        place = Identity("acme", "shop", "prod", *TABLE.place(settings)[:2])
        client = TABLE.connect(settings, place)
        client.clock = self.clock
        client._session.trust_env = False  # no proxies of this machine
        waiter = Waiter(TABLE.kind, self.clock, self.row.append, alive, limit)
        identity = place.marked(urn, "")
        return Operation(TABLE, client, identity, settings, waiter, self.warnings.append)

    @property
    def mark(self) -> str:
        return self.operation().identity.mark

    # what the cloud has and was asked

    @property
    def services(self) -> list[dict[str, Any]]:
        return self.admin.resources("modelarts")

    @property
    def only(self) -> dict[str, Any]:
        (service,) = self.services
        return service

    @property
    def changes(self) -> list[str]:
        """Operations that change something, in order."""
        changing = ("CreateService", "UpdateService", "DeleteService")
        found = [one["operation"] for one in self.admin.requests()]
        return [name for name in found if name in changing]

    def bodies(self, operation: str) -> list[Any]:
        return [one["body"] for one in self.admin.requests(operation)]


def wanted(**changes: Any) -> Values:
    """Checked arguments of a service with a given name."""
    one = {"model_id": "m1", "specification": "modelarts.vm.cpu.2u", "instance_count": 1}
    config = [{**one, "weight": 100}]
    raw = {"service_name": "mnist", "infer_type": "real-time", "config": config, **changes}
    checked = inputs.check(TABLE.declaration, raw, TABLE.rules)
    assert checked.failures == []
    return checked.values


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator(deploy_time=0) as running:
        yield running


@pytest.fixture
def cloud(emulator: Emulator) -> Cloud:
    """An empty cloud that deploys at once."""
    emulator.admin.reset()
    emulator.admin.deploy_seconds(0)
    emulator.admin.faults()
    return Cloud(emulator)


@pytest.fixture
def arguments() -> Callable[..., Values]:
    """Makes checked arguments; keywords change them."""
    return wanted
