"""Instance groups of ZStack: deployments over time, what they answer, how they fail and end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.emulator.clock import Clock
from pulumi_modeldeploy.emulator.zstack import ZStack

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import ZStackClient

SERVICES = "/v1/ai/model-services"
GROUPS = f"{SERVICES}/instances/groups"
UPDATE = "/v1/model-service-instance-groups"
UUID = "5d94103e19254d8696c0f05489c259ab"
MODEL = "0" * 32
GONE = "9" * 32


def body(**changes: Any) -> dict[str, Any]:
    deploy = {"name": "g", "zoneUuid": "1" * 32, "type": "Container", "dockerImage": "i"}
    deploy.update(changes)
    given = {name: value for name, value in deploy.items() if value is not ...}
    return {"deployModelService": given}


def deploy(zstack: ZStackClient, service: str = "", **changes: Any) -> Any:
    path = f"{SERVICES}/{service or zstack.create()}"
    return zstack.done("PUT", path, body(**changes))["inventory"]


def shown(zstack: ZStackClient, uuid: str) -> Any:
    (group,) = zstack.query(f"{GROUPS}/{uuid}")["inventories"]
    return group


def status(zstack: ZStackClient, uuid: str) -> str:
    group = shown(zstack, uuid)
    assert [one["status"] for one in group["instances"]] == [group["status"]]
    return str(group["status"])


def test_a_deployment_takes_its_time_and_serves(zstack: ZStackClient) -> None:
    service = zstack.create()
    group = deploy(zstack, service, resourceUuid=UUID, modelUuid=MODEL, datasetUuids=["d" * 32])
    assert (group["uuid"], group["status"]) == (UUID, "Deploying")
    assert (group["modelServiceUuid"], group["modelServiceType"]) == (service, "Endpoint")
    assert [ref["datasetUuid"] for ref in group["datasetRefInventories"]] == ["d" * 32]
    assert "url" not in group["instances"][0]
    zstack.admin.advance(50)
    assert status(zstack, UUID) == "Deploying"
    zstack.admin.advance(50)
    assert status(zstack, UUID) == "Running"
    (instance,) = shown(zstack, UUID)["instances"]
    assert instance["url"].startswith(f"{zstack.emulator.url}/zstack/")
    for path in ("", "/v1/chat"):
        answer = requests.post(instance["url"] + path, json={}, timeout=10)
        assert answer.status_code == 200
        assert answer.json() == {
            "modelServiceUuid": service,
            "modelServiceGroupUuid": UUID,
            "instanceUuid": instance["uuid"],
            "modelUuid": MODEL,
            "path": path or "/",
        }
    assert [each["uuid"] for each in zstack.admin.resources("zstack")] == [service, UUID]
    assert len(zstack.query(f"{GROUPS}/", ("q", "status=Running"))["inventories"]) == 1
    assert [row["operation"] for row in zstack.admin.requests("Infer")] == ["Infer"] * 2


def test_a_query_without_the_slash_is_a_deletion(zstack: ZStackClient) -> None:
    assert zstack.failed("GET", GROUPS)["code"] == "SYS.1007"
    group = deploy(zstack)["uuid"]
    assert zstack.done("GET", f"{GROUPS}?uuids={group}")["results"][0]["success"]
    assert zstack.query(f"{GROUPS}/")["inventories"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": ...}, "SYS.1007"),
        ({"zoneUuid": ...}, "SYS.1007"),
        ({"type": "container"}, "SYS.1007"),
        ({"dockerImage": ...}, "10075"),
        ({"type": "VirtualMachine"}, "10071"),
        ({"type": "VirtualMachine", "vmImageUuid": GONE}, "10072"),
        ({"environmentVariables": {"A": None}}, "10078"),
        ({"modelServiceGroupUuids": [GONE]}, "SYS.1003"),
        ({"serviceLivez": "x"}, "10037"),
        ({"serviceBootUptime": 0}, "10041"),
        ({"resourceUuid": GONE}, "SYS.1007"),
    ],
)
def test_refuses_deployments(zstack: ZStackClient, changes: dict[str, Any], code: str) -> None:
    zstack.admin.seed(zstack={"images": [{"uuid": UUID}]})
    path = f"{SERVICES}/{zstack.create()}"
    error = zstack.failed("PUT", path, body(**changes))
    assert code in (error["code"], error.get("globalErrorCode", "").rpartition("_")[2])
    assert zstack.query(f"{GROUPS}/")["inventories"] == []


def test_refuses_what_hangs_on_the_service(zstack: ZStackClient) -> None:
    center = "a" * 32
    empty = zstack.create(yaml="# nothing")
    evaluation = zstack.create(type="ModelEval")
    running = deploy(zstack)["uuid"]
    zstack.admin.seed(zstack={"modelCenters": [{"uuid": center, "serviceNetworkUuid": UUID}]})
    for service, changes, rule in (
        (empty, {}, 10094),
        (evaluation, {}, 10079),
        (zstack.create(), {"modelServiceGroupUuids": [running]}, 10070),
    ):
        error = zstack.failed("PUT", f"{SERVICES}/{service}", body(**changes))
        assert error["globalErrorCode"] == f"ORG_ZSTACK_AI_{rule}"
    zstack.admin.seed(zstack={"modelCenters": [{"uuid": center}]})
    error = zstack.failed("PUT", f"{SERVICES}/{zstack.create()}", body())
    assert error["globalErrorCode"] == "ORG_ZSTACK_AI_10077"
    assert deploy(zstack, l3NetworkUuids=[UUID])["status"] == "Deploying"
    missing = zstack.failed("PUT", f"{SERVICES}/{GONE}", body())
    assert missing["code"] == "SYS.1003"


def test_an_update_of_the_environment_deploys_anew(zstack: ZStackClient) -> None:
    group = deploy(zstack)["uuid"]
    zstack.admin.advance(100)
    change = "updateModelServiceInstanceGroup"
    for changes, expected in (
        ({"name": "h"}, "Running"),
        ({"environmentVariables": {"A": "1"}}, "Deploying"),
    ):
        changed = zstack.done("PUT", f"{UPDATE}/{group}", {change: changes})["inventory"]
        assert changed["status"] == expected
    assert (changed["name"], changed["yaml"]) == ("h", "services: []\nenv:\n- A:1")
    zstack.admin.advance(100)
    assert status(zstack, group) == "Running"
    error = zstack.failed("PUT", f"{UPDATE}/{group}", {change: {"name": "n" * 256}})
    assert "exceeds max length of string" in error["details"]
    # The path has one API only: a wrong key is no error, and nothing is changed.
    wrong = zstack.failed("PUT", f"{UPDATE}/{GONE}", {"params": {"name": "x"}})
    assert wrong["code"] == "SYS.1003"
    assert zstack.done("PUT", f"{UPDATE}/{group}", {"params": {"name": "x"}})["inventory"][
        "name"
    ] == ("h")


def test_fails_by_admin_and_by_model(zstack: ZStackClient) -> None:
    group = deploy(zstack)["uuid"]
    zstack.admin.advance(100)
    url = shown(zstack, group)["instances"][0]["url"]
    for wanted in ("Error", "Stopped", "Unknown", "Running"):
        zstack.admin.fail(group, status=wanted)
        assert status(zstack, group) == wanted
        assert requests.get(url, timeout=10).ok is (wanted == "Running")
    with pytest.raises(requests.HTTPError, match="status"):
        zstack.admin.fail(group, status="Connected")
    zstack.admin.seed(zstack={"models": [{"uuid": MODEL, "fails": "no such file"}]})
    doomed = deploy(zstack, modelUuid=MODEL)["uuid"]
    zstack.admin.advance(99)
    assert status(zstack, doomed) == "Error"
    assert zstack.query("/v1/ai/models")["inventories"][0].keys() & {"fails", "_fails"} == set()


def test_groups_end(zstack: ZStackClient) -> None:
    service = zstack.create()
    first = deploy(zstack, service)["uuid"]
    evaluation = zstack.create(type="ModelEval")
    second = deploy(zstack, evaluation, modelServiceGroupUuids=[first])["uuid"]
    error = zstack.failed("DELETE", f"{GROUPS}/{first}")
    assert error["globalErrorCode"] == "ORG_ZSTACK_AI_10086"
    zstack.done("DELETE", f"{SERVICES}/{service}")
    assert "modelServiceUuid" not in shown(zstack, first)
    for uuid in (second, first, first):
        assert zstack.done("DELETE", f"{GROUPS}/{uuid}") == {}
    assert zstack.query(f"{GROUPS}/")["inventories"] == []


def test_a_model_that_is_used_stays(zstack: ZStackClient) -> None:
    zstack.admin.seed(zstack={"models": [{"uuid": MODEL}]})
    group = deploy(zstack, modelUuid=MODEL)["uuid"]
    error = zstack.failed("DELETE", f"/v1/ai/models/{MODEL}")
    assert error["globalErrorCode"] == "ORG_ZSTACK_AI_10082"
    zstack.done("DELETE", f"{GROUPS}/{group}")
    assert zstack.done("DELETE", f"/v1/ai/models/{MODEL}") == {}
    # Once a kind is seeded, what is gone does not exist any more.
    error = zstack.failed("PUT", f"{SERVICES}/{zstack.create()}", body(modelUuid=MODEL))
    assert error["code"] == "SYS.1003"


# --- as a part of the emulator ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("status_", "kind", "text"),
    [(503, "json", "SYS.1006"), (429, "plain", "Rate limit exceeded"), (500, "plain", "injected")],
)
def test_faults_have_the_vendors_shape(
    zstack: ZStackClient, status_: int, kind: str, text: str
) -> None:
    rule = {"cloud": "zstack", "operation": "QueryModelService", "fault": "status"}
    zstack.admin.faults({**rule, "status": status_, "times": 1})
    answer = zstack.call("GET", SERVICES)
    assert answer.status_code == status_
    assert kind in answer.headers["Content-Type"]
    assert text in answer.text
    assert zstack.call("GET", SERVICES).status_code == 200


def test_a_fault_may_have_a_code(zstack: ZStackClient) -> None:
    rule = {"cloud": "zstack", "operation": "QueryModelService", "fault": "status"}
    zstack.admin.faults({**rule, "code": "SYS.1007"})
    answer = zstack.call("GET", SERVICES)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SYS.1007")


def test_a_lost_answer_can_be_asked_for_by_its_job(zstack: ZStackClient) -> None:
    job = "c" * 32
    zstack.admin.faults({"operation": "DeployModelService", "fault": "lost-response", "times": 1})
    path = f"{SERVICES}/{zstack.create()}"
    with pytest.raises(requests.ConnectionError):
        zstack.call("PUT", path, body(resourceUuid=UUID), job=job)
    zstack.admin.advance(10)
    assert zstack.poll(job).json()["inventory"]["uuid"] == UUID


def test_a_job_can_be_made_to_expire(zstack: ZStackClient) -> None:
    job = "f" * 32
    zstack.done("POST", SERVICES, {"param": zstack.param()}, job=job)
    zstack.admin.faults({"operation": "QueryApiJob", "fault": "status", "status": 404, "times": 1})
    expired = zstack.poll(job)
    assert (expired.status_code, expired.text) == (404, "the job has been expired")
    assert zstack.poll(job).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status_"),
    [
        ("GET", "/v1/nonsense", 404),
        ("PATCH", SERVICES, 405),
        ("POST", f"{GROUPS}/", 405),
    ],
)
def test_unknown_requests_are_refused_in_plain_text(
    zstack: ZStackClient, method: str, path: str, status_: int
) -> None:
    answer = zstack.call(method, path)
    assert answer.status_code == status_
    assert "plain" in answer.headers["Content-Type"]
    assert zstack.admin.requests("Unknown")[0]["cloud"] == "zstack"


def test_a_body_tells_the_apis_of_a_path_apart() -> None:
    cloud = ZStack(Clock(1), str)
    routes: dict[tuple[str, str], list[str]] = {}
    for row in cloud.operations:
        assert row.path.startswith(cloud.prefixes)
        routes.setdefault((row.method, row.path), []).append(row.name)
    shared = {route: names for route, names in routes.items() if len(names) > 1}
    assert shared == {
        ("PUT", f"/zstack{SERVICES}/{{uuid}}"): ["UpdateModelService", "DeployModelService"]
    }


def test_the_journal_has_the_vendors_names(zstack: ZStackClient) -> None:
    uuid = zstack.create()
    deploy(zstack, uuid)
    zstack.update(uuid, name="x")
    names = [row["operation"] for row in zstack.admin.requests() if row["method"] != "GET"]
    assert names == [
        "LogInByAccount",
        "AddModelService",
        "DeployModelService",
        "UpdateModelService",
    ]


def test_the_state_file_keeps_all_of_it(tmp_path: Path, make_zstack: Any) -> None:
    state = tmp_path / "state.json"
    job = "e" * 32
    with Emulator(deploy_time=100, state=state) as emulator, make_zstack(emulator) as client:
        group = deploy(client, modelUuid=MODEL)["uuid"]
        client.call("POST", SERVICES, {"param": client.param(name="late")}, job=job)
        session = client.session.headers["Authorization"]
        before = emulator.admin.resources("zstack")
    with Emulator(deploy_time=100, state=state) as emulator, make_zstack(emulator) as client:
        after = emulator.admin.resources("zstack")
        assert [each["uuid"] for each in after] == [each["uuid"] for each in before]
        client.session.headers["Authorization"] = session
        assert client.poll(job).status_code == 202
        emulator.admin.advance(100)
        assert client.poll(job).json()["inventory"]["name"] == "late"
        assert status(client, group) == "Running"
