"""What the screen says when ModelArts has no room, or takes an update back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_modeldeploy.modelarts.advice import advise

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator


def test_a_quota_and_then_an_update_that_is_rolled_back(stack: Stack, emulator: Emulator) -> None:
    quota = {"operation": "CreateService", "fault": "status", "code": "ModelArts.3520"}
    emulator.admin.faults({**quota, "status": 400})
    stack.program('service("svc", config=[config("m1")])')
    run = stack.try_up()
    assert not run.ok
    (line,) = [one.strip() for one in run.diagnostics.splitlines() if "3520" in one]
    assert line.startswith("error: CreateService: Injected. (HTTP 400, ModelArts.3520, request ")
    assert f"); {advise(400, 'ModelArts.3520')}. Nothing was stored; " in line
    assert "Traceback" not in run.output
    assert stack.resources() == []

    emulator.admin.faults()
    stack.up()
    emulator.admin.fail(stack.resource("svc")["id"], "no node left", next=True)
    stack.program('service("svc", config=[config("m2")])')
    run = stack.try_up()
    assert not run.ok
    (line,) = [one for one in run.diagnostics.splitlines() if "former configuration" in one]
    assert "rolled the change of config back (update service failed: no node left; " in line
    assert "; update log: FAIL of 20" in line
    assert line.endswith(" UTC). It is stored with its id; `pulumi up` goes on with it.")
    stack.up()
    assert stack.up("--refresh").unchanged
