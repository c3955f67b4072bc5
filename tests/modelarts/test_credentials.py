"""Who calls: keys, tokens, users, agencies; over real HTTP, in a time that only the tests move."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pulumi_modeldeploy.core.http import Client, Clock, Login
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.emulator import huawei_iam as iam_server
from pulumi_modeldeploy.errors import ApiError, LoginRefused, SettingsError, TransportError
from pulumi_modeldeploy.modelarts import api, iam
from pulumi_modeldeploy.modelarts.service import TABLE
from pulumi_modeldeploy.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Cloud

    from pulumi_modeldeploy.core.values import Values

USER = {
    "HW_USER_NAME": iam_server.USER_NAME,
    "HW_USER_PASSWORD": iam_server.PASSWORD,
    "HW_DOMAIN_NAME": iam_server.DOMAIN_NAME,
}
AGENCY = {
    "HW_ASSUME_ROLE_AGENCY_NAME": iam_server.AGENCY_NAME,
    "HW_ASSUME_ROLE_DOMAIN_NAME": iam_server.AGENCY_DOMAIN_NAME,
    "HW_PROJECT_ID": iam_server.AGENCY_PROJECT_ID,
}
TOKEN = {"HW_AUTH_TOKEN": iam_server.TOKEN}
DAY = 24 * 3600


class Door:
    """Connections to the emulator with credentials of their own."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.now = cloud, 0.0
        environ = dict(cloud.environ)
        self.plain = {
            k: v for k, v in environ.items() if not k.endswith(("ACCESS_KEY", "SECRET_KEY"))
        }

    def pass_by(self, seconds: float, *, unseen: bool = False) -> None:
        """Let time pass, here and there; `unseen`: only there, as for a clock that stood still."""
        self.cloud.admin.advance(seconds)
        self.now += 0 if unseen else seconds

    def open(self, stack: dict[str, str] | None = None, **environ: str) -> Client:
        settings = Settings((stack or {}).get, {**self.plain, **environ})
        region, project, _ = TABLE.place(settings)
        client = TABLE.connect(settings, Identity("", "", "", region, project))
        clock = Clock(now=lambda: self.now, sleep=self.pass_by, random=lambda: 0.5)
        auth = client._session.auth
        for one in (client, auth.client) if isinstance(auth, iam.TokenLogin) else (client,):
            one.clock = clock
            one._session.trust_env = False
        return client

    def tokens(self) -> int:
        return len(self.cloud.admin.requests("CreateToken"))


@pytest.fixture
def door(cloud: Cloud) -> Door:
    return Door(cloud)


def names(client: Client) -> list[str]:
    return [one["service_name"] for one in client.send(api.LIST).body["services"]]


# --- each way ------------------------------------------------------------------------------------


WAYS: dict[str, tuple[dict[str, str], int]] = {
    "an access key": (
        {"HW_ACCESS_KEY": iam_server.ACCESS_KEY, "HW_SECRET_KEY": iam_server.SECRET_KEY},
        0,
    ),
    "a token": (TOKEN, 0),
    "a user": (USER, 1),
    "a user by OpenStack's names": (
        {
            "OS_USERNAME": iam_server.USER_NAME,
            "OS_PASSWORD": iam_server.PASSWORD,
            "OS_USER_DOMAIN_NAME": iam_server.DOMAIN_NAME,
        },
        1,
    ),
    "an agency of a user": ({**USER, **AGENCY}, 2),
    "an agency of a token": ({**TOKEN, **AGENCY}, 1),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_each_way_leads_in_and_logs_in_once(way: str, door: Door) -> None:
    environ, logins = WAYS[way]
    client = door.open(**environ)
    for _ in range(3):
        assert names(client) == []
    assert door.tokens() == logins


def test_a_token_is_of_the_project(door: Door) -> None:
    client = door.open(**USER, HW_PROJECT_ID=iam_server.OTHER_PROJECT_ID)
    assert names(client) == []
    (asked,) = door.cloud.admin.requests("CreateToken")
    assert asked["body"]["auth"]["scope"] == {"project": {"id": iam_server.OTHER_PROJECT_ID}}
    assert asked["query"] == {"nocatalog": "true"}


def test_an_agency_is_assumed_with_a_token_of_the_account(door: Door) -> None:
    assert names(door.open(**USER, **AGENCY)) == []
    first, second = (one["body"]["auth"] for one in door.cloud.admin.requests("CreateToken"))
    assert first["scope"] == {"domain": {"name": iam_server.DOMAIN_NAME}}
    assert second["identity"] == {
        "methods": ["assume_role"],
        "assume_role": {
            "agency_name": iam_server.AGENCY_NAME,
            "domain_name": iam_server.AGENCY_DOMAIN_NAME,
        },
    }
    assert second["scope"] == {"project": {"id": iam_server.AGENCY_PROJECT_ID}}


def test_a_temporary_key_carries_its_token(door: Door) -> None:
    answer = requests.post(
        f"{door.plain['MODELARTS_IAM_ENDPOINT']}/v3.0/OS-CREDENTIAL/securitytokens",
        json={"auth": {"identity": {"methods": ["token"]}}},
        headers={"X-Auth-Token": iam_server.TOKEN},
        timeout=10,
    )
    key = answer.json()["credential"]
    pair = {"HW_ACCESS_KEY": key["access"], "HW_SECRET_KEY": key["secret"]}
    assert names(door.open(**pair, HW_SECURITY_TOKEN=key["securitytoken"])) == []
    with pytest.raises(ApiError, match=r"APIGW\.0301"):
        names(door.open(**pair))


def test_a_whole_life_by_user_and_password(door: Door, arguments: Callable[..., Values]) -> None:
    from pulumi_modeldeploy.core import lifecycle  # noqa: PLC0415

    op = replace(door.cloud.operation(), client=door.open(**USER))
    identifier, state = lifecycle.create(op, arguments())
    door.pass_by(DAY)
    state = lifecycle.read(op, identifier, state) or {}
    assert state["status"] == "running"
    lifecycle.delete(op, identifier, state)
    assert door.cloud.services == []


# --- renewal -------------------------------------------------------------------------------------


def test_a_token_is_renewed_shortly_before_its_end(door: Door) -> None:
    client = door.open(**USER)
    names(client)
    door.pass_by(DAY - iam.EARLY - 1)
    names(client)
    assert door.tokens() == 1
    door.pass_by(2)
    names(client)
    assert door.tokens() == 2
    assert [one["status"] for one in door.cloud.admin.requests("ListServices")] == [200] * 3


def test_a_token_that_is_over_is_renewed_and_the_call_sent_once_more(door: Door) -> None:
    client = door.open(**USER)
    names(client)
    door.pass_by(DAY, unseen=True)
    names(client)
    assert door.tokens() == 2
    assert [one["status"] for one in door.cloud.admin.requests("ListServices")] == [200, 401, 200]


def test_an_agencys_token_is_renewed_with_a_new_one_of_the_user(door: Door) -> None:
    client = door.open(**USER, **AGENCY)
    names(client)
    door.pass_by(DAY, unseen=True)
    names(client)
    assert door.tokens() == 4


def test_a_token_that_iam_forgot_is_renewed(door: Door) -> None:
    client = door.open(**USER)
    names(client)
    door.cloud.admin.reset()
    assert names(client) == []
    assert door.tokens() == 1


def test_a_given_token_cannot_be_renewed(door: Door) -> None:
    client = door.open(HW_AUTH_TOKEN="made-up-token-1")
    for _ in range(2):
        with pytest.raises(ApiError, match=r"HTTP 401, ModelArts\.0203") as info:
            names(client)
        assert "made-up-token-1" not in str(info.value)
    assert not isinstance(client._session.auth, Login)
    assert door.tokens() == 0


def test_a_token_without_times_lasts_until_the_cloud_says_no() -> None:
    assert iam._lasts({"expires_at": "2025-01-02T03:04:05.000000Z"}) is None
    assert iam._lasts(None) is None
    assert iam._lasts({"expires_at": "soon", "issued_at": "now"}) is None
    day = {"issued_at": "2025-01-01T03:04:05.1Z", "expires_at": "2025-01-02T03:04:05.000000Z"}
    assert iam._lasts(day) == DAY
    backwards = {"issued_at": day["expires_at"], "expires_at": day["issued_at"]}
    assert iam._lasts(backwards) is None


# --- refusals ------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "a wrong password": (
        {**USER, "HW_USER_PASSWORD": "guessed-wrongly"},
        r"CreateToken: The username or password is wrong\. \(HTTP 401.*see modelarts:userName, ",
    ),
    "a wrong account": ({**USER, "HW_DOMAIN_NAME": "elsewhere"}, "modelarts:domainName"),
    "a wrong project": (
        {**USER, "HW_PROJECT_ID": "0" * 32},
        "project does not exist .*whether modelarts:projectId is a project of that account",
    ),
    "an agency that there is not": (
        {**USER, **AGENCY, "HW_ASSUME_ROLE_AGENCY_NAME": "no-such"},
        r"agency does not exist.*see modelarts:agencyName and modelarts:agencyDomainName",
    ),
    "an agency for a token that is over": (
        {**TOKEN, **AGENCY, "HW_AUTH_TOKEN": "made-up-token-1"},
        "requires authentication.*modelarts:agencyName",
    ),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_a_refused_login_says_what_to_look_at_and_is_not_repeated(case: str, door: Door) -> None:
    environ, text = REFUSED[case]
    client = door.open(**environ)
    seen = []
    for _ in range(4):
        with pytest.raises(LoginRefused, match=text) as info:
            names(client)
        seen.append(str(info.value))
    assert door.tokens() == (
        2 if {"HW_ASSUME_ROLE_AGENCY_NAME", "HW_USER_NAME"} <= set(environ) else 1
    )
    assert door.cloud.admin.requests("ListServices") == []
    assert not any(secret in "".join(seen) for secret in ("guessed-wrongly", "made-up-token-1"))


def test_a_login_that_is_not_found_does_not_mean_that_a_service_is_gone(door: Door) -> None:
    """A wrong address of IAM answers 404; a refresh must not forget services for that."""
    client = door.open(**USER)
    door.cloud.admin.faults({"operation": "CreateToken", "fault": "status", "status": 404})
    with pytest.raises(LoginRefused, match="HTTP 404"):
        client.get(api.SHOW, path={"id": "s1"})


def test_an_outage_of_iam_passes_by(door: Door) -> None:
    rule = {"operation": "CreateToken", "fault": "status", "status": 503}
    door.cloud.admin.faults({**rule, "times": 2})
    client = door.open(**USER)
    assert names(client) == []
    door.cloud.admin.faults(rule)
    with pytest.raises(TransportError, match="CreateToken"):
        names(door.open(**USER))


MISSING: dict[str, tuple[dict[str, str], str]] = {
    "the account's name": (
        {key: one for key, one in USER.items() if key != "HW_DOMAIN_NAME"},
        r"modelarts:domainName is missing \(name of the account.*HW_DOMAIN_NAME or OS_USER_DOMAIN",
    ),
    "the password": (
        {"HW_USER_NAME": "u"},
        r"modelarts:password is missing.*--secret.*HW_USER_PASSWORD",
    ),
    "the user's name": ({"HW_USER_PASSWORD": "p"}, "modelarts:userName is missing"),
    "the agency's account": (
        {**USER, "HW_ASSUME_ROLE_AGENCY_NAME": "a"},
        "modelarts:agencyDomainName is missing",
    ),
    "an agency by key": (
        {"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "s", "HW_ASSUME_ROLE_AGENCY_NAME": "a"},
        "an access key cannot assume an agency",
    ),
    "everything": ({}, "modelarts:userName, modelarts:password and modelarts:domainName"),
}


@pytest.mark.parametrize("case", list(MISSING))
def test_what_is_missing_is_named(case: str, door: Door) -> None:
    environ, text = MISSING[case]
    with pytest.raises(SettingsError, match=text):
        door.open(**environ)


def test_another_project_of_a_given_token_is_explained(door: Door) -> None:
    client = door.open(**TOKEN, HW_PROJECT_ID=iam_server.OTHER_PROJECT_ID)
    with pytest.raises(ApiError, match=r"HTTP 403, ModelArts\.0210.*modelarts:projectId"):
        names(client)


# --- one source only -----------------------------------------------------------------------------

SOURCES: dict[str, tuple[dict[str, str], dict[str, str], type]] = {
    "a user of the stack before a token of the environment": (
        {
            "modelarts:userName": "u",
            "modelarts:password": "p",
            "modelarts:domainName": "d",
        },
        TOKEN,
        iam.TokenLogin,
    ),
    "a key of the stack before an agency of the environment": (
        {"modelarts:accessKey": "a", "modelarts:secretKey": "s"},
        {**USER, **AGENCY},
        api.AccessKeyAuth,
    ),
    "a key before a user": (
        {},
        {**USER, "HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "s"},
        api.AccessKeyAuth,
    ),
    "a token before a user": ({}, {**USER, **TOKEN}, api.TokenAuth),
    "an agency of the stack for a user of the environment": (
        {"modelarts:agencyName": "a", "modelarts:agencyDomainName": "d"},
        USER,
        iam.TokenLogin,
    ),
}


@pytest.mark.parametrize("case", list(SOURCES))
def test_sources_are_not_mixed(case: str) -> None:
    stack, environ, kind = SOURCES[case]
    settings = Settings(stack.get, environ)
    assert type(api.credentials(settings, "p", "eu-de")) is kind


def test_half_a_user_of_the_stack_is_not_completed_from_the_environment() -> None:
    settings = Settings({"modelarts:userName": "u"}.get, USER)
    with pytest.raises(SettingsError, match=r"modelarts:password is missing.*VALUE`$"):
        api.credentials(settings, "p", "eu-de")


# --- addresses -----------------------------------------------------------------------------------

ADDRESSES = {
    "cn-north-4": "myhuaweicloud.com",
    "eu-west-101": "myhuaweicloud.eu",
    "eu-de": "otc.t-systems.com",
    "eu-nl": "otc.t-systems.com",
}


@pytest.mark.parametrize("region", list(ADDRESSES))
@pytest.mark.parametrize(
    ("setting", "service"), [(api.IAM_ENDPOINT, "iam"), (api.VPC_ENDPOINT, "vpc")]
)
def test_every_region_has_its_addresses(setting: Any, service: str, region: str) -> None:
    settings = Settings({"modelarts:region": region}.get, {})
    expected = f"https://{service}.{region}.{ADDRESSES[region]}"
    assert api.endpoint(settings, setting, service, region) == expected
    given = Settings({"modelarts:region": region, setting.key: "http://x:1/"}.get, {})
    assert api.endpoint(given, setting, service, region) == "http://x:1"
    # An object that lives in another region is not at today's address.
    assert "eu-de" in api.endpoint(given, setting, service, "eu-de") or region == "eu-de"


def test_without_a_region_the_address_of_iam_must_be_given() -> None:
    settings = Settings({"modelarts:endpoint": "http://x"}.get, USER)
    with pytest.raises(SettingsError, match=r"modelarts:iamEndpoint is missing"):
        api.credentials(settings, "p")


def test_an_address_may_have_its_version() -> None:
    for address in (
        "https://iam.eu-de.otc.t-systems.com/v3",
        "https://iam.eu-de.otc.t-systems.com",
    ):
        assert iam.base_url(address) == "https://iam.eu-de.otc.t-systems.com"


# --- nothing shows -------------------------------------------------------------------------------


def test_credentials_never_show(door: Door) -> None:
    client = door.open(**USER, **AGENCY)
    names(client)
    auth: Any = client._session.auth
    token = auth._session.value
    shown = f"{client!r} {auth!r} {auth._session!r} {auth._log_in!r} {auth.client!r}"
    assert not any(secret in shown for secret in (token, iam_server.PASSWORD, iam_server.TOKEN))
    assert auth.hide(f"unknown token {token}") == "unknown token ***"
    for entry in door.cloud.admin.requests():
        assert token not in str(entry)
        assert iam_server.PASSWORD not in str(entry)


def test_a_cloud_that_repeats_the_token_in_an_error_gives_nothing_away(door: Door) -> None:
    client = door.open(**USER)
    names(client)
    auth: Any = client._session.auth
    token = auth._session.value
    dialect = client.dialect
    client.dialect = replace(
        dialect, read_error=lambda *_: replace(dialect.read_error({}, {}), message=f"bad {token}")
    )
    with pytest.raises(ApiError) as info:
        client.send(api.SHOW, path={"id": "none"})
    assert token not in str(info.value)
    assert "bad ***" in str(info.value)
