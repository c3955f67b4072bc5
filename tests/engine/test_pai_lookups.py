"""Lookups of PAI in programs of the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

HEAD = """\
import pulumi
from pulumi_modeldeploy import pai


"""
PROGRAM = """
shared = pai.get_service(labels={"team": "models"})
made = pai.AppService(
    "made", app_type="LLM", service_spec=shared.service_spec, replicas=shared.total_instance
)
there = pai.get_service_output(service_name=made.service_name)
pulumi.export("url", there.internet_endpoint)
events = pai.get_service_events_output(service_name=made.service_name)
pulumi.export("last", events.apply(lambda found: found[0].reason))
pulumi.export("shared", pai.get_service_endpoints(service_name="shared").access_token)
pulumi.export("made", pai.get_service_endpoints_output(service_name=made.id).access_token)
"""
SHARED = {
    "ServiceName": "shared",
    "AppType": "LLM",
    "ServiceSpec": "baichuan_13b_fp16",
    "Replicas": 2,
    "Labels": {"team": "models"},
}
MISSING = (
    "cannot look up a service: there is none with service_name 'sahred'; names like it: 'shared'"
)


def test_a_program_looks_up_a_service_and_then_its_own(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(pai={"services": [SHARED]})
    stack.program(PROGRAM, head=HEAD)
    run = stack.preview()
    assert run.ok, run.output
    assert emulator.admin.requests("DescribeServiceEvent") == [], "nothing is known yet"
    shown = stack.up().output
    shared, made = emulator.admin.resources("pai")
    assert (made["AppSpecName"], made["TotalInstance"]) == ("baichuan_13b_fp16", 2)
    assert stack.run("stack", "output", "url").output.strip() == made["InternetEndpoint"]
    assert stack.run("stack", "output", "last").output.strip() == "Running"
    assert stack.up("--refresh").unchanged

    shown += stack.run("stack", "output").output
    stored = stack.stored_bytes()
    for one, name in ((shared, "shared"), (made, "made")):
        assert one["AccessToken"] not in shown
        assert one["AccessToken"].encode() not in stored
        told = stack.run("stack", "output", name, "--show-secrets").output
        assert told.strip() == one["AccessToken"]

    stack.program('pai.get_service(service_name="sahred")', head=HEAD)
    for run in (stack.preview(), stack.try_up()):
        assert not run.ok
        assert "Traceback" not in run.output
        lines = [line.strip() for line in run.diagnostics.splitlines()]
        assert [line for line in lines if "service" in line] == [f"error: {MISSING}"]
