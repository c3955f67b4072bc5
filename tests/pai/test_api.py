"""Signature, addresses, errors, repetitions: PAI's API as the vendor and the emulator see it."""

from __future__ import annotations

import calendar
import json
import random
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest

from pulumi_modeldeploy.core import lifecycle
from pulumi_modeldeploy.core.http import Call
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.emulator.pai_identity import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    STS_ACCESS_KEY_ID,
    STS_ACCESS_KEY_SECRET,
    STS_TOKEN,
)
from pulumi_modeldeploy.errors import ApiError, SettingsError, TransportError
from pulumi_modeldeploy.pai import api, preflight
from pulumi_modeldeploy.pai.advice import ADVICE, FOREIGN, advise
from pulumi_modeldeploy.pai.credentials import Keys, KeySigner
from pulumi_modeldeploy.settings import Settings

if TYPE_CHECKING:
    from conftest import Cloud

    from pulumi_modeldeploy.core.operation import Operation

HOST = "https://pai-eas.cn-shanghai.aliyuncs.com"
TEST = Keys("testAK", "testSK")
STS = Keys("testAK", "testSK", "STS-TOKEN")
HOUR = 3600.0


def moment(text: str) -> float:
    """Read a date as the header spells it."""
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def sign(
    request: requests.Request, keys: Keys, *, date: str, nonce: str
) -> requests.PreparedRequest:
    """Sign a request that was prepared the way the connection does."""
    signer = KeySigner(lambda: keys, now=lambda: moment(date), nonce=lambda: nonce)
    return signer(requests.Session().prepare_request(request))


# --- the reference's vectors ---------------------------------------------------------------------


@dataclass
class Vector:
    """A request of the vendor's pages, or one that the vendor's own client has signed."""

    request: requests.Request
    keys: Keys
    headers: str
    signature: str
    date: str = "2026-01-02T03:04:05Z"
    nonce: str = "0123456789abcdef0123456789abcdef"


def described() -> requests.Request:
    headers = {"x-acs-action": "DescribeService", "x-acs-version": "2021-07-01"}
    return requests.Request("GET", f"{HOST}/api/v2/services/cn-shanghai/foo", headers=headers)


CREATE = {
    "AppType": "LLM",
    "Config": {"ModelStorage": "oss", "OssPath": "oss://examplebucket/m/"},
    "Replicas": 1,
    "ServiceName": "foo",
    "ServiceSpec": "llama_7b_fp16",
}
PUBLIC = "host;x-acs-action;x-acs-content-sha256;x-acs-date"
VECTORS = {
    "A, a create": Vector(
        requests.Request(
            "POST",
            f"{HOST}/api/v2/app_services",
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "x-acs-action": "CreateAppService",
                "x-acs-version": "2021-07-01",
            },
            params={"WorkspaceId": "12 3", "QuotaId": "q"},
            data=json.dumps(CREATE, separators=(",", ":")).encode(),
        ),
        TEST,
        f"content-type;{PUBLIC};x-acs-signature-nonce;x-acs-version",
        "1dbfa5e3943394d8dcd0afc21849d219d4f1a5dc4322daefe0c6ca9162c240a9",
    ),
    "B, a look": Vector(
        described(),
        TEST,
        f"{PUBLIC};x-acs-signature-nonce;x-acs-version",
        "89ce3416896d1a897364f553864295aa6db6bda588cb6beeddefe03abc444400",
    ),
    "C, a look with a temporary key": Vector(
        described(),
        STS,
        f"{PUBLIC};x-acs-security-token;x-acs-signature-nonce;x-acs-version",
        "58d3cdfac12a177ba929f5a49082c670efa7aba7ee1e2e5968f599181ef8c8ff",
    ),
    "the page on the signature": Vector(
        requests.Request(
            "POST",
            "https://ecs.cn-shanghai.aliyuncs.com/",
            headers={"x-acs-action": "RunInstances", "x-acs-version": "2014-05-26"},
            params={
                "RegionId": "cn-shanghai",
                "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
            },
        ),
        Keys("YourAccessKeyId", "YourAccessKeySecret"),
        f"{PUBLIC};x-acs-signature-nonce;x-acs-version",
        "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
        date="2023-10-26T10:22:32Z",
        nonce="3156853299f313e23d1673dc12e1703d",
    ),
}


@pytest.mark.parametrize("case", VECTORS)
def test_the_vendors_examples_come_out(case: str) -> None:
    one = VECTORS[case]
    signed = sign(one.request, one.keys, date=one.date, nonce=one.nonce)
    assert signed.headers["Authorization"] == (
        f"ACS3-HMAC-SHA256 Credential={one.keys.id},SignedHeaders={one.headers},"
        f"Signature={one.signature}"
    )
    assert signed.headers["x-acs-date"] == one.date
    assert signed.headers["x-acs-signature-nonce"] == one.nonce
    assert signed.headers.get("x-acs-security-token", "") == one.keys.token


# --- the vendor's client -------------------------------------------------------------------------

LETTERS = "abcXYZ019-_.~ +/&=?%#:;,@!$'()*[]{}<>|\\^`\"äß漢🙂"


def text(chance: random.Random, least: int = 0) -> str:
    return "".join(chance.choices(LETTERS, k=chance.randint(least, 12)))


@dataclass
class Random:
    """A request as somebody might send it."""

    method: str
    segments: list[str]
    query: dict[str, str]
    body: bytes | None
    keys: Keys
    date: str
    nonce: str

    @staticmethod
    def of(seed: int) -> Random:
        chance = random.Random(seed)  # noqa: S311  (reproducible on purpose)
        method = chance.choice(["GET", "POST", "PUT", "DELETE"])
        names = ["WorkspaceId", "QuotaId", "Filter", "Label", "StartTime", "PageNumber"]
        body = {text(chance): chance.choice([text(chance), chance.random(), None, [1]])}
        return Random(
            method,
            [f"s{text(chance)}" for _ in range(chance.randint(0, 3))],
            {name: text(chance) for name in chance.sample(names, chance.randint(0, 4))},
            json.dumps(body, ensure_ascii=False).encode() if method in ("POST", "PUT") else None,
            Keys(f"LTAI{seed}", text(chance, 1), chance.choice(["", "CAIS/a+b=="])),
            f"2026-12-{chance.randint(10, 28)}T{chance.randint(10, 23)}:04:05Z",
            f"{chance.getrandbits(128):032x}",
        )

    @property
    def request(self) -> requests.Request:
        path = "/".join(("/api/v2/services", *(quote(one, safe="") for one in self.segments)))
        return requests.Request(
            self.method,
            f"{HOST}{path}",
            headers={"x-acs-action": "Odd", "x-acs-version": "2021-07-01"},
            params=self.query,
            data=self.body,
        )

    def by_the_vendor(self, headers: dict[str, str]) -> str:
        """The header that the vendor's own code writes for these headers."""
        request = DaraRequest()
        request.method, request.query = self.method, dict(self.query)
        encoded = [Utils.get_encode_param(one) for one in self.segments]
        request.pathname = "/".join(("/api/v2/services", *encoded))
        request.headers = headers
        kind = KeySigner.ALGORITHM
        hashed = Utils.hex_encode(Utils.hash(self.body or b"", kind))
        assert headers["x-acs-content-sha256"] == hashed
        return str(Utils.get_authorization(request, kind, hashed, self.keys.id, self.keys.secret))


@pytest.mark.parametrize("seed", range(50))
def test_any_request_is_signed_as_the_vendors_client_does(seed: int) -> None:
    one = Random.of(seed)
    signed = sign(one.request, one.keys, date=one.date, nonce=one.nonce)
    own = {name.lower(): value for name, value in signed.headers.items()}
    public = {name: value for name, value in own.items() if name.startswith("x-acs-")}
    public["host"] = HOST.removeprefix("https://")
    assert own["authorization"] == one.by_the_vendor(public)
    assert ("x-acs-security-token" in public) is bool(one.keys.token)


def test_the_random_requests_have_all_that_is_odd() -> None:
    found = [Random.of(seed) for seed in range(50)]
    assert {one.method for one in found} == {"GET", "POST", "PUT", "DELETE"}
    assert {bool(one.keys.token) for one in found} == {True, False}
    assert {bool(one.body) for one in found} == {True, False}
    for odd in (" ", "/", "+", "%", "漢"):
        assert any(odd in "".join(one.query.values()) for one in found)
        assert any(odd in "".join(one.segments) for one in found)


@pytest.mark.parametrize(("scheme", "port"), [("https", 443), ("http", 80)])
def test_the_usual_port_is_not_signed_since_it_is_not_sent(scheme: str, port: int) -> None:
    def signature(url: str) -> str:
        how = {"date": "2026-01-02T03:04:05Z", "nonce": "n"}
        return sign(requests.Request("GET", url), TEST, **how).headers["Authorization"]

    assert signature(f"{scheme}://host:{port}/a") == signature(f"{scheme}://host/a")
    assert signature(f"{scheme}://host:8080/a") != signature(f"{scheme}://host/a")


CHANGES = {
    "the method": requests.Request("DELETE", f"{HOST}/a"),
    "the path": requests.Request("GET", f"{HOST}/b"),
    "the host": requests.Request("GET", f"{HOST.replace('shanghai', 'beijing')}/a"),
    "the query": requests.Request("GET", f"{HOST}/a", params={"b": "c"}),
    "the body": requests.Request("GET", f"{HOST}/a", data=b"{}"),
    "a header of theirs": requests.Request("GET", f"{HOST}/a", headers={"x-acs-region-id": "b"}),
    "the kind of the body": requests.Request("GET", f"{HOST}/a", headers={"content-type": "b"}),
}


@pytest.mark.parametrize("case", CHANGES)
def test_whatever_is_changed_changes_the_signature(case: str) -> None:
    def signature(request: requests.Request) -> str:
        signed = sign(request, TEST, date="2026-01-02T03:04:05Z", nonce="n")
        return signed.headers["Authorization"].rpartition("=")[2]

    assert signature(CHANGES[case]) != signature(requests.Request("GET", f"{HOST}/a"))


# --- the emulator's verdict ----------------------------------------------------------------------


def sent_by(op: Operation) -> list[requests.PreparedRequest]:
    """The requests of an operation, as they go out."""
    sent: list[requests.PreparedRequest] = []

    def keep(response: requests.Response, **_: Any) -> None:
        sent.append(response.request)

    op.client._session.hooks["response"].append(keep)
    return sent


TEMPORARY = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": STS_ACCESS_KEY_ID,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": STS_ACCESS_KEY_SECRET,
    "ALIBABA_CLOUD_SECURITY_TOKEN": STS_TOKEN,
}


@pytest.mark.parametrize("more", [{}, TEMPORARY], ids=["key", "temporary key"])
def test_any_request_is_signed_as_the_server_expects(more: dict[str, str], cloud: Cloud) -> None:
    op = cloud.operation(environ={**cloud.environ, **more})
    for seed in range(50):
        one = Random.of(seed)
        # The emulator routes no braces and slashes, before it looks at a signature.
        name = re.sub(r"[{}/]", "_", "".join(one.segments)) or "s"
        found = op.client.get(api.DESCRIBE, query=one.query, path={"id": name})
        assert found is None, "a wrong signature would be an error"
        query = {key: value for key, value in one.query.items() if key != "PageNumber"}
        if "Label" in query:
            query["Label"] = json.dumps({query["Label"]: query["Label"]}, ensure_ascii=False)
        assert op.client.send(api.LIST, query=query).body["TotalCount"] == 0
    assert {one["status"] for one in cloud.requests} == {200, 404}


def test_a_space_goes_out_as_a_plus_and_is_signed_as_a_space(cloud: Cloud) -> None:
    op = cloud.operation()
    sent = sent_by(op)
    op.client.send(api.LIST, query={"Filter": "a b+c", "WorkspaceId": "1/2"})
    assert str(sent[0].url).endswith("/api/v2/services?Filter=a+b%2Bc&WorkspaceId=1%2F2")
    assert cloud.queries("ListServices") == [{"Filter": "a b+c", "WorkspaceId": "1/2"}]


def test_every_request_carries_what_the_page_demands(cloud: Cloud) -> None:
    op = cloud.operation()
    sent = sent_by(op)
    lifecycle.create(op, cloud.wanted())
    versions = {one.headers["x-acs-version"] for one in sent}
    assert versions == {"2021-07-01"}
    assert {one.headers["Accept"] for one in sent} == {"application/json"}
    assert [one.headers["x-acs-action"] for one in sent] == [
        one["operation"] for one in cloud.requests
    ]


def test_every_request_has_a_nonce_of_its_own(cloud: Cloud) -> None:
    op = cloud.operation()
    sent = sent_by(op)
    cloud.admin.faults({"operation": "ListServices", "fault": "status", "status": 503, "times": 4})
    op.client.send(api.LIST)
    assert [one["status"] for one in cloud.requests] == [503] * 4 + [200]
    assert len({one.headers["x-acs-signature-nonce"] for one in sent}) == 5
    assert len({one.headers["Authorization"] for one in sent}) == 5


# --- addresses -----------------------------------------------------------------------------------

MANAGE = "https://pai-eas-manage-vpc.{}.aliyuncs.com"
KEY = {"pai:accessKeyId": "a", "pai:accessKeySecret": "s"}
ADDRESSES: dict[str, tuple[dict[str, str], str, str, str | None]] = {
    # settings, region of the object, address, region that a header tells
    "the region's": (
        {"pai:region": "cn-shanghai"},
        "cn-shanghai",
        "https://pai-eas.cn-shanghai.aliyuncs.com",
        None,
    ),
    "of an object elsewhere": (
        {"pai:region": "cn-shanghai"},
        "cn-beijing",
        "https://pai-eas.cn-beijing.aliyuncs.com",
        None,
    ),
    "within a VPC": (
        {"pai:region": "cn-shanghai", "pai:endpoint": MANAGE.format("cn-shanghai")},
        "cn-shanghai",
        MANAGE.format("cn-shanghai"),
        None,
    ),
    "within a VPC, of an object elsewhere": (
        {"pai:region": "cn-shanghai", "pai:endpoint": MANAGE.format("cn-shanghai") + "/"},
        "cn-beijing",
        MANAGE.format("cn-beijing"),
        None,
    ),
    "one's own": (
        {"pai:region": "cn-shanghai", "pai:endpoint": "http://localhost:4599/"},
        "cn-shanghai",
        "http://localhost:4599",
        "cn-shanghai",
    ),
    "one's own, of an object elsewhere": (
        {"pai:region": "cn-shanghai", "pai:endpoint": "http://localhost:4599"},
        "cn-beijing",
        "http://localhost:4599",
        "cn-beijing",
    ),
    "one's own with the region in it": (
        {"pai:region": "cn-shanghai", "pai:endpoint": "https://proxy/eas/cn-shanghai"},
        "cn-beijing",
        "https://proxy/eas/cn-beijing",
        None,
    ),
    "of the former region": (
        {"pai:region": "cn-shanghai", "pai:endpoint": MANAGE.format("cn-beijing")},
        "cn-beijing",
        MANAGE.format("cn-beijing"),
        None,
    ),
}


@pytest.mark.parametrize("case", ADDRESSES)
def test_an_object_is_found_at_the_address_of_its_region(case: str) -> None:
    stack, region, address, told = ADDRESSES[case]
    settings = Settings({**KEY, **stack}.get, {})
    client = api.connect(settings, Identity("", "", "", region))
    assert client.endpoint == address
    assert client._headers.get("x-acs-region-id") == told


@pytest.mark.parametrize("name", api.REGION.env)
def test_the_region_may_come_from_the_environment(name: str) -> None:
    assert api.place(Settings({}.get, {name: "cn-beijing"})).region == "cn-beijing"


def test_a_region_must_be_given() -> None:
    with pytest.raises(SettingsError, match=r"^pai:region is missing .*ALIBABA_CLOUD_REGION_ID"):
        api.place(Settings(KEY.get, {}))


NO_ADDRESSES = {
    "another region's": (
        MANAGE.format("cn-beijing"),
        (
            "pai:endpoint is an address of another region than pai:region: what is made there is "
            "not found here. Give that of the region, or leave it out"
        ),
    ),
    "where services are called": (
        "https://pai-eas-vpc.cn-shanghai.aliyuncs.com",
        (
            "pai:endpoint is where services are called, not the API: within a VPC that is "
            "https://pai-eas-manage-vpc.cn-shanghai.aliyuncs.com"
        ),
    ),
}


@pytest.mark.parametrize("case", NO_ADDRESSES)
def test_an_address_that_would_lead_astray_is_refused(case: str) -> None:
    address, text = NO_ADDRESSES[case]
    stack = {**KEY, "pai:region": "cn-shanghai", "pai:endpoint": address}
    settings = Settings(stack.get, {})
    with pytest.raises(SettingsError) as info:
        api.place(settings)
    assert str(info.value) == text
    with pytest.raises(SettingsError):
        api.connect(settings, Identity("", "", "", "cn-shanghai"))


NEIGHBOURS = {
    "vpc": (api.VPC_ENDPOINT, api.connect_vpc, "2016-04-28"),
    "ecs": (api.ECS_ENDPOINT, api.connect_ecs, "2014-05-26"),
}


@pytest.mark.parametrize("service", NEIGHBOURS)
@pytest.mark.parametrize("own", [None, MANAGE.format("cn-shanghai")], ids=["usual", "VPC"])
def test_neighbours_are_found_by_the_region(own: str | None, service: str) -> None:
    setting, connect, version = NEIGHBOURS[service]
    stack = {**KEY, "pai:region": "cn-shanghai", **({"pai:endpoint": own} if own else {})}
    for region in ("cn-shanghai", "cn-beijing"):
        identity, settings = Identity("", "", "", region), Settings(stack.get, {})
        beside = connect(settings, identity, api.connect(settings, identity))
        assert beside.endpoint == f"https://{service}.{region}.aliyuncs.com"
        assert beside.dialect.headers["x-acs-version"] == version
        given = Settings({**stack, setting.key: "http://here:1/"}.get, {})
        beside = connect(given, identity, api.connect(given, identity))
        assert beside.endpoint == "http://here:1"


OWN = [
    "http://localhost:4599",
    "https://pai-eas.cn-shanghai.aliyuncs.com.example.org",
    "https://proxy.example.org/pai-eas.cn-shanghai.aliyuncs.com",
]


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("service", NEIGHBOURS)
def test_beside_an_endpoint_of_ones_own_no_usual_neighbour_gets_credentials(
    service: str, own: str
) -> None:
    setting, connect, _ = NEIGHBOURS[service]
    stack = {**KEY, "pai:region": "cn-shanghai", "pai:endpoint": own}
    settings, identity = Settings(stack.get, {}), Identity("", "", "", "cn-shanghai")
    client = api.connect(settings, identity)
    with pytest.raises(SettingsError, match=rf"^{setting.key} is missing .*{setting.env[0]}"):
        connect(settings, identity, client)


def test_a_service_is_deployed_in_the_region_of_the_settings_and_stays_there(cloud: Cloud) -> None:
    beijing = {"pai:region": "cn-beijing"}
    name, state = cloud.create(cloud.wanted(), stack=beijing)
    assert cloud.only["Region"] == state["region"] == "cn-beijing"
    assert cloud.look(name, state) is None, "another region"
    cloud.delete(name, state, stack=beijing)
    assert cloud.services == []


@pytest.mark.parametrize("wrong", ["pai-eas.cn-shanghai.aliyuncs.com", "http://[::1", "http://"])
def test_an_endpoint_that_leads_nowhere_is_told_at_once(wrong: str, cloud: Cloud) -> None:
    op = cloud.operation(stack={"pai:endpoint": wrong})
    with pytest.raises(TransportError, match="see the settings of endpoint and CA bundle"):
        op.look("foo")
    assert cloud.time.passed == 0


# --- errors --------------------------------------------------------------------------------------

DOCUMENTS: dict[str, tuple[Any, tuple[str, str, str]]] = {
    "as in the pages": ({"Code": "a", "Message": "b", "RequestId": "c"}, ("a", "b", "c")),
    "in lower case": ({"code": "a", "message": "b"}, ("a", "b", "of the header")),
    "without an id": ({"Code": "a", "Message": "b"}, ("a", "b", "of the header")),
    "nulls": ({"Code": None, "Message": None, "RequestId": None}, ("", "", "of the header")),
    "a text": ("<html>502</html>", ("", "", "of the header")),
    "a list": ([1], ("", "", "of the header")),
    "nothing": (None, ("", "", "of the header")),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_every_shape_of_an_error_is_read(case: str) -> None:
    document, expected = DOCUMENTS[case]
    found = api.read_error(document, {"x-acs-request-id": "of the header"})
    assert (found.code, found.message, found.request_id) == expected


def test_only_one_code_says_that_nothing_is_there() -> None:
    """404 is also the answer to a key and to a call that nobody knows."""
    assert api.DIALECT.is_missing(ApiError("x", 404, "InvalidService.NotFound", ""))
    codes = ("", "InvalidAccessKeyId.NotFound", "InvalidApi.NotFound", "InvalidProduct.NotFound")
    for code in codes:
        assert not api.DIALECT.is_missing(ApiError("x", 404, code, ""))


REPEATED = {
    # status, code: not carried out, nobody knows
    (400, "Throttling"): (True, False),
    (400, "Throttling.User"): (True, False),
    (503, "Throttling.Api"): (True, False),
    (400, "Rejected.Throttling"): (True, False),
    (429, ""): (True, False),
    (400, "SignatureNonceUsed"): (False, True),
    (500, "InternalError"): (False, True),
    (503, "ServiceUnavailable"): (False, True),
    (502, ""): (False, True),
    (504, ""): (False, True),
    (400, "InvalidParameter"): (False, False),
    (400, "ThrottlingOfSomethingElse"): (False, False),
    (403, "Forbidden.RAM"): (False, False),
    (404, "InvalidService.NotFound"): (False, False),
    (409, ""): (False, False),
    (400, ""): (False, False),
}


@pytest.mark.parametrize(("status", "code"), REPEATED)
def test_what_is_tried_again(status: int, code: str) -> None:
    error, retry = ApiError("x", status, code, ""), api.DIALECT.retry
    assert (retry.is_refused(error), retry.is_failed(error)) == REPEATED[status, code]


SAYS = {
    FOREIGN: ("another Alibaba Cloud account's", "across all accounts", "another service_name"),
    "Forbidden.RAM": ("RAM permission", "docs/credentials.md"),
    "NoPermission": ("RAM permission", "docs/credentials.md"),
    "InvalidAccessKeyId.NotFound": ("pai:accessKeyId", "aliyun CLI"),
    "InvalidAccessKeyId.Inactive": ("disabled",),
    "SignatureDoesNotMatch": ("pai:accessKeySecret",),
    "MissingSecurityToken": ("pai:securityToken",),
    "InvalidSecurityToken.Malformed": ("pai:securityToken",),
    "InvalidSecurityToken.MismatchWithAccessKey": ("pai:securityToken",),
    "InvalidSecurityToken.Expired": ("new temporary key",),
    "InsufficientBalance": ("balance", "billing center"),
    "InvalidApi.NotFound": ("pai:endpoint", "pai:region"),
    "InvalidProduct.NotFound": ("pai:endpoint", "pai:region"),
    "InvalidProtocol.NeedSsl": ("https", "pai:endpoint"),
}
"""Code -> what the advice must name."""


def test_every_row_is_looked_at() -> None:
    assert set(SAYS) == set(ADVICE)


@pytest.mark.parametrize("code", SAYS)
def test_an_advice_is_a_short_part_of_a_sentence_and_names_where_to_look(code: str) -> None:
    said = advise(400, code)
    assert [word for word in SAYS[code] if word not in said] == []
    assert len(said) < 200
    assert not said.endswith(".")


@pytest.mark.parametrize("code", ["", "InvalidParameter", "Forbidden"])
def test_where_nothing_is_known_the_clouds_words_must_do(code: str) -> None:
    assert advise(400, code) == ""


def test_a_refusal_says_where_it_is_mended(cloud: Cloud) -> None:
    cloud.admin.faults(
        {"operation": "CreateAppService", "fault": "status", "status": 403, "code": "Forbidden.RAM"}
    )
    with pytest.raises(ApiError) as info:
        cloud.create(cloud.wanted())
    assert str(info.value) == (
        f"CreateAppService: Injected. (HTTP 403, Forbidden.RAM, request {info.value.request_id}); "
        f"{advise(403, 'Forbidden.RAM')}"
    )
    assert info.value.request_id
    assert cloud.changes == ["CreateAppService"]


WRONG_KEYS: dict[str, tuple[dict[str, str], int, str]] = {
    "an unknown id": (
        {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIunknown0123"},
        404,
        "InvalidAccessKeyId.NotFound",
    ),
    "a wrong secret": (
        {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong-secret-0123"},
        400,
        "SignatureDoesNotMatch",
    ),
    "another token": (
        {**TEMPORARY, "ALIBABA_CLOUD_SECURITY_TOKEN": "wrong-token-0123"},
        400,
        "InvalidSecurityToken.MismatchWithAccessKey",
    ),
    "no token": (
        {**TEMPORARY, "ALIBABA_CLOUD_SECURITY_TOKEN": ""},
        400,
        "MissingSecurityToken",
    ),
}


@pytest.mark.parametrize("case", WRONG_KEYS)
def test_a_key_that_is_refused_does_not_mean_that_a_service_is_gone(
    case: str, cloud: Cloud
) -> None:
    """An unknown key is a 404 as well; a refresh must not forget services for that."""
    environ, status, code = WRONG_KEYS[case]
    name, state = cloud.create(cloud.wanted())
    cloud.forget()
    wrong = {**cloud.environ, **environ}
    for verb in (cloud.look, cloud.delete):
        with pytest.raises(ApiError) as info:
            verb(name, state, environ=wrong)
        assert (info.value.status, info.value.code) == (status, code)
        assert info.value.advice == advise(status, code) != ""
        for value in environ.values():
            assert not value or value not in str(info.value)
    assert api.DIALECT.is_rejected(info.value)
    assert len(cloud.requests) == 2, "a key that is refused is not tried again"
    assert cloud.only["Status"] == "Running"


@pytest.mark.parametrize("code", ["InvalidApi.NotFound", "InvalidAction.NotFound"])
def test_a_gateway_that_knows_no_such_call_does_not_mean_that_a_service_is_gone(
    code: str, cloud: Cloud
) -> None:
    name, state = cloud.create(cloud.wanted())
    rule = {"operation": "DescribeService", "fault": "status", "status": 404, "code": code}
    cloud.admin.faults(rule)
    with pytest.raises(ApiError, match=code):
        cloud.look(name, state)


# --- throttling ----------------------------------------------------------------------------------

THROTTLED = {"fault": "status", "status": 429, "seconds": 7}
"""The emulator answers as Alibaba's tables say: 400 with a code, and milliseconds."""


def test_a_create_that_is_throttled_is_sent_again_when_the_server_says(cloud: Cloud) -> None:
    cloud.admin.faults({**THROTTLED, "operation": "CreateAppService", "times": 3})
    op = cloud.operation()
    sent = sent_by(op)
    lifecycle.create(op, cloud.wanted())
    asked = [one for one in cloud.requests if one["operation"] == "CreateAppService"]
    assert [one["status"] for one in asked] == [400] * 3 + [200]
    assert cloud.time.passed >= 3 * 7
    assert op.budget.lost < 3 * (7 + 20), "milliseconds, not seconds"
    nonces = [one.headers["x-acs-signature-nonce"] for one in sent]
    assert len(set(nonces)) == len(nonces)


def test_what_is_throttled_for_good_is_told_after_minutes(cloud: Cloud) -> None:
    cloud.admin.faults({**THROTTLED, "operation": "CreateAppService"})
    with pytest.raises(ApiError, match=r"HTTP 400, Throttling\.User, .*, tried [0-9]+ times in "):
        cloud.create(cloud.wanted())
    assert cloud.time.passed > 200
    assert cloud.services == []


@pytest.mark.parametrize("operation", ["StopService", "DeleteService", "UpdateServiceLabel"])
def test_other_calls_are_throttled_alike(operation: str, cloud: Cloud) -> None:
    name, state = cloud.create(cloud.wanted())
    cloud.forget()
    cloud.admin.faults({**THROTTLED, "operation": operation, "times": 2})
    wanted = cloud.wanted(labels={"a": "b"}, desired_status="stopped")
    state = cloud.update(name, wanted, state)
    cloud.delete(name, state)
    assert cloud.services == []
    asked = [one["status"] for one in cloud.requests if one["operation"] == operation]
    assert asked == [400, 400, 200]


def test_a_nonce_that_was_seen_leaves_open_whether_a_create_was_carried_out(cloud: Cloud) -> None:
    """Somebody on the way has sent the request twice; the first one may have done its work."""
    rule = {"operation": "CreateAppService", "fault": "status", "status": 400}
    cloud.admin.faults({**rule, "code": "SignatureNonceUsed", "times": 1})
    name, _ = cloud.create(cloud.wanted())
    assert name == cloud.only["ServiceName"]
    asked = [one["operation"] for one in cloud.requests]
    first = asked.index("CreateAppService")
    assert asked[first : first + 3] == ["CreateAppService", "DescribeService", "CreateAppService"]


# --- clocks --------------------------------------------------------------------------------------


def wrong_clock(op: Operation, wrong: float, cloud: Cloud) -> list[requests.PreparedRequest]:
    """Let an operation run on a machine whose clock is wrong."""
    auth: Any = op.client._session.auth
    auth._now = lambda: time.time() + wrong
    op.client.clock = replace(op.client.clock, wall=lambda: cloud.time.wall() + wrong)
    return sent_by(op)


@pytest.mark.parametrize("wrong", [-HOUR, HOUR, 23 * HOUR], ids=["behind", "ahead", "far ahead"])
def test_a_clock_that_is_wrong_is_learned_from_the_first_refusal(
    wrong: float, cloud: Cloud
) -> None:
    op = cloud.operation()
    sent = wrong_clock(op, wrong, cloud)
    name, state = lifecycle.create(op, cloud.wanted())
    statuses = [one["status"] for one in cloud.requests]
    assert statuses[0] == 400
    assert 400 not in statuses[1:], "what was learned is kept"
    assert cloud.time.passed < 60
    assert op.client.wall() == pytest.approx(cloud.time.wall(), abs=30)
    assert sent[0].headers["x-acs-signature-nonce"] != sent[1].headers["x-acs-signature-nonce"]
    assert abs(moment(sent[1].headers["x-acs-date"]) - time.time()) < 30
    lifecycle.delete(op, name, state)
    assert cloud.services == []


def test_what_was_learned_counts_for_the_neighbours_too(cloud: Cloud) -> None:
    op = cloud.operation()
    wrong_clock(op, HOUR, cloud)
    op.client.send(api.LIST)
    beside = api.connect_vpc(op.settings, op.identity, op.client)
    beside.send(Call("DescribeVpcs", "GET", "/?RegionId={region}"))
    assert [one["status"] for one in cloud.requests] == [400, 200, 200]


def test_a_clock_that_is_off_by_days_is_told(cloud: Cloud) -> None:
    op = cloud.operation()
    wrong_clock(op, 3 * 24 * HOUR, cloud)
    with pytest.raises(ApiError, match=r"InvalidTimeStamp\.Expired.*see to this machine's clock"):
        lifecycle.create(op, cloud.wanted())
    assert cloud.changes == []


def test_a_wrong_time_where_clocks_agree_is_somebody_elses(cloud: Cloud) -> None:
    cloud.admin.faults(
        {
            "operation": "DescribeService",
            "fault": "status",
            "status": 400,
            "code": "InvalidTimeStamp.Expired",
        }
    )
    with pytest.raises(ApiError, match="clock agrees with the date of the answer"):
        cloud.operation().look("foo")
    assert len(cloud.requests) == 1


# --- secrets -------------------------------------------------------------------------------------


def test_a_server_that_repeats_credentials_gives_nothing_away(cloud: Cloud) -> None:
    op = cloud.operation(environ={**cloud.environ, **TEMPORARY})
    echo = f"no {STS_TOKEN} for {STS_ACCESS_KEY_ID} and {json.dumps(STS_ACCESS_KEY_SECRET)}"
    read = api.read_error
    op.client.dialect = replace(
        op.client.dialect, read_error=lambda *how: replace(read(*how), message=echo)
    )
    cloud.admin.faults({"operation": "DescribeService", "fault": "status", "status": 400})
    with pytest.raises(ApiError) as info:
        op.look("foo")
    assert info.value.message == 'no *** for *** and "***"'
    for secret in (STS_TOKEN, STS_ACCESS_KEY_ID, STS_ACCESS_KEY_SECRET):
        assert secret not in f"{info.value!r} {vars(info.value)}"


def test_what_holds_credentials_does_not_show_them(cloud: Cloud) -> None:
    op = cloud.operation()
    op.look("foo")
    auth: Any = op.client._session.auth
    shown = f"{op.client!r} {auth!r} {auth._keys()!r} {op.settings!r} {auth._used!r}"
    assert repr(auth) == "KeySigner(...)"
    assert ACCESS_KEY_ID not in shown
    assert ACCESS_KEY_SECRET not in shown


def test_the_secret_settings_are_those_that_open_something() -> None:
    assert {one.key for one in api.SETTINGS if one.secret} == {
        "pai:accessKeyId",
        "pai:accessKeySecret",
        "pai:securityToken",
    }


# --- permissions ---------------------------------------------------------------------------------

GUIDE = Path(__file__).parents[2] / "docs" / "credentials.md"


def actions(policy: str) -> set[str]:
    """The actions that a policy of the guide allows."""
    document = json.loads(policy)
    assert document["Version"] == "1"
    assert {one["Effect"] for one in document["Statement"]} == {"Allow"}
    return {action for one in document["Statement"] for action in one["Action"]}


def test_the_guides_policies_allow_what_is_called_and_nothing_else() -> None:
    _, _, section = GUIDE.read_text("utf-8").partition(
        "The smallest RAM policy for `pai.AppService`"
    )
    found = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    deploying, reading, looking = (actions(one) for one in found)
    calls = [one for one in vars(api).values() if isinstance(one, Call)]
    every = {f"eas:{one.operation}" for one in calls}
    assert deploying == every - {"eas:DescribeServiceEndpoints"}
    assert reading == {f"eas:{one.operation}" for one in calls if not one.changes}
    shown = (preflight._SHOW_VPC, preflight._SHOW_SWITCH, preflight._SHOW_GROUP)
    assert looking == {f"{one.where.lower()}:{one.call.operation}" for one in shown}
