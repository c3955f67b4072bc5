"""Lookups in programs of the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

HEAD = """\
import pulumi
from pulumi_modeldeploy import zstack


"""
CENTER = "c" * 32
MISSING = "cannot look up a model center: there is none with name 'mian'; names like it: 'main'"


@pytest.fixture
def center(emulator: Emulator) -> str:
    """A model center that is called main."""
    emulator.admin.seed(zstack={"modelCenters": [{"uuid": CENTER, "name": "main"}]})
    return CENTER


@pytest.mark.usefixtures("center")
def test_a_program_looks_a_model_center_up_by_name(stack: Stack) -> None:
    stack.program(
        """
center = zstack.get_model_center(name="main")
pulumi.export("uuid", center.uuid)
pulumi.export("later", zstack.get_model_center_output(name=pulumi.Output.from_input("main")).uuid)
""",
        head=HEAD,
    )
    assert stack.preview().ok
    stack.up()
    for name in ("uuid", "later"):
        assert stack.run("stack", "output", name).output.strip() == CENTER


@pytest.mark.usefixtures("center")
@pytest.mark.parametrize("function", ["get_model_center", "get_model_center_output"])
def test_a_model_center_that_is_not_there_is_one_paragraph(stack: Stack, function: str) -> None:
    stack.program(f'pulumi.export("uuid", zstack.{function}(name="mian").uuid)', head=HEAD)
    for run in (stack.preview(), stack.try_up()):
        assert not run.ok
        assert "Traceback" not in run.output
        lines = [line.strip() for line in run.diagnostics.splitlines()]
        assert [line for line in lines if "model" in line] == [f"error: {MISSING}"]


def test_settings_of_the_stack_are_used(stack: Stack, emulator: Emulator, center: str) -> None:
    stack.environment["ZSTACK_ACCESS_KEY_SECRET"] = "wrong-secret-of-the-environment"
    key, secret = (emulator.env[f"ZSTACK_ACCESS_KEY_{part}"] for part in ("ID", "SECRET"))
    stack.configure("zstack:accessKeyId", key, secret=True)
    stack.configure("zstack:accessKeySecret", secret, secret=True)
    stack.program('pulumi.export("uuid", zstack.get_model_centers()[0].uuid)', head=HEAD)
    stack.up()
    assert stack.run("stack", "output", "uuid").output.strip() == center
    assert secret.encode() not in stack.stored_bytes()


def test_a_preview_asks_for_nothing_that_is_not_known_yet(
    stack: Stack, emulator: Emulator, center: str
) -> None:
    stack.program(
        f"""
made = zstack.ModelService(
    "made",
    name="made",
    yaml="services: []",
    request_cpu=1,
    request_memory=1,
    model_center_uuid="{center}",
    install_path="file:///opt/demo",
    start_command="run",
    architecture_images=[{{"cpu_architecture": "x86_64", "docker_image": "vllm:1"}}],
)
pulumi.export("source", zstack.get_model_service_output(uuid=made.id).start_command)
""",
        head=HEAD,
    )
    run = stack.preview()
    assert run.ok, run.output
    assert emulator.admin.requests("QueryModelService") == []
    stack.up()
    assert stack.run("stack", "output", "source").output.strip() == "run"
