"""Model services of ZStack: jobs, envelopes, annotations, the plugin's rules, updates, ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from conftest import ZStackClient

SERVICES = "/v1/ai/model-services"
UUID = "5d94103e19254d8696c0f05489c259ab"
CENTER = "a" * 32
MODEL = "0" * 32


# --- jobs -------------------------------------------------------------------------------------


def test_a_call_becomes_a_job_that_takes_time(zstack: ZStackClient) -> None:
    accepted = zstack.call("POST", SERVICES, {"param": zstack.param(resourceUuid=UUID)})
    assert accepted.status_code == 202
    document = accepted.json()
    assert set(document) == {"location", "apiTimeout"}
    assert document["apiTimeout"] == 1800000
    location = document["location"]
    assert re.fullmatch(
        re.escape(zstack.emulator.url) + r"/zstack/v1/api-jobs/[0-9a-f]{32}", location
    )
    running = requests.get(location, timeout=10)
    assert (running.status_code, running.json()) == (202, {})
    assert zstack.services() == []
    zstack.admin.advance(10)
    done = requests.get(location, timeout=10)
    assert (done.status_code, done.json()["inventory"]["uuid"]) == (200, UUID)
    assert [each["uuid"] for each in zstack.services()] == [UUID]


def test_a_job_answers_for_three_hours_even_if_its_object_is_gone(zstack: ZStackClient) -> None:
    job = "a" * 32
    zstack.done("POST", SERVICES, {"param": zstack.param(resourceUuid=UUID)}, job=job)
    zstack.done("DELETE", f"{SERVICES}/{UUID}")
    zstack.admin.advance(3 * 3600 - 60)
    assert zstack.poll(job).json()["inventory"]["uuid"] == UUID
    duplicate = zstack.call("POST", SERVICES, {"param": zstack.param()}, job=job)
    assert (duplicate.status_code, duplicate.text) == (400, f"Duplicate job uuid[{job}]")
    zstack.admin.advance(120)
    expired = zstack.poll(job)
    assert (expired.status_code, expired.text) == (404, "the job has been expired")
    assert zstack.call("POST", SERVICES, {"param": zstack.param()}, job=job).status_code == 202


def test_a_job_that_is_polled_with_another_verb_is_refused(zstack: ZStackClient) -> None:
    assert zstack.call("POST", f"/v1/api-jobs/{UUID}", {}).status_code == 405


@pytest.mark.parametrize(
    ("header", "value", "text"),
    [("X-Job-UUID", "short", "X-Job-UUID"), ("X-API-Timeout", "soon", "X-API-Timeout")],
)
def test_refuses_headers_at_once(zstack: ZStackClient, header: str, value: str, text: str) -> None:
    zstack.session.headers[header] = value
    refused = zstack.call("POST", SERVICES, {"param": zstack.param()})
    assert refused.status_code == 400
    assert text in refused.text


def test_a_job_that_takes_longer_than_asked_times_out(zstack: ZStackClient) -> None:
    zstack.session.headers["X-API-Timeout"] = "1"
    assert zstack.failed("POST", SERVICES, {"param": zstack.param()})["code"] == "SYS.1001"
    assert zstack.services() == []


def test_the_location_may_be_the_nodes_own(zstack: ZStackClient) -> None:
    zstack.admin.seed(zstack={"managementNode": {"address": "10.0.0.5:8080"}})
    location = zstack.call("POST", SERVICES, {"param": zstack.param()}).json()["location"]
    assert location.startswith("http://10.0.0.5:8080/zstack/v1/api-jobs/")


# --- envelopes --------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [{}, {"params": {"name": "demo"}}, {"param": None}, None])
def test_a_wrong_key_makes_an_empty_message(zstack: ZStackClient, body: Any) -> None:
    error = zstack.failed("POST", SERVICES, body)
    assert error["code"] == "SYS.1007"
    assert error["details"] == (
        "field[name] of message[org.zstack.header.message.ApiMessageParamValidator]"
        " is mandatory, can not be null"
    )


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"param": {"name": "x"}}, 400, "the body doesn't contain action mapping to the URL["),
        (None, 500, "NullPointerException"),
        ({"updateModelService": []}, 500, "updateModelService"),
    ],
)
def test_a_body_selects_the_api_of_a_shared_path(
    zstack: ZStackClient, body: Any, status: int, text: str
) -> None:
    answer = zstack.call("PUT", f"{SERVICES}/{zstack.create()}", body)
    assert answer.status_code == status
    assert text in answer.text
    assert "json" not in answer.headers["Content-Type"]


def test_the_uuid_of_the_path_wins(zstack: ZStackClient) -> None:
    uuid = zstack.create()
    changed = zstack.update(uuid, uuid="f" * 32, name="other")
    assert (changed["uuid"], changed["name"]) == (uuid, "other")


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        (
            {"requestCpu": 4.5},
            400,
            "[requestCpu] field is excepted an int or long, but was [4.5].",
        ),
        ({"requestCpu": True}, 400, "[requestCpu]"),
        ({"requestMemory": "many"}, 400, "[requestMemory]"),
        ({"system": "yes"}, 400, "[system]"),
        ({"requestCpu": 2**31}, 500, "requestCpu"),
        ({"name": {}}, 500, "name"),
        ({"architectureImages": ["<architectureImages>"]}, 500, "architectureImages"),
        ({"vendorToSpecUuidsMap": {"NVIDIA": "x"}}, 500, "vendorToSpecUuidsMap"),
    ],
)
def test_refuses_types_at_once_in_plain_text(
    zstack: ZStackClient, changes: dict[str, Any], status: int, text: str
) -> None:
    refused = zstack.call("POST", SERVICES, {"param": zstack.param(**changes)})
    assert refused.status_code == status
    assert text in refused.text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"requestCpu": "4", "requestMemory": 8192.0}, {"requestCpu": 4, "requestMemory": 8192}),
        ({"system": "TRUE"}, {"system": True}),
        ({"name": "  demo\n", "yaml": "a: b\n"}, {"name": "demo", "yaml": "a: b"}),
        ({"unheardOf": 1, "dockerImage": "x"}, {"unheardOf": ..., "dockerImage": ...}),
        ({"description": None, "type": None}, {"description": ..., "type": "Endpoint"}),
        ({"description": ""}, {"description": ""}),
        ({"type": "App", "installPath": "file:///a/dify_1.11.1"}, {"version": "1.11.1"}),
        ({"containerArgs": 7}, {"containerArgs": "7"}),
    ],
)
def test_binds_as_gson_does(
    zstack: ZStackClient, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    shown = zstack.show(zstack.create(**changes))
    assert {name: shown.get(name, ...) for name in expected} == expected


# --- what is there afterwards -----------------------------------------------------------------


def test_shows_what_was_added(zstack: ZStackClient) -> None:
    images = [
        {"cpuArchitecture": "X86_64", "dockerImage": "vllm:1"},
        {"cpuArchitecture": "aarch64", "vmImageUuid": "b" * 32},
    ]
    vendors = {"NVIDIA": ["c" * 32]}
    uuid = zstack.create(
        architectureImages=images, vendorToSpecUuidsMap=vendors, modelUuids=[MODEL], zoneUuid=UUID
    )
    shown = zstack.show(uuid)
    rows = shown.pop("modelServiceImages")
    assert [
        (row["cpuArchitecture"], row.get("dockerImage"), row.get("vmImageUuid")) for row in rows
    ] == [("x86_64", "vllm:1", None), ("aarch64", None, "b" * 32)]
    assert all(row["modelServiceUuid"] == uuid for row in rows)
    (ref,) = shown.pop("modelServiceRefs")
    assert (ref["modelUuid"], ref["modelServiceUuid"]) == (MODEL, uuid)
    for name in ("createDate", "lastOpDate"):
        assert re.fullmatch(r"[A-Z][a-z]{2} \d+, \d{4} \d+:\d\d:\d\d [AP]M", shown.pop(name))
    assert shown == {
        "uuid": uuid,
        "name": "demo",
        "yaml": "services: []",
        "requestCpu": 4,
        "requestMemory": 8192,
        "modelCenterUuid": CENTER,
        "installPath": "file:///opt/demo",
        "startCommand": "python app.py",
        "type": "Endpoint",
        "source": "Other",
        "framework": "Other",
        "system": False,
        "supportDistributed": False,
        "size": 0,
        "cpuArchitectures": ["x86_64", "aarch64"],
        "vendorToSpecUuidsMap": vendors,
    }
    assert zstack.admin.resources("zstack")[0]["uuid"] == uuid


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other", "description": "d", "requestCpu": 2, "requestMemory": 1},
        {"yaml": "x: 1", "startCommand": "s", "containerCommand": "c", "containerArgs": "a"},
        {"type": "App", "source": "Bentoml", "framework": "vLLM", "pythonVersion": "3.11"},
        {"supportDistributed": True, "gpuComputeCapability": "7.5"},
        {"vendorToSpecUuidsMap": {"AMD": ["d" * 32]}},
    ],
)
def test_updates_what_is_given(zstack: ZStackClient, changes: dict[str, Any]) -> None:
    uuid = zstack.create()
    before = zstack.show(uuid)
    zstack.admin.advance(60)
    changed = zstack.update(uuid, **changes)
    assert changed == {**before, **changes, "lastOpDate": changed["lastOpDate"]}
    assert changed["lastOpDate"] != before["lastOpDate"]
    assert zstack.show(uuid) == changed


def test_an_update_ignores_what_it_does_not_have(zstack: ZStackClient) -> None:
    uuid = zstack.create()
    before = zstack.show(uuid)
    changed = zstack.update(uuid, installPath="x", modelCenterUuid="y", condaVersion="z")
    assert {**changed, "lastOpDate": ""} == {**before, "lastOpDate": ""}


def test_an_update_replaces_images(zstack: ZStackClient) -> None:
    changed = zstack.update(
        zstack.create(),
        architectureImages=[{"cpuArchitecture": "aarch64", "dockerImage": "new"}],
    )
    (row,) = changed["modelServiceImages"]
    assert (row["dockerImage"], changed["cpuArchitectures"]) == ("new", ["aarch64"])


def test_an_update_edits_the_yaml(zstack: ZStackClient) -> None:
    uuid = zstack.create(yaml="services:\n- name: a\n  ports: [1]\nenv: ['A:1']")
    changed = zstack.update(
        uuid,
        servicePorts=[3000],
        serviceLivez="/livez",
        serviceBootupTime=30,
        environmentParameters={"B": "2"},
    )
    assert changed["yaml"] == (
        "services:\n- name: a\n  ports:\n  - 3000\n  livez: /livez\n  serviceBootupTime: 30\n"
        "env:\n- B:2"
    )


def test_clones_with_changes(zstack: ZStackClient) -> None:
    uuid = zstack.create(system=True, description="d")
    clone = zstack.done("POST", f"{SERVICES}/{uuid}", {"params": {"name": "copy", "readme": "r"}})
    shown = zstack.show(clone["inventory"]["uuid"])
    assert shown["uuid"] != uuid
    assert (shown["name"], shown["description"], shown["readme"]) == ("copy", "d", "r")
    assert (shown["system"], shown["cpuArchitectures"]) == (False, ["x86_64"])


def test_binds_and_unbinds_models(zstack: ZStackClient) -> None:
    uuid = zstack.create()
    path = f"/v1/ai/models/{MODEL}/model-services/{uuid}"
    for _ in range(2):
        bound = zstack.done("POST", path, {"param": {}})["inventory"]
        assert [ref["modelUuid"] for ref in bound["modelServiceRefs"]] == [MODEL]
    for _ in range(2):
        assert zstack.done("DELETE", path) == {}
        assert zstack.show(uuid)["modelServiceRefs"] == []


def test_deletes_also_what_is_gone(zstack: ZStackClient) -> None:
    uuid = zstack.create()
    for _ in range(2):
        assert zstack.done("DELETE", f"{SERVICES}/{uuid}?deleteMode=Permissive") == {}
        answer = zstack.call("GET", f"{SERVICES}/{uuid}")
        assert (answer.status_code, answer.json()["inventories"]) == (200, [])
    assert zstack.failed("DELETE", f"{SERVICES}/nonsense")["code"] == "SYS.1003"
    refused = zstack.failed("DELETE", f"{SERVICES}/{uuid}?deleteMode=Never")
    assert refused["code"] == "SYS.1000"


def test_deletes_many_with_a_result_for_each(zstack: ZStackClient) -> None:
    plain, system = zstack.create(), zstack.create(system=True)
    assert zstack.failed("DELETE", f"{SERVICES}/{system}")["globalErrorCode"].endswith("_10084")
    for slash in ("", "/"):
        path = f"{SERVICES}{slash}?uuids={plain}&uuids={system}"
        results = zstack.done("DELETE", path)["results"]
        assert [row["success"] for row in results] == [True, False]
    assert zstack.done("DELETE", f"{SERVICES}/{system}?deleteMode=Enforcing") == {}
    assert zstack.services() == []


def test_a_deletion_reads_no_body(zstack: ZStackClient) -> None:
    body = {"uuids": [zstack.create()]}
    assert zstack.failed("DELETE", SERVICES, body)["details"].startswith("field[uuids]")
    assert len(zstack.services()) == 1


# --- refusals ---------------------------------------------------------------------------------

IMAGE = {"cpuArchitecture": "x86_64", "dockerImage": "i"}
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    *(
        ({name: ...}, "SYS.1007", f"field[{name}]")
        for name in (
            "name",
            "yaml",
            "requestCpu",
            "requestMemory",
            "modelCenterUuid",
            "installPath",
            "startCommand",
        )
    ),
    ({"type": "endpoint"}, "SYS.1007", "[Endpoint, FineTune, ModelEval, App], but endpoint found"),
    ({"source": "BentoML"}, "SYS.1007", "field[source]"),
    ({"modelCenterUuid": ""}, "SYS.1003", "invalid field[modelCenterUuid], resource[uuid:, type"),
    ({"zoneUuid": ""}, "SYS.1003", "ZoneVO"),
    ({"tagUuids": [None]}, "SYS.1007", "NULL element"),
    ({"resourceUuid": UUID.upper()}, "SYS.1007", "resourceUuid["),
    ({"resourceUuid": "0" * 32}, "SYS.1007", "resourceUuid["),
    ({"name": "n" * 256}, "SYS.1000", "name"),
    ({"gpuComputeCapability": "g" * 33}, "SYS.1000", "gpuComputeCapability"),
    ({"architectureImages": ...}, "10012", "architectureImages"),
    ({"architectureImages": []}, "10012", "architectureImages"),
    ({"architectureImages": [{"dockerImage": "i"}]}, "10049", "cpuArchitecture"),
    ({"architectureImages": [{**IMAGE, "cpuArchitecture": "z80"}]}, "10050", "aarch64"),
    ({"architectureImages": [IMAGE, IMAGE]}, "10055", "x86_64"),
    ({"architectureImages": [{"cpuArchitecture": "x86_64"}]}, "10051", "dockerImage"),
    ({"vendorToSpecUuidsMap": {}}, "10044", "empty"),
    ({"vendorToSpecUuidsMap": {" ": []}}, "10045", "blank"),
    ({"vendorToSpecUuidsMap": {"AMD": None}}, "10046", "AMD"),
    ({"framework": "HuggingFace"}, "10035", "SGLang"),
    ({"yaml": "a: b: c"}, "10042", "yaml"),
]


@pytest.mark.parametrize(("changes", "code", "text"), REFUSED)
def test_refuses_in_the_job(
    zstack: ZStackClient, changes: dict[str, Any], code: str, text: str
) -> None:
    error = zstack.failed("POST", SERVICES, {"param": zstack.param(**changes)})
    assert code in (error["code"], error.get("globalErrorCode", "").rpartition("_")[2])
    assert text in error["details"]
    assert zstack.services() == []


def test_a_uuid_is_used_once(zstack: ZStackClient) -> None:
    zstack.create(resourceUuid=UUID)
    error = zstack.failed("POST", SERVICES, {"param": zstack.param(resourceUuid=UUID)})
    assert error["code"] == "SYS.1000"
    zstack.done("DELETE", f"{SERVICES}/{UUID}")
    assert zstack.create(resourceUuid=UUID) == UUID


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"yaml": "a: 1", "serviceName": "x"}, "10043"),
        ({"serviceLivez": "livez"}, "10037"),
        ({"serviceReadyz": "/a b"}, "10038"),
        ({"servicePorts": [0]}, "10039"),
        ({"servicePorts": [80, 80]}, "10040"),
        ({"serviceBootupTime": 65536}, "10041"),
        ({"architectureImages": []}, "10012"),
    ],
)
def test_refuses_updates(zstack: ZStackClient, changes: dict[str, Any], rule: str) -> None:
    uuid = zstack.create()
    before = zstack.show(uuid)
    error = zstack.failed("PUT", f"{SERVICES}/{uuid}", {"updateModelService": changes})
    assert error["globalErrorCode"] == f"ORG_ZSTACK_AI_{rule}"
    assert zstack.show(uuid) == before


SEEDS: dict[str, Any] = {
    "zones": [{"uuid": "1" * 32}],
    "modelCenters": [{"uuid": CENTER}],
    "models": [{"uuid": "2" * 32}],
    "tags": [{"uuid": "3" * 32, "name": "blue"}],
    "gpuSpecs": [{"uuid": "4" * 32, "vendor": "NVIDIA"}],
    "images": [
        {"uuid": "5" * 32},
        {"uuid": "6" * 32, "state": "Disabled"},
        {"uuid": "7" * 32, "status": "Downloading"},
    ],
}


def vm(uuid: str) -> dict[str, Any]:
    return {"architectureImages": [{"cpuArchitecture": "x86_64", "vmImageUuid": uuid}]}


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ({"zoneUuid": "1" * 32}, {"zoneUuid": "9" * 32}, "SYS.1003"),
        ({"modelCenterUuid": CENTER}, {"modelCenterUuid": "9" * 32}, "SYS.1003"),
        ({"modelUuids": ["2" * 32]}, {"modelUuids": ["9" * 32]}, "10083"),
        ({"tagUuids": ["3" * 32]}, {"tagUuids": ["9" * 32]}, "SYS.1003"),
        (
            {"vendorToSpecUuidsMap": {"NVIDIA": ["4" * 32]}},
            {"vendorToSpecUuidsMap": {"AMD": ["4" * 32]}},
            "10047",
        ),
        (vm("5" * 32), vm("9" * 32), "10052"),
        (vm("5" * 32), vm("6" * 32), "10053"),
        (vm("5" * 32), vm("7" * 32), "10054"),
    ],
)
def test_references_exist_until_some_are_seeded(
    zstack: ZStackClient, good: dict[str, Any], bad: dict[str, Any], code: str
) -> None:
    zstack.create(**bad)
    zstack.admin.seed(zstack=SEEDS)
    zstack.create(**good)
    error = zstack.failed("POST", SERVICES, {"param": zstack.param(**bad)})
    assert code in (error["code"], error.get("globalErrorCode", "").rpartition("_")[2])


def test_a_failure_has_its_reason_at_the_root(zstack: ZStackClient) -> None:
    zstack.admin.seed(zstack={"modelCenters": [{"uuid": CENTER}]})
    zstack.admin.fail(CENTER, "no route to host")
    error = zstack.failed("POST", SERVICES, {"param": zstack.param()})
    assert error["code"] == "SYS.1006"
    assert error["cause"]["cause"]["details"] == "no route to host"
    zstack.admin.fail(CENTER, status="Connected")
    uuid = zstack.create()
    zstack.admin.fail(uuid, "disk full")
    error = zstack.failed("PUT", f"{SERVICES}/{uuid}", {"updateModelService": {"name": "x"}})
    assert error["cause"]["cause"]["details"] == "disk full"
    assert zstack.update(uuid, name="x")["name"] == "x"
