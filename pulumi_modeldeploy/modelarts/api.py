"""ModelArts' API: endpoints, credentials, signature, errors, calls, retries.

Source: "Calling APIs" and "Deploying Services" of the ModelArts API reference, the API request
signing guide of Huawei Cloud, and the error code page of the OTC reference.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import requests
import requests.auth

from pulumi_modeldeploy.core.canonical import canonical, host, payload
from pulumi_modeldeploy.core.http import Call, Client, Dialect, Failure, Signer, Skew, Unsigned
from pulumi_modeldeploy.core.identity import Place
from pulumi_modeldeploy.core.preflight import MODES
from pulumi_modeldeploy.core.retry import Retry
from pulumi_modeldeploy.errors import SettingsError
from pulumi_modeldeploy.modelarts import iam
from pulumi_modeldeploy.modelarts.advice import advise
from pulumi_modeldeploy.settings import Setting, Settings, profiles

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.identity import Identity

REGION = Setting(
    "modelarts:region",
    "region, such as cn-north-4 or eu-de",
    ("HW_REGION_NAME", "OS_REGION_NAME", "OS_REGION"),
)
ENDPOINT = Setting(
    "modelarts:endpoint",
    "base URL of ModelArts; one of Huawei Cloud or OTC tells the region, too",
    ("MODELARTS_ENDPOINT",),
    goes_with=REGION,
)
IAM_ENDPOINT = Setting(
    "modelarts:iamEndpoint",
    "base URL of IAM, which issues tokens (default: that of the region)",
    ("MODELARTS_IAM_ENDPOINT",),
    goes_with=REGION,
)
VPC_ENDPOINT = Setting(
    "modelarts:vpcEndpoint",
    "base URL of VPC, which is only read (default: that of the region)",
    ("MODELARTS_VPC_ENDPOINT",),
    goes_with=REGION,
)
PROJECT_ID = Setting(
    "modelarts:projectId",
    "id of the cloud project",
    ("HW_PROJECT_ID", "OS_PROJECT_ID"),
    goes_with=REGION,
)
ACCESS_KEY = Setting(
    "modelarts:accessKey", "access key (AK)", ("HW_ACCESS_KEY", "OS_ACCESS_KEY"), secret=True
)
SECRET_KEY = Setting(
    "modelarts:secretKey", "secret key (SK)", ("HW_SECRET_KEY", "OS_SECRET_KEY"), secret=True
)
SECURITY_TOKEN = Setting(
    "modelarts:securityToken",
    "security token of a temporary access key",
    ("HW_SECURITY_TOKEN", "OS_SECURITY_TOKEN"),
    secret=True,
)
TOKEN = Setting(
    "modelarts:token",
    "token of IAM for the project, instead of an access key",
    ("HW_AUTH_TOKEN", "OS_AUTH_TOKEN"),
    secret=True,
)
USER_NAME = Setting(
    "modelarts:userName",
    "name of an IAM user, instead of an access key",
    ("HW_USER_NAME", "OS_USERNAME"),
)
PASSWORD = Setting(
    "modelarts:password",
    "password of the IAM user",
    ("HW_USER_PASSWORD", "OS_PASSWORD"),
    secret=True,
)
DOMAIN_NAME = Setting(
    "modelarts:domainName",
    "name of the account that the IAM user belongs to",
    ("HW_DOMAIN_NAME", "OS_USER_DOMAIN_NAME", "OS_DOMAIN_NAME"),
)
AGENCY_NAME = Setting(
    "modelarts:agencyName",
    "agency of another account, which the user or token assumes",
    ("HW_ASSUME_ROLE_AGENCY_NAME",),
)
AGENCY_DOMAIN_NAME = Setting(
    "modelarts:agencyDomainName",
    "name of the account that has the agency",
    ("HW_ASSUME_ROLE_DOMAIN_NAME",),
)
CA_BUNDLE = Setting(
    "modelarts:caBundle",
    "file with the certificates to trust, instead of the usual ones",
    ("REQUESTS_CA_BUNDLE", "OS_CACERT"),
)
OWNER_MARK = Setting(
    "modelarts:ownerMark",
    "whether services with a given name carry this resource's mark in their description",
    allowed=("on", "off"),
)
PREFLIGHT = Setting(
    "modelarts:preflight",
    "what happens when something that a service refers to does not exist or fit: the run is "
    "refused (default), warned, or nobody looks",
    allowed=MODES,
)
SETTINGS = (
    ENDPOINT,
    IAM_ENDPOINT,
    VPC_ENDPOINT,
    REGION,
    PROJECT_ID,
    ACCESS_KEY,
    SECRET_KEY,
    SECURITY_TOKEN,
    TOKEN,
    USER_NAME,
    PASSWORD,
    DOMAIN_NAME,
    AGENCY_NAME,
    AGENCY_DOMAIN_NAME,
    CA_BUNDLE,
    OWNER_MARK,
    PREFLIGHT,
    profiles("modelarts"),
)
CREDENTIALS = (TOKEN, ACCESS_KEY, SECRET_KEY, SECURITY_TOKEN, USER_NAME, PASSWORD)
"""What comes from one source only. An agency is not among them: it may stand in the stack, and who
assumes it in the environment of a pipeline."""

DOMAINS: Mapping[str, str] = {
    "eu-de": "otc.t-systems.com",
    "eu-nl": "otc.t-systems.com",
    "eu-west-101": "myhuaweicloud.eu",
}
"""Domains of the regions that are not Huawei Cloud's usual one."""
USUAL_DOMAIN = "myhuaweicloud.com"
_REGIONAL = re.compile(
    r"https?://[^/?#\\]+\.(?P<region>[a-z]+-[a-z0-9-]+)"
    r"\.(myhuaweicloud\.(com|cn|eu)|otc\.t-systems\.com)\.?(:[0-9]*)?([/?#].*)?",
    re.IGNORECASE,
)
"""The vendors' own addresses; one without a region says nothing."""

CREATE = Call("CreateService", "POST", "/v1/{project_id}/services")
SHOW = Call("ShowService", "GET", "/v1/{project_id}/services/{id}")
LIST = Call("ListServices", "GET", "/v1/{project_id}/services")
WATCH = replace(LIST, attempts=1)
"""The same for those who wait: they look again anyway."""
UPDATE = Call("UpdateService", "PUT", "/v1/{project_id}/services/{id}")
DELETE = Call("DeleteService", "DELETE", "/v1/{project_id}/services/{id}", repeatable=True)
EVENTS = Call("ListServiceEvents", "GET", "/v1/{project_id}/services/{id}/events")
LOGS = Call("ListServiceLogs", "GET", "/v1/{project_id}/services/{id}/logs")

NAME_TAKEN = "ModelArts.3503"
"""The service name exists already, under HTTP 409."""

RETRY = Retry(
    # 429 is the gateway's throttling (APIG.0308) and ModelArts' own (6101, 2799).
    refused=(429, "APIG.0308", "APIGW.0308", "ModelArts.6101", "ModelArts.2799"),
)
"""For ModelArts, IAM and VPC: one gateway stands before them."""
SKEW = Skew(
    # APIG.0301 says many things: "... signature expired, signature time:X,server time:Y".
    said=("signature expired",),
    apart="see to this machine's clock: the cloud grants 15 minutes",
    agree=(
        "this machine's clock agrees with the date of the answer, so see to what stands between "
        "here and the cloud: the signature came too late"
    ),
)
"""Sources: FAQ of API Gateway on IAM authentication; issue 44 of huaweicloud-sdk-java-v3."""


def place(settings: Settings) -> Place:
    """Where today's settings lead: region and project.

    Raises:
        SettingsError: There is no project, or neither region nor endpoint, or the endpoint is one
            of another region.
    """
    given = settings.get(ENDPOINT) is not None
    region = _today(settings) if given else settings.require(REGION)
    return Place(region, settings.require(PROJECT_ID))


def _today(settings: Settings) -> str:
    """Today's region, as it is given or as the endpoint's host tells; empty: nobody says.

    Raises:
        SettingsError: The endpoint is one of another region than the one that is given.
    """
    region, own = settings.get(REGION), settings.get(ENDPOINT)
    found = _REGIONAL.fullmatch(own.strip()) if own else None
    told = found["region"].lower() if found else ""
    if region and told and region != told:
        raise SettingsError(
            f"{ENDPOINT.key} is an address of another region than {REGION.key}: what is made there "
            "is not found here. Give that of the region, or leave it out"
        )
    return region or told


def connect(settings: Settings, identity: Identity) -> Client:
    """Open a connection to the region and project of an object.

    Raises:
        SettingsError: There are no credentials.
    """
    return Client(
        endpoint(settings, ENDPOINT, "modelarts", identity.region),
        DIALECT,
        credentials(settings, identity.project_id, identity.region),
        path={"project_id": identity.project_id},
        verify=settings.get(CA_BUNDLE) or True,
    )


def connect_vpc(settings: Settings, identity: Identity, client: Client) -> Client:
    """Open a connection to VPC in the region of an object, beside that to ModelArts.

    Raises:
        SettingsError: Neither an endpoint nor a region is known.
    """
    return client.beside(endpoint(settings, VPC_ENDPOINT, "vpc", identity.region), VPC_DIALECT)


def endpoint(settings: Settings, setting: Setting, service: str, region: str) -> str:
    """The base URL of a service of the cloud in a region.

    Raises:
        SettingsError: There is neither; or ModelArts' endpoint is one of another region than the
            one that is given.
    """
    # Today's endpoint is that of today's region: an object that lives in another one is not there.
    plain = settings.get(REGION) in (None, region)
    today = not region or (plain and _today(settings) in ("", region))
    given = settings.get(setting) if today else None
    domain = DOMAINS.get(region, USUAL_DOMAIN)
    own = settings.get(ENDPOINT) if today else None
    usual = f"https://modelarts.{region}.{domain}"
    if given is None and (not region or (own or usual).rstrip("/") != usual):
        # Beside an endpoint of one's own, the usual neighbours would get credentials unasked.
        given = settings.require(setting)
    return (given or f"https://{service}.{region}.{domain}").rstrip("/")


def credentials(settings: Settings, project_id: str, region: str = "") -> requests.auth.AuthBase:
    """Choose the way to sign: a given token before an access key before a user.

    Raises:
        SettingsError: There is none of them, or something that one of them needs is missing.
    """
    own = settings.of_one_source(CREDENTIALS)
    agency = own.get(AGENCY_NAME)
    token = own.get(TOKEN)
    if token is not None and agency is None:
        return TokenAuth(token)
    if token is None and _has_any(own, ACCESS_KEY, SECRET_KEY):
        if agency is not None:
            raise SettingsError(
                f"{AGENCY_NAME.key} needs a user ({USER_NAME.key}, {PASSWORD.key}, "
                f"{DOMAIN_NAME.key}) or {TOKEN.key}: an access key cannot assume an agency"
            )
        return AccessKeyAuth(
            own.require(ACCESS_KEY),
            own.require(SECRET_KEY),
            project_id,
            own.get(SECURITY_TOKEN),
        )
    if token is None and not _has_any(own, USER_NAME, PASSWORD):
        raise SettingsError(
            "there are no credentials for ModelArts: give modelarts:accessKey and "
            "modelarts:secretKey (or HW_ACCESS_KEY and HW_SECRET_KEY in the environment), "
            "modelarts:userName, modelarts:password and modelarts:domainName (HW_USER_NAME, "
            "HW_USER_PASSWORD, HW_DOMAIN_NAME), or modelarts:token (HW_AUTH_TOKEN)"
        )
    return _login(settings, own, token, project_id, region)


def _has_any(settings: Settings, *group: Setting) -> bool:
    return any(settings.get(one) is not None for one in group)


def _login(
    settings: Settings, own: Settings, token: str | None, project_id: str, region: str
) -> iam.TokenLogin:
    """Get tokens for a project: as a user, or by an agency on top of that or of a given token."""
    client = Client(
        iam.base_url(endpoint(settings, IAM_ENDPOINT, "iam", region)),
        Dialect("IAM", read_error, retry=RETRY),
        Unsigned(),
        verify=settings.get(CA_BUNDLE) or True,
    )
    project = iam.of_project(project_id)
    agency = own.get(AGENCY_NAME)
    if token is not None:
        source = iam.given(token)
    else:
        user, password = own.require(USER_NAME), own.require(PASSWORD)
        domain = own.require(DOMAIN_NAME)
        scope = iam.of_domain(domain) if agency else project
        source = iam.by_password(client, user, password, domain, scope)
    if agency is not None:
        domain = own.require(AGENCY_DOMAIN_NAME)
        source = iam.by_agency(client, agency, domain, project, source)
    return iam.TokenLogin(client, source)


class TokenAuth(requests.auth.AuthBase):
    """Sends a token of IAM."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __repr__(self) -> str:
        return "TokenAuth(...)"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers[iam.TOKEN_HEADER] = self._token
        return request


class AccessKeyAuth(Signer):
    """Signs with an access key: algorithm SDK-HMAC-SHA256 of the API request signing guide."""

    ALGORITHM = "SDK-HMAC-SHA256"

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        project_id: str,
        security_token: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(now)
        self._access_key, self._secret_key = access_key, secret_key
        self._project_id, self._security_token = project_id, security_token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add date and signature; each try of a request gets its own."""
        headers = request.headers
        headers["X-Sdk-Date"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.now()))
        if self._project_id:
            headers["X-Project-Id"] = self._project_id
        if self._security_token:
            headers["X-Security-Token"] = self._security_token
        signed = {"host": host(request)} | {
            name: headers[name].strip() for name in _SIGNED if name in headers
        }
        of_body = hashlib.sha256(payload(request)).hexdigest()
        form, names = canonical(request, signed, of_body, closed=True)
        digest = hashlib.sha256(form.encode()).hexdigest()
        text = f"{self.ALGORITHM}\n{headers['X-Sdk-Date']}\n{digest}"
        signature = hmac.new(self._secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
        headers["Authorization"] = (
            f"{self.ALGORITHM} Access={self._access_key}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return request


_SIGNED = ("content-type", "x-project-id", "x-sdk-date", "x-security-token")


def read_error(document: Any, headers: Mapping[str, str]) -> Failure:
    """Read an error document; ModelArts, its gateway, VPC and IAM have one shape each."""
    found = document if isinstance(document, Mapping) else {}
    inner = found.get("error")
    if isinstance(inner, Mapping):
        found = inner
    code = found.get("error_code") or found.get("code") or ""
    message = found.get("error_msg") or found.get("message") or ""
    request_id = found.get("request_id") or headers.get("X-Request-Id") or ""
    return Failure(str(code), str(message), str(request_id))


RENEW = ("ModelArts.0202", "ModelArts.0203", "APIG.0307", "APIGW.0307")
"""Codes of a token that is over, or not known any more; one that was given stays refused."""

DIALECT = Dialect(
    "ModelArts",
    read_error,
    missing=(404,),
    taken=(NAME_TAKEN,),
    expired=RENEW,
    retry=RETRY,
    skew=SKEW,
    advise=advise,
)

VPC_DIALECT = replace(DIALECT, name="VPC", expired=(*RENEW, "VPC.0008"))
