"""Services that do not become ready, clouds that say no, and what the next run does."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator


def creates(emulator: Emulator) -> int:
    return len(emulator.admin.requests("CreateService"))


TIMEOUT = "opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts({verb}='2s'))"


def test_a_create_that_takes_too_long_is_stored_and_finished_by_the_next_run(
    stack: Stack, emulator: Emulator
) -> None:
    emulator.admin.deploy_seconds(3600)
    stack.program(f'service("slow", {TIMEOUT.format(verb="create")})')
    run = stack.try_up()
    assert not run.ok
    assert "is still deploying after 2 s" in run.diagnostics
    assert "`pulumi up` goes on with it" in run.diagnostics
    assert "Traceback" not in run.output
    stored = stack.resource("slow")
    assert stored["id"] == emulator.admin.resources("modelarts")[0]["service_id"]
    assert stored["initErrors"]
    emulator.admin.advance(4000)
    stack.up()
    assert "initErrors" not in stack.resource("slow")
    assert creates(emulator) == 1
    assert stack.up("--refresh").unchanged


def test_an_interrupted_wait_survives_a_refresh(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.deploy_seconds(3600)
    stack.program(f'service("slow", {TIMEOUT.format(verb="create")})')
    assert not stack.try_up().ok
    stack.refresh()
    emulator.admin.advance(4000)
    run = stack.up()
    assert "~ 1 updated" in run.output, "the state still said deploying"
    assert stack.up("--refresh").unchanged


def test_a_service_that_fails_says_why_and_is_started_by_the_next_run(
    stack: Stack, emulator: Emulator
) -> None:
    emulator.admin.deploy_seconds(3600)
    stack.program(f'service("svc", {TIMEOUT.format(verb="create")})')
    assert not stack.try_up().ok
    identifier = stack.resource("svc")["id"]
    emulator.admin.fail(identifier, "image not found")
    stack.refresh()
    assert stack.resource("svc")["outputs"]["status"] == "failed"
    assert "image not found" in stack.resource("svc")["outputs"]["errorMsg"]
    emulator.admin.deploy_seconds(0)
    stack.up()
    assert stack.resource("svc")["outputs"]["status"] == "running"
    assert creates(emulator) == 1
    assert stack.up("--refresh").unchanged


def fail_while_deploying(stack: Stack, emulator: Emulator, reason: str) -> tuple[str, str]:
    """Run an update, make the service fail on the way, and answer its id and what was shown."""
    shown, service = "", ""
    with stack.start("up", "--yes", "--skip-preview") as running:
        for line in running.stdout or ():
            shown += line
            if "deploying 0%" in line and not service:
                service = emulator.admin.resources("modelarts")[0]["service_id"]
                emulator.admin.fail(service, reason)
    assert running.returncode != 0
    return service, shown


def test_a_failing_create_tells_the_reason_of_the_cloud(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.deploy_seconds(3600)
    stack.program('service("svc", description="a-word-of-mine")')
    service, shown = fail_while_deploying(stack, emulator, "cannot pull a-word-of-mine")
    diagnostics = shown.partition("\nDiagnostics:")[2]
    assert "is failed: cannot pull ***" in diagnostics
    assert "a-word-of-mine" not in diagnostics, "texts of the inputs may be secrets"
    assert stack.resource("svc")["id"] == service


def test_the_cloud_s_refusal_is_one_paragraph(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(modelarts={"models": [{"model_id": "known-model"}]})
    stack.program('service("svc", config=[config("unknown-model")])')
    stack.configure("modelarts:preflight", "off")
    run = stack.try_up()
    assert not run.ok
    assert "CreateService:" in run.diagnostics
    assert "HTTP 404, ModelArts.3507, request " in run.diagnostics
    assert "Traceback" not in run.output
    assert stack.resources() == []


def test_a_name_that_is_taken_is_refused_and_untouched(stack: Stack, emulator: Emulator) -> None:
    stack.program('service("mine", service_name="taken")')
    stack.up()
    other = emulator.admin.resources("modelarts")[0]
    stack.program('service("theirs", service_name="taken")')
    run = stack.try_up("--target", "**theirs")
    assert not run.ok
    assert f"{other['service_id']} has this service_name already" in run.diagnostics
    assert "the mark of another resource" in run.diagnostics
    assert emulator.admin.resources("modelarts")[0]["config"] == other["config"]
    assert creates(emulator) == 1


def test_an_update_that_the_cloud_rolls_back_is_a_failure(stack: Stack, emulator: Emulator) -> None:
    stack.program('service("svc", config=[config("m1")])')
    stack.up()
    emulator.admin.deploy_seconds(3600)
    stack.program('service("svc", config=[config("m2")])')
    _, shown = fail_while_deploying(stack, emulator, "no resources")
    assert "rolled the change of config back" in shown
    assert stack.resource("svc")["outputs"]["config"][0]["modelId"] == "m1"
    emulator.admin.deploy_seconds(0)
    stack.up()
    assert emulator.admin.resources("modelarts")[0]["config"][0]["model_id"] == "m2"
    assert stack.up("--refresh").unchanged


def test_a_lost_answer_to_create_makes_no_second_service(stack: Stack, emulator: Emulator) -> None:
    rule = {"cloud": "modelarts", "operation": "CreateService", "fault": "lost-response"}
    emulator.admin.faults({**rule, "times": 1})
    stack.program('service("automatic")\nservice("given", service_name="given")')
    stack.up("--parallel", "1")
    assert len(emulator.admin.resources("modelarts")) == 2
    assert creates(emulator) == 2
    assert stack.up("--refresh").unchanged


def providers(stack: Stack) -> list[int]:
    """Ids of the provider processes that were started with a stack's environment."""
    mark = stack.environment["PULUMI_BACKEND_URL"].encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                ours = mark in (entry / "environ").read_bytes()
                if ours and b"pulumi.dynamic" in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_provider_does_not_outlive_a_killed_cli(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.deploy_seconds(3600)
    stack.program('service("svc")')
    with stack.start("up", "--yes", "--skip-preview") as running:
        for line in running.stdout or ():
            if "deploying 0%" in line:
                break
        (provider,) = providers(stack)
        handle = os.pidfd_open(provider)
        running.kill()
    ended, _, _ = select.select([handle], [], [], 60)
    os.close(handle)
    assert ended, "the provider is still there"


def test_a_killed_provider_leaves_nothing_behind(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.deploy_seconds(3600)
    stack.program('service("automatic")\nservice("given", service_name="given")')
    with stack.start("up", "--yes", "--skip-preview") as running:
        seen = 0
        for line in running.stdout or ():
            seen += "deploying 0%" in line
            if seen == 2:
                running.kill()
                break
    emulator.admin.deploy_seconds(0)
    assert stack.run("cancel", "--yes").ok
    run = stack.up()
    assert "resuming" in run.output
    assert creates(emulator) == 2
    assert len(emulator.admin.resources("modelarts")) == 2
    assert stack.up("--refresh").unchanged
