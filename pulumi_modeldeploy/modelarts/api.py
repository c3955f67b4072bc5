"""ModelArts' API: endpoints, credentials, signature, errors, calls, retries.

Source: "Calling APIs" and "Deploying Services" of the ModelArts API reference, the API request
signing guide of Huawei Cloud, and the error code page of the OTC reference.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import requests
import requests.auth

from pulumi_modeldeploy.core.http import Call, Client, Dialect, Failure, Retry
from pulumi_modeldeploy.core.identity import Place
from pulumi_modeldeploy.errors import SettingsError
from pulumi_modeldeploy.settings import Setting, Settings

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.identity import Identity

ENDPOINT = Setting("modelarts:endpoint", "base URL of ModelArts", ("MODELARTS_ENDPOINT",))
REGION = Setting(
    "modelarts:region",
    "region, such as cn-north-4 or eu-de",
    ("HW_REGION_NAME", "OS_REGION_NAME", "OS_REGION"),
)
PROJECT_ID = Setting(
    "modelarts:projectId", "id of the cloud project", ("HW_PROJECT_ID", "OS_PROJECT_ID")
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
SETTINGS = (
    ENDPOINT,
    REGION,
    PROJECT_ID,
    ACCESS_KEY,
    SECRET_KEY,
    SECURITY_TOKEN,
    TOKEN,
    CA_BUNDLE,
    OWNER_MARK,
)

DOMAINS: Mapping[str, str] = {
    "eu-de": "otc.t-systems.com",
    "eu-nl": "otc.t-systems.com",
    "eu-west-101": "myhuaweicloud.eu",
}
"""Domains of the regions that are not Huawei Cloud's usual one."""
USUAL_DOMAIN = "myhuaweicloud.com"

CREATE = Call("CreateService", "POST", "/v1/{project_id}/services")
SHOW = Call("ShowService", "GET", "/v1/{project_id}/services/{id}")
LIST = Call("ListServices", "GET", "/v1/{project_id}/services")
UPDATE = Call("UpdateService", "PUT", "/v1/{project_id}/services/{id}")
DELETE = Call("DeleteService", "DELETE", "/v1/{project_id}/services/{id}", repeatable=True)
EVENTS = Call("ListServiceEvents", "GET", "/v1/{project_id}/services/{id}/events")

NAME_TAKEN = "ModelArts.3503"
"""The service name exists already, under HTTP 409."""

RETRY = Retry(
    # 429 is the gateway's throttling (APIG.0308) and ModelArts' own (6101, 2799).
    refused=(429, "APIG.0308", "APIGW.0308", "ModelArts.6101", "ModelArts.2799"),
    failed=(500, 502, 503, 504),
)


def place(settings: Settings) -> Place:
    """Where today's settings lead: region and project.

    Raises:
        SettingsError: There is no project, or neither region nor endpoint.
    """
    given = settings.get(ENDPOINT) is not None
    region = settings.get(REGION) if given else settings.require(REGION)
    return Place(region or "", settings.require(PROJECT_ID))


def connect(settings: Settings, identity: Identity) -> Client:
    """Open a connection to the region and project of an object.

    Raises:
        SettingsError: There are no credentials.
    """
    domain = DOMAINS.get(identity.region, USUAL_DOMAIN)
    # Today's endpoint is that of today's region: an object that lives in another one is not there.
    today = identity.region in ("", settings.get(REGION) or identity.region)
    given = settings.get(ENDPOINT) if today else None
    endpoint = given or f"https://modelarts.{identity.region}.{domain}"
    return Client(
        endpoint.rstrip("/"),
        DIALECT,
        credentials(settings, identity.project_id),
        path={"project_id": identity.project_id},
        verify=settings.get(CA_BUNDLE) or True,
    )


def credentials(settings: Settings, project_id: str) -> requests.auth.AuthBase:
    """Choose the way to sign: a given token before an access key.

    Raises:
        SettingsError: There is neither.
    """
    settings = settings.of_one_source((TOKEN, ACCESS_KEY, SECRET_KEY))
    token = settings.get(TOKEN)
    if token is not None:
        return TokenAuth(token)
    if settings.get(ACCESS_KEY) is None and settings.get(SECRET_KEY) is None:
        raise SettingsError(
            "there are no credentials for ModelArts: give modelarts:accessKey and "
            "modelarts:secretKey (or HW_ACCESS_KEY and HW_SECRET_KEY in the environment), or "
            "modelarts:token (HW_AUTH_TOKEN)"
        )
    return AccessKeyAuth(
        settings.require(ACCESS_KEY),
        settings.require(SECRET_KEY),
        project_id,
        settings.get(SECURITY_TOKEN),
    )


class TokenAuth(requests.auth.AuthBase):
    """Sends a token of IAM."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __repr__(self) -> str:
        return "TokenAuth(...)"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["X-Auth-Token"] = self._token
        return request


class AccessKeyAuth(requests.auth.AuthBase):
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
        self._access_key, self._secret_key = access_key, secret_key
        self._project_id, self._security_token = project_id, security_token
        self._now = now

    def __repr__(self) -> str:
        return "AccessKeyAuth(...)"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add date and signature; each try of a request gets its own."""
        headers = request.headers
        url = urlsplit(str(request.url))
        headers["X-Sdk-Date"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now()))
        if self._project_id:
            headers["X-Project-Id"] = self._project_id
        if self._security_token:
            headers["X-Security-Token"] = self._security_token
        # The usual port is not sent in the Host header, even where the endpoint spells it.
        usual = {"https": ":443", "http": ":80"}.get(url.scheme, "")
        signed = {"host": url.netloc.removesuffix(usual)} | {
            name: headers[name].strip() for name in _SIGNED if name in headers
        }
        names = ";".join(sorted(signed))
        canonical = "\n".join(
            (
                str(request.method),
                _canonical_path(url.path),
                _canonical_query(parse_qsl(url.query, keep_blank_values=True)),
                "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
                names,
                hashlib.sha256(_payload(request.body)).hexdigest(),
            )
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"{self.ALGORITHM}\n{headers['X-Sdk-Date']}\n{digest}"
        signature = hmac.new(self._secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
        headers["Authorization"] = (
            f"{self.ALGORITHM} Access={self._access_key}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return request


_SIGNED = ("content-type", "x-project-id", "x-sdk-date", "x-security-token")


def _canonical_path(path: str) -> str:
    """Encode each segment; the canonical path always ends in a slash."""
    encoded = "/".join(quote(unquote(segment), safe="~") for segment in path.split("/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def _canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(pairs))


def _payload(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


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


DIALECT = Dialect("ModelArts", read_error, missing=(404,), taken=(NAME_TAKEN,), retry=RETRY)
