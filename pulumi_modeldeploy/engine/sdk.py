"""What Pulumi's SDK does not hand over to a dynamic provider.

Each reach has a function of its own that works without it too (then with less comfort), and a test
that fails when a new SDK breaks it. Facts were seen with engine 3.200 and SDK 3.272.
"""

from __future__ import annotations

import gc
import os
import re
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import FunctionType
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import any_pb2, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from types import FrameType

SERVICER = "pulumi.dynamic.__main__"
STATUS_DETAILS = "grpc-status-details-bin"
UNKNOWN_ERROR = 2
"""gRPC's UNKNOWN: the code that the SDK itself aborts with."""


@dataclass(frozen=True)
class Request:
    """The engine's request that a provider method runs for.

    Attributes:
        urn: The resource; empty where it cannot be found out.
        timeout: Pulumi's custom timeout of this operation in seconds; `None`: none was given.
        alive: Whether the run that sent it is still going on.
        inputs_differ: In a diff: whether the engine itself sees old and new inputs differ.
        context: gRPC's context of the call, `None` where it cannot be found out.
        inputs: In a read: what the state has as inputs; empty where it cannot be found out.
    """

    urn: str = ""
    timeout: float | None = None
    alive: Callable[[], bool] = lambda: True
    inputs_differ: bool = False
    context: Any = None
    inputs: Mapping[str, Any] = field(default_factory=dict)


def current_request() -> Request:
    """Find the request that the caller serves, in the locals of the SDK's servicer method."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  (no public way exists)
    while frame is not None:
        if _is_servicer(frame):
            return _request(frame.f_locals["request"], frame.f_locals["context"])
        frame = frame.f_back
    return Request()


def _request(request: Any, context: Any) -> Request:
    return Request(
        request.urn,
        getattr(request, "timeout", 0.0) or None,
        lambda: context.is_active() and not CANCELLED.is_set(),
        _inputs_differ(request),
        context,
        _inputs(request),
    )


def _is_servicer(frame: FrameType) -> bool:
    spec = frame.f_globals.get("__spec__")
    named = getattr(spec, "name", "") == SERVICER
    return named and "request" in frame.f_locals and "context" in frame.f_locals


def pause(seconds: float) -> None:
    """Sleep; the engine's Cancel ends that at once."""
    CANCELLED.wait(seconds)


def _cancel(self: Any, request: Any, context: Any) -> Any:  # noqa: ARG001  (the SDK's signature)
    """Take the place of the SDK's method for the engine's Cancel, which does nothing."""
    # Its globals will be the SDK's.
    from google.protobuf import empty_pb2  # noqa: PLC0415

    from pulumi_modeldeploy.engine.sdk import CANCELLED  # noqa: PLC0415

    CANCELLED.set()
    return empty_pb2.Empty()


CANCELLED = threading.Event()
"""Set when the engine has cancelled the run (Ctrl-C): what goes on should come to a clean end."""


def hear_cancel() -> bool:
    """See that a Cancel of the engine sets `CANCELLED`; tells whether that could be done.

    gRPC keeps the bound method of the servicer, so its code is exchanged and not the method.
    """
    servicer = getattr(sys.modules.get("__main__"), "DynamicResourceProviderServicer", None)
    theirs: Any = getattr(servicer, "Cancel", None)
    if not isinstance(theirs, FunctionType) or theirs.__closure__:
        return False
    theirs.__code__ = _cancel.__code__
    return True


WIDTH = 1000
"""Verbs that a provider process serves at a time; how many there are is for `--parallel` to say."""


def widen_pool(width: int = WIDTH) -> int:
    """Let this process serve many verbs at a time; the SDK's pool has four threads.

    Called in a thread of the pool. Threads are made as they are needed.

    Returns:
        How wide the pool is now; 0 if it cannot be found.
    """
    pool = _pool_of(threading.current_thread())
    if pool is None:
        return 0
    most: int = max(pool._max_workers, width)  # noqa: SLF001  (no public way exists)
    pool._max_workers = most  # noqa: SLF001
    for _ in range(pool._work_queue.qsize()):  # noqa: SLF001
        # Threads are made when something is submitted: what came before gets one each like this.
        pool.submit(int)
    return most


def _pool_of(thread: threading.Thread) -> ThreadPoolExecutor | None:
    """Find the pool that a thread works for: among its arguments, else among all pools."""
    for one in getattr(thread, "_args", None) or ():
        pool = one() if isinstance(one, weakref.ref) else None
        if isinstance(pool, ThreadPoolExecutor):
            return pool
    pools = (one for one in gc.get_objects() if isinstance(one, ThreadPoolExecutor))
    return next((one for one in pools if thread in one._threads), None)  # noqa: SLF001


def is_program(task: asyncio.Task[Any]) -> bool:
    """Tell the task that runs the program and, in the end, waits for every Output.

    Waiting for it from an Output would be waiting for oneself.
    """
    return getattr(task.get_coro(), "__qualname__", "") == "run_in_stack"


def _inputs_differ(request: Any) -> bool:
    """Compare the inputs of a diff request as the engine does: without its internal keys."""
    bags = [getattr(request, name, None) for name in ("old_inputs", "news")]
    old, new = (
        {k: v for k, v in bag.fields.items() if not k.startswith("__")} if bag else {}
        for bag in bags
    )
    return bool(old) and old != new


def _inputs(request: Any) -> dict[str, Any]:
    """Take the inputs out of a read request; others have theirs among the method's arguments."""
    if not isinstance(request, provider_pb2.ReadRequest):
        return {}
    found: dict[str, Any] = rpc.deserialize_properties(request.inputs)
    return found


def short_error(request: Request, message: str) -> None:
    """Let the exception that is about to be raised be shown as `message`, without a traceback."""
    _trail(request, _status(message))


def partial_error(
    request: Request, identifier: str, state: struct_pb2.Struct, reasons: list[str]
) -> None:
    """Let the exception that is about to be raised store the resource with its id and reasons."""
    details = any_pb2.Any()
    details.Pack(
        provider_pb2.ErrorResourceInitFailed(id=identifier, properties=state, reasons=reasons)
    )
    _trail(request, _status("; ".join(reasons), details))


def _trail(request: Request, status: bytes) -> None:
    if request.context is not None:
        request.context.set_trailing_metadata(((STATUS_DETAILS, status),))


def _status(message: str, *details: any_pb2.Any) -> bytes:
    """Encode a `google.rpc.Status`: 1 code, 2 message, 3 details.

    By hand, since two packages register that message under the same name (Pulumi's SDK and
    googleapis-common-protos), and whoever comes second fails to load.
    """
    code = bytes((0x08, UNKNOWN_ERROR))
    parts = [_field(2, message.encode()), *(_field(3, one.SerializeToString()) for one in details)]
    return code + b"".join(parts)


def _field(number: int, data: bytes) -> bytes:
    """Encode a length-delimited field of protobuf's wire format."""
    return bytes((number << 3 | 2,)) + _varint(len(data)) + data


SEVEN_BITS = 0x7F


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > SEVEN_BITS:
        encoded.append(number & SEVEN_BITS | 0x80)
        number >>= 7
    return bytes((*encoded, number))


class Row:
    """The resource's row in `pulumi up`: shows a line when it changed, and warnings."""

    def __init__(self, urn: str) -> None:
        self._urn, self._last = urn, ""

    def show(self, text: str) -> None:
        """Show `text` in the row until the next line comes."""
        if text != self._last:
            self._last = text
            _log(self._urn, engine_pb2.INFO, text, ephemeral=True)

    def warn(self, text: str) -> None:
        """Show `text` in the row and among the diagnostics at the end."""
        _log(self._urn, engine_pb2.WARNING, text, ephemeral=False)


def leave_with_engine() -> None:
    """End this process when its engine is gone: a killed CLI leaves its providers behind.

    A connection that was lost shows as idle; one that cannot be made again, as a failure.
    """
    address = _engine_address()
    if not address:
        return
    channel = grpc.insecure_channel(address)

    def watch(state: grpc.ChannelConnectivity) -> None:
        if state is grpc.ChannelConnectivity.IDLE:
            channel.unsubscribe(watch)
            channel.subscribe(watch, try_to_connect=True)
        elif state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            os._exit(1)  # threads may be in the middle of waits that nobody waits for any more

    channel.subscribe(watch, try_to_connect=True)


def _engine_address() -> str:
    """The engine's address: the first argument of a provider process; empty elsewhere."""
    address = sys.argv[1] if len(sys.argv) > 1 else ""
    return address if re.fullmatch(r"[0-9.]+:[0-9]+", address) else ""


_ENGINE: list[engine_pb2_grpc.EngineStub] = []


def _log(urn: str, severity: Any, text: str, *, ephemeral: bool) -> None:
    """Send a line to the engine."""
    address = _engine_address()
    if not urn or not address:
        return
    if not _ENGINE:
        _ENGINE.append(engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)))
    line = engine_pb2.LogRequest(severity=severity, message=text, urn=urn, ephemeral=ephemeral)
    try:
        _ENGINE[0].Log(line, timeout=5)
    except grpc.RpcError:
        # A lost line of progress must not fail a deployment; stderr is the only place left.
        sys.stderr.write(f"{text}\n")
