"""What previews and updates tell about what services refer to, under the real engine."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

NETWORK = 'vpc_id="{vpc}", subnet_network_id="{subnet}", security_group_id="{group}"'
OWN = NETWORK.format(vpc="vpc-1", subnet="net-1", group="open")
OPEN = {"protocol": "tcp", "port_range_min": 8080, "port_range_max": 8080}
SEED: dict[str, Any] = {
    "vpcs": [{"id": "vpc-1"}, {"id": "vpc-2"}],
    "subnets": [{"id": "net-1", "vpc_id": "vpc-1"}, {"id": "net-2", "vpc_id": "vpc-2"}],
    "securityGroups": [
        {"id": "open", "security_group_rules": [OPEN]},
        {"id": "closed", "security_group_rules": [{**OPEN, "remote_ip_prefix": "10.0.0.0/8"}]},
        {"id": "denied", "security_group_rules": [OPEN, {**OPEN, "action": "deny"}]},
    ],
    "models": [
        {"model_id": "model-1", "model_version": "1.0.0"},
        {"model_id": "model-2", "model_version": "2.0.0"},
        {"model_id": "building", "model_status": "building"},
        {"model_id": "batch", "install_type": ["batch"]},
    ],
    "specifications": [{"specification": "modelarts.vm.cpu.2u"}],
    "pools": [{"cluster_id": "down", "status": "abnormal"}],
    "services": [
        {
            "service_name": "taken",
            "infer_type": "real-time",
            "config": [
                {
                    "model_id": "model-1",
                    "specification": "modelarts.vm.cpu.2u",
                    "instance_count": 1,
                    "weight": 100,
                }
            ],
        }
    ],
}

MISTAKES = {
    "foreign-subnet": (
        NETWORK.format(vpc="vpc-1", subnet="net-2", group="open"),
        "subnet_network_id: the subnet belongs to another VPC than vpc_id: give a subnet of that",
    ),
    "missing-vpc": (
        NETWORK.format(vpc="nowhere", subnet="net-1", group="open"),
        "vpc_id: there is no VPC of this id in this region and project: give that of one",
    ),
    "missing-subnet": (
        NETWORK.format(vpc="vpc-1", subnet="nowhere", group="open"),
        "subnet_network_id: there is no subnet of this network id",
    ),
    "missing-group": (
        NETWORK.format(vpc="vpc-1", subnet="net-1", group="nowhere"),
        "security_group_id: there is no security group of this id",
    ),
    "closed-port": (
        NETWORK.format(vpc="vpc-1", subnet="net-1", group="closed"),
        (
            "security_group_id: the group does not admit inbound TCP 8080 from 0.0.0.0/0: add such "
            "a rule, or the service fails with ModelArts.3534 [preflight-port]"
        ),
    ),
    "denied-port": (
        NETWORK.format(vpc="vpc-1", subnet="net-1", group="denied"),
        "security_group_id: the group denies inbound TCP 8080 from 0.0.0.0/0 by a rule",
    ),
    "unknown-specification": (
        'config=[config(specification="nowhere")]',
        "config[0].specification: this region and project offer no such flavour",
    ),
    "unknown-model": (
        'config=[config("nowhere")]',
        "config[0].model_id: there is no model of this id",
    ),
    "unpublished-model": (
        'config=[config("building")]',
        "config[0].model_id: the model is still being built: wait until it is published",
    ),
    "other-type": (
        'config=[config("batch")]',
        (
            "config[0].model_id: the model cannot be deployed as a real-time service, only as "
            "batch: give another model"
        ),
    ),
    "unknown-pool": (
        'cluster_id="nowhere"',
        "cluster_id: there is no dedicated resource pool of this id",
    ),
    "pool-down": (
        'cluster_id="down"',
        "cluster_id: the dedicated resource pool does not run: repair it, or give another",
    ),
    "taken-name": (
        'service_name="taken"',
        "has this service_name already and is not this resource's (it carries no mark): give this",
    ),
}
ALL = "".join(f'service("{name}", {given})\n' for name, (given, _) in MISTAKES.items())


def operations(emulator: Emulator) -> Counter[str]:
    return Counter(one["operation"] for one in emulator.admin.requests())


def changes(emulator: Emulator) -> list[str]:
    return [one["operation"] for one in emulator.admin.requests() if one["method"] != "GET"]


def test_one_preview_shows_everything_that_does_not_exist_or_fit(
    stack: Stack, emulator: Emulator
) -> None:
    emulator.admin.seed(modelarts=SEED)
    stack.program(ALL)
    run = stack.preview()
    assert not run.ok
    lines = run.diagnostics.splitlines()
    missing = [
        text
        for name, (_, text) in MISTAKES.items()
        if not any(f"error: {name}: " in line and text in line for line in lines)
    ]
    assert missing == [], run.diagnostics
    assert "13 mistakes in" in run.diagnostics
    assert "Traceback" not in run.output
    assert "nowhere" not in run.output
    assert changes(emulator) == []


@pytest.mark.parametrize("name", ["closed-port", "unknown-model", "taken-name"])
def test_an_update_without_preview_sends_nothing_either(
    stack: Stack, emulator: Emulator, name: str
) -> None:
    emulator.admin.seed(modelarts=SEED)
    given, text = MISTAKES[name]
    stack.program(f'service("svc", {given})')
    run = stack.try_up()
    assert not run.ok
    assert text in run.diagnostics
    assert changes(emulator) == []


FLEET = f"""
for n in range(20):
    split = [config("model-1", 50), config("model-2", 50)]
    service(f"svc-{{n}}", service_name=f"name-{{n}}", config=split, {OWN})
"""


def test_twenty_services_ask_once(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(modelarts=SEED)
    stack.program(FLEET)
    run = stack.preview()
    assert run.ok, run.output
    once = ("ShowVpc", "ShowSubnet", "ShowSecurityGroupV3", "ListSpecifications", "ListServices")
    assert operations(emulator) == {"ShowModel": 2, **dict.fromkeys(once, 1)}
    stack.up()
    seen = operations(emulator)
    assert [seen[name] for name in ("ShowModel", "ShowVpc", "ListSpecifications")] == [4, 2, 2]
    assert stack.up().unchanged
    seen.subtract(operations(emulator))
    assert not +seen
    assert not -seen, "what did not change is not looked at again"


def test_warnings_and_silence(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(modelarts=SEED)
    stack.program('service("svc", config=[config("building")])')
    stack.configure("modelarts:preflight", "warn")
    run = stack.preview()
    assert run.ok, run.output
    assert "warning: config[0].model_id: the model is still being built" in run.diagnostics
    stack.configure("modelarts:preflight", "off")
    seen = len(emulator.admin.requests())
    run = stack.preview()
    assert run.ok, run.output
    assert "model_id" not in run.output
    assert len(emulator.admin.requests()) == seen
    stack.configure("modelarts:preflight", "maybe")
    run = stack.preview()
    assert not run.ok
    assert "modelarts:preflight must be one of error, warn, off" in run.output


def test_a_question_can_be_turned_off(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(modelarts=SEED)
    stack.program('service("svc", config=[config("building")])')
    stack.configure("modeldeploy:skipRules", "preflight-published")
    assert stack.preview().ok
    run = stack.try_up()
    assert "ModelArts.3515" in run.output, "the cloud refuses what nobody looked at"


SEVERAL = f'for n in range(6): service(f"svc-{{n}}", {OWN})'
OBSTACLES: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "no-credentials": (
        {"HW_ACCESS_KEY": "", "HW_SECRET_KEY": ""},
        {},
        "there are no credentials for ModelArts",
    ),
    "wrong-credentials": ({"HW_SECRET_KEY": "wrong"}, {}, "the credentials are refused"),
    "no-permission": (
        {},
        {"operation": "ShowVpc", "fault": "status", "status": 403},
        "there is no permission for ShowVpc",
    ),
    "no-network": (
        {"MODELARTS_VPC_ENDPOINT": "http://127.0.0.1:1"},
        {},
        "no answer from VPC at http://127.0.0.1:1",
    ),
}


@pytest.mark.parametrize(("env", "fault", "text"), OBSTACLES.values(), ids=OBSTACLES)
def test_what_cannot_be_looked_at_is_said_once(
    stack: Stack, emulator: Emulator, env: dict[str, str], fault: dict[str, Any], text: str
) -> None:
    emulator.admin.seed(modelarts=SEED)
    if fault:
        emulator.admin.faults(fault)
    stack.environment.update(env)
    stack.program(SEVERAL)
    run = stack.preview()
    assert run.ok, run.output
    assert run.diagnostics.count("the preflight was skipped") == 1
    assert run.diagnostics.count(text) == 1


LATE = """
first = service("first")
late = first.id.apply(lambda _: "building")
service("second", config=[config(late)])
"""


def test_what_a_preview_does_not_know_is_looked_at_before_it_is_sent(
    stack: Stack, emulator: Emulator
) -> None:
    emulator.admin.seed(modelarts=SEED)
    stack.program(LATE)
    run = stack.preview()
    assert run.ok, run.output
    run = stack.try_up()
    assert not run.ok
    assert "config[0].model_id: the model is still being built" in run.diagnostics
    assert changes(emulator) == ["CreateService"], "the first one's"


def test_a_replacement_that_takes_a_stranger_s_name_deletes_nothing(
    stack: Stack, emulator: Emulator
) -> None:
    emulator.admin.seed(modelarts=SEED)
    stack.program('service("svc", service_name="mine")')
    stack.up()
    stack.program('service("svc", service_name="taken")')
    for run in (stack.preview(), stack.try_up()):
        assert not run.ok
        assert "has this service_name already and is not this resource's" in run.diagnostics
    assert changes(emulator) == ["CreateService"]
    names = {one["service_name"] for one in emulator.admin.resources("modelarts")}
    assert names == {"mine", "taken"}


@pytest.mark.parametrize("mark", ["on", "off"])
def test_a_replacement_may_keep_its_name(stack: Stack, emulator: Emulator, mark: str) -> None:
    stack.configure("modelarts:ownerMark", mark)
    stack.program('service("svc", service_name="mine")')
    stack.up()
    stack.program('service("svc", service_name="mine", workspace_id="1")')
    assert stack.preview().ok
    stack.up()
    stack.up("--replace", stack.resource("svc")["urn"])
    assert stack.preview("--expect-no-changes").ok
    assert len(emulator.admin.resources("modelarts")) == 1


def test_a_replacement_looks_at_what_did_not_change_before_it_deletes(
    stack: Stack, emulator: Emulator
) -> None:
    emulator.admin.seed(modelarts=SEED)
    stack.program(f'service("svc", service_name="mine", {OWN})')
    stack.up()
    closed = {"id": "open", "security_group_rules": []}
    emulator.admin.seed(modelarts={"securityGroups": [closed]})
    stack.program(f'service("svc", service_name="mine", workspace_id="1", {OWN})')
    run = stack.try_up()
    assert not run.ok
    assert "[preflight-port]" in run.diagnostics
    assert changes(emulator) == ["CreateService"]


def test_an_update_looks_at_what_changed(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(modelarts=SEED)
    stack.program('service("svc", config=[config("model-1")])')
    stack.up()
    stack.program('service("svc", config=[config("building")])')
    run = stack.preview()
    assert not run.ok
    assert "config[0].model_id: the model is still being built" in run.diagnostics


def test_a_rule_that_the_same_program_makes_is_waited_for(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(modelarts=SEED)
    given = NETWORK.format(vpc="vpc-1", subnet="net-1", group="closed")
    stack.program(
        f"""
rule = service("rule")
service("svc", {given}, opts=pulumi.ResourceOptions(depends_on=[rule]))
"""
    )
    run = stack.preview()
    assert run.ok, run.output
    assert "warning: security_group_id: the group does not admit" in run.diagnostics
    run = stack.try_up()
    assert not run.ok
    assert "security_group_id: the group does not admit" in run.diagnostics
