"""The vendor's own documents: our bodies equal its samples, and we understand its answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from pulumi_modeldeploy.core import diff, inputs, plan, wire
from pulumi_modeldeploy.core.values import Values
from pulumi_modeldeploy.modelarts.service import TABLE

GOLDEN = Path(__file__).parent.parent / "golden" / "modelarts"
SERVICE = TABLE.declaration


def golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return found


def checked(raw: Values) -> Values:
    found = inputs.check(SERVICE, raw, TABLE.rules)
    assert found.problems == []
    return found.values


# --- create --------------------------------------------------------------------------------------

CUSTOM = {
    "model_id": "eb6a4a8c-5713-4a27-b8ed-c7e694499af5",
    "weight": "100",
    "cluster_id": "8abf68a969c3cb3a0169c4acb24b0000",
    "specification": "custom",
    "custom_spec": {"cpu": 1.5, "memory": 7500.0, "gpu_p4": 0, "ascend_a310": 0},
    "instance_count": 1,
}
MNIST = {
    "model_id": "0e07b41b-173e-42db-8c16-8e1b44cc0d44",
    "specification": "modelarts.vm.cpu.2u",
    "weight": 100.0,
    "instance_count": 1.0,
}
FIRST = {
    "model_id": "xxxmodel-idxxx",
    "specification": "modelarts.vm.cpu.2u",
    "weight": "70",
    "instance_count": 1,
    "envs": {"model_name": "mxnet-model-1", "load_epoch": "0"},
}
SECOND = {
    "model_id": "xxxxxx",
    "specification": "modelarts.vm.cpu.2u",
    "weight": "30",
    "instance_count": 1,
}
TIMED = {
    "model_id": "xxxmodel-idxxx",
    "specification": "modelarts.vm.cpu.2u",
    "weight": 100,
    "instance_count": 1,
}
BATCH = {
    "model_id": "598b913a-af3e-41ba-a1b5-bf065320f1e2",
    "specification": "modelarts.vm.cpu.2u",
    "instance_count": 1.0,
    "src_path": "https://infers-data.obs.xxxxx.com/xgboosterdata/",
    "dest_path": "https://infers-data.obs.xxxxx.com/output/",
    "req_uri": "/",
}
COLUMNS = {f"input{5 - column}": {"type": "number", "index": float(column)} for column in range(5)}
RULE = {
    "type": "object",
    "properties": {
        "data": {
            "type": "object",
            "properties": {
                "req_data": {"type": "array", "items": [{"type": "object", "properties": COLUMNS}]}
            },
        }
    },
}
EDGE = {
    "model_id": "eb6a4a8c-5713-4a27-b8ed-c7e694499af5",
    "specification": "custom",
    "custom_spec": {"cpu": 1.5, "memory": 7500.0, "gpu_p4": 0.0, "ascend_a310": "0"},
    "envs": {},
    "nodes": ["2r8c4fb9-t497-40u3-89yf-skui77db0472"],
}
PROGRAMS: dict[str, Values] = {
    "create-batch-file.json": {
        "service_name": "batchservicetest",
        "infer_type": "batch",
        "description": "",
        "cluster_id": "8abf68a969c3cb3a0169c4acb24b****",
        "config": [{**BATCH, "mapping_type": "file"}],
    },
    "create-batch-csv.json": {
        "service_name": "batchservicetest",
        "infer_type": "batch",
        "description": "",
        "config": [{**BATCH, "mapping_type": "csv", "mapping_rule": RULE}],
    },
    "create-edge.json": {
        "service_name": "service-edge-demo",
        "infer_type": "edge",
        "description": "",
        "config": [EDGE],
    },
    "create-realtime-single.json": {
        "service_name": "mnist",
        "infer_type": "real-time",
        "description": "mnist service",
        "config": [MNIST],
    },
    "create-realtime-split.json": {
        "service_name": "mnist",
        "infer_type": "real-time",
        "description": "mnist service",
        "config": [FIRST, SECOND],
    },
    "create-realtime-custom.json": {
        "service_name": "realtime-demo",
        "infer_type": "real-time",
        "description": "",
        "cluster_id": "8abf68a969c3cb3a0169c4acb24b0000",
        "config": [CUSTOM],
    },
    "create-realtime-schedule.json": {
        "service_name": "service-demo",
        "infer_type": "real-time",
        "description": "demo",
        "config": [TIMED],
        "schedule": [{"type": "stop", "time_unit": "HOURS", "duration": 1}],
    },
}
"""Arguments as the engine hands them over: floats, and texts where the sample has texts."""


def with_numbers(sample: dict[str, Any]) -> dict[str, Any]:
    """The sample with its weights as the numbers that they mean."""
    config = [
        {key: int(part) if key == "weight" else part for key, part in one.items()}
        for one in sample["config"]
    ]
    return {**sample, "config": config}


def shown(sample: dict[str, Any]) -> dict[str, Any]:
    """The sample as the show page has it: nodes are objects there."""
    config = [
        {key: [{"id": n} for n in part] if key == "nodes" else part for key, part in one.items()}
        for one in with_numbers(sample)["config"]
    ]
    return {**sample, "config": config, "workspace_id": "0", "status": "running"}


def test_there_are_all_seven_samples_of_the_page() -> None:
    assert {path.name for path in GOLDEN.glob("create-*.json")} == PROGRAMS.keys()
    assert len(PROGRAMS) == 7


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_arguments_become_the_vendors_sample(name: str) -> None:
    body = wire.body(SERVICE, checked(PROGRAMS[name]))
    assert body == with_numbers(golden(name))
    weights = [one["weight"] for one in body["config"] if "weight" in one]
    assert [type(weight) for weight in weights] == [int] * len(weights)


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_the_vendors_sample_is_a_valid_program_itself(name: str) -> None:
    assert checked(golden(name)) == checked(PROGRAMS[name])


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_what_was_sent_is_read_back_without_a_difference(name: str) -> None:
    values = checked(PROGRAMS[name])
    answer = shown(golden(name))
    assert plan.changes(TABLE, wire.read(SERVICE, answer, values), values) == []


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_without_a_state_everything_but_what_is_empty_is_read(name: str) -> None:
    whole = {**checked(PROGRAMS[name]), "workspace_id": "0", "desired_status": None}
    found = wire.read(SERVICE, shown(golden(name)), None)
    assert diff.prune(SERVICE, found) == diff.prune(SERVICE, whole)


FIELDS: dict[str, tuple[Values, dict[str, Any]]] = {
    "workspace": ({"workspace_id": "7"}, {"workspace_id": "7"}),
    "network": (
        {"vpc_id": "v", "subnet_network_id": "s", "security_group_id": "g"},
        {"vpc_id": "v", "subnet_network_id": "s", "security_group_id": "g"},
    ),
    "pools": ({"pool_name": "p"}, {"pool_name": "p"}),
    "notification": (
        {"additional_properties": {"smn_notification": {"topic_urn": "t", "events": [1.0, "3"]}}},
        {"additional_properties": {"smn_notification": {"topic_urn": "t", "events": [1, 3]}}},
    ),
    "policy": ({"load_balancer_policy": "SOURCE_IP"}, {"load_balancer_policy": "SOURCE_IP"}),
    "priority": ({"priority": 3.0}, {"priority": 3}),
    "nothing is sent for what should run": ({"desired_status": "stopped"}, {}),
    "nothing is sent for none": ({"description": None, "schedule": None}, {"description": None}),
    "an empty schedule": ({"schedule": []}, {"schedule": []}),
}


LTS = {"type": "LTS", "configuration": {"log_group_id": "g", "log_stream_id": "s"}}
FIELDS |= {
    "logs and WebSocket": (
        {"additional_properties": {"log_report_channels": [LTS], "websocket_upgrade": False}},
        {"additional_properties": {"log_report_channels": [LTS], "websocket_upgrade": False}},
    ),
    "logs where ModelArts likes": (
        {"additional_properties": {"log_report_channels": [{"type": "LTS"}]}},
        {"additional_properties": {"log_report_channels": [{"type": "LTS"}]}},
    ),
    "secrets": (
        {"service_secrets": [{"secret_id": "s", "mouth_path": "/s"}]},
        {"service_secrets": [{"secretId": "s", "mouthPath": "/s"}]},
    ),
    "no secrets": ({"service_secrets": []}, {"service_secrets": []}),
}


@pytest.mark.parametrize("case", list(FIELDS))
def test_a_field_is_on_the_wire_when_it_is_set(case: str) -> None:
    arguments, extra = FIELDS[case]
    name = "create-realtime-single.json"
    expected = {**with_numbers(golden(name)), **extra}
    expected = {key: one for key, one in expected.items() if one is not None}
    assert wire.body(SERVICE, checked({**PROGRAMS[name], **arguments})) == expected


PROPERTIES = {
    "persistent_volumes": [
        {"name": "v", "mount_path": "/v", "storage_type": "sfs_turbo", "source_address": "1"}
    ],
    "log_volume": [{"host_path": "/var/log/v", "mount_path": "/logs"}],
    "max_surge": 1.0,
    "max_unavailable": 0.0,
    "termination_grace_period_seconds": "30",
    "dew_secret": {"aKey_b": [{"c": 1.0}]},
}
AFFINITY = {
    "node_affinity": {
        "mode": "preferred",
        "pool_infos": [{"pool_name": "p", "nodes": [{"name": "192.0.2.1"}]}],
    }
}
PARTS: dict[str, tuple[Values, dict[str, Any]]] = {
    "properties": (
        {"additional_properties": PROPERTIES},
        {
            "additional_properties": {
                **PROPERTIES,
                "max_surge": 1,
                "max_unavailable": 0,
                "termination_grace_period_seconds": 30,
                "dew_secret": {"aKey_b": [{"c": 1}]},
            }
        },
    ),
    "no properties": ({"additional_properties": {}}, {"additional_properties": {}}),
    "no volumes": (
        {"additional_properties": {"persistent_volumes": [], "log_volume": []}},
        {"additional_properties": {"persistent_volumes": [], "log_volume": []}},
    ),
    "affinity": ({"affinity": AFFINITY}, {"affinity": AFFINITY}),
    "timeout": ({"deploy_timeout_in_seconds": 20.0}, {"deploy_timeout_in_seconds": 20}),
}


@pytest.mark.parametrize("case", list(PARTS))
def test_a_field_of_a_version_is_on_the_wire_and_read_back(case: str) -> None:
    arguments, extra = PARTS[case]
    raw = {**PROGRAMS["create-realtime-single.json"], "pool_name": "p"}
    values = checked({**raw, "config": [{**MNIST, **arguments}]})
    body = wire.body(SERVICE, values)
    assert body["config"] == [
        {**with_numbers(golden("create-realtime-single.json"))["config"][0], **extra}
    ]
    assert plan.changes(TABLE, wire.read(SERVICE, body, values), values) == []


def test_columns_are_whole_numbers_on_the_wire() -> None:
    """The engine hands over floats only."""
    body = wire.body(SERVICE, checked(PROGRAMS["create-batch-csv.json"]))
    assert "1.0" not in json.dumps(body)


# --- show ----------------------------------------------------------------------------------------

SHOWN = golden("show-realtime.json")


def test_the_show_pages_sample_is_understood() -> None:
    assert wire.outputs(SERVICE, SHOWN) == {
        "service_id": "f76f20ba-78f5-44e8-893a-37c8c600c02f",
        "status": "running",
        "access_address": (
            "https://xxxxx.apigw.xxxxx.com/v1/infers/088458d9-5755-4110-97d8-1d21065ea10b/"
            "f76f20ba-78f5-44e8-893a-37c8c600c02f"
        ),
        "config_status": [
            {
                "model_name": "jar-model",
                "model_version": "1.0.1",
                "status": "notReady",
                "scaling": False,
                "support_debug": False,
            }
        ],
        "progress": 100,
        "tenant": "xxxxx",
        "project": "xxxxx",
        "owner": "xxxxx",
        "publish_at": 1585809231902,
        "update_time": 1585809358259,
        "transition_at": 1585809231902,
        "operation_time": 1586249085447,
        "invocation_times": 0,
        "failed_times": 0,
        "is_shared": False,
        "shared_count": 0,
        "is_free": False,
    }


def test_arguments_are_read_out_of_the_show_pages_sample() -> None:
    assert wire.read(SERVICE, SHOWN, None) == {
        "service_name": "service-demo",
        "infer_type": "real-time",
        "config": [
            {
                "model_id": "044ebf3d-8bf4-48df-bf40-bad0e664c1e2",
                "specification": "custom",
                "instance_count": 1,
                "weight": 100,
            }
        ],
        "workspace_id": "0",
        "cluster_id": "088458d9-5755-4110-97d8-1d21065ea10b",
    }


def test_the_sample_leaves_out_the_custom_specification_that_it_has() -> None:
    """`"specification": "custom", "custom_spec": {}`: what was set stays, or it would be drift."""
    one = {"model_id": "044ebf3d-8bf4-48df-bf40-bad0e664c1e2", "specification": "custom"}
    spec = {"cpu": 1.5, "memory": 7500, "gpu_p4": 0}
    config = [{**one, "instance_count": 1, "weight": 100, "custom_spec": spec, "envs": {}}]
    managed = {
        "service_name": "service-demo",
        "infer_type": "real-time",
        "config": config,
        "cluster_id": "088458d9-5755-4110-97d8-1d21065ea10b",
        "additional_properties": {},
        "desired_status": "running",
    }
    assert wire.read(SERVICE, SHOWN, managed) == managed


def test_a_workspace_given_as_a_number_is_the_same_workspace() -> None:
    """One of the pages' samples has the integer 0."""
    assert wire.read(SERVICE, {"workspace_id": 0}, {"workspace_id": "0"}) == {"workspace_id": "0"}


@pytest.mark.parametrize("status", ["running", "deploying", "stopped", "failed", "new-state"])
def test_a_state_is_read_whatever_it_is(status: str) -> None:
    found = TABLE.sight({"status": status, "progress": 40, "error_msg": "no node"})
    assert found.status == status
    assert found.words == ("deploying 40%" if status == "deploying" else status)
    assert found.reason == "no node"


def test_what_the_cloud_says_of_the_versions_stands_in_the_users_order() -> None:
    document = {
        "config": [{"model_id": f"m{n}", "model_name": f"model {n}"} for n in (1, 2, 3)],
    }
    managed = {"config": [{"model_id": "m3"}, {"model_id": "m1"}, {"model_id": "m2"}]}
    found = wire.outputs(SERVICE, document, managed)["config_status"]
    assert [one["model_name"] for one in found] == ["model 3", "model 1", "model 2"]


def test_newer_fields_of_an_answer_are_outputs() -> None:
    newer = {
        "bind_access_address": "https://a",
        "due_time": 1,
        "debug_url": "https://d",
        "error_msg": "no node",
        "config": [
            {
                "source_type": "auto",
                "specification_details": {
                    "display_en": "CPU",
                    "category": "CPU",
                    "cpu_info": {"cpu": 2, "arch": "x86"},
                    "memory_info": {"memory": 8, "unit": "GB"},
                    "npu_info": {"npu": 1, "brand": "A", "version": "B", "memory": 2, "unit": "GB"},
                },
                "nodes": [{"id": "n1", "host_ips": ["192.0.2.1"], "instance_status": "running"}],
            }
        ],
    }
    found = wire.outputs(SERVICE, newer)
    (config,) = found.pop("config_status")
    assert found == {
        "bind_access_address": "https://a",
        "due_time": 1,
        "debug_url": "https://d",
        "error_msg": "no node",
    }
    assert config == newer["config"][0]


def test_nodes_are_compared_by_id_and_stand_in_the_users_order() -> None:
    values = checked(
        {**PROGRAMS["create-edge.json"], "config": [{**EDGE, "nodes": ["c", "a", "b"]}]}
    )
    nodes = [{"id": one, "name": f"node {one}", "state": "RUNNING"} for one in "abc"]
    answer = {**shown(golden("create-edge.json"))}
    answer["config"] = [{**answer["config"][0], "nodes": nodes}]
    assert wire.read(SERVICE, answer, values)["config"][0]["nodes"] == ["c", "a", "b"]
    (status,) = wire.outputs(SERVICE, answer, values)["config_status"]
    assert [one["name"] for one in status["nodes"]] == ["node a", "node b", "node c"]

    answer["config"] = [{**answer["config"][0], "nodes": nodes[:2]}]
    assert [
        one.name for one in plan.changes(TABLE, wire.read(SERVICE, answer, values), values)
    ] == ["config"]


def test_what_no_answer_shows_stays_as_it_was_set() -> None:
    """The show page has neither the timeout of a deployment nor the secrets of a service."""
    name = "create-batch-file.json"
    unseen = {"service_secrets": [{"secret_id": "s", "mouth_path": "/s"}]}
    config = [{**PROGRAMS[name]["config"][0], "deploy_timeout_in_seconds": 20}]
    values = checked({**PROGRAMS[name], **unseen, "config": config})
    assert plan.changes(TABLE, wire.read(SERVICE, shown(golden(name)), values), values) == []


def test_a_batch_service_that_finished_is_understood() -> None:
    answer = shown(golden("create-batch-csv.json"))
    answer["config"][0] |= {"start_time": 1, "finished_time": 2, "model_name": "m"}
    found = wire.outputs(SERVICE, {**answer, "status": "finished"})
    assert found["status"] == "finished"
    assert found["config_status"] == [{"start_time": 1, "finished_time": 2, "model_name": "m"}]
    assert "access_address" not in found
