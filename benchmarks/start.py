"""How long a provider process takes from its start to its first answered check."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import struct_pb2
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from benchmarks.project import PROGRAMS
from benchmarks.ratio import Ratio, best
from pulumi_modeldeploy.engine.providers import ModelArtsService

if TYPE_CHECKING:
    from pulumi.dynamic import ResourceProvider

FOLDER = PROGRAMS / "plain"
LONGEST = 60
"""Seconds that an answer may take."""
INPUTS = {
    "inferType": "real-time",
    "serviceName": "digits",
    "config": [
        {"modelId": "m1", "weight": 100, "specification": "modelarts.vm.cpu.2u", "instanceCount": 1}
    ],
}
BOOKKEEPING = {"organization": "o", "project": "p", "stack": "s", "name": "digits", "secrets": []}
URN = "urn:pulumi:s::p::pulumi-python:dynamic/modelarts:Service::digits"
CONFIG = {
    "modelarts:preflight": "off",
    "modelarts:region": "cn-north-4",
    "modelarts:projectId": "0123456789abcdef0123456789abcdef",
}
"""Without a preflight: what a cloud answers is no start of ours."""


def measure() -> list[Ratio]:
    """Compare."""
    engine = grpc.server(ThreadPoolExecutor(1))
    address = f"127.0.0.1:{engine.add_insecure_port('127.0.0.1:0')}"
    engine.start()
    inputs: dict[str, Any] = {**INPUTS, "modeldeploy": BOOKKEEPING}
    try:
        measured, baseline = best(
            5,
            partial(_first_check, address, ModelArtsService(), inputs),
            partial(_first_check, address, _empty(), INPUTS),
        )
    finally:
        engine.stop(None)
    name = "provider process, from its start to its first check"
    return [Ratio(name, measured, baseline, "an empty provider")]


def _empty() -> ResourceProvider:
    """Make the provider that does nothing, out of the module that the program has it from."""
    sys.path.insert(0, str(FOLDER))
    provider: ResourceProvider = importlib.import_module("plain").PROVIDERS["empty"]()
    return provider


def _first_check(address: str, provider: ResourceProvider, inputs: dict[str, Any]) -> float:
    """Start a process as the engine does and have something checked; answers the seconds."""
    news = struct_pb2.Struct()
    news.update({**inputs, "__provider": serialize_provider(provider)})
    config = struct_pb2.Struct()
    config.update(CONFIG)
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - the command of the SDK's own script
        [sys.executable, "-u", "-m", "pulumi.dynamic", address],
        cwd=FOLDER,
        env={name: value for name, value in os.environ.items() if name != "WIDTH"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                stub.Configure(
                    provider_pb2.ConfigureRequest(args=config), timeout=LONGEST, wait_for_ready=True
                )
                answer = stub.Check(provider_pb2.CheckRequest(urn=URN, news=news), timeout=LONGEST)
            seconds = time.perf_counter() - began
        finally:
            process.kill()
    if answer.failures or answer.inputs["serviceName"] != "digits":
        raise AssertionError(answer)
    return seconds
