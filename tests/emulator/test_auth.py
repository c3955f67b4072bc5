"""Who may call: signatures as the vendor's own SDK makes them, and tokens."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from requests.structures import CaseInsensitiveDict

from pulumi_modeldeploy.emulator.calls import Call
from pulumi_modeldeploy.emulator.huawei_iam import (
    ACCESS_KEY,
    AGENCY_DOMAIN_NAME,
    AGENCY_NAME,
    AGENCY_PROJECT_ID,
    DOMAIN_NAME,
    OTHER_PROJECT_ID,
    OTHER_REGION,
    PASSWORD,
    PROJECT_ID,
    REGION,
    SECRET_KEY,
    TOKEN,
    USER_NAME,
    canonical_request,
    signature,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conftest import Client

    from pulumi_modeldeploy.emulator import Emulator

# The vendor's SDK asks for the time in a way that Python 3.12 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

SERVICES = f"/v1/{PROJECT_ID}/services"
JSON = "application/json"


def sign(
    emulator: Emulator,
    method: str = "GET",
    path: str = SERVICES,
    query: Iterable[tuple[str, Any]] = (),
    body: Any = "",
    **headers: Any,
) -> SdkRequest:
    """Return a request that the vendor's SDK signed."""
    keys = {"ak": ACCESS_KEY, "sk": SECRET_KEY, **headers.pop("keys", {})}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = SdkRequest(
        method=method,
        schema="http",
        host=emulator.url.removeprefix("http://"),
        resource_path=path,
        query_params=list(query),
        header_params={"Content-Type": JSON, "X-Project-Id": PROJECT_ID, **headers},
        body=body,
    )
    return Signer(BasicCredentials(project_id=PROJECT_ID, **keys)).sign(request)


def send(emulator: Emulator, request: SdkRequest, **changes: Any) -> requests.Response:
    """Send it as signed, or with changes that the signature does not know of."""
    method = changes.get("method", request.method)
    url = emulator.url + changes.get("uri", request.uri)
    headers = {**request.header_params, **changes.get("headers", {})}
    body = changes.get("body", request.body)
    return requests.request(method, url, data=body, headers=headers, timeout=10)


def refusal(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error_code"]


# --- signatures -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (SERVICES, []),
        (SERVICES, [("limit", 10), ("offset", 0), ("service_name", "a b/c")]),
        (SERVICES, [("service_name", "数字*~+&=")]),
        (SERVICES, [("service_name", ""), ("order", "asc")]),
        (SERVICES + "/specifications", [("is_personal_cluster", "false")]),
        ("/v3/projects", [("name", REGION)]),
    ],
)
def test_the_vendors_signer_is_understood(emulator: Emulator, path: str, query: Any) -> None:
    response = send(emulator, sign(emulator, path=path, query=query))
    assert response.status_code == 200, response.text


def test_a_signed_body_is_understood(client: Client, emulator: Emulator) -> None:
    body = json.dumps(client.real_time(service_name="数字"), ensure_ascii=False)
    response = send(emulator, sign(emulator, "POST", body=body))
    assert response.status_code == 200
    service_id = response.json()["service_id"]
    assert client.show(service_id)["service_name"] == "数字"
    path = f"{SERVICES}/{quote(service_id)}"
    assert send(emulator, sign(emulator, "DELETE", path)).status_code == 200


def test_an_unsigned_payload_is_taken_for_bodies_that_are_no_json(emulator: Emulator) -> None:
    request = sign(emulator, "POST", body="whatever", Content_Type="text/plain")
    assert request.header_params["X-Sdk-Content-Sha256"] == "UNSIGNED-PAYLOAD"
    assert refusal(send(emulator, request)) == (400, "ModelArts.4105")


#: what is changed after signing
TAMPERED = {
    "method": {"method": "DELETE"},
    "path": {"uri": SERVICES + "/b"},
    "query": {"uri": SERVICES + "/a?limit=1"},
    "body": {"body": b'{"a": 2}'},
    "signed header": {"headers": {"Content-Type": "text/json"}},
    "date": {"headers": {"X-Sdk-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())}},
    "security token": {"headers": {"X-Security-Token": "t"}},
    "broken header": {"headers": {"Authorization": "SDK-HMAC-SHA256 Access=a"}},
    "other scheme": {"headers": {"Authorization": "Bearer token"}},
    "no date": {"headers": {"X-Sdk-Date": None}},
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_request_is_refused(emulator: Emulator, what: str) -> None:
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 600))
    request = sign(emulator, "PUT", SERVICES + "/a", body='{"a": 1}', X_Sdk_Date=date)
    assert refusal(send(emulator, request)) == (404, "ModelArts.3502")
    response = send(emulator, request, **TAMPERED[what])
    assert refusal(response) == (401, "APIGW.0301")
    answer = response.json()
    assert answer["request_id"] == response.headers["X-Request-Id"]
    assert SECRET_KEY not in response.text


@pytest.mark.parametrize(
    "keys", [{"ak": "SOMEBODYELSE"}, {"sk": "guessed"}], ids=["access key", "secret key"]
)
def test_other_keys_are_refused(emulator: Emulator, keys: dict[str, str]) -> None:
    response = send(emulator, sign(emulator, keys=keys))
    assert refusal(response) == (401, "APIGW.0301")


@pytest.mark.parametrize(("minutes", "status"), [(-14, 200), (14, 200), (-16, 401), (16, 401)])
def test_the_date_may_be_fifteen_minutes_off(emulator: Emulator, minutes: int, status: Any) -> None:
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + 60 * minutes))
    assert send(emulator, sign(emulator, X_Sdk_Date=date)).status_code == status


def test_signatures_are_dated_by_the_real_clock(emulator: Emulator) -> None:
    emulator.admin.advance(24 * 3600)
    assert send(emulator, sign(emulator)).status_code == 200


def test_a_project_header_must_be_ours_and_signed(emulator: Emulator) -> None:
    other = sign(emulator, X_Project_Id="0" * 32)
    assert refusal(send(emulator, other)) == (401, "APIGW.0301")
    unsigned = sign(emulator)
    text = unsigned.header_params["Authorization"].replace("x-project-id;", "")
    response = send(emulator, unsigned, headers={"Authorization": text})
    assert refusal(response) == (401, "APIGW.0301")
    assert "x-project-id" in response.json()["error_msg"]


PUBLIC_SK = "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"
P = "0123456789abcdef0123456789abcdef"


def test_the_date_must_be_signed(emulator: Emulator) -> None:
    host = emulator.url.removeprefix("http://")
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = CaseInsensitiveDict({"Host": host, "X-Sdk-Date": date})
    for signed, status in ((["host", "x-sdk-date"], 200), (["host"], 401)):
        canonical = canonical_request(Call("GET", SERVICES, "", headers, b""), signed)
        headers["Authorization"] = (
            f"SDK-HMAC-SHA256 Access={ACCESS_KEY}, SignedHeaders={';'.join(signed)}, "
            f"Signature={signature(SECRET_KEY, date, canonical)}"
        )
        answer = requests.get(emulator.url + SERVICES, headers=headers, timeout=10)
        assert answer.status_code == status


def test_a_permanent_key_has_no_security_token(emulator: Emulator) -> None:
    response = send(emulator, sign(emulator, X_Security_Token="made-up"))
    assert refusal(response) == (401, "APIGW.0301")
    assert "security token" in response.json()["error_msg"]


class Vector(NamedTuple):
    """A request whose signature was computed with the vendor's SDK."""

    method: str
    host: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    signature: str


VECTORS = [
    Vector(
        "GET",
        "service.region.example.com",
        "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
        "limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
        {"X-Sdk-Date": "20191115T033655Z"},
        b"",
        "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
    ),
    Vector(
        "POST",
        "modelarts.cn-north-4.myhuaweicloud.com",
        f"/v1/{P}/services",
        "",
        {"X-Sdk-Date": "20250102T030405Z", "X-Project-Id": P},
        b'{"service_name":"demo"}',
        "eaacadb7314d51d5bfd1eb7e6bca4bea0d8086a1da7e0c68b89f4df865a25782",
    ),
    Vector(
        "GET",
        "modelarts.cn-north-4.myhuaweicloud.com",
        f"/v1/{P}/services",
        "service_name=a+b%2Fc&offset=0&limit=10",
        {"X-Sdk-Date": "20250102T030405Z", "X-Project-Id": P, "X-Security-Token": " tok-1 "},
        b"",
        "c3fc17369c7b682a07a2b3d0403715877d918bd8de58a5734a6d00016305f3b5",
    ),
]


@pytest.mark.parametrize("vector", VECTORS)
def test_published_vectors(vector: Vector) -> None:
    headers = CaseInsensitiveDict({**vector.headers, "Host": vector.host, "Content-Type": JSON})
    call = Call(vector.method, vector.path, vector.query, headers, vector.body)
    signed = sorted(name.lower() for name in headers)
    canonical = canonical_request(call, signed)
    assert signature(PUBLIC_SK, headers["X-Sdk-Date"], canonical) == vector.signature


# --- tokens -----------------------------------------------------------------------------------


def ask(url: str, token: str | None = None) -> requests.Response:
    return requests.get(url, headers={"X-Auth-Token": token} if token else {}, timeout=10)


def sign_in(emulator: Emulator, *, scope: Any = None, **changes: Any) -> requests.Response:
    user = {"name": USER_NAME, "password": PASSWORD, "domain": {"name": DOMAIN_NAME}, **changes}
    auth = {"identity": {"methods": ["password"], "password": {"user": user}}}
    auth["scope"] = {"project": {"name": REGION}} if scope is None else scope
    return requests.post(f"{emulator.url}/v3/auth/tokens", json={"auth": auth}, timeout=10)


def test_the_fixed_token_is_accepted(emulator: Emulator) -> None:
    assert ask(emulator.url + SERVICES, TOKEN).status_code == 200


@pytest.mark.parametrize(
    ("path", "token", "expected"),
    [
        (SERVICES, None, (401, "ModelArts.0201")),
        (SERVICES, "guessed", (401, "ModelArts.0203")),
        ("/v1/another/services", TOKEN, (403, "ModelArts.0210")),
    ],
)
def test_other_tokens_are_refused(
    emulator: Emulator, path: str, token: str | None, expected: Any
) -> None:
    assert refusal(ask(emulator.url + path, token)) == expected


@pytest.mark.parametrize("scope", [{"project": {"name": REGION}}, {"project": {"id": PROJECT_ID}}])
def test_a_token_lasts_a_day(emulator: Emulator, scope: Any) -> None:
    response = sign_in(emulator, scope=scope)
    assert response.status_code == 201
    assert response.json()["token"]["project"]["id"] == PROJECT_ID
    token = response.headers["X-Subject-Token"]
    assert token not in response.text
    assert ask(emulator.url + SERVICES, token).status_code == 200
    emulator.admin.advance(24 * 3600 - 60)
    assert ask(emulator.url + SERVICES, token).status_code == 200
    emulator.admin.advance(60)
    assert refusal(ask(emulator.url + SERVICES, token)) == (401, "ModelArts.0202")


def test_a_token_of_the_domain_has_no_project(emulator: Emulator) -> None:
    token = sign_in(emulator, scope={"domain": {"name": DOMAIN_NAME}}).headers["X-Subject-Token"]
    assert refusal(ask(emulator.url + SERVICES, token)) == (400, "ModelArts.0204")
    found = ask(f"{emulator.url}/v3/projects?name={REGION}", token).json()["projects"]
    assert [project["id"] for project in found] == [PROJECT_ID]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"password": "guessed"}, 401),
        ({"name": "somebody"}, 401),
        ({"domain": {"name": "elsewhere"}}, 401),
        ({"domain": {}}, 401),
        ({"scope": {"project": {"name": "eu-de"}}}, 401),
        ({"scope": {"project": {"id": "0"}}}, 401),
        ({"scope": {"galaxy": {}}}, 400),
        ({"nickname": "x"}, 400),
    ],
)
def test_sign_in_is_refused(emulator: Emulator, changes: dict[str, Any], status: Any) -> None:
    response = sign_in(emulator, **changes)
    assert response.status_code == status
    assert response.json()["error"]["code"] == status
    assert set(response.json()["error"]) == {"code", "message", "title"}
    assert "X-Subject-Token" not in response.headers
    assert PASSWORD not in response.text


def test_passwords_are_masked_in_the_journal(emulator: Emulator) -> None:
    sign_in(emulator)
    (entry,) = emulator.admin.requests("CreateToken")
    assert entry["body"]["auth"]["identity"]["password"] == "******"
    assert PASSWORD not in str(entry)


def test_projects_are_found_by_name(emulator: Emulator) -> None:
    assert ask(f"{emulator.url}/v3/projects", TOKEN).json()["projects"][0]["name"] == REGION
    assert ask(f"{emulator.url}/v3/projects?name=eu-de", TOKEN).json()["projects"] == []
    response = ask(f"{emulator.url}/v3/projects")
    assert (response.status_code, response.json()["error"]["title"]) == (401, "Unauthorized")


# --- two regions, two accounts ----------------------------------------------------------------


def test_the_account_has_two_regions(emulator: Emulator) -> None:
    found = ask(f"{emulator.url}/v3/projects", TOKEN).json()["projects"]
    assert [(one["name"], one["id"]) for one in found] == [
        (REGION, PROJECT_ID),
        (OTHER_REGION, OTHER_PROJECT_ID),
    ]
    other = f"{emulator.url}/v1/{OTHER_PROJECT_ID}/services"
    assert refusal(ask(other, TOKEN)) == (403, "ModelArts.0210")
    for scope in ({"project": {"name": OTHER_REGION}}, {"project": {"id": OTHER_PROJECT_ID}}):
        token = sign_in(emulator, scope=scope).headers["X-Subject-Token"]
        assert ask(other, token).status_code == 200
        assert refusal(ask(emulator.url + SERVICES, token)) == (403, "ModelArts.0210")
    signed = sign(emulator, path=f"/v1/{OTHER_PROJECT_ID}/services", X_Project_Id=OTHER_PROJECT_ID)
    assert send(emulator, signed).status_code == 200
    signed = sign(emulator, path=SERVICES, X_Project_Id=OTHER_PROJECT_ID)
    assert refusal(send(emulator, signed)) == (403, "ModelArts.0210")


def test_a_service_is_in_one_project_only(client: Client, emulator: Emulator) -> None:
    scope = {"project": {"id": OTHER_PROJECT_ID}}
    headers = {"X-Auth-Token": sign_in(emulator, scope=scope).headers["X-Subject-Token"]}
    there = f"{emulator.url}/v1/{OTHER_PROJECT_ID}/services"
    body = client.real_time(service_name="twice")
    first = client.ok("POST", "/services", body)["service_id"]
    answer = requests.post(there, json=body, headers=headers, timeout=10)
    assert answer.status_code == 200, "names are unique in a project"
    second = answer.json()["service_id"]
    listed = requests.get(there, headers=headers, timeout=10).json()["services"]
    assert [(one["service_id"], one["project"]) for one in listed] == [(second, OTHER_PROJECT_ID)]
    assert [one["service_id"] for one in client.ok("GET", "/services")["services"]] == [first]
    for method in ("GET", "PUT", "DELETE"):
        answer = requests.request(method, f"{there}/{first}", json={}, headers=headers, timeout=10)
        assert refusal(answer) == (404, "ModelArts.3502")
    assert client.show(first)["project"] == PROJECT_ID


def assume(
    emulator: Emulator, token: str | None = TOKEN, project: str = AGENCY_PROJECT_ID, **changes: Any
) -> requests.Response:
    agency = {"agency_name": AGENCY_NAME, "domain_name": AGENCY_DOMAIN_NAME, **changes}
    auth = {
        "identity": {"methods": ["assume_role"], "assume_role": agency},
        "scope": {"project": {"id": project}},
    }
    headers = {"X-Auth-Token": token} if token else {}
    url = f"{emulator.url}/v3/auth/tokens"
    return requests.post(url, json={"auth": auth}, headers=headers, timeout=10)


def test_an_agency_opens_the_other_account(emulator: Emulator) -> None:
    user = sign_in(emulator, scope={"domain": {"name": DOMAIN_NAME}}).headers["X-Subject-Token"]
    for caller in (TOKEN, user):
        answer = assume(emulator, caller)
        assert answer.status_code == 201
        assert answer.json()["token"]["project"]["domain"]["name"] == AGENCY_DOMAIN_NAME
        token = answer.headers["X-Subject-Token"]
        services = f"{emulator.url}/v1/{AGENCY_PROJECT_ID}/services"
        assert ask(services, token).status_code == 200
        assert refusal(ask(emulator.url + SERVICES, token)) == (403, "ModelArts.0210")
    emulator.admin.advance(24 * 3600)
    assert refusal(ask(services, token)) == (401, "ModelArts.0202")
    assert assume(emulator, user).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"token": None}, 401),
        ({"token": "guessed"}, 401),
        ({"agency_name": "another"}, 401),
        ({"domain_name": "another"}, 401),
        ({"project": PROJECT_ID}, 401),
        ({"password": "x"}, 400),
    ],
)
def test_an_agency_is_refused(emulator: Emulator, changes: dict[str, Any], status: int) -> None:
    answer = assume(emulator, **changes)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == status
    assert "X-Subject-Token" not in answer.headers


# --- temporary access keys --------------------------------------------------------------------


def temporary_keys(emulator: Emulator, **exchange: Any) -> requests.Response:
    identity = {"methods": ["token"], "token": exchange}
    return requests.post(
        f"{emulator.url}/v3.0/OS-CREDENTIAL/securitytokens",
        json={"auth": {"identity": identity}},
        headers={"X-Auth-Token": TOKEN},
        timeout=10,
    )


def test_temporary_keys_sign_with_their_token_until_they_expire(emulator: Emulator) -> None:
    credential = temporary_keys(emulator, duration_seconds=900).json()["credential"]
    keys = {"ak": credential["access"], "sk": credential["secret"]}
    token = credential["securitytoken"]

    def status(**headers: Any) -> int:
        return send(emulator, sign(emulator, keys=keys, **headers)).status_code

    assert status(X_Security_Token=token) == 200
    assert status() == 401
    assert status(X_Security_Token="guessed") == 401
    request = sign(emulator, keys=keys)
    unsigned = send(emulator, request, headers={"X-Security-Token": token})
    assert refusal(unsigned) == (401, "APIGW.0301")
    emulator.admin.advance(900)
    assert status(X_Security_Token=token) == 401


@pytest.mark.parametrize("seconds", [899, 86401, "900"])
def test_temporary_keys_last_between_a_quarter_of_an_hour_and_a_day(
    emulator: Emulator, seconds: Any
) -> None:
    assert temporary_keys(emulator, duration_seconds=seconds).status_code == 400
