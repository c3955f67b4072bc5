"""The life of a ModelArts service over real HTTP, against the emulator."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import inputs, lifecycle, plan
from pulumi_modeldeploy.errors import ApiError, NotReady, Refused, Stopped
from pulumi_modeldeploy.modelarts.service import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Cloud

    from pulumi_modeldeploy.core.values import Values

    Arguments = Callable[..., Values]

GOLDEN = Path(__file__).parent.parent / "golden" / "modelarts"
HOUR = 3600
ONE = {"model_id": "m1", "specification": "modelarts.vm.cpu.2u", "instance_count": 1}
SPLIT = [{**ONE, "weight": 70}, {**ONE, "model_id": "m2", "weight": 30}]
SMN = {"smn_notification": {"topic_urn": "urn:smn:cn-north-4:p:t", "events": [1, 3]}}
TIMER = [{"type": "stop", "time_unit": "HOURS", "duration": 1}]
NETWORK = {"vpc_id": "v1", "subnet_network_id": "s1", "security_group_id": "g1"}
POOL = "pool-c8e2"
SPEC = {"cpu": 1.5, "memory": 7500, "gpu_p4": 0}
MADE_TO_MEASURE = [
    {**ONE, "specification": "custom", "custom_spec": SPEC, "weight": 100, "pool_name": POOL}
]


BATCH = {
    **ONE,
    "src_path": "https://bucket.obs.example.com/in/",
    "dest_path": "https://bucket.obs.example.com/out/",
    "req_uri": "/",
    "mapping_type": "file",
}
COLUMN = {"type": "object", "properties": {"some_Key": {"type": "number", "index": 0}}}
BY_COLUMN = {**BATCH, "mapping_type": "csv", "mapping_rule": COLUMN}
EDGE = {
    "model_id": "m1",
    "specification": "custom",
    "custom_spec": {**SPEC, "gpu_p4": 0, "ascend_a310": 0},
    "nodes": ["n1"],
}
ROLLING = {
    **ONE,
    "weight": 100,
    "deploy_timeout_in_seconds": 20,
    "additional_properties": {
        "persistent_volumes": [{"name": "v", "mount_path": "/v", "source_address": "1"}],
        "log_volume": [{"host_path": "/var/log/v", "mount_path": "/logs"}],
        "max_surge": 0.5,
        "max_unavailable": 0,
        "termination_grace_period_seconds": 30,
    },
    "affinity": {
        "node_affinity": {
            "mode": "preferred",
            "pool_infos": [{"pool_name": POOL, "nodes": [{"name": "192.0.2.1"}]}],
        }
    },
}
LTS = {
    "log_report_channels": [
        {"type": "LTS", "configuration": {"log_group_id": "g", "log_stream_id": "s"}}
    ]
}


def create(cloud: Cloud, values: Values, **how: Any) -> tuple[str, Values]:
    return lifecycle.create(cloud.operation(**how), values)


def update(cloud: Cloud, identifier: str, values: Values, olds: Values, **how: Any) -> Values:
    return lifecycle.update(cloud.operation(**how), identifier, values, olds)


def read(cloud: Cloud, identifier: str, state: Values, **how: Any) -> Values:
    found = lifecycle.read(cloud.operation(**how), identifier, state)
    assert found is not None
    return found


def differs(state: Values, values: Values) -> list[str]:
    return [one.name for one in plan.changes(TABLE, state, values)]


# --- the vendor's samples ------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("create-*.json")), ids=lambda path: path.stem)
def test_the_vendors_sample_is_sent_word_for_word(path: Path, cloud: Cloud) -> None:
    sample = json.loads(path.read_text(encoding="utf-8"))
    values = inputs.check(TABLE.declaration, sample, TABLE.rules).values
    _, state = create(cloud, values, stack={"modelarts:ownerMark": "off"})
    for config in sample["config"]:
        if "weight" in config:
            config["weight"] = int(config["weight"])
    assert cloud.bodies("CreateService") == [sample]
    assert state["status"] == ("finished" if sample["infer_type"] == "batch" else "running")


# --- create, read, nothing changes ---------------------------------------------------------------

PROGRAMS: dict[str, Values] = {
    "the least": {},
    "an automatic name": {"service_name": None},
    "a split with a zero": {"config": [*SPLIT, {**ONE, "model_id": "m3", "weight": 0}]},
    "empty texts and maps": {"description": "", "config": [{**ONE, "weight": 100, "envs": {}}]},
    "environment": {"config": [{**ONE, "weight": 100, "envs": {"A_b": "", "cD": "1"}}]},
    "a network": NETWORK,
    "made to measure": {"config": MADE_TO_MEASURE, "pool_name": POOL},
    "a schedule": {"schedule": TIMER},
    "no schedule": {"schedule": []},
    "a notification": {"additional_properties": SMN},
    "no properties": {"additional_properties": {}},
    "policy and priority": {"load_balancer_policy": "SOURCE_IP", "priority": 3},
    "the usual workspace": {"workspace_id": "0"},
    "another workspace": {"workspace_id": "7"},
    "stopped": {"desired_status": "stopped"},
    "batch": {"infer_type": "batch", "config": [BATCH]},
    "batch of columns": {"infer_type": "batch", "config": [BY_COLUMN]},
    "batch, stopped": {"infer_type": "batch", "config": [BATCH], "desired_status": "stopped"},
    "edge": {"infer_type": "edge", "config": [EDGE]},
    "edge on three nodes": {
        "infer_type": "edge",
        "config": [{**EDGE, "nodes": ["n2", "n1", "n3"], "instance_count": 1, "envs": {}}],
    },
    "edge, stopped": {"infer_type": "edge", "config": [EDGE], "desired_status": "stopped"},
    "volumes, upgrades and affinity": {"config": [ROLLING], "pool_name": POOL},
    "zeros of upgrades": {
        "config": [{**ONE, "weight": 100, "additional_properties": {"max_unavailable": 0}}]
    },
    "logs": {"additional_properties": {**SMN, **LTS}},
    "logs where ModelArts likes": {
        "additional_properties": {"log_report_channels": [{"type": "LTS"}]}
    },
    "WebSocket": {"additional_properties": {"websocket_upgrade": True}},
    "no WebSocket, no logs": {
        "additional_properties": {"websocket_upgrade": False, "log_report_channels": []}
    },
    "secrets": {"service_secrets": [{"secret_id": "s", "mouth_path": "/s"}]},
    "no secrets": {"service_secrets": []},
    "everything": {
        "description": "all of it",
        "config": MADE_TO_MEASURE,
        "pool_name": POOL,
        "schedule": TIMER,
        "additional_properties": SMN,
        "load_balancer_policy": "ROUND_ROBIN",
        "priority": 1,
        "workspace_id": "0",
    },
}


@pytest.mark.parametrize("case", list(PROGRAMS))
def test_the_second_run_changes_nothing(case: str, cloud: Cloud, arguments: Arguments) -> None:
    values = arguments(**PROGRAMS[case])
    plan.fill_name(TABLE, "mnist", values, {}, cloud.mark)
    identifier, state = create(cloud, values)
    assert differs(state, values) == []
    assert not plan.strays(TABLE, state, values)

    refreshed = read(cloud, identifier, state)
    assert differs(refreshed, values) == []
    assert not plan.strays(TABLE, refreshed, values)

    before = cloud.changes
    again = update(cloud, identifier, values, refreshed)
    assert cloud.changes == before
    assert differs(again, values) == []


def test_create_answers_what_the_cloud_says(cloud: Cloud, arguments: Arguments) -> None:
    identifier, state = create(cloud, arguments(config=SPLIT))
    assert state["service_id"] == identifier == cloud.only["service_id"]
    assert state["status"] == "running"
    assert state["access_address"].endswith(f"/v1/infers/{identifier}")
    assert [one["status"] for one in state["config_status"]] == ["ready", "ready"]
    assert state["config"] == arguments(config=SPLIT)["config"]


def test_create_shows_the_progress(cloud: Cloud, arguments: Arguments) -> None:
    cloud.admin.deploy_seconds(60)
    create(cloud, arguments())
    assert cloud.now >= 60
    percents = [
        int(found[1]) for line in cloud.row if (found := re.match(r"deploying (\d+)%", line))
    ]
    assert len(percents) > 3
    assert percents == sorted(percents)


def test_the_mark_does_not_show(cloud: Cloud, arguments: Arguments) -> None:
    identifier, state = create(cloud, arguments(description="digits"))
    assert cloud.only["description"] == f"digits [md:{cloud.mark}]"
    assert state["description"] == "digits"
    assert read(cloud, identifier, state)["description"] == "digits"


# --- update --------------------------------------------------------------------------------------

UPDATES: dict[str, tuple[Values, Values, dict[str, Any]]] = {
    "description": ({}, {"description": "new"}, {"description": "new [md:{}]"}),
    "description changed": (
        {"description": "old"},
        {"description": "new"},
        {"description": "new [md:{}]"},
    ),
    "description removed": ({"description": "old"}, {}, {"description": "[md:{}]"}),
    "weights": (
        {"config": SPLIT},
        {"config": [{**SPLIT[0], "weight": 100}, {**SPLIT[1], "weight": 0}]},
        {"config": [{**SPLIT[0], "weight": 100}, {**SPLIT[1], "weight": 0}]},
    ),
    "a version more": ({}, {"config": SPLIT}, {"config": SPLIT}),
    "a version less": (
        {"config": SPLIT},
        {"config": [{**ONE, "weight": 100}]},
        {"config": [{**ONE, "weight": 100}]},
    ),
    "instances": (
        {},
        {"config": [{**ONE, "weight": 100, "instance_count": 2}]},
        {"config": [{**ONE, "weight": 100, "instance_count": 2}]},
    ),
    "environment": (
        {"config": [{**ONE, "weight": 100, "envs": {"A": "1", "B": "2"}}]},
        {"config": [{**ONE, "weight": 100, "envs": {"A": "1"}}]},
        {"config": [{**ONE, "weight": 100, "envs": {"A": "1"}}]},
    ),
    "environment removed": (
        {"config": [{**ONE, "weight": 100, "envs": {"A": "1"}}]},
        {},
        {"config": [{**ONE, "weight": 100}]},
    ),
    "schedule": ({}, {"schedule": TIMER}, {"schedule": TIMER}),
    "schedule removed": ({"schedule": TIMER}, {}, {"schedule": []}),
    "notification": (
        {"additional_properties": SMN},
        {"additional_properties": {"smn_notification": {**SMN["smn_notification"], "events": [7]}}},
        {"additional_properties": {"smn_notification": {**SMN["smn_notification"], "events": [7]}}},
    ),
    "notification removed": (
        {"additional_properties": SMN},
        {"additional_properties": {}},
        {"additional_properties": {}},
    ),
    "properties removed": ({"additional_properties": SMN}, {}, {"additional_properties": {}}),
    "policy": (
        {"load_balancer_policy": "ROUND_ROBIN"},
        {"load_balancer_policy": "SOURCE_IP"},
        {"load_balancer_policy": "SOURCE_IP"},
    ),
    "priority": ({"priority": 1}, {"priority": 3}, {"priority": 3}),
    "timeout that no answer shows": (
        {"config": [{**ONE, "weight": 100, "deploy_timeout_in_seconds": 20}]},
        {"config": [{**ONE, "weight": 100, "deploy_timeout_in_seconds": 30}]},
        {"config": [{**ONE, "weight": 100, "deploy_timeout_in_seconds": 30}]},
    ),
    "timeout removed": (
        {"config": [{**ONE, "weight": 100, "deploy_timeout_in_seconds": 20}]},
        {},
        {"config": [{**ONE, "weight": 100}]},
    ),
    "secrets": (
        {"service_secrets": [{"secret_id": "s", "mouth_path": "/s"}]},
        {"service_secrets": [{"secret_id": "t", "mouth_path": "/s"}]},
        {"service_secrets": [{"secretId": "t", "mouthPath": "/s"}]},
    ),
    "secrets removed": (
        {"service_secrets": [{"secret_id": "s", "mouth_path": "/s"}]},
        {},
        {"service_secrets": []},
    ),
    "volumes": (
        {"pool_name": POOL},
        {"config": [ROLLING], "pool_name": POOL},
        {"config": [ROLLING]},
    ),
    "logs switched on": (
        {"additional_properties": SMN},
        {"additional_properties": {**SMN, **LTS}},
        {"additional_properties": {**SMN, **LTS}},
    ),
    "notification beside logs": (
        {"additional_properties": {**SMN, **LTS}},
        {"additional_properties": LTS},
        {"additional_properties": LTS},
    ),
    "edge: other nodes": (
        {"infer_type": "edge", "config": [EDGE]},
        {"infer_type": "edge", "config": [{**EDGE, "nodes": ["n3", "n1"]}]},
        {"config": [{**EDGE, "nodes": ["n3", "n1"]}]},
    ),
    "several in one call": (
        {},
        {"description": "new", "priority": 2, "schedule": TIMER},
        {"description": "new [md:{}]", "priority": 2, "schedule": TIMER},
    ),
}


@pytest.mark.parametrize("case", list(UPDATES))
def test_an_update_sends_what_differs_and_settles(
    case: str, cloud: Cloud, arguments: Arguments
) -> None:
    before, after, body = UPDATES[case]
    identifier, state = create(cloud, arguments(**before))
    cloud.admin.deploy_seconds(30)
    state = update(cloud, identifier, arguments(**after), state)

    if "description" in body:
        body = {**body, "description": body["description"].format(cloud.mark)}
    assert cloud.bodies("UpdateService") == [body]
    assert state["status"] == "running"
    assert differs(state, arguments(**after)) == []
    refreshed = read(cloud, identifier, state)
    assert differs(refreshed, arguments(**after)) == []


@pytest.mark.parametrize("name", ["mnist", None], ids=["given", "automatic"])
def test_an_update_of_a_renamed_resource_writes_todays_mark(
    name: str | None, cloud: Cloud, arguments: Arguments
) -> None:
    """A renamed stack, or an alias: the name stays, the mark in the description decides."""
    values = arguments(service_name=name, description="digits")
    plan.fill_name(TABLE, "mnist", values, {}, cloud.mark)
    identifier, state = create(cloud, values)
    today = cloud.operation(urn="urn:renamed").identity.mark
    state = update(cloud, identifier, values, state, urn="urn:renamed")
    assert TABLE.mark_of(cloud.only) == today
    assert state["description"] == "digits"
    with pytest.raises(Refused, match="mark of another resource"):
        create(cloud, values)
    assert create(cloud, values, urn="urn:renamed")[0] == identifier


FREEZING: dict[str, tuple[Values, Values]] = {
    "logs changed": (LTS, {"log_report_channels": [{"type": "LTS"}]}),
    "logs off": ({**SMN, **LTS}, SMN),
    "WebSocket off": ({"websocket_upgrade": True}, {"websocket_upgrade": False}),
    "WebSocket left out": ({"websocket_upgrade": True}, {}),
}


@pytest.mark.parametrize("case", list(FREEZING))
def test_what_is_on_once_is_replaced(case: str, cloud: Cloud, arguments: Arguments) -> None:
    before, after = (arguments(additional_properties=one) for one in FREEZING[case])
    identifier, state = create(cloud, before)
    assert plan.replacing(TABLE, state, after) == ["additional_properties"]
    assert plan.replacing(TABLE, read(cloud, identifier, state), after) == ["additional_properties"]
    assert plan.replacing(TABLE, state, arguments()) == ["additional_properties"]
    assert plan.replacing(TABLE, state, before) == []


@pytest.mark.parametrize("case", [case for case in FREEZING if case != "logs changed"])
def test_what_is_on_once_is_not_resumed_without_it(
    case: str, cloud: Cloud, arguments: Arguments
) -> None:
    before, after = (arguments(additional_properties=one) for one in FREEZING[case])
    identifier, _ = create(cloud, before)
    for values in (after, arguments()):
        with pytest.raises(Refused, match=r"another additional_properties.*not touched"):
            create(cloud, values)
    assert create(cloud, before)[0] == identifier


REPLACING: dict[str, tuple[Values, Values]] = {
    "infer_type": (
        {"infer_type": "batch", "config": [BATCH]},
        {"infer_type": "edge", "config": [EDGE]},
    ),
    "service_name": ({}, {"service_name": "other"}),
    "workspace_id": ({}, {"workspace_id": "7"}),
    "vpc_id": (NETWORK, {**NETWORK, "vpc_id": "v2"}),
    "subnet_network_id": (NETWORK, {**NETWORK, "subnet_network_id": "s2"}),
    "security_group_id": (NETWORK, {**NETWORK, "security_group_id": "g2"}),
    "cluster_id": ({"cluster_id": "c1"}, {"cluster_id": "c2"}),
    "pool_name": ({"pool_name": "p1"}, {"pool_name": "p2"}),
}


@pytest.mark.parametrize("name", list(REPLACING))
def test_what_the_cloud_cannot_change_is_replaced(name: str, arguments: Arguments) -> None:
    before, after = (arguments(**one) for one in REPLACING[name])
    assert [one.name for one in plan.changes(TABLE, before, after) if one.replaces] == [name]
    if name not in ("service_name", "infer_type"):
        assert [one.replaces for one in plan.changes(TABLE, after, arguments())] == [True] * len(
            [key for key in after if key not in arguments()]
        )


def test_nothing_else_is_replaced(arguments: Arguments) -> None:
    for before, after, _ in UPDATES.values():
        found = plan.changes(TABLE, arguments(**before), arguments(**after))
        assert found
        assert plan.replacing(TABLE, arguments(**before), arguments(**after)) == []


# --- what should run -----------------------------------------------------------------------------


def test_stop_and_start(cloud: Cloud, arguments: Arguments) -> None:
    cloud.admin.deploy_seconds(30)
    identifier, state = create(cloud, arguments())
    state = update(cloud, identifier, arguments(desired_status="stopped"), state)
    assert state["status"] == "stopped"
    assert differs(state, arguments(desired_status="stopped")) == []
    state = update(cloud, identifier, arguments(), state)
    assert state["status"] == "running"
    assert cloud.bodies("UpdateService") == [{"status": "stopped"}, {"status": "running"}]


def test_status_and_configuration_never_go_in_one_call(cloud: Cloud, arguments: Arguments) -> None:
    identifier, state = create(cloud, arguments(desired_status="stopped"))
    state = update(cloud, identifier, arguments(config=SPLIT, description="new"), state)
    first, second, third = cloud.bodies("UpdateService")
    assert first == {"status": "stopped"}
    assert set(second) == {"config", "description"}
    assert third == {"status": "running"}
    assert state["status"] == "running"


def test_a_service_that_somebody_stopped_is_shown_and_started(
    cloud: Cloud, arguments: Arguments
) -> None:
    identifier, state = create(cloud, arguments())
    op = cloud.operation()
    op.client.send(TABLE.goals["stopped"].call, body={"status": "stopped"}, path={"id": identifier})
    found = read(cloud, identifier, state)
    assert found["status"] == "stopped"
    assert differs(found, arguments()) == ["desired_status"]
    assert update(cloud, identifier, arguments(), found)["status"] == "running"


def test_a_service_that_its_schedule_stopped_is_left_alone(
    cloud: Cloud, arguments: Arguments
) -> None:
    values = arguments(schedule=TIMER)
    identifier, state = create(cloud, values)
    assert state["due_time"] > state["publish_at"]
    cloud.admin.advance(HOUR + 60)
    found = read(cloud, identifier, state)
    assert found["status"] == "stopped"
    assert differs(found, values) == []
    assert not plan.strays(TABLE, found, values)
    assert update(cloud, identifier, values, found)["status"] == "stopped"
    assert cloud.bodies("UpdateService") == []


def test_an_alarm_is_no_drift(cloud: Cloud, arguments: Arguments) -> None:
    identifier, state = create(cloud, arguments())
    cloud.admin.fail(identifier, "one instance is ill", status="concerning")
    found = read(cloud, identifier, state)
    assert found["status"] == "concerning"
    assert not plan.strays(TABLE, found, arguments())


# --- batch and edge ------------------------------------------------------------------------------


def batch(arguments: Arguments, *, desired: str = "running", **changes: Any) -> Values:
    return arguments(infer_type="batch", config=[{**BATCH, **changes}], desired_status=desired)


def test_a_batch_service_runs_and_finishes(cloud: Cloud, arguments: Arguments) -> None:
    cloud.admin.deploy_seconds(60)
    values = batch(arguments)
    identifier, state = create(cloud, values)
    assert state["status"] == "running"
    assert "access_address" not in state
    assert read(cloud, identifier, state)["config_status"][0]["start_time"]
    cloud.admin.advance(61)
    found = read(cloud, identifier, state)
    assert found["status"] == "finished"
    (status,) = found["config_status"]
    assert status["finished_time"] == status["start_time"] + 60_000
    assert differs(found, values) == []
    assert not plan.strays(TABLE, found, values)
    assert update(cloud, identifier, values, found)["status"] == "finished"
    assert cloud.bodies("UpdateService") == []


def test_a_change_of_its_configuration_runs_a_batch_service_again(
    cloud: Cloud, arguments: Arguments
) -> None:
    cloud.admin.deploy_seconds(60)
    identifier, state = create(cloud, batch(arguments))
    cloud.admin.advance(61)
    state = update(cloud, identifier, batch(arguments, instance_count=2), state)
    assert state["status"] == "running"
    assert cloud.bodies("UpdateService") == [
        {"config": [{**BATCH, "instance_count": 2}]},
        {"status": "running"},
    ]
    assert "finished with its former configuration, should be running" in cloud.row
    cloud.admin.advance(61)
    values = batch(arguments, instance_count=2)
    assert update(cloud, identifier, values, state)["status"] == "finished"
    assert len(cloud.bodies("UpdateService")) == 2


def test_a_killed_update_of_a_finished_batch_service_is_gone_on_with(
    cloud: Cloud, arguments: Arguments
) -> None:
    """The configuration was taken up, and the run died before it started the service."""
    identifier, state = create(cloud, batch(arguments))
    values = batch(arguments, req_uri="/other")
    op = cloud.operation()
    cloud.admin.advance(1)
    op.client.send(
        TABLE.steps[0].call,
        body={"config": [{**BATCH, "req_uri": "/other"}]},
        path={"id": identifier},
    )
    cloud.admin.advance(1)
    update(cloud, identifier, values, state)
    assert cloud.bodies("UpdateService")[1:] == [{"status": "running"}]
    update(cloud, identifier, values, state)
    assert len(cloud.bodies("UpdateService")) == 2


@pytest.mark.parametrize("fault", ["lost-response", "reset"])
def test_a_second_run_of_a_batch_service_survives_lost_answers(
    fault: str, cloud: Cloud, arguments: Arguments
) -> None:
    cloud.admin.deploy_seconds(60)
    identifier, state = create(cloud, batch(arguments))
    cloud.admin.advance(61)
    cloud.admin.faults({"operation": "UpdateService", "fault": fault, "times": 2})
    state = update(cloud, identifier, batch(arguments, req_uri="/other"), state)
    assert state["status"] in ("running", "finished")
    runs = [one for one in cloud.admin.resources("modelarts")[0]["config"] if one["start_time"]]
    assert [one["req_uri"] for one in runs] == ["/other"]


def test_other_changes_run_no_batch_service_again(cloud: Cloud, arguments: Arguments) -> None:
    identifier, state = create(cloud, batch(arguments))
    cloud.admin.advance(1)
    values = {**batch(arguments), "description": "new", "priority": 2}
    assert update(cloud, identifier, values, state)["status"] == "finished"
    (body,) = cloud.bodies("UpdateService")
    assert set(body) == {"description", "priority"}


def test_a_batch_service_that_should_not_run_is_stopped(cloud: Cloud, arguments: Arguments) -> None:
    cloud.admin.deploy_seconds(60)
    values = batch(arguments, desired="stopped")
    identifier, state = create(cloud, values)
    assert state["status"] == "stopped"
    state = update(cloud, identifier, batch(arguments), state)
    assert state["status"] == "running"
    cloud.admin.advance(61)
    found = read(cloud, identifier, state)
    assert found["status"] == "finished"
    assert not plan.strays(TABLE, found, values), "what has finished does not run"
    state = update(cloud, identifier, values, found)
    assert state["status"] == "finished"
    assert cloud.bodies("UpdateService") == [{"status": "stopped"}, {"status": "running"}]


def test_a_finished_batch_service_that_should_not_run_takes_a_configuration_without_running(
    cloud: Cloud, arguments: Arguments
) -> None:
    identifier, state = create(cloud, batch(arguments, desired="stopped"))
    assert state["status"] == "finished"
    cloud.admin.advance(1)
    values = batch(arguments, desired="stopped", req_uri="/other")
    assert update(cloud, identifier, values, state)["status"] == "finished"
    assert len(cloud.bodies("UpdateService")) == 1


def test_a_batch_service_that_failed_is_run_again(cloud: Cloud, arguments: Arguments) -> None:
    cloud.admin.deploy_seconds(60)
    identifier, state = create(cloud, batch(arguments))
    cloud.admin.fail(identifier, "no such bucket")
    found = read(cloud, identifier, state)
    assert plan.strays(TABLE, found, batch(arguments))
    assert update(cloud, identifier, batch(arguments), found)["status"] == "running"


def test_an_edge_service_shows_its_nodes(cloud: Cloud, arguments: Arguments) -> None:
    values = arguments(infer_type="edge", config=[{**EDGE, "nodes": ["n2", "n1"]}])
    identifier, state = create(cloud, values)
    assert state["status"] == "running"
    assert "access_address" not in state
    (status,) = state["config_status"]
    assert {node["id"]: node["instance_status"] for node in status["nodes"]} == {
        "n1": "running",
        "n2": "running",
    }
    assert read(cloud, identifier, state)["config"][0]["nodes"] == ["n2", "n1"]


def test_an_alarm_of_an_edge_service_is_no_drift(cloud: Cloud, arguments: Arguments) -> None:
    values = arguments(infer_type="edge", config=[EDGE])
    identifier, state = create(cloud, values)
    cloud.admin.fail(identifier, "a node is out of reach", status="concerning")
    found = read(cloud, identifier, state)
    assert found["status"] == "concerning"
    assert not plan.strays(TABLE, found, values)
    stopped = update(cloud, identifier, {**values, "desired_status": "stopped"}, found)
    assert stopped["status"] == "stopped"


@pytest.mark.parametrize(
    "kind", [("batch", BATCH, "running"), ("edge", EDGE, "running")], ids=lambda kind: kind[0]
)
def test_a_killed_create_of_another_type_is_resumed_or_made_anew(
    kind: tuple[str, Values, str], cloud: Cloud, arguments: Arguments
) -> None:
    infer_type, config, status = kind
    values = arguments(infer_type=infer_type, config=[config])
    left = kill_while_deploying(cloud, values)
    other = {**values, "workspace_id": "7"}
    identifier, state = create(cloud, other)
    assert identifier != left, "it had never run"
    assert state["status"] == status
    with pytest.raises(Refused, match=r"another workspace_id.*not touched"):
        create(cloud, values)
    assert create(cloud, other)[0] == identifier


# --- drift ---------------------------------------------------------------------------------------


def test_a_change_behind_our_back_is_shown_by_name_and_repaired(
    cloud: Cloud, arguments: Arguments
) -> None:
    values = arguments(config=SPLIT, description="ours")
    identifier, state = create(cloud, values)
    theirs = [{**SPLIT[0], "weight": 50}, {**SPLIT[1], "weight": 50}]
    body = {"config": theirs, "description": "theirs", "priority": 3}
    op = cloud.operation()
    op.client.send(TABLE.steps[0].call, body=body, path={"id": identifier})
    found = read(cloud, identifier, state)
    assert differs(found, values) == ["config", "description"]
    state = update(cloud, identifier, values, found)
    assert differs(read(cloud, identifier, state), values) == []
    assert cloud.only["description"] == f"ours [md:{cloud.mark}]"
    assert cloud.only["priority"] == 3


def test_a_service_that_is_gone_is_read_as_gone(cloud: Cloud, arguments: Arguments) -> None:
    identifier, state = create(cloud, arguments())
    lifecycle.delete(cloud.operation(), identifier, {})
    assert lifecycle.read(cloud.operation(), identifier, state) is None
    with pytest.raises(Refused, match=f"ModelArts service {identifier} does not exist any more"):
        update(cloud, identifier, arguments(), state)


# --- delete --------------------------------------------------------------------------------------


def test_delete_waits_until_the_name_is_free(cloud: Cloud, arguments: Arguments) -> None:
    identifier, _ = create(cloud, arguments())
    cloud.admin.deploy_seconds(100)
    lifecycle.delete(cloud.operation(), identifier, {})
    assert cloud.services == []
    assert cloud.now >= 25


def test_delete_twice_is_delete(cloud: Cloud, arguments: Arguments) -> None:
    identifier, _ = create(cloud, arguments())
    lifecycle.delete(cloud.operation(), identifier, {})
    lifecycle.delete(cloud.operation(), identifier, {})
    assert cloud.services == []


def test_a_delete_whose_answer_got_lost_goes_on(cloud: Cloud, arguments: Arguments) -> None:
    identifier, _ = create(cloud, arguments())
    cloud.admin.deploy_seconds(100)
    cloud.admin.faults({"operation": "DeleteService", "fault": "lost-response", "times": 1})
    lifecycle.delete(cloud.operation(), identifier, {})
    assert cloud.services == []


def test_a_service_that_is_being_deleted_is_waited_out_and_made_anew(
    cloud: Cloud, arguments: Arguments
) -> None:
    first, _ = create(cloud, arguments())
    cloud.admin.deploy_seconds(100)
    op = cloud.operation()
    op.client.send(TABLE.delete, path={"id": first})
    assert lifecycle.read(cloud.operation(), first, arguments()) is None
    second, state = create(cloud, arguments())
    assert second != first
    assert state["status"] == "running"


# --- failures ------------------------------------------------------------------------------------


def test_a_failed_create_is_stored_and_the_next_run_finishes_it(
    cloud: Cloud, arguments: Arguments
) -> None:
    cloud.admin.seed(modelarts={"models": [{"model_id": "m1", "fails": "no GPU left"}]})
    with pytest.raises(NotReady) as info:
        create(cloud, arguments())
    (reason,) = info.value.reasons
    assert reason.startswith("ModelArts service is failed: no GPU left (service failed: no GPU")
    assert info.value.id == cloud.only["service_id"]
    assert info.value.state["status"] == "failed"
    assert info.value.state["error_msg"] == "no GPU left"

    cloud.admin.seed(modelarts={"models": [{"model_id": "m1"}]})
    state = update(cloud, info.value.id, arguments(), info.value.state)
    assert state["status"] == "running"
    assert differs(state, arguments()) == []
    assert len(cloud.services) == 1


def test_a_slow_create_is_stored_and_the_next_run_finishes_it(
    cloud: Cloud, arguments: Arguments
) -> None:
    cloud.admin.deploy_seconds(1000)
    with pytest.raises(NotReady, match="ModelArts service is still deploying after 60 s") as info:
        create(cloud, arguments(), limit=60)
    assert info.value.state["status"] == "deploying"
    state = update(cloud, info.value.id, arguments(), info.value.state, limit=2000)
    assert state["status"] == "running"
    assert cloud.changes == ["CreateService"]


def test_a_rolled_back_upgrade_is_a_failure_with_the_reason(
    cloud: Cloud, arguments: Arguments
) -> None:
    identifier, state = create(cloud, arguments())
    cloud.admin.fail(identifier, "image is broken", next=True)
    with pytest.raises(NotReady) as info:
        update(cloud, identifier, arguments(config=SPLIT), state)
    (reason,) = info.value.reasons
    assert "is running with its former configuration" in reason
    assert "rolled the change of config back" in reason
    assert "image is broken" in reason
    assert differs(info.value.state, arguments(config=SPLIT)) == ["config"]
    state = update(cloud, identifier, arguments(config=SPLIT), info.value.state)
    assert differs(state, arguments(config=SPLIT)) == []


def test_a_failed_service_that_should_be_stopped_is_left_alone(
    cloud: Cloud, arguments: Arguments
) -> None:
    """It does not run, and the cloud stops only what does."""
    identifier, state = create(cloud, arguments())
    cloud.admin.fail(identifier)
    state = update(cloud, identifier, arguments(desired_status="stopped"), state)
    assert state["status"] == "failed"


def test_a_service_that_failed_by_itself_is_not_shown_as_stopped_by_somebody(
    cloud: Cloud, arguments: Arguments
) -> None:
    identifier, state = create(cloud, arguments())
    cloud.admin.fail(identifier)
    found = read(cloud, identifier, state)
    assert found["status"] == "failed"
    assert found["desired_status"] == "running"
    assert plan.strays(TABLE, found, arguments())
    assert update(cloud, identifier, arguments(), found)["status"] == "running"


def test_a_refused_create_says_what_the_cloud_said(cloud: Cloud, arguments: Arguments) -> None:
    cloud.admin.seed(modelarts={"models": [{"model_id": "another"}]})
    with pytest.raises(ApiError) as info:
        create(cloud, arguments())
    text = r"CreateService: .+ \(HTTP 404, ModelArts\.3507, request .+\); see model_id: .+"
    assert re.fullmatch(text, str(info.value))
    assert cloud.services == []


def test_a_wrong_key_says_so_without_the_key(cloud: Cloud, arguments: Arguments) -> None:
    environ = {**cloud.environ, "HW_SECRET_KEY": "wrong-secret-key"}
    with pytest.raises(ApiError, match="HTTP 401") as info:
        create(cloud, arguments(), environ=environ)
    assert "wrong-secret-key" not in str(info.value)


def test_nothing_is_sent_once_the_run_is_over(cloud: Cloud, arguments: Arguments) -> None:
    with pytest.raises(Stopped):
        create(cloud, arguments(), alive=lambda: False)
    assert cloud.changes == []


# --- accidents -----------------------------------------------------------------------------------

LOST = ["lost-response", "truncate"]
AGAIN = [{"fault": "reset"}, {"fault": "status", "status": 503}, {"fault": "status", "status": 500}]


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("mark", ["on", "off"])
@pytest.mark.parametrize("name", ["mnist", None], ids=["given", "automatic"])
def test_one_service_comes_of_a_create_whose_answer_got_lost(
    fault: str, mark: str, name: str | None, cloud: Cloud, arguments: Arguments
) -> None:
    values = arguments(service_name=name)
    plan.fill_name(TABLE, "mnist", values, {}, cloud.mark)
    cloud.admin.deploy_seconds(20)
    cloud.admin.faults({"operation": "CreateService", "fault": fault, "times": 1})
    identifier, state = create(cloud, values, stack={"modelarts:ownerMark": mark})
    assert identifier == cloud.only["service_id"]
    assert state["status"] == "running"
    assert cloud.changes == ["CreateService"]


@pytest.mark.parametrize("fault", AGAIN, ids=lambda fault: " ".join(map(str, fault.values())))
def test_a_create_that_did_not_happen_is_sent_again(
    fault: dict[str, Any], cloud: Cloud, arguments: Arguments
) -> None:
    cloud.admin.faults({"operation": "CreateService", "times": 1, **fault})
    identifier, _ = create(cloud, arguments())
    assert identifier == cloud.only["service_id"]
    assert cloud.changes == ["CreateService", "CreateService"]


UNDER_WAY = {
    "a configuration": ({"config": SPLIT}, {}),
    "a stop": ({"desired_status": "stopped"}, {}),
    "a start": ({}, {"desired_status": "stopped"}),
}


@pytest.mark.parametrize("case", list(UNDER_WAY))
@pytest.mark.parametrize("fault", LOST)
def test_an_update_whose_answer_got_lost_goes_on(
    case: str, fault: str, cloud: Cloud, arguments: Arguments
) -> None:
    after, before = UNDER_WAY[case]
    identifier, state = create(cloud, arguments(**before))
    cloud.admin.deploy_seconds(60)
    sent = len(cloud.bodies("UpdateService"))
    cloud.admin.faults({"operation": "UpdateService", "fault": fault, "times": 1})
    state = update(cloud, identifier, arguments(**after), state)
    assert differs(state, arguments(**after)) == []
    assert not plan.strays(TABLE, state, arguments(**after))
    assert len(cloud.bodies("UpdateService")) == sent + 1


def test_throttling_is_waited_out(cloud: Cloud, arguments: Arguments) -> None:
    cloud.admin.faults({"fault": "status", "status": 429, "times": 3, "seconds": 7})
    create(cloud, arguments())
    assert cloud.now >= 21
    assert len(cloud.services) == 1


def test_a_life_among_random_accidents_ends_with_one_service(
    cloud: Cloud, arguments: Arguments
) -> None:
    """Every run may end badly; the next one goes on, and in the end there is one of them."""
    cloud.admin.deploy_seconds(5)
    faults = ("status", "reset", "lost-response", "truncate")
    cloud.admin.faults(
        *({"fault": one, "probability": 0.12, "seed": seed} for seed, one in enumerate(faults))
    )
    values = arguments(config=SPLIT)
    identifier, state = "", values
    refusals: list[str] = []
    for _ in range(30):
        try:
            if identifier:
                state = update(cloud, identifier, values, state)
            else:
                identifier, state = create(cloud, values)
            break
        except NotReady as unready:
            identifier, state = unready.id, unready.state
        except (ApiError, Refused) as error:
            refusals.append(str(error))
    assert "not touched" not in " ".join(refusals)
    cloud.admin.faults()
    assert update(cloud, identifier, values, state)["status"] == "running"
    assert cloud.only["service_id"] == identifier


# --- interrupted runs ----------------------------------------------------------------------------


def kill_while_deploying(cloud: Cloud, values: Values, **how: Any) -> str:
    """Leave a service behind whose id nobody stored."""
    cloud.admin.deploy_seconds(60)
    alive = iter([True, True])
    with pytest.raises(NotReady):
        create(cloud, values, alive=lambda: next(alive, False), **how)
    return str(cloud.only["service_id"])


@pytest.mark.parametrize("name", ["mnist", None], ids=["given", "automatic"])
def test_a_killed_create_is_resumed(name: str | None, cloud: Cloud, arguments: Arguments) -> None:
    values = arguments(service_name=name)
    plan.fill_name(TABLE, "mnist", values, {}, cloud.mark)
    left = kill_while_deploying(cloud, values)
    identifier, state = create(cloud, values)
    assert identifier == left == cloud.only["service_id"]
    assert state["status"] == "running"
    (line,) = [line for line in cloud.row if line.startswith("resuming")]
    assert re.fullmatch(
        rf"resuming ModelArts service {left}, \d+ s old, of an interrupted run or a lost answer",
        line,
    )


def test_what_is_resumed_is_brought_to_what_is_wanted(cloud: Cloud, arguments: Arguments) -> None:
    kill_while_deploying(cloud, arguments(schedule=TIMER, description="old"))
    _, state = create(cloud, arguments(config=SPLIT))
    assert differs(state, arguments(config=SPLIT)) == []
    assert len(cloud.only["config"]) == 2
    assert "schedule" not in cloud.only
    assert cloud.only["description"] == f"[md:{cloud.mark}]"


def test_one_that_never_ran_is_made_anew_if_its_network_changed(
    cloud: Cloud, arguments: Arguments
) -> None:
    left = kill_while_deploying(cloud, arguments(**NETWORK))
    identifier, _ = create(cloud, arguments(**{**NETWORK, "vpc_id": "v2"}))
    assert identifier != left
    assert cloud.only["vpc_id"] == "v2"


def test_one_that_never_ran_is_made_anew_if_its_network_was_taken_away(
    cloud: Cloud, arguments: Arguments
) -> None:
    kill_while_deploying(cloud, arguments(**NETWORK))
    create(cloud, arguments())
    assert "vpc_id" not in cloud.only


def test_one_that_ran_already_is_refused_if_its_network_changed(
    cloud: Cloud, arguments: Arguments
) -> None:
    left, _ = create(cloud, arguments(**NETWORK))
    with pytest.raises(Refused, match=rf"{left}.*vpc_id.*not touched.*go back"):
        create(cloud, arguments(**{**NETWORK, "vpc_id": "v2"}))
    assert cloud.only["vpc_id"] == "v1"


def test_an_old_one_is_refused(cloud: Cloud, arguments: Arguments) -> None:
    create(cloud, arguments())
    cloud.sleep(25 * HOUR)
    with pytest.raises(Refused, match=r"25 hours old.*resumeWithin"):
        create(cloud, arguments())
    assert create(cloud, arguments(), stack={"modeldeploy:resumeWithin": "48"})[1]


# --- what is not ours ----------------------------------------------------------------------------

STRANGERS = {
    "without a mark": ({}, "carries no mark"),
    "with another mark": (
        {"description": "[md:0123456789ab]"},
        "carries the mark of another resource",
    ),
}


@pytest.mark.parametrize("case", list(STRANGERS))
@pytest.mark.parametrize("mark", ["on", "off"])
def test_a_foreign_service_of_this_name_is_refused_and_not_touched(
    case: str, mark: str, cloud: Cloud, arguments: Arguments
) -> None:
    extra, text = STRANGERS[case]
    body = {"service_name": "mnist", "infer_type": "real-time", "config": SPLIT, **extra}
    cloud.admin.seed(modelarts={"services": [body]})
    before = cloud.only["config"]
    with pytest.raises(Refused, match=rf"{text}\); it was not touched"):
        create(cloud, arguments(), stack={"modelarts:ownerMark": mark})
    assert cloud.changes == []
    assert cloud.only["config"] == before


def test_a_foreign_service_that_comes_between_is_refused(
    cloud: Cloud, arguments: Arguments
) -> None:
    """It appears after our first look and before our call, and carries no mark."""
    op = cloud.operation()
    body = {"service_name": "mnist", "infer_type": "real-time", "config": SPLIT}
    first = []

    def look_then_seed() -> bool:
        if not first:
            first.append(True)
            cloud.admin.seed(modelarts={"services": [body]})
        return True

    op.waiter.alive = look_then_seed
    with pytest.raises(Refused, match="carries no mark"):
        lifecycle.create(op, arguments())
    assert len(cloud.only["config"]) == 2


def test_the_same_name_under_another_parent_is_another_resource(
    cloud: Cloud, arguments: Arguments
) -> None:
    create(cloud, arguments(), urn="urn:a::mnist")
    with pytest.raises(Refused, match="the mark of another resource"):
        create(cloud, arguments(), urn="urn:b::mnist")


def test_automatic_names_of_two_parents_live_side_by_side(
    cloud: Cloud, arguments: Arguments
) -> None:
    for urn in ("urn:a::mnist", "urn:b::mnist"):
        values = arguments(service_name=None)
        plan.fill_name(TABLE, "mnist", values, {}, cloud.operation(urn=urn).identity.mark)
        create(cloud, values, urn=urn)
    assert len(cloud.services) == 2
