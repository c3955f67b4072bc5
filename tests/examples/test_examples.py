"""Each example, by the commands of its README: up, nothing to do, nothing drifted, down."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
NAMES = sorted(folder.name for folder in EXAMPLES.iterdir() if (folder / "__main__.py").exists())
DEPLOYED = {
    "00-demo": {"modelarts": 1, "zstack": 2, "pai": 1},
    "03-network-pool": {"modelarts": 2},
    "05-zstack": {"zstack": 2},
    "06-zstack-gpu": {"zstack": 2},
    "08-two-regions": {"modelarts": 2},
    "09-pai": {"pai": 2},
}
"""What an example deploys, by cloud, if not one service of ModelArts."""
STATE = ("status", "Status")
"""Keys of a state; an entry of ZStack's catalogue has none."""
ENDS_AS = {"07-batch": "finished"}
"""What state the services of an example end in, if they do not run on."""
_CALL = re.MULTILINE | re.DOTALL
EMPTY: dict[str, list[Any]] = {"modelarts": [], "zstack": [], "pai": []}


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a copy of an example, since a stack writes its configuration beside the program."""
    name: str = request.param
    if (EXAMPLES / name / "Pulumi.yaml").exists():
        return Path(shutil.copytree(EXAMPLES / name, tmp_path / name))
    shutil.copytree(EXAMPLES / name, tmp_path / "examples" / name)
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    return tmp_path


def prepare(name: str, stack: Stack, emulator: Emulator, *, ups: int = 0) -> None:
    """Seed the emulator and configure the stack as a README says after so many `pulumi up`."""
    parts = (EXAMPLES / name / "README.md").read_text().split("\npulumi up")
    assert len(parts) > ups + 1, "the README does not say `pulumi up`"
    for line in parts[ups].splitlines():
        if line.startswith("pulumi config set "):
            done = stack.run(*shlex.split(line, comments=True)[1:])
            assert done.ok, done.output
        if line.startswith("curl ") and "_emulator" in line:
            _, option, file, url = shlex.split(line, comments=True)
            assert (option, file[0], url) == ("-d", "@", "$ZSTACK_ENDPOINT/_emulator/seed")
            emulator.admin.seed(**json.loads((stack.folder / file[1:]).read_text()))


def shell(command: str, stack: Stack) -> str:
    """Run a command of a README in a shell, and return what it prints."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],  # noqa: S607 - any bash will do
        cwd=stack.folder,
        env={**stack.environment, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def deployed(emulator: Emulator) -> dict[str, list[dict[str, Any]]]:
    return {cloud: emulator.admin.resources(cloud) for cloud in EMPTY}


@pytest.mark.parametrize(("name", "project"), [(n, n) for n in NAMES], indirect=["project"])
def test_an_example_comes_up_stays_and_goes(
    name: str, project: Path, new_stack: Callable[..., Stack], emulator: Emulator
) -> None:
    stack = new_stack(folder=project)
    prepare(name, stack, emulator)
    stack.up()
    found = deployed(emulator)
    counts = {cloud: len(services) for cloud, services in found.items() if services}
    assert counts == DEPLOYED.get(name, {"modelarts": 1})
    services = [one for services in found.values() for one in services]
    states = {value.lower() for one in services for key, value in one.items() if key in STATE}
    assert states == {ENDS_AS.get(name, "running")}
    assert stack.up("--expect-no-changes").unchanged
    assert stack.refresh("--expect-no-changes").unchanged
    stack.destroy()
    assert deployed(emulator) == EMPTY


@pytest.mark.parametrize("project", ["02-traffic-split"], indirect=True)
def test_a_canary_grows_and_takes_over(
    project: Path, new_stack: Callable[..., Stack], emulator: Emulator
) -> None:
    stack = new_stack(folder=project)
    prepare("02-traffic-split", stack, emulator)
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
    prepare("04-secrets", stack, emulator)
    shown = stack.up().output + stack.run("stack", "output").output
    (service,) = emulator.admin.resources("modelarts")
    assert "correct-horse" in service["config"][0]["envs"]["DATABASE"]
    assert "correct-horse" not in shown
    assert "[secret]" in shown
    assert b"correct-horse" not in stack.stored_bytes()


@pytest.mark.parametrize("project", ["07-batch"], indirect=True)
def test_a_batch_job_runs_again_on_another_input(
    project: Path, new_stack: Callable[..., Stack], emulator: Emulator
) -> None:
    stack = new_stack(folder=project)
    prepare("07-batch", stack, emulator)
    stack.up()
    assert stack.run("stack", "output", "status").output.strip() == "finished"
    (first,) = emulator.admin.resources("modelarts")
    emulator.admin.advance(60)
    prepare("07-batch", stack, emulator, ups=1)
    stack.up()
    (second,) = emulator.admin.resources("modelarts")
    assert second["service_id"] == first["service_id"]
    assert second["config"][0]["src_path"].endswith("/february/")
    assert second["config"][0]["finished_time"] > first["config"][0]["finished_time"]


@pytest.mark.parametrize("project", ["05-zstack"], indirect=True)
def test_a_deployment_on_zstack_answers_on_its_url(
    project: Path, new_stack: Callable[..., Stack], emulator: Emulator
) -> None:
    stack = new_stack(folder=project)
    prepare("05-zstack", stack, emulator)
    stack.up()
    url = stack.run("stack", "output", "url").output.strip()
    answer = requests.get(url, timeout=10)
    answer.raise_for_status()
    service = stack.run("stack", "output", "modelService").output.strip()
    assert answer.json()["modelServiceUuid"] == service


@pytest.mark.parametrize("project", ["06-zstack-gpu"], indirect=True)
def test_gpus_models_tags_and_a_secret_on_zstack(
    project: Path, new_stack: Callable[..., Stack], emulator: Emulator
) -> None:
    name = "06-zstack-gpu"
    stack = new_stack(folder=project)
    prepare(name, stack, emulator)
    shown = stack.up().output + stack.run("stack", "output").output
    service, deployment = emulator.admin.resources("zstack")
    assert {vendor: len(specs) for vendor, specs in service["vendorToSpecUuidsMap"].items()} == {
        "NVIDIA": 2,
        "Huawei": 1,
    }
    assert service["cpuArchitectures"] == ["x86_64", "aarch64"]
    assert len(service["modelServiceRefs"]) == 1
    assert "VLLM_API_KEY:opens-nothing" in deployment["yaml"]
    assert "opens-nothing" not in shown
    assert b"opens-nothing" not in stack.stored_bytes()

    prepare(name, stack, emulator, ups=1)
    shown = stack.up("--diff").output
    changed = emulator.admin.resources("zstack")
    assert [one["uuid"] for one in changed] == [service["uuid"], deployment["uuid"]]
    assert len(changed[0]["modelServiceRefs"]) == 2
    assert "VLLM_API_KEY:opens-nothing-either" in changed[1]["yaml"]
    assert "opens-nothing" not in shown
    assert b"opens-nothing" not in stack.stored_bytes()


@pytest.mark.parametrize("project", ["09-pai"], indirect=True)
def test_apps_on_pai_answer_to_their_tokens_and_change_in_place(
    project: Path, new_stack: Callable[..., Stack], emulator: Emulator
) -> None:
    name = "09-pai"
    stack = new_stack(folder=project)
    prepare(name, stack, emulator)
    shown = stack.up().output + stack.run("stack", "output").output
    before = {one["AppSpecName"]: one for one in emulator.admin.resources("pai")}
    nas = json.loads(before["baichuan_7b_int8"]["AppConfig"])
    assert (nas["ModelStorage"], nas["VswitchID"]) == ("nas", "vsw-uf6fg76uu2bx84tci0000")

    call = re.search(r"^curl .+?[^\\]\n", (EXAMPLES / name / "README.md").read_text(), _CALL)
    assert call is not None
    answer = json.loads(shell(call[0].replace("curl", "curl -sS --fail", 1), stack))
    llama = before["llama_7b_fp16"]
    assert (answer["ServiceName"], answer["Version"]) == (llama["ServiceName"], 1)

    prepare(name, stack, emulator, ups=1)
    stack.up()
    after = {one["AppSpecName"]: one for one in emulator.admin.resources("pai")}
    assert after["baichuan_7b_int8"] == before["baichuan_7b_int8"]
    assert after["llama_7b_fp16"]["ServiceId"] == llama["ServiceId"]
    assert after["llama_7b_fp16"]["RunningInstance"] == 2
    oss = json.loads(after["llama_7b_fp16"]["AppConfig"])
    assert oss == {"ModelStorage": "oss", "OssPath": "oss://examplebucket/llama-tuned/"}
    for one in before.values():
        assert one["AccessToken"] not in shown
        assert one["AccessToken"].encode() not in stack.stored_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_the_project_suits_older_language_hosts(name: str) -> None:
    file = EXAMPLES / name / "Pulumi.yaml"
    project = (file if file.exists() else ROOT / "Pulumi.yaml").read_text()
    assert "\nruntime: python\n" in project, "an option such as toolchain ends an older host"
