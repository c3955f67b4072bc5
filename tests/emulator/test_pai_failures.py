"""App services that fail, wait for ever or cannot be deleted, and how they are revived."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from pai_client import DEPLOY_SECONDS, GONE, OSS, PaiClient


def test_a_service_fails_and_is_revived(pai: PaiClient) -> None:
    service_id = pai.create()["ServiceId"]
    pai.admin.fail(service_id, "Instance foo-1 crashed, see its log.")
    shown = pai.show()
    assert (shown["Status"], shown["Message"]) == (
        "Failed",
        "Instance foo-1 crashed, see its log.",
    )
    assert shown["RunningInstance"] == 0
    (found,) = pai.ok("DescribeServiceDiagnosis", "foo")["DiagnosisList"]
    assert found["Causes"] == [shown["Message"]]
    pai.update()
    assert pai.after(1) == "Running"
    assert pai.ok("DescribeServiceDiagnosis", "foo")["DiagnosisList"] == []


@pytest.mark.parametrize("action", ["UpdateAppService", "StartService"])
def test_the_next_deployment_fails_once(pai: PaiClient, action: str) -> None:
    pai.without_lag()
    service_id = pai.create()["ServiceId"]
    pai.admin.fail(service_id, "no image", next=True)
    assert pai.status() == "Running"
    if action == "StartService":
        pai.ok("StopService", "foo")
        assert pai.after(0.25) == "Stopped"
    pai.ok(action, "foo", {"AppVersion": "v2"})
    pai.admin.advance(DEPLOY_SECONDS)
    assert (pai.show()["Status"], pai.show()["Message"]) == ("Failed", "no image")
    pai.ok("StartService", "foo")
    assert pai.after(1) == "Running"


def test_a_deletion_fails_once(pai: PaiClient) -> None:
    service_id = pai.create()["ServiceId"]
    pai.admin.fail(service_id, "no answer from the cluster", next=True)
    pai.ok("DeleteService", "foo")
    assert pai.status() == "Deleting"
    assert pai.after(0.25) == "DeleteFailed"
    assert pai.show()["Message"] == "no answer from the cluster"
    pai.ok("DeleteService", "foo")
    pai.admin.advance(DEPLOY_SECONDS)
    assert pai.refused("DescribeService", "foo") == GONE


@pytest.mark.parametrize("status", ["Waiting", "Pending", "DeleteFailed"])
def test_a_service_stays_where_it_was_put(pai: PaiClient, status: str) -> None:
    service_id = pai.create()["ServiceId"]
    pai.admin.fail(service_id, "resources are short", status=status)
    assert pai.after(100) == status
    assert pai.show()["Message"] == "resources are short"
    pai.admin.fail(service_id, status="Running")
    assert pai.after(0) == "Running"


def test_a_service_without_resources_waits_for_ever(pai: PaiClient) -> None:
    pai.without_lag()
    specs = [
        {"ServiceSpec": "llama_13b_fp16", "waits": "no GPU is free"},
        {"ServiceSpec": "llama_7b_fp16"},
    ]
    pai.admin.seed(pai={"serviceSpecs": specs})
    pai.create(ServiceSpec="llama_13b_fp16")
    assert pai.after(100) == "Waiting"
    assert (pai.show()["Message"], pai.show()["RunningInstance"]) == ("no GPU is free", 0)
    assert pai.ok("DescribeServiceDiagnosis", "foo")["DiagnosisList"]
    pai.update(ServiceSpec="llama_7b_fp16")
    assert pai.after(1) == "Running"
    pai.update(ServiceSpec="llama_13b_fp16")
    assert pai.after(1) == "Waiting"
    pai.ok("StopService", "foo")
    assert pai.after(1) == "Stopped"


@pytest.mark.parametrize(
    ("seed", "changes", "says"),
    [
        (
            {"serviceSpecs": [{"ServiceSpec": "llama_7b_fp16", "fails": "no image"}]},
            {},
            "no image",
        ),
        ({"ossPaths": ["oss://other/"]}, {"Config": OSS}, "oss://examplebucket/m/"),
    ],
)
def test_what_is_missing_fails_the_deployment(
    pai: PaiClient, seed: dict[str, Any], changes: dict[str, Any], says: str
) -> None:
    pai.admin.seed(pai=seed)
    pai.create(settled=False, **changes)
    assert pai.after(0.9) == "Waiting"
    assert pai.after(0.1) == "Failed"
    assert says in pai.show()["Message"]


def test_what_is_below_a_seeded_path_exists(pai: PaiClient) -> None:
    pai.admin.seed(pai={"ossPaths": ["oss://examplebucket/"]})
    pai.create(Config=OSS)
    assert pai.status() == "Running"


def test_who_is_not_there_cannot_fail(pai: PaiClient) -> None:
    service_id = pai.create()["ServiceId"]
    pai.ok("DeleteService", "foo")
    for unknown in (service_id, "eas-m-unknown"):
        with pytest.raises(requests.HTTPError, match="no service"):
            pai.admin.fail(unknown)
