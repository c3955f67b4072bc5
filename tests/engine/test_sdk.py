"""What the SDK does not hand over: each reach works under the real engine, and does without it."""

from __future__ import annotations

import base64
import importlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from google.protobuf import any_pb2, struct_pb2
from pulumi.dynamic.dynamic import serialize_provider

from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.engine import sdk
from pulumi_modeldeploy.engine.dynamic import rebuilt_urn
from pulumi_modeldeploy.engine.providers import PROVIDERS

if TYPE_CHECKING:
    from conftest import Stack

PROBE = """
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.engine import sdk
from pulumi_modeldeploy.engine.dynamic import rebuilt_urn


class Probe(ResourceProvider):
    def create(self, props):
        request = sdk.current_request()
        sdk.Row(request.urn).show("a line in the row")
        sdk.Row(request.urn).warn("a line that stays")
        seen = {
            "urn": request.urn,
            "timeout": request.timeout,
            "alive": request.alive(),
            "width": sdk.widen_pool(100),
            "hears": sdk.hear_cancel(),
        }
        return CreateResult("probe", {"seen": seen})

    def diff(self, id, olds, news):
        from pulumi.dynamic import DiffResult
        raise RuntimeError(f"differ: {sdk.current_request().inputs_differ}")

    def read(self, id, props):
        raise RuntimeError(f"inputs: {sdk.current_request().inputs['value']}")


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
    assert (seen["width"], seen["hears"]) == (100, True)
    assert "a line in the row" in run.output
    assert "a line in the row" not in run.diagnostics
    assert "a line that stays" in run.diagnostics
    assert "differ: False" in stack.try_up().diagnostics
    stack.program(PROBE.replace("VALUE", "2"), head="")
    assert "differ: True" in stack.try_up().diagnostics
    assert "inputs: 1.0" in stack.run("refresh", "--yes", "--skip-preview").diagnostics


TOKEN = "pulumi-python:dynamic/modelarts:Service"


@pytest.mark.parametrize(
    ("parent", "chain"),
    [
        (None, ""),
        ("urn:pulumi:dev::proj::pulumi:pulumi:Stack::proj-dev", ""),
        ("urn:pulumi:dev::proj::app:Web::team", "app:Web$"),
        ("urn:pulumi:dev::proj::app:Web$app:Part::team", "app:Web$app:Part$"),
    ],
)
def test_the_urn_can_be_told_without_the_request(parent: str | None, chain: str) -> None:
    identity = Identity("organization", "proj", "dev")
    urn = rebuilt_urn(identity, TOKEN, {"name": "a::b", "parent": parent})
    assert urn == f"urn:pulumi:dev::proj::{chain}{TOKEN}::a::b"


def test_outside_of_a_request_everything_goes_on_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    request = sdk.current_request()
    assert request == sdk.Request()
    assert request.alive()
    assert sdk.widen_pool() == 0
    assert not sdk.hear_cancel()
    sdk.short_error(request, "text")
    sdk.partial_error(request, "id", struct_pb2.Struct(), ["reason"])
    monkeypatch.setattr(sys, "argv", ["program"])
    sdk.Row("urn").show("nobody listens")
    assert capsys.readouterr().err == ""


def test_what_was_submitted_before_the_pool_was_widened_gets_threads_too() -> None:
    everybody = threading.Barrier(10)
    with ThreadPoolExecutor(max_workers=1) as pool:
        first = pool.submit(lambda: (sdk.widen_pool(10), everybody.wait(60)))
        others = [pool.submit(everybody.wait, 60) for _ in range(9)]
        width, place = first.result(60)
        assert width == 10
        assert sorted([place, *(one.result(60) for one in others)]) == list(range(10))


def test_the_pool_is_found_without_the_thread_s_arguments() -> None:
    def width() -> int:
        threading.current_thread()._args = ()
        return sdk.widen_pool(7)

    with ThreadPoolExecutor(max_workers=1) as pool:
        assert pool.submit(width).result(60) == 7
        assert pool.submit(lambda: sdk.widen_pool(3)).result(60) == 7


def test_a_line_that_the_engine_does_not_take_is_not_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["program", "127.0.0.1:1"])
    monkeypatch.setattr(sdk, "_ENGINE", [])
    sdk.Row("urn").warn("nobody is there")
    assert "nobody is there" in capsys.readouterr().err


@pytest.mark.parametrize("order", ["{0}; {1}", "{1}; {0}"])
def test_it_loads_beside_the_sdk_s_own_provider_module(order: str) -> None:
    ours, theirs = "import pulumi_modeldeploy.engine.sdk", "import pulumi.provider"
    program = order.format(ours, theirs)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_status_is_what_protobuf_reads() -> None:
    # As late as this: beside the SDK's own module of that name it does not load everywhere.
    status_pb2 = importlib.import_module("google.rpc.status_pb2")
    details = any_pb2.Any(type_url="type.googleapis.com/kind", value=b"x" * 300)
    read = status_pb2.Status.FromString(sdk._status("ümlaut " * 50, details))
    assert (read.code, read.message, list(read.details)) == (2, "ümlaut " * 50, [details])


def test_providers_are_stateless_and_pickled_by_name() -> None:
    for provider in PROVIDERS.values():
        assert vars(provider()) == {}
        assert provider.serialize_as_secret_always is False
        pickle = base64.b64decode(serialize_provider(provider()))
        assert provider.__qualname__.encode() in pickle
        assert len(pickle) < 100
