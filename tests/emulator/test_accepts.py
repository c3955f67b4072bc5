"""What the vendor's pages allow is accepted, and shown again as they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Client

SAMPLES = (
    "create-realtime-single",
    "create-realtime-split",
    "create-realtime-custom",
    "create-realtime-schedule",
    "create-batch-file",
    "create-batch-csv",
    "create-edge",
)

POOL = {"pool_name": "pool-1"}
VPC = {"vpc_id": "vpc-1", "subnet_network_id": "net-1", "security_group_id": "sg-1"}
LTS = {"type": "LTS", "configuration": {"log_group_id": "g", "log_stream_id": "s"}}
SMN = {"topic_urn": "urn:smn:cn-north-4:e001:topic", "events": [1, 3, 7, 11]}
VOLUMES = {
    "persistent_volumes": [
        {"name": "v", "mount_path": "/data", "storage_type": "sfs_turbo", "source_address": "x"}
    ],
    "log_volume": [{"host_path": "/var/log/host", "mount_path": "/logs"}],
    "max_surge": 0.5,
    "max_unavailable": 0,
    "termination_grace_period_seconds": 30,
    "dew_secret": {"anything": 1},
}
AFFINITY = {
    "node_affinity": {
        "mode": "preferred",
        "pool_infos": [{"pool_name": "pool-1", "nodes": [{"name": "192.168.0.5"}]}],
    }
}

#: changes to a minimal body -> what the show call must answer at these paths.
FIELDS = {
    "name with all kinds of characters": ({"service_name": "数字_Az-09"}, {}),
    "longest name": ({"service_name": "n" * 64}, {}),
    "longest description": ({"description": "d" * 100}, {}),
    "empty description": ({"description": ""}, {}),
    "workspace": ({"workspace_id": "7"}, {}),
    "own network": (VPC, {}),
    "blank network": (
        {"vpc_id": "", "subnet_network_id": "", "security_group_id": ""},
        {"vpc_id": ..., "subnet_network_id": ..., "security_group_id": ...},
    ),
    "old pool": ({"cluster_id": "cluster-1"}, {}),
    "new pool": (POOL, {}),
    "blank pool": ({"cluster_id": ""}, {"cluster_id": ...}),
    "schedule in days": (
        {"schedule": [{"type": "stop", "time_unit": "DAYS", "duration": 2}]},
        {},
    ),
    "no schedule": ({"schedule": []}, {"schedule": ...}),
    "notification": ({"additional_properties": {"smn_notification": SMN}}, {}),
    "logs": ({"additional_properties": {"log_report_channels": [LTS]}}, {}),
    "logs of our own making": (
        {"additional_properties": {"log_report_channels": [{"type": "LTS"}]}},
        {},
    ),
    "websocket": ({"additional_properties": {"websocket_upgrade": True}}, {}),
    "load balancer": ({"load_balancer_policy": "LEAST_CONNECTIONS"}, {}),
    "priority": ({"priority": 3}, {}),
    "secrets are not shown": (
        {"service_secrets": [{"secretId": "s", "mouthPath": "/s"}]},
        {"service_secrets": ...},
    ),
    "weight as text": ({"config.0.weight": "100"}, {"config.0.weight": 100}),
    "most instances": ({"config.0.instance_count": 128}, {}),
    "environment": ({"config.0.envs": {"A": "1", "B": ""}}, {}),
    "deploy timeout is not shown": (
        {"config.0.deploy_timeout_in_seconds": 120},
        {"config.0.deploy_timeout_in_seconds": ...},
    ),
    "custom flavor": (
        {
            **POOL,
            "config.0.specification": "custom",
            "config.0.custom_spec": {"cpu": 1, "memory": 1},
        },
        {},
    ),
    "third decimal is rounded": (
        {
            **POOL,
            "config.0.specification": "custom",
            "config.0.custom_spec": {"cpu": 1.005, "memory": 1, "gpu_p4": 0.125},
        },
        {"config.0.custom_spec": {"cpu": 1.01, "memory": 1, "gpu_p4": 0.13}},
    ),
    "pool of a config element": ({**POOL, "config.0.pool_name": "pool-2"}, {}),
    "volumes": ({**POOL, "config.0.additional_properties": VOLUMES}, {}),
    "affinity": ({**POOL, "config.0.affinity": AFFINITY}, {}),
    "two versions": (
        {
            "config": [
                {
                    "model_id": f"model-{n}",
                    "specification": "modelarts.vm.cpu.2u",
                    "weight": weight,
                    "instance_count": 1,
                }
                for n, weight in enumerate((0, 100))
            ]
        },
        {"config.0.weight": 0, "config.1.weight": 100, "config": ...},
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_accepts_the_samples_of_the_create_page(client: Client, name: str) -> None:
    answer = client.ok("POST", "/services", client.golden(name))
    assert set(answer) == {"service_id", "resource_ids"}
    assert len(answer["resource_ids"]) == len(client.golden(name)["config"])
    shown = client.show(answer["service_id"])
    assert shown["service_name"] == client.golden(name)["service_name"]
    assert [row["model_id"] for row in shown["config"]] == [
        row["model_id"] for row in client.golden(name)["config"]
    ]


@pytest.mark.parametrize("case", FIELDS)
def test_accepts_and_shows_every_field(client: Client, case: str) -> None:
    changes, overrides = FIELDS[case]
    body = client.changed(client.real_time(), changes)
    service_id = client.ok("POST", "/services", body)["service_id"]
    shown = client.show(service_id)
    for path, expected in {**changes, **overrides}.items():
        if path == "config":
            continue
        value = find(shown, path)
        assert value == (None if expected is ... else expected), path


def find(document: Any, path: str) -> Any:
    for step in path.split("."):
        document = document[int(step)] if step.isdigit() else document.get(step)
    return document


def test_shows_a_fresh_service_as_the_page_does(client: Client) -> None:
    service_id = client.create(settled=False, description="d")
    shown = client.show(service_id)
    moment = shown["publish_at"]
    assert shown.pop("operation_time") >= moment
    details = shown["config"][0].pop("specification_details")
    assert details["category"] == "CPU"
    assert details["cpu_info"] == {"arch": "x86", "cpu": 2}
    assert shown == {
        "service_id": service_id,
        "service_name": "demo",
        "description": "d",
        "tenant": "0000000000000000000000000000d001",
        "project": "0000000000000000000000000000e001",
        "owner": "0000000000000000000000000000c001",
        "publish_at": moment,
        "update_time": moment,
        "transition_at": moment,
        "infer_type": "real-time",
        "workspace_id": "0",
        "status": "deploying",
        "progress": 0,
        "is_shared": False,
        "shared_count": 0,
        "invocation_times": 0,
        "failed_times": 0,
        "is_free": False,
        "additional_properties": {},
        "config": [
            {
                "model_id": "model-1",
                "model_name": "model-4f93e5df",
                "model_version": "0.0.1",
                "specification": "modelarts.vm.cpu.2u",
                "custom_spec": {},
                "status": "notReady",
                "weight": 100,
                "instance_count": 1,
                "scaling": False,
                "envs": {},
                "additional_properties": {},
                "support_debug": False,
            }
        ],
    }


def test_every_answer_carries_a_request_id_of_its_own(client: Client) -> None:
    answers = [client.call("GET", "/services"), client.call("GET", "/services/unknown")]
    ids = {answer.headers["X-Request-Id"] for answer in answers}
    assert len(ids) == 2
    assert all(len(each) == 32 for each in ids)


def test_edge_nodes_are_asked_for_by_id_and_shown_as_objects(client: Client) -> None:
    service_id = client.ok("POST", "/services", client.golden("create-edge"))["service_id"]
    client.admin.advance(client.deploy_seconds)
    (node,) = client.show(service_id)["config"][0]["nodes"]
    assert node["id"] == "2r8c4fb9-t497-40u3-89yf-skui77db0472"
    assert node["instance_status"] == "running"
    assert "start_time" not in client.show(service_id)["config"][0]
    assert "access_address" not in client.show(service_id)


def test_a_batch_service_runs_and_finishes(client: Client) -> None:
    body = client.golden("create-batch-file")
    service_id = client.ok("POST", "/services", body)["service_id"]
    client.admin.advance(client.deploy_seconds)
    assert client.status(service_id) == "running"
    started = client.show(service_id)["config"][0]["start_time"]
    client.admin.advance(client.deploy_seconds)
    shown = client.show(service_id)
    assert shown["status"] == "finished"
    assert shown["config"][0]["finished_time"] == started + 1000 * client.deploy_seconds
    client.ok("PUT", f"/services/{service_id}", {"status": "running"})
    assert client.status(service_id) == "deploying"
