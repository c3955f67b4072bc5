"""What a lost state, a renamed resource and another address do: nothing doubled, nothing taken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.emulator import Emulator

if TYPE_CHECKING:
    from conftest import Stack

ZSTACK = """\
import pulumi
from pulumi_modeldeploy import zstack


def service(name, path="/one", opts=None):
    return zstack.ModelService(
        name,
        yaml="services: []",
        request_cpu=1,
        request_memory=1,
        model_center_uuid="c" * 32,
        install_path=path,
        start_command="serve",
        architecture_images=[{"cpu_architecture": "x86_64", "docker_image": "llm:1"}],
        opts=opts,
    )


"""
MODELARTS = """\
import pulumi
from pulumi_modeldeploy import modelarts


def service(name, path="/one", opts=None):
    return modelarts.Service(
        name,
        infer_type="real-time",
        workspace_id=path.strip("/"),
        config=[
            {
                "model_id": "m",
                "weight": 100,
                "specification": "modelarts.vm.cpu.2u",
                "instance_count": 1,
            }
        ],
        opts=opts,
    )


"""
CLOUDS = {"zstack": (ZSTACK, "uuid"), "modelarts": (MODELARTS, "service_id")}
Program = tuple[str, str, str]


@pytest.fixture(params=list(CLOUDS))
def cloud(request: pytest.FixtureRequest) -> Program:
    name: str = request.param
    return (name, *CLOUDS[name])


def existing(emulator: Emulator, cloud: Program) -> set[str]:
    return {one[cloud[2]] for one in emulator.admin.resources(cloud[0])}


def ids(stack: Stack) -> set[str]:
    return {one["id"] for one in stack.resources()}


def restore(stack: Stack, state: dict[str, Any]) -> None:
    """Bring an older state back: nothing was written since, as without checkpoints."""
    file = stack.folder / "state.json"
    file.write_text(json.dumps(state))
    done = stack.run("stack", "import", "--file", str(file))
    assert done.ok, done.output


def test_a_replacement_whose_end_was_not_written_down_is_found_again(
    cloud: Program, stack: Stack, emulator: Emulator
) -> None:
    stack.program('service("llm")', head=cloud[1])
    stack.up()
    before = stack.export()
    stack.program('service("llm", "/two")', head=cloud[1])
    stack.up()
    made = existing(emulator, cloud)
    restore(stack, before)
    stack.up()
    assert existing(emulator, cloud) == made == ids(stack)
    assert stack.up("--refresh", "--expect-no-changes").unchanged


def replaced(
    cloud: Program, stack: Stack, emulator: Emulator
) -> tuple[dict[str, Any], set[str], set[str]]:
    """Replace once; answers the state before, and what there was before and is now."""
    stack.program('service("llm")', head=cloud[1])
    stack.up()
    before, old = stack.export(), existing(emulator, cloud)
    stack.program('service("llm", "/two")', head=cloud[1])
    stack.up()
    return before, old, existing(emulator, cloud)


def test_a_refresh_that_finds_the_old_object_gone_does_not_lose_the_new_one(
    cloud: Program, stack: Stack, emulator: Emulator
) -> None:
    before, old, new = replaced(cloud, stack, emulator)
    restore(stack, before)
    stack.up("--refresh")
    assert existing(emulator, cloud) == new == ids(stack) != old
    assert stack.up("--refresh", "--expect-no-changes").unchanged


def test_what_a_replacement_left_is_found_where_the_state_only_has_what_is_to_go(
    cloud: Program, stack: Stack, emulator: Emulator
) -> None:
    """Ctrl-C twice in a replacement: the old object is to be deleted, the new one unknown."""
    before, _, new = replaced(cloud, stack, emulator)
    for one in before["deployment"]["resources"]:
        if ":dynamic/" in one["type"]:
            one["delete"] = True
    restore(stack, before)
    stack.up()
    assert existing(emulator, cloud) == new == ids(stack)
    assert stack.up("--refresh", "--expect-no-changes").unchanged


def test_a_forced_replacement_keeps_the_generation(
    cloud: Program, stack: Stack, emulator: Emulator
) -> None:
    """Else finishing it by a plain `up` would make another object."""
    _, _, new = replaced(cloud, stack, emulator)
    before = stack.resource("llm")["outputs"]["modeldeploy"]
    opts = "opts=pulumi.ResourceOptions(delete_before_replace=True)"
    stack.program(f'service("llm", "/two", {opts})', head=cloud[1])
    stack.up("--replace", stack.resource("llm")["urn"])
    assert stack.resource("llm")["outputs"]["modeldeploy"] == before
    assert existing(emulator, cloud) == ids(stack)
    assert existing(emulator, cloud) == new or cloud[0] == "modelarts"
    assert stack.up("--refresh", "--expect-no-changes").unchanged


def test_a_new_resource_under_the_old_name_of_a_renamed_one_is_another_object(
    stack: Stack, emulator: Emulator
) -> None:
    cloud = ("zstack", *CLOUDS["zstack"])
    renamed = 'service("new", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]))\n'
    stack.program('service("old")', head=ZSTACK)
    stack.up()
    (first,) = existing(emulator, cloud)
    stack.program(renamed, head=ZSTACK)
    stack.up()
    assert existing(emulator, cloud) == {first}
    stack.program(renamed + 'service("old")', head=ZSTACK)
    stack.up()
    assert existing(emulator, cloud) == ids(stack) > {first}
    assert stack.up("--refresh", "--expect-no-changes").unchanged
    stack.program(renamed, head=ZSTACK)
    stack.up()
    assert existing(emulator, cloud) == {first}


def test_a_rename_whose_update_failed_is_done_by_the_next_run(
    stack: Stack, emulator: Emulator
) -> None:
    cloud = ("zstack", *CLOUDS["zstack"])
    renamed = 'service("new", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]))\n'
    stack.program('service("old")', head=ZSTACK)
    stack.up()
    (first,) = existing(emulator, cloud)
    stack.program(renamed, head=ZSTACK)
    emulator.admin.faults(
        {"operation": "CreateUserTag", "fault": "status", "status": 400, "times": 1}
    )
    assert not stack.try_up().ok
    emulator.admin.faults()
    stack.up()
    stack.program(renamed + 'service("old")', head=ZSTACK)
    stack.up()
    assert existing(emulator, cloud) == ids(stack) > {first}


CHANGES = {
    "a change": ('service("llm", "/one"); pulumi.export("x", 1)', "refresh"),
    "a replacement": ('service("llm", "/two")', "up"),
}


@pytest.mark.parametrize("case", list(CHANGES))
def test_what_is_not_at_another_address_is_not_made_there(case: str, stack: Stack) -> None:
    text, verb = CHANGES[case]
    stack.program('service("llm")', head=ZSTACK)
    stack.up()
    home = stack.environment["ZSTACK_ENDPOINT"]
    state = ids(stack)
    with Emulator(deploy_time=0.0) as elsewhere:
        stack.program(text, head=ZSTACK)
        stack.environment["ZSTACK_ENDPOINT"] = elsewhere.env["ZSTACK_ENDPOINT"]
        run = stack.run(verb, "--yes", "--skip-preview")
        assert not run.ok
        assert f"was made at {home} and does not exist at {elsewhere.url}" in run.output
        assert elsewhere.admin.resources("zstack") == []
        assert not stack.run("destroy", "--yes", "--skip-preview").ok
    assert ids(stack) == state
