"""Alibaba Cloud's signature: the vendor's vectors, and what is refused."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
import requests
from pai_client import PaiClient, date, signed

from pulumi_modeldeploy.emulator.calls import Call
from pulumi_modeldeploy.emulator.clock import Clock
from pulumi_modeldeploy.emulator.environment import further_credentials, inside
from pulumi_modeldeploy.emulator.pai_identity import (
    ACCESS_KEY_ID,
    STS_ACCESS_KEY_ID,
    STS_ACCESS_KEY_SECRET,
    STS_TOKEN,
    Identity,
    canonical_request,
    signature,
    string_to_sign,
)

if TYPE_CHECKING:
    from pulumi_modeldeploy.emulator import Emulator

STS = (STS_ACCESS_KEY_ID, STS_ACCESS_KEY_SECRET)
TOKEN = "x-acs-security-token"

CREATE = (
    b'{"AppType":"LLM","Config":{"ModelStorage":"oss","OssPath":"oss://examplebucket/m/"},'
    b'"Replicas":1,"ServiceName":"foo","ServiceSpec":"llama_7b_fp16"}'
)
EAS = {
    "host": "pai-eas.cn-shanghai.aliyuncs.com",
    "x-acs-version": "2021-07-01",
    "x-acs-date": "2026-01-02T03:04:05Z",
    "x-acs-signature-nonce": "0123456789abcdef0123456789abcdef",
}
DESCRIBE = {**EAS, "x-acs-action": "DescribeService"}
ECS = {
    "host": "ecs.cn-shanghai.aliyuncs.com",
    "x-acs-action": "RunInstances",
    "x-acs-version": "2014-05-26",
    "x-acs-date": "2023-10-26T10:22:32Z",
    "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
}
SERVICE = "/api/v2/services/cn-shanghai/foo"
IMAGE = "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"
VECTORS = {
    "create": (
        ("POST", "/api/v2/app_services", "WorkspaceId=12+3&QuotaId=q", CREATE, "testSK"),
        {
            **EAS,
            "x-acs-action": "CreateAppService",
            "content-type": "application/json; charset=utf-8",
        },
        "614e447aed2ee0662d5f8cc72817815a5eea82b74e3a1de122393fa68763d31d",
        "1dbfa5e3943394d8dcd0afc21849d219d4f1a5dc4322daefe0c6ca9162c240a9",
    ),
    "describe": (
        ("GET", SERVICE, "", b"", "testSK"),
        DESCRIBE,
        "f39cb9f2604fff14d4952fd031df218fe0bfb9329a0db69830ab0abed08c5221",
        "89ce3416896d1a897364f553864295aa6db6bda588cb6beeddefe03abc444400",
    ),
    "sts": (
        ("GET", SERVICE, "", b"", "testSK"),
        {**DESCRIBE, TOKEN: "STS-TOKEN"},
        "f3e4d8cf180bad463f05216e4f97c39b3ec5b154abe4b146939e2e625426e617",
        "58d3cdfac12a177ba929f5a49082c670efa7aba7ee1e2e5968f599181ef8c8ff",
    ),
    "page": (
        (
            "POST",
            "/",
            f"RegionId=cn-shanghai&ImageId={IMAGE}",
            b"",
            "YourAccessKeySecret",
        ),
        ECS,
        "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259",
        "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_signs_as_the_vendor(name: str) -> None:
    (method, path, query, body, secret), headers, hashed, proof = VECTORS[name]
    headers = {**headers, "x-acs-content-sha256": hashlib.sha256(body).hexdigest()}
    call = Call(method, path, query, headers, body)
    canonical = canonical_request(call, list(headers))
    assert hashlib.sha256(canonical.encode()).hexdigest() == hashed
    assert signature(secret, string_to_sign(canonical)) == proof


@pytest.mark.parametrize(
    "query",
    [
        {"Filter": "a b"},
        {"Filter": "a+b/c=d&e"},
        {"Filter": "größe~*'()"},
        {"Sort": "CreateTime", "Filter": "", "Order": "asc"},
    ],
)
def test_a_query_is_signed_as_it_is_meant(pai: PaiClient, query: dict[str, str]) -> None:
    assert pai.names(**query) == []


def test_a_path_is_signed_as_it_is_meant(pai: PaiClient) -> None:
    assert pai.refused("DescribeService", "a%20b") == (404, "InvalidService.NotFound")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"x-acs-date": "Fri, 02 Jan 2026 03:04:05 GMT"}, 400, "InvalidTimeStamp.Format"),
        ({"x-acs-date": "2026-01-02 03:04:05"}, 400, "InvalidTimeStamp.Format"),
        ({"x-acs-signature-nonce": ""}, 400, "IncompleteSignature"),
        ({"x-acs-content-sha256": hashlib.sha256(b"x").hexdigest()}, 400, "SignatureDoesNotMatch"),
        ({"x-acs-version": "2021-07-02"}, 404, "InvalidApi.NotFound"),
        ({"x-acs-action": "DescribeService"}, 404, "InvalidApi.NotFound"),
        ({TOKEN: STS_TOKEN}, 400, "InvalidSecurityToken.MismatchWithAccessKey"),
    ],
)
def test_refuses_headers(pai: PaiClient, headers: dict[str, str], status: int, code: str) -> None:
    assert pai.refused("ListServices", headers=headers) == (status, code)


@pytest.mark.parametrize("shift", [-901, 960])
def test_refuses_a_clock_that_is_more_than_a_quarter_of_an_hour_off(
    pai: PaiClient, shift: float
) -> None:
    refused = pai.refused("ListServices", headers={"x-acs-date": date(shift)})
    assert refused == (400, "InvalidTimeStamp.Expired")


@pytest.mark.parametrize("shift", [-800, 800])
def test_a_clock_may_be_a_quarter_of_an_hour_off(pai: PaiClient, shift: float) -> None:
    assert pai.names() == []
    pai.ok("ListServices", headers={"x-acs-date": date(shift)})


def with_authorization(pai: PaiClient, change: Any, **more: str) -> tuple[int, str | None]:
    """Send a list request whose Authorization header was changed, with more headers."""
    url = f"{pai.emulator.url}/api/v2/services"
    public = {"x-acs-action": "ListServices", "x-acs-version": "2021-07-01"}
    headers = signed("GET", url, {}, b"", public)
    headers["Authorization"] = change(headers["Authorization"])
    sent = {name.replace("_", "-"): value for name, value in more.items()}
    answer = requests.get(url, headers={**headers, **sent}, timeout=10)
    return answer.status_code, answer.json().get("Code")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (lambda _: "", 400, "IncompleteSignature"),
        (lambda _: "acs key:c2ln", 400, "IncompleteSignature"),
        (lambda text: text.replace("HMAC-SHA256", "HMAC-SM3"), 400, "IncompleteSignature"),
        (lambda text: text.replace("x-acs-date;", ""), 400, "IncompleteSignature"),
        (lambda text: text.replace("host;", ""), 400, "IncompleteSignature"),
        (lambda text: text.replace(ACCESS_KEY_ID, "nobody"), 404, "InvalidAccessKeyId.NotFound"),
        (lambda text: text.replace(ACCESS_KEY_ID, STS[0]), 400, "MissingSecurityToken"),
        (lambda text: text[:-64] + "0" * 64, 400, "SignatureDoesNotMatch"),
    ],
)
def test_refuses_signatures(pai: PaiClient, change: Any, status: int, code: str) -> None:
    assert with_authorization(pai, change) == (status, code)


def test_public_headers_are_signed_and_others_need_not_be(pai: PaiClient) -> None:
    same = str.strip
    assert with_authorization(pai, same, x_acs_trace="1") == (400, "IncompleteSignature")
    assert with_authorization(pai, same, content_type="text/plain") == (400, "IncompleteSignature")
    assert with_authorization(pai, same, x_trace="1") == (200, None)


def test_a_nonce_serves_once(pai: PaiClient) -> None:
    nonce = {"x-acs-signature-nonce": "n"}
    pai.ok("ListServices", headers=nonce)
    assert pai.refused("ListServices", headers=nonce) == (400, "SignatureNonceUsed")
    pai.key = STS
    pai.ok("ListServices", headers={**nonce, TOKEN: STS_TOKEN})


class Wall(Clock):
    """A clock whose wall time is set by the test."""

    seconds = 0.0

    def wall(self) -> float:
        return self.seconds


def test_nonces_are_forgotten_when_their_requests_are_too_old() -> None:
    clock = Wall(1)
    identity = Identity(clock)

    def use(nonce: str, at: float) -> None:
        clock.seconds = at
        identity._use("key", nonce, at)

    use("a", 0.0)
    use("b", 1000.0)
    use("c", 1801.0)
    assert [nonce for _, nonce in identity._nonces] == ["b", "c"]


def test_a_temporary_key_needs_its_token(pai: PaiClient) -> None:
    pai.key = STS
    pai.ok("ListServices", headers={TOKEN: STS_TOKEN})
    wrong = pai.refused("ListServices", headers={TOKEN: "other"})
    assert wrong == (400, "InvalidSecurityToken.MismatchWithAccessKey")


def test_a_seeded_key_ends_and_has_its_account(pai: PaiClient) -> None:
    key = {"accessKeyId": "STS.x", "accessKeySecret": "s", "securityToken": "t", "uid": "42"}
    pai.admin.seed(pai={"accessKeys": [{**key, "expiration": date(3600)}]})
    other = PaiClient(pai.emulator, ("STS.x", "s"))
    with other.session:
        other.ok("CreateAppService", body=pai.app(), headers={TOKEN: "t"})
        shown = other.ok("DescribeService", "foo", headers={TOKEN: "t"})
        assert shown["ParentUid"] == "42"
        pai.admin.advance(3601)
        late = other.refused("DescribeService", "foo", headers={TOKEN: "t"})
        assert late == (400, "InvalidSecurityToken.Expired")
    assert pai.names() == []
    assert pai.refused("DescribeService", "foo") == (403, "Forbidden.PrivilegeCheckFailed")


def test_an_error_does_not_show_tokens(pai: PaiClient) -> None:
    pai.key = (STS[0], "wrong")
    answer = pai.call("ListServices", headers={TOKEN: STS_TOKEN})
    assert answer.json()["Code"] == "SignatureDoesNotMatch"
    assert STS_TOKEN not in answer.text
    assert STS_TOKEN not in str(pai.admin.requests())


def test_the_environment_names_one_kind_of_credentials(emulator: Emulator) -> None:
    further = further_credentials()
    assert further["ALIBABA_CLOUD_ACCESS_KEY_ID"] == STS[0]
    before = {"ALIBABA_CLOUD_SECURITY_TOKEN": "x", "ALIBABA_CLOUD_PROFILE": "x", "HOME": "/"}
    env = inside(before, emulator.url)
    assert env["ALIBABA_CLOUD_ACCESS_KEY_ID"] == ACCESS_KEY_ID
    assert env["HOME"] == "/"
    assert not {"ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_PROFILE"} & set(env)
