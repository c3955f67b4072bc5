"""What PAI-EAS refuses, what it lets pass, and faults in the shape of Alibaba Cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from pulumi_modeldeploy.emulator.clock import Clock
from pulumi_modeldeploy.emulator.pai import Pai

if TYPE_CHECKING:
    from pai_client import PaiClient

INVALID = (400, "InvalidParameter")
MISSING = (400, "MissingParameter")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ServiceName": ...}, MISSING),
        ({"AppType": ...}, MISSING),
        ({"ServiceSpec": ...}, MISSING),
        ({"Replicas": ...}, MISSING),
        ({"Replicas": None}, MISSING),
        ({"ServiceName": ""}, INVALID),
        ({"ServiceName": "a" * 64}, INVALID),
        ({"ServiceName": "a b"}, INVALID),
        ({"ServiceName": 1}, INVALID),
        ({"AppType": "SD"}, INVALID),
        ({"ServiceSpec": ""}, INVALID),
        ({"Replicas": 0}, INVALID),
        ({"Replicas": "1"}, INVALID),
        ({"Replicas": 1.5}, INVALID),
        ({"Replicas": 2**31}, INVALID),
        ({"Config": []}, INVALID),
        ({"Config": {"ModelStorage": "OSS"}}, INVALID),
        ({"Config": {"OssPath": 1}}, INVALID),
    ],
)
def test_refuses_apps(pai: PaiClient, changes: dict[str, Any], expected: tuple[int, str]) -> None:
    answer = pai.call("CreateAppService", body=pai.app(**changes))
    assert (answer.status_code, answer.json()["Code"]) == expected
    assert next(iter(changes)) in answer.json()["Message"]
    assert pai.admin.resources("pai") == []


def test_an_update_is_checked_as_a_create(pai: PaiClient) -> None:
    pai.create()
    before = pai.admin.resources("pai")
    for body in ({"Replicas": 0}, {"AppType": "SD"}, {"ServiceSpec": 1}, {"Config": "x"}):
        assert pai.refused("UpdateAppService", "foo", body) == INVALID
    assert pai.admin.resources("pai") == before


def test_only_seeded_specifications_are_known(pai: PaiClient) -> None:
    pai.create(ServiceSpec="qwen_7b")
    pai.admin.seed(pai={"serviceSpecs": [{"ServiceSpec": "llama_7b_fp16"}]})
    unknown = pai.app(ServiceName="bar", ServiceSpec="qwen_7b")
    assert pai.refused("CreateAppService", body=unknown) == INVALID
    assert pai.refused("UpdateAppService", "foo", {"ServiceSpec": "x"}) == INVALID
    pai.create(ServiceName="bar")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
def test_refuses_what_is_no_object(pai: PaiClient, body: bytes) -> None:
    assert pai.refused("CreateAppService", body=body) == INVALID


def test_what_it_does_not_know_it_ignores(pai: PaiClient) -> None:
    pai.ok("CreateAppService", body=pai.app(Colour="red", AppVersion=None), Colour="red")
    assert pai.show()["AppVersion"] == "v1"
    pai.ok("DeleteService", "foo", {"ServiceName": "foo"}, ClusterId="cn-shanghai")
    assert pai.status() == "Deleting"


@pytest.mark.parametrize(
    ("action", "body", "expected"),
    [
        ("UpdateServiceLabel", {}, MISSING),
        ("UpdateServiceLabel", {"Labels": {"a": 1}}, INVALID),
        ("DeleteServiceLabel", None, MISSING),
        ("UpdateServiceSafetyLock", {}, MISSING),
        ("UpdateServiceSafetyLock", {"Lock": "some"}, INVALID),
        ("UpdateServiceVersion", {}, MISSING),
        ("UpdateServiceVersion", {"Version": "1"}, INVALID),
        ("ScaleService", None, MISSING),
        ("ScaleService", {"Instance": 0}, INVALID),
    ],
)
def test_refuses_bodies(pai: PaiClient, action: str, body: Any, expected: tuple[int, str]) -> None:
    pai.create()
    assert pai.refused(action, "foo", body) == expected


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v2/resources", 404, "InvalidApi.NotFound"),
        ("GET", "/api/v2/app_services/cn-shanghai/foo", 400, "UnsupportedHTTPMethod"),
        ("POST", "/api/v2/services", 400, "UnsupportedHTTPMethod"),
        ("GET", "/", 404, "InvalidAction.NotFound"),
    ],
)
def test_what_is_not_served(pai: PaiClient, method: str, path: str, status: int, code: str) -> None:
    answer = requests.request(method, pai.emulator.url + path, timeout=10)
    assert (answer.status_code, answer.json()["Code"]) == (status, code)
    (entry,) = pai.admin.requests()
    assert (entry["cloud"], entry["operation"], entry["status"]) == ("pai", "Unknown", status)


@pytest.mark.parametrize(
    "part",
    [
        {"services": [{"ServiceName": "foo"}]},
        {"services": [{"ServiceName": "foo", "Status": "Gone"}]},
        {"vpcs": [{"VpcId": "vsw-1"}]},
        {"vSwitches": [{"VpcId": "vpc-1"}]},
        {"ossPaths": ["bucket"]},
        {"serviceSpecs": [{"Name": "x"}]},
        {"accessKeys": [{"accessKeyId": "k"}]},
        {"accessKeys": [{"accessKeyId": "k", "accessKeySecret": "s", "expiration": "soon"}]},
        {"lag": {"delete": 1}},
    ],
)
def test_refuses_seeds(pai: PaiClient, part: dict[str, Any]) -> None:
    with pytest.raises(requests.HTTPError) as refusal:
        pai.admin.seed(pai=part)
    assert refusal.value.response.status_code == 400
    assert pai.admin.resources("pai") == []


def test_refuses_ways_to_fail(pai: PaiClient) -> None:
    service_id = pai.create()["ServiceId"]
    with pytest.raises(requests.HTTPError, match="status"):
        pai.admin.fail(service_id, status="Stopped")
    assert pai.status() == "Running"


def test_no_route_is_listed_twice() -> None:
    routes = [(one.method, one.path, one.name) for one in Pai(Clock(1), str).operations]
    assert len(set(routes)) == len(routes)


# --- faults -----------------------------------------------------------------------------------

CREATE = {"cloud": "pai", "operation": "CreateAppService", "fault": "status"}


@pytest.mark.parametrize(
    ("status", "answered", "code"),
    [
        (400, 400, "InvalidParameter"),
        (403, 403, "Forbidden.RAM"),
        (404, 404, "InvalidService.NotFound"),
        (409, 409, "InvalidService.AlreadyExists"),
        (418, 418, "InvalidParameter"),
        (429, 400, "Throttling.User"),
        (500, 500, "InternalError"),
        (502, 502, "ServiceUnavailable"),
        (503, 503, "ServiceUnavailable"),
    ],
)
def test_a_status_comes_in_the_shape_of_alibaba(
    pai: PaiClient, status: int, answered: int, code: str
) -> None:
    pai.admin.faults({**CREATE, "status": status, "times": 1, "seconds": 1.5})
    answer = pai.call("CreateAppService", body=pai.app())
    assert (answer.status_code, answer.json()["Code"]) == (answered, code)
    waits = answer.headers.get("x-acs-retry-after")
    assert waits == ("1500" if code.startswith("Throttling") else None)
    assert ("AccessDeniedDetail" in answer.json()) is (status == 403)
    assert pai.admin.resources("pai") == []
    (entry,) = pai.admin.requests()
    assert (entry["fault"], entry["status"]) == ("status", answered)


@pytest.mark.parametrize(
    ("status", "code", "waits"),
    [
        (400, "Throttling.Api", "1000"),
        (429, "Throttling.User", "1000"),
        (503, "Rejected.Throttling", "1000"),
        (400, "SignatureNonceUsed", None),
        (403, "Forbidden.PrivilegeCheckFailed", None),
    ],
)
def test_a_status_comes_with_the_code_that_is_asked_for(
    pai: PaiClient, status: int, code: str, waits: str | None
) -> None:
    pai.admin.faults({**CREATE, "status": status, "code": code})
    answer = pai.call("CreateAppService", body=pai.app())
    assert (answer.status_code, answer.json()["Code"]) == (status, code)
    assert answer.headers.get("x-acs-retry-after") == waits


def test_a_code_of_another_cloud_is_what_is_usual_for_the_status(pai: PaiClient) -> None:
    pai.admin.faults({**CREATE, "status": 409, "code": "ModelArts.3503"})
    refused = pai.refused("CreateAppService", body=pai.app())
    assert refused == (409, "InvalidService.AlreadyExists")


def test_a_fault_of_the_network_is_that_of_its_api(pai: PaiClient) -> None:
    pai.admin.faults({"operation": "DescribeVpcs", "fault": "status", "status": 403})
    answer = pai.call("DescribeVpcs", RegionId="r")
    assert (answer.status_code, answer.json()["HostId"]) == (403, "vpc.aliyuncs.com")


def test_a_lost_create_is_done(pai: PaiClient) -> None:
    pai.admin.faults({**CREATE, "fault": "lost-response", "times": 1})
    with pytest.raises(requests.ConnectionError):
        pai.call("CreateAppService", body=pai.app())
    assert pai.status() == "Creating"
    assert pai.refused("CreateAppService", body=pai.app())[0] == 409
