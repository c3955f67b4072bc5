"""The vendor's own SDK client works with the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.client import Client as VendorClient
from huaweicloudsdkcore.client import ClientBuilder
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.sdk_response import SdkResponse

from pulumi_modeldeploy.emulator.huawei_iam import ACCESS_KEY, PROJECT_ID, REGION, SECRET_KEY

if TYPE_CHECKING:
    from conftest import Client

    from pulumi_modeldeploy.emulator import Emulator

# The vendor's SDK asks for the time in a way that Python 3.12 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


class Answer(SdkResponse):
    """The parts of answers that these tests look at."""

    openapi_types = {"service_id": "str", "total_count": "int"}  # noqa: RUF012 - the SDK's way
    attribute_map = {"service_id": "service_id", "total_count": "total_count"}  # noqa: RUF012
    sensitive_list: list[str] = []  # noqa: RUF012 - as above

    def __init__(self, service_id: str = "", total_count: int = 0) -> None:
        super().__init__()
        self.service_id = service_id
        self.total_count = total_count


@pytest.fixture
def vendor(emulator: Emulator) -> VendorClient:
    """A client that knows no project id and so asks IAM for it."""
    credentials = BasicCredentials(ACCESS_KEY, SECRET_KEY).with_iam_endpoint(emulator.url)
    BasicCredentials._CACHE.clear()
    region = Region(REGION, emulator.url)
    return ClientBuilder(VendorClient).with_credentials(credentials).with_region(region).build()


def call(vendor: VendorClient, method: str, path: str = "", body: Any = None, **query: Any) -> Any:
    return vendor.do_http_request(
        method=method,
        resource_path="/v1/{project_id}/services" + path,
        path_params={},
        query_params=list(query.items()),
        header_params={"Content-Type": "application/json;charset=UTF-8"},
        body=body,
        post_params={},
        response_type=Answer,
        response_headers=[],
        cname=None,
        collection_formats={},
        request_type=None,
    )


def test_the_vendors_client_finds_its_project_and_deploys(
    client: Client, vendor: VendorClient
) -> None:
    assert vendor._credentials.project_id == PROJECT_ID
    service_id = call(vendor, "POST", body=client.golden("create-realtime-split")).service_id
    assert client.status(service_id) == "deploying"
    assert call(vendor, "GET", service_name="mnist", limit=10).total_count == 1
    assert call(vendor, "GET", service_name="not this one").total_count == 0
    call(vendor, "DELETE", f"/{service_id}")
    assert client.status(service_id) == "deleting"
    operations = [entry["operation"] for entry in client.admin.requests()]
    assert operations[:2] == ["ListProjects", "CreateService"]


def test_the_vendors_client_understands_errors(client: Client, vendor: VendorClient) -> None:
    with pytest.raises(ClientRequestException) as refusal:
        call(vendor, "GET", "/unknown")
    assert refusal.value.status_code == 404
    assert refusal.value.error_code == "ModelArts.3502"
    client.admin.faults({"operation": "ShowService", "fault": "status", "status": 502})
    with pytest.raises(ServerResponseException) as failure:
        call(vendor, "GET", "/unknown")
    assert failure.value.error_code == "APIGW.0202"
    assert len(failure.value.request_id) == 32
