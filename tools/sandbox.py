"""A place where the Pulumi engine runs and leaves no trace: its state, its home, its project."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self

ROOT = Path(__file__).resolve().parent.parent
FOREIGN = (
    *("PULUMI_", "MODELARTS_", "HW_", "OS_", "ZSTACK_"),
    *("PAI_", "ALIBABA_CLOUD_", "ALICLOUD_"),
)
"""Variables of the caller that would lead somewhere else: their prefixes."""
OURS = "PULUMI_MODELDEPLOY_"
LOCAL = "127.0.0.1,localhost"


def engine() -> Path:
    """Return the bin folder of an engine, getting one if need be."""
    script = ROOT / "tools" / "engine" / "get_engine.py"
    command = [sys.executable, str(script)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return Path(done.stdout.strip())


class Sandbox:
    """Runs `pulumi` on a project folder of its own, with a file backend beside it.

    Attributes:
        project: The folder of the Pulumi project; empty at first.
        env: The environment that `pulumi` gets.
    """

    def __init__(self, engine_bin: Path, environ: Mapping[str, str]) -> None:
        """Prepare for an engine; `environ` is added to the environment, e.g. an emulator's."""
        self._folder = tempfile.TemporaryDirectory(prefix="modeldeploy-")
        base = Path(self._folder.name)
        self.project = base / "project"
        for folder in (self.project, base / "state", base / "home"):
            folder.mkdir()
        self.env = {
            **{name: value for name, value in os.environ.items() if not _is_foreign(name)},
            "PATH": f"{engine_bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PULUMI_HOME": str(base / "home"),
            "PULUMI_BACKEND_URL": (base / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "sandbox",
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "NO_PROXY": LOCAL,
            "no_proxy": LOCAL,  # the spelling that is asked first
            **environ,
        }

    def pulumi(self, *words: str) -> None:
        """Run `pulumi`, its output where ours goes.

        Raises:
            subprocess.CalledProcessError: It failed.
        """
        command = ["pulumi", *words]
        with subprocess.Popen(command, cwd=self.project, env=self.env) as process:  # noqa: S603
            try:
                code = process.wait()
            except KeyboardInterrupt:
                process.wait()  # it got the Ctrl-C as well; killed, it would leave its providers
                raise
        if code:
            raise subprocess.CalledProcessError(code, command)

    def ask(self, *words: str) -> str:
        """Run `pulumi` and return what it prints.

        Raises:
            subprocess.CalledProcessError: It failed; what it printed went to stderr.
        """
        command = ["pulumi", *words, "--non-interactive"]
        done = subprocess.run(  # noqa: S603
            command, cwd=self.project, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.stderr.write(done.stdout + done.stderr)
            raise subprocess.CalledProcessError(done.returncode, command)
        return done.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()


def _is_foreign(name: str) -> bool:
    return name.startswith(FOREIGN) and not name.startswith(OURS)
