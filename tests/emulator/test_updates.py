"""Updates: what they may change, in which states, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Client

LTS = {"type": "LTS"}
SMN = {"topic_urn": "urn:smn:r:p:t", "events": [3]}


def bring_to(client: Client, status: str) -> str:
    """Return a service in a state."""
    service_id = client.create(settled=status != "deploying")
    if status in ("stopping", "stopped"):
        client.update(service_id, status="stopped")
    if status == "stopped":
        client.admin.advance(client.deploy_seconds)
    if status in ("failed", "concerning"):
        client.admin.fail(service_id, status=status)
    if status == "deleting":
        client.ok("DELETE", f"/services/{service_id}")
    assert client.status(service_id) == status
    return service_id


NO = "3519"
#: state -> start, stop, new config, new description: the state after it or the error
STATES = {
    "deploying": (NO, NO, NO, NO),
    "running": (NO, "stopping", "deploying", "running"),
    "concerning": (NO, "stopping", "deploying", "concerning"),
    "failed": ("deploying", NO, "deploying", "failed"),
    "stopping": (NO, NO, NO, NO),
    "stopped": ("deploying", NO, "stopped", "stopped"),
    "deleting": (NO, NO, NO, NO),
}
BODIES = (
    {"status": "running"},
    {"status": "stopped"},
    {
        "config": [
            {
                "model_id": "new",
                "specification": "modelarts.vm.cpu.2u",
                "weight": 100,
                "instance_count": 2,
            }
        ]
    },
    {"description": "new"},
)


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize("which", range(4), ids=["start", "stop", "config", "description"])
def test_states_allow_what_the_update_page_says(client: Client, status: str, which: int) -> None:
    service_id = bring_to(client, status)
    expected = STATES[status][which]
    response = client.update(service_id, **BODIES[which])
    if expected == NO:
        assert response.status_code == 400
        assert response.json()["error_code"] == "ModelArts.3519"
        assert client.status(service_id) == status
    else:
        assert response.status_code == 200
        assert client.status(service_id) == expected


#: body of an update, error number, what the message names
REFUSED = [
    ({"service_name": "new"}, "0104", "service_name"),
    ({"infer_type": "batch"}, "0104", "infer_type"),
    ({"workspace_id": "1"}, "0104", "workspace_id"),
    ({"vpc_id": "v"}, "0104", "vpc_id"),
    ({"cluster_id": "c"}, "0104", "cluster_id"),
    ({"pool_name": "p"}, "0104", "pool_name"),
    ({"status": "deleting"}, "0107", "status"),
    ({"status": ""}, "0107", "status"),
    ({"config": []}, "0107", "config"),
    ({"config": [{**BODIES[2]["config"][0], "weight": 99}]}, "0107", "config"),
    ({"config": [{**BODIES[2]["config"][0], "pool_name": "p"}]}, "0107", "config[0].pool_name"),
    ({"description": "<b>"}, "0107", "description"),
    ({"priority": 9}, "0107", "priority"),
    ({"schedule": [{"type": "stop"}]}, "0104", "schedule[0]"),
]


@pytest.mark.parametrize(("body", "number", "field"), REFUSED)
def test_refuses(client: Client, body: Any, number: str, field: str) -> None:
    service_id = client.create()
    before = client.show(service_id)
    response = client.update(service_id, **body)
    assert response.status_code == 400
    assert response.json()["error_code"] == f"ModelArts.{number}"
    assert field in response.json()["error_msg"]
    after = client.show(service_id)
    assert {**before, "operation_time": 0} == {**after, "operation_time": 0}


def test_an_unknown_service_is_not_found(client: Client) -> None:
    path = "/services/10eb0091-887f-4839-9929-cbc884f1e20e"
    for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
        assert client.refused(method, path, body) == (404, "3502")
    for part in ("events", "logs", "monitor"):
        assert client.refused("GET", f"{path}/{part}") == (404, "3502")


def test_a_new_config_is_deployed(client: Client) -> None:
    service_id = client.create()
    before = client.show(service_id)
    configs = [
        client.config(model_id="a", weight="70"),
        client.config(model_id="b", weight=30, instance_count=2, envs={"K": "v"}),
    ]
    client.admin.advance(1)
    answer = client.update(service_id, config=configs).json()
    assert answer["update_time"] > before["update_time"]
    assert len(answer["resource_ids"]) == 2
    shown = client.show(service_id)
    assert (shown["status"], shown["update_time"]) == ("deploying", answer["update_time"])
    assert shown["access_address"] == before["access_address"]
    assert result_of_last_update(client, service_id) == "RUNNING"
    client.admin.advance(client.deploy_seconds)
    shown = client.show(service_id)
    assert shown["status"] == "running"
    assert [(row["model_id"], row["weight"]) for row in shown["config"]] == [("a", 70), ("b", 30)]
    assert shown["publish_at"] == before["publish_at"]
    assert result_of_last_update(client, service_id) == "SUCCESS"


def result_of_last_update(client: Client, service_id: str) -> str:
    return client.ok("GET", f"/services/{service_id}/logs")["logs"][0]["result"]


def test_update_logs_are_found_by_their_time(client: Client) -> None:
    service_id = client.create()
    moments = []
    for model in ("a", "b"):
        client.admin.advance(client.deploy_seconds)
        answer = client.update(service_id, config=[client.config(model_id=model)])
        moments.append(answer.json()["update_time"])
    path = f"/services/{service_id}/logs"
    found = client.ok("GET", path, params={"update_time": moments[0]})
    assert [row["config"][0]["model_id"] for row in found["logs"]] == ["a"]
    assert [row["update_time"] for row in client.ok("GET", path)["logs"]] == moments[::-1]
    assert found["service_id"] == service_id


def test_a_status_wins_over_a_config(client: Client) -> None:
    service_id = client.create()
    client.update(service_id, status="stopped", config=[client.config(model_id="new")])
    shown = client.show(service_id)
    assert (shown["status"], shown["config"][0]["model_id"]) == ("stopping", "model-1")


def test_a_stopped_service_takes_a_config_for_its_next_start(client: Client) -> None:
    service_id = bring_to(client, "stopped")
    client.update(service_id, config=[client.config(model_id="new")])
    assert result_of_last_update(client, service_id) == "SUCCESS"
    client.update(service_id, status="running")
    client.admin.advance(client.deploy_seconds)
    assert client.show(service_id)["config"][0]["model_id"] == "new"


def test_what_is_left_out_stays(client: Client) -> None:
    service_id = client.create(description="old", priority=2)
    client.update(service_id, priority=3)
    shown = client.show(service_id)
    assert (shown["description"], shown["priority"]) == ("old", 3)
    client.update(service_id, description="")
    assert client.show(service_id)["description"] == ""


def test_a_new_schedule_counts_from_now(client: Client) -> None:
    service_id = client.create()
    client.admin.advance(1000)
    client.update(service_id, schedule=[{"type": "stop", "time_unit": "MINUTES", "duration": 10}])
    shown = client.show(service_id)
    assert 0 <= shown["operation_time"] + 600_000 - shown["due_time"] < 5000
    client.update(service_id, schedule=[])
    shown = client.show(service_id)
    assert "due_time" not in shown
    assert "schedule" not in shown
    client.admin.advance(1000)
    assert client.status(service_id) == "running"


def test_websocket_cannot_be_switched_off(client: Client) -> None:
    service_id = client.create(additional_properties={"websocket_upgrade": True})
    off = {"additional_properties": {"websocket_upgrade": False}}
    response = client.update(service_id, **off)
    assert response.json()["error_code"] == "ModelArts.0107"
    assert "websocket_upgrade" in response.json()["error_msg"]
    client.update(service_id, additional_properties={"smn_notification": SMN})
    assert client.show(service_id)["additional_properties"] == {
        "websocket_upgrade": True,
        "smn_notification": SMN,
    }
    client.update(service_id, additional_properties={})
    assert client.show(service_id)["additional_properties"] == {"websocket_upgrade": True}


@pytest.mark.parametrize("channels", [[], [LTS, LTS]])
def test_logs_cannot_be_changed_once_set(client: Client, channels: list[Any]) -> None:
    service_id = client.create(additional_properties={"log_report_channels": [LTS]})
    response = client.update(service_id, additional_properties={"log_report_channels": channels})
    assert response.json()["error_code"] == "ModelArts.0107"
    assert "log_report_channels" in response.json()["error_msg"]


def test_an_update_under_way_keeps_the_former_model_serving(client: Client) -> None:
    service_id = client.create()
    client.update(service_id, config=[client.config(model_id="new")])
    path = f"/v1/infers/{service_id}"
    assert client.ok("POST", path)["model_id"] == "model-1"
    client.admin.advance(client.deploy_seconds)
    assert client.ok("POST", path)["model_id"] == "new"


def test_a_rollback_takes_back_the_config_only(client: Client) -> None:
    service_id = client.create(description="old")
    client.update(service_id, description="new", config=[client.config(model_id="new")])
    client.admin.fail(service_id)
    shown = client.show(service_id)
    assert (shown["description"], shown["config"][0]["model_id"]) == ("new", "model-1")
