"""ZStack's credentials: access keys with wall-clock dates, login sessions that slide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.emulator.environment import further_credentials, inside
from pulumi_modeldeploy.emulator.zstack_identity import ACCOUNT_NAME, PASSWORD, sign

if TYPE_CHECKING:
    from conftest import ZStackClient

SERVICES = "/v1/ai/model-services"


@pytest.mark.parametrize(
    ("method", "date", "path", "signature"),
    [
        (
            "GET",
            "Fri, 06 Aug 2021 17:58:34 PRC",
            SERVICES,
            "jo+/Ih1JQY2wN7UK/fnRgOWURKg=",
        ),
        (
            "POST",
            "Tue, 03 Mar 2026 09:15:00 UTC",
            SERVICES,
            "bRuEeWcm3t3it0J/HKloLUNT+Ss=",
        ),
        (
            "DELETE",
            "Tue, 03 Mar 2026 09:15:00 UTC",
            f"{SERVICES}/5d94103e19254d8696c0f05489c259ab",
            "MAtrFHEkr/j2tpVB+hPzyoZBmZM=",
        ),
    ],
)
def test_signs_as_the_vendor(method: str, date: str, path: str, signature: str) -> None:
    assert sign(method, date, path, "not-a-real-secret") == signature


def with_headers(zstack: ZStackClient, headers: dict[str, str], query: str = "") -> tuple[int, str]:
    del zstack.session.headers["Authorization"]
    answer = zstack.call("GET", f"{SERVICES}{query}", headers=headers)
    return answer.status_code, answer.text


def test_a_signature_covers_neither_query_nor_zone(zstack: ZStackClient) -> None:
    headers = zstack.signed("GET", SERVICES, zstack.wall_clock("CST"))
    assert with_headers(zstack, headers, "?q=name=x&limit=5")[0] == 200


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"Authorization": ""}, 400, "Authorization type must be 'OAuth'"),
        ({"Authorization": "Bearer x"}, 400, "Authorization type must be 'OAuth'"),
        ({"Authorization": "ZStack keyOnly"}, 400, "AccessKeyID:signature"),
        ({"Authorization": "ZStack other:c2ln"}, 503, "access key id"),
        ({"Date": ""}, 400, "'Date' must be incuded in request header"),
        ({"Date": "yesterday"}, 400, "Date"),
        ({"Date": "Tue, 33 Mar 2026 09:15:00 UTC"}, 400, "Date"),
        ({"Date": "Tue, 03 Mar 2026 09:15:00 +0800"}, 400, "Date"),
        ({"Date": "Tue, 03 Mar 2026 09:15:00 UTC"}, 403, "requestTimeTooSkewed"),
    ],
)
def test_refuses_headers(
    zstack: ZStackClient, changes: dict[str, str], status: int, text: str
) -> None:
    headers = zstack.signed("GET", SERVICES, zstack.wall_clock())
    found = with_headers(zstack, {**headers, **changes})
    assert found[0] == status
    assert text in found[1]


def test_refuses_a_request_without_credentials(zstack: ZStackClient) -> None:
    assert with_headers(zstack, {}) == (400, "missing header 'Authorization'")


def test_refuses_the_signature_of_another_request(zstack: ZStackClient) -> None:
    headers = zstack.signed("POST", SERVICES, zstack.wall_clock())
    status, text = with_headers(zstack, headers)
    assert status == 503
    assert "wrong accessKey signature" in text


@pytest.mark.parametrize(("shift", "status"), [(-14, 200), (14, 200), (-16, 403), (16, 403)])
def test_dates_may_differ_by_a_quarter_of_an_hour(
    zstack: ZStackClient, shift: int, status: int
) -> None:
    headers = zstack.signed("GET", SERVICES, zstack.wall_clock(shift=shift * 60))
    assert with_headers(zstack, headers)[0] == status


@pytest.mark.parametrize(
    ("node", "zone", "hours", "status"),
    [
        ({"timeZone": "Asia/Shanghai"}, "UTC", 8, 200),
        ({"timeZone": "Asia/Shanghai"}, "UTC", 0, 403),
        ({"timeZone": "Asia/Shanghai", "checkTimeZone": True}, "UTC", 0, 200),
        ({"timeZone": "Asia/Shanghai", "checkTimeZone": True}, "CST", 8, 200),
        ({"timeZone": "Asia/Shanghai", "checkTimeZone": True}, "CST", 0, 403),
        ({"timeZone": "Asia/Shanghai", "checkTimeZone": True}, "XYZ", 0, 400),
    ],
)
def test_dates_are_the_nodes_wall_clock(
    zstack: ZStackClient, node: dict[str, Any], zone: str, hours: int, status: int
) -> None:
    zstack.admin.seed(zstack={"managementNode": node})
    date = zstack.utc_clock(zone, hours * 3600)
    assert with_headers(zstack, zstack.signed("GET", SERVICES, date))[0] == status


# --- sessions ---------------------------------------------------------------------------------


def test_logs_in_and_out(zstack: ZStackClient) -> None:
    session = zstack.log_in()
    path = f"/v1/accounts/sessions/{session}"
    assert zstack.call("GET", f"{path}/valid").json() == {"valid": True}
    for _ in range(2):
        out = zstack.call("DELETE", path)
        assert (out.status_code, out.json()) == (200, {})
        assert zstack.call("GET", f"{path}/valid").json() == {"valid": False}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"logInByAccount": {"accountName": ACCOUNT_NAME, "password": PASSWORD}}, "ID.1000"),
        ({"logInByAccount": {"accountName": ACCOUNT_NAME}}, "SYS.1007"),
        ({"params": {}}, "SYS.1007"),
    ],
)
def test_refuses_logins(zstack: ZStackClient, body: Any, code: str) -> None:
    answer = zstack.call("PUT", "/v1/accounts/login", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, code)
    (first, last) = zstack.admin.requests("LogInByAccount")[-2:]
    assert first["body"]["logInByAccount"]["password"] == "******"
    assert last["status"] == 503


def test_a_session_slides_and_ends(zstack: ZStackClient) -> None:
    for _ in range(3):
        zstack.admin.advance(7000)
        assert zstack.call("GET", SERVICES).status_code == 200
    zstack.admin.advance(7201)
    answer = zstack.call("GET", SERVICES)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ID.1001")
    assert answer.json()["error"]["details"] == "Session expired"


def test_a_session_that_is_over_fails_the_job(zstack: ZStackClient) -> None:
    zstack.session.headers["Authorization"] = "OAuth nobody"
    error = zstack.failed("POST", SERVICES, {"param": zstack.param()})
    assert error["code"] == "ID.1001"
    # What is wrong with the parameters is found first.
    error = zstack.failed("POST", SERVICES, {"param": zstack.param(name=...)})
    assert error["code"] == "SYS.1007"


def test_a_session_that_ends_during_a_job_does_not_stop_it(zstack: ZStackClient) -> None:
    job = "b" * 32
    zstack.call("POST", SERVICES, {"param": zstack.param()}, job=job)
    zstack.admin.advance(7201)
    assert zstack.poll(job).status_code == 200


def test_an_access_key_has_no_session_to_end(zstack: ZStackClient) -> None:
    zstack.admin.advance(7201)
    headers = zstack.signed("GET", SERVICES, zstack.wall_clock())
    assert with_headers(zstack, headers)[0] == 200


def test_an_environment_of_an_account_is_turned_to_the_key(zstack: ZStackClient) -> None:
    account = {name: "x" for name in further_credentials() if name.startswith("ZSTACK_")}
    assert set(account) == {"ZSTACK_ACCOUNT_NAME", "ZSTACK_ACCOUNT_PASSWORD"}
    turned = inside({**account, "ZSTACK_ENDPOINT": "x"}, zstack.emulator.url)
    assert {name for name in turned if name.startswith("ZSTACK_")} == {
        "ZSTACK_ENDPOINT",
        "ZSTACK_ACCESS_KEY_ID",
        "ZSTACK_ACCESS_KEY_SECRET",
    }
    assert turned["ZSTACK_ENDPOINT"] == zstack.emulator.url
