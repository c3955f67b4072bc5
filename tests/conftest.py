"""What all tests share: the real engine, an emulator, and stacks with a state folder each."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
SECONDS = 300
"""Longest that a command of the engine may take before a test gives up on it."""

HEAD = """\
import pulumi
from pulumi_modeldeploy import modelarts


def config(model_id="model-1", weight=100, **more):
    given = {"specification": "modelarts.vm.cpu.2u", "instance_count": 1, **more}
    return modelarts.ServiceConfigArgs(model_id=model_id, weight=weight, **given)


def service(name, *, opts=None, **given):
    given = {"infer_type": "real-time", "config": [config()], **given}
    return modelarts.Service(name, opts=opts, **given)


"""
"""What most test programs begin with."""


@dataclass(frozen=True)
class Run:
    """How a command of the engine ended."""

    code: int
    output: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def unchanged(self) -> bool:
        """Whether it ended well and touched nothing."""
        counts = re.findall(r"^ +[-+~]+ *\d+ ", self.output, flags=re.MULTILINE)
        return self.ok and not counts and "unchanged" in self.output

    @property
    def diagnostics(self) -> str:
        """What the command says at the end."""
        return self.output.partition("\nDiagnostics:")[2]


@dataclass
class Stack:
    """A Pulumi project in a folder of its own, run by the real CLI."""

    folder: Path
    environment: dict[str, str]
    engine: Path
    name: str = "dev"

    def program(self, text: str, *, head: str = HEAD) -> None:
        """Write the program, after what test programs begin with."""
        (self.folder / "__main__.py").write_text(head + text)

    def run(self, *words: str, env: dict[str, str] | None = None) -> Run:
        """Run `pulumi WORDS`."""
        done = subprocess.run(
            [str(self.engine / "pulumi"), *words, "--non-interactive"],
            cwd=self.folder,
            env={**self.environment, **(env or {})},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start `pulumi WORDS` and leave it running."""
        return subprocess.Popen(
            [str(self.engine / "pulumi"), *words, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def init(self) -> None:
        """Make the stack."""
        made = self.run("stack", "init", self.name)
        assert made.ok, made.output

    def up(self, *words: str) -> Run:
        """Deploy without a preview; it must end well."""
        run = self.try_up(*words)
        assert run.ok, run.output
        return run

    def try_up(self, *words: str) -> Run:
        """Deploy without a preview."""
        return self.run("up", "--yes", "--skip-preview", *words)

    def preview(self, *words: str) -> Run:
        """Preview."""
        return self.run("preview", *words)

    def refresh(self, *words: str) -> Run:
        """Refresh the state; it must end well."""
        run = self.run("refresh", "--yes", "--skip-preview", *words)
        assert run.ok, run.output
        return run

    def destroy(self) -> Run:
        """Destroy everything; it must end well."""
        run = self.run("destroy", "--yes", "--skip-preview")
        assert run.ok, run.output
        return run

    def configure(self, key: str, value: str, *, secret: bool = False) -> None:
        """Set a value of the stack configuration."""
        words = ["config", "set", *(["--secret"] if secret else []), key, value]
        assert self.run(*words).ok

    def resources(self) -> list[dict[str, Any]]:
        """The resources of this package in the state."""
        state = self.export()
        found: list[dict[str, Any]] = state["deployment"].get("resources") or []
        return [one for one in found if ":dynamic/" in one["type"]]

    def resource(self, name: str) -> dict[str, Any]:
        """One resource in the state."""
        return next(one for one in self.resources() if one["urn"].endswith(f"::{name}"))

    def export(self, *words: str) -> dict[str, Any]:
        """The state as the engine shows it."""
        run = self.run("stack", "export", *words)
        assert run.ok, run.output
        state: dict[str, Any] = json.loads(run.output)
        return state

    def stored_bytes(self) -> bytes:
        """Every file of the back end, as it is on the disk."""
        where = Path(self.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
        return b"".join(path.read_bytes() for path in where.rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def engine() -> Path:
    """The folder of the Pulumi engine; the first run on a machine may have to build it."""
    script = ROOT / "tools" / "engine" / "get_engine.py"
    done = subprocess.run(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, check=True
    )
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python that the engine runs, which knows already what pip has installed.

    The engine asks for that at the beginning of every command, which takes a quarter of its time.
    """
    folder = tmp_path_factory.mktemp("python")
    listed = [sys.executable, "-m", "pip", "list", "-v", "--format", "json"]
    packages = subprocess.run(listed, stdout=subprocess.PIPE, check=True)
    (folder / "packages.json").write_bytes(packages.stdout)
    script = folder / "python"
    script.write_text(
        "#!/bin/sh\n"
        f'[ "$*" = "{" ".join(listed[1:])}" ] && exec cat "{folder}/packages.json"\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    script.chmod(0o755)
    return str(script)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator of its own, whose services are ready at once."""
    with Emulator(deploy_time=0.0) as running:
        yield running


@pytest.fixture
def new_stack(
    engine: Path, python: str, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Stack]:
    """Make stacks that use the emulator."""
    home = tmp_path_factory.mktemp("home")

    def make(project: str = "proj", name: str = "dev", *, folder: Path | None = None) -> Stack:
        folder = folder or tmp_path_factory.mktemp("project")
        if not (folder / "Pulumi.yaml").exists():
            (folder / "Pulumi.yaml").write_text(f"name: {project}\nruntime: python\n")
        environment = {
            **{key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ},
            **emulator.env,
            "PULUMI_BACKEND_URL": f"file://{tmp_path_factory.mktemp('state')}",
            "PULUMI_CONFIG_PASSPHRASE": "correct horse",
            "PULUMI_HOME": str(home),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_PYTHON_CMD": python,
        }
        environment["PATH"] = f"{engine}{os.pathsep}{environment['PATH']}"
        stack = Stack(folder, environment, engine, name)
        stack.init()
        return stack

    return make


@pytest.fixture
def stack(new_stack: Callable[..., Stack]) -> Stack:
    """A stack that uses the emulator."""
    return new_stack()
