"""The vendor's own documents: our requests equal its samples, and we understand its answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import inputs, plan, wire
from pulumi_modeldeploy.pai import service
from pulumi_modeldeploy.pai.service import TABLE

if TYPE_CHECKING:
    from conftest import Cloud

    from pulumi_modeldeploy.core.values import Json, Values

GOLDEN = Path(__file__).parent.parent / "golden" / "pai"
APP = TABLE.declaration
NO_ARGUMENTS_OF_THE_CLOUD = {"profile", "adopt", "adopt_from"}
"""They say where, and what to take over; no cloud hears of them."""


def golden(name: str) -> Json:
    found: Json = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return found


def seen(document: Json) -> Json:
    """A document as the verbs read arguments out of it."""
    return TABLE.undress(TABLE.parse(document))


def checked(raw: Values) -> Values:
    found = inputs.check(APP, raw, TABLE.rules)
    assert found.failures == []
    return found.values


# --- create --------------------------------------------------------------------------------------

APP_OF_THE_PAGE: Values = {
    "service_name": "foo",
    "app_type": "LLM",
    "app_version": "v1",
    "service_spec": "llama_7b_fp16",
    "replicas": 1.0,
    "workspace_id": "123456",
    "quota_id": "abcdef",
}
"""As the engine hands it over: numbers are floats."""
MOUNTS: dict[str, Values] = {
    "oss": {"ModelStorage": "oss", "OssPath": "oss://examplebucket/xxxx/"},
    "nas": {
        "ModelStorage": "nas",
        "NasMountTarget": "317d14****-.cn-shanghai.nas.aliyuncs.com",
        "NasPath": "/",
        "SecurityGroupID": "sg-uf6e50fazt4u7smt",
        "VpcID": "vpc-uf66zxxrlv0l4nj49****",
        "VswitchID": "vsw-uf6fg76uu2bx84tci****",
    },
}


@pytest.mark.parametrize("mount", list(MOUNTS))
def test_a_create_is_the_pages_sample_field_by_field(mount: str, cloud: Cloud) -> None:
    sample = golden(f"create-app-service-{mount}.json")
    values = checked({**APP_OF_THE_PAGE, "config": MOUNTS[mount]})
    identifier, state = cloud.create(values)
    (sent,) = [one for one in cloud.requests if one["operation"] == "CreateAppService"]
    assert (sent["query"], sent["body"]) == (sample["query"], sample["body"])
    assert (sent["method"], sent["path"]) == ("POST", "/api/v2/app_services")
    assert (sent["status"], identifier) == (200, "foo")
    assert cloud.differs(state, values) == []
    assert json.loads(cloud.only["AppConfig"]) == sample["body"]["Config"]


def test_an_update_is_as_the_page_has_it(cloud: Cloud) -> None:
    """All that can be changed goes along; the name is in the address, and nothing else is."""
    values = checked({**APP_OF_THE_PAGE, "config": MOUNTS["oss"]})
    identifier, state = cloud.create(values)
    cloud.update(identifier, {**values, "replicas": 2}, state)
    (sent,) = [one for one in cloud.requests if one["operation"] == "UpdateAppService"]
    sample = golden("create-app-service-oss.json")
    body = {name: one for name, one in sample["body"].items() if name != "ServiceName"}
    assert (sent["query"], sent["body"]) == (sample["query"], {**body, "Replicas": 2})
    assert (sent["method"], sent["path"]) == ("PUT", "/api/v2/app_services/cn-shanghai/foo")


def test_names_of_arguments_are_the_pages() -> None:
    query, body = ("WorkspaceId", "QuotaId"), (*golden("create-app-service-oss.json")["body"],)
    assert {item.wire for item in APP.args.values() if item.column.query} == {*query}
    sent = wire.body(APP, dict.fromkeys(APP.args, "one"))
    assert tuple(sent) == body


def test_what_is_not_given_is_not_sent(cloud: Cloud) -> None:
    values = cloud.wanted()
    cloud.create(values)
    assert cloud.queries("CreateAppService") == [{}]
    (body,) = cloud.bodies("CreateAppService")
    assert body == {
        "ServiceName": "llama",
        "AppType": "LLM",
        "ServiceSpec": "llama_7b_fp16",
        "Replicas": 1,
    }


def test_a_query_of_odd_characters_arrives_as_it_is(cloud: Cloud) -> None:
    """It is signed, too."""
    values = cloud.wanted(quota_id="quota a/b&c=d+ü")
    _, state = cloud.create(values)
    assert cloud.queries("CreateAppService") == [{"QuotaId": "quota a/b&c=d+ü"}]
    assert cloud.differs(state, values) == []


def test_whole_floats_in_a_configuration_are_sent_as_integers(cloud: Cloud) -> None:
    """The engine knows no integers."""
    values = cloud.wanted(config={"ModelStorage": "oss", "Threads": 2.0, "Share": 0.5})
    _, state = cloud.create(values)
    assert '"Threads":2,' in cloud.only["AppConfig"]
    assert cloud.differs(state, values) == []


# --- answers -------------------------------------------------------------------------------------


def test_the_answer_to_a_create_is_understood(cloud: Cloud) -> None:
    answer, op = golden("create-app-service-answer.json"), cloud.operation()
    assert op.identify({}, answer) == "foo"
    op.meets(answer)
    assert op.incarnation == answer["ServiceId"]
    assert TABLE.sight(answer).status == "Creating"
    assert wire.outputs(APP, answer) == {
        "service_id": "eas-m-aaxxxddf",
        "status": "Creating",
        "region": "cn-shanghai",
        "internet_endpoint": "http://pai-eas.cn-shanghai.****",
        "intranet_endpoint": "http://pai-eas-vpc.cn-shanghai.****",
    }


def test_a_description_is_understood_field_by_field() -> None:
    document = golden("describe-service.json")
    whole = seen(document)
    assert wire.read(APP, whole, None) | wire.read_shared(APP, whole) == {
        "service_name": "echo",
        "app_type": "LLM",
        "app_version": "v1",
        "service_spec": "llama_7b_fp16",
        "replicas": 1,
        "config": {"ModelStorage": "oss"},
        "workspace_id": "123445",
        "labels": {"key1": "value1"},
        "safety_lock": "dangerous",
    }
    outputs = wire.outputs(APP, whole)
    assert set(APP.outputs) - set(outputs) == {"gateway"}
    for name, value in outputs.items():
        assert value == document[APP.outputs[name].wire], name


def test_every_argument_is_read_back() -> None:
    """Nothing is believed that the cloud can tell."""
    document = {**golden("describe-service.json"), "QuotaId": "quota1"}
    found = wire.read(APP, seen(document), None)
    shared = wire.read_shared(APP, seen(document))
    unread = {*APP.args} - {*found} - {*shared} - {"desired_status"}
    assert unread == NO_ARGUMENTS_OF_THE_CLOUD
    assert APP.unseen == []


CONFIGS: dict[str, tuple[Any, Any]] = {
    "a text": ('{"ModelStorage":"oss"}', {"ModelStorage": "oss"}),
    "none": ("", {}),
    "absent": (None, {}),
    "empty": ("{}", {}),
    "an object after all": ({"ModelStorage": "oss"}, {"ModelStorage": "oss"}),
}


@pytest.mark.parametrize("case", list(CONFIGS))
def test_the_configuration_is_a_text_of_json(case: str) -> None:
    shown, read = CONFIGS[case]
    assert seen({"AppConfig": shown})["AppConfig"] == read


@pytest.mark.parametrize("shown", ["no JSON", '{"ModelStorage"', "[1]", '"text"', "7"])
def test_a_configuration_that_is_no_object_is_a_difference_and_no_accident(shown: str) -> None:
    """Whoever wrote that: the object must be stored all the same, and can be changed."""
    wanted = checked({**APP_OF_THE_PAGE, "config": MOUNTS["oss"]})
    document = {**golden("describe-service.json"), "AppConfig": shown}
    found = wire.read(APP, seen(document), wanted)
    assert "config" in [one.name for one in plan.changes(TABLE, found, wanted)]


LABELS: dict[str, tuple[Any, dict[str, str]]] = {
    "as lists show them": ([{"LabelKey": "a", "LabelValue": "1"}], {"a": "1"}),
    "as they are written": ({"a": "1"}, {"a": "1"}),
    "none": ([], {}),
    "absent": (None, {}),
    "with the mark": (
        [{"LabelKey": "modeldeploy", "LabelValue": "m"}, {"LabelKey": "a", "LabelValue": ""}],
        {"a": ""},
    ),
}


@pytest.mark.parametrize("case", list(LABELS))
def test_labels_are_a_map_without_the_mark(case: str) -> None:
    shown, read = LABELS[case]
    assert seen({"Labels": shown})["Labels"] == read


MARKS: dict[str, tuple[Json, str]] = {
    "a label": ({"ServiceName": "a", "Labels": {"modeldeploy": "0123456789ab"}}, "0123456789ab"),
    "the end of the name": ({"ServiceName": "a_0123456789ab"}, "0123456789ab"),
    "a label before the name": (
        {"ServiceName": "a_0123456789ab", "Labels": {"modeldeploy": "cba987654321"}},
        "cba987654321",
    ),
    "neither": ({"ServiceName": "a-0123456789ab", "Labels": {"team": "0123456789ab"}}, ""),
    "too short": ({"ServiceName": "a_123456789ab"}, ""),
    "no hex": ({"ServiceName": "a_0123456789xy"}, ""),
}


@pytest.mark.parametrize("case", list(MARKS))
def test_whose_a_service_is(case: str) -> None:
    document, mark = MARKS[case]
    assert TABLE.mark_of(document) == mark


def test_the_token_and_what_repeats_inputs_are_secret() -> None:
    secret = {name for name, item in APP.outputs.items() if item.column.secret}
    assert secret == {"access_token", "service_config"}


def test_the_state_keeps_the_users_keys(cloud: Cloud) -> None:
    values = cloud.wanted(config=MOUNTS["nas"], labels={"Some_key": "v"})
    state = APP.to_state(values)
    assert (state["config"], state["labels"]) == (MOUNTS["nas"], {"Some_key": "v"})
    assert APP.from_state(state) == values


# --- names ---------------------------------------------------------------------------------------

NAMES = {
    "llama": "llama_{}",
    "My-Model": "my_model_{}",
    "7b": "b_{}",
    "-7b": "b_{}",
    "__x": "x_{}",
    "été": "t_{}",
    "123": "service_{}",
    "日本": "service_{}",
    "a" * 80: f"{'a' * 50}_{{}}",
    f"{'a' * 49}-b": f"{'a' * 49}_{{}}",
}


@pytest.mark.parametrize("name", list(NAMES))
def test_automatic_names_are_such_as_the_vendors_tools_take(name: str, cloud: Cloud) -> None:
    values = cloud.automatic(name)
    assert values["service_name"] == NAMES[name].format(cloud.mark)
    assert service.USUAL_NAME.judge(values["service_name"]) is None
    assert 3 <= len(values["service_name"]) <= 63
    assert TABLE.mark_of({"ServiceName": values["service_name"]}) == cloud.mark
