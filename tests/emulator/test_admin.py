"""The admin routes: journal, resources, seed, clock, reset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from pulumi_modeldeploy.emulator.huawei_iam import PROJECT_ID, TOKEN

if TYPE_CHECKING:
    from conftest import Client


def admin(client: Client, method: str, path: str, **options: Any) -> requests.Response:
    return requests.request(
        method, f"{client.emulator.url}/_emulator/{path}", timeout=10, **options
    )


def test_health(client: Client) -> None:
    response = admin(client, "GET", "health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_the_journal_has_every_request_oldest_first(client: Client) -> None:
    body = client.real_time()
    service_id = client.ok("POST", "/services", body)["service_id"]
    client.ok("GET", "/services", params={"limit": "1", "service_name": "de mo"})
    client.refused("PUT", f"/services/{service_id}", {"color": "red"})
    client.call("GET", "/v1/other/services")
    client.call("PATCH", "/services")
    entries = client.admin.requests()
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    first = entries[0]
    assert set(first) == {
        *("seq", "at", "cloud", "operation", "method", "path", "query", "body", "status", "fault")
    }
    assert first["cloud"] == "modelarts"
    assert first["body"] == body
    seen = [(row["operation"], row["method"], row["status"], row["fault"]) for row in entries]
    assert seen == [
        ("CreateService", "POST", 200, None),
        ("ListServices", "GET", 200, None),
        ("UpdateService", "PUT", 400, None),
        ("ListServices", "GET", 403, None),
        ("Unknown", "PATCH", 405, None),
    ]
    assert entries[1]["query"] == {"limit": "1", "service_name": "de mo"}
    assert entries[1]["body"] is None
    assert entries[2]["path"] == f"/v1/{PROJECT_ID}/services/{service_id}"
    assert TOKEN not in str(entries)


def test_the_journal_keeps_bodies_and_queries_as_they_came(client: Client) -> None:
    url = f"{client.emulator.url}{client.base}/services?a=1&a=2&b="
    client.session.post(url, data="no json", timeout=10)
    (entry,) = client.admin.requests()
    assert entry["body"] == "no json"
    assert entry["query"] == {"a": ["1", "2"], "b": ""}


def test_the_journal_behind_an_entry(client: Client) -> None:
    for _ in range(3):
        client.ok("GET", "/services")
    assert [entry["seq"] for entry in client.admin.requests(after=1)] == [2, 3]
    assert client.admin.requests(after=3) == []


def test_resources_are_what_the_show_call_answers(client: Client) -> None:
    service_id = client.create()
    resources = admin(client, "GET", "resources").json()
    assert set(resources) == {"modelarts", "zstack", "pai"}
    assert resources["zstack"] == resources["pai"] == []
    (shown,) = resources["modelarts"]
    expected = client.show(service_id)
    assert {**shown, "operation_time": 0} == {**expected, "operation_time": 0}


def test_reset_forgets_everything(client: Client) -> None:
    token = {"X-Auth-Token": TOKEN}
    client.create()
    client.admin.seed(modelarts={"models": [{"model_id": "m"}], "vpcs": [{"id": "v"}]})
    client.admin.faults({"fault": "status"})
    client.admin.deploy_seconds(0)
    client.admin.advance(10**6)
    before = admin(client, "POST", "clock", json={}).json()["now"]
    client.admin.reset()
    assert client.admin.requests() == []
    assert client.admin.resources("modelarts") == []
    clock = admin(client, "POST", "clock", json={}).json()
    assert clock["now"] < before
    assert clock["deploySeconds"] == client.deploy_seconds
    assert client.ok("GET", "/models/x", headers=token)["model_id"] == "x"
    assert client.call("GET", "/vpcs/x").status_code == 200
    assert client.admin.requests()[0]["seq"] == 1


def test_the_clock_moves_forward(client: Client) -> None:
    before = admin(client, "POST", "clock", json={}).json()
    after = admin(client, "POST", "clock", json={"advance": 3600, "deploySeconds": 5.5}).json()
    assert 3600_000 <= after["now"] - before["now"] < 3_660_000
    assert after["deploySeconds"] == 5.5


REFUSED = [
    ("GET", "requests?after=-1", None, "after"),
    ("POST", "clock", {"advance": -1}, "advance"),
    ("POST", "clock", {"deploySeconds": "2"}, "deploySeconds"),
    ("POST", "clock", {"now": 0}, "now"),
    ("POST", "clock", [], "the body"),
    ("POST", "faults", {"rule": []}, "rule"),
    ("POST", "seed", {"aws": {}}, "aws"),
    ("POST", "seed", {"pai": {"models": []}}, "pai.models"),
    ("POST", "seed", {"modelarts": {"model": []}}, "modelarts.model"),
    ("POST", "seed", {"modelarts": {"models": [{"name": "m"}]}}, "models[0].model_id"),
    ("POST", "seed", {"modelarts": {"vpcs": {}}}, "modelarts.vpcs"),
    ("POST", "seed", {"modelarts": {"pools": [{}]}}, "pools"),
    ("POST", "seed", {"modelarts": {"services": [{"service_name": "n"}]}}, "infer_type"),
    ("POST", "services/x/fail", {"why": "?"}, "why"),
    ("POST", "services/x/fail", {"status": "deleted"}, "status"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), REFUSED)
def test_refuses(client: Client, method: str, path: str, body: Any, field: str) -> None:
    response = admin(client, method, path, json=body)
    assert response.status_code == 400
    assert field in response.json()["error"]


def test_refuses_what_is_no_json(client: Client) -> None:
    assert admin(client, "POST", "clock", data="{").status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "nothing"), ("GET", "reset"), ("POST", "services/unknown/fail")],
)
def test_unknown_admin_routes_and_services(client: Client, method: str, path: str) -> None:
    response = admin(client, method, path)
    assert response.status_code == 404
    assert set(response.json()) == {"error"}
    assert client.admin.requests() == []


def test_an_alarm_needs_a_running_service(client: Client) -> None:
    service_id = client.create(settled=False)
    with pytest.raises(requests.HTTPError, match="running service"):
        client.admin.fail(service_id, status="concerning")


def test_a_service_that_is_being_deleted_cannot_fail(client: Client) -> None:
    service_id = client.create()
    client.ok("DELETE", f"/services/{service_id}")
    with pytest.raises(requests.HTTPError, match="no service"):
        client.admin.fail(service_id)


def test_seeding_adds_and_replaces(client: Client) -> None:
    client.admin.seed(modelarts={"models": [{"model_id": "a"}]})
    client.admin.seed(modelarts={"models": [{"model_id": "b"}, {"model_id": "a", "owner": "me"}]})
    models = client.ok("GET", "/models")["models"]
    assert [(row["model_id"], row["owner"] == "me") for row in models] == [
        ("a", True),
        ("b", False),
    ]
