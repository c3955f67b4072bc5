"""What is looked at before a service is created: over real HTTP, against what was seeded."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import lifecycle, preflight
from pulumi_modeldeploy.errors import ApiError, InvalidInputs, SettingsError
from pulumi_modeldeploy.modelarts import api
from pulumi_modeldeploy.modelarts.service import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Cloud

    from pulumi_modeldeploy.core.checks import Problem
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Values

NETWORK = {"vpc_id": "vpc-1", "subnet_network_id": "net-1", "security_group_id": "sg-1"}
OPEN = {
    "direction": "ingress",
    "protocol": "tcp",
    "port_range_min": 8080,
    "port_range_max": 8080,
    "remote_ip_prefix": "0.0.0.0/0",
}
SPEC = "modelarts.vm.cpu.2u"


def config(model: str = "m1", **more: Any) -> dict[str, Any]:
    return {"model_id": model, "specification": SPEC, "instance_count": 1, "weight": 100, **more}


def body(name: str, **more: Any) -> dict[str, Any]:
    return {"service_name": name, "infer_type": "real-time", "config": [config()], **more}


def seed(cloud: Cloud, *rules: dict[str, Any], **more: Any) -> None:
    """Everything that a good service refers to; `rules` are those of the group."""
    known = {
        "vpcs": [{"id": "vpc-1"}, {"id": "vpc-2"}],
        "subnets": [{"id": "net-1", "vpc_id": "vpc-1"}, {"id": "net-2", "vpc_id": "vpc-2"}],
        "securityGroups": [{"id": "sg-1", "security_group_rules": list(rules or (OPEN,))}],
        "models": [
            {"model_id": "m1", "model_version": "1.0.0"},
            {"model_id": "m2", "model_version": "2.0.0"},
        ],
        "specifications": [{"specification": SPEC}],
        "pools": [{"cluster_id": "c1"}, {"pool_name": "p1"}],
        **more,
    }
    cloud.admin.seed(modelarts=known)


def run(cloud: Cloud, **how: Any) -> Operation:
    """An operation of a run that has looked at nothing yet."""
    op = cloud.operation(**how)
    looks = preflight.looks_of(TABLE, op.settings, op.identity, op.client)
    return dataclasses.replace(op, looks=looks)


def asked(op: Operation, values: Values, olds: Values | None = None) -> list[Problem]:
    how = preflight.Asked(olds or {})
    return preflight.judge(op, preflight.due(TABLE, op.settings, op.identity, values, how))


def told(op: Operation, values: Values, olds: Values | None = None) -> list[str]:
    return [f"{one.path} [{one.rule}]" for one in asked(op, values, olds)]


def operations(cloud: Cloud) -> Counter[str]:
    return Counter(one["operation"] for one in cloud.admin.requests())


# --- what is right -------------------------------------------------------------------------------


def test_what_exists_and_fits_is_asked_for_once_and_found_right(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    seed(cloud)
    op = run(cloud)
    split = [config("m1", weight=50), config("m2", weight=50)]
    for number in range(20):
        assert asked(op, arguments(service_name=f"s{number}", config=split, **NETWORK)) == []
    assert operations(cloud) == {
        "ShowVpc": 1,
        "ShowSubnet": 1,
        "ShowSecurityGroupV3": 1,
        "ShowModel": 2,
        "ListSpecifications": 1,
        "ListServices": 1,
    }
    assert cloud.warnings == []


def test_what_is_taken_to_exist_is_right_too(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    op = run(cloud)
    assert asked(op, arguments(**NETWORK)) == []
    assert asked(op, arguments(cluster_id="c9")) == []
    assert asked(op, arguments(pool_name="p9")) == []


def test_threads_that_ask_the_same_share_the_request_in_flight(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    seed(cloud)
    cloud.admin.faults({"operation": "*", "cloud": "modelarts", "fault": "slow", "seconds": 0.2})
    op, found = run(cloud), list[Any]()
    threads = [
        threading.Thread(
            target=lambda n=n: found.append(asked(op, arguments(service_name=f"s{n}", **NETWORK)))
        )
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[]] * 20
    assert set(operations(cloud).values()) == {1}


# --- what is wrong -------------------------------------------------------------------------------

DENY = {**OPEN, "action": "deny"}
MISTAKES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    # what is seeded differently, what is given, where and by which rule, the remedy
    "no vpc": ({}, {**NETWORK, "vpc_id": "other"}, "vpc_id [preflight-vpc]", "is there"),
    "no subnet": (
        {},
        {**NETWORK, "subnet_network_id": "other"},
        "subnet_network_id [preflight-subnet]",
        "give that of one",
    ),
    "foreign subnet": (
        {},
        {**NETWORK, "subnet_network_id": "net-2"},
        "subnet_network_id [preflight-subnet-of-vpc]",
        "give a subnet of that VPC",
    ),
    "no group": (
        {},
        {**NETWORK, "security_group_id": "other"},
        "security_group_id [preflight-group]",
        "give that of one",
    ),
    "no model": ({}, {"config": [config("m9")]}, "config[0].model_id [preflight-model]", "give"),
    "building": (
        {"models": [{"model_id": "m1", "model_status": "building"}]},
        {},
        "config[0].model_id [preflight-published]",
        "wait until it is published",
    ),
    "failed": (
        {"models": [{"model_id": "m1", "model_status": "failed"}]},
        {},
        "config[0].model_id [preflight-published]",
        "publish it again",
    ),
    "other type": (
        {"models": [{"model_id": "m1", "install_type": ["batch", "edge"]}]},
        {},
        "config[0].model_id [preflight-type]",
        "only as batch, edge: give another model, or another infer_type",
    ),
    "same version": (
        {
            "models": [
                {"model_id": "m1", "model_name": "n", "model_version": "1.0.0"},
                {"model_id": "m2", "model_name": "n", "model_version": "1.0.0"},
            ]
        },
        {"config": [config("m1", weight=50), config("m2", weight=50)]},
        "config[1].model_id [preflight-versions]",
        "give different versions",
    ),
    "no flavour": (
        {},
        {"config": [config(specification="other")]},
        "config[0].specification [preflight-specification]",
        "give one of those",
    ),
    "no cluster": ({}, {"cluster_id": "c9"}, "cluster_id [preflight-cluster]", "give that of"),
    "no pool": ({}, {"pool_name": "p9"}, "pool_name [preflight-pool]", "give that of"),
    "cluster down": (
        {"pools": [{"cluster_id": "c1", "status": "abnormal"}]},
        {"cluster_id": "c1"},
        "cluster_id [preflight-cluster]",
        "repair it",
    ),
    "pool not yet": (
        {"pools": [{"pool_name": "p1", "status": "deploying"}]},
        {"pool_name": "p1"},
        "pool_name [preflight-pool]",
        "wait until it does",
    ),
    "taken": (
        {"services": [body("mnist")]},
        {},
        "service_name [preflight-name]",
        "it carries no mark): give this resource another name",
    ),
}


@pytest.mark.parametrize(("seeded", "given", "where", "remedy"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(
    cloud: Cloud,
    arguments: Callable[..., Values],
    seeded: dict[str, Any],
    given: dict[str, Any],
    where: str,
    remedy: str,
) -> None:
    seed(cloud, **seeded)
    (problem,) = asked(run(cloud), arguments(**given))
    assert f"{problem.path} [{problem.rule}]" == where
    assert remedy in problem.text
    assert not problem.warn
    for texts in given.values():
        assert not isinstance(texts, str) or f"{texts!r}" not in problem.text
    assert set(operations(cloud).values()) <= {1, 2}


RULES: dict[str, tuple[list[dict[str, Any]], bool]] = {
    "any protocol, any port": (
        [{**OPEN, "protocol": None, "port_range_min": None, "port_range_max": None}],
        True,
    ),
    "protocol by number": ([{**OPEN, "protocol": "6"}], True),
    "no source": ([{**OPEN, "remote_ip_prefix": None}], True),
    "range": ([{**OPEN, "port_range_min": 1}], True),
    "list of ports": ([{**OPEN, "multiport": "22,8000-9000"}], True),
    "no rule": ([{"direction": "egress"}], False),
    "outbound": ([{**OPEN, "direction": "egress"}], False),
    "IPv6": ([{**OPEN, "ethertype": "IPv6"}], False),
    "udp": ([{**OPEN, "protocol": "udp"}], False),
    "another port": ([{**OPEN, "port_range_min": 8081, "port_range_max": 9000}], False),
    "another list": ([{**OPEN, "multiport": "22,443"}], False),
    "narrow": ([{**OPEN, "remote_ip_prefix": "10.0.0.0/8"}], False),
    "a group": ([{**OPEN, "remote_ip_prefix": None, "remote_group_id": "sg-2"}], False),
    "switched off": ([{**OPEN, "enabled": False}], False),
    "denied only": ([DENY], False),
    "denied first": ([{**OPEN, "priority": 5}, {**DENY, "priority": 4}], False),
    "denied alike": ([OPEN, DENY], False),
    "denied later": ([OPEN, {**DENY, "priority": 2}], True),
    "denied to some": ([OPEN, {**DENY, "remote_ip_prefix": "10.0.0.0/8"}], True),
    "denied elsewhere": ([OPEN, {**DENY, "multiport": "22"}], True),
    "denied no more": ([OPEN, {**DENY, "enabled": False}], True),
}


@pytest.mark.parametrize(("rules", "admits"), RULES.values(), ids=RULES)
def test_the_group_must_admit_port_8080(
    cloud: Cloud, arguments: Callable[..., Values], rules: list[dict[str, Any]], admits: bool
) -> None:
    known = [{key: value for key, value in rule.items() if value is not None} for rule in rules]
    seed(cloud, *known)
    problems = asked(run(cloud), arguments(**NETWORK))
    assert [one.rule for one in problems] == ([] if admits else ["preflight-port"])
    op = cloud.operation()
    if admits:  # the cloud thinks the same
        lifecycle.create(op, arguments(**NETWORK))
    else:
        assert "ModelArts.3534" in problems[0].text
        with pytest.raises(ApiError, match="3534"):
            lifecycle.create(op, arguments(**NETWORK))


def test_where_version_3_is_not_served_version_1_tells(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    seed(cloud, {**OPEN, "protocol": "udp"})
    cloud.admin.faults({"operation": "ShowSecurityGroupV3", "fault": "status", "status": 404})
    op = run(cloud)
    for _ in range(3):
        assert told(op, arguments(**NETWORK)) == ["security_group_id [preflight-port]"]
    found = operations(cloud)
    assert (found["ShowSecurityGroupV3"], found["ShowSecurityGroup"]) == (1, 1)
    assert cloud.warnings == []


WARNINGS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "on request": (
        {"specifications": [{"specification": SPEC, "is_open": False}]},
        {},
        "config[0].specification [preflight-available]",
    ),
    "over quota": (
        {"specifications": [{"specification": SPEC, "over_quota": True}]},
        {},
        "config[0].specification [preflight-available]",
    ),
    "sold out": (
        {"specifications": [{"specification": SPEC, "spec_status": "sellout"}]},
        {},
        "config[0].specification [preflight-available]",
    ),
    "too small": (
        {"models": [{"model_id": "m1", "specification": {"min_cpu": "4"}}]},
        {},
        "config[0].specification [preflight-fit]",
    ),
    "for ExeML": (
        {"specifications": [{"specification": SPEC, "source_type": "auto"}]},
        {},
        "config[0].specification [preflight-fit]",
    ),
    "same number": (
        {
            "models": [
                {"model_id": "m1", "model_name": "one", "model_version": "1.0.0"},
                {"model_id": "m2", "model_name": "two", "model_version": "1.0.0"},
            ]
        },
        {"config": [config("m1", weight=50), config("m2", weight=50)]},
        "config[1].model_id [preflight-numbers]",
    ),
    "some nodes down": (
        {"pools": [{"cluster_id": "c1", "status": "concerning"}]},
        {"cluster_id": "c1"},
        "cluster_id [preflight-nodes]",
    ),
}


@pytest.mark.parametrize(("seeded", "given", "where"), WARNINGS.values(), ids=WARNINGS)
def test_what_the_cloud_may_take_warns(
    cloud: Cloud,
    arguments: Callable[..., Values],
    seeded: dict[str, Any],
    given: dict[str, Any],
    where: str,
) -> None:
    seed(cloud, **seeded)
    (problem,) = asked(run(cloud), arguments(**given))
    assert (f"{problem.path} [{problem.rule}]", problem.warn) == (where, True)


def test_all_that_is_wrong_is_found_at_once(cloud: Cloud, arguments: Callable[..., Values]) -> None:
    seed(cloud)
    values = arguments(
        vpc_id="a",
        subnet_network_id="b",
        security_group_id="c",
        config=[config("m8", weight=50), config("m9", weight=50, specification="d")],
    )
    assert told(run(cloud), values) == [
        "vpc_id [preflight-vpc]",
        "subnet_network_id [preflight-subnet]",
        "security_group_id [preflight-group]",
        "config[0].model_id [preflight-model]",
        "config[1].model_id [preflight-model]",
        "config[1].specification [preflight-specification]",
    ]


# --- what is not asked ---------------------------------------------------------------------------


def test_a_pool_s_network_wins_and_none_is_looked_at(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    seed(cloud)
    given = {**NETWORK, "vpc_id": "other", "security_group_id": "other"}
    assert told(run(cloud), arguments(pool_name="p1", **given)) == []


def test_only_what_changed_is_asked_again(cloud: Cloud, arguments: Callable[..., Values]) -> None:
    seed(cloud)
    before = arguments(**NETWORK, config=[config("gone")])
    op = run(cloud)
    after = arguments(**NETWORK, description="x", config=[config("gone", instance_count=2)])
    assert asked(op, after, before) == []
    assert cloud.admin.requests() == []
    split = [config("gone", weight=50), config("m2", weight=50)]
    assert asked(op, arguments(**NETWORK, config=split), before) == []
    # The flavour is asked about with the new model, and so is the pair of versions.
    assert operations(cloud) == {"ShowModel": 2, "ListSpecifications": 1}


def test_a_pool_that_the_run_made_meanwhile_is_found(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    seed(cloud)
    op = run(cloud)
    assert asked(op, arguments(cluster_id="c1")) == []
    cloud.admin.seed(modelarts={"pools": [{"cluster_id": "c2"}]})
    for _ in range(3):
        assert asked(op, arguments(cluster_id="c2")) == []
    assert operations(cloud)["ListClusters"] == 2


def test_what_is_secret_is_not_put_into_addresses(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    seed(cloud)
    op = run(cloud)
    secrets = ("config[0].model_id", "vpc_id", "service_name")
    op.identity = dataclasses.replace(op.identity, secrets=secrets)
    values = arguments(**{**NETWORK, "vpc_id": "other"}, config=[config("m9")])
    assert asked(op, values) == []
    assert operations(cloud) == {
        "ShowSubnet": 1,
        "ShowSecurityGroupV3": 1,
        "ListSpecifications": 1,
    }
    op.identity = dataclasses.replace(op.identity, secrets=("config",))
    assert asked(op, arguments(service_name=f"x-{cloud.mark}", config=[config("m9")])) == []


def test_a_question_that_is_turned_off_is_not_asked(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    seed(cloud)
    op = run(cloud, stack={"modeldeploy:skipRules": "preflight-model"})
    assert asked(op, arguments(config=[config("m9")])) == []


@pytest.mark.parametrize("mode", ["warn", "off"])
def test_modes(cloud: Cloud, arguments: Callable[..., Values], mode: str) -> None:
    seed(cloud)
    op = run(cloud, stack={"modelarts:preflight": mode})
    problems = asked(op, arguments(config=[config("m9")]))
    assert [one.warn for one in problems] == ([True] if mode == "warn" else [])
    assert bool(cloud.admin.requests()) is (mode == "warn")
    with pytest.raises(ApiError, match="3507"):
        lifecycle.create(op, arguments(config=[config("m9")]))


# --- names ---------------------------------------------------------------------------------------


def test_a_name_that_is_ours_or_on_its_way_out_is_free(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    cloud.admin.deploy_seconds(60)
    cloud.admin.seed(
        modelarts={
            "services": [
                body("mnist", description=f"x [md:{cloud.mark}]"),
                body("other", status="deleting"),
                body("taken", description="x [md:0123456789ab]"),
            ]
        }
    )
    op = run(cloud)
    assert told(op, arguments()) == []
    assert told(op, arguments(service_name="other")) == []
    assert told(op, arguments(service_name="taken")) == ["service_name [preflight-name]"]
    assert told(op, arguments(service_name="taken"), arguments(service_name="taken")) == []


def test_an_automatic_name_is_not_looked_for(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    assert told(run(cloud), arguments(service_name=f"mnist-{cloud.mark}")) == []
    assert operations(cloud)["ListServices"] == 0


def test_without_marks_a_name_may_be_that_of_what_a_forced_replacement_deletes(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    cloud.admin.seed(modelarts={"services": [body("mnist")]})
    op = run(cloud, stack={"modelarts:ownerMark": "off"})
    assert told(op, arguments()) == []
    assert told(op, arguments(), arguments(service_name="before")) != []
    (service,) = cloud.services
    op = dataclasses.replace(op, replaced={service["service_id"]})
    assert told(op, arguments(), arguments(service_name="before")) == []


# --- what cannot be looked at --------------------------------------------------------------------


def test_no_permission_is_said_once_and_the_rest_is_looked_at(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    seed(cloud)
    cloud.admin.faults({"operation": "ShowVpc", "fault": "status", "status": 403})
    op = run(cloud)
    for number in range(5):
        values = arguments(**{**NETWORK, "vpc_id": f"v{number}", "subnet_network_id": "other"})
        assert told(op, values) == ["subnet_network_id [preflight-subnet]"]
    assert operations(cloud)["ShowVpc"] == 1
    (warning,) = cloud.warnings
    assert "no permission for ShowVpc (HTTP 403, VPC.0105)" in warning


def test_refused_credentials_are_tried_once(cloud: Cloud, arguments: Callable[..., Values]) -> None:
    environ = {**cloud.environ, "HW_SECRET_KEY": "wrong"}
    op = run(cloud, environ=environ)
    for number in range(5):
        values = arguments(service_name=f"s{number}", config=[config(f"m{number}")], **NETWORK)
        assert asked(op, values) == []
    assert len(cloud.admin.requests()) == 1, "a key is locked after five failures"
    (warning,) = cloud.warnings
    assert "the credentials are refused" in warning
    assert "wrong" not in warning


def test_an_endpoint_out_of_reach_is_said_once(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    seed(cloud)
    op = run(cloud, environ={**cloud.environ, "MODELARTS_VPC_ENDPOINT": "http://127.0.0.1:1"})
    for number in range(5):
        values = arguments(**{**NETWORK, "vpc_id": f"v{number}"}, config=[config("m9")])
        assert told(op, values) == ["config[0].model_id [preflight-model]"]
    (warning,) = cloud.warnings
    assert "no answer from VPC at http://127.0.0.1:1" in warning


def test_an_error_of_the_cloud_is_no_verdict(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    seed(cloud)
    cloud.admin.faults({"operation": "ShowModel", "fault": "status", "status": 500})
    assert asked(run(cloud), arguments()) == []
    (warning,) = cloud.warnings
    assert "ShowModel answers HTTP 500" in warning


def test_a_gateway_that_knows_no_such_call_proves_nothing(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    seed(cloud)
    op = run(
        cloud,
        environ={
            **cloud.environ,
            "MODELARTS_VPC_ENDPOINT": cloud.environ["MODELARTS_ENDPOINT"] + "/v1/nowhere",
        },
    )
    assert asked(op, arguments(**NETWORK)) == []
    assert cloud.warnings != []


# --- the verbs -----------------------------------------------------------------------------------


def test_create_looks_before_it_sends(cloud: Cloud, arguments: Callable[..., Values]) -> None:
    seed(cloud)
    with pytest.raises(InvalidInputs, match=r"config\[0\].model_id: there is no model"):
        lifecycle.create(run(cloud), arguments(config=[config("m9")]))
    assert cloud.changes == []


def test_update_looks_at_what_changed(cloud: Cloud, arguments: Callable[..., Values]) -> None:
    seed(cloud)
    op = run(cloud)
    identifier, _ = lifecycle.create(op, arguments())
    with pytest.raises(InvalidInputs, match="preflight-specification"):
        lifecycle.update(
            op, identifier, arguments(config=[config(specification="other")]), arguments()
        )
    lifecycle.update(op, identifier, arguments(description="new"), arguments())
    assert cloud.changes == ["CreateService", "UpdateService"]


def test_vpc_is_found_by_the_region(cloud: Cloud) -> None:
    usual = {"HW_REGION_NAME": "eu-de", "MODELARTS_VPC_ENDPOINT": "", "MODELARTS_ENDPOINT": ""}
    op = cloud.operation(environ={**cloud.environ, **usual})
    beside = api.connect_vpc(op.settings, op.identity, op.client)
    assert beside.endpoint == "https://vpc.eu-de.otc.t-systems.com"


def test_beside_an_endpoint_of_one_s_own_no_usual_neighbour_gets_credentials(cloud: Cloud) -> None:
    op = cloud.operation(
        environ={**cloud.environ, "HW_REGION_NAME": "eu-de", "MODELARTS_VPC_ENDPOINT": ""}
    )
    with pytest.raises(SettingsError, match="modelarts:vpcEndpoint is missing"):
        api.connect_vpc(op.settings, op.identity, op.client)
