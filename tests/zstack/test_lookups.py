"""Lookups against the emulator over real HTTP, with settings out of the environment."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from pulumi_modeldeploy import zstack
from pulumi_modeldeploy.core import lookups as core
from pulumi_modeldeploy.core.http import Client, Clock
from pulumi_modeldeploy.core.retry import GLANCE
from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.settings import Settings
from pulumi_modeldeploy.zstack import api, lookups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLURAL: dict[str, tuple[Callable[..., Any], type]] = {
    "zones": (zstack.get_zones, zstack.Zone),
    "modelCenters": (zstack.get_model_centers, zstack.ModelCenter),
    "models": (zstack.get_models, zstack.Model),
    "gpuSpecs": (zstack.get_gpu_specs, zstack.GpuSpec),
}
"""By the key in a seed; model services cannot be seeded."""
SINGULAR: dict[str, Callable[..., Any]] = {
    "zones": zstack.get_zone,
    "modelCenters": zstack.get_model_center,
    "models": zstack.get_model,
    "gpuSpecs": zstack.get_gpu_spec,
}
LATER: dict[str, Callable[..., pulumi.Output[Any]]] = {
    "zones": zstack.get_zone_output,
    "modelCenters": zstack.get_model_center_output,
    "models": zstack.get_model_output,
    "gpuSpecs": zstack.get_gpu_spec_output,
}
OPERATIONS = {
    "zones": "QueryZone",
    "modelCenters": "QueryModelCenter",
    "models": "QueryModel",
    "gpuSpecs": "QueryPciDeviceSpec",
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    with Emulator(deploy_time=0) as running:
        yield running


@pytest.fixture
def emulator(shared: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """An empty cloud that the settings of the environment lead to."""
    shared.admin.reset()
    shared.admin.faults()
    use(shared, monkeypatch)
    return shared


@pytest.fixture(autouse=True)
def configuration() -> Iterator[None]:
    """No stack configuration before, and none left behind."""
    config = pulumi.runtime.config
    saved = config.CONFIG.get(), config._SECRET_KEYS.get()
    pulumi.runtime.set_all_config({}, [])
    yield
    pulumi.runtime.set_all_config(saved[0], sorted(saved[1]))


def use(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in api.SETTINGS:
        for name in one.env:
            monkeypatch.delenv(name, raising=False)
    for name, value in emulator.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MODELDEPLOY_DEBUG", raising=False)


def uuid(number: int) -> str:
    return f"{number:032x}"


def seed(emulator: Emulator, key: str, *names: str, **values: Any) -> None:
    rows = [{"uuid": uuid(n), "name": name, **values} for n, name in enumerate(names, start=1)]
    emulator.admin.seed(zstack={key: rows})


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


def client() -> Client:
    """The connection that lookups use now."""
    return core._client(lookups._CLOUD, Settings.of_program())


# --- what is found -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", PLURAL)
def test_all_come_in_the_order_of_their_names(emulator: Emulator, key: str) -> None:
    seed(emulator, key, "gamma", "alpha", "beta")
    look, reply = PLURAL[key]
    found = look()
    assert [one.name for one in found] == ["alpha", "beta", "gamma"]
    assert [one.uuid for one in found] == [uuid(2), uuid(3), uuid(1)]
    assert {type(one) for one in found} == {reply}


@pytest.mark.parametrize("key", PLURAL)
def test_a_cloud_that_has_none_answers_an_empty_list(emulator: Emulator, key: str) -> None:
    look, _ = PLURAL[key]
    assert look() == []
    assert len(emulator.admin.requests(OPERATIONS[key])) == 1


@pytest.mark.parametrize("key", SINGULAR)
@pytest.mark.parametrize(
    "filters", [{"name": "beta"}, {"uuid": uuid(2)}, {"name": "beta", "uuid": uuid(2)}]
)
def test_one_is_found_by_name_or_uuid(
    emulator: Emulator, key: str, filters: dict[str, str]
) -> None:
    seed(emulator, key, "alpha", "beta", "betamax")
    found = SINGULAR[key](**filters)
    assert (found.uuid, found.name) == (uuid(2), "beta")
    assert PLURAL[key][0](**filters) == [found]


@pytest.mark.parametrize("key", SINGULAR)
def test_the_only_one_needs_no_filter(emulator: Emulator, key: str) -> None:
    seed(emulator, key, "alpha")
    assert SINGULAR[key]().uuid == uuid(1)


def test_an_answer_becomes_a_typed_object(emulator: Emulator) -> None:
    capacity = {"uuid": uuid(1), "totalCapacity": 2**41, "unheardOf": 1}
    seed(emulator, "modelCenters", "main", capacity=capacity, zdfs="x", serviceNetworkUuid=uuid(9))
    center = zstack.get_model_center(name="main")
    assert center.management_port == 5000
    assert center.service_network_uuid == uuid(9)
    assert isinstance(center.capacity, zstack.Capacity)
    assert center.capacity.total_capacity == 2**41


def test_what_an_answer_lacks_reads_as_none(emulator: Emulator) -> None:
    seed(emulator, "models", "m")
    model = zstack.get_model(name="m")
    assert model.description is None
    assert model.recommended_gpu_num is None
    assert model.model_service_refs is None
    with pytest.raises(AttributeError, match="no_such_attribute"):
        _ = model.no_such_attribute  # type: ignore[attr-defined]


# --- filters -------------------------------------------------------------------------------------


def test_models_by_center_type_and_vendor(emulator: Emulator) -> None:
    rows = [
        {"uuid": uuid(1), "name": "a", "modelCenterUuid": uuid(8), "type": "LLM", "vendor": "Q"},
        {"uuid": uuid(2), "name": "b", "modelCenterUuid": uuid(8), "type": "CV"},
        {"uuid": uuid(3), "name": "c", "modelCenterUuid": uuid(9), "type": "LLM"},
    ]
    emulator.admin.seed(zstack={"models": rows})

    def names(**filters: str) -> str:
        return "".join(one.name for one in zstack.get_models(**filters))

    assert names(model_center_uuid=uuid(8)) == "ab"
    assert names(type="llm") == "ac"
    assert names(type="LLM", model_center_uuid=uuid(9)) == "c"
    assert names(vendor="q") == "a"
    assert names(vendor="x") == ""


def test_specs_of_gpus_only_and_enabled_unless_asked_otherwise(emulator: Emulator) -> None:
    rows = [
        {"uuid": uuid(1), "name": "a100", "vendor": "NVIDIA"},
        {"uuid": uuid(2), "name": "mi300", "vendor": "AMD", "type": "GPU_Co_Processor"},
        {"uuid": uuid(3), "name": "old", "vendor": "nvidia", "state": "Disabled"},
        {"uuid": uuid(4), "name": "card", "vendor": "NVIDIA", "type": "Ethernet_Controller"},
    ]
    emulator.admin.seed(zstack={"gpuSpecs": rows})

    def names(**filters: str | None) -> list[str]:
        return [one.name for one in zstack.get_gpu_specs(**filters)]

    assert names() == ["a100", "mi300"]
    assert names(vendor="Nvidia") == ["a100"]
    assert names(vendor="nvidia", state=None) == ["a100", "old"]
    assert names(state="disabled") == ["old"]
    assert zstack.get_gpu_spec(vendor="amd").uuid == uuid(2)
    assert zstack.get_gpu_spec(name="old", state=None).uuid == uuid(3)
    assert refused(lambda: zstack.get_gpu_spec(name="card", state=None)).startswith(
        "cannot look up a GPU specification: there is none with name 'card'; "
    )


def add_service(name: str, **more: Any) -> None:
    """Add a model service by the API, since it cannot be seeded."""
    body = {
        "name": name,
        "yaml": "services: []",
        "requestCpu": 4,
        "requestMemory": 8192,
        "modelCenterUuid": uuid(8),
        "installPath": "file:///opt/demo",
        "startCommand": "python app.py",
        "architectureImages": [{"cpuArchitecture": "x86_64", "dockerImage": "vllm:1"}],
        **more,
    }
    client().send(api.ADD_SERVICE, body=body)


@pytest.mark.usefixtures("emulator")
def test_model_services() -> None:
    add_service("chat", framework="vLLM", vendorToSpecUuidsMap={"AMD": [uuid(5)]})
    add_service("train", type="FineTune", framework="vLLM", modelCenterUuid=uuid(9))
    add_service("bare", framework="Other")

    def names(**filters: str) -> list[str]:
        return [one.name for one in zstack.get_model_services(**filters)]

    assert names() == ["bare", "chat", "train"]
    assert names(framework="vllm") == ["chat", "train"]
    assert names(type="endpoint") == ["bare", "chat"]
    assert names(model_center_uuid=uuid(9)) == ["train"]
    assert names(framework="vllm", type="Endpoint") == ["chat"]
    chat = zstack.get_model_service(name="chat")
    assert isinstance(chat, zstack.ModelServiceEntry)
    assert zstack.get_model_service(uuid=chat.uuid) == chat
    assert chat.model_service_images[0].docker_image == "vllm:1"
    assert chat.vendor_to_spec_uuids_map == {"AMD": [uuid(5)]}
    assert (chat.request_memory, chat.support_distributed) == (8192, False)
    text = refused(lambda: zstack.get_model_service(name="caht"))
    assert text.endswith("there is none with name 'caht'; names like it: 'chat'")


# --- names that the query language takes for something else --------------------------------------

HOSTILE = [
    "a!=b",
    "x~=y",
    "p?=q",
    "a!~=b",
    "a>=b",
    "a=b",
    "a<b",
    "a is null",
    "a not null",
    "100%",
    "%",
    "50_off",
    "a,b",
    "a+b",
    "a&q=name=z",
    "#x",
    "back\\slash",
    'it\'s "so"',
    "größe 模型 🚀",
    "two  spaces",
    "UPPER",
    "upper",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_found_and_no_other(emulator: Emulator, name: str) -> None:
    seed(emulator, "modelCenters", "other", *HOSTILE)
    assert zstack.get_model_center(name=name).uuid == uuid(HOSTILE.index(name) + 2)
    assert [one.name for one in zstack.get_model_centers(name=name)] == [name]


@pytest.mark.parametrize("name", ["a!=c", "%a%", "100_", "größe", "x' or '1'='1", "", "\n"])
def test_a_hostile_name_that_is_not_there_finds_nothing(emulator: Emulator, name: str) -> None:
    seed(emulator, "modelCenters", *HOSTILE)
    assert zstack.get_model_centers(name=name) == []
    assert "there is none with name " in refused(lambda: zstack.get_model_center(name=name))


@pytest.mark.parametrize("uuid_", ["a!=b", "nonsense", ""])
def test_a_uuid_that_is_none_finds_nothing(emulator: Emulator, uuid_: str) -> None:
    seed(emulator, "models", "m")
    assert zstack.get_models(uuid=uuid_) == []


@pytest.mark.parametrize("wanted", ["padded", "  padded", "padded\n"])
def test_white_space_around_names_does_not_count(emulator: Emulator, wanted: str) -> None:
    seed(emulator, "zones", "other", " padded ", "padded not")
    assert zstack.get_zone(name=wanted).uuid == uuid(2)


def test_conditions_are_sent_where_they_cannot_be_mistaken(emulator: Emulator) -> None:
    zstack.get_models(name=" llama-3.1 8B ", model_center_uuid=uuid(8), type="LLM")
    zstack.get_models(name="a!=b", uuid=uuid(1))
    zstack.get_models(name="a!=b")
    zstack.get_gpu_specs(vendor="AMD")
    sent = [one.get("q") for one in queries(emulator, "QueryModel")]
    assert sent == [["name~=%llama-3.1 8B%", f"modelCenterUuid={uuid(8)}"], f"uuid={uuid(1)}", None]
    (only,) = queries(emulator, "QueryPciDeviceSpec")
    assert only["q"].startswith("type?=GPU_Video_Controller,GPU_3D_Controller,")


# --- pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "starts"), [(3, "02"), (4, "02"), (5, "024")])
def test_pages_are_read_until_all_are_there(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, count: int, starts: str
) -> None:
    monkeypatch.setattr(lookups, "PAGE", 2)
    seed(emulator, "models", *(f"m{n}" for n in range(count)))
    assert [one.name for one in zstack.get_models()] == [f"m{n}" for n in range(count)]
    sent = queries(emulator, "QueryModel")
    assert "".join(one["start"] for one in sent) == starts
    assert {(one["limit"], one["sort"]) for one in sent} == {("2", "uuid")}


def test_the_last_page_is_looked_at_too(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "PAGE", 2)
    seed(emulator, "models", "same", "b", "c", "d", "same")
    assert zstack.get_model(name="d").uuid == uuid(4)
    assert "there are 2 with name 'same'" in refused(lambda: zstack.get_model(name="same"))


# --- none, several -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", SINGULAR)
def test_none_names_what_comes_near(emulator: Emulator, key: str) -> None:
    seed(emulator, key, "production-a", "Production", "staging")
    text = refused(lambda: SINGULAR[key](name="prodution"))
    assert text.startswith("cannot look up a ")
    assert ": there is none with name 'prodution'" in text
    assert text.endswith("; names like it: 'Production', 'production-a'")


def test_none_lists_what_there_is_if_nothing_comes_near(emulator: Emulator) -> None:
    seed(emulator, "zones", *(f"zone-{n:02}" for n in range(12)))
    text = refused(lambda: zstack.get_zone(name="q"))
    assert "there are: 'zone-00', 'zone-01', " in text
    assert text.endswith("'zone-09' and 2 more")


@pytest.mark.parametrize("filters", [{}, {"name": "x"}])
def test_none_at_all(emulator: Emulator, filters: dict[str, str]) -> None:
    text = refused(lambda: zstack.get_model_center(**filters))
    assert text == "cannot look up a model center: there is none at all"
    assert emulator.admin.requests("QueryModelCenter")


def test_none_tells_by_what_the_one_of_that_name_differs(emulator: Emulator) -> None:
    seed(emulator, "gpuSpecs", "a100", vendor="NVIDIA", state="Disabled")
    text = refused(lambda: zstack.get_gpu_spec(name="a100", vendor="nvidia"))
    assert text.endswith(
        "there is none with name 'a100' and vendor 'nvidia' and state 'Enabled': "
        f"{uuid(1)} has vendor 'NVIDIA' and state 'Disabled'"
    )


def test_several_are_told_apart_by_uuid(emulator: Emulator) -> None:
    seed(emulator, "models", "same", "same", "other")
    text = refused(lambda: zstack.get_model(name="same"))
    assert text == (
        f"cannot look up a model: there are 2 with name 'same': {uuid(1)} ('same'), "
        f"{uuid(2)} ('same'); say which by uuid="
    )
    assert "there are 3: " in refused(zstack.get_model)


# --- settings and refusals -----------------------------------------------------------------------

SECRET = "never-to-be-shown"


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("ZSTACK_ENDPOINT", "zstack:endpoint is missing"),
        ("ZSTACK_ACCESS_KEY_SECRET", "zstack:accessKeySecret is missing"),
    ],
)
@pytest.mark.usefixtures("emulator")
def test_a_missing_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, missing: str, words: str
) -> None:
    monkeypatch.delenv(missing)
    text = refused(zstack.get_zones)
    assert text.startswith(f"cannot look up a zone: {words}")
    assert missing in text


@pytest.mark.usefixtures("emulator")
def test_without_credentials_all_ways_to_give_them_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ZSTACK_ACCESS_KEY_ID")
    monkeypatch.delenv("ZSTACK_ACCESS_KEY_SECRET")
    assert "there are no credentials for ZStack" in refused(zstack.get_zone)


@pytest.mark.usefixtures("emulator")
def test_a_setting_that_is_not_allowed_is_one_paragraph_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MODELDEPLOY_DEBUG", "yes")
    assert "modeldeploy:debug must be one of 0, 1" in refused(zstack.get_zone)


def test_stack_configuration_wins_over_the_environment(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(emulator, "zones", "z")
    monkeypatch.setenv("ZSTACK_ENDPOINT", "http://127.0.0.1:1")
    pulumi.runtime.set_all_config({"zstack:endpoint": emulator.url})
    assert zstack.get_zone().name == "z"


def test_a_credential_in_clear_is_refused_and_nothing_is_sent(emulator: Emulator) -> None:
    seed(emulator, "zones", "z")
    pulumi.runtime.set_all_config({"zstack:password": SECRET})
    text = refused(zstack.get_zone)
    assert "`pulumi config set --secret zstack:password`" in text
    assert SECRET not in text
    assert emulator.admin.requests() == []


def test_a_wrong_secret_is_the_cloud_s_word(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSTACK_ACCESS_KEY_SECRET", SECRET)
    text = refused(lambda: zstack.get_model_center(name="x"))
    assert text.startswith("cannot look up a model center: QueryModelCenter: ")
    assert text.endswith("(HTTP 503, ID.1000)")
    assert SECRET not in text
    assert emulator.env["ZSTACK_ACCESS_KEY_ID"] not in text


@pytest.fixture
def account(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """An account instead of a key."""
    monkeypatch.delenv("ZSTACK_ACCESS_KEY_ID")
    monkeypatch.delenv("ZSTACK_ACCESS_KEY_SECRET")
    monkeypatch.setenv("ZSTACK_ACCOUNT_NAME", "admin")
    monkeypatch.setenv("ZSTACK_ACCOUNT_PASSWORD", "password")
    return emulator


def test_an_account_logs_in_once_and_again_when_its_session_is_over(account: Emulator) -> None:
    core._CLIENTS.clear()
    assert zstack.get_zones() == zstack.get_models() == []
    assert len(account.admin.requests("LogInByAccount")) == 1
    account.admin.advance(7 * 24 * 3600)
    assert zstack.get_zones() == []
    assert len(account.admin.requests("LogInByAccount")) == 2


@pytest.mark.usefixtures("account")
def test_a_wrong_password_is_the_cloud_s_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSTACK_ACCOUNT_PASSWORD", SECRET)
    text = refused(zstack.get_models)
    assert text.startswith("cannot look up a model: LogInByAccount: ")
    assert "(HTTP 503, ID.1000)" in text
    assert SECRET not in text


def test_several_clouds_one_after_another(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(emulator, "zones", "first")
    assert zstack.get_zone().name == "first"
    with Emulator(deploy_time=0) as second:
        use(second, monkeypatch)
        seed(second, "zones", "second")
        assert zstack.get_zone().name == "second"
    use(emulator, monkeypatch)
    assert zstack.get_zone().name == "first"


@pytest.mark.usefixtures("emulator")
def test_settings_that_stay_share_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    first = client()
    assert client() is first
    monkeypatch.setenv("ZSTACK_TIME_ZONE", "UTC")
    assert client() is not first


@pytest.mark.usefixtures("emulator")
def test_a_cloud_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSTACK_ENDPOINT", "http://127.0.0.1:1")
    pauses: list[float] = []
    client().clock = Clock(sleep=pauses.append)
    text = refused(zstack.get_zone)
    assert "QueryZone: no answer from ZStack at http://127.0.0.1:1 (" in text
    assert GLANCE / 2 < sum(pauses) <= GLANCE, "a program is not kept waiting for long"


# --- servers that are not ZStack -----------------------------------------------------------------


class Other(BaseHTTPRequestHandler):
    """Answers what it is told to, or all that it was sent."""

    answer: tuple[int, Any] | None = None
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        said = f"{self.headers['Authorization']!r} is not signed with {SECRET}"
        status, document = self.answer or (400, said)
        text = document if isinstance(document, str) else json.dumps(document)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def other(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Other]]:
    """A server of another kind that the endpoint leads to; its secret is in the settings."""
    handler = type("Handler", (Other,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("ZSTACK_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("ZSTACK_ACCESS_KEY_SECRET", SECRET)
        assert emulator.url not in client().endpoint
        yield handler
        server.shutdown()


@pytest.mark.parametrize("debug", ["0", "1"])
def test_credentials_in_an_answer_are_not_shown(
    other: type[Other], emulator: Emulator, monkeypatch: pytest.MonkeyPatch, debug: str
) -> None:
    monkeypatch.setenv("MODELDEPLOY_DEBUG", debug)
    with pytest.raises(pulumi.RunError) as info:
        zstack.get_zones()
    text = str(info.value)
    assert "(HTTP 400)" in text
    assert "***" in text
    assert SECRET not in text
    assert emulator.env["ZSTACK_ACCESS_KEY_ID"] not in text
    assert ("Traceback" in text) is (debug == "1")
    assert other.asked == 1


def test_an_answer_without_objects_is_no_empty_list(other: type[Other]) -> None:
    other.answer = (200, {"results": []})
    assert "QueryZone: the answer holds no inventories" in refused(zstack.get_zones)


def test_a_server_that_knows_neither_pages_nor_totals_is_not_asked_for_ever(
    other: type[Other],
) -> None:
    other.answer = (200, {"inventories": [{"uuid": uuid(1), "name": "z", "size": None}]})
    assert zstack.get_zone().name == "z"
    assert other.asked == 2, "the second page brought nothing new"


def test_what_an_object_lacks_is_shown_as_lacking(other: type[Other]) -> None:
    other.answer = (200, {"inventories": [{"uuid": uuid(1)}, "no object"], "total": 2})
    (zone,) = zstack.get_zones(uuid=uuid(1))
    assert (zone.uuid, zone.name) == (uuid(1), None)
    assert zstack.get_zones(name="None") == []


def test_filters_hold_whatever_the_server_makes_of_conditions(other: type[Other]) -> None:
    gpu = {"uuid": uuid(1), "name": "a", "type": "GPU_3D_Controller", "state": "Enabled"}
    rows = [gpu, {**gpu, "uuid": uuid(2), "type": "Generic"}, {**gpu, "uuid": uuid(3), "name": "b"}]
    other.answer = (200, {"inventories": rows, "total": 3})
    assert [one.uuid for one in zstack.get_gpu_specs()] == [uuid(1), uuid(3)]
    assert zstack.get_gpu_spec(name="a").uuid == uuid(1)


# --- Outputs -------------------------------------------------------------------------------------


def resolved(make: Callable[[], pulumi.Output[Any]]) -> Any:
    async def run() -> Any:
        return await make().future()

    return asyncio.run(run())


@pytest.mark.parametrize("key", LATER)
def test_a_filter_may_be_an_output(emulator: Emulator, key: str) -> None:
    seed(emulator, key, "alpha", "beta")
    found = resolved(lambda: LATER[key](name=pulumi.Output.from_input("beta")))
    assert found == SINGULAR[key](name="beta")
    assert resolved(lambda: LATER[key](uuid=uuid(1)).uuid) == uuid(1)


@pytest.mark.usefixtures("emulator")
def test_a_model_service_by_an_output() -> None:
    add_service("chat")
    found = resolved(lambda: zstack.get_model_service_output(name=pulumi.Output.from_input("chat")))
    assert found.name == "chat"


@pytest.mark.usefixtures("emulator")
def test_a_lookup_by_an_output_that_finds_none() -> None:
    text = refused(lambda: resolved(lambda: zstack.get_zone_output(name="x")))
    assert text == "cannot look up a zone: there is none at all"


@pytest.mark.usefixtures("emulator")
def test_a_filter_that_is_no_text_is_refused_with_what_to_do() -> None:
    async def given_an_output() -> object:
        output: Any = pulumi.Output.from_input("beta")
        return zstack.get_zone(name=output)

    text = refused(lambda: asyncio.run(given_an_output()))
    assert "name is an Output, and a text is needed" in text
    number: Any = 7
    assert "uuid must be a text, not int" in refused(lambda: zstack.get_zones(uuid=number))


# --- profiles ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        (pulumi.Output.from_input("lab"), "profile is an Output, and a text is needed"),
        (7, "profile must be a text, not int"),
        ("lab", "profile: there is none of this name in zstack:profiles"),
    ],
)
def test_a_profile_that_is_none_is_named(profile: Any, text: str) -> None:
    assert text in refused(lambda: lookups.get_zones(profile=profile))
