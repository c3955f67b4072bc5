"""What the SDK does not hand over: each reach works under the real engine, and does without it."""

from __future__ import annotations

import base64
import sys
from typing import TYPE_CHECKING

from google.protobuf import struct_pb2
from pulumi.dynamic.dynamic import serialize_provider

from pulumi_modeldeploy.engine import sdk
from pulumi_modeldeploy.engine.providers import PROVIDERS

if TYPE_CHECKING:
    import pytest
    from conftest import Stack

PROBE = """
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider
from pulumi_modeldeploy.engine import sdk


class Probe(ResourceProvider):
    def create(self, props):
        request = sdk.current_request()
        sdk.Row(request.urn).show("a line in the row")
        sdk.Row(request.urn).warn("a line that stays")
        seen = {"urn": request.urn, "timeout": request.timeout, "alive": request.alive()}
        return CreateResult("probe", {"seen": seen})

    def diff(self, id, olds, news):
        from pulumi.dynamic import DiffResult
        raise RuntimeError(f"differ: {sdk.current_request().inputs_differ}")


class Kind(Resource, module="probe", name="Kind"):
    seen: pulumi.Output[dict]

    def __init__(self, name, value, opts=None):
        super().__init__(Probe(), name, {"seen": None, "value": value}, opts)


timeouts = pulumi.CustomTimeouts(create="90s")
pulumi.export("seen", Kind("probe", VALUE, pulumi.ResourceOptions(custom_timeouts=timeouts)).seen)
"""


def test_the_current_request_is_found_under_the_engine(stack: Stack) -> None:
    stack.program(PROBE.replace("VALUE", "1"), head="")
    run = stack.up()
    seen = stack.resources()[0]["outputs"]["seen"]
    assert seen["urn"].endswith("dynamic/probe:Kind::probe")
    assert (seen["timeout"], seen["alive"]) == (90, True)
    assert "a line in the row" in run.output
    assert "a line in the row" not in run.diagnostics
    assert "a line that stays" in run.diagnostics
    assert "differ: False" in stack.try_up().diagnostics
    stack.program(PROBE.replace("VALUE", "2"), head="")
    assert "differ: True" in stack.try_up().diagnostics


def test_outside_of_a_request_everything_goes_on_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    request = sdk.current_request()
    assert request == sdk.Request()
    assert request.alive()
    sdk.short_error(request, "text")
    sdk.partial_error(request, "id", struct_pb2.Struct(), ["reason"])
    monkeypatch.setattr(sys, "argv", ["program"])
    sdk.Row("urn").show("nobody listens")
    assert capsys.readouterr().err == ""


def test_a_line_that_the_engine_does_not_take_is_not_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["program", "127.0.0.1:1"])
    monkeypatch.setattr(sdk, "_ENGINE", [])
    sdk.Row("urn").warn("nobody is there")
    assert "nobody is there" in capsys.readouterr().err


def test_providers_are_stateless_and_pickled_by_name() -> None:
    for provider in PROVIDERS.values():
        assert vars(provider()) == {}
        assert provider.serialize_as_secret_always is False
        pickle = base64.b64decode(serialize_provider(provider()))
        assert provider.__qualname__.encode() in pickle
        assert len(pickle) < 100
