"""A client of PAI-EAS for tests: signs as the vendor's page says, by code of its own."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import requests

from pulumi_modeldeploy.emulator.pai_identity import ACCESS_KEY_ID, ACCESS_KEY_SECRET, REGION

if TYPE_CHECKING:
    from pulumi_modeldeploy.emulator import Emulator

DEPLOY_SECONDS = 100.0
OSS = {"ModelStorage": "oss", "OssPath": "oss://examplebucket/m/"}
GONE = (404, "InvalidService.NotFound")
APPS = "/api/v2/app_services"
SERVICES = "/api/v2/services"

#: operation -> method, path behind the service's, or the whole path
CALLS = {
    "CreateAppService": ("POST", APPS),
    "UpdateAppService": ("PUT", f"{APPS}/{{region}}/{{name}}"),
    "ListServices": ("GET", SERVICES),
    "DescribeService": ("GET", ""),
    "DeleteService": ("DELETE", ""),
    "StartService": ("PUT", "/start"),
    "StopService": ("PUT", "/stop"),
    "RestartService": ("PUT", "/restart"),
    "ScaleService": ("PUT", "/scale"),
    "UpdateServiceVersion": ("PUT", "/version"),
    "UpdateServiceLabel": ("PUT", "/label"),
    "DeleteServiceLabel": ("DELETE", "/label"),
    "UpdateServiceSafetyLock": ("PUT", "/lock"),
    "DescribeServiceEndpoints": ("GET", "/endpoints"),
    "DescribeServiceEvent": ("GET", "/events"),
    "DescribeServiceDiagnosis": ("GET", "/diagnosis"),
    "ListServiceInstances": ("GET", "/instances"),
}
VERSIONS = {
    "DescribeVpcs": "2016-04-28",
    "DescribeVSwitches": "2016-04-28",
    "DescribeSecurityGroups": "2014-05-26",
}


def encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def signed(
    method: str,
    url: str,
    query: dict[str, str],
    body: bytes,
    headers: dict[str, str],
    key: tuple[str, str] = (ACCESS_KEY_ID, ACCESS_KEY_SECRET),
) -> dict[str, str]:
    """Return the headers of a signed request: the public ones, what is given, the signature."""
    parts = urlsplit(url)
    public = {
        "host": parts.netloc,
        "x-acs-date": date(),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        **headers,
    }
    names = sorted(public)
    canonical = "\n".join(
        (
            method,
            parts.path or "/",
            "&".join(f"{name}={encoded(query[name])}" for name in sorted(query)),
            "".join(f"{name}:{public[name]}\n" for name in names),
            ";".join(names),
            public["x-acs-content-sha256"],
        )
    )
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    proof = hmac.new(key[1].encode(), text.encode(), hashlib.sha256).hexdigest()
    said = f"Credential={key[0]},SignedHeaders={';'.join(names)},Signature={proof}"
    return {**public, "Authorization": f"ACS3-HMAC-SHA256 {said}"}


def date(shift: float = 0) -> str:
    """Return the time as the header has it, moved by seconds."""
    moment = datetime.now(timezone.utc) + timedelta(seconds=shift)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class PaiClient:
    """Calls operations by the vendor's names."""

    region = REGION

    def __init__(self, emulator: Emulator, key: tuple[str, str] | None = None) -> None:
        self.emulator = emulator
        self.admin = emulator.admin
        self.key = key or (ACCESS_KEY_ID, ACCESS_KEY_SECRET)
        self.session = requests.Session()

    def call(
        self,
        action: str,
        name: str = "",
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> requests.Response:
        """Send a request; a body that is bytes goes as it is."""
        method, path = CALLS.get(action, ("POST", "/"))
        if not path or path[1:].isalpha():
            path = f"{SERVICES}/{{region}}/{{name}}{path}"
        url = self.emulator.url + path.format(region=self.region, name=name)
        sent = body if isinstance(body, bytes) else b"" if body is None else _compact(body)
        more = {
            "x-acs-action": action,
            "x-acs-version": VERSIONS.get(action, "2021-07-01"),
            **({"content-type": "application/json; charset=utf-8"} if sent else {}),
            **(headers or {}),
        }
        texts = {key: str(value) for key, value in query.items()}
        all_headers = signed(method, url, texts, sent, more, self.key)
        return self.session.request(
            method, url, params=texts, data=sent, headers=all_headers, timeout=10
        )

    def ok(self, action: str, name: str = "", body: Any = None, **options: Any) -> Any:
        """Send a request that must succeed and return its document."""
        answer = self.call(action, name, body, **options)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert document["RequestId"] == answer.headers["x-acs-request-id"]
        return document

    def refused(
        self, action: str, name: str = "", body: Any = None, **options: Any
    ) -> tuple[int, str]:
        """Send a request that must not succeed and return its status and error code."""
        answer = self.call(action, name, body, **options)
        assert answer.status_code >= 400, answer.text
        document = answer.json()
        assert {"RequestId", "HostId", "Code", "Message", "Recommend"} <= set(document)
        return answer.status_code, document["Code"]

    @staticmethod
    def app(**changes: Any) -> dict[str, Any]:
        """Return the body of a create call; `...` removes."""
        body = {
            "ServiceName": "foo",
            "AppType": "LLM",
            "ServiceSpec": "llama_7b_fp16",
            "Replicas": 1,
            **changes,
        }
        return {name: value for name, value in body.items() if value is not ...}

    def create(self, *, settled: bool = True, **changes: Any) -> Any:
        """Create a service and, unless told otherwise, wait until it runs."""
        made = self.ok("CreateAppService", body=self.app(**changes))
        if settled:
            self.admin.advance(DEPLOY_SECONDS)
        return made

    def show(self, name: str = "foo") -> Any:
        return self.ok("DescribeService", name)

    def status(self, name: str = "foo") -> str:
        status: str = self.show(name)["Status"]
        return status

    def after(self, share: float) -> str:
        """Return the status when that share of a deployment time is over."""
        self.admin.advance(DEPLOY_SECONDS * share)
        return self.status()

    def without_lag(self) -> None:
        """Let all answers show what is, also right after an update."""
        self.admin.seed(pai={"lag": {"update": 0}})

    def update(self, **body: Any) -> Any:
        return self.ok("UpdateAppService", "foo", body)

    def names(self, **query: Any) -> list[str]:
        """Return the names of the services that a list shows."""
        return [row["ServiceName"] for row in self.ok("ListServices", **query)["Services"]]


def _compact(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
