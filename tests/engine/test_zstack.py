"""ZStack under the real engine: programs come up and serve, each argument changes as it should."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pulumi_modeldeploy.core.declare import Change, Declaration
from pulumi_modeldeploy.zstack import ModelService, ModelServiceDeployment

if TYPE_CHECKING:
    from conftest import Run, Stack

    from pulumi_modeldeploy.emulator import Emulator

HEAD = """\
import pulumi
from pulumi_modeldeploy import zstack

YAML = "services:\\n- {name: llm, ports: [3000], livez: /health, readyz: /ready}\\n"


def uuid(letter):
    return letter * 32


def image(architecture="x86_64", image="llm:1"):
    return zstack.ArchitectureImageArgs(cpu_architecture=architecture, docker_image=image)


def service(resource, /, *, opts=None, **given):
    usual = {
        "yaml": YAML,
        "request_cpu": 4,
        "request_memory": 8192,
        "model_center_uuid": uuid("c"),
        "install_path": "file:///opt/llm",
        "start_command": "serve",
        "architecture_images": [image()],
    }
    return zstack.ModelService(resource, opts=opts, **{**usual, **given})


def deployment(resource, model_service_uuid, /, *, opts=None, **given):
    usual = {
        "zone_uuid": uuid("f"),
        "type": "Container",
        "docker_image": "llm:1",
        "l3_network_uuids": [uuid("e")],
    }
    given = {**usual, **given, "model_service_uuid": model_service_uuid}
    return zstack.ModelServiceDeployment(resource, opts=opts, **given)


"""

PAIR = """
llm = service("llm", user_tags=["team-a"], model_uuids=[uuid("a")])
runs = deployment("runs", llm.uuid, environment_variables={"some_key": "1"})
pulumi.export("url", runs.url)
pulumi.export("architectures", llm.cpu_architectures)
pulumi.export("first", runs.instances.apply(lambda found: found[0].status))
"""


def program(stack: Stack, text: str) -> None:
    stack.program(text, head=HEAD)


def ids(stack: Stack) -> dict[str, str]:
    """The ids of all resources, by name."""
    return {one["urn"].rpartition("::")[2]: one["id"] for one in stack.resources()}


def in_the_cloud(emulator: Emulator) -> set[str]:
    return {one["uuid"] for one in emulator.admin.resources("zstack")}


def changing(emulator: Emulator) -> list[str]:
    """The calls so far that changed something."""
    return [one["operation"] for one in emulator.admin.requests() if one["method"] != "GET"]


def test_a_program_comes_up_serves_stays_and_goes(stack: Stack, emulator: Emulator) -> None:
    program(stack, PAIR)
    for _ in range(2):  # create, destroy, create again, at once
        stack.up()
        outputs = json.loads(stack.run("stack", "output", "--json").output)
        answer = requests.get(outputs["url"], timeout=10)
        assert answer.json()["modelServiceUuid"] == ids(stack)["llm"]
        assert (outputs["architectures"], outputs["first"]) == (["x86_64"], "Running")
        assert in_the_cloud(emulator) == set(ids(stack).values())
        before = changing(emulator)
        assert stack.up("--expect-no-changes").unchanged
        assert stack.refresh("--expect-no-changes").unchanged
        assert stack.up("--refresh", "--expect-no-changes").unchanged
        assert changing(emulator) == before
        stack.destroy()
        assert in_the_cloud(emulator) == set()


# --- every argument, changed ---------------------------------------------------------------------

U = {letter: letter * 32 for letter in "123456789abcdef"}
IMAGE = {"cpu_architecture": "x86_64", "docker_image": "llm:1"}

# argument: values before and after; `None`: left out
SERVICE: dict[str, tuple[Any, Any]] = {
    "name": ("one", "two"),
    "description": ("one", None),
    "yaml": ("services: []", "env: [A:1]"),
    "request_cpu": (1, 2),
    "request_memory": (1, 2),
    "zone_uuid": (U["1"], U["2"]),
    "model_center_uuid": (U["1"], U["2"]),
    "gpu_compute_capability": ("7.5", "8.0"),
    "install_path": ("/one", "/two"),
    "system": (None, True),
    "start_command": ("one", "two"),
    "python_version": ("3.10", ""),
    "conda_version": ("23", "24"),
    "type": ("App", None),
    "framework": ("vLLM", "SGLang"),
    "resource_uuid": ("11111111111141118111111111111111", "22222222222242228222222222222222"),
    "tag_uuids": ([U["1"]], [U["2"]]),
    "source": ("HuggingFace", "Other"),
    "model_uuids": ([U["1"], U["2"]], [U["2"], U["3"]]),
    "architecture_images": ([IMAGE], [{**IMAGE, "cpu_architecture": "AARCH64"}, IMAGE]),
    "support_distributed": (True, None),
    "container_command": (None, "run"),
    "container_args": ("--a", "--b"),
    "vendor_to_spec_uuids_map": ({"NVIDIA": [U["1"]]}, {"NVIDIA": [U["1"], U["2"]]}),
    "system_tags": (["a::1"], ["a::2"]),
    "user_tags": (["one", "two"], ["two", "three"]),
}
DEPLOYMENT: dict[str, tuple[Any, Any]] = {
    "name": ("one", "two"),
    "description": (None, "two"),
    "zone_uuid": (U["1"], U["2"]),
    "type": ("Container", "VirtualMachine"),
    "model_uuid": (U["1"], U["2"]),
    "vm_image_uuid": (U["1"], U["2"]),
    "docker_image": ("one", "two"),
    "cpu_num": (1, 2),
    "memory_size": (1024, 2048),
    "request_cpu_num": (1, 2),
    "request_memory_size": (1024, 2048),
    "environment_variables": ({"a_b": "1"}, {"a_b": "2"}),
    "startup_parameters": ({"p": "1"}, None),
    "service_boot_uptime": (30, 60),
    "service_livez": ("/one", "/two"),
    "service_readyz": ("/one", "/two"),
    "primary_storage_uuid": (U["1"], U["2"]),
    "dataset_uuids": ([U["1"]], [U["2"]]),
    "cluster_uuid": (U["1"], U["2"]),
    "l3_network_uuids": ([U["1"]], [U["2"]]),
    "root_disk_offering_uuid": (U["1"], U["2"]),
    "root_disk_size": (1024, 2048),
    "project_uuid": (U["1"], U["2"]),
    "resource_uuid": ("33333333333343338333333333333333", "44444444444444448444444444444444"),
    "tag_uuids": ([U["1"]], [U["2"]]),
    "system_tags": (["a::1"], ["a::2"]),
    "user_tags": (["one"], ["two"]),
}
ELSEWHERE = {"model_service_uuid", "model_service_group_uuids", "profile", "adopt", "adopt_from"}
"""Tested elsewhere: they refer to other resources, to settings, or to what was there before."""

CALLS: dict[str, set[str]] = {
    "tag_uuids": {"AttachTagToResources", "DetachTagFromResources"},
    "system_tags": {"CreateSystemTag", "DeleteTag"},
    "user_tags": {"DeleteTag", "CreateUserTag"},
    "model_uuids": {"BindModelToService", "UnbindModelFromService"},
}
"""Arguments that other calls change than the update of the resource."""

EACH = """
import json

step = pulumi.Config().require("step")
for kind, cases in json.loads(CASES).items():
    for name, (before, after) in cases.items():
        value = before if step == "before" else after
        given = {} if value is None else {name: value}
        if kind == "service":
            service(f"s-{name}", **given)
        else:
            if given.get("type") == "VirtualMachine" or name == "vm_image_uuid":
                given.setdefault("vm_image_uuid", uuid("a"))
            deployment(f"d-{name}", SERVICE_UUID, **given)
"""


@pytest.mark.parametrize("kind", ["service", "deployment"])
def test_every_argument_changes_by_its_call_or_replaces(
    kind: str, stack: Stack, emulator: Emulator
) -> None:
    owner = ModelService if kind == "service" else ModelServiceDeployment
    cases = SERVICE if kind == "service" else DEPLOYMENT
    declared = Declaration.of(owner).args
    assert set(cases) | ELSEWHERE >= set(declared)
    text = f"SERVICE_UUID = service('shared').uuid\nCASES = {json.dumps({kind: cases})!r}\n"
    program(stack, text + EACH)
    stack.configure("step", "before")
    stack.up("--parallel", "16")
    olds = ids(stack)
    stack.configure("step", "after")
    before = len(emulator.admin.requests())
    stack.up("--parallel", "16")
    news, journal = ids(stack), emulator.admin.requests()[before:]
    prefix = f"{kind[0]}-"
    replaced = {name for name in cases if olds[prefix + name] != news[prefix + name]}
    assert replaced == {n for n in cases if declared[n].column.change is Change.REPLACE}
    update = "UpdateModelService" if kind == "service" else "UpdateModelServiceInstanceGroup"
    for name in set(cases) - replaced:
        sent = [
            one
            for one in journal
            if olds[prefix + name] in json.dumps(one) and one["method"] != "GET"
        ]
        assert {one["operation"] for one in sent} <= CALLS.get(name, {update}), name
        assert sent, name
        if name not in CALLS:
            (body,) = (one["body"] for one in sent)
            envelope = update[0].lower() + update[1:]
            key = "serviceBootupTime" if name == "service_boot_uptime" else declared[name].wire
            assert list(body) == [envelope]
            assert list(body[envelope]) == [key]
    assert in_the_cloud(emulator) == set(news.values())
    assert stack.up("--expect-no-changes").unchanged
    assert stack.refresh("--expect-no-changes").unchanged
    stack.destroy()
    assert in_the_cloud(emulator) == set()


def test_a_replaced_service_takes_its_deployments_along(stack: Stack, emulator: Emulator) -> None:
    text = """
path = pulumi.Config().get("path") or "/one"
llm = service("llm", install_path=path, type="ModelEval")
base = service("base")
needed = deployment("needed", base.uuid)
deployment("runs", llm.uuid, model_service_group_uuids=[needed.uuid])
"""
    program(stack, text)
    stack.up()
    olds = ids(stack)
    stack.configure("path", "/two")
    stack.up()
    news = ids(stack)
    assert {name for name in olds if olds[name] != news[name]} == {"llm", "runs"}
    assert in_the_cloud(emulator) == set(news.values())
    assert stack.up("--refresh", "--expect-no-changes").unchanged
    stack.destroy()
    assert in_the_cloud(emulator) == set()


# --- the seed's sample ---------------------------------------------------------------------------

SAMPLE: dict[str, Any] = {
    "name": "qwen",
    "description": "text to text",
    "yaml": "model service parameters",
    "request_cpu": 1,
    "request_memory": 1,
    "zone_uuid": U["1"],
    "model_center_uuid": U["2"],
    "gpu_compute_capability": "7.5",
    "install_path": "file:///opt/qwen",
    "system": True,
    "start_command": "serve",
    "python_version": "3.10",
    "conda_version": "23.1",
    "type": "Endpoint",
    "framework": "vLLM",
    "resource_uuid": "5d94103e19254d8696c0f05489c259ab",
    "tag_uuids": [U["3"]],
    "source": "Other",
    "model_uuids": [U["4"]],
    "architecture_images": [{"cpu_architecture": "x86_64", "vm_image_uuid": U["5"]}],
    "support_distributed": True,
    "container_command": "run",
    "container_args": "--fast",
    "vendor_to_spec_uuids_map": {"NVIDIA": [U["6"]]},
    "system_tags": ["team::a"],
    "user_tags": ["a"],
}
SEED = Path(__file__).parents[1] / "golden" / "zstack"


def test_the_journal_shows_the_page_s_sample(stack: Stack, emulator: Emulator) -> None:
    program(stack, f"zstack.ModelService('qwen', **{SAMPLE!r})")
    stack.up()
    (created,) = emulator.admin.requests("AddModelService")
    declared = Declaration.of(ModelService).args
    sent = {declared[name].wire: value for name, value in SAMPLE.items()}
    sent["architectureImages"] = [{"cpuArchitecture": "x86_64", "vmImageUuid": U["5"]}]
    beside = {key: sent.pop(key) for key in ("systemTags", "userTags")}
    assert created["body"] == {"param": sent, **beside}
    assert stack.up("--refresh", "--expect-no-changes").unchanged
    stack.destroy()
    assert in_the_cloud(emulator) == set()


def test_what_is_not_set_is_not_sent(stack: Stack, emulator: Emulator) -> None:
    program(stack, 'service("bare")')
    stack.up()
    (created,) = emulator.admin.requests("AddModelService")
    assert set(created["body"]) == {"param"}
    required = {
        "yaml",
        "requestCpu",
        "requestMemory",
        "modelCenterUuid",
        "installPath",
        "startCommand",
        "architectureImages",
    }
    assert set(created["body"]["param"]) == {*required, "name", "resourceUuid"}


# --- mistakes and failures -----------------------------------------------------------------------

MISTAKES = """
service("bad-yaml", yaml="a: [")
service("bad-ports", yaml="services: [{ports: [70000]}]")
service("bad-images", architecture_images=[{"cpu_architecture": "sparc"}, image(), image("X86_64")])
service("bad-enum", type="endpoint", model_center_uuid="c-1", request_cpu=0, start_comand="x")
deployment("bad-image", uuid("a"), type="VirtualMachine", service_livez="health")
"""
SAID = (
    "bad-yaml: yaml: ",
    "bad-ports: yaml: ",
    "bad-images: architecture_images[0].cpu_architecture: must be one of",
    "bad-images: architecture_images[0]",
    "bad-images: architecture_images[2]",
    "bad-enum: type: must be one of",
    "bad-enum: model_center_uuid: must be a uuid",
    "bad-enum: request_cpu: must be",
    "bad-enum: start_comand: is no argument of ModelService: did you mean start_command?",
    "bad-image: vm_image_uuid: ",
    "bad-image: service_livez: must begin",
)


def test_all_mistakes_are_shown_in_the_preview(stack: Stack, emulator: Emulator) -> None:
    program(stack, MISTAKES)
    run = stack.preview()
    assert not run.ok
    for text in SAID:
        assert text in run.output
    assert emulator.admin.requests() == []


def one_paragraph(run: Run, begin: str) -> str:
    return next(line for line in run.output.splitlines() if begin in line)


def test_a_job_that_fails_tells_the_root_cause(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(zstack={"modelCenters": [{"uuid": U["c"], "status": "Disconnected"}]})
    program(stack, 'service("llm")')
    run = stack.try_up()
    assert not run.ok
    said = one_paragraph(run, "AddModelService: ")
    assert "caused by: connection refused" in said
    assert "SYS.1006" in said
    assert "Traceback" not in run.output
    assert stack.resources() == []
    assert in_the_cloud(emulator) == set()


def test_a_deployment_that_fails_is_kept_and_replaced_by_the_next_run(
    stack: Stack, emulator: Emulator
) -> None:
    emulator.admin.seed(zstack={"models": [{"uuid": U["a"], "fails": "no GPU left"}]})
    program(stack, 'deployment("runs", service("llm").uuid, model_uuid=uuid("a"))')
    run = stack.try_up()
    assert not run.ok
    assert "is Error" in run.output
    failed = ids(stack)["runs"]
    emulator.admin.seed(zstack={"models": [{"uuid": U["a"]}]})
    stack.up()
    assert ids(stack)["runs"] != failed
    assert in_the_cloud(emulator) == set(ids(stack).values())
    assert stack.up("--expect-no-changes").unchanged


def test_secrets_stand_nowhere_in_clear(stack: Stack, emulator: Emulator) -> None:
    secret = "s3cr3t-t0ken-of-the-model"
    text = f"""
token = pulumi.Output.secret("{secret}")
llm = service("llm", container_args=pulumi.Output.concat("--token=", token))
deployment("runs", llm.uuid, environment_variables={{"TOKEN": token}})
"""
    program(stack, text)
    run = stack.up()
    again = stack.refresh()
    shown = run.output + again.output
    emulator.admin.fail(ids(stack)["llm"], f"bad --token={secret}")
    program(stack, text.replace('"llm",', '"llm", request_cpu=5,'))
    shown += stack.try_up().output
    assert secret not in shown
    assert secret.encode() not in stack.stored_bytes()
