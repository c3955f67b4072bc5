"""The HTTP side: from an aiohttp request to a call and back, with journal and faults in between."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from pulumi_modeldeploy.emulator.admin import PREFIX, Admin
from pulumi_modeldeploy.emulator.calls import Call, Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pulumi_modeldeploy.emulator.calls import Cloud, Document, Operation
    from pulumi_modeldeploy.emulator.faults import Rule
    from pulumi_modeldeploy.emulator.world import World

#: Huawei's gateway takes 12 MB at most.
LARGEST_BODY = 12 * 1024 * 1024

_GET = "GET"


class Server:
    """Serves a world on one port.

    Reading a body and waiting on purpose are the only points at which two requests mix; the work
    of a call runs in one piece, so the state needs no locks.
    """

    def __init__(self, world: World, *, host: str, port: int) -> None:
        self._world = world
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """`http://HOST:PORT`, once started."""
        return self._world.base_url

    async def start(self) -> None:
        """Begin to listen; raises `OSError` if the port is taken."""
        # A held request ends when its client goes away.
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=0.1,
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self._port)
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        port = runner.addresses[0][1]
        shown = f"[{self._host}]" if ":" in self._host else self._host
        self._world.base_url = f"http://{shown}:{port}"

    async def stop(self) -> None:
        """Stop listening, drop what is open, write the state file."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._world.save()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=LARGEST_BODY, middlewares=[self._unknown])
        router = application.router
        for operation in Admin(self._world).operations:
            router.add_route(operation.method, operation.path, partial(self._admin, operation))
        routed = set()
        for cloud in self._world.clouds:
            for operation in cloud.operations:
                route = (operation.method, operation.path)
                if route not in routed:
                    router.add_route(*route, partial(self._vendor, cloud, operation))
                routed.add(route)
        return application

    # Requests

    async def _admin(self, operation: Operation, request: web.Request) -> web.StreamResponse:
        call = await _call(request)
        reply = operation.answer(call)
        if call.method != _GET:
            self._world.save()
        return _response(reply)

    async def _vendor(
        self, cloud: Cloud, operation: Operation, request: web.Request
    ) -> web.StreamResponse:
        call = await _call(request)
        operation = cloud.pick(operation, call)
        entry = self._journal(cloud, operation.name, call)
        rule = self._world.faults.hit(cloud.name, operation.name)
        if rule is None:
            return _response(self._work(cloud, operation, call, entry))
        entry["fault"] = rule.fault
        if rule.fault in _BEFORE:
            return await _BEFORE[rule.fault](request)
        if rule.fault == "status":
            reply = cloud.fault(operation, rule.status, rule.code, rule.seconds)
            entry["status"] = reply.status
            return _response(reply)
        reply = self._work(cloud, operation, call, entry)
        return await _AFTER[rule.fault](request, reply, rule)

    def _work(self, cloud: Cloud, operation: Operation, call: Call, entry: Document) -> Reply:
        reply = cloud.refuse(operation, call)
        if reply is None:
            reply = operation.answer(call)
            if cloud.moved or not (call.method == _GET or operation.counts_only):
                self._world.save()
        entry["status"] = reply.status
        return reply

    def _journal(self, cloud: Cloud, operation: str, call: Call) -> Document:
        return self._world.journal.open(
            call,
            cloud=cloud.name,
            operation=operation,
            at=self._world.clock.now(),
            masked=cloud.masked,
        )

    @web.middleware
    async def _unknown(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer what nobody serves in the shape of the cloud that it looks like."""
        problem = request.match_info.http_exception
        if problem is None:
            return await handler(request)
        call = await _call(request)
        if call.path.startswith(PREFIX):
            return _response(Reply(404, {"error": f"there is no {call.method} {call.path}"}))
        fits = (each for each in self._world.clouds if call.path.startswith(each.prefixes))
        cloud = next(fits, self._world.clouds[0])
        entry = self._journal(cloud, "Unknown", call)
        known = isinstance(problem, web.HTTPMethodNotAllowed)
        reply = cloud.unknown(known_path=known)
        entry["status"] = reply.status
        return _response(reply)


async def _call(request: web.Request) -> Call:
    return Call(
        method=request.method,
        raw_path=request.rel_url.raw_path,
        raw_query=request.rel_url.raw_query_string,
        headers=request.headers,
        body=await request.read(),
        params=request.match_info,
    )


def _response(reply: Reply) -> web.Response:
    if reply.text is not None:
        return web.Response(status=reply.status, headers=reply.headers, text=reply.text)
    if reply.body is None:
        return web.Response(status=reply.status, headers=reply.headers)
    return web.Response(
        status=reply.status,
        body=json.dumps(reply.body, ensure_ascii=False).encode(),
        headers=reply.headers,
        content_type="application/json",
        charset="utf-8",
    )


# --- faults -----------------------------------------------------------------------------------


async def _drop(request: web.Request) -> web.StreamResponse:
    """Cut the connection; aiohttp finds nobody to send the returned answer to."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _timeout(request: web.Request) -> web.StreamResponse:
    """Hold until the client goes away (or the server stops), which cancels this handler."""
    await asyncio.Event().wait()
    return await _drop(request)


async def _lost_response(request: web.Request, _reply: Reply, _rule: Rule) -> web.StreamResponse:
    return await _drop(request)


async def _truncate(request: web.Request, reply: Reply, _rule: Rule) -> web.StreamResponse:
    """Promise the whole body and send half of it."""
    whole = _response(reply)
    body = whole.body if isinstance(whole.body, bytes) else b""
    part = web.StreamResponse(status=whole.status, headers=whole.headers)
    part.content_length = len(body)
    await part.prepare(request)
    await part.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return part


async def _slow(_request: web.Request, reply: Reply, rule: Rule) -> web.StreamResponse:
    await asyncio.sleep(rule.seconds)
    return _response(reply)


_BEFORE: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
    "reset": _drop,
    "timeout": _timeout,
}
_AFTER: dict[str, Callable[[web.Request, Reply, Rule], Awaitable[web.StreamResponse]]] = {
    "truncate": _truncate,
    "lost-response": _lost_response,
    "slow": _slow,
}
