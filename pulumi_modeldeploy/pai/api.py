"""PAI-EAS' API: endpoints, errors, calls, retries.

Sources: pages and metadata of the operations (version 2021-07-01); "Endpoints"; error tables of the
API gateway.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.core.http import Call, Client, Dialect, Failure, Skew
from pulumi_modeldeploy.core.identity import Place
from pulumi_modeldeploy.core.preflight import MODES
from pulumi_modeldeploy.core.retry import Retry
from pulumi_modeldeploy.errors import SettingsError
from pulumi_modeldeploy.pai import credentials
from pulumi_modeldeploy.pai.advice import advise
from pulumi_modeldeploy.settings import Setting, Settings, profiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_modeldeploy.core.identity import Identity

REGION = Setting(
    "pai:region",
    "region, such as cn-shanghai",
    ("ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_REGION", "ALICLOUD_REGION"),
)
ENDPOINT = Setting(
    "pai:endpoint",
    "base URL of PAI-EAS (default: that of the region); within a VPC "
    "https://pai-eas-manage-vpc.REGION.aliyuncs.com",
    ("PAI_EAS_ENDPOINT",),
    goes_with=REGION,
)
VPC_ENDPOINT = Setting(
    "pai:vpcEndpoint",
    "base URL of VPC, which is only read (default: that of the region)",
    ("PAI_VPC_ENDPOINT",),
    goes_with=REGION,
)
ECS_ENDPOINT = Setting(
    "pai:ecsEndpoint",
    "base URL of ECS, which is only read (default: that of the region)",
    ("PAI_ECS_ENDPOINT",),
    goes_with=REGION,
)
CA_BUNDLE = Setting(
    "pai:caBundle",
    "file with the certificates to trust, instead of the usual ones",
    ("REQUESTS_CA_BUNDLE",),
)
OWNER_MARK = Setting(
    "pai:ownerMark",
    "whether services with a given name carry this resource's mark in a label",
    allowed=("on", "off"),
)
PREFLIGHT = Setting(
    "pai:preflight",
    "what happens when something that a service refers to does not exist or fit: the run is "
    "refused (default), warned, or nobody looks",
    allowed=MODES,
)
SETTINGS = (
    ENDPOINT,
    VPC_ENDPOINT,
    ECS_ENDPOINT,
    REGION,
    *credentials.SETTINGS,
    CA_BUNDLE,
    OWNER_MARK,
    PREFLIGHT,
    profiles("pai"),
)

_SERVICE = "/api/v2/services/{region}/{id}"

CREATE = Call("CreateAppService", "POST", "/api/v2/app_services")
UPDATE = Call("UpdateAppService", "PUT", "/api/v2/app_services/{region}/{id}")
DESCRIBE = Call("DescribeService", "GET", _SERVICE)
DELETE = Call("DeleteService", "DELETE", _SERVICE)
START = Call("StartService", "PUT", f"{_SERVICE}/start")
STOP = Call("StopService", "PUT", f"{_SERVICE}/stop")
LABEL = Call("UpdateServiceLabel", "PUT", f"{_SERVICE}/label", repeatable=True)
UNLABEL = Call("DeleteServiceLabel", "DELETE", f"{_SERVICE}/label", repeatable=True)
LOCK = Call("UpdateServiceSafetyLock", "PUT", f"{_SERVICE}/lock", repeatable=True)
LIST = Call("ListServices", "GET", "/api/v2/services")
WATCH = replace(LIST, attempts=1)
"""The same for those who wait: they look again anyway."""
EVENTS = Call("DescribeServiceEvent", "GET", f"{_SERVICE}/events")
ENDPOINTS = Call("DescribeServiceEndpoints", "GET", f"{_SERVICE}/endpoints")

RETRY = Retry(
    # Throttling comes under 400: the code tells, not the status.
    refused=(429, "Throttling", "Throttling.", "Rejected.Throttling"),
    failed=(408, 500, 502, 503, 504, "SignatureNonceUsed"),
    asks={"x-acs-retry-after": 0.001, "Retry-After": 1.0},
)
SKEW = Skew(
    said=("InvalidTimeStamp.Expired",),
    apart="see to this machine's clock: the cloud grants 15 minutes",
    agree=(
        "this machine's clock agrees with the date of the answer, so see to what stands between "
        "here and the cloud: the signature came too late"
    ),
)


def read_error(document: Any, headers: Mapping[str, str]) -> Failure:
    """Read an error document; all of Alibaba Cloud's gateways shape them alike."""
    found = document if isinstance(document, dict) else {}
    code = found.get("Code") or found.get("code") or ""
    message = found.get("Message") or found.get("message") or ""
    request_id = found.get("RequestId") or headers.get("x-acs-request-id") or ""
    return Failure(str(code), str(message), str(request_id))


DIALECT = Dialect(
    "PAI",
    read_error,
    # Not by the status: a key or an API that is not known is a 404 as well.
    missing=("InvalidService.NotFound",),
    # Nobody publishes the code.
    taken=(409,),
    rejected=(
        401,
        "InvalidAccessKeyId.NotFound",
        "InvalidAccessKeyId.Inactive",
        "SignatureDoesNotMatch",
        "MissingSecurityToken",
        "InvalidSecurityToken.Malformed",
        "InvalidSecurityToken.MismatchWithAccessKey",
        "InvalidSecurityToken.Expired",
    ),
    retry=RETRY,
    skew=SKEW,
    advise=advise,
    headers={"Accept": "application/json", "x-acs-version": "2021-07-01"},
    names="x-acs-action",
)
VPC_DIALECT = replace(
    DIALECT, name="VPC", headers={**DIALECT.headers, "x-acs-version": "2016-04-28"}
)
ECS_DIALECT = replace(
    DIALECT, name="ECS", headers={**DIALECT.headers, "x-acs-version": "2014-05-26"}
)


def place(settings: Settings) -> Place:
    """Where today's settings lead: the region.

    Raises:
        SettingsError: There is none, or the endpoint is not one of that region.
    """
    region = settings.require(REGION)
    _ = endpoint(settings, ENDPOINT, "pai-eas", region)
    return Place(region)


def connect(settings: Settings, identity: Identity) -> Client:
    """Open a connection to the region of an object.

    Raises:
        SettingsError: There are no credentials.
    """
    base = endpoint(settings, ENDPOINT, "pai-eas", identity.region)
    # An address that is none of a region's cannot tell the region of a call without one.
    told = {} if identity.region in base else {"x-acs-region-id": identity.region}
    return Client(
        base,
        DIALECT,
        credentials.KeySigner(credentials.source(settings)),
        path={"region": identity.region},
        headers=told,
        verify=settings.get(CA_BUNDLE) or True,
    )


def connect_vpc(settings: Settings, identity: Identity, client: Client) -> Client:
    """Open a connection to VPC in the region of an object, beside that to PAI.

    Raises:
        SettingsError: PAI has an endpoint of its own, and VPC has none.
    """
    return client.beside(endpoint(settings, VPC_ENDPOINT, "vpc", identity.region), VPC_DIALECT)


def connect_ecs(settings: Settings, identity: Identity, client: Client) -> Client:
    """Open a connection to ECS in the region of an object, beside that to PAI.

    Raises:
        SettingsError: PAI has an endpoint of its own, and ECS has none.
    """
    return client.beside(endpoint(settings, ECS_ENDPOINT, "ecs", identity.region), ECS_DIALECT)


_VENDORS = re.compile(r"https?://[^/]+\.aliyuncs\.com(:[0-9]+)?(/.*)?")
_REGIONAL = re.compile(r"https?://(?P<service>[a-z0-9-]+)\.(?P<region>[a-z0-9-]+)\.aliyuncs\.com.*")
"""Addresses of the vendor; those of one region."""
_DATA_PLANE = "pai-eas-vpc"
"""Where services are reached within a VPC."""


def endpoint(settings: Settings, setting: Setting, service: str, region: str) -> str:
    """The base URL of a service of the cloud in a region.

    The vendor's own addresses differ by the region's name only; one without it serves all regions.

    Raises:
        SettingsError: PAI has an endpoint of its own, and a neighbour has none; or what is given is
            an address of another region, or none of an API.
    """
    today = settings.get(REGION) or region
    own, given = settings.get(ENDPOINT), settings.get(setting)
    if given is None and own is not None and not _VENDORS.fullmatch(own):
        # Beside an endpoint of one's own, the usual neighbours would get credentials unasked.
        given = settings.require(setting)
    address = given.replace(today, region) if given else f"https://{service}.{region}.aliyuncs.com"
    found = _REGIONAL.fullmatch(address)
    if found and found["region"] != region:
        raise SettingsError(
            f"{setting.key} is an address of another region than {REGION.key}: what is made there "
            "is not found here. Give that of the region, or leave it out"
        )
    if found and found["service"] == _DATA_PLANE:
        raise SettingsError(
            f"{setting.key} is where services are called, not the API: within a VPC that is "
            f"https://pai-eas-manage-vpc.{region}.aliyuncs.com"
        )
    return address.rstrip("/")
