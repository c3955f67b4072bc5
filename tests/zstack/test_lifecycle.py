"""The life of model services and deployments over real HTTP, against the emulator."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import inputs, lifecycle, plan
from pulumi_modeldeploy.core.declare import Change, Removal
from pulumi_modeldeploy.errors import ApiError, InvalidInputs, Refused, Stopped
from pulumi_modeldeploy.zstack import deployment, service

if TYPE_CHECKING:
    from conftest import Cloud

    from pulumi_modeldeploy.core.declare import Field
    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.core.values import Values

ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32
OWN = "5d94103e19254d8696c0f05489c259ab"
X86 = {"cpu_architecture": "x86_64", "docker_image": "vllm:1"}
ARM = {"cpu_architecture": "aarch64", "vm_image_uuid": ONE}
YAML = "services:\n- name: demo\n  ports: [3000]"
KINDS: dict[str, Table] = {"cloud": service.TABLE, "running": deployment.TABLE}

# --- create, read, nothing changes ---------------------------------------------------------------

PROGRAMS: dict[str, tuple[str, Values]] = {
    "the least": ("cloud", {}),
    "an automatic name": ("cloud", {"name": None}),
    "empty texts": ("cloud", {"description": "", "python_version": "", "container_args": ""}),
    "empty lists": (
        "cloud",
        {"model_uuids": [], "tag_uuids": [], "system_tags": [], "user_tags": []},
    ),
    "what the cloud implies": (
        "cloud",
        {"type": "Endpoint", "source": "Other", "system": False, "support_distributed": False},
    ),
    "two images": ("cloud", {"architecture_images": [ARM, X86]}),
    "an image of both kinds": (
        "cloud",
        {"architecture_images": [{**X86, "vm_image_uuid": ONE}, {**ARM, "docker_image": "arm:1"}]},
    ),
    "models": ("cloud", {"model_uuids": [TWO, ONE]}),
    "tags": (
        "cloud",
        {"tag_uuids": [TWO, ONE], "system_tags": ["b::2", "a::1"], "user_tags": ["b", "a"]},
    ),
    "GPUs": ("cloud", {"vendor_to_spec_uuids_map": {"NVIDIA": [TWO, ONE], "AMD": [THREE]}}),
    "a vendor without GPUs": ("cloud", {"vendor_to_spec_uuids_map": {"NVIDIA": []}}),
    "a zone": ("cloud", {"zone_uuid": ONE}),
    "an own uuid": ("cloud", {"resource_uuid": OWN}),
    "one of the platform's": ("cloud", {"system": True}),
    "a YAML text with an end of line": ("cloud", {"yaml": f"{YAML}\n"}),
    "a framework that is not known": ("cloud", {"framework": "Ollama"}),
    "the least, deployed": ("running", {}),
    "an automatic name, deployed": ("running", {"name": None}),
    "variables, parameters, probes": (
        "running",
        {
            "environment_variables": {"A_b": "", "cD": "1"},
            "startup_parameters": {"max_len": "8"},
            "service_boot_uptime": 30,
            "service_livez": "/live",
            "service_readyz": "/ready",
        },
    ),
    "empty maps": ("running", {"environment_variables": {}, "startup_parameters": {}}),
    "a virtual machine": (
        "running",
        {"type": "VirtualMachine", "docker_image": None, "vm_image_uuid": ONE},
    ),
    "sizes and places": (
        "running",
        {
            "cpu_num": 4,
            "memory_size": 2**33,
            "request_cpu_num": 2,
            "request_memory_size": 2**32,
            "root_disk_offering_uuid": ONE,
            "root_disk_size": 2**40,
            "primary_storage_uuid": TWO,
            "cluster_uuid": ONE,
            "l3_network_uuids": [TWO, ONE],
            "project_uuid": ONE,
        },
    ),
    "a model and data sets": ("running", {"model_uuid": ONE, "dataset_uuids": [TWO, ONE]}),
    "tags of a deployment": (
        "running",
        {"tag_uuids": [TWO, ONE], "system_tags": ["b::2", "a::1"], "user_tags": ["b", "a"]},
    ),
    "an own uuid, deployed": ("running", {"resource_uuid": OWN}),
}


@pytest.mark.parametrize("case", list(PROGRAMS))
def test_the_second_run_changes_nothing(case: str, request: pytest.FixtureRequest) -> None:
    kind, changes = PROGRAMS[case]
    cloud: Cloud = request.getfixturevalue(kind)
    values = cloud.wanted(**changes)
    plan.fill_name(cloud.table, "demo", values, {}, "0123456789ab")
    identifier, state = cloud.create(values)
    assert cloud.only["uuid"] == identifier == state["uuid"]
    assert cloud.differs(state, values) == []
    assert cloud.warnings == []

    refreshed = cloud.read(identifier, state)
    assert cloud.differs(refreshed, values) == []
    assert refreshed == state

    before = cloud.changes
    assert before == [cloud.table.create.operation]
    again = cloud.update(identifier, values, refreshed)
    assert cloud.changes == before
    assert again == state


def test_create_answers_what_the_cloud_says(cloud: Cloud) -> None:
    values = cloud.wanted(
        architecture_images=[ARM, X86], model_uuids=[ONE], type="App", install_path="/opt/dify_1.2"
    )
    identifier, state = cloud.create(values)
    shown = cloud.only
    assert state["uuid"] == identifier == cloud.uuid
    assert state["size"] == 0
    assert state["version"] == "1.2"
    assert state["cpu_architectures"] == ["aarch64", "x86_64"]
    assert [one["model_uuid"] for one in state["model_service_refs"]] == [ONE]
    images = state["model_service_images"]
    assert [one["cpu_architecture"] for one in images] == ["aarch64", "x86_64"]
    assert images[0]["vm_image_uuid"] == ONE
    assert images[1]["docker_image"] == "vllm:1"
    assert [one["uuid"] for one in images] == [one["uuid"] for one in shown["modelServiceImages"]]
    assert state["create_date"] == shown["createDate"]
    assert state["last_op_date"] == shown["lastOpDate"]
    assert "readme" not in state


def test_a_uuid_is_made_of_the_mark_and_the_kind_of_resource(cloud: Cloud, running: Cloud) -> None:
    uuids = {
        cloud.uuid,
        running.uuid,
        cloud.operation(urn="urn:other").own_id({}),
        cloud.operation(urn="urn:another").own_id({}),
    }
    assert len(uuids) == 4
    for one in uuids:
        assert re.fullmatch("[0-9a-f]{12}5[0-9a-f]{3}[89ab][0-9a-f]{15}", one)
    assert cloud.uuid == cloud.operation().own_id({})


def test_wrong_inputs_reach_no_call(cloud: Cloud) -> None:
    values = {**cloud.wanted(), "architecture_images": []}
    with pytest.raises(InvalidInputs, match="architecture_images"):
        cloud.create(values)
    assert cloud.requests == []


def test_nothing_is_sent_once_the_run_is_over(either: Cloud) -> None:
    with pytest.raises(Stopped):
        either.create(either.wanted(), alive=lambda: False)
    assert either.changes == []


# --- update --------------------------------------------------------------------------------------


@dataclass
class Case:
    """A change of one argument: from, to, and the calls that it takes."""

    old: Any
    new: Any
    calls: list[tuple[str, Any]]


def sent(key: str, value: Any) -> list[tuple[str, Any]]:
    return [("PUT /ai/model-services/{id}", {"updateModelService": {key: value}})]


def changed(key: str, value: Any) -> list[tuple[str, Any]]:
    body = {"updateModelServiceInstanceGroup": {key: value}}
    return [("PUT /model-service-instance-groups/{id}", body)]


def tag_cases(kind: str) -> dict[str, Case]:
    def text(entry: str) -> dict[str, Any]:
        return {"params": {"resourceType": kind, "resourceUuid": "{id}", "tag": entry}}

    return {
        "tag_uuids": Case(
            [ONE, TWO],
            [THREE, TWO],
            [
                (f"DELETE /tags/{ONE}/resources?resourceUuids={{id}}", None),
                (f"POST /tags/{THREE}/resources", {"params": {"resourceUuids": ["{id}"]}}),
            ],
        ),
        "system_tags": Case(
            ["a::1", "b::2"],
            ["b::2", "c::3"],
            [("DELETE /tags/{uuid}", None), ("POST /system-tags", text("c::3"))],
        ),
        "user_tags": Case(
            ["a", "b"],
            ["c", "b"],
            [("DELETE /tags/{uuid}", None), ("POST /user-tags", text("c"))],
        ),
    }


_WIRED = [{"cpuArchitecture": "aarch64", "vmImageUuid": ONE}]
UPDATES: dict[str, dict[str, Case]] = {
    "cloud": {
        "name": Case("demo", "other", sent("name", "other")),
        "description": Case("old", "new", sent("description", "new")),
        "yaml": Case("services: []", YAML, sent("yaml", YAML)),
        "request_cpu": Case(1, 2, sent("requestCpu", 2)),
        "request_memory": Case(1024, 2**40, sent("requestMemory", 2**40)),
        "gpu_compute_capability": Case("7.5", "8.0", sent("gpuComputeCapability", "8.0")),
        "start_command": Case("run", "go", sent("startCommand", "go")),
        "python_version": Case("3.10", "3.12", sent("pythonVersion", "3.12")),
        "type": Case("App", "FineTune", sent("type", "FineTune")),
        "framework": Case("vLLM", "SGLang", sent("framework", "SGLang")),
        "source": Case("HuggingFace", "Bentoml", sent("source", "Bentoml")),
        "architecture_images": Case([X86], [ARM], sent("architectureImages", _WIRED)),
        "support_distributed": Case(True, False, sent("supportDistributed", False)),
        "container_command": Case("sh", "bash", sent("containerCommand", "bash")),
        "container_args": Case("-c a", "-c b", sent("containerArgs", "-c b")),
        "vendor_to_spec_uuids_map": Case(
            {"NVIDIA": [ONE]},
            {"NVIDIA": [ONE, TWO]},
            sent("vendorToSpecUuidsMap", {"NVIDIA": [ONE, TWO]}),
        ),
        "model_uuids": Case(
            [ONE, TWO],
            [THREE, TWO],
            [
                (f"DELETE /ai/models/{ONE}/model-services/{{id}}", None),
                (f"POST /ai/models/{THREE}/model-services/{{id}}", {"param": {}}),
            ],
        ),
        **tag_cases("ModelServiceVO"),
    },
    "running": {
        "name": Case("demo", "other", changed("name", "other")),
        "description": Case("old", "new", changed("description", "new")),
        "environment_variables": Case(
            {"A": "1", "B": "2"}, {"A": "3"}, changed("environmentVariables", {"A": "3"})
        ),
        "startup_parameters": Case(
            {"n": "1"}, {"m": "2"}, changed("startupParameters", {"m": "2"})
        ),
        "service_boot_uptime": Case(30, 60, changed("serviceBootupTime", 60)),
        "service_livez": Case("/a", "/b", changed("serviceLivez", "/b")),
        "service_readyz": Case("/a", "/b", changed("serviceReadyz", "/b")),
        **{
            name: case
            for name, case in tag_cases("ModelServiceInstanceGroupVO").items()
            if name != "system_tags"  # they say how to deploy
        },
    },
}


def arguments(kind: str, *, change: Change | None = None) -> dict[str, Field]:
    # The profile says where, and no cloud hears of it, nor of what is adopted.
    args = KINDS[kind].declaration.args
    declared = {n: args[n] for n in args if n not in ("profile", "adopt", "adopt_from")}
    return {name: one for name, one in declared.items() if change in (None, one.column.change)}


def names(kind: str, *, change: Change | None = None) -> list[str]:
    return sorted(arguments(kind, change=change))


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_argument_that_can_change_has_a_case(kind: str) -> None:
    assert sorted(UPDATES[kind]) == names(kind, change=Change.UPDATE)


CASES = [(kind, name) for kind, cases in UPDATES.items() for name in cases]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_an_update_sends_what_differs_by_the_right_call(
    kind: str, name: str, request: pytest.FixtureRequest
) -> None:
    cloud: Cloud = request.getfixturevalue(kind)
    case = UPDATES[kind][name]
    identifier, state = cloud.create(cloud.wanted(**{name: case.old}))
    after = cloud.wanted(**{name: case.new})
    (difference,) = plan.changes(cloud.table, state, after)
    assert (difference.name, difference.replaces) == (name, False)

    cloud.forget()
    cloud.admin.deploy_seconds(20)
    state = cloud.update(identifier, after, state)
    assert cloud.sent == case.calls
    assert cloud.differs(state, after) == []
    assert cloud.read(identifier, state) == state
    cloud.update(identifier, after, state)
    assert cloud.sent == case.calls


LEFT_OUT = [
    (kind, name)
    for kind, name in CASES
    if name != "name" and not KINDS[kind].declaration.args[name].required
]


@pytest.mark.parametrize(("kind", "name"), LEFT_OUT)
def test_what_was_left_out_before_is_set_by_the_same_call(
    kind: str, name: str, request: pytest.FixtureRequest
) -> None:
    cloud: Cloud = request.getfixturevalue(kind)
    case = UPDATES[kind][name]
    identifier, state = cloud.create(cloud.wanted())
    after = cloud.wanted(**{name: case.old})
    (difference,) = plan.changes(cloud.table, state, after)
    assert (difference.name, difference.replaces) == (name, False)
    cloud.forget()
    state = cloud.update(identifier, after, state)
    lists = isinstance(case.old, list)
    assert len(cloud.sent) == (len(case.old) if lists else 1)
    assert cloud.differs(cloud.read(identifier, state), after) == []


def test_several_changes_go_in_one_call(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted(description="old"))
    after = cloud.wanted(name="other", request_cpu=8, architecture_images=[X86, ARM])
    cloud.forget()
    cloud.update(identifier, after, state)
    body = {
        "name": "other",
        "description": "",
        "requestCpu": 8,
        "architectureImages": [{"cpuArchitecture": "x86_64", "dockerImage": "vllm:1"}, *_WIRED],
    }
    assert cloud.sent == [("PUT /ai/model-services/{id}", {"updateModelService": body})]


def test_an_update_waits_for_its_job(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.deploy_seconds(1000)
    before = cloud.time.passed
    state = cloud.update(identifier, cloud.wanted(name="other"), state)
    assert cloud.time.passed - before >= 50
    assert state["name"] == "other"


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_is_gone_cannot_be_updated(kind: str, request: pytest.FixtureRequest) -> None:
    cloud: Cloud = request.getfixturevalue(kind)
    identifier, state = cloud.create(cloud.wanted())
    cloud.delete(identifier, state)
    cloud.forget()
    with pytest.raises(Refused, match=rf"{identifier} does not exist any more: run .*--refresh"):
        cloud.update(identifier, cloud.wanted(name="other"), state)
    assert cloud.changes == []


# --- what only a new object can have -------------------------------------------------------------

REPLACING: dict[str, dict[str, tuple[Any, Any]]] = {
    "cloud": {
        "zone_uuid": (ONE, TWO),
        "model_center_uuid": (ONE, TWO),
        "install_path": ("/a", "/b"),
        "system": (False, True),
        "conda_version": ("23", "24"),
        "resource_uuid": (OWN, OWN.replace("5", "6")),
    },
    "running": {
        "system_tags": (["gpu::1"], ["gpu::2"]),
        "model_service_uuid": (ONE, TWO),
        "zone_uuid": (ONE, TWO),
        "type": ("Container", "VirtualMachine"),
        "model_uuid": (ONE, TWO),
        "vm_image_uuid": (ONE, TWO),
        "docker_image": ("a", "b"),
        "cpu_num": (1, 2),
        "memory_size": (1, 2),
        "request_cpu_num": (1, 2),
        "request_memory_size": (1, 2),
        "primary_storage_uuid": (ONE, TWO),
        "dataset_uuids": ([ONE], [ONE, TWO]),
        "model_service_group_uuids": ([ONE], [ONE, TWO]),
        "cluster_uuid": (ONE, TWO),
        "l3_network_uuids": ([ONE], [ONE, TWO]),
        "root_disk_offering_uuid": (ONE, TWO),
        "root_disk_size": (1, 2),
        "project_uuid": (ONE, TWO),
        "resource_uuid": (OWN, OWN.replace("5", "6")),
    },
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_argument_that_cannot_change_has_a_case(kind: str) -> None:
    assert sorted(REPLACING[kind]) == names(kind, change=Change.REPLACE)


FIXED = [(kind, name) for kind, cases in REPLACING.items() for name in cases]


@pytest.mark.parametrize(("kind", "name"), FIXED)
def test_what_the_cloud_cannot_change_is_replaced(kind: str, name: str) -> None:
    old, new = REPLACING[kind][name]
    (difference,) = plan.changes(KINDS[kind], {name: old}, {name: new})
    assert (difference.name, difference.replaces) == (name, True)


@pytest.mark.parametrize(("kind", "name"), FIXED)
def test_what_the_cloud_cannot_change_is_replaced_where_it_was_left_out(
    kind: str, name: str
) -> None:
    _, new = REPLACING[kind][name]
    (difference,) = plan.changes(KINDS[kind], {"uuid": ONE}, {name: new})
    assert (difference.name, difference.replaces) == (name, True)


def test_networks_have_an_order(running: Cloud) -> None:
    """The first one is the usual one; data sets have none."""
    before = running.wanted(l3_network_uuids=[ONE, TWO], dataset_uuids=[ONE, TWO])
    after = running.wanted(l3_network_uuids=[TWO, ONE], dataset_uuids=[TWO, ONE])
    assert running.differs(before, after) == ["l3_network_uuids"]


# --- removal -------------------------------------------------------------------------------------

_FOLLOWS = "what was chosen stays"
REMOVALS: dict[str, dict[str, Any]] = {
    "cloud": {
        "name": _FOLLOWS,
        "description": sent("description", ""),
        "zone_uuid": Removal.REPLACE,
        "gpu_compute_capability": sent("gpuComputeCapability", ""),
        "system": Removal.REPLACE,
        "python_version": sent("pythonVersion", ""),
        "conda_version": Removal.REPLACE,
        "type": sent("type", "Endpoint"),
        "framework": sent("framework", "Other"),
        "resource_uuid": _FOLLOWS,
        "tag_uuids": [
            (f"DELETE /tags/{one}/resources?resourceUuids={{id}}", None) for one in (ONE, TWO)
        ],
        "source": sent("source", "Other"),
        "model_uuids": [
            (f"DELETE /ai/models/{one}/model-services/{{id}}", None) for one in (ONE, TWO)
        ],
        "support_distributed": sent("supportDistributed", False),
        "container_command": sent("containerCommand", ""),
        "container_args": sent("containerArgs", ""),
        "vendor_to_spec_uuids_map": Removal.REPLACE,
        "system_tags": [("DELETE /tags/{uuid}", None)] * 2,
        "user_tags": [("DELETE /tags/{uuid}", None)] * 2,
    },
    "running": {
        "name": _FOLLOWS,
        "description": changed("description", ""),
        "model_uuid": Removal.REPLACE,
        "vm_image_uuid": Removal.REPLACE,
        "docker_image": Removal.REPLACE,
        "cpu_num": Removal.REPLACE,
        "memory_size": Removal.REPLACE,
        "request_cpu_num": Removal.REPLACE,
        "request_memory_size": Removal.REPLACE,
        "environment_variables": changed("environmentVariables", {}),
        "startup_parameters": changed("startupParameters", {}),
        "service_boot_uptime": Removal.REPLACE,
        "service_livez": Removal.REPLACE,
        "service_readyz": Removal.REPLACE,
        "primary_storage_uuid": Removal.REPLACE,
        "dataset_uuids": Removal.REPLACE,
        "model_service_group_uuids": Removal.REPLACE,
        "cluster_uuid": Removal.REPLACE,
        "l3_network_uuids": Removal.REPLACE,
        "root_disk_offering_uuid": Removal.REPLACE,
        "root_disk_size": Removal.REPLACE,
        "project_uuid": Removal.REPLACE,
        "resource_uuid": _FOLLOWS,
        "tag_uuids": [
            (f"DELETE /tags/{one}/resources?resourceUuids={{id}}", None) for one in (ONE, TWO)
        ],
        "system_tags": Removal.REPLACE,
        "user_tags": [("DELETE /tags/{uuid}", None)] * 2,
    },
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_argument_that_may_be_left_out_has_a_case(kind: str) -> None:
    optional = [name for name, one in arguments(kind).items() if not one.required]
    assert sorted(REMOVALS[kind]) == sorted(optional)


TAKEN = [(kind, name) for kind, cases in REMOVALS.items() for name in cases]


def before_removal(kind: str, name: str) -> Any:
    """A value that is not what the cloud implies."""
    if name in UPDATES[kind]:
        return UPDATES[kind][name].old
    return REPLACING[kind][name][1 if name == "system" else 0]


REPLACED = [(kind, name) for kind, name in TAKEN if REMOVALS[kind][name] is Removal.REPLACE]


@pytest.mark.parametrize(("kind", "name"), REPLACED)
def test_what_cannot_be_taken_away_is_replaced(kind: str, name: str) -> None:
    (difference,) = plan.changes(KINDS[kind], {name: before_removal(kind, name)}, {})
    assert (difference.name, difference.replaces) == (name, True)


SENT = [(kind, name) for kind, name in TAKEN if isinstance(REMOVALS[kind][name], list)]


@pytest.mark.parametrize(("kind", "name"), SENT)
def test_what_is_taken_away_is_emptied(
    kind: str, name: str, request: pytest.FixtureRequest
) -> None:
    cloud: Cloud = request.getfixturevalue(kind)
    identifier, state = cloud.create(cloud.wanted(**{name: before_removal(kind, name)}))
    after = cloud.wanted()
    (difference,) = plan.changes(cloud.table, state, after)
    assert (difference.name, difference.replaces) == (name, False)
    cloud.forget()
    state = cloud.update(identifier, after, state)
    assert cloud.sent == REMOVALS[kind][name]
    assert name not in state or name in cloud.table.declaration.outputs
    assert cloud.differs(state, after) == []
    assert cloud.differs(cloud.read(identifier, state), after) == []


def test_a_name_that_was_taken_away_stays(either: Cloud) -> None:
    identifier, state = either.create(either.wanted(name="given"))
    after = either.wanted(name=None)
    plan.fill_name(either.table, "demo", after, state, "0123456789ab")
    assert either.differs(state, after) == []
    either.forget()
    assert either.update(identifier, after, state)["name"] == "given"
    assert either.changes == []


def test_leaving_a_uuid_out_again_changes_nothing(either: Cloud) -> None:
    identifier, state = either.create(either.wanted(resource_uuid=OWN))
    assert identifier == OWN
    assert either.differs(state, either.wanted()) == []


def test_pinning_the_uuid_that_was_chosen_changes_nothing(either: Cloud) -> None:
    identifier, state = either.create(either.wanted())
    pinned = either.wanted(resource_uuid=identifier)
    assert either.differs(state, pinned) == []
    either.forget()
    state = either.update(identifier, pinned, state)
    assert either.changes == []
    assert either.differs(either.read(identifier, state), pinned) == []


# --- what is the same ----------------------------------------------------------------------------

SAME: dict[str, tuple[str, Values, Values]] = {
    "images in another order": (
        "cloud",
        {"architecture_images": [X86, ARM]},
        {"architecture_images": [ARM, X86]},
    ),
    "images that only the architecture tells apart, in another order": (
        "cloud",
        {
            "architecture_images": [
                X86,
                {**X86, "cpu_architecture": "aarch64", "vm_image_uuid": ONE},
            ]
        },
        {
            "architecture_images": [
                {**X86, "cpu_architecture": "aarch64", "vm_image_uuid": ONE},
                X86,
            ]
        },
    ),
    "architectures in upper case": (
        "cloud",
        {"architecture_images": [{**X86, "cpu_architecture": "X86_64"}]},
        {"architecture_images": [X86]},
    ),
    "white space around texts": (
        "cloud",
        {
            "name": " demo\n",
            "yaml": f"\n{YAML}\n\n",
            "start_command": "\tgo ",
            "user_tags": [" a "],
            "architecture_images": [{**X86, "docker_image": " vllm:1 "}],
        },
        {"yaml": YAML, "start_command": "go", "user_tags": ["a"]},
    ),
    "GPUs in another order": (
        "cloud",
        {"vendor_to_spec_uuids_map": {"NVIDIA": [ONE, TWO], "AMD": [THREE]}},
        {"vendor_to_spec_uuids_map": {"AMD": [THREE], "NVIDIA": [TWO, ONE]}},
    ),
    "models and tags in another order": (
        "cloud",
        {"model_uuids": [ONE, TWO], "tag_uuids": [ONE, TWO], "user_tags": ["a", "b"]},
        {"model_uuids": [TWO, ONE], "tag_uuids": [TWO, ONE], "user_tags": ["b", "a"]},
    ),
    "what is implied and nothing": (
        "cloud",
        {"type": "Endpoint", "source": "Other", "system": False, "support_distributed": False},
        {},
    ),
    "a uuid with white space around": ("running", {"resource_uuid": f" {OWN} "}, {}),
    "tags of a deployment in another order": (
        "running",
        {"tag_uuids": [ONE, TWO], "system_tags": ["a::1", "b::2"]},
        {"tag_uuids": [TWO, ONE], "system_tags": ["b::2", "a::1"]},
    ),
}


@pytest.mark.parametrize("case", list(SAME))
def test_what_means_the_same_is_no_change(case: str, request: pytest.FixtureRequest) -> None:
    kind, first, second = SAME[case]
    cloud: Cloud = request.getfixturevalue(kind)
    identifier, state = cloud.create(cloud.wanted(**first))
    after = cloud.wanted(**second)
    for known in (state, cloud.read(identifier, state)):
        assert cloud.differs(known, cloud.wanted(**first)) == []
        assert cloud.differs(known, after) == []
    cloud.forget()
    cloud.update(identifier, after, state)
    assert cloud.changes == []


def test_the_same_images_of_other_architectures_are_a_change(cloud: Cloud) -> None:
    swapped = [{**X86, "cpu_architecture": "aarch64"}, {**ARM, "cpu_architecture": "x86_64"}]
    before, after = (cloud.wanted(architecture_images=one) for one in ([X86, ARM], swapped))
    assert cloud.differs(before, after) == ["architecture_images"]


# --- tags and bindings of others -----------------------------------------------------------------


def tags_of(either: Cloud) -> dict[str, list[str]]:
    """Tags that can be changed; system tags of a deployment cannot."""
    ours = {"tag_uuids": [ONE], "user_tags": ["ours"]}
    return ours if either.table is deployment.TABLE else {**ours, "system_tags": ["ours::1"]}


def test_tags_of_others_are_left_alone(either: Cloud) -> None:
    kind = "ModelService" + ("InstanceGroupVO" if either.table is deployment.TABLE else "VO")
    ours = tags_of(either)
    identifier, state = either.create(either.wanted(**ours))
    theirs = {"params": {"resourceType": kind, "resourceUuid": identifier, "tag": "theirs::1"}}
    either.do("POST", "/system-tags", theirs)
    either.do("POST", "/user-tags", theirs)
    either.do("POST", f"/tags/{TWO}/resources", {"params": {"resourceUuids": [identifier]}})

    found = either.read(identifier, state)
    assert either.differs(found, either.wanted(**ours)) == []
    either.forget()
    either.update(identifier, either.wanted(**ours), found)
    assert either.changes == []

    either.update(identifier, either.wanted(), found)
    system, user = either.tags("systemTags"), either.tags("userTags")
    assert [one["tag"] for one in system] == ["theirs::1"]
    assert [one.get("tagPatternUuid") for one in user] == [None, TWO]
    assert user[0]["tag"] == "theirs::1"


def test_a_tag_that_somebody_took_away_is_seen_and_added_again(either: Cloud) -> None:
    ours = tags_of(either)
    identifier, state = either.create(either.wanted(**ours))
    for tag in (*either.tags("systemTags"), *either.tags("userTags")):
        either.do("DELETE", f"/tags/{tag['uuid']}")
    found = either.read(identifier, state)
    assert sorted(either.differs(found, either.wanted(**ours))) == sorted(ours)
    state = either.update(identifier, either.wanted(**ours), found)
    assert either.differs(either.read(identifier, state), either.wanted(**ours)) == []


def test_a_tag_of_the_wanted_text_that_somebody_added_is_not_added_again(either: Cloud) -> None:
    identifier, state = either.create(either.wanted())
    either.do(
        "POST",
        "/user-tags",
        {
            "params": {
                "resourceType": either.table.steps[-2].body("", "")["resourceType"],
                "resourceUuid": identifier,
                "tag": "both",
            }
        },
    )
    after = either.wanted(user_tags=["both"])
    either.forget()
    state = either.update(identifier, after, state)
    assert either.changes == []
    assert either.differs(state, after) == []


def test_tags_are_asked_for_only_where_there_are_some(either: Cloud) -> None:
    either.create(either.wanted())
    asked = {one["operation"] for one in either.requests}
    assert not asked & {"QuerySystemTag", "QueryUserTag"}


def test_bindings_made_by_hand_are_seen_and_removed(cloud: Cloud) -> None:
    values = cloud.wanted(model_uuids=[ONE])
    identifier, state = cloud.create(values)
    cloud.do("POST", f"/ai/models/{TWO}/model-services/{identifier}", {"param": {}})
    found = cloud.read(identifier, state)
    assert found["model_uuids"] == [ONE, TWO]
    assert cloud.differs(found, values) == ["model_uuids"]
    cloud.forget()
    state = cloud.update(identifier, values, found)
    assert cloud.sent == [(f"DELETE /ai/models/{TWO}/model-services/{{id}}", None)]
    assert cloud.differs(state, values) == []


def test_bindings_made_by_hand_are_left_alone_where_no_models_are_given(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.do("POST", f"/ai/models/{TWO}/model-services/{identifier}", {"param": {}})
    found = cloud.read(identifier, state)
    assert cloud.differs(found, cloud.wanted()) == []
    assert [one["model_uuid"] for one in found["model_service_refs"]] == [TWO]
    cloud.forget()
    cloud.update(identifier, cloud.wanted(), found)
    assert cloud.changes == []


# --- drift ---------------------------------------------------------------------------------------


def test_a_change_behind_our_back_is_shown_by_name_and_repaired(cloud: Cloud) -> None:
    values = cloud.wanted(description="ours", architecture_images=[X86, ARM])
    identifier, state = cloud.create(values)
    theirs = {
        "description": "theirs",
        "pythonVersion": "3.9",
        "architectureImages": [{"cpuArchitecture": "AARCH64", "dockerImage": "theirs"}],
    }
    cloud.do("PUT", f"/ai/model-services/{identifier}", {"updateModelService": theirs})
    found = cloud.read(identifier, state)
    assert cloud.differs(found, values) == ["description", "architecture_images"]
    state = cloud.update(identifier, values, found)
    assert cloud.differs(cloud.read(identifier, state), values) == []
    assert cloud.only["pythonVersion"] == "3.9"


def test_an_object_that_is_gone_is_read_as_gone(either: Cloud) -> None:
    """A query by uuid answers an empty list, never 404."""
    identifier, state = either.create(either.wanted())
    either.delete(identifier, state)
    either.forget()
    assert either.look(identifier, state) is None
    (asked,) = either.requests
    assert asked["status"] == 200


def test_an_object_is_not_taken_for_gone_at_another_endpoint(either: Cloud) -> None:
    identifier, state = either.create(either.wanted())
    either.delete(identifier, state)
    elsewhere = {**either.environ, "ZSTACK_ENDPOINT": either.url.replace("127.0.0.1", "localhost")}
    op = either.operation(state, environ=elsewhere)
    op.identity = either.operation().identity
    for verb in (
        lambda: lifecycle.read(op, identifier, {}),
        lambda: lifecycle.delete(op, identifier, {}),
    ):
        with pytest.raises(Refused, match=rf"{identifier} was made at http://127\.0\.0\.1"):
            verb()


# --- delete --------------------------------------------------------------------------------------


def test_delete_waits_for_its_job(either: Cloud) -> None:
    identifier, state = either.create(either.wanted())
    either.admin.deploy_seconds(10_000)
    before = either.time.passed
    either.delete(identifier, state)
    assert either.objects == []
    # Its job takes 500; time goes by without anybody's sleeping, too.
    assert either.time.passed - before >= 450


def test_delete_takes_the_tags_along(either: Cloud) -> None:
    identifier, state = either.create(either.wanted(user_tags=["a"], system_tags=["a::1"]))
    either.delete(identifier, state)
    assert either.tags("userTags") == either.tags("systemTags") == []


def test_delete_of_what_is_gone_is_done(either: Cloud) -> None:
    identifier, state = either.create(either.wanted())
    either.delete(identifier, state)
    either.delete(identifier, state)
    assert either.objects == []


def test_a_server_that_does_not_find_what_is_to_be_deleted_is_right(either: Cloud) -> None:
    """Some answer SYS.1003 where others call the deletion of nothing a success."""
    either.delete("no uuid", either.wanted())
    (asked,) = [one for one in either.requests if one["method"] == "DELETE"]
    assert asked["path"].endswith("/no uuid")
    (poll,) = [one for one in either.requests if one["operation"] == "QueryApiJob"]
    assert poll["status"] == 503


def test_one_of_the_platforms_own_is_deleted_by_force(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted(system=True))
    cloud.delete(identifier, state)
    assert cloud.objects == []
    assert cloud.requests[-3]["query"] == {"deleteMode": "Enforcing"}


def test_one_that_is_not_declared_as_the_platforms_is_not_forced(cloud: Cloud) -> None:
    identifier, _ = cloud.create(cloud.wanted(system=True))
    with pytest.raises(ApiError, match=r"DeleteModelService: .+cannot be deleted.*\[ORG_ZSTACK_AI"):
        cloud.delete(identifier, cloud.wanted())
    assert cloud.only["uuid"] == identifier
    assert [one["query"] for one in cloud.requests if one["method"] == "DELETE"] == [{}]


def test_a_model_service_that_runs_can_be_deleted_and_its_deployment_lives_on(
    cloud: Cloud, running: Cloud
) -> None:
    identifier, state = running.create(running.wanted())
    cloud.delete(running.base["model_service_uuid"], {})
    assert cloud.objects == []
    assert running.read(identifier, state)["status"] == "Running"


def test_create_and_destroy_many_times_at_once(either: Cloud) -> None:
    """Finished jobs answer for three hours, and the same body has the same job."""
    values = either.wanted()
    for _ in range(6):
        identifier, state = either.create(values)
        assert either.only["uuid"] == identifier == either.uuid
        either.delete(identifier, state)
        assert either.objects == []
    creating = either.table.create.operation
    done = [one for one in either.requests if one["operation"] == creating]
    assert sum(one["status"] == 202 for one in done) == 6


def test_create_and_destroy_in_turn_with_two_bodies(either: Cloud) -> None:
    for name in ("a", "b", "a", "b", "a"):
        identifier, state = either.create(either.wanted(name=name))
        assert either.only["name"] == state["name"] == name
        either.delete(identifier, state)


def test_three_hours_later_the_first_job_is_used_again(either: Cloud) -> None:
    identifier, state = either.create(either.wanted())
    either.delete(identifier, state)
    either.time.sleep(4 * 3600)
    either.forget()
    either.create(either.wanted())
    assert either.changes == [either.table.create.operation]


def test_inputs_of_older_states_are_read_as_they_are(cloud: Cloud) -> None:
    """The engine hands numbers over as floats."""
    identifier, state = cloud.create(cloud.wanted())
    floats = {**state, "request_cpu": 4.0, "request_memory": 8192.0}
    assert cloud.differs(floats, cloud.wanted()) == []
    assert inputs.normalise(cloud.table.declaration, floats)["request_cpu"] == 4
    cloud.forget()
    cloud.update(identifier, cloud.wanted(), floats)
    assert cloud.changes == []
