"""Faults: each kind does what its line in the table says, as often as asked, reproducibly."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.emulator.faults import FAULTS, Faults, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conftest import Client, ZStackClient

LIST = {"cloud": "modelarts", "operation": "ListServices"}
CREATE = {"cloud": "modelarts", "operation": "CreateService"}


def names(client: Client) -> list[str]:
    return [row["service_name"] for row in client.ok("GET", "/services")["services"]]


#: fault -> what the client sees
LOST = {
    "reset": requests.ConnectionError,
    "lost-response": requests.ConnectionError,
    "truncate": requests.exceptions.ChunkedEncodingError,
}


@pytest.mark.parametrize("fault", LOST)
def test_the_answer_is_lost(client: Client, fault: str) -> None:
    client.admin.faults({**CREATE, "fault": fault, "times": 1})
    with pytest.raises(LOST[fault]):
        client.call("POST", "/services", client.real_time())
    done = fault != "reset"
    assert names(client) == (["demo"] if done else [])
    (entry,) = client.admin.requests("CreateService")
    assert entry["fault"] == fault
    assert entry["status"] == (200 if done else None)
    assert entry["body"] == client.real_time()


def test_a_lost_delete_is_done(client: Client) -> None:
    service_id = client.create()
    client.admin.faults({"operation": "DeleteService", "fault": "lost-response"})
    with pytest.raises(requests.ConnectionError):
        client.call("DELETE", f"/services/{service_id}")
    assert client.status(service_id) == "deleting"


def test_a_request_is_held_until_the_client_gives_up(client: Client) -> None:
    client.admin.faults({**CREATE, "fault": "timeout", "times": 1})
    url = f"{client.emulator.url}{client.base}/services"
    with pytest.raises(requests.ReadTimeout):
        client.session.post(url, json=client.real_time(), timeout=0.05)
    assert names(client) == []
    (entry,) = client.admin.requests("CreateService")
    assert (entry["fault"], entry["status"]) == ("timeout", None)


def test_held_requests_do_not_keep_an_emulator_from_stopping() -> None:
    with Emulator() as emulator:
        emulator.admin.faults({"fault": "timeout"})
        address = emulator.url.removeprefix("http://").split(":")
        connection = socket.create_connection((address[0], int(address[1])), timeout=10)
        connection.sendall(b"GET /v3/projects HTTP/1.1\r\nHost: x\r\n\r\n")
        while not emulator.admin.requests():
            pass
    with connection:
        assert connection.recv(100) == b""


def test_a_slow_answer_comes_late_but_the_work_is_done(client: Client) -> None:
    client.admin.faults({**CREATE, "fault": "slow", "seconds": 60})
    url = f"{client.emulator.url}{client.base}/services"
    with pytest.raises(requests.ReadTimeout):
        client.session.post(url, json=client.real_time(), timeout=0.05)
    assert names(client) == ["demo"]
    client.admin.faults({**LIST, "fault": "slow", "seconds": 0.01})
    assert names(client) == ["demo"]
    assert client.admin.requests("ListServices")[-1]["fault"] == "slow"


STATUSES = {
    400: "ModelArts.0101",
    401: "ModelArts.0203",
    403: "ModelArts.0108",
    404: "ModelArts.3502",
    409: "ModelArts.3503",
    418: "APIGW.0201",
    429: "APIGW.0308",
    500: "ModelArts.0010",
    502: "APIGW.0202",
    503: "ModelArts.4700",
    504: "APIGW.0203",
}


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_comes_in_the_shape_of_modelarts(client: Client, status: Any) -> None:
    client.admin.faults({**CREATE, "fault": "status", "status": status, "times": 1, "seconds": 7})
    response = client.call("POST", "/services", client.real_time())
    assert response.status_code == status
    assert response.json()["error_code"] == STATUSES[status]
    assert response.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert names(client) == []
    (entry,) = client.admin.requests("CreateService")
    assert (entry["fault"], entry["status"]) == ("status", status)


@pytest.mark.parametrize(
    ("operation", "path", "key"),
    [("ListProjects", "/v3/projects", "error"), ("ShowVpc", "/vpcs/v", "code")],
)
def test_a_status_comes_in_the_shape_of_its_api(
    client: Client, operation: str, path: str, key: str
) -> None:
    client.admin.faults({"operation": operation, "fault": "status"})
    response = client.call("GET", path)
    assert response.status_code == 503
    assert key in response.json()
    client.admin.faults({"operation": operation, "fault": "status", "status": 429})
    assert client.call("GET", path).json()["error_code"] == "APIGW.0308"


@pytest.mark.parametrize("code", ["ModelArts.3520", "APIG.0308", "APIGW.0301"])
def test_a_status_comes_with_the_code_that_is_asked_for(client: Client, code: str) -> None:
    client.admin.faults({**CREATE, "fault": "status", "status": 400, "code": code, "times": 1})
    response = client.call("POST", "/services", client.real_time())
    assert (response.status_code, response.json()["error_code"]) == (400, code)
    assert ("request_id" in response.json()) is code.startswith("APIG")
    assert names(client) == []


def test_a_code_of_another_cloud_is_what_is_usual_for_the_status(client: Client) -> None:
    client.admin.faults({**CREATE, "fault": "status", "status": 409, "code": "SYS.1003"})
    response = client.call("POST", "/services", client.real_time())
    assert response.json()["error_code"] == "ModelArts.3503"


def test_what_stands_before_zstack_ends_no_job(zstack: ZStackClient) -> None:
    """A job that failed is told by 503 and an error: that must be asked for by its code."""
    fault = {"operation": "QueryApiJob", "fault": "status", "times": 1}
    zstack.admin.faults({**fault, "status": 503}, {**fault, "code": "SYS.1006"})
    plain, coded = zstack.poll("1" * 32), zstack.poll("1" * 32)
    assert (plain.status_code, plain.text) == (503, "Service Unavailable")
    assert (coded.status_code, coded.json()["error"]["code"]) == (503, "SYS.1006")


def statuses(client: Client, times: int) -> list[int]:
    return [client.call("GET", "/services").status_code for _ in range(times)]


def test_a_rule_counts_its_times(client: Client) -> None:
    client.admin.faults({**LIST, "fault": "status", "times": 2})
    assert statuses(client, 4) == [503, 503, 200, 200]


def test_the_first_rule_that_hits_counts(client: Client) -> None:
    client.admin.faults(
        {**LIST, "fault": "status", "status": 500, "times": 1},
        {"fault": "status", "status": 502, "times": 1},
        {"cloud": "zstack", "fault": "status"},
        {**CREATE, "fault": "status"},
    )
    assert statuses(client, 3) == [500, 502, 200]


def test_new_rules_replace_the_old_ones(client: Client) -> None:
    client.admin.faults({"fault": "status"})
    assert statuses(client, 1) == [503]
    client.admin.faults()
    assert statuses(client, 1) == [200]


def test_chance_is_reproducible(client: Client) -> None:
    rule = {**LIST, "fault": "status", "probability": 0.3, "seed": 7}
    client.admin.faults(rule)
    first = statuses(client, 40)
    client.admin.faults(rule)
    assert statuses(client, 40) == first
    assert 0 < first.count(503) < 40
    client.admin.faults({**rule, "seed": 8})
    assert statuses(client, 40) != first
    client.admin.faults({**rule, "probability": 0})
    assert statuses(client, 10) == [200] * 10


def drawn(rules: Sequence[Rule], asked: Iterable[str]) -> list[tuple[str, int | None]]:
    """Ask for operations in turn; answers each with the number of the rule that hit it."""
    faults = Faults()
    faults._rules = list(rules)
    found = ((operation, faults.hit("modelarts", operation)) for operation in asked)
    return [(operation, rule and rule.number) for operation, rule in found]


def rules(*probabilities: float, seed: int = 3, **changes: Any) -> list[Rule]:
    return [
        Rule("status", probability=one, seed=seed, number=number, **changes)
        for number, one in enumerate(probabilities)
    ]


def test_chance_is_about_as_likely_as_said() -> None:
    hits = [number for _, number in drawn(rules(0.25), ["ListServices"] * 2000)]
    assert 400 < hits.count(0) < 600


def test_rules_of_the_same_seed_draw_on_their_own() -> None:
    """Else the second of two equally likely rules would only hit what the first one takes."""
    hits = [number for _, number in drawn(rules(0.1, 0.1, 0.1), ["ListServices"] * 4000)]
    for number in range(3):
        assert 280 < hits.count(number) < 460


def test_what_one_operation_meets_does_not_depend_on_what_others_do() -> None:
    asked = ["CreateService"] * 50
    mixed = [one for two in zip(asked, ["ShowService"] * 50, strict=True) for one in two]
    alone, among = drawn(rules(0.3), asked), drawn(rules(0.3), mixed)
    assert [one for one in among if one[0] == "CreateService"] == alone


def test_what_one_rule_hits_does_not_depend_on_what_others_hit() -> None:
    asked = ["CreateService"] * 300
    both = [number for _, number in drawn(rules(0.3, 0.3), asked)]
    second = [number for _, number in drawn(rules(0.3, 0.3)[1:], asked)]
    assert [b == 1 for b in both] == [s == 1 and b != 0 for s, b in zip(second, both, strict=True)]
    assert both.count(0)
    assert both.count(1)


def test_times_count_only_what_a_rule_hit_itself() -> None:
    first, second = rules(1, 1, times=2)
    asked = ["CreateService"] * 5
    assert [one for _, one in drawn([first, second], asked)] == [0, 0, 1, 1, None]


def test_chance_is_the_same_everywhere() -> None:
    """On other machines, in other processes and versions: a seed is written into reports."""
    hits = [number for _, number in drawn(rules(0.3, seed=2024), ["CreateService"] * 20)]
    assert [turn for turn, number in enumerate(hits) if number == 0] == [3, 4, 9, 10, 14, 16]


def test_admin_requests_know_no_faults(client: Client) -> None:
    for fault in FAULTS:
        client.admin.faults({"fault": fault})
        assert client.admin.requests() == []


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({}, "fault"),
        ({"fault": "fire"}, "fault"),
        ({"fault": "status", "status": 200}, "status"),
        ({"fault": "status", "status": "503"}, "status"),
        ({"fault": "status", "statuses": [503]}, "statuses"),
        ({"fault": "reset", "probability": 1.1}, "probability"),
        ({"fault": "reset", "times": 0}, "times"),
        ({"fault": "reset", "cloud": "aws"}, "cloud"),
        ({"fault": "reset", "operation": "CreateServices"}, "operation"),
        ({"fault": "reset", "cloud": "modelarts", "operation": "AddModelService"}, "operation"),
        ({"fault": "slow", "seconds": -1}, "seconds"),
    ],
)
def test_refuses_rules_that_mean_nothing(client: Client, rule: dict[str, Any], field: str) -> None:
    client.admin.faults({"fault": "status", "times": 1})
    with pytest.raises(requests.HTTPError, match=rf"rules\[0\]\.{field}") as refusal:
        client.admin.faults(rule)
    assert refusal.value.response.status_code == 400
    assert statuses(client, 2) == [503, 200]
