"""The vendor's own documents: our requests have every key of its samples, and no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import inputs, plan, wire
from pulumi_modeldeploy.zstack import api, deployment, service

if TYPE_CHECKING:
    from conftest import Cloud

    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.core.values import Values

GOLDEN = Path(__file__).parent.parent / "golden" / "zstack"
SERVICE, DEPLOYMENT = service.TABLE, deployment.TABLE


def golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return found


def uuid(digit: str) -> str:
    return digit * 32


YAML = "services:\n- name: qwen\n  ports: [3000]\n  livez: /livez\n  readyz: /readyz"
WHOLE_SERVICE: Values = {
    "name": "text to text model service",
    "description": "This is text to text model service you can chose model",
    "yaml": f"{YAML}\n",
    "request_cpu": 4.0,
    "request_memory": 1024.0,
    "zone_uuid": uuid("1"),
    "model_center_uuid": uuid("2"),
    "gpu_compute_capability": "7.5",
    "install_path": "file:///opt/models/qwen",
    "system": True,
    "start_command": "python -m vllm",
    "python_version": "3.10",
    "conda_version": "24.1",
    "type": "Endpoint",
    "framework": "vLLM",
    "resource_uuid": "5d94103e19254d8696c0f05489c259ab",
    "tag_uuids": [uuid("3")],
    "source": "Other",
    "model_uuids": [uuid("4")],
    "architecture_images": [
        {"cpu_architecture": "X86_64", "vm_image_uuid": uuid("5"), "docker_image": "vllm:0.9"},
        {"cpu_architecture": "aarch64", "docker_image": "vllm-arm:0.9"},
    ],
    "support_distributed": True,
    "container_command": "/bin/sh",
    "container_args": "-c serve",
    "vendor_to_spec_uuids_map": {"NVIDIA": [uuid("6"), uuid("7")]},
    "system_tags": ["ai::resource"],
    "user_tags": ["team::search"],
}
"""A value for every key of the vendor's sample; numbers as the engine hands them over."""

LEAST_SERVICE: Values = {
    "name": "demo",
    "yaml": "services: []",
    "request_cpu": 1,
    "request_memory": 1,
    "model_center_uuid": uuid("2"),
    "install_path": "/opt/demo",
    "start_command": "run",
    "architecture_images": [{"cpu_architecture": "x86_64", "docker_image": "demo:1"}],
}
WHOLE_DEPLOYMENT: Values = {
    "model_service_uuid": uuid("8"),
    "name": "qwen",
    "description": "answers",
    "zone_uuid": uuid("1"),
    "type": "Container",
    "model_uuid": uuid("4"),
    "vm_image_uuid": uuid("5"),
    "docker_image": "vllm:0.9",
    "cpu_num": 8.0,
    "memory_size": 17179869184.0,
    "request_cpu_num": 4.0,
    "request_memory_size": 8589934592.0,
    "environment_variables": {"HF_home": "/cache", "EMPTY": ""},
    "startup_parameters": {"max_model_len": "4096"},
    "service_boot_uptime": 30.0,
    "service_livez": "/livez",
    "service_readyz": "/readyz",
    "primary_storage_uuid": uuid("6"),
    "dataset_uuids": [uuid("7")],
    "model_service_group_uuids": [uuid("9")],
    "cluster_uuid": uuid("a"),
    "l3_network_uuids": [uuid("b"), uuid("c")],
    "root_disk_offering_uuid": uuid("d"),
    "root_disk_size": 107374182400.0,
    "project_uuid": uuid("e"),
    "resource_uuid": "5d94103e19254d8696c0f05489c259ac",
    "tag_uuids": [uuid("3")],
    "system_tags": ["gpu::1"],
    "user_tags": ["team::search"],
}
LEAST_DEPLOYMENT: Values = {
    "model_service_uuid": uuid("8"),
    "name": "qwen",
    "zone_uuid": uuid("1"),
    "type": "Container",
    "docker_image": "vllm:0.9",
}
TABLES: dict[str, Table] = {"service": SERVICE, "deployment": DEPLOYMENT}
CREATES: dict[str, tuple[str, Values]] = {
    "add-model-service-full.json": ("service", WHOLE_SERVICE),
    "add-model-service-least.json": ("service", LEAST_SERVICE),
    "deploy-model-service-full.json": ("deployment", WHOLE_DEPLOYMENT),
    "deploy-model-service-least.json": ("deployment", LEAST_DEPLOYMENT),
}


def checked(kind: str, raw: Values) -> Values:
    found = inputs.check(TABLES[kind].declaration, raw, TABLES[kind].rules)
    assert found.failures == []
    return found.values


def request(kind: str, raw: Values) -> Any:
    table = TABLES[kind]
    return table.create.wrapped(wire.body(table.declaration, checked(kind, raw)))


# --- create --------------------------------------------------------------------------------------


def test_the_sample_of_the_explorer_is_whole_in_ours() -> None:
    """The request of the seed's page: the same keys, each where the sample has it."""
    sample = golden("explorer-add-model-service.json")
    ours = golden("add-model-service-full.json")
    assert ours.keys() == sample.keys() == {"param", "systemTags", "userTags"}
    assert ours["param"].keys() == sample["param"].keys()
    for key, value in sample["param"].items():
        assert type(ours["param"][key]) is type(value), key


@pytest.mark.parametrize("name", list(CREATES))
def test_arguments_become_the_document(name: str) -> None:
    kind, raw = CREATES[name]
    body = request(kind, raw)
    assert body == golden(name)
    assert json.dumps(body, sort_keys=True) == json.dumps(golden(name), sort_keys=True)


@pytest.mark.parametrize("kind", list(TABLES))
def test_every_argument_is_in_a_document(kind: str) -> None:
    whole = {"service": WHOLE_SERVICE, "deployment": WHOLE_DEPLOYMENT}[kind]
    # The profile is nothing that a cloud hears of.
    assert set(whole) == set(TABLES[kind].declaration.args) - {"profile", "adopt", "adopt_from"}


@pytest.mark.parametrize("name", list(CREATES))
def test_the_document_is_what_goes_over_the_wire(name: str, cloud: Cloud, running: Cloud) -> None:
    kind, raw = CREATES[name]
    over = cloud if kind == "service" else running
    # What the cloud has, and rules on what goes together, are other tests' matter.
    changes: Values = {
        "resource_uuid": raw.get("resource_uuid", "5" * 12 + "5" + "5" * 3 + "8" * 16)
    }
    if kind == "deployment":
        changes |= {"model_service_uuid": over.base["model_service_uuid"]}
        changes |= {"model_service_group_uuids": None}
    values = checked(kind, {**raw, **changes})
    over.forget()
    over.create(values)
    expected = golden(name)
    parameters = expected[over.table.create.envelope]
    parameters.pop("modelServiceGroupUuids", None)
    parameters["resourceUuid"] = changes["resource_uuid"]
    (sent,) = over.bodies(over.table.create.operation)
    assert sent == expected
    (asked,) = [one for one in over.requests if one["operation"] == over.table.create.operation]
    where = "" if kind == "service" else f"/{over.base['model_service_uuid']}"
    assert asked["path"] == f"/zstack/v1/ai/model-services{where}"
    assert asked["method"] == ("POST" if kind == "service" else "PUT")
    assert asked["query"] == {}


EMPTY: dict[str, tuple[str, Values, dict[str, Any]]] = {
    "an empty text": ("service", {"description": ""}, {"description": ""}),
    "false": ("service", {"system": False}, {"system": False}),
    "false again": ("service", {"support_distributed": False}, {"supportDistributed": False}),
    "an empty list": ("service", {"model_uuids": []}, {"modelUuids": []}),
    "a vendor without specs": (
        "service",
        {"vendor_to_spec_uuids_map": {"AMD": []}},
        {"vendorToSpecUuidsMap": {"AMD": []}},
    ),
    "an empty map": ("deployment", {"environment_variables": {}}, {"environmentVariables": {}}),
    "an empty variable": (
        "deployment",
        {"environment_variables": {"A": ""}},
        {"environmentVariables": {"A": ""}},
    ),
    "none": ("service", {"description": None, "user_tags": None, "type": None}, {}),
    "none of a deployment": ("deployment", {"cpu_num": None, "tag_uuids": None}, {}),
}


@pytest.mark.parametrize("case", list(EMPTY))
def test_what_is_set_is_sent_even_if_it_is_empty(case: str) -> None:
    kind, raw, extra = EMPTY[case]
    least = {"service": LEAST_SERVICE, "deployment": LEAST_DEPLOYMENT}[kind]
    key = TABLES[kind].create.envelope
    assert request(kind, {**least, **raw}) == {key: {**request(kind, least)[key], **extra}}


@pytest.mark.parametrize("name", ["system_tags", "user_tags"])
def test_empty_tags_stand_beside_the_parameters_too(name: str) -> None:
    key = {"system_tags": "systemTags", "user_tags": "userTags"}[name]
    least = request("service", LEAST_SERVICE)
    assert request("service", {**LEAST_SERVICE, name: []}) == {**least, key: []}


# --- envelopes -----------------------------------------------------------------------------------

BODY = {"name": "n", "systemTags": ["s"], "userTags": ["u"]}
TAGS = {"systemTags": ["s"], "userTags": ["u"]}
ENVELOPES: dict[str, tuple[Any, str, str, Any]] = {
    "AddModelService": (
        api.ADD_SERVICE,
        "POST",
        "/zstack/v1/ai/model-services",
        {"param": {"name": "n"}, **TAGS},
    ),
    "UpdateModelService": (
        api.UPDATE_SERVICE,
        "PUT",
        "/zstack/v1/ai/model-services/{id}",
        {"updateModelService": BODY},
    ),
    "BindModelToService": (
        api.BIND,
        "POST",
        "/zstack/v1/ai/models/{entry}/model-services/{id}",
        {"param": BODY},
    ),
    "DeployModelService": (
        api.DEPLOY,
        "PUT",
        "/zstack/v1/ai/model-services/{model_service_uuid}",
        {"deployModelService": {"name": "n"}, **TAGS},
    ),
    "UpdateModelServiceInstanceGroup": (
        api.UPDATE_GROUP,
        "PUT",
        "/zstack/v1/model-service-instance-groups/{id}",
        {"updateModelServiceInstanceGroup": BODY},
    ),
    "CreateSystemTag": (api.ADD_SYSTEM_TAG, "POST", "/zstack/v1/system-tags", {"params": BODY}),
    "CreateUserTag": (api.ADD_USER_TAG, "POST", "/zstack/v1/user-tags", {"params": BODY}),
    "AttachTagToResources": (
        api.ATTACH_TAG,
        "POST",
        "/zstack/v1/tags/{entry}/resources",
        {"params": BODY},
    ),
    "LogInByAccount": (
        api.LOG_IN,
        "PUT",
        "/zstack/v1/accounts/login",
        {"logInByAccount": BODY},
    ),
}


@pytest.mark.parametrize("case", list(ENVELOPES))
def test_every_call_has_its_envelope(case: str) -> None:
    call, method, path, expected = ENVELOPES[case]
    assert (call.operation, call.method, call.path) == (case, method, path)
    assert call.wrapped(BODY) == expected


BARE: dict[str, tuple[Any, str, str]] = {
    "QueryModelService": (api.SHOW_SERVICE, "GET", "/ai/model-services/{id}"),
    "DeleteModelService": (api.DELETE_SERVICE, "DELETE", "/ai/model-services/{id}"),
    "UnbindModelFromService": (api.UNBIND, "DELETE", "/ai/models/{entry}/model-services/{id}"),
    "QueryModelServiceInstanceGroup": (
        api.SHOW_GROUP,
        "GET",
        "/ai/model-services/instances/groups/{id}",
    ),
    "DeleteModelServiceInstanceGroup": (
        api.DELETE_GROUP,
        "DELETE",
        "/ai/model-services/instances/groups/{id}",
    ),
    "QuerySystemTag": (api.SYSTEM_TAGS, "GET", "/system-tags"),
    "QueryUserTag": (api.USER_TAGS, "GET", "/user-tags"),
    "DeleteTag": (api.DELETE_TAG, "DELETE", "/tags/{entry}"),
    "DetachTagFromResources": (
        api.DETACH_TAG,
        "DELETE",
        "/tags/{entry}/resources?resourceUuids={id}",
    ),
    "QueryApiJob": (api.JOB, "GET", "/api-jobs/{job}"),
}


@pytest.mark.parametrize("case", list(BARE))
def test_every_call_without_a_body_has_its_path(case: str) -> None:
    call, method, path = BARE[case]
    assert (call.operation, call.method, call.path) == (case, method, f"/zstack/v1{path}")
    assert call.envelope == ""


def test_no_call_is_without_a_case() -> None:
    calls = {one.operation for one in vars(api).values() if isinstance(one, api.Call)}
    ours = {
        one.operation for table in TABLES.values() for step in table.steps for one in step.calls
    }
    assert ours <= calls
    assert ours | {"QueryApiJob", "LogInByAccount"} <= {*ENVELOPES, *BARE}


def test_the_boot_time_is_spelled_otherwise_when_it_is_updated(running: Cloud) -> None:
    identifier, state = running.create(running.wanted(service_boot_uptime=30))
    running.update(identifier, running.wanted(service_boot_uptime=60), state)
    (created,) = running.bodies("DeployModelService")
    (updated,) = running.bodies("UpdateModelServiceInstanceGroup")
    assert created["deployModelService"]["serviceBootUptime"] == 30
    assert updated == {"updateModelServiceInstanceGroup": {"serviceBootupTime": 60}}


# --- answers -------------------------------------------------------------------------------------

SHOWN = golden("query-model-service.json")["inventories"][0]
GROUP = golden("query-instance-group.json")["inventories"][0]


def test_arguments_are_read_out_of_the_answer() -> None:
    shown = {**SHOWN, "modelUuids": [uuid("4")]}
    assert wire.read(SERVICE.declaration, shown, None) == {
        "name": "text to text model service",
        "description": "This is text to text model service you can chose model",
        "yaml": YAML,
        "request_cpu": 4,
        "request_memory": 1024,
        "model_center_uuid": uuid("2"),
        "gpu_compute_capability": "7.5",
        "install_path": "file:///opt/models/qwen",
        "system": True,
        "start_command": "python -m vllm",
        "python_version": "3.10",
        "conda_version": "24.1",
        "type": "Endpoint",
        "framework": "vLLM",
        "resource_uuid": "5d94103e19254d8696c0f05489c259ab",
        "source": "Other",
        "model_uuids": [uuid("4")],
        "architecture_images": [
            {"cpu_architecture": "aarch64", "docker_image": "vllm-arm:0.9"},
            {"cpu_architecture": "x86_64", "vm_image_uuid": uuid("5"), "docker_image": "vllm:0.9"},
        ],
        "support_distributed": True,
        "container_command": "/bin/sh",
        "container_args": "-c serve",
        "vendor_to_spec_uuids_map": {"NVIDIA": [uuid("7"), uuid("6")]},
    }


COMPLETED = {
    **SHOWN,
    "modelUuids": [uuid("4")],
    "tagUuids": [uuid("3")],
    "systemTags": ["theirs::1", "ai::resource"],
    "userTags": ["team::search"],
}


def test_what_was_sent_is_read_back_without_a_difference() -> None:
    """Images in another order and in upper case, GPUs in another order, tags of others."""
    values = checked("service", WHOLE_SERVICE)
    found = wire.read(SERVICE.declaration, COMPLETED, values)
    assert plan.changes(SERVICE, found, values) == []
    assert found == values


OTHERWISE: dict[str, tuple[str, Any]] = {
    "name": ("name", "other"),
    "yaml": ("yaml", "services: []"),
    "request_cpu": ("requestCpu", 5),
    "system": ("system", False),
    "support_distributed": ("supportDistributed", False),
    "framework": ("framework", None),
    "model_uuids": ("modelUuids", []),
    "architecture_images": ("modelServiceImages", SHOWN["modelServiceImages"][:1]),
    "vendor_to_spec_uuids_map": ("vendorToSpecUuidsMap", {"NVIDIA": [uuid("6")]}),
    "system_tags": ("systemTags", ["theirs::1"]),
    "tag_uuids": ("tagUuids", []),
}


@pytest.mark.parametrize("name", list(OTHERWISE))
def test_what_the_cloud_has_otherwise_is_a_difference(name: str) -> None:
    values = checked("service", WHOLE_SERVICE)
    key, theirs = OTHERWISE[name]
    found = wire.read(SERVICE.declaration, {**COMPLETED, key: theirs}, values)
    assert [one.name for one in plan.changes(SERVICE, found, values)] == [name]


def test_outputs_are_read_out_of_the_answer() -> None:
    values = checked("service", WHOLE_SERVICE)
    found = wire.outputs(SERVICE.declaration, SHOWN, values)
    images = found.pop("model_service_images")
    assert found == {
        "uuid": "5d94103e19254d8696c0f05489c259ab",
        "readme": "# Qwen",
        "size": 1048576,
        "has_new_version": False,
        "version": "1.2",
        "cpu_architectures": ["aarch64", "x86_64"],
        "model_service_refs": [
            {
                "uuid": uuid("0"),
                "model_uuid": uuid("4"),
                "model_service_uuid": "5d94103e19254d8696c0f05489c259ab",
                "is_default": True,
            }
        ],
        "create_date": "Nov 14, 2017 10:20:57 PM",
        "last_op_date": "Nov 14, 2017 10:20:58 PM",
    }
    assert [one["docker_image"] for one in images] == ["vllm:0.9", "vllm-arm:0.9"]
    assert images[0] == {
        "uuid": uuid("e"),
        "model_service_uuid": "5d94103e19254d8696c0f05489c259ab",
        "cpu_architecture": "X86_64",
        "vm_image_uuid": uuid("5"),
        "docker_image": "vllm:0.9",
        "gpu_vendor": "NVIDIA",
        "create_date": "Nov 14, 2017 10:20:57 PM",
        "last_op_date": "Nov 14, 2017 10:20:57 PM",
    }


def test_what_an_older_server_does_not_answer_is_no_difference() -> None:
    """Null is left out, and older ones know fewer keys."""
    answer = golden("query-model-service-least.json")["inventories"][0]
    values = checked("service", {**LEAST_SERVICE, "description": "", "model_uuids": []})
    found = wire.read(SERVICE.declaration, answer, values)
    assert plan.changes(SERVICE, found, values) == []
    assert wire.outputs(SERVICE.declaration, answer, values).keys() == {
        "uuid",
        "size",
        "cpu_architectures",
        "model_service_images",
        "create_date",
        "last_op_date",
    }


def test_a_group_is_read_out_of_the_answer() -> None:
    values = checked("deployment", WHOLE_DEPLOYMENT)
    shown = {**GROUP, "datasetUuids": [uuid("7")], "tagUuids": [uuid("3")]}
    shown |= {"systemTags": ["gpu::1"], "userTags": ["team::search"]}
    found = wire.read(DEPLOYMENT.declaration, shown, values)
    assert plan.changes(DEPLOYMENT, found, values) == []
    assert found == values
    (instance,) = wire.outputs(DEPLOYMENT.declaration, shown, values)["instances"]
    assert instance["url"] == "http://127.0.0.1:3000"
    assert instance["url_maps"] == {"default": "http://127.0.0.1:3000"}
    assert instance["cluster_id"] == 7


GROUP_OTHERWISE: dict[str, tuple[str, Any, bool]] = {
    "name": ("name", "other", False),
    "description": ("description", None, False),
    "type": ("type", "VirtualMachine", True),
    "model_uuid": ("modelUuid", uuid("5"), True),
    "model_service_uuid": ("modelServiceUuid", uuid("5"), True),
    "dataset_uuids": ("datasetUuids", [], True),
}


@pytest.mark.parametrize("name", list(GROUP_OTHERWISE))
def test_what_a_group_has_otherwise_is_a_difference(name: str) -> None:
    values = checked("deployment", WHOLE_DEPLOYMENT)
    key, theirs, replaces = GROUP_OTHERWISE[name]
    shown = {**GROUP, "datasetUuids": [uuid("7")], "tagUuids": [uuid("3")]}
    shown |= {"systemTags": ["gpu::1"], "userTags": ["team::search"], key: theirs}
    found = wire.read(DEPLOYMENT.declaration, shown, values)
    (difference,) = plan.changes(DEPLOYMENT, found, values)
    assert (difference.name, difference.replaces) == (name, replaces)


def test_the_sample_of_the_explorers_answer_is_understood() -> None:
    """Five keys, and one object instead of a list."""
    sample = golden("explorer-add-model-service-answer.json")
    found = wire.read(SERVICE.declaration, sample["inventory"], None)
    assert found == {
        "name": "text to text model service",
        "description": "This is text to text model service you can chose model",
        "yaml": "model service parameters",
        "request_cpu": 4,
        "request_memory": 1024,
    }


def test_a_query_by_uuid_holds_one_or_none() -> None:
    assert api.SHOW_SERVICE.held({"inventories": [{"uuid": "u"}], "schema": {}}) == {"uuid": "u"}
    assert api.SHOW_SERVICE.held({"inventories": [], "schema": {}}) is None
    assert api.SHOW_GROUP.held({"inventories": []}) is None
    assert api.SHOW_GROUP.held({}) is None
