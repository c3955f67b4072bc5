"""Each example, by the commands of its README: up, nothing to do, nothing drifted, down."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
NAMES = sorted(folder.name for folder in EXAMPLES.iterdir() if (folder / "__main__.py").exists())
SERVICES = {"00-demo": 2, "03-network-pool": 2}
"""How many services an example deploys, if not one."""


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a copy of an example, since a stack writes its configuration beside the program."""
    name: str = request.param
    if (EXAMPLES / name / "Pulumi.yaml").exists():
        return Path(shutil.copytree(EXAMPLES / name, tmp_path / name))
    shutil.copytree(EXAMPLES / name, tmp_path / "examples" / name)
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    return tmp_path


def commands(name: str) -> list[list[str]]:
    """Return the `pulumi config set` commands that a README gives before its first `pulumi up`."""
    text = (EXAMPLES / name / "README.md").read_text()
    before, found, _ = text.partition("\npulumi up")
    assert found, "the README does not say `pulumi up`"
    lines = [line for line in before.splitlines() if line.startswith("pulumi config set ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.mark.parametrize(("name", "project"), [(n, n) for n in NAMES], indirect=["project"])
def test_an_example_comes_up_stays_and_goes(
    name: str, project: Path, new_stack: Callable[..., Stack], emulator: Emulator
) -> None:
    stack = new_stack(folder=project)
    for command in commands(name):
        done = stack.run(*command)
        assert done.ok, done.output
    stack.up()
    services = emulator.admin.resources("modelarts")
    assert [one["status"] for one in services] == ["running"] * SERVICES.get(name, 1)
    assert stack.up("--expect-no-changes").unchanged
    assert stack.refresh("--expect-no-changes").unchanged
    stack.destroy()
    assert emulator.admin.resources("modelarts") == []


@pytest.mark.parametrize("project", ["02-traffic-split"], indirect=True)
def test_a_canary_grows_and_takes_over(
    project: Path, new_stack: Callable[..., Stack], emulator: Emulator
) -> None:
    stack = new_stack(folder=project)
    for command in commands("02-traffic-split"):
        assert stack.run(*command).ok
    stack.up()
    address = stack.run("stack", "output", "url").output
    stack.configure("canaryWeight", "50")
    stack.up()
    assert weights(emulator) == {"recommender-v1": 50, "recommender-v2": 50}
    stack.configure("canaryWeight", "150")
    shown = stack.preview()
    assert not shown.ok
    for line in (
        "config[0].weight: must be between 0 and 100, is -50 [config.weight.between]",
        "config[1].weight: must be between 0 and 100, is 150 [config.weight.between]",
    ):
        assert line in shown.output
        assert line in (EXAMPLES / "02-traffic-split" / "README.md").read_text()
    stack.configure("stableModel", "recommender-v2")
    assert stack.run("config", "rm", "canaryModel").ok
    stack.up()
    assert weights(emulator) == {"recommender-v2": 100}
    assert stack.run("stack", "output", "url").output == address


def weights(emulator: Emulator) -> dict[str, int]:
    (service,) = emulator.admin.resources("modelarts")
    return {entry["model_id"]: entry["weight"] for entry in service["config"]}


@pytest.mark.parametrize("project", ["04-secrets"], indirect=True)
def test_the_secret_reaches_the_model_and_nobody_else(
    project: Path, new_stack: Callable[..., Stack], emulator: Emulator
) -> None:
    stack = new_stack(folder=project)
    for command in commands("04-secrets"):
        assert stack.run(*command).ok
    shown = stack.up().output + stack.run("stack", "output").output
    (service,) = emulator.admin.resources("modelarts")
    assert "correct-horse" in service["config"][0]["envs"]["DATABASE"]
    assert "correct-horse" not in shown
    assert "[secret]" in shown
    assert b"correct-horse" not in stack.stored_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_the_project_suits_older_language_hosts(name: str) -> None:
    file = EXAMPLES / name / "Pulumi.yaml"
    project = (file if file.exists() else ROOT / "Pulumi.yaml").read_text()
    assert "\nruntime: python\n" in project, "an option such as toolchain ends an older host"
