"""Endpoint, credentials, signatures, sessions, errors, dates."""

from __future__ import annotations

import logging
import string
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
import requests
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from pulumi_modeldeploy.core.http import Call, Client, Clock
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.errors import (
    AmbiguousError,
    ApiError,
    JobFailed,
    ModelDeployError,
    NotReady,
    SettingsError,
    TransportError,
)
from pulumi_modeldeploy.settings import Settings
from pulumi_modeldeploy.zstack import api

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Cloud

    from pulumi_modeldeploy.emulator import Emulator

HOUR = 3600
NOWHERE = Identity("", "", "")
KEY = {"zstack:accessKeyId": "a", "zstack:accessKeySecret": "s"}
ACCOUNT = {"zstack:accountName": "admin", "zstack:password": "password"}
SERVICES = "/zstack/v1/ai/model-services"


def settings(stack: dict[str, str], **environ: str) -> Settings:
    return Settings(stack.get, environ)


def signed(method: str, url: str, *, at: float, zone: tzinfo | None) -> requests.PreparedRequest:
    auth = api.AccessKeyAuth("key", "not-a-real-secret", zone, now=lambda: at)
    return auth(requests.Request(method, url).prepare())


# --- the reference's vectors ---------------------------------------------------------------------


class Prc(tzinfo):
    """China's time under the name that the vendor's manual has."""

    def utcoffset(self, _moment: datetime | None) -> timedelta:
        return timedelta(hours=8)

    def dst(self, _moment: datetime | None) -> timedelta:
        return timedelta()

    def tzname(self, _moment: datetime | None) -> str:
        return "PRC"


UTC_DATE = datetime(2026, 3, 3, 9, 15, tzinfo=timezone.utc)
VECTORS = {
    "GET in China": (
        ("GET", "", datetime(2021, 8, 6, 17, 58, 34, tzinfo=Prc()), Prc()),
        ("Fri, 06 Aug 2021 17:58:34 PRC", "jo+/Ih1JQY2wN7UK/fnRgOWURKg="),
    ),
    "POST": (
        ("POST", "", UTC_DATE, timezone.utc),
        ("Tue, 03 Mar 2026 09:15:00 UTC", "bRuEeWcm3t3it0J/HKloLUNT+Ss="),
    ),
    "DELETE": (
        ("DELETE", "/5d94103e19254d8696c0f05489c259ab", UTC_DATE, timezone.utc),
        ("Tue, 03 Mar 2026 09:15:00 UTC", "MAtrFHEkr/j2tpVB+hPzyoZBmZM="),
    ),
}


@pytest.mark.parametrize("query", ["", "?deleteMode=Enforcing&q=a=b"])
@pytest.mark.parametrize("case", list(VECTORS))
def test_the_references_examples_come_out(case: str, query: str) -> None:
    (method, rest, moment, zone), (date, signature) = VECTORS[case]
    url = f"http://node:8080{SERVICES}{rest}{query}"
    found = signed(method, url, at=moment.timestamp(), zone=zone)
    assert found.headers["Date"] == date
    assert found.headers["Authorization"] == f"ZStack key:{signature}"


# --- the emulator's verdict ----------------------------------------------------------------------

ODD = st.text(
    st.one_of(
        st.sampled_from(
            string.ascii_letters + string.digits + " %/?#&=+;:,@!$'()*[]{}|\\^~`\"<>.-_"
        ),
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]),
    ),
    min_size=1,
    max_size=12,
).filter(lambda text: text not in (".", ".."))
METHODS: dict[str, tuple[str, Any]] = {
    "GET": (f"{SERVICES}/{{id}}", None),
    "POST": (f"{SERVICES}/{{id}}", {"params": {}}),
    "PUT": (f"{SERVICES}/{{id}}", {"updateModelService": {}}),
    "DELETE": (f"{SERVICES}/{{id}}", None),
}


@pytest.fixture
def signing(emulator: Emulator) -> Client:
    """A connection with the emulator's access key."""
    emulator.admin.reset()
    found = Settings({}.get, emulator.env)
    client = api.connect(found, NOWHERE)
    client._session.trust_env = False
    return client


def test_any_request_is_signed_as_the_server_expects(signing: Client) -> None:
    @how(max_examples=50, deadline=None, derandomize=True, database=None)
    @given(method=st.sampled_from(list(METHODS)), odd=ODD, query=ODD)
    def accepted(method: str, odd: str, query: str) -> None:
        path, body = METHODS[method]
        call = Call("Odd", method, path, ok=(200, 202))
        answer = signing.send(call, body=body, query={"deleteMode": query}, path={"id": odd})
        assert answer.status == (200 if method == "GET" else 202)

    accepted()


@pytest.mark.parametrize("wrong", ["secret", "id"])
def test_a_wrong_key_is_told_without_the_key(wrong: str, cloud: Cloud) -> None:
    name = {"secret": "ZSTACK_ACCESS_KEY_SECRET", "id": "ZSTACK_ACCESS_KEY_ID"}[wrong]
    text = {"secret": "wrong accessKey signature", "id": "the access key id"}[wrong]
    environ = {**cloud.environ, name: "wrong-credential-0123"}
    with pytest.raises(ApiError, match=rf"^QueryModelService: {text}.*\(HTTP 503, ID\.1000\)$"):
        cloud.create(cloud.wanted(), environ=environ)
    assert cloud.changes == []


# --- dates of signatures -------------------------------------------------------------------------

MOMENT = datetime(2026, 3, 3, 9, 15, 7, tzinfo=timezone.utc).timestamp()
WRITTEN = {
    "UTC": "Tue, 03 Mar 2026 09:15:07 UTC",
    "Asia/Shanghai": "Tue, 03 Mar 2026 17:15:07 CST",
    "+08:00": "Tue, 03 Mar 2026 17:15:07 GMT+08:00",
    "+0800": "Tue, 03 Mar 2026 17:15:07 GMT+08:00",
    "-03:30": "Tue, 03 Mar 2026 05:45:07 GMT-03:30",
    "+00:00": "Tue, 03 Mar 2026 09:15:07 UTC",
    "+14:00": "Tue, 03 Mar 2026 23:15:07 GMT+14:00",
    "Europe/Berlin": "Tue, 03 Mar 2026 10:15:07 CET",
    "America/New_York": "Tue, 03 Mar 2026 04:15:07 EST",
    "America/Sao_Paulo": "Tue, 03 Mar 2026 06:15:07 GMT-03:00",
    "Asia/Kathmandu": "Tue, 03 Mar 2026 15:00:07 GMT+05:45",
    "Pacific/Guam": "Tue, 03 Mar 2026 19:15:07 GMT+10:00",
    "Pacific/Kiritimati": "Tue, 03 Mar 2026 23:15:07 GMT+14:00",
    "Pacific/Pago_Pago": "Mon, 02 Mar 2026 22:15:07 SST",
}


@pytest.mark.parametrize("name", list(WRITTEN))
def test_dates_are_written_in_the_nodes_time(name: str) -> None:
    zone = api.time_zone(settings({"zstack:timeZone": name}))
    found = signed("GET", f"http://node{SERVICES}", at=MOMENT, zone=zone)
    assert found.headers["Date"] == WRITTEN[name]


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 1, 0, 0, 0, tzinfo=timezone.utc), "Thu, 01 Jan 2026 00:00:00 UTC"),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone.utc), "Thu, 31 Dec 2026 23:59:59 UTC"),
        (
            datetime(2026, 7, 5, 12, tzinfo=ZoneInfo("Europe/Berlin")),
            "Sun, 05 Jul 2026 12:00:00 CEST",
        ),
    ],
)
def test_dates_are_in_english_whatever_the_machine_speaks(moment: datetime, text: str) -> None:
    assert api.written(moment) == text


def test_without_a_setting_dates_are_in_this_machines_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        found = signed("GET", f"http://node{SERVICES}", at=MOMENT, zone=None)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found.headers["Date"] == "Tue, 03 Mar 2026 17:15:07 CST"


NODES = ["Asia/Shanghai", "America/Los_Angeles", "Asia/Kathmandu"]


@pytest.mark.parametrize("zone", NODES)
def test_a_node_in_another_time_zone_refuses_with_advice(zone: str, cloud: Cloud) -> None:
    cloud.admin.seed(zstack={"managementNode": {"timeZone": zone}})
    with pytest.raises(ApiError) as info:
        cloud.create(cloud.wanted(), stack={"zstack:timeZone": "UTC"})
    text = str(info.value)
    assert text.startswith("QueryModelService: requestTimeTooSkewed (HTTP 403)")
    assert "this machine's clock agrees with the date of the answer" in text
    assert "set zstack:timeZone to the node's time zone" in text
    assert cloud.changes == []


OFFSETS = {
    "Asia/Shanghai": "+08:00",
    "Asia/Kathmandu": "+05:45",
    "America/Sao_Paulo": "-03:00",
}


@pytest.mark.parametrize("checks", [False, True], ids=["wall clock", "instants"])
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC"])
def test_a_node_in_another_time_zone_is_reached_with_the_setting(
    zone: str, checks: bool, cloud: Cloud
) -> None:
    cloud.admin.seed(zstack={"managementNode": {"timeZone": zone, "checkTimeZone": checks}})
    identifier, _ = cloud.create(cloud.wanted(), stack={"zstack:timeZone": zone})
    assert identifier == cloud.only["uuid"]


@pytest.mark.parametrize("zone", list(OFFSETS))
def test_an_offset_does_as_well(zone: str, cloud: Cloud) -> None:
    cloud.admin.seed(zstack={"managementNode": {"timeZone": zone}})
    cloud.create(cloud.wanted(), stack={"zstack:timeZone": OFFSETS[zone]})
    assert len(cloud.objects) == 1


def test_an_account_needs_no_time_zone(cloud: Cloud) -> None:
    cloud.admin.seed(zstack={"managementNode": {"timeZone": "Asia/Shanghai"}})
    cloud.create(cloud.wanted(), stack=ACCOUNT)
    assert len(cloud.objects) == 1


UNHEARD_OF = [
    "Mars/Olympus",
    "Asia",
    "../UTC",
    "/etc/passwd",
    "8",
    "+8",
    "+08:0",
    "GMT+8:00",
    "+99:00",
    "+24:00",
    "+08:60",
]


@pytest.mark.parametrize("name", UNHEARD_OF)
def test_an_unheard_of_time_zone_is_refused(name: str) -> None:
    given = settings({**KEY, "zstack:timeZone": name, "zstack:endpoint": "http://node"})
    with pytest.raises(SettingsError, match="zstack:timeZone must be a time zone's name"):
        api.place(given)


# --- accounts ------------------------------------------------------------------------------------


def logins(cloud: Cloud) -> int:
    return len([one for one in cloud.requests if one["operation"] == "LogInByAccount"])


def by_account(cloud: Cloud, **more: str) -> Client:
    """One connection of a run that logs in."""
    stack = {**ACCOUNT, **more}
    found = Settings(stack.get, {"ZSTACK_ENDPOINT": cloud.url})
    return cloud.connect(found, NOWHERE)


def test_a_life_with_an_account_logs_in_once(cloud: Cloud) -> None:
    client = by_account(cloud)
    identifier, state = cloud.create(cloud.wanted(user_tags=["a"]), client=client)
    state = cloud.update(identifier, cloud.wanted(name="other"), state, client=client)
    cloud.delete(identifier, state, client=client)
    assert cloud.objects == []
    assert logins(cloud) == 1


def test_the_password_is_sent_hashed(monkeypatch: pytest.MonkeyPatch, cloud: Cloud) -> None:
    sent: list[bytes] = []
    send = requests.Session.send

    def spy(session: requests.Session, request: requests.PreparedRequest, **more: Any) -> Any:
        sent.append(request.body if isinstance(request.body, bytes) else b"")
        return send(session, request, **more)

    monkeypatch.setattr(requests.Session, "send", spy)
    by_account(cloud).send(api.SHOW_SERVICE, path={"id": "1" * 32})
    hashed = (
        b"b109f3bbbc244eb82441917ed06d618b9008dd09b3befd1b5e07394c706a8bb9"
        b"80b1d7785e5976ec049b46df5f1326af5a2ea6d103fd07c95385ffab0cacbc86"
    )
    assert sent == [
        b'{"logInByAccount": {"accountName": "admin", "password": "' + hashed + b'"}}',
        b"",
    ]


@pytest.mark.parametrize("word", ["pässwörd", "密码", " passw0rd ", "p" * 500])
def test_a_wrong_password_is_told_without_it(word: str, cloud: Cloud) -> None:
    with pytest.raises(ApiError) as info:
        cloud.create(cloud.wanted(), client=by_account(cloud, **{"zstack:password": word}))
    assert str(info.value) == "LogInByAccount: wrong account name or password (HTTP 503, ID.1000)"
    assert word not in repr(info.value)
    assert cloud.changes == []
    assert logins(cloud) == 1


def test_a_session_that_ends_is_renewed_once_for_a_query(cloud: Cloud) -> None:
    client = by_account(cloud)
    identifier, state = cloud.create(cloud.wanted(), client=client)
    cloud.time.sleep(2 * HOUR + 60)
    assert cloud.read(identifier, state, client=client) == state
    assert logins(cloud) == 2


def test_a_session_that_is_used_does_not_end(cloud: Cloud) -> None:
    client = by_account(cloud)
    identifier, state = cloud.create(cloud.wanted(), client=client)
    for _ in range(4):
        cloud.time.sleep(HOUR)
        cloud.read(identifier, state, client=client)
    assert logins(cloud) == 1


@pytest.mark.parametrize("seconds", [0, 100], ids=["at once", "slow"])
def test_a_session_that_ends_is_renewed_once_for_each_kind_of_job(
    seconds: int, either: Cloud
) -> None:
    """The submission is accepted, and the job says ID.1001."""
    client = by_account(either)
    op = either.operation(client=client)
    identifier, state = either.create(either.wanted(), client=client)
    either.admin.deploy_seconds(seconds)

    def expired(verb: Callable[..., Any]) -> Any:
        before = logins(either)
        first = iter([True])

        def end() -> bool:
            # After the verb's look, before its call.
            if next(first, False):
                either.time.sleep(2 * HOUR + 60)
            return True

        result = verb(alive=end)
        assert logins(either) == before + 1
        return result

    def update(**more: Any) -> Any:
        return either.update(identifier, either.wanted(name="x"), state, client=client, **more)

    def delete(**more: Any) -> None:
        either.delete(identifier, state, client=client, **more)

    def create(**more: Any) -> Any:
        return either.create(either.wanted(name="y"), client=client, **more)

    assert expired(update)["name"] == "x"
    expired(delete)
    assert either.objects == []
    assert expired(create)[0] == either.only["uuid"] == op.own_id({})
    creating, updating, deleting = (
        either.table.create.operation,
        either.table.steps[0].calls[0].operation,
        either.table.delete.operation,
    )
    assert either.changes == [creating, *[updating] * 2, *[deleting] * 2, *[creating] * 2]


def test_threads_log_in_once(cloud: Cloud) -> None:
    client = by_account(cloud)
    barrier = threading.Barrier(8)

    def look(_number: int) -> None:
        barrier.wait()
        client.send(api.SHOW_SERVICE, path={"id": "1" * 32})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look, range(8)))
        assert logins(cloud) == 1
        cloud.time.sleep(2 * HOUR + 60)
        list(pool.map(look, range(8)))
    assert logins(cloud) == 2


def test_a_login_that_nobody_accepts_is_not_tried_for_ever(cloud: Cloud) -> None:
    """A node that answers ID.1001 to everything."""
    client = by_account(cloud)
    client._session.auth = api.Login(lambda _budget: "OAuth " + "0" * 32)
    client._login = client._session.auth
    with pytest.raises(ApiError, match=r"Session expired \(HTTP 503, ID\.1001\)"):
        client.send(api.SHOW_SERVICE, path={"id": "1" * 32})
    assert len(cloud.requests) == 2
    with pytest.raises((JobFailed, NotReady, ModelDeployError), match=r"Session expired"):
        cloud.operation(client=client).call(api.DELETE_SERVICE, id="1" * 32)


SESSION_ENDED = {
    "code": {"code": "ID.1001", "details": "Session expired"},
    "code of 5.5": {"code": "ORG_ZSTACK_IDENTITY_10020", "details": "Session expired"},
    "global code": {
        "code": "SYS.1007",
        "details": "Session expired",
        "globalErrorCode": "ORG_ZSTACK_IDENTITY_10020",
    },
}


@pytest.mark.parametrize("case", list(SESSION_ENDED))
def test_every_way_to_say_that_a_session_ended_is_understood(case: str) -> None:
    failure = api.read_error({"error": SESSION_ENDED[case]}, {})
    error = ApiError("QueryModelService", 503, failure.code, failure.message)
    assert api.DIALECT.is_expired(error)


@pytest.mark.parametrize("code", ["ID.1000", "ID.1002", "SYS.1003", "SYS.1007", ""])
def test_other_errors_do_not_log_in_again(code: str) -> None:
    failure = api.read_error({"error": {"code": code, "details": "no"}}, {})
    assert not api.DIALECT.is_expired(ApiError("x", 503, failure.code, failure.message))


# --- which credentials ---------------------------------------------------------------------------

CHOSEN: dict[str, tuple[dict[str, str], dict[str, str], type]] = {
    "a key": (KEY, {}, api.AccessKeyAuth),
    "an account": (ACCOUNT, {}, api.Login),
    "a key before an account": ({**KEY, **ACCOUNT}, {}, api.AccessKeyAuth),
    "a key of the environment": (
        {},
        {"ZSTACK_ACCESS_KEY_ID": "a", "ZSTACK_ACCESS_KEY_SECRET": "s"},
        api.AccessKeyAuth,
    ),
    "an account of the environment": (
        {},
        {"ZSTACK_ACCOUNT_NAME": "a", "ZSTACK_ACCOUNT_PASSWORD": "p"},
        api.Login,
    ),
    "the vendor's other name for the password": (
        {},
        {"ZSTACK_ACCOUNT_NAME": "a", "ZSTACK_PASSWORD": "p"},
        api.Login,
    ),
    "the stack's account before a key of the environment": (
        ACCOUNT,
        {"ZSTACK_ACCESS_KEY_ID": "a", "ZSTACK_ACCESS_KEY_SECRET": "s"},
        api.Login,
    ),
}


@pytest.mark.parametrize("case", list(CHOSEN))
def test_credentials_are_chosen(case: str) -> None:
    stack, environ, kind = CHOSEN[case]
    given = settings({"zstack:endpoint": "http://node", **stack}, **environ)
    assert type(api.credentials(given)) is kind


MISSING: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "all": (
        {},
        {},
        (
            r"no credentials for ZStack: .*zstack:accessKeyId.*ZSTACK_ACCESS_KEY_SECRET.*"
            r"zstack:accountName and zstack:password"
        ),
    ),
    "the secret": ({"zstack:accessKeyId": "a"}, {}, "zstack:accessKeySecret is missing"),
    "the id": ({"zstack:accessKeySecret": "s"}, {}, "zstack:accessKeyId is missing"),
    "the password": ({"zstack:accountName": "a"}, {}, "zstack:password is missing"),
    "the account": ({"zstack:password": "p"}, {}, "no credentials for ZStack"),
    "the half of a source": (
        {"zstack:accessKeyId": "a"},
        {"ZSTACK_ACCESS_KEY_SECRET": "s"},
        "zstack:accessKeySecret is missing",
    ),
    "the half of an account": (
        {"zstack:accountName": "a"},
        {"ZSTACK_ACCOUNT_PASSWORD": "p"},
        "zstack:password is missing",
    ),
}


@pytest.mark.parametrize("case", list(MISSING))
def test_missing_credentials_are_named(case: str) -> None:
    stack, environ, text = MISSING[case]
    with pytest.raises(SettingsError, match=text):
        api.credentials(settings({"zstack:endpoint": "http://node", **stack}, **environ))


# --- endpoint ------------------------------------------------------------------------------------

ENDPOINTS = ["{}", "{}/", "{}/zstack", "{}/zstack/", "{}/zstack/v1", "{}/zstack/v1/"]


@pytest.mark.parametrize("spelt", ENDPOINTS)
def test_the_endpoint_may_be_spelt_in_several_ways(spelt: str, cloud: Cloud) -> None:
    environ = {**cloud.environ, "ZSTACK_ENDPOINT": spelt.format(cloud.url)}
    op = cloud.operation(environ=environ)
    assert op.client.endpoint == op.identity.endpoint == cloud.url
    identifier, state = cloud.create(cloud.wanted(), environ=environ)
    cloud.delete(identifier, state)
    assert cloud.objects == []


def test_the_endpoint_must_be_given() -> None:
    with pytest.raises(SettingsError, match=r"zstack:endpoint is missing.*ZSTACK_ENDPOINT"):
        api.place(settings(KEY))


NO_ADDRESSES = [
    "node:8080",
    "ftp://node",
    "http://",
    "http:// node",
    "http://node/elsewhere",
    "http://somebody:pass-word-1@node",
]


@pytest.mark.parametrize("wrong", NO_ADDRESSES)
@pytest.mark.parametrize("verb", [api.place, lambda given: api.connect(given, NOWHERE)])
def test_an_endpoint_that_is_no_address_is_refused(verb: Callable[..., Any], wrong: str) -> None:
    with pytest.raises(SettingsError, match="zstack:endpoint must be an address") as info:
        verb(settings({**KEY, "zstack:endpoint": wrong}))
    assert "pass-word-1" not in str(info.value)


@pytest.mark.parametrize("wrong", ["http://[::1", "http://node:port", "http://.node."])
def test_an_endpoint_that_leads_nowhere_is_told_at_once(wrong: str) -> None:
    client = api.connect(settings({**KEY, "zstack:endpoint": wrong}), NOWHERE)
    paused: list[float] = []
    client.clock = Clock(sleep=paused.append)
    with pytest.raises(TransportError, match="see the settings of endpoint"):
        client.send(api.SHOW_SERVICE, path={"id": "1" * 32})
    assert paused == []


# --- errors --------------------------------------------------------------------------------------

CHAIN = {
    "code": "SYS.1006",
    "description": "An operation failed",
    "details": "cannot deploy",
    "cause": {
        "code": "SYS.1006",
        "details": "the agent failed",
        "cause": {"code": "SYS.1016", "description": "IO error", "details": "connection refused"},
    },
}
ERRORS: dict[str, tuple[Any, tuple[str, str]]] = {
    "details": (
        {"error": {"code": "SYS.1007", "description": "bad", "details": "too long"}},
        ("SYS.1007", "too long"),
    ),
    "a description only": (
        {"error": {"code": "SYS.1007", "description": "bad"}},
        ("SYS.1007", "bad"),
    ),
    "empty details": (
        {"error": {"code": "SYS.1007", "description": "bad", "details": ""}},
        ("SYS.1007", "bad"),
    ),
    "a chain of causes": (
        {"error": CHAIN},
        ("SYS.1006", "cannot deploy; caused by: the agent failed; caused by: connection refused"),
    ),
    "a cause that repeats": (
        {
            "error": {
                "code": "a",
                "details": "x",
                "cause": {"details": "x", "cause": {"details": "y"}},
            }
        },
        ("a", "x; caused by: y"),
    ),
    "a cause that repeats one before": (
        {
            "error": {
                "code": "a",
                "details": "x",
                "cause": {"details": "y", "cause": {"details": "x"}},
            }
        },
        ("a", "x; caused by: y"),
    ),
    "a cause without words": (
        {"error": {"code": "a", "details": "x", "cause": {"code": "b"}}},
        ("a", "x"),
    ),
    "a cause of null": ({"error": {"code": "a", "details": "x", "cause": None}}, ("a", "x")),
    "a number in the catalogue": (
        {"error": {"code": "SYS.1007", "details": "x", "globalErrorCode": "ORG_ZSTACK_AI_10012"}},
        ("SYS.1007", "x [ORG_ZSTACK_AI_10012]"),
    ),
    "plain text": ("missing header 'Authorization'", ("", "missing header 'Authorization'")),
    "plain text with an end of line": ("  Rate limit exceeded\n", ("", "Rate limit exceeded")),
    "a job that is known": (
        "Duplicate job uuid[0123]",
        (api.KNOWN_JOB, "Duplicate job uuid[0123]"),
    ),
    "a job that is not known any more": (
        "the job has been expired",
        (api.EXPIRED_JOB, "the job has been expired"),
    ),
    "a page of some proxy": ("<html><body>502 Bad Gateway</body></html>", ("", "")),
    "a page after empty lines": ("\n\n<!DOCTYPE html><html></html>", ("", "")),
    "a long text": ("word " * 1000, ("", "word " * 59 + "[...]")),
    "an empty text": ("", ("", "")),
    "a list": ([1], ("", "")),
    "nothing": (None, ("", "")),
    "no error in it": ({"success": False}, ("", "")),
    "an error that is a text": ({"error": "no"}, ("", "")),
}


@pytest.mark.parametrize("case", list(ERRORS))
def test_every_shape_of_an_error_is_read(case: str) -> None:
    document, expected = ERRORS[case]
    found = api.read_error(document, {})
    assert (found.code, found.message) == expected


def test_the_causes_of_an_aggregate_are_told() -> None:
    causes = [{"details": "disk full"}, {"details": "no route"}]
    found = api.read_error({"error": {"code": "a", "details": "x", "causes": causes}}, {})
    assert "disk full" in found.message
    assert "no route" in found.message


def test_only_one_code_says_that_nothing_is_there() -> None:
    """404 is a path that nobody serves, or a job that is not known any more."""
    assert api.DIALECT.is_missing(ApiError("x", 503, "SYS.1003", ""))
    for status, code in ((404, ""), (404, api.EXPIRED_JOB), (503, "SYS.1007"), (503, "")):
        assert not api.DIALECT.is_missing(ApiError("x", status, code, ""))


RETRIED = {
    "a node that starts": ("SYS.1010", True, False),
    "a plugin that is not there yet": ("PORTAL.1000", True, False),
    "an internal error": ("SYS.1000", False, True),
    "a time-out": ("SYS.1001", False, True),
    "an agent's failure": ("SYS.1006", False, True),
    "HTTP between them": ("SYS.1015", False, True),
    "a wrong argument": ("SYS.1007", False, False),
    "nothing there": ("SYS.1003", False, False),
    "no permission": ("ID.1002", False, False),
    "no session": ("ID.1001", False, False),
}


@pytest.mark.parametrize("case", list(RETRIED))
def test_the_code_decides_what_is_tried_again_since_all_errors_are_503(case: str) -> None:
    code, refused, failed = RETRIED[case]
    error = ApiError("x", 503, code, "")
    retry = api.DIALECT.retry
    assert (retry.is_refused(error), retry.is_failed(error)) == (refused, failed)


@pytest.mark.parametrize(
    ("status", "refused", "failed"),
    [(429, True, False), (500, False, True), (502, False, True), (503, False, True)]
    + [(status, False, False) for status in (400, 403, 404, 405)],
)
def test_without_a_code_the_status_decides(status: int, refused: bool, failed: bool) -> None:
    error, retry = ApiError("x", status, "", ""), api.DIALECT.retry
    assert (retry.is_refused(error), retry.is_failed(error)) == (refused, failed)


@pytest.mark.parametrize(
    ("answer", "job"),
    [
        ((202, {"location": "http://10.0.0.5:8080/zstack/v1/api-jobs/abc"}), "abc"),
        ((202, {"location": "http://10.0.0.5:8080/zstack/v1/api-jobs/abc/"}), "abc"),
        ((202, {"location": "/v1/api-jobs/abc", "apiTimeout": 1}), "abc"),
        ((200, {"inventory": {}}), None),
    ],
)
def test_a_job_is_read_out_of_its_location(answer: tuple[int, Any], job: str | None) -> None:
    assert api.JOBS.path(*answer) == job


# --- dates of answers ----------------------------------------------------------------------------

DATES: dict[str, datetime | None] = {
    "Nov 14, 2017 10:20:57 PM": datetime(2017, 11, 14, 22, 20, 57, tzinfo=timezone.utc),
    "Nov 14, 2017, 10:20:57 PM": datetime(2017, 11, 14, 22, 20, 57, tzinfo=timezone.utc),
    "Nov 14, 2017, 10:20:57\u202fPM": datetime(2017, 11, 14, 22, 20, 57, tzinfo=timezone.utc),
    "Apr 6, 2026 1:05:50 AM": datetime(2026, 4, 6, 1, 5, 50, tzinfo=timezone.utc),
    "Jan 1, 2026 12:00:00 AM": datetime(2026, 1, 1, 0, 0, 0, tzinfo=timezone.utc),
    "Jan 1, 2026 12:30:00 PM": datetime(2026, 1, 1, 12, 30, 0, tzinfo=timezone.utc),
    "Dec 31, 2026 11:59:59 PM": datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone.utc),
    "2026-01-01T00:00:00Z": None,
    "Jän 1, 2026 12:00:00 AM": None,
    "Foo 1, 2026 12:00:00 AM": None,
    "": None,
    "None": None,
    "1795427591355": None,
}


@pytest.mark.parametrize("text", list(DATES))
def test_dates_of_answers_are_read(text: str) -> None:
    expected = DATES[text]
    found = api.seconds(text, timezone.utc)
    assert found == (None if expected is None else expected.timestamp())


@pytest.mark.parametrize("text", ["Feb 30, 2026 1:00:00 AM", "Jan 1, 2026 77:00:00 PM"])
def test_dates_that_there_are_not_are_not_read(text: str) -> None:
    assert api.seconds(text, timezone.utc) is None


def test_dates_of_answers_are_in_the_nodes_time() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    found = api.seconds("Nov 14, 2017 10:20:57 PM", zone)
    assert found == datetime(2017, 11, 14, 14, 20, 57, tzinfo=timezone.utc).timestamp()


# --- secrets -------------------------------------------------------------------------------------


def everything(error: BaseException) -> str:
    """All that an error and what caused it says."""
    texts = []
    one: BaseException | None = error
    while one is not None:
        texts += [str(one), repr(one), repr(vars(one)) if hasattr(one, "__dict__") else ""]
        one = one.__cause__ or one.__context__
    return "\n".join(texts)


FAULTS: list[dict[str, Any]] = [
    {"fault": "reset"},
    {"fault": "truncate"},
    {"fault": "status", "status": 400},
    {"fault": "status", "status": 500},
    {"fault": "status", "status": 503},
]


def fails(kind: str, fault: str, operation: str) -> bool:
    """An access key logs in nowhere, and what was made although its answer got lost is found."""
    if operation == "LogInByAccount":
        return kind == "account"
    return (fault, operation) != ("truncate", "AddModelService")


@pytest.mark.parametrize("operation", ["LogInByAccount", "QueryModelService", "AddModelService"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: " ".join(map(str, one.values())))
@pytest.mark.parametrize("kind", ["key", "account"])
def test_no_credential_is_in_an_error_or_a_line_of_the_log(
    kind: str,
    fault: dict[str, Any],
    operation: str,
    cloud: Cloud,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    client = None if kind == "key" else quick(by_account(cloud))
    cloud.admin.faults({"operation": operation, **fault})
    shown = [repr(cloud.operation(client=client).client)]
    with (
        pytest.raises(ModelDeployError)
        if fails(kind, fault["fault"], operation)
        else nullcontext() as info
    ):
        cloud.create(cloud.wanted(), client=client)
    shown += [everything(info.value)] if info else []
    shown += [record.getMessage() for record in caplog.records] + cloud.row + cloud.warnings
    text = "\n".join(shown)
    for secret in SECRETS:
        assert secret not in text


SECRETS = (
    "emulatorZstackSecretThatOpensNothing0000",
    "EMULATORzstackKEYid0",
    "b109f3bbbc244eb82441917ed06d618b9008dd09b3befd1b5e07394c706a8bb9",
    "'password'",
    "Authorization",
    "OAuth ",
)


def quick(client: Client) -> Client:
    """A connection whose login does not wait either."""
    login: Any = client._session.auth
    inner = next(
        cell.cell_contents
        for cell in login._log_in.__closure__
        if isinstance(cell.cell_contents, Client)
    )
    inner.clock = client.clock
    return client


@pytest.mark.parametrize("stack", [KEY, ACCOUNT], ids=["key", "account"])
def test_what_holds_credentials_does_not_show_them(stack: dict[str, str]) -> None:
    given = settings({"zstack:endpoint": "http://node", **stack})
    auth = api.credentials(given)
    assert repr(auth) == f"{type(auth).__name__}(...)"
    assert repr(given) == "Settings(...)"
    assert repr(api.connect(given, NOWHERE)) == "Client('http://node')"


def test_the_secret_settings_are_those_that_open_something() -> None:
    assert {one.key for one in api.SETTINGS if one.secret} == {
        "zstack:accessKeyId",
        "zstack:accessKeySecret",
        "zstack:password",
    }


def test_a_lost_answer_to_a_login_is_asked_for_again(cloud: Cloud) -> None:
    client = quick(by_account(cloud))
    cloud.admin.faults({"operation": "LogInByAccount", "fault": "lost-response", "times": 2})
    identifier, _ = cloud.create(cloud.wanted(), client=client)
    assert identifier == cloud.only["uuid"]
    assert logins(cloud) == 3


def test_a_login_that_cannot_be_reached_is_not_taken_for_a_lost_create(cloud: Cloud) -> None:
    """Nothing was sent but the login: nothing may have happened."""
    client = quick(by_account(cloud))
    cloud.admin.faults({"operation": "LogInByAccount", "fault": "status", "status": 500})
    with pytest.raises(ModelDeployError, match="LogInByAccount") as info:
        cloud.create(cloud.wanted(), client=client)
    assert not isinstance(info.value, AmbiguousError)
    assert cloud.changes == []


def test_paths_are_signed_as_they_are_meant_not_as_they_are_quoted() -> None:
    found = signed("GET", f"http://n{SERVICES}/{quote('a b/ä', safe='')}", at=0, zone=timezone.utc)
    again = signed("GET", f"http://n{SERVICES}/a%20b%2Fä", at=0, zone=timezone.utc)
    assert found.headers["Authorization"] == again.headers["Authorization"]
