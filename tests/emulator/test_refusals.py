"""What the vendor's pages forbid is refused, with their status and code, and the field named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Client

POOL = {"pool_name": "pool-1"}
CUSTOM = {"config.0.specification": "custom"}
SPEC = "config.0.custom_spec"
PROPERTIES = "config.0.additional_properties"
SMN = {"topic_urn": "urn:smn:r:p:t", "events": [1]}
SCHEDULE = {"type": "stop", "time_unit": "HOURS", "duration": 1}
SECOND = {
    "model_id": "model-2",
    "specification": "modelarts.vm.cpu.2u",
    "weight": 30,
    "instance_count": 1,
}


def schedule(**changes: Any) -> dict[str, Any]:
    return {"schedule": [{**SCHEDULE, **changes}]}


def volume(path: str) -> dict[str, Any]:
    return {**POOL, PROPERTIES: {"persistent_volumes": [{"mount_path": path}]}}


def smn(**changes: Any) -> dict[str, Any]:
    return {"additional_properties": {"smn_notification": {**SMN, **changes}}}


def affinity(**changes: Any) -> dict[str, Any]:
    inner = {"mode": "required", **changes}
    return {**POOL, "config.0.affinity": {"node_affinity": inner}}


#: changes to a minimal real-time body, error number (HTTP 400), what the message names
REAL_TIME = [
    # create page, table 3
    ({"service_name": ...}, "0104", "service_name"),
    ({"service_name": ""}, "0107", "service_name"),
    ({"service_name": "n" * 65}, "0107", "service_name"),
    ({"service_name": "with space"}, "0107", "service_name"),
    ({"service_name": "dot.ted"}, "0107", "service_name"),
    ({"service_name": "trailing\n"}, "0107", "service_name"),
    ({"service_name": 5}, "0104", "service_name"),
    ({"infer_type": ...}, "0104", "infer_type"),
    ({"infer_type": "realtime"}, "0107", "infer_type"),
    ({"infer_type": ["real-time"]}, "0104", "infer_type"),
    ({"config": ...}, "0104", "config"),
    ({"config": []}, "0107", "config"),
    ({"config": {}}, "0104", "config"),
    ({"config": ["x"]}, "0104", "config[0]"),
    ({"description": "d" * 101}, "0107", "description"),
    *[({"description": f"a{sign}b"}, "0107", "description") for sign in "!<>=+&\"'"],
    ({"description": None}, "0104", "description"),
    ({"workspace_id": 0}, "0104", "workspace_id"),
    ({"vpc_id": "v"}, "0104", "subnet_network_id"),
    ({"vpc_id": "v", "subnet_network_id": "s"}, "0104", "security_group_id"),
    ({"vpc_id": "v", "security_group_id": "g"}, "0104", "subnet_network_id"),
    ({"subnet_network_id": "s"}, "0104", "vpc_id"),
    ({"security_group_id": "g"}, "0104", "vpc_id"),
    ({"serviceName": "x"}, "0104", "serviceName"),
    ({"tags": []}, "0104", "tags"),
    ({"status": "running"}, "0104", "status"),
    ({"load_balancer_policy": "RANDOM"}, "0107", "load_balancer_policy"),
    ({"priority": 0}, "0107", "priority"),
    ({"priority": 4}, "0107", "priority"),
    ({"priority": "1"}, "0104", "priority"),
    ({"service_secrets": [{"secretId": "s"}]}, "0104", "service_secrets[0].mouthPath"),
    ({"service_secrets": [{"mountPath": "/"}]}, "0104", "service_secrets[0].mountPath"),
    # table 4
    (schedule(type="start"), "0107", "schedule[0].type"),
    (schedule(time_unit="WEEKS"), "0107", "schedule[0].time_unit"),
    (schedule(duration=0), "0107", "schedule[0].duration"),
    (schedule(duration=1.5), "0104", "schedule[0].duration"),
    (schedule(duration="1"), "0104", "schedule[0].duration"),
    (schedule(duration=True), "0104", "schedule[0].duration"),
    (schedule(at=1), "0104", "schedule[0].at"),
    ({"schedule": [{"type": "stop"}]}, "0104", "schedule[0].time_unit"),
    ({"schedule": [SCHEDULE, SCHEDULE]}, "0107", "schedule"),
    # table 5
    ({"config.0.model_id": ...}, "0104", "config[0].model_id"),
    ({"config.0.model_id": ""}, "0107", "config[0].model_id"),
    ({"config.0.specification": ...}, "0104", "config[0].specification"),
    ({"config.0.weight": ...}, "0104", "config[0].weight"),
    ({"config.0.weight": -1}, "0107", "config[0].weight"),
    ({"config.0.weight": 101}, "0107", "config[0].weight"),
    ({"config.0.weight": 99}, "0107", "config"),
    ({"config.0.weight": "99"}, "0107", "config"),
    ({"config.0.weight": "all"}, "0104", "config[0].weight"),
    ({"config.0.weight": 100.0}, "0104", "config[0].weight"),
    ({"config": [SECOND]}, "0107", "config"),
    ({"config.0.instance_count": ...}, "0104", "config[0].instance_count"),
    ({"config.0.instance_count": 0}, "0107", "config[0].instance_count"),
    ({"config.0.instance_count": 129}, "0107", "config[0].instance_count"),
    ({"config.0.instance_count": "1"}, "0104", "config[0].instance_count"),
    ({"config.0.envs": {"A": 1}}, "0104", "config[0].envs"),
    ({"config.0.envs": []}, "0104", "config[0].envs"),
    ({"config.0.model_name": "m"}, "0104", "config[0].model_name"),
    ({"config.0.cluster_id": "c"}, "0107", "config[0].cluster_id"),
    ({"config.0.pool_name": "p"}, "0107", "config[0].pool_name"),
    ({"config.0.deploy_timeout_in_seconds": 2}, "0107", "config[0].deploy_timeout_in_seconds"),
    ({"config.0.deploy_timeout_in_seconds": 121}, "0107", "config[0].deploy_timeout_in_seconds"),
    ({"config.0.nodes": ["n"]}, "0107", "config[0].nodes"),
    ({"config.0.src_path": "https://b/"}, "0107", "config[0].src_path"),
    ({"config.0.dest_path": "https://b/"}, "0107", "config[0].dest_path"),
    ({"config.0.req_uri": "/"}, "0107", "config[0].req_uri"),
    ({"config.0.mapping_type": "file"}, "0107", "config[0].mapping_type"),
    ({"config.0.mapping_rule": {}}, "0107", "config[0].mapping_rule"),
    ({"config.0.src_type": "ManifestFile"}, "0107", "config[0].src_type"),
    # table 6
    ({**CUSTOM}, "0104", "config[0].custom_spec"),
    ({**CUSTOM, SPEC: {"cpu": 1, "memory": 1}}, "0107", "config[0].specification"),
    ({**POOL, **CUSTOM, SPEC: {"memory": 1}}, "0104", "config[0].custom_spec.cpu"),
    ({**POOL, **CUSTOM, SPEC: {"cpu": 1}}, "0104", "config[0].custom_spec.memory"),
    ({**POOL, **CUSTOM, SPEC: {"cpu": 0.001, "memory": 1}}, "0107", "custom_spec.cpu"),
    ({**POOL, **CUSTOM, SPEC: {"cpu": 1, "memory": 1.5}}, "0104", "custom_spec.memory"),
    ({**POOL, **CUSTOM, SPEC: {"cpu": 1, "memory": 0}}, "0107", "custom_spec.memory"),
    ({**POOL, **CUSTOM, SPEC: {"cpu": 1, "memory": 1, "gpu_p4": -1}}, "0107", "gpu_p4"),
    (
        {**POOL, **CUSTOM, SPEC: {"cpu": 1, "memory": 1, "gpu_p4": 1, "ascend_a310": 1}},
        "0107",
        "gpu_p4 and ascend_a310",
    ),
    # tables 7 to 9 and newer rows
    ({PROPERTIES: {"log_volume": [{"host_path": "/a", "mount_path": "/b"}]}}, "0107", "log_volume"),
    ({PROPERTIES: {"persistent_volumes": [{"mount_path": "/a"}]}}, "0107", "persistent_volumes"),
    ({PROPERTIES: {"persistent_volumes": [{}]}}, "0104", "persistent_volumes[0].mount_path"),
    ({PROPERTIES: {"log_volume": [{"mount_path": "/b"}]}}, "0104", "log_volume[0].host_path"),
    (volume("data"), "0107", "absolute"),
    (volume("/"), "0107", "system folder"),
    (volume("/var/run/"), "0107", "system folder"),
    (
        {
            **POOL,
            PROPERTIES: {
                "persistent_volumes": [{"mount_path": "/a"}],
                "log_volume": [{"host_path": "/h", "mount_path": "/a/b"}],
            },
        },
        "0107",
        "/a/b",
    ),
    ({PROPERTIES: {"max_surge": 0}}, "0107", "max_surge"),
    ({PROPERTIES: {"max_unavailable": -0.1}}, "0107", "max_unavailable"),
    ({PROPERTIES: {"termination_grace_period_seconds": 29}}, "0107", "termination_grace"),
    ({PROPERTIES: {"termination_grace_period_seconds": 301}}, "0107", "termination_grace"),
    ({PROPERTIES: {"max_surges": 1}}, "0104", "max_surges"),
    ({"config.0.affinity": {"node_affinity": {"mode": "required"}}}, "0107", "affinity"),
    (affinity(mode="maybe"), "0107", "affinity.node_affinity.mode"),
    (affinity(mode=1), "0104", "affinity.node_affinity.mode"),
    (affinity(pool_infos=[{"pool_name": "other", "nodes": [{"name": "n"}]}]), "0107", "pool_infos"),
    (affinity(pool_infos=[{"pool_name": "pool-1", "nodes": []}]), "0107", "pool_infos[0].nodes"),
    # tables 10 and 11 and newer rows
    ({"additional_properties": {"smn": {}}}, "0104", "additional_properties.smn"),
    (smn(events=[]), "0107", "smn_notification.events"),
    (smn(events=[2]), "0107", "smn_notification.events[0]"),
    (smn(events=[1, 1]), "0107", "smn_notification.events"),
    (smn(events=["1"]), "0104", "smn_notification.events[0]"),
    (smn(topic_urn=""), "0107", "smn_notification.topic_urn"),
    (
        {"additional_properties": {"smn_notification": {"events": [1]}}},
        "0104",
        "smn_notification.topic_urn",
    ),
    (
        {"additional_properties": {"log_report_channels": [{"type": "ELK"}]}},
        "0107",
        "log_report_channels[0].type",
    ),
    (
        {"additional_properties": {"log_report_channels": [{"type": "LTS", "configuration": {}}]}},
        "0104",
        "configuration.log_group_id",
    ),
    ({"additional_properties": {"websocket_upgrade": "true"}}, "0104", "websocket_upgrade"),
]

BATCH = [
    ({"config.0.src_path": ...}, "0104", "config[0].src_path"),
    ({"config.0.dest_path": ...}, "0104", "config[0].dest_path"),
    ({"config.0.req_uri": ...}, "0104", "config[0].req_uri"),
    ({"config.0.mapping_type": ...}, "0104", "config[0].mapping_type"),
    ({"config.0.mapping_type": "json"}, "0107", "config[0].mapping_type"),
    ({"config.0.mapping_type": "csv"}, "0104", "config[0].mapping_rule"),
    *(
        (
            {"config.0.mapping_type": "csv", "config.0.mapping_rule": rule},
            "0107",
            f"config[0].mapping_rule{path}.index",
        )
        for rule, path in (
            ({"type": "string"}, ""),
            ({"type": "number", "index": -2}, ""),
            ({"type": "integer", "index": "0"}, ""),
            ({"type": "boolean", "index": True}, ""),
            ({"type": "object", "properties": {"a": {"type": "number"}}}, ".properties.a"),
            ({"type": "array", "items": [{"type": "number", "index": 0.5}]}, ".items[0]"),
            ({"type": "array", "items": {"type": "number"}}, ".items"),
        )
    ),
    ({"config.0.src_type": "ManifestFile"}, "0107", "config[0].src_path"),
    ({"config.0.src_type": "Folder"}, "0107", "config[0].src_type"),
    ({"schedule": [SCHEDULE]}, "0107", "schedule"),
    ({"vpc_id": "v", "subnet_network_id": "s", "security_group_id": "g"}, "0107", "vpc_id"),
    ({"load_balancer_policy": "SOURCE_IP"}, "0107", "load_balancer_policy"),
]

EDGE = [
    ({"config.0.nodes": ...}, "0104", "config[0].nodes"),
    ({"config.0.nodes": []}, "0104", "config[0].nodes"),
    ({"config.0.nodes": [1]}, "0104", "config[0].nodes[0]"),
    ({"priority": 1}, "0107", "priority"),
    ({"pool_name": "p"}, "0107", "pool_name"),
]


def named(rows: list[Any]) -> list[Any]:
    return [
        pytest.param(*row, id=f"{n}-{row[2]}-{row[1]}".replace(" ", "_"))
        for n, row in enumerate(rows)
    ]


def check(client: Client, body: Any, changes: dict[str, Any], number: str, field: str) -> None:
    response = client.call("POST", "/services", client.changed(body, changes))
    assert response.status_code == 400
    answer = response.json()
    assert answer["error_code"] == f"ModelArts.{number}"
    assert field in answer["error_msg"]
    assert client.ok("GET", "/services")["total_count"] == 0


@pytest.mark.parametrize(("changes", "number", "field"), named(REAL_TIME))
def test_refuses_a_real_time_service(
    client: Client, changes: dict[str, Any], number: str, field: str
) -> None:
    check(client, client.real_time(), changes, number, field)


@pytest.mark.parametrize(("changes", "number", "field"), named(BATCH))
def test_refuses_a_batch_service(
    client: Client, changes: dict[str, Any], number: str, field: str
) -> None:
    check(client, client.golden("create-batch-file"), changes, number, field)


@pytest.mark.parametrize(("changes", "number", "field"), named(EDGE))
def test_refuses_an_edge_service(
    client: Client, changes: dict[str, Any], number: str, field: str
) -> None:
    check(client, client.golden("create-edge"), changes, number, field)


@pytest.mark.parametrize("name", ["create-batch-file", "create-edge"])
def test_batch_and_edge_take_one_config_element(client: Client, name: str) -> None:
    body = client.golden(name)
    body["config"].append({**body["config"][0], "model_id": "another"})
    response = client.call("POST", "/services", body)
    assert (response.status_code, response.json()["error_code"]) == (400, "ModelArts.0107")
    assert "config" in response.json()["error_msg"]


@pytest.mark.parametrize("body", [b"", b"{", b"[1", b"\xff"])
def test_refuses_what_is_no_json(client: Client, body: Any) -> None:
    url = f"{client.emulator.url}{client.base}/services"
    response = client.session.post(url, data=body, timeout=10)
    assert response.status_code == 400
    assert response.json()["error_code"] == "ModelArts.4105"


@pytest.mark.parametrize("body", [[], "text", 5])
def test_refuses_json_that_is_no_object(client: Client, body: Any) -> None:
    assert client.refused("POST", "/services", body) == (400, "0104")


def test_refuses_the_same_model_version_twice(client: Client) -> None:
    body = client.real_time(config=[client.config(weight=50), client.config(weight=50)])
    assert client.refused("POST", "/services", body) == (400, "3516")


def test_refuses_a_name_that_is_taken(client: Client) -> None:
    client.create()
    assert client.refused("POST", "/services", client.real_time()) == (409, "3503")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v9/services", 404, "APIGW.0101"),
        ("GET", "/unheard-of", 404, "APIGW.0101"),
        ("GET", "/services/a/b/c", 404, "APIGW.0101"),
        ("PATCH", "/services", 405, "ModelArts.2803"),
        ("DELETE", "/services", 405, "ModelArts.2803"),
        ("POST", "/services/some-id", 405, "ModelArts.2803"),
    ],
)
def test_refuses_routes_that_are_not_served(
    client: Client, method: str, path: str, status: Any, code: Any
) -> None:
    if path == "/v9/services":
        url = client.emulator.url + path
        response = client.session.request(method, url, timeout=10)
    else:
        response = client.call(method, path)
    assert response.status_code == status
    assert response.json()["error_code"] == code
