"""Lists: filters, order, pages; and the lookups of what services refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.emulator.huawei_iam import PROJECT_ID

if TYPE_CHECKING:
    from conftest import Client


@pytest.fixture
def fleet(client: Client) -> dict[str, str]:
    """Five services, created one second apart, each in a state of its own."""
    ids = {}
    for number in range(4):
        client.admin.advance(1)
        ids[f"web-{number}"] = client.create(
            settled=False,
            service_name=f"web-{number}",
            workspace_id=str(number % 2),
            config=[client.config(model_id=f"model-{number % 3}")],
        )
    client.admin.advance(1)
    batch = client.golden("create-batch-file")
    ids["batchservicetest"] = client.ok("POST", "/services", batch)["service_id"]
    client.admin.advance(client.deploy_seconds)
    client.update(ids["web-0"], status="stopped")
    client.admin.advance(client.deploy_seconds / 4)
    return ids


def names(client: Client, **query: Any) -> list[str]:
    found = client.ok("GET", "/services", params=query)
    assert found["count"] == len(found["services"])
    return [row["service_name"] for row in found["services"]]


#: query -> names, newest first
QUERIES = [
    ({}, ["batchservicetest", "web-3", "web-2", "web-1", "web-0"]),
    ({"service_name": "web-2"}, ["web-2"]),
    ({"service_name": "web"}, ["web-3", "web-2", "web-1", "web-0"]),
    ({"service_name": ""}, ["batchservicetest", "web-3", "web-2", "web-1", "web-0"]),
    ({"service_name": "nobody"}, []),
    ({"infer_type": "batch"}, ["batchservicetest"]),
    ({"infer_type": "edge"}, []),
    ({"status": "stopped"}, ["web-0"]),
    ({"status": "running", "workspace_id": "1"}, ["web-3", "web-1"]),
    ({"model_id": "model-0"}, ["web-3", "web-0"]),
    ({"cluster_id": "8abf68a969c3cb3a0169c4acb24b****"}, ["batchservicetest"]),
    ({"order": "asc"}, ["web-0", "web-1", "web-2", "web-3", "batchservicetest"]),
    (
        {"sort_by": "service_name", "order": "asc"},
        ["batchservicetest", "web-0", "web-1", "web-2", "web-3"],
    ),
    ({"sort_by": "transition_at", "limit": "1"}, ["web-0"]),
    ({"limit": "2"}, ["batchservicetest", "web-3"]),
    ({"limit": "2", "offset": "2"}, ["web-2", "web-1"]),
    ({"limit": "2", "offset": "4"}, ["web-0"]),
    ({"offset": "9"}, []),
    ({"unheard_of": "1", "limit": "1"}, ["batchservicetest"]),
]


def test_filters_sorts_and_pages(client: Client, fleet: dict[str, str]) -> None:
    assert len(fleet) == 5
    for query, expected in QUERIES:
        assert names(client, **query) == expected, query


def test_counts_all_matches_and_those_of_the_page(client: Client, fleet: dict[str, str]) -> None:
    found = client.ok("GET", "/services", params={"infer_type": "real-time", "limit": 3})
    assert (found["total_count"], found["count"], len(fleet)) == (4, 3, 5)
    found = client.ok("GET", "/services", params={"service_id": fleet["web-1"]})
    assert found["services"][0]["service_id"] == fleet["web-1"]


def test_items_have_no_config_network_or_address(client: Client, fleet: dict[str, str]) -> None:
    params = {"service_id": fleet["web-3"]}
    (item,) = client.ok("GET", "/services", params=params)["services"]
    shown = client.show(fleet["web-3"])
    assert set(shown) - set(item) == {"config", "access_address"}
    assert set(item) - set(shown) == {"is_opened_sample_collection"}


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "many"},
        {"limit": "-1"},
        {"offset": "1.5"},
        {"sort_by": "owner"},
        {"order": "random"},
        {"status": "dead"},
        {"infer_type": "real"},
    ],
)
def test_refuses_queries(client: Client, query: Any) -> None:
    (name,) = query
    response = client.call("GET", "/services", params=query)
    assert response.status_code == 400
    assert name in response.json()["error_msg"]


def test_events_are_filtered_and_paged(client: Client) -> None:
    service_id = client.create()
    client.admin.fail(service_id, "boom")
    path = f"/services/{service_id}/events"
    every = client.ok("GET", path)
    assert every["total_count"] == every["count"] == len(every["events"]) == 9
    assert every["events"][0]["event_info"] == "service failed: boom"
    assert [row["event_type"] for row in every["events"]].count("abnormal") == 1
    images = client.ok("GET", path, params={"event_info": "image", "order": "asc", "limit": 2})
    assert (images["total_count"], images["count"]) == (3, 2)
    first = every["events"][-1]["occur_time"]
    late = client.ok("GET", path, params={"start_time": first + 1})
    assert late["total_count"] == 8
    assert client.ok("GET", path, params={"end_time": first})["total_count"] == 1


def test_monitor_counts_instances(client: Client) -> None:
    configs = [client.config(weight=50, model_id=name, instance_count=2) for name in "ab"]
    service_id = client.create(settled=False, config=configs)
    shown = client.ok("GET", f"/services/{service_id}/monitor")
    assert shown["service_instance_count"] == 4
    assert shown["service_running_instance_count"] == 0
    client.admin.advance(client.deploy_seconds)
    client.ok("POST", f"/v1/infers/{service_id}")
    shown = client.ok("GET", f"/services/{service_id}/monitor")
    assert shown["service_running_instance_count"] == 4
    assert [row["invocation_times"] for row in shown["monitors"]] == [1, 0]


def test_specifications_are_listed(client: Client) -> None:
    found = client.ok("GET", "/services/specifications", params={"infer_type": "real-time"})
    assert found["total_count"] == found["count"] == len(found["specifications"])
    assert "modelarts.vm.cpu.2u" in {row["specification"] for row in found["specifications"]}
    assert client.ok("GET", "/services/specifications", params={"limit": "1"})["count"] == 1
    client.admin.seed(modelarts={"specifications": [{"specification": "own", "is_free": True}]})
    (own,) = client.ok("GET", "/services/specifications")["specifications"]
    assert (own["specification"], own["is_free"], own["spec_status"]) == ("own", True, "normal")


MODELS = [
    {"model_id": "m1", "model_name": "mnist", "model_version": "1.0.0"},
    {"model_id": "m2", "model_name": "mnist", "model_version": "1.0.1"},
    {"model_id": "m3", "model_name": "mnist-big", "model_status": "building"},
    {"model_id": "m4", "model_name": "rows", "model_version": "3.0.0", "install_type": ["batch"]},
    {"model_id": "m5", "model_name": "other", "model_version": "1.0.0"},
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["m1", "m2", "m3", "m4", "m5"]),
        ({"model_name": "mnist"}, ["m1", "m2", "m3"]),
        ({"model_name": "mnist", "exact_match": "true"}, ["m1", "m2"]),
        ({"model_name": "mnist", "model_version": "1.0.1"}, ["m2"]),
        ({"model_status": "building"}, ["m3"]),
        ({"limit": "1", "offset": "1"}, ["m2"]),
    ],
)
def test_models_are_listed(client: Client, query: Any, expected: Any) -> None:
    client.admin.seed(modelarts={"models": MODELS})
    found = client.ok("GET", "/models", params=query)
    assert [row["model_id"] for row in found["models"]] == expected


def test_a_model_is_shown_and_any_is_until_one_is_seeded(client: Client) -> None:
    assert client.ok("GET", "/models/anything")["model_status"] == "published"
    assert client.ok("GET", "/models")["total_count"] == 0
    client.admin.seed(modelarts={"models": MODELS})
    assert client.ok("GET", "/models/m3")["model_status"] == "building"
    assert client.refused("GET", "/models/anything") == (404, "3001")


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["m1"], None),
        (["m1", "m2"], None),
        (["nobody"], (404, "3507")),
        (["m3"], (400, "3515")),
        (["m4"], (400, "3589")),
        (["m1", "m5"], (400, "3516")),
    ],
)
def test_seeded_models_are_looked_up(client: Client, ids: list[str], expected: Any) -> None:
    client.admin.seed(modelarts={"models": MODELS})
    configs = [client.config(model_id=name, weight=100 // len(ids)) for name in ids]
    body = client.real_time(config=configs)
    if expected is None:
        service_id = client.ok("POST", "/services", body)["service_id"]
        shown = client.show(service_id)["config"]
        assert [row["model_name"] for row in shown] == ["mnist"] * len(ids)
        assert [row["model_version"] for row in shown] == ["1.0.0", "1.0.1"][: len(ids)]
    else:
        assert client.refused("POST", "/services", body) == expected


def test_updates_look_models_up_too(client: Client) -> None:
    client.admin.seed(modelarts={"models": MODELS})
    service_id = client.create(config=[client.config(model_id="m1")])
    body = {"config": [client.config(model_id="nobody")]}
    assert client.refused("PUT", f"/services/{service_id}", body) == (404, "3507")


def test_automl_models_are_marked(client: Client) -> None:
    client.admin.seed(modelarts={"models": [{"model_id": "auto", "model_source": "auto"}]})
    service_id = client.create(config=[client.config(model_id="auto")])
    assert client.show(service_id)["config"][0]["source_type"] == "auto"


def test_a_pool_of_the_new_generation_is_shown_with_its_phase(client: Client) -> None:
    path = f"/v2/{PROJECT_ID}/pools/"

    def phase(name: str) -> str:
        return str(client.ok("GET", path + name)["status"]["phase"])

    assert phase("any") == "Running"
    pools = [{"pool_name": "up"}, {"pool_name": "down", "status": "abnormal"}]
    client.admin.seed(modelarts={"pools": pools})
    assert (phase("up"), phase("down")) == ("Running", "Abnormal")
    assert client.refused("GET", path + "other") == (404, "3547")


def test_pools_are_listed_and_looked_up(client: Client) -> None:
    client.admin.seed(
        modelarts={"pools": [{"pool_name": "new"}], "clusters": [{"cluster_id": "old"}]}
    )
    found = client.ok("GET", "/clusters")
    assert [row["cluster_id"] for row in found["clusters"]] == ["new", "old"]
    client.create(pool_name="new", service_name="a")
    client.create(cluster_id="old", service_name="b")
    body = client.real_time(pool_name="unknown")
    assert client.refused("POST", "/services", body) == (400, "3547")
    body = client.real_time(pool_name="new", config=[client.config(pool_name="unknown")])
    assert client.refused("POST", "/services", body) == (400, "3547")


def test_flavors_are_looked_up(client: Client) -> None:
    client.admin.seed(modelarts={"specifications": [{"specification": "a.free", "is_free": True}]})
    assert client.refused("POST", "/services", client.real_time()) == (400, "3835")
    free = {"specification": "a.free", "weight": 50}
    configs = [client.config(**free), client.config(model_id="other", **free)]
    assert client.refused("POST", "/services", client.real_time(config=configs)) == (400, "0107")
    service_id = client.create(config=[client.config(specification="a.free")])
    assert client.show(service_id)["is_free"] is True


def test_services_of_others_are_shown_but_not_touched(client: Client) -> None:
    foreign = client.real_time(service_name="theirs")
    client.admin.seed(
        modelarts={
            "services": [
                {**foreign, "service_id": "s-1", "owner": "somebody", "publish_at": 1},
                {**client.real_time(service_name="ours"), "status": "stopped"},
            ]
        }
    )
    shown = client.show("s-1")
    assert (shown["status"], shown["owner"], shown["publish_at"]) == ("running", "somebody", 1)
    assert client.refused("DELETE", "/services/s-1") == (400, "3540")
    assert client.refused("PUT", "/services/s-1", {"description": "mine"}) == (400, "3540")
    assert client.refused("POST", "/services", foreign) == (409, "3503")
    assert names(client, status="stopped") == ["ours"]
