"""ZStack's query language, and what is queried besides model services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import ZStackClient

SERVICES = "/v1/ai/model-services"
MODEL = "0" * 32


@pytest.fixture
def three(zstack: ZStackClient) -> ZStackClient:
    zstack.create(name="alpha", requestCpu=2, description="first")
    zstack.create(name="beta", requestCpu=4, type="App", modelUuids=[MODEL])
    zstack.create(name="gamma", requestCpu=8, system=True)
    return zstack


def names(zstack: ZStackClient, *pairs: tuple[str, str]) -> list[str]:
    return [row["name"] for row in zstack.services(*pairs)]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["name=alpha"], "a"),
        (["name=ALPHA"], "a"),
        (["name!=alpha"], "bg"),
        (["requestCpu>=4"], "bg"),
        (["requestCpu<=4"], "ab"),
        (["requestCpu>4"], "g"),
        (["requestCpu<4"], "a"),
        (["name?=alpha,gamma"], "ag"),
        (["name!?=alpha,gamma"], "b"),
        (["name~=%et%"], "b"),
        (["name~=_eta"], "b"),
        (["name!~=%a%"], ""),
        (["description is null"], "bg"),
        (["description not null"], "a"),
        (["system=true"], "g"),
        (["type=App"], "b"),
        (["modelServiceRefs.modelUuid=" + MODEL], "b"),
        (["requestCpu>2", "system=false"], "b"),
        (["description!=other"], "a"),
        (["name=a!=b"], None),
        (["createDate>2020-01-01 00:00:00"], "abg"),
        (["createDate<2020-01-01 00:00:00"], ""),
    ],
)
def test_conditions(three: ZStackClient, conditions: list[str], expected: str | None) -> None:
    pairs = [("q", condition) for condition in conditions]
    if expected is None:  # `!=` is tried before `=`, so this asks for a field `name=a`
        answer = three.call("GET", SERVICES, params=pairs)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SYS.1007")
    else:
        assert "".join(name[0] for name in names(three, *pairs)) == expected


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("sort", "-name")], ["gamma", "beta", "alpha"]),
        ([("sort", "+requestCpu")], ["alpha", "beta", "gamma"]),
        ([("sort", "name"), ("limit", "2")], ["alpha", "beta"]),
        ([("sort", "name"), ("start", "2")], ["gamma"]),
        ([("sort", "name"), ("groupBy", "type")], ["alpha", "beta"]),
    ],
)
def test_orders_and_pages(
    three: ZStackClient, pairs: list[tuple[str, str]], expected: list[str]
) -> None:
    assert names(three, *pairs) == expected


def test_counts(three: ZStackClient) -> None:
    assert three.query(SERVICES, ("count", "true"), ("q", "requestCpu>2")) == {"total": 2}
    found = three.query(SERVICES, ("replyWithCount", "true"), ("limit", "1"))
    assert (len(found["inventories"]), found["total"]) == (1, 3)
    assert list(found["schema"]) == ["inventories[0]"]


def test_picks_fields(three: ZStackClient) -> None:
    rows = three.services(("fields", "name,description"), ("fields", "uuid"), ("sort", "name"))
    assert rows == [{"name": "alpha", "description": "first"}, {"name": "beta"}, {"name": "gamma"}]


@pytest.mark.parametrize(
    ("pair", "status", "text"),
    [
        (("q", "name"), 400, "no operator"),
        (("limit", "many"), 400, "[limit]"),
        (("q", "nome=x"), 503, "not having field[nome]"),
        (("sort", "nome"), 503, "not having field[nome]"),
        (("fields", "nome"), 503, "not having field[nome]"),
    ],
)
def test_refuses_queries(
    zstack: ZStackClient, pair: tuple[str, str], status: int, text: str
) -> None:
    answer = zstack.call("GET", SERVICES, params=[pair])
    assert answer.status_code == status
    assert text in answer.text


def test_ignores_unknown_parameters_but_not_two_values(three: ZStackClient) -> None:
    assert len(names(three, ("unheardOf", "1"))) == 3
    answer = three.call("GET", SERVICES, params=[("limit", "1"), ("limit", "2")])
    assert answer.status_code == 400


# --- what else there is -----------------------------------------------------------------------

UUID = "1" * 32


@pytest.mark.parametrize(
    ("seed", "path", "expected"),
    [
        ("zones", "/v1/zones", {"state": "Enabled"}),
        ("modelCenters", "/v1/ai/model-centers", {"status": "Connected"}),
        ("models", "/v1/ai/models", {"size": 0}),
        ("gpuSpecs", "/v1/pci-device-specs", {"vendor": "NVIDIA"}),
        ("gpuDevices", "/v1/gpu-device/gpu-devices", {"gpuStatus": "Normal"}),
        ("images", "/v1/images", {"status": "Ready"}),
        ("datasets", "/v1/ai/datasets", {"size": 0}),
        ("tags", "/v1/tags", {"type": "simple"}),
    ],
)
def test_queries_what_was_seeded(
    zstack: ZStackClient, seed: str, path: str, expected: dict[str, Any]
) -> None:
    assert zstack.query(path)["inventories"] == []
    zstack.admin.seed(zstack={seed: [{"uuid": UUID, "name": "one"}, {"uuid": "2" * 32}]})
    (row,) = zstack.query(path, ("q", "name=one"))["inventories"]
    assert {name: row[name] for name in expected} == expected
    assert zstack.query(f"{path}/{UUID}")["inventories"] == [row]
    assert row["uuid"] == UUID


@pytest.mark.parametrize(
    "seed",
    [
        {"unheardOf": []},
        {"zones": [{}]},
        {"zones": [{"uuid": UUID, "fails": 1}], "models": [{"uuid": UUID, "fails": ""}]},
        {"managementNode": {"timeZone": "Nowhere"}},
        {"modelServices": []},
    ],
)
def test_refuses_seeds(zstack: ZStackClient, seed: dict[str, Any]) -> None:
    url = f"{zstack.emulator.url}/_emulator/seed"
    answer = zstack.session.post(url, json={"zstack": seed}, timeout=10)
    assert answer.status_code == 400
    assert "zstack" in answer.json()["error"]


def test_model_centers_and_models_come_and_go(zstack: ZStackClient) -> None:
    centers, models = "/v1/ai/model-centers", "/v1/ai/models"
    param = {"name": "c", "url": "u:/x", "managementIp": "10.0.0.1", "managementPort": 5000}
    center = zstack.done("POST", centers, {"param": param})["inventory"]
    assert (center["status"], center["managementPort"]) == ("Connected", 5000)
    changed = zstack.done(
        "PUT", f"{centers}/{center['uuid']}", {"updateModelCenter": {"name": "d"}}
    )
    assert changed["inventory"]["name"] == "d"
    service = zstack.create(modelCenterUuid=center["uuid"])
    param = {
        "name": "m",
        "installPath": "p",
        "modelCenterUuid": center["uuid"],
        "modelServiceUuids": [service],
        "token": "secret",
    }
    model = zstack.done("POST", models, {"param": param})["inventory"]
    assert "token" not in model
    assert zstack.admin.requests("AddModel")[0]["body"]["param"]["token"] == "******"
    assert zstack.show(service)["modelServiceRefs"][0]["modelUuid"] == model["uuid"]
    assert zstack.done("DELETE", f"{models}/{model['uuid']}") == {}
    assert zstack.show(service)["modelServiceRefs"] == []
    assert zstack.done("DELETE", f"{centers}/{center['uuid']}") == {}
    assert zstack.query(centers)["inventories"] == zstack.query(models)["inventories"] == []


# --- tags -------------------------------------------------------------------------------------


def tags(zstack: ZStackClient, kind: str, uuid: str) -> list[str]:
    rows = zstack.query(f"/v1/{kind}-tags", ("q", f"resourceUuid={uuid}"))["inventories"]
    assert all(row["resourceType"] == "ModelServiceVO" for row in rows)
    return [row["tag"] for row in rows]


def test_tags_stand_beside_the_parameters(zstack: ZStackClient) -> None:
    zstack.admin.seed(zstack={"tags": [{"uuid": UUID, "name": "blue"}]})
    body = {
        "param": zstack.param(tagUuids=[UUID], systemTags=["ignored::x"]),
        "systemTags": ["a::b"],
        "userTags": ["mine"],
    }
    uuid = zstack.done("POST", SERVICES, body)["inventory"]["uuid"]
    assert tags(zstack, "system", uuid) == ["a::b"]
    assert tags(zstack, "user", uuid) == ["mine", "blue"]
    assert "userTags" not in zstack.show(uuid)
    for pair in ("__systemTag__=a::b", "__userTag__=mine", f"__tagUuid__={UUID}"):
        assert [row["uuid"] for row in zstack.services(("q", pair))] == [uuid]
    assert zstack.services(("q", "__userTag__=other")) == []
    zstack.done("DELETE", f"{SERVICES}/{uuid}")
    assert tags(zstack, "user", uuid) == []


def test_tags_come_and_go(zstack: ZStackClient) -> None:
    uuid = zstack.create()
    params = {"resourceType": "ModelServiceVO", "resourceUuid": uuid, "tag": "t"}
    for kind in ("system", "user"):
        made = zstack.done("POST", f"/v1/{kind}-tags", {"params": params})["inventory"]
        assert tags(zstack, kind, uuid) == ["t"]
        assert zstack.done("DELETE", f"/v1/tags/{made['uuid']}") == {}
        assert tags(zstack, kind, uuid) == []
    error = zstack.failed("POST", "/v1/user-tags", {"params": {**params, "resourceUuid": UUID}})
    assert error["code"] == "SYS.1007"


def test_tags_are_attached_and_detached(zstack: ZStackClient) -> None:
    uuid, path = zstack.create(), f"/v1/tags/{UUID}/resources"
    zstack.admin.seed(zstack={"tags": [{"uuid": UUID, "name": "blue"}]})
    body = {"params": {"resourceUuids": [uuid, "2" * 32]}}
    for _ in range(2):
        results = zstack.done("POST", path, body)["results"]
        assert [row["success"] for row in results] == [True, False]
        assert tags(zstack, "user", uuid) == ["blue"]
    assert zstack.done("DELETE", f"{path}?resourceUuids.0={uuid}") == {}
    assert tags(zstack, "user", uuid) == []
