"""Requests are signed as the vendor's own signer signs them."""

import calendar
import json
import random
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from pulumi_modeldeploy.modelarts.api import AccessKeyAuth, TokenAuth

ACCESS = "QTWAOYTTINDUT2QVKYUC"
SECRET = "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"
"""Sample keys of the vendor's public documentation."""
PROJECT = "0123456789abcdef0123456789abcdef"
SERVICES = f"https://modelarts.cn-north-4.myhuaweicloud.com/v1/{PROJECT}/services"


def moment(text: str) -> float:
    """Read a date as the header spells it."""
    return calendar.timegm(time.strptime(text, "%Y%m%dT%H%M%SZ"))


def sign(
    request: requests.Request, date: str, project: str = PROJECT, token: str | None = None
) -> requests.PreparedRequest:
    request.headers["Content-Type"] = "application/json"
    auth = AccessKeyAuth(ACCESS, SECRET, project, token, now=lambda: moment(date))
    return auth(requests.Session().prepare_request(request))


# --- the reference's vectors ---------------------------------------------------------------------


@dataclass
class Vector:
    request: requests.Request
    date: str
    project: str
    token: str | None
    headers: str
    signature: str


VECTORS = {
    "GET with a query": Vector(
        requests.Request(
            "GET",
            "https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
            params={"limit": "2", "marker": "13551d6b-755d-4757-b956-536f674975c0"},
        ),
        "20191115T033655Z",
        "",
        None,
        "content-type;host;x-sdk-date",
        "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
    ),
    "POST with a body": Vector(
        requests.Request("POST", SERVICES, data=b'{"service_name":"demo"}'),
        "20250102T030405Z",
        PROJECT,
        None,
        "content-type;host;x-project-id;x-sdk-date",
        "eaacadb7314d51d5bfd1eb7e6bca4bea0d8086a1da7e0c68b89f4df865a25782",
    ),
    "GET with a temporary key": Vector(
        requests.Request(
            "GET", SERVICES, params={"limit": "10", "offset": "0", "service_name": "a b/c"}
        ),
        "20250102T030405Z",
        PROJECT,
        "tok-1",
        "content-type;host;x-project-id;x-sdk-date;x-security-token",
        "c3fc17369c7b682a07a2b3d0403715877d918bd8de58a5734a6d00016305f3b5",
    ),
}


@pytest.mark.parametrize("case", list(VECTORS))
def test_the_vendors_examples_come_out(case: str) -> None:
    vector = VECTORS[case]
    signed = sign(vector.request, vector.date, vector.project, vector.token)
    assert signed.headers["X-Sdk-Date"] == vector.date
    assert signed.headers["Authorization"] == (
        f"SDK-HMAC-SHA256 Access={ACCESS}, SignedHeaders={vector.headers}, "
        f"Signature={vector.signature}"
    )


# --- the vendor's signer -------------------------------------------------------------------------

LETTERS = "abcXYZ019-_.~ +&=?%#:;,@!$'()*äé数字€"


def text(chance: random.Random, least: int = 1) -> str:
    return "".join(chance.choices(LETTERS, k=chance.randint(least, 8)))


@dataclass
class Random:
    """A request as somebody might send it."""

    method: str
    host: str
    path: str
    query: list[tuple[str, str]]
    body: bytes | None
    token: str | None
    date: str

    @staticmethod
    def of(seed: int) -> "Random":
        chance = random.Random(seed)  # noqa: S311  (reproducible on purpose)
        method = chance.choice(["GET", "POST", "PUT", "DELETE"])
        segments = ["v1", PROJECT, *(f"s{text(chance)}" for _ in range(chance.randint(0, 3)))]
        body: Any = {text(chance): chance.choice([text(chance, 0), chance.random(), None, [1]])}
        return Random(
            method,
            chance.choice(["modelarts.eu-de.otc.t-systems.com", "127.0.0.1:4599"]),
            "/" + "/".join(quote(one, safe="") for one in segments),
            [(text(chance), text(chance, 0)) for _ in range(chance.randint(0, 4))],
            json.dumps(body, ensure_ascii=False).encode() if method in ("POST", "PUT") else None,
            chance.choice([None, "security-token-1"]),
            f"2025{chance.randint(10, 12)}{chance.randint(10, 28)}T{chance.randint(10, 23)}0405Z",
        )

    def by_the_vendor(self) -> str:
        """The header that the vendor's signer writes; its clock is the date given to it."""
        headers = {
            "Content-Type": "application/json",
            "X-Project-Id": PROJECT,
            "X-Sdk-Date": self.date,
        }
        if self.token:
            headers["X-Security-Token"] = self.token
        request = SdkRequest(
            method=self.method,
            schema="https",
            host=self.host,
            resource_path=self.path,
            query_params=list(self.query),
            header_params=headers,
            body=self.body,
        )
        signed = Signer(BasicCredentials(ACCESS, SECRET, PROJECT)).sign(request)
        return str(signed.header_params["Authorization"])


@pytest.mark.parametrize("seed", range(50))
def test_any_request_is_signed_as_the_vendors_signer_does(seed: int) -> None:
    one = Random.of(seed)
    request = requests.Request(
        one.method, f"https://{one.host}{one.path}", params=one.query, data=one.body
    )
    signed = sign(request, one.date, token=one.token)
    assert signed.headers["Authorization"] == one.by_the_vendor()


@pytest.mark.parametrize("port", [("https", 443), ("http", 80)])
def test_the_usual_port_is_not_signed_since_it_is_not_sent(port: tuple[str, int]) -> None:
    scheme, number = port
    url = urlsplit(SERVICES)
    spelt = f"{scheme}://{url.netloc}:{number}{url.path}"
    explicit = sign(requests.Request("GET", spelt), "20250102T030405Z")
    usual = sign(requests.Request("GET", f"{scheme}://{url.netloc}{url.path}"), "20250102T030405Z")
    assert explicit.headers["Authorization"] == usual.headers["Authorization"]


# --- what else matters ---------------------------------------------------------------------------


def signature(request: requests.Request, date: str = "20250102T030405Z") -> str:
    return sign(request, date).headers["Authorization"].rsplit("=", 1)[1]


CHANGES = {
    "the method": requests.Request("DELETE", SERVICES),
    "the path": requests.Request("GET", f"{SERVICES}/x"),
    "the host": requests.Request("GET", SERVICES.replace("cn-north-4", "eu-de")),
    "the query": requests.Request("GET", SERVICES, params={"limit": "1"}),
    "the body": requests.Request("GET", SERVICES, data=b"{}"),
}


@pytest.mark.parametrize("case", list(CHANGES))
def test_whatever_is_changed_changes_the_signature(case: str) -> None:
    assert signature(CHANGES[case]) != signature(requests.Request("GET", SERVICES))


def test_every_moment_has_its_own_signature() -> None:
    request = requests.Request("GET", SERVICES)
    assert signature(request) != signature(request, "20250102T030406Z")


def test_keys_never_show() -> None:
    shown = [
        repr(AccessKeyAuth(ACCESS, SECRET, PROJECT, "security-token-1")),
        repr(TokenAuth("iam-token-1")),
    ]
    signed = sign(requests.Request("GET", SERVICES), "20250102T030405Z")
    shown.append(str(dict(signed.headers)))
    assert SECRET not in "".join(shown)
    assert "security-token-1" not in "".join(shown)
    assert "iam-token-1" not in "".join(shown)


def test_a_token_is_sent_as_it_is() -> None:
    prepared = requests.Request("GET", SERVICES).prepare()
    assert TokenAuth("iam-token-1")(prepared).headers["X-Auth-Token"] == "iam-token-1"
