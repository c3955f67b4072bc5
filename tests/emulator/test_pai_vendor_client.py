"""The vendor's own client works with the emulator, and signs as it checks."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_eas20210701 import models
from alibabacloud_eas20210701.client import Client
from alibabacloud_tea_openapi import exceptions
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions
from pai_client import DEPLOY_SECONDS, OSS

from pulumi_modeldeploy.emulator.pai_identity import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    REGION,
    STS_ACCESS_KEY_ID,
    STS_ACCESS_KEY_SECRET,
    STS_TOKEN,
)

if TYPE_CHECKING:
    from pulumi_modeldeploy.emulator import Emulator

# The vendor's SDK asks for the time in a way that Python 3.12 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

FOO = (REGION, "foo")


def client(emulator: Emulator, key: str, secret: str, token: str | None = None) -> Client:
    host = emulator.url.removeprefix("http://")
    return Client(
        Config(
            access_key_id=key,
            access_key_secret=secret,
            security_token=token,
            endpoint=host,
            protocol="http",
        )
    )


@pytest.fixture
def vendor(emulator: Emulator) -> Client:
    return client(emulator, ACCESS_KEY_ID, ACCESS_KEY_SECRET)


def create(vendor: Client, **changes: Any) -> Any:
    request = {
        "service_name": "foo",
        "app_type": "LLM",
        "service_spec": "llama_7b_fp16",
        "replicas": 1,
        "config": OSS,
        **changes,
    }
    return vendor.create_app_service(models.CreateAppServiceRequest(**request)).body


def show(vendor: Client) -> Any:
    return vendor.describe_service(*FOO, models.DescribeServiceRequest()).body


def test_the_vendors_client_lives_with_a_service(emulator: Emulator, vendor: Client) -> None:
    advance = emulator.admin.advance
    made = create(vendor, workspace_id="12 3", quota_id="q/1")
    assert made.status == "Creating"
    advance(DEPLOY_SECONDS)
    shown = show(vendor)
    assert (shown.service_id, shown.status) == (made.service_id, "Running")
    assert (shown.app_spec_name, shown.workspace_id) == ("llama_7b_fp16", "12 3")
    listed = vendor.list_services(models.ListServicesRequest(filter="oo", page_size=5)).body
    assert [row.service_id for row in listed.services] == [made.service_id]
    update = models.UpdateAppServiceRequest(service_spec="chatglm_6b_fp16", replicas=2)
    assert vendor.update_app_service(*FOO, update).body.message == "Success"
    assert [show(vendor).status, show(vendor).status] == ["Running", "Updating"]
    advance(DEPLOY_SECONDS)
    assert (show(vendor).total_instance, show(vendor).latest_version) == (2, 2)
    vendor.stop_service(*FOO, models.StopServiceRequest())
    advance(DEPLOY_SECONDS)
    assert show(vendor).status == "Stopped"
    vendor.start_service(*FOO, models.StartServiceRequest())
    advance(DEPLOY_SECONDS)
    assert show(vendor).status == "Running"
    vendor.delete_service(*FOO, models.DeleteServiceRequest())
    assert show(vendor).status == "Deleting"
    advance(DEPLOY_SECONDS)
    with pytest.raises(exceptions.ClientException) as refusal:
        show(vendor)
    assert (refusal.value.status_code, refusal.value.code) == (404, "InvalidService.NotFound")


def test_the_vendors_client_does_the_rest(emulator: Emulator, vendor: Client) -> None:
    create(vendor)
    emulator.admin.advance(DEPLOY_SECONDS)
    labels = models.UpdateServiceLabelRequest(labels={"a": "b", "team": "größe & co"})
    vendor.update_service_label(*FOO, labels)
    by_label = models.ListServicesRequest(label={"team": "größe & co"})
    assert vendor.list_services(by_label).body.total_count == 1
    vendor.delete_service_label(*FOO, models.DeleteServiceLabelRequest(label_keys=["team", "x"]))
    assert [row.label_key for row in show(vendor).labels] == ["a"]
    vendor.delete_service_label(*FOO, models.DeleteServiceLabelRequest(keys=["a", "b"]))
    assert show(vendor).labels == []
    found = vendor.describe_service_endpoints(*FOO, models.DescribeServiceEndpointsRequest()).body
    assert found.access_token == show(vendor).access_token
    assert found.endpoints[0].internet_endpoints == [show(vendor).internet_endpoint]
    events = models.DescribeServiceEventRequest(event_type="Normal", page_num="1", page_size="2")
    assert vendor.describe_service_event(*FOO, events).body.events[0].reason == "Running"
    instances = vendor.list_service_instances(*FOO, models.ListServiceInstancesRequest()).body
    assert [row.status for row in instances.instances] == ["Running"]
    assert vendor.scale_service(*FOO, models.ScaleServiceRequest(instance=2)).status_code == 200
    lock = models.UpdateServiceSafetyLockRequest(lock="all")
    vendor.update_service_safety_lock(*FOO, lock)
    with pytest.raises(exceptions.ClientException) as refusal:
        vendor.restart_service(*FOO, models.RestartServiceRequest())
    assert refusal.value.status_code == 403


def test_the_vendors_client_understands_throttling(emulator: Emulator, vendor: Client) -> None:
    emulator.admin.faults(
        {"operation": "DescribeService", "fault": "status", "status": 429, "seconds": 2}
    )
    with pytest.raises(exceptions.ThrottlingException) as throttled:
        show(vendor)
    assert (throttled.value.code, throttled.value.retry_after) == ("Throttling.User", 2000)


def test_the_vendors_client_shows_who_is_denied(emulator: Emulator, vendor: Client) -> None:
    emulator.admin.faults({"operation": "DescribeService", "fault": "status", "status": 403})
    with pytest.raises(exceptions.ClientException) as denied:
        show(vendor)
    assert denied.value.access_denied_detail["NoPermissionType"] == "ImplicitDeny"


def test_the_vendors_client_with_a_temporary_key(emulator: Emulator) -> None:
    vendor = client(emulator, STS_ACCESS_KEY_ID, STS_ACCESS_KEY_SECRET, STS_TOKEN)
    assert vendor.list_services(models.ListServicesRequest()).body.total_count == 0


def test_all_that_the_vendors_client_signs_is_right(emulator: Emulator, vendor: Client) -> None:
    """Names and values as odd as can be."""
    letters = "abz019-_.~ +/&=%?#:;,@!$'()*[]{}<>|\\^`\"äß漢🙂"
    chance = random.Random(7)  # noqa: S311 - reproducible on purpose

    def text() -> str:
        return "".join(chance.choices(letters, k=chance.randint(1, 12)))

    for number in range(50):
        create(
            vendor,
            service_name=f"s{number}",
            workspace_id=text(),
            config={text(): text(), "deep": {text(): [text(), None, 1.5]}},
        )
        vendor.list_services(models.ListServicesRequest(filter=text(), label={text(): text()}))
    assert {entry["status"] for entry in emulator.admin.requests()} == {200}
    assert len(emulator.admin.resources("pai")) == 50


@pytest.mark.parametrize(
    ("action", "version", "query", "key"),
    [
        ("DescribeVpcs", "2016-04-28", {"VpcId": "vpc-1"}, "Vpcs"),
        ("DescribeVSwitches", "2016-04-28", {"VSwitchId": "vsw-1"}, "VSwitches"),
        ("DescribeSecurityGroups", "2014-05-26", {"SecurityGroupId": "sg-1"}, "SecurityGroups"),
    ],
)
def test_the_vendors_client_reads_networks(
    vendor: Client, action: str, version: str, query: dict[str, str], key: str
) -> None:
    how = Params(
        action=action,
        version=version,
        protocol="HTTP",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    request = OpenApiRequest(query={"RegionId": REGION, **query})
    answer = vendor.call_api(how, request, RuntimeOptions())
    assert answer["body"]["TotalCount"] == 1
    assert key in answer["body"]
