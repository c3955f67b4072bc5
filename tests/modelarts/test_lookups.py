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

from pulumi_modeldeploy import modelarts
from pulumi_modeldeploy.core import lookups as core
from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.modelarts import api, lookups
from pulumi_modeldeploy.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pulumi_modeldeploy.core.http import Client


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


def seed(emulator: Emulator, key: str, *rows: dict[str, Any]) -> None:
    emulator.admin.seed(modelarts={key: list(rows)})


def refused(look: Callable[[], object]) -> str:
    """What a program that ends like this shows."""
    with pytest.raises(pulumi.RunError) as info:
        look()
    text = str(info.value)
    assert "\n" not in text, "one paragraph"
    return text


def queries(emulator: Emulator, operation: str) -> list[dict[str, Any]]:
    """The queries of an operation's requests."""
    return [one["query"] for one in emulator.admin.requests(operation)]


def client() -> Client:
    """The connection that lookups use now."""
    return core._client(lookups._CLOUD, Settings.of_program())


def resolved(make: Callable[[], pulumi.Output[Any]]) -> Any:
    async def run() -> Any:
        return await make().future()

    return asyncio.run(run())


ONE = {"model_id": "m1", "specification": "modelarts.vm.cpu.2u", "instance_count": 1, "weight": 100}


def service(name: str, identifier: str = "", **more: Any) -> dict[str, Any]:
    row = {"service_name": name, "infer_type": "real-time", "config": [ONE], **more}
    return {**row, "service_id": identifier} if identifier else row


MNIST = {"model_id": "m1", "model_name": "mnist", "model_version": "1.0.0"}
MODELS = (
    MNIST,
    {**MNIST, "model_id": "m2", "model_version": "1.0.1", "install_type": ["batch"]},
    {**MNIST, "model_id": "m3", "model_name": "mnist_big", "model_status": "building"},
    {**MNIST, "model_id": "m4", "model_name": "rows", "model_type": "PyTorch"},
)
POOLS = (
    {"cluster_id": "c1", "cluster_name": "blue", "services_count": {"realtime_count": 2}},
    {"cluster_id": "c2", "cluster_name": "red", "status": "abnormal"},
)


# --- what is found -------------------------------------------------------------------------------


@pytest.mark.usefixtures("emulator")
def test_specifications_of_the_cloud() -> None:
    found = modelarts.get_specifications()
    assert [one.specification for one in found] == sorted(one.specification for one in found)
    gpu = modelarts.get_specification(specification="modelarts.vm.gpu.p4")
    assert gpu in found
    assert (gpu.category, gpu.is_open, gpu.over_quota) == ("GPU", True, False)
    assert gpu.cpu_info is not None
    assert gpu.gpu_info is not None
    assert (gpu.cpu_info.cpu, gpu.gpu_info.version) == (8, "P4")
    assert gpu.npu_info is None
    assert {one.category for one in modelarts.get_specifications(category="gpu")} == {"GPU"}


def test_specifications_by_what_they_are(emulator: Emulator) -> None:
    seed(
        emulator,
        "specifications",
        {"specification": "a", "is_free": True},
        {"specification": "b", "is_open": False, "over_quota": True},
        {"specification": "c", "source_type": "auto", "spec_status": "abnormal"},
    )

    def names(**filters: Any) -> str:
        return "".join(one.specification for one in modelarts.get_specifications(**filters))

    assert names() == "abc"
    assert names(is_free=True) == "a"
    assert names(is_free=False) == "bc"
    assert names(is_open=False, over_quota=True) == "b"
    assert names(source_type="auto") == "c"
    assert names(source_type="") == "ab"
    assert names(spec_status="normal") == "ab"
    assert names(infer_type="batch", is_personal_cluster=True) == "abc"
    sent = queries(emulator, "ListSpecifications")
    assert {one["infer_type"] for one in sent} == {"real-time", "batch"}
    assert sent[-1]["is_personal_cluster"] == "true"
    assert "is_personal_cluster" not in sent[0]


def test_services_by_what_lists_show_and_what_only_the_cloud_knows(emulator: Emulator) -> None:
    other = {**ONE, "model_id": "m2"}
    seed(
        emulator,
        "services",
        service("digits", "s1"),
        service("digits-2", "s2", status="stopped", config=[other], owner="somebody"),
        service("rows", "s3", workspace_id="7", cluster_id="c1"),
    )

    def ids(**filters: Any) -> list[str]:
        return [one.service_id for one in modelarts.get_services(**filters)]

    assert ids() == ["s1", "s2", "s3"]
    assert ids(service_name="digits") == ["s1"], "the cloud may answer those that are like it"
    assert ids(status="stopped") == ["s2"]
    assert ids(model_id="m2") == ["s2"]
    assert ids(workspace_id="7") == ids(cluster_id="c1") == ["s3"]
    assert ids(service_id="s2", infer_type="real-time") == ["s2"]
    found = modelarts.get_service(service_name="digits-2")
    assert (found.owner, found.status, found.is_free) == ("somebody", "stopped", False)
    assert found.due_time is None
    text = refused(lambda: modelarts.get_service(service_name="digist"))
    assert text == (
        "cannot look up a service: there is none with service_name 'digist'; names like it: "
        "'digits', 'digits-2'"
    )


def test_models_by_name_and_version(emulator: Emulator) -> None:
    seed(emulator, "models", *MODELS)

    def ids(**filters: Any) -> list[str]:
        return [one.model_id for one in modelarts.get_models(**filters)]

    assert ids() == ["m1", "m2", "m3", "m4"]
    assert ids(model_name="mnist") == ["m1", "m2"]
    assert ids(model_status="building") == ["m3"]
    assert ids(model_type="pytorch") == ["m4"]
    assert ids(install_type="real-time", model_name="mnist") == ["m1"]
    assert modelarts.get_model(model_name="mnist", model_version="1.0.1").model_id == "m2"
    assert modelarts.get_model(model_id="m3").model_name == "mnist_big"
    sent = queries(emulator, "ListModels")
    assert [one.get("exact_match") for one in sent[:2]] == [None, "true"]
    assert refused(lambda: modelarts.get_model(model_name="mnist")) == (
        "cannot look up a model: there are 2 with model_name 'mnist': "
        "m1 ('mnist', model_version '1.0.0'), m2 ('mnist', model_version '1.0.1'); "
        "say which by model_id= or model_version="
    )
    text = refused(lambda: modelarts.get_model(model_name="rows", model_version="9.0.0"))
    assert text.endswith(": m4 has model_version '1.0.0'")


def test_a_pool_by_its_name(emulator: Emulator) -> None:
    seed(emulator, "pools", *POOLS)
    assert [one.cluster_id for one in modelarts.get_clusters()] == ["c1", "c2"]
    pool = modelarts.get_cluster(cluster_name="blue", status="running")
    assert pool.cluster_id == "c1"
    assert pool.nodes is not None
    assert pool.services_count is not None
    assert (pool.nodes.count, pool.services_count.realtime_count) == (1, 2)
    assert modelarts.get_cluster(cluster_id="c2").status == "abnormal"
    text = refused(lambda: modelarts.get_cluster(cluster_name="red", status="running"))
    assert text.endswith(
        "there is none with cluster_name 'red' and status 'running': c2 has status 'abnormal'"
    )


# --- one service ---------------------------------------------------------------------------------


@pytest.fixture
def deployed(emulator: Emulator) -> str:
    """A service that was deployed, changed, and whose second change was rolled back."""
    sender = client()
    made = sender.send(api.CREATE, body=service("digits"), path={}).body["service_id"]
    emulator.admin.advance(10)
    assert isinstance(made, str)
    path = {"id": made}
    for model, doomed in (("m2", False), ("m3", True)):
        if doomed:
            emulator.admin.fail(made, "no node left", next=True)
        config = [{**ONE, "model_id": model, "envs": {"TOKEN": "hidden"}}]
        sender.send(api.UPDATE, body={"config": config}, path=path)
        sender.send(api.SHOW, path=path)
        emulator.admin.advance(10)
    return made


def test_events_of_a_service_the_newest_first(deployed: str) -> None:
    events = modelarts.get_events(service_id=deployed)
    times = [one.occur_time for one in events]
    assert times == sorted(times, reverse=True)
    assert events[0].event_info == "roll back service success"
    (abnormal,) = modelarts.get_events(service_id=deployed, event_type="abnormal")
    assert abnormal.event_info == "update service failed: no node left"
    some = modelarts.get_events(service_id=deployed, event_info="roll back")
    assert [one.event_info for one in some] == ["roll back service success", "roll back service"]
    assert modelarts.get_events(service_id=deployed, event_info="failed: no") == [abnormal]
    first, last = times[-1], times[0]
    late = modelarts.get_events(service_id=deployed, start_time=last)
    early = modelarts.get_events(service_id=deployed, end_time=first)
    assert {one.occur_time for one in late} == {last}
    assert {one.occur_time for one in early} == {first}


def test_only_plain_words_are_looked_for_by_the_cloud(deployed: str, emulator: Emulator) -> None:
    for words in ("no node", "failed: no", ""):
        modelarts.get_events(service_id=deployed, event_info=words)
    sent = queries(emulator, "ListServiceEvents")
    assert [one.get("event_info") for one in sent] == ["no node", None, None]


def test_the_update_log_of_a_service_the_newest_first(deployed: str) -> None:
    log = modelarts.get_update_log(service_id=deployed)
    assert [one.result for one in log] == ["FAIL", "SUCCESS"]
    assert [one.config[0].model_id for one in log] == ["m3", "m2"]
    assert modelarts.get_update_log(service_id=deployed, update_time=log[1].update_time) == log[1:]
    assert "hidden" not in repr(log)


def test_the_load_of_a_service_is_numbers(deployed: str) -> None:
    load = modelarts.get_monitor(service_id=deployed)
    assert (load.service_name, load.service_instance_count) == ("digits", 1)
    (row,) = load.monitors
    assert row.model_id == "m2"
    assert (row.cpu_core_total, row.cpu_memory_total) == (2.0, 8192), "they come as texts"
    assert isinstance(row.cpu_core_usage, float)
    assert row.gpu_usage is None
    assert modelarts.get_monitor(service_id=deployed, node_id="n1").monitors == []


LOOKS: dict[str, Callable[..., object]] = {
    "events": modelarts.get_events,
    "update log": modelarts.get_update_log,
    "load": modelarts.get_monitor,
}


@pytest.mark.parametrize("what", LOOKS)
@pytest.mark.usefixtures("emulator")
def test_a_service_that_is_not_there_is_the_cloud_s_word(what: str) -> None:
    text = refused(lambda: LOOKS[what](service_id="nobody"))
    assert text.startswith(f"cannot look up a service's {what}: ")
    assert "(HTTP 404, ModelArts.3502" in text


# --- pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "offsets"), [(0, "0"), (3, "02"), (4, "02"), (5, "024")])
def test_pages_are_read_until_all_are_there(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, count: int, offsets: str
) -> None:
    monkeypatch.setattr(lookups, "PAGE", 2)
    if count:
        rows = [{"model_id": f"m{n}", "model_name": f"n{n}"} for n in range(count)]
        seed(emulator, "models", *rows)
    assert [one.model_id for one in modelarts.get_models()] == [f"m{n}" for n in range(count)]
    sent = queries(emulator, "ListModels")
    assert "".join(one["offset"] for one in sent) == offsets
    assert {(one["limit"], one["sort_by"], one["order"]) for one in sent} == {
        ("2", "create_at", "asc")
    }


# --- clouds that answer otherwise ----------------------------------------------------------------


class Other(BaseHTTPRequestHandler):
    """Answers what it is told to, by the query."""

    asked: list[dict[str, list[str]]]
    answer: Callable[[dict[str, list[str]]], object]

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.asked.append(query)
        text = json.dumps(type(self).answer(query)).encode()
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
        monkeypatch.setenv("MODELARTS_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        assert emulator.url not in client().endpoint
        yield handler
        server.shutdown()


def test_pages_that_are_smaller_than_asked_for(other: type[Other]) -> None:
    def answer(query: dict[str, list[str]]) -> object:
        start = int(query["offset"][0])
        rows = [{"model_id": f"m{n}", "model_name": "n"} for n in range(start, min(start + 3, 7))]
        return {"total_count": 7, "count": len(rows), "models": rows}

    other.answer = staticmethod(answer)
    assert len(modelarts.get_models()) == 7
    assert [one["offset"] for one in other.asked] == [["0"], ["3"], ["6"]]


def test_a_cloud_that_knows_neither_pages_nor_totals_is_not_asked_for_ever(
    other: type[Other],
) -> None:
    other.answer = staticmethod(lambda _: {"services": [{"service_id": "s", "service_name": "n"}]})
    assert modelarts.get_service(service_name="n").service_id == "s"
    assert len(other.asked) == 2, "the second page brought nothing new"


def test_an_answer_without_objects_is_no_empty_list(other: type[Other]) -> None:
    other.answer = staticmethod(lambda _: {"total_count": 0})
    assert "ListClusters: the answer holds no clusters" in refused(modelarts.get_clusters)


def test_filters_hold_whatever_the_cloud_makes_of_them(other: type[Other]) -> None:
    rows = [{"model_id": "m1", "model_name": "a_b"}, {"model_id": "m2", "model_name": "axb"}]
    other.answer = staticmethod(lambda _: {"total_count": 2, "models": rows})
    assert modelarts.get_model(model_name="a_b").model_id == "m1"


def test_texts_numbers_and_truths_are_what_the_types_say(other: type[Other]) -> None:
    row = {
        "service_id": "s",
        "service_name": "n",
        "workspace_id": 0,
        "is_opened_sample_collection": "false",
        "is_free": "True",
        "progress": "100",
        "publish_at": 1243143243,
        "shared_count": "many",
    }
    other.answer = staticmethod(lambda _: {"total_count": 1, "services": [row]})
    found = modelarts.get_service(workspace_id="0", service_name="n")
    assert (found.workspace_id, found.progress, found.publish_at) == ("0", 100, 1243143243)
    assert (found.is_opened_sample_collection, found.is_free) == (False, True)
    assert found.shared_count == "many", "what is no number stays what it is"  # type: ignore[comparison-overlap]


def test_a_specification_that_is_listed_twice_is_told_apart(other: type[Other]) -> None:
    rows = [{"specification": "s"}, {"specification": "s", "source_type": "auto"}]
    other.answer = staticmethod(lambda _: {"total_count": 2, "specifications": rows})
    assert modelarts.get_specification(specification="s", source_type="").source_type is None
    text = refused(lambda: modelarts.get_specification(specification="s"))
    assert text.endswith(
        "s (source_type None), s (source_type 'auto'); say which by specification= or source_type="
    )


def test_a_filter_that_only_the_cloud_knows_is_no_reason(other: type[Other]) -> None:
    def answer(query: dict[str, list[str]]) -> object:
        rows = [] if query.get("infer_type") == ["batch"] else [{"specification": "s"}]
        return {"total_count": len(rows), "specifications": rows}

    other.answer = staticmethod(answer)
    text = refused(lambda: modelarts.get_specification(specification="s", infer_type="batch"))
    assert "there is none with specification 's' and infer_type 'batch'; " in text


# --- settings, Outputs ---------------------------------------------------------------------------


@pytest.mark.usefixtures("emulator")
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HW_PROJECT_ID")
    text = refused(modelarts.get_services)
    assert text.startswith("cannot look up a service: modelarts:projectId is missing")


def test_another_project_says_what_to_do(emulator: Emulator) -> None:
    emulator.admin.faults({"fault": "status", "status": 403, "code": "ModelArts.0210"})
    text = refused(modelarts.get_models)
    assert "(HTTP 403, ModelArts.0210" in text
    assert text.endswith("must be the project that the credentials are for")


@pytest.mark.usefixtures("emulator")
def test_what_is_no_text_truth_or_number_is_refused() -> None:
    wrong: Any = 1
    assert "is_free must be True or False, not int" in refused(
        lambda: modelarts.get_specifications(is_free=wrong)
    )
    assert "service_name must be a text, not int" in refused(
        lambda: modelarts.get_services(service_name=wrong)
    )
    text: Any = "1"
    assert "start_time must be a whole number, not str" in refused(
        lambda: modelarts.get_events(service_id="s", start_time=text)
    )


def test_filters_may_be_outputs(emulator: Emulator, deployed: str) -> None:
    seed(emulator, "models", *MODELS)
    seed(emulator, "pools", *POOLS)

    def given(value: object) -> Any:
        return pulumi.Output.from_input(value)

    found = resolved(lambda: modelarts.get_model_output(model_id=given("m3")))
    assert found == modelarts.get_model(model_id="m3")
    assert resolved(lambda: modelarts.get_cluster_output(cluster_name=given("red"))).cluster_id
    one = resolved(lambda: modelarts.get_service_output(service_id=given(deployed)))
    assert one.service_name == "digits"
    specification = "modelarts.vm.gpu.p4"
    spec = resolved(
        lambda: modelarts.get_specification_output(
            specification=given(specification), is_open=given(True)
        )
    )
    assert spec.category == "GPU"


@pytest.mark.parametrize(
    "make",
    [
        modelarts.get_events_output,
        modelarts.get_update_log_output,
        modelarts.get_monitor_output,
    ],
)
@pytest.mark.usefixtures("emulator")
def test_what_is_about_a_service_takes_the_output_of_one(
    make: Callable[..., pulumi.Output[Any]], deployed: str
) -> None:
    assert resolved(lambda: make(service_id=pulumi.Output.from_input(deployed)))
