"""All clouds over real HTTP while every tenth request goes wrong: all ends right, and once.

Time is the tests' own: who sleeps lets the cloud's time pass.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import http, inputs, lifecycle, plan
from pulumi_modeldeploy.core.http import Clock
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.core.operation import Operation
from pulumi_modeldeploy.core.waits import Waiter
from pulumi_modeldeploy.emulator import Emulator, huawei_iam, zstack_identity
from pulumi_modeldeploy.modelarts import service as modelarts
from pulumi_modeldeploy.pai import service as pai
from pulumi_modeldeploy.settings import Settings
from pulumi_modeldeploy.zstack import deployment
from pulumi_modeldeploy.zstack import service as zstack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pulumi_modeldeploy.core.http import Client
    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.core.values import Values

READ_SECONDS = 0.1
"""What a request waits for its answer, in real time: those that are held cost as much."""
DEPLOY_SECONDS = 2.0
LOGIN = {
    "HW_USER_NAME": huawei_iam.USER_NAME,
    "HW_USER_PASSWORD": huawei_iam.PASSWORD,
    "HW_DOMAIN_NAME": huawei_iam.DOMAIN_NAME,
    "ZSTACK_ACCOUNT_NAME": zstack_identity.ACCOUNT_NAME,
    "ZSTACK_ACCOUNT_PASSWORD": zstack_identity.PASSWORD,
}
"""The other way in: what goes wrong then hits logins, too."""

# --- what is deployed ----------------------------------------------------------------------------


def model_service(chance: random.Random) -> Values:
    """Any service of ModelArts."""
    count = chance.randint(1, 3)
    one = {"model_id": "m1", "specification": "modelarts.vm.cpu.2u", "instance_count": count}
    return {
        "infer_type": "real-time",
        "config": [{**one, "weight": 100, "envs": {"LEVEL": str(chance.randint(1, 3))}}],
        "description": chance.choice(["", "digits", "letters"]),
        "desired_status": chance.choice(["running", "running", "stopped"]),
    }


def entry(chance: random.Random) -> Values:
    """Any catalogue entry of ZStack."""
    return {
        "yaml": "services: []",
        "request_cpu": chance.randint(1, 8),
        "request_memory": 8192,
        "model_center_uuid": "c" * 32,
        "install_path": "file:///opt/demo",
        "start_command": chance.choice(["python app.py", "python main.py"]),
        "architecture_images": [{"cpu_architecture": "x86_64", "docker_image": "vllm:1"}],
        "description": chance.choice(["", "digits", "letters"]),
        "user_tags": chance.sample(["a", "b", "c"], 2),
        "model_uuids": chance.sample(["1" * 32, "2" * 32], 1),
    }


DEPLOYED = "f" * 12 + "4" + "f" * 3 + "8" + "f" * 15
"""The catalogue entry that is deployed; it is there before anything goes wrong."""


def group(chance: random.Random) -> Values:
    """Any deployment of ZStack."""
    return {
        "zone_uuid": "e" * 32,
        "type": "Container",
        "docker_image": "vllm:1",
        "model_service_uuid": DEPLOYED,
        "description": chance.choice(["", "digits", "letters"]),
        "user_tags": chance.sample(["a", "b", "c"], 2),
    }


def app(chance: random.Random) -> Values:
    """Any app service of PAI."""
    path = chance.choice(["a", "b"])
    return {
        "app_type": "LLM",
        "service_spec": chance.choice(["llama_7b_fp16", "llama_13b_fp16"]),
        # Always as many: a stopped one does not tell them, so that a change may be sent twice.
        "replicas": 2,
        "config": {"ModelStorage": "oss", "OssPath": f"oss://bucket/{path}/"},
        "labels": dict.fromkeys(chance.sample(["a", "b", "c"], 2), path),
        "workspace_id": str(chance.randint(1, 2)),
        "desired_status": chance.choice(["running", "running", "stopped"]),
    }


@dataclass(frozen=True)
class Sort:
    """A kind of resource: where it is seen, and by which calls it is made."""

    table: Table
    cloud: str
    name: str
    identifier: str
    make: Callable[[random.Random], Values]
    told: tuple[str, str] = ("description", "description")
    """An argument, and where the cloud shows it."""

    @property
    def harmless(self) -> set[str]:
        """Operations that may be taken up twice, since that does no harm and no job is named."""
        calls = [call for step in self.table.steps for call in step.calls if call.repeatable]
        return {one.operation for one in (self.table.delete, *(() if self.table.jobs else calls))}


SERVICE = Sort(modelarts.TABLE, "modelarts", "service_name", "service_id", model_service)
ENTRY = Sort(zstack.TABLE, "zstack", "name", "uuid", entry)
GROUP = Sort(deployment.TABLE, "zstack", "name", "uuid", group)
APP = Sort(pai.TABLE, "pai", "service_name", "ServiceName", app, ("service_spec", "AppSpecName"))
SORTS = (SERVICE, ENTRY, GROUP, APP)


# --- who deploys it ------------------------------------------------------------------------------


@dataclass
class Thing:
    """A resource of the program: what it should be, and its state while it exists."""

    sort: Sort
    urn: str
    values: Values
    identifier: str = ""
    state: Values = field(default_factory=dict)


class Run:
    """Verbs on many resources of one program, one after another.

    The seed decides about verbs and values, and nothing that happens on the way does.
    """

    def __init__(self, emulator: Emulator, seed: int, *, login: bool = False) -> None:
        emulator.admin.reset()
        emulator.admin.deploy_seconds(DEPLOY_SECONDS)
        self.emulator, self.passed = emulator, 0.0
        self.chance, self.jitter = random.Random(seed), random.Random(seed)  # noqa: S311
        self.environ = dict(emulator.env)
        if login:
            keys = ("ACCESS_KEY", "SECRET_KEY", "ACCESS_KEY_ID", "ACCESS_KEY_SECRET")
            of_those = {k for k in self.environ if k.endswith(keys) and k[:7] != "ALIBABA"}
            plain = {k: one for k, one in self.environ.items() if k not in of_those}
            self.environ = plain | LOGIN
        self.things: list[Thing] = []
        self._clients: dict[str, Client] = {}
        self.create(ENTRY, resource_uuid=DEPLOYED)
        self.base = self.things.pop()

    def sleep(self, seconds: float) -> None:
        self.passed += seconds
        self.emulator._world.clock.advance(seconds)

    @property
    def clock(self) -> Clock:
        wall = lambda: time.time() + self.passed  # noqa: E731
        return Clock(lambda: self.passed, wall, self.sleep, self.jitter.random, self.sleep)

    def operation(self, thing: Thing, *about: Values) -> Operation:
        table = thing.sort.table
        settings = Settings({}.get, self.environ)
        identity = Identity("acme", "shop", "prod", *table.place(settings))
        client = self._clients.get(thing.sort.cloud)
        if client is None:
            client = self._clients[thing.sort.cloud] = table.connect(settings, identity)
            client.clock = self.clock
            client._session.trust_env = False  # no proxies of this machine
        return Operation(
            table,
            client,
            identity.marked(thing.urn, ""),
            settings,
            Waiter(table.kind, client.clock, lambda _: None, lambda: True),
            lambda _: None,
            incarnation=thing.state.get(table.incarnation) or "",
            about={name for bag in about for name, value in bag.items() if value is not None},
        )

    def wanted(self, thing: Thing, **given: Any) -> Values:
        """What the program asks for next."""
        table, raw = thing.sort.table, {**thing.sort.make(self.chance), **given}
        plan.fill_name(table, "demo", raw, thing.state, self.operation(thing).identity.mark)
        checked = inputs.check(table.declaration, raw, table.rules, olds=thing.values)
        assert checked.failures == []
        return checked.values

    # verbs

    def create(self, sort: Sort, **given: Any) -> None:
        number = len(self.things)
        thing = Thing(sort, f"urn:pulumi:prod::shop::{sort.table.kind}::demo-{number}", {})
        thing.values = self.wanted(thing, **given)
        op = self.operation(thing, thing.values)
        thing.identifier, thing.state = lifecycle.create(op, thing.values)
        self.things.append(thing)
        self._must_be_right(thing)

    def update(self, thing: Thing) -> None:
        new = self.wanted(thing)
        olds = inputs.normalise(thing.sort.table.declaration, thing.state)
        op = self.operation(thing, thing.state, new)
        thing.state = lifecycle.update(op, thing.identifier, new, olds)
        thing.values = new
        self._must_be_right(thing)

    def read(self, thing: Thing) -> None:
        managed = inputs.normalise(thing.sort.table.declaration, thing.state)
        op = self.operation(thing, thing.state)
        state = lifecycle.read(op, thing.identifier, managed)
        assert state is not None
        thing.state = state
        self._must_be_right(thing)

    def delete(self, thing: Thing) -> None:
        lifecycle.delete(self.operation(thing, thing.state), thing.identifier, thing.state)
        thing.identifier = ""

    def go(self, verbs: int, *sorts: Sort) -> None:
        """Run so many verbs on any resources."""
        for _ in range(verbs):
            alive = self.alive
            verb = self.chance.choice(["create", "read", "update", "update", "delete"])
            if len(alive) < 3 or verb == "create":
                self.create(self.chance.choice(sorts))
            else:
                getattr(self, verb)(self.chance.choice(alive))

    # what must hold

    @property
    def alive(self) -> list[Thing]:
        return [thing for thing in self.things if thing.identifier]

    def _must_be_right(self, thing: Thing) -> None:
        """A second run would change nothing."""
        assert plan.changes(thing.sort.table, thing.state, thing.values) == []
        assert not plan.strays(thing.sort.table, thing.state, thing.values)

    def must_be_consistent(self) -> None:
        """The cloud has what the states say, and nothing else."""
        for cloud in ("modelarts", "zstack", "pai"):
            found = self.emulator.admin.resources(cloud)
            alive = [self.base, *self.alive]
            ours = [thing for thing in alive if thing.sort.cloud == cloud]
            there = {one[thing.sort.identifier]: one for thing in ours for one in found}
            assert len(found) == len(there) == len(ours)
            for thing in ours:
                shown = there[thing.identifier]
                argument, where = thing.sort.told
                assert thing.state[thing.sort.name] in shown.values()
                assert (shown.get(where) or "") == thing.values[argument]

    @property
    def taken_up(self) -> Counter[str]:
        """How often the cloud took each changing call up, whatever became of its answer."""
        asked = self.emulator.admin.requests()
        good = (200, 202)
        changing = (one for one in asked if one["method"] != "GET" and one["status"] in good)
        return Counter(one["operation"] for one in changing)


# --- what goes wrong -----------------------------------------------------------------------------

FAULTS: dict[str, dict[str, Any]] = {
    "throttled": {"fault": "status", "status": 429, "seconds": 2},
    "internal error": {"fault": "status", "status": 500},
    "bad gateway": {"fault": "status", "status": 502},
    "unavailable": {"fault": "status", "status": 503},
    "gateway timed out": {"fault": "status", "status": 504},
    "reset": {"fault": "reset"},
    "held": {"fault": "timeout"},
    "truncated": {"fault": "truncate"},
    "lost": {"fault": "lost-response"},
    "slow": {"fault": "slow", "seconds": 0.01},
}
TENTH = 0.1
VERBS = 250


@pytest.fixture(scope="module")
def _emulator() -> Iterator[Emulator]:
    with Emulator(deploy_time=DEPLOY_SECONDS) as running:
        yield running


@pytest.fixture
def emulator(_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    monkeypatch.setattr(http, "READ_SECONDS", {})
    monkeypatch.setattr(http, "OTHER_READ_SECONDS", READ_SECONDS)
    return _emulator


def faulty(run: Run, verbs: int, faults: Sequence[dict[str, Any]], *sorts: Sort) -> None:
    """Run verbs while a tenth of all requests goes wrong."""
    share = TENTH / len(faults)
    run.emulator.admin.faults(*({**one, "probability": share, "seed": 1} for one in faults))
    run.go(verbs, *sorts)
    run.emulator.admin.faults()


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.table.kind)
def test_a_thousand_operations_end_right_and_nothing_is_done_twice(
    sort: Sort, emulator: Emulator
) -> None:
    """A quarter of the thousand for each kind; compared with the same where nothing goes wrong."""
    plain = Run(emulator, seed=1)
    emulator.admin.deploy_seconds(0)
    plain.go(VERBS, sort)
    plain.must_be_consistent()
    usual = plain.taken_up
    run = Run(emulator, seed=1)
    faulty(run, VERBS, list(FAULTS.values()), sort)
    run.must_be_consistent()
    hit = Counter(one["fault"] for one in emulator.admin.requests())
    assert {one["fault"] for one in FAULTS.values()} <= {*hit}
    assert sum(hit.values()) - hit[None] > 0.05 * sum(hit.values())
    taken_up = run.taken_up
    for operation in sort.harmless:
        assert taken_up.pop(operation) >= usual.pop(operation) > 0
    assert taken_up == usual


@pytest.mark.parametrize("kind", list(FAULTS))
def test_one_kind_of_fault_in_every_tenth_request(kind: str, emulator: Emulator) -> None:
    """Of logins, too."""
    run = Run(emulator, seed=2, login=True)
    faulty(run, 15, [FAULTS[kind]], *SORTS)
    run.must_be_consistent()
    assert any(one["fault"] for one in emulator.admin.requests())
