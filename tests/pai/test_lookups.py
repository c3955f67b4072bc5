"""Lookups against the emulator over real HTTP, with settings out of the environment."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pulumi
import pytest

from pulumi_modeldeploy import pai
from pulumi_modeldeploy.core import lookups as core
from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.pai import api, lookups
from pulumi_modeldeploy.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pulumi_modeldeploy.core.http import Client

SECRET = "never-to-be-shown"


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    with Emulator(deploy_time=0) as running:
        yield running


@pytest.fixture
def emulator(shared: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """An empty cloud that the settings of the environment lead to."""
    shared.admin.reset()
    shared.admin.deploy_seconds(0)
    shared.admin.faults()
    for one in api.SETTINGS:
        for name in one.env:
            monkeypatch.delenv(name, raising=False)
    for name, value in shared.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MODELDEPLOY_DEBUG", raising=False)
    return shared


@pytest.fixture(autouse=True)
def configuration() -> Iterator[None]:
    """No stack configuration before, and none left behind."""
    config = pulumi.runtime.config
    saved = config.CONFIG.get(), config._SECRET_KEYS.get()
    pulumi.runtime.set_all_config({}, [])
    yield
    pulumi.runtime.set_all_config(saved[0], sorted(saved[1]))


def service(name: str, **more: Any) -> dict[str, Any]:
    app = {"AppType": "LLM", "ServiceSpec": "llama_7b_fp16", "Replicas": 1}
    return {"ServiceName": name, "ServiceId": f"eas-m-{name}", **app, **more}


def seed(emulator: Emulator, *rows: dict[str, Any]) -> None:
    emulator.admin.seed(pai={"services": list(rows)})


def names(**filters: Any) -> list[str]:
    return [one.service_name for one in pai.get_services(**filters)]


def refused(look: Callable[[], object]) -> str:
    """What a program that ends like this shows."""
    with pytest.raises(pulumi.RunError) as info:
        look()
    text = str(info.value)
    assert "\n" not in text, "one paragraph"
    assert info.value.__suppress_context__
    return text


def queries(emulator: Emulator, operation: str) -> list[dict[str, Any]]:
    """The queries of an operation's requests."""
    return [one["query"] for one in emulator.admin.requests(operation)]


def operations(emulator: Emulator) -> list[str]:
    return [one["operation"] for one in emulator.admin.requests()]


def client() -> Client:
    """The connection that lookups use now."""
    return core._client(lookups._CLOUD, Settings.of_program())


def in_a_program(make: Callable[[], object]) -> Any:
    """Do something where Outputs can be made, and wait for what comes of it."""

    async def run() -> Any:
        made = make()
        return await made.future() if isinstance(made, pulumi.Output) else made

    return asyncio.run(run())


# --- services ------------------------------------------------------------------------------------


def test_services_by_what_they_are(emulator: Emulator) -> None:
    seed(
        emulator,
        service("rows", WorkspaceId="7", QuotaId="quota1", Status="Stopped"),
        service("chat", Labels={"team": "a", "stage": "prod"}, WorkspaceId="8"),
        service("chat_2", Labels={"team": "a"}, ServiceSpec="baichuan_7b_int8"),
    )
    assert names() == ["chat", "chat_2", "rows"]
    assert names(service_name="chat") == ["chat"]
    assert names(service_id="eas-m-rows") == ["rows"]
    assert names(status="Stopped") == ["rows"]
    assert names(service_spec="baichuan_7b_int8") == ["chat_2"]
    assert names(app_type="LLM", status="Running") == ["chat", "chat_2"]
    assert names(workspace_id="7") == names(quota_id="quota1") == ["rows"]
    assert names(labels={"team": "a"}) == ["chat", "chat_2"]
    assert names(labels={"team": "a", "stage": "prod"}) == ["chat"]
    assert names(labels={}) == names()
    assert names(labels={"team": "b"}) == []
    assert set(operations(emulator)) == {"ListServices"}


def test_an_entry_is_typed_and_holds_neither_addresses_nor_secrets(emulator: Emulator) -> None:
    config = {"ModelStorage": "oss", "OssPath": "oss://models/llama/", "Password": SECRET}
    seed(emulator, service("chat", Config=config, Replicas=3, Labels={"team": "a"}))
    (one,) = pai.get_services()
    assert type(one) is pai.ServiceEntry
    assert (one.app_type, one.app_version, one.service_spec) == ("LLM", "v1", "llama_7b_fp16")
    assert (one.total_instance, one.running_instance, one.latest_version) == (3, 3, 1)
    assert isinstance(one.config, pai.AppConfig)
    assert (one.config.model_storage, one.config.oss_path) == ("oss", "oss://models/llama/")
    assert one.config.vpc_id is None
    assert one.labels == {"team": "a"}
    assert (one.region, one.safety_lock, one.traffic_state) == (
        "cn-shanghai",
        "none",
        "standalone",
    )
    assert (one.gpu, one.memory, one.autoscaler_enabled) == (1, 32768, False)
    assert one.create_time == one.update_time
    with pytest.raises(AttributeError):
        _ = one.access_token  # type: ignore[attr-defined]
    (shown,) = emulator.admin.resources("pai")
    assert SECRET not in repr(one)
    assert shown["AccessToken"] not in repr(one)
    assert shown["ServiceConfig"] not in repr(one)


def test_keys_of_a_nas_mount(emulator: Emulator) -> None:
    config = {
        "ModelStorage": "nas",
        "NasMountTarget": "0a1b.cn-shanghai.nas.aliyuncs.com",
        "NasPath": "/models",
        "VpcID": "vpc-1",
        "VswitchID": "vsw-1",
        "SecurityGroupID": "sg-1",
    }
    seed(emulator, service("chat", Config=config))
    (one,) = pai.get_services()
    assert one.config is not None
    assert vars(one.config) == {
        "model_storage": "nas",
        "nas_mount_target": "0a1b.cn-shanghai.nas.aliyuncs.com",
        "nas_path": "/models",
        "vpc_id": "vpc-1",
        "vswitch_id": "vsw-1",
        "security_group_id": "sg-1",
    }


def test_one_comes_with_its_addresses_and_without_its_token(emulator: Emulator) -> None:
    seed(emulator, service("chat"), service("chat_2"))
    found = pai.get_service(service_name="chat")
    assert type(found) is pai.ServiceDetails
    (shown,) = (one for one in emulator.admin.resources("pai") if one["ServiceId"] == "eas-m-chat")
    assert found.service_id == "eas-m-chat"
    assert found.internet_endpoint == shown["InternetEndpoint"]
    assert found.intranet_endpoint == shown["IntranetEndpoint"]
    assert found.secondary_internet_endpoint is None
    assert shown["AccessToken"] not in repr(found)
    assert not hasattr(found, "access_token")
    assert operations(emulator) == ["ListServices", "DescribeService"]


def test_the_only_one_needs_no_filter(emulator: Emulator) -> None:
    seed(emulator, service("chat"))
    assert pai.get_service().service_name == "chat"
    assert pai.get_service(service_name=" chat ").service_name == "chat"


def test_filters_that_only_the_cloud_understands_alike_are_not_sent(emulator: Emulator) -> None:
    names(status="Deploying", app_type="LLM", service_spec="s")
    names(service_name="n", service_id="i", workspace_id="1", quota_id="q", labels={"k": "v"})
    names(service_name="", workspace_id="")
    paging = {"PageSize": "100", "PageNumber": "1", "Sort": "CreateTime", "Order": "asc"}
    said = {
        "ServiceName": "n",
        "ServiceUid": "i",
        "WorkspaceId": "1",
        "QuotaId": "q",
        "Label": '{"k": "v"}',
    }
    assert queries(emulator, "ListServices") == [paging, {**paging, **said}, paging]


def test_services_without_a_workspace_are_in_none(emulator: Emulator) -> None:
    seed(emulator, service("bare"), service("seven", WorkspaceId="7"))
    assert names(workspace_id="7") == ["seven"], "the cloud lists the others as well"
    assert names(workspace_id="") == ["bare"]


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (
            {"service_name": "caht"},
            "there is none with service_name 'caht'; names like it: 'chat'",
        ),
        (
            {"service_name": "chat", "status": "Failed"},
            (
                "there is none with service_name 'chat' and status 'Failed': eas-m-chat has status "
                "'Running'"
            ),
        ),
        (
            {"labels": {"team": "b"}},
            "there is none with labels {'team': 'b'}; there are: 'chat', 'rows'",
        ),
        (
            {"status": "Running"},
            (
                "there are 2 with status 'Running': eas-m-chat ('chat'), eas-m-rows ('rows'); say "
                "which by service_id="
            ),
        ),
    ],
)
def test_none_and_several_are_told_in_words(
    emulator: Emulator, wanted: dict[str, Any], text: str
) -> None:
    seed(emulator, service("chat", Labels={"team": "a"}), service("rows"))
    assert refused(lambda: pai.get_service(**wanted)) == f"cannot look up a service: {text}"
    assert "DescribeService" not in operations(emulator)


@pytest.mark.usefixtures("emulator")
def test_none_at_all() -> None:
    assert pai.get_services() == []
    assert refused(pai.get_service) == "cannot look up a service: there is none at all"


def test_other_accounts_services_are_not_in_lists(emulator: Emulator) -> None:
    seed(emulator, service("theirs", ParentUid="42"))
    assert names() == []


def test_other_regions_are_other_lists(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    seed(emulator, service("here"), service("there", Region="cn-hangzhou"))
    assert names() == ["here"]
    monkeypatch.setenv("ALIBABA_CLOUD_REGION_ID", "cn-hangzhou")
    assert names() == ["there"]
    assert pai.get_service(service_name="there").region == "cn-hangzhou"


def test_a_profile_leads_elsewhere(emulator: Emulator) -> None:
    seed(emulator, service("here"), service("there", Region="cn-hangzhou"))
    profiles = json.dumps({"south": {"region": "cn-hangzhou"}})
    pulumi.runtime.set_all_config({"pai:profiles": profiles}, [])
    assert names(profile="south") == ["there"]
    assert pai.get_service_events(service_name="there", profile="south")
    assert "there is none of this name in pai:profiles" in refused(lambda: names(profile="west"))


@pytest.mark.parametrize(("count", "pages"), [(0, "1"), (3, "12"), (4, "12"), (5, "123")])
def test_pages_are_read_until_all_are_there(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, count: int, pages: str
) -> None:
    monkeypatch.setattr(lookups, "PAGE", 2)
    seed(emulator, *(service(f"s{n}") for n in range(count)))
    assert names() == [f"s{n}" for n in range(count)]
    assert "".join(one["PageNumber"] for one in queries(emulator, "ListServices")) == pages


# --- events --------------------------------------------------------------------------------------


@pytest.fixture
def deployed(emulator: Emulator) -> str:
    """A service that failed, came up again, and failed once more."""
    seed(emulator, service("chat"))
    for reason in ("no space left", "image is gone"):
        emulator.admin.advance(60)
        emulator.admin.fail("eas-m-chat", status="Running")
        emulator.admin.advance(60)
        emulator.admin.fail("eas-m-chat", reason)
    return "chat"


def test_events_of_a_service_the_newest_first(deployed: str) -> None:
    events = pai.get_service_events(service_name=deployed)
    assert {type(one) for one in events} == {pai.ServiceEvent}
    times = [one.time for one in events]
    assert times == sorted(times, reverse=True)
    assert "image is gone" in events[0].message
    warnings = pai.get_service_events(service_name=deployed, event_type="Warning")
    assert [one.reason for one in warnings] == ["Failed", "Failed"]
    assert warnings[0] == events[0]
    assert pai.get_service_events(service_name=deployed, event_type="Normal") == [
        one for one in events if one.type == "Normal"
    ]
    assert pai.get_service_events(service_name=deployed, instance_name="chat-1") == []


def test_times_are_spelled_as_events_or_as_services_spell_them(
    deployed: str, emulator: Emulator
) -> None:
    events = pai.get_service_events(service_name=deployed)
    last, first = events[0].time, events[-1].time
    assert last > first
    for spelled in (str, lambda text: text.replace(" ", "T") + "Z"):
        since = pai.get_service_events(service_name=deployed, start_time=spelled(last))
        until = pai.get_service_events(service_name=deployed, end_time=spelled(first))
        assert {one.time for one in since} == {last}
        assert {one.time for one in until} == {first}
    sent = queries(emulator, "DescribeServiceEvent")
    assert {one["StartTime"] for one in sent if "StartTime" in one} == {last}
    assert {one["EndTime"] for one in sent if "EndTime" in one} == {first}
    text = refused(lambda: pai.get_service_events(service_name=deployed, start_time="yesterday"))
    assert text.startswith("cannot look up a service's events: DescribeServiceEvent: ")
    assert "(HTTP 400, InvalidParameter" in text


def test_events_of_one_moment_keep_the_cloud_s_order(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(emulator, service("chat"))
    for reason in ("first", "second", "third"):
        emulator.admin.fail("eas-m-chat", reason)
    monkeypatch.setattr(lookups, "PAGE", 2)
    warnings = pai.get_service_events(service_name="chat", event_type="Warning")
    for event, reason in zip(warnings, ("third", "second", "first"), strict=True):
        assert reason in event.message
    assert [one["PageNum"] for one in queries(emulator, "DescribeServiceEvent")] == ["1", "2"]


# --- endpoints -----------------------------------------------------------------------------------


def test_endpoints_and_a_token_that_nothing_shows(emulator: Emulator) -> None:
    seed(emulator, service("chat"))
    (shown,) = emulator.admin.resources("pai")

    async def run() -> tuple[pai.ServiceEndpoints, bool, str | None]:
        found = pai.get_service_endpoints(service_name="chat")
        token = found.access_token
        return found, await token.is_secret(), await token.future()

    found, secret, token = asyncio.run(run())
    assert (secret, token) == (True, shown["AccessToken"])
    assert shown["AccessToken"] not in repr(found)
    assert shown["AccessToken"] not in repr(vars(found))
    assert found.service_name == "chat"
    (gateway,) = found.endpoints
    assert isinstance(gateway, pai.Endpoint)
    assert (gateway.endpoint_type, gateway.backend_id, gateway.path_type, gateway.port) == (
        "DefaultGateway",
        "default",
        "Service",
        None,
    )
    assert gateway.internet_endpoints == [shown["InternetEndpoint"]]
    assert gateway.intranet_endpoints == [shown["IntranetEndpoint"]]


def test_a_token_stays_secret_through_an_output(emulator: Emulator) -> None:
    seed(emulator, service("chat"))
    (shown,) = emulator.admin.resources("pai")

    async def run() -> tuple[list[bool], Any, Any]:
        name = pulumi.Output.from_input("chat")
        found = pai.get_service_endpoints_output(service_name=name)
        token = found.apply(lambda one: one.access_token)
        lifted = found.access_token
        kinds = found.apply(lambda one: [way.endpoint_type for way in one.endpoints])
        secret = [await one.is_secret() for one in (token, lifted, kinds)]
        return secret, await token.future(), await kinds.future()

    secret, token, kinds = asyncio.run(run())
    assert secret == [True, True, False]
    assert token == shown["AccessToken"]
    assert kinds == ["DefaultGateway"]


# --- refusals ------------------------------------------------------------------------------------

ABOUT_ONE: dict[str, Callable[..., object]] = {
    "events": pai.get_service_events,
    "endpoints": pai.get_service_endpoints,
}


@pytest.mark.parametrize("what", ABOUT_ONE)
def test_a_service_that_is_not_ours_or_not_there_is_told_in_words(
    emulator: Emulator, what: str
) -> None:
    seed(emulator, service("theirs", ParentUid="42"))
    text = refused(lambda: ABOUT_ONE[what](service_name="nobody"))
    assert text.startswith(f"cannot look up a service's {what}: DescribeService")
    assert "(HTTP 404, InvalidService.NotFound" in text
    text = refused(lambda: ABOUT_ONE[what](service_name="theirs"))
    assert "(HTTP 403, Forbidden.PrivilegeCheckFailed" in text
    assert "another Alibaba Cloud account's" in text


@pytest.mark.parametrize("name", ["", "../..", "a/b?c#d", "größe", "x y"])
@pytest.mark.parametrize("what", ABOUT_ONE)
@pytest.mark.usefixtures("emulator")
def test_a_name_that_is_none_is_refused_by_the_cloud(what: str, name: str) -> None:
    text = refused(lambda: ABOUT_ONE[what](service_name=name))
    assert text.startswith(f"cannot look up a service's {what}: ")
    assert ".NotFound" in text


def test_a_service_that_goes_between_list_and_description(emulator: Emulator) -> None:
    seed(emulator, service("chat"))
    emulator.admin.faults(
        {"fault": "status", "status": 404, "operation": "DescribeService", "times": 1}
    )
    text = refused(lambda: pai.get_service(service_name="chat"))
    assert text.startswith("cannot look up a service: DescribeService: ")
    assert "InvalidService.NotFound" in text


def test_a_permission_that_is_missing_says_what_to_do(emulator: Emulator) -> None:
    emulator.admin.faults({"fault": "status", "status": 403, "operation": "ListServices"})
    text = refused(pai.get_services)
    assert "(HTTP 403, Forbidden.RAM" in text
    assert "docs/credentials.md" in text


@pytest.mark.usefixtures("emulator")
def test_a_missing_region_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALIBABA_CLOUD_REGION_ID")
    text = refused(pai.get_services)
    assert text.startswith("cannot look up a service: pai:region is missing")


@pytest.mark.usefixtures("emulator")
def test_a_wrong_secret_is_the_cloud_s_word_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
    text = refused(pai.get_services)
    assert "SignatureDoesNotMatch" in text
    assert SECRET not in text


def test_a_credential_in_clear_is_refused_and_nothing_is_sent(emulator: Emulator) -> None:
    pulumi.runtime.set_all_config({"pai:accessKeySecret": SECRET}, [])
    text = refused(pai.get_services)
    assert "`pulumi config set --secret pai:accessKeySecret`" in text
    assert SECRET not in text
    assert operations(emulator) == []


NUMBER: Any = 7
NESTED: Any = {"team": 7}
TEXT: Any = "team=a"


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"service_name": NUMBER}, "service_name must be a text, not int"),
        ({"labels": TEXT}, "labels must be a dict of texts, not str"),
        ({"labels": NESTED}, "labels['team'] must be a text, not int"),
    ],
)
def test_what_is_no_text_and_no_dict_is_refused(
    emulator: Emulator, wanted: dict[str, Any], text: str
) -> None:
    assert refused(lambda: pai.get_services(**wanted)) == f"cannot look up a service: {text}"
    assert operations(emulator) == []


@pytest.mark.usefixtures("emulator")
def test_outputs_are_for_the_other_functions() -> None:
    async def run(wrap: Callable[[Any], Any]) -> object:
        return pai.get_service(labels=wrap(pulumi.Output.from_input("a")))

    text = refused(lambda: asyncio.run(run(lambda team: {"team": team})))
    assert "labels['team'] is an Output, and a text is needed: use the function whose" in text
    text = refused(lambda: asyncio.run(run(lambda team: team)))
    assert "labels is an Output, and a dict of texts is needed" in text


# --- Outputs -------------------------------------------------------------------------------------


def test_filters_may_be_outputs(emulator: Emulator) -> None:
    seed(emulator, service("chat", Labels={"team": "a"}), service("rows"))
    found = in_a_program(
        lambda: pai.get_service_output(labels={"team": pulumi.Output.from_input("a")})
    )
    assert found.service_name == "chat"
    events = in_a_program(
        lambda: pai.get_service_events_output(service_name=pulumi.Output.from_input("rows"))
    )
    assert events == pai.get_service_events(service_name="rows")


# --- clouds that answer otherwise ----------------------------------------------------------------


class Other(BaseHTTPRequestHandler):
    """Answers what it is told to, by the path and the query."""

    asked: list[dict[str, list[str]]]
    answer: Callable[[str, dict[str, list[str]]], object]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        self.asked.append(query)
        text = json.dumps(type(self).answer(parts.path, query)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def other(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Other]]:
    """A server that the endpoint leads to."""
    handler = type("Handler", (Other,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PAI_EAS_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        assert emulator.url not in client().endpoint
        yield handler
        server.shutdown()


def test_pages_that_are_smaller_than_asked_for(other: type[Other]) -> None:
    def answer(_path: str, query: dict[str, list[str]]) -> object:
        start = 3 * (int(query["PageNumber"][0]) - 1)
        rows = [{"ServiceName": f"s{n}"} for n in range(start, min(start + 3, 7))]
        return {"TotalCount": 7, "Services": rows}

    other.answer = staticmethod(answer)
    assert names() == [f"s{n}" for n in range(7)]
    assert [one["PageNumber"] for one in other.asked] == [["1"], ["2"], ["3"]]


def test_services_of_other_kinds_are_read_too(other: type[Other]) -> None:
    rows = [
        {"ServiceName": "a", "ServiceId": "1", "Labels": None, "AppConfig": "{not json"},
        {"ServiceName": "b", "ServiceId": "2", "AppConfig": "[]", "Gpu": "2"},
        {"ServiceName": "c", "ServiceId": "3", "AppConfig": "", "Weight": 0},
    ]
    other.answer = staticmethod(lambda *_: {"TotalCount": 3, "Services": rows})
    found = pai.get_services()
    assert [one.config for one in found] == [None, None, None]
    assert [one.labels for one in found] == [{}, {}, {}]
    assert (found[0].app_type, found[1].gpu, found[2].weight) == (None, 2, 0)
    assert names(labels={"team": "a"}) == []


def test_filters_hold_whatever_the_cloud_makes_of_them(other: type[Other]) -> None:
    rows = [{"ServiceName": "chat", "ServiceId": "1"}, {"ServiceName": "chat_2", "ServiceId": "2"}]

    def answer(path: str, _query: object) -> object:
        if path.endswith("/services"):
            return {"TotalCount": 2, "Services": rows}
        return {**rows[0], "InternetEndpoint": f"http://{path}"}

    other.answer = staticmethod(answer)
    found = pai.get_service(service_name="chat")
    assert found.internet_endpoint == "http:///api/v2/services/cn-shanghai/chat"


def test_events_without_a_time_come_last(other: type[Other]) -> None:
    rows = [{"Message": "b"}, {"Message": "c", "Time": "2026-01-02 03:04:05"}, {"Message": "a"}]
    other.answer = staticmethod(lambda *_: {"TotalCount": 3, "Events": rows})
    events = pai.get_service_events(service_name="chat")
    assert [one.message for one in events] == ["c", "b", "a"]
    since = pai.get_service_events(service_name="chat", start_time="2026-01-01 00:00:00")
    assert [one.message for one in since] == ["c"]


def test_an_answer_without_objects_is_no_empty_list(other: type[Other]) -> None:
    other.answer = staticmethod(lambda *_: {"TotalCount": 0})
    assert "ListServices: the answer holds no Services" in refused(pai.get_services)
    text = refused(lambda: pai.get_service_events(service_name="x"))
    assert "DescribeServiceEvent: the answer holds no Events" in text
