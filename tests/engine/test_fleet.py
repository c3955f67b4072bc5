"""Many services at once: they wait together, and need hardly more requests than one."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

MANY, SECONDS = 24, 10
FLEET = f'for number in range({MANY}):\n    service(f"s{{number}}")'
PAIRS = """\
import pulumi
from pulumi_modeldeploy import zstack

llm = zstack.ModelService(
    "llm",
    yaml="services: []",
    request_cpu=1,
    request_memory=1,
    model_center_uuid="c" * 32,
    install_path="/one",
    start_command="serve",
    architecture_images=[{"cpu_architecture": "x86_64", "docker_image": "llm:1"}],
)
for number in range(12):
    zstack.ModelServiceDeployment(
        f"d{number}",
        model_service_uuid=llm.uuid,
        zone_uuid="d" * 32,
        type="Container",
        docker_image="llm:1",
    )
"""
WIDE = ("--parallel", "64")


def test_a_fleet_deploys_together(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.deploy_seconds(SECONDS)
    stack.program(FLEET)
    stack.up(*WIDE)
    journal = emulator.admin.requests()
    created = [one["at"] for one in journal if one["operation"] == "CreateService"]
    assert len(created) == MANY
    # The last one was sent before the first was ready: nobody waited for a free thread.
    assert created[-1] - created[0] < SECONDS * 1000
    seconds = (journal[-1]["at"] - journal[0]["at"]) / 1000
    assert len(journal) <= 4 * MANY + 2 * (seconds + 1)
    assert stack.up("--refresh", *WIDE).unchanged
    stack.destroy()
    assert emulator.admin.resources("modelarts") == []


def test_deployments_are_asked_for_together(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.deploy_seconds(10)
    stack.program(PAIRS, head="")
    stack.up(*WIDE)
    queries = emulator.admin.requests("QueryModelServiceInstanceGroup")
    lists = [one for one in queries if "uuid?=" in str(one["query"])]
    assert any(str(one["query"]).count(",") > 8 for one in lists)
    assert {one["status"] for one in emulator.admin.resources("zstack") if "status" in one} == {
        "Running"
    }


def test_one_ctrl_c_stores_all_that_exist_and_the_next_run_goes_on(
    stack: Stack, emulator: Emulator
) -> None:
    emulator.admin.deploy_seconds(3600)
    stack.program(FLEET)
    with stack.start("up", "--yes", "--skip-preview", *WIDE) as running:
        seen, shown = 0, ""
        for line in running.stdout or ():
            shown += line
            seen += "deploying 0%" in line
            if seen == MANY // 2:
                running.send_signal(signal.SIGINT)
                seen += 1
        assert running.wait(15) != 0
    state = stack.export()["deployment"]
    stored = {one["id"] for one in stack.resources()}
    assert stored == {one["service_id"] for one in emulator.admin.resources("modelarts")}
    assert len(stored) >= MANY // 2
    assert not state.get("pending_operations")
    assert "`pulumi up` goes on with it" in shown
    assert "Traceback" not in shown
    emulator.admin.deploy_seconds(0)
    stack.up(*WIDE)
    assert len(emulator.admin.requests("CreateService")) == MANY
    services = emulator.admin.resources("modelarts")
    assert {one["service_id"] for one in services} == {one["id"] for one in stack.resources()}
    assert {one["status"] for one in services} == {"running"}
    assert stack.up("--refresh", "--expect-no-changes", *WIDE).unchanged


def test_ctrl_c_ends_an_update_and_a_delete(stack: Stack, emulator: Emulator) -> None:
    stack.program('service("kept", description="one")\nservice("goes")')
    stack.up()
    emulator.admin.deploy_seconds(3600)
    stack.program('service("kept", config=[config("m2")])')
    with stack.start("up", "--yes", "--skip-preview", *WIDE) as running:
        for line in running.stdout or ():
            if "deploying 0%" in line:
                running.send_signal(signal.SIGINT)
        assert running.wait(15) != 0
    assert "initErrors" in stack.resource("kept")
    emulator.admin.deploy_seconds(0)
    stack.up()
    (service,) = emulator.admin.resources("modelarts")
    assert service["config"][0]["model_id"] == "m2"
    assert {service["service_id"]} == {one["id"] for one in stack.resources()}
    assert stack.up("--refresh", "--expect-no-changes").unchanged
