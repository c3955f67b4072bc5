"""Deployed services answer, and share the traffic as their weights say."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_modeldeploy.emulator.modelarts_services import Service, served_by

if TYPE_CHECKING:
    from conftest import Client


def test_answers_say_which_model_served_by_weight(client: Client) -> None:
    configs = [
        client.config(model_id="v1", weight=70),
        client.config(model_id="v2", weight=30),
    ]
    service_id = client.create(config=configs)
    address = client.show(service_id)["access_address"]
    assert address == f"{client.emulator.url}/v1/infers/{service_id}"
    served = [client.session.post(address, json={"x": n}, timeout=10).json() for n in range(100)]
    assert Counter(row["model_id"] for row in served) == {"v1": 70, "v2": 30}
    assert {row["service_id"] for row in served} == {service_id}
    assert [row["model_id"] for row in served[:10]].count("v2") == 3
    shown = client.show(service_id)
    assert (shown["invocation_times"], shown["failed_times"]) == (100, 0)


def test_a_model_of_weight_zero_serves_nobody(client: Client) -> None:
    configs = [client.config(model_id="v1", weight=0), client.config(model_id="v2", weight=100)]
    service_id = client.create(config=configs)
    paths = [f"/v1/infers/{service_id}", f"/v1/infers/{service_id}/predict/deep"]
    assert {client.ok("POST", path)["model_id"] for path in paths * 5} == {"v2"}
    assert client.ok("GET", paths[0])["model_id"] == "v2"


@pytest.mark.parametrize("settled", [True, False])
def test_a_service_that_does_not_run_is_not_available(client: Client, settled: bool) -> None:
    service_id = client.create(settled=settled)
    if settled:
        client.update(service_id, status="stopped")
    assert client.refused("POST", f"/v1/infers/{service_id}") == (404, "4203")
    shown = client.show(service_id)
    assert (shown["invocation_times"], shown["failed_times"]) == (0, 1)


def test_an_unknown_service_is_not_available(client: Client) -> None:
    assert client.refused("POST", "/v1/infers/unknown") == (404, "4203")


def test_predictions_need_credentials(client: Client) -> None:
    service_id = client.create()
    address = client.show(service_id)["access_address"]
    response = requests.post(address, timeout=10)
    assert response.status_code == 401
    assert response.json()["error_code"] == "APIG.0307"
    assert client.show(service_id)["invocation_times"] == 0


@settings(deadline=None)  # shared cores: time says nothing
@given(st.lists(st.integers(0, 100), min_size=1, max_size=6).filter(any))
def test_every_weight_is_met_exactly(weights: list[int]) -> None:
    configs = [{"model_id": str(n), "weight": weight} for n, weight in enumerate(weights)]
    service = Service(
        service_id="s",
        body={"service_name": "n", "infer_type": "real-time", "config": configs},
        owner="o",
        status="running",
        since=0,
        publish_at=0,
        update_time=0,
        number=1,
    )
    for turn in range(1, 3):
        served = Counter()
        for _ in range(sum(weights)):
            config = served_by(service)
            assert config is not None
            served[config["model_id"]] += 1
        assert served == +Counter({str(n): weight for n, weight in enumerate(weights)}), turn
