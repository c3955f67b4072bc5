"""The emulated cloud as a process of its own: in ours it would share the interpreter with us."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.emulator import AdminClient

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class Cloud:
    """`modeldeploy emulator` as a context manager.

    Attributes:
        env: Endpoints and credentials as environment variables.
        token: A token that is accepted as well.
        admin: The admin routes as methods.
    """

    def __init__(self, deploy_seconds: float) -> None:
        """Prepare; deployments take `deploy_seconds`."""
        words = ["--port", "0", "--deploy-time", str(deploy_seconds), "--print-env"]
        self._command = [sys.executable, "-m", "pulumi_modeldeploy.cli", "emulator", *words]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - the command of this package
            self._command, stdout=subprocess.PIPE, text=True
        )
        printed = self._until_it_listens()
        self.env = dict(re.findall(r"^export (\w+)=(.*)$", printed, re.MULTILINE))
        (self.token,) = re.findall(r"^# also accepted: HW_AUTH_TOKEN=(.*)$", printed, re.MULTILINE)
        self.admin = AdminClient(self.env["MODELARTS_ENDPOINT"])
        return self

    def _until_it_listens(self) -> str:
        printed = ""
        for line in self._process.stdout or ():
            if line.startswith("# listening on "):
                return printed
            printed += line
        raise RuntimeError("the emulator did not start")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    def running(self) -> dict[str, dict[str, Any]]:
        """The services that run, by id.

        Raises:
            AssertionError: Some do not, or two have one name.
        """
        services = self.admin.resources("modelarts")
        states = {one["status"] for one in services}
        names = {one["service_name"] for one in services}
        if states - {"running"} or len(names) != len(services):
            raise AssertionError(f"{len(services)} services, {len(names)} names, states {states}")
        return {one["service_id"]: one for one in services}
