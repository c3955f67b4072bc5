"""An emulator inside the running process: its event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import requests

from pulumi_modeldeploy.emulator.admin import PREFIX
from pulumi_modeldeploy.emulator.environment import environment
from pulumi_modeldeploy.emulator.server import Server
from pulumi_modeldeploy.emulator.world import World

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

_SECONDS = 30


class AdminClient:
    """The admin routes of an emulator, as methods. Refusals raise `requests.HTTPError`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def reset(self) -> None:
        """Forget everything."""
        self._call("POST", "reset")

    def requests(self, operation: str | None = None, *, after: int = 0) -> list[dict[str, Any]]:
        """Return the journal, optionally of one operation or behind the number `after` only."""
        entries: list[dict[str, Any]] = self._call("GET", f"requests?after={after}")
        return [entry for entry in entries if operation in (None, entry["operation"])]

    def resources(self, cloud: str) -> list[dict[str, Any]]:
        """Return what is deployed in a cloud."""
        resources: dict[str, list[dict[str, Any]]] = self._call("GET", "resources")
        return resources[cloud]

    def faults(self, *rules: dict[str, Any]) -> None:
        """Replace the fault rules; without rules nothing goes wrong any more."""
        self._call("POST", "faults", {"rules": list(rules)})

    def seed(self, **clouds: dict[str, Any]) -> None:
        """Add objects, as in `seed(modelarts={"models": [...]})`."""
        self._call("POST", "seed", clouds)

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._call("POST", "clock", {"advance": seconds})

    def deploy_seconds(self, seconds: float) -> None:
        """Change how long a deployment takes."""
        self._call("POST", "clock", {"deploySeconds": seconds})

    def fail(self, service_id: str, reason: str = "injected failure", **how: Any) -> None:
        """Make a service fail."""
        self._call("POST", f"services/{service_id}/fail", {"reason": reason, **how})

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self._url}{PREFIX}/{path}"
        response = requests.request(method, url, json=body, timeout=_SECONDS)
        if not response.ok:
            problem = f"{response.status_code} from {method} {PREFIX}/{path}: {response.text}"
            raise requests.HTTPError(problem, response=response)
        return response.json()


class Emulator:
    """An emulator for tests, as a context manager.

    `url`, `env` (the environment that makes programs use it) and `admin` are there inside the
    block. A start that fails raises what made it fail.
    """

    def __init__(
        self,
        *,
        deploy_time: float = 0.0,
        state: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._world = World(deploy_time, state)
        self._server = Server(self._world, host=host, port=port)
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)
        self._started: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    @property
    def url(self) -> str:
        """`http://HOST:PORT`."""
        return self._server.url

    @property
    def env(self) -> dict[str, str]:
        """Endpoints and credentials as environment variables."""
        return environment(self.url)

    @property
    def admin(self) -> AdminClient:
        """The admin routes as methods."""
        return AdminClient(self.url)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result(_SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_SECONDS)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            await self._server.start()
        except Exception as error:  # noqa: BLE001 - raised in the thread that waits for the start
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        await self._stop.wait()
        await self._server.stop()
