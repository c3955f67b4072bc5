"""The contracts of import-linter hold, and each is broken by an import that it forbids."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DIRECTION = "engine and policies over clouds over core, and nothing upwards"
DYNAMIC = "only the engine's binding imports pulumi.dynamic"
EMULATOR = "the emulator shares nothing with what it tests"
COMMAND = "only the command line knows the emulator"

FORBIDDEN = {
    "core-cloud": ("core/values.py", "import pulumi_modeldeploy.modelarts.api", DIRECTION),
    "core-engine": ("core/values.py", "import pulumi_modeldeploy.engine.sdk", DIRECTION),
    "cloud-engine": ("modelarts/rules.py", "import pulumi_modeldeploy.engine.sdk", DIRECTION),
    "cloud-policy": ("modelarts/rules.py", "import pulumi_modeldeploy.policy.views", DIRECTION),
    "policy-engine": ("policy/pack.py", "import pulumi_modeldeploy.engine.sdk", DIRECTION),
    "engine-policy": ("engine/program.py", "import pulumi_modeldeploy.policy.views", DIRECTION),
    "policy-emulator": ("policy/pack.py", "import pulumi_modeldeploy.emulator.fields", COMMAND),
    "settings-core": ("settings.py", "import pulumi_modeldeploy.core.values", DIRECTION),
    "new-room": ("attic.py", "", DIRECTION),
    "cloud-dynamic": ("modelarts/rules.py", "from pulumi.dynamic import CheckFailure", DYNAMIC),
    "core-dynamic": ("core/values.py", "from pulumi import dynamic", DYNAMIC),
    "emulator-core": ("emulator/fields.py", "import pulumi_modeldeploy.core.values", EMULATOR),
    "emulator-cloud": ("emulator/fields.py", "import pulumi_modeldeploy.modelarts.args", EMULATOR),
    "cloud-emulator": ("modelarts/rules.py", "import pulumi_modeldeploy.emulator.fields", COMMAND),
}


def broken(house: Path) -> set[str]:
    """Return the contracts that the package in a folder breaks."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--config", str(ROOT / "pyproject.toml"), "--no-cache"],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = dict(re.findall(r"^(.+) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE))
    assert found.keys() == {DIRECTION, DYNAMIC, EMULATOR, COMMAND}, done.stdout + done.stderr
    names = {name for name, verdict in found.items() if verdict == "BROKEN"}
    assert bool(names) == bool(done.returncode)
    return names


def test_the_contracts_hold() -> None:
    assert broken(ROOT) == set()


@pytest.mark.parametrize(("file", "line", "contract"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_forbidden_import_breaks_its_contract(
    tmp_path: Path, file: str, line: str, contract: str
) -> None:
    package = tmp_path / "pulumi_modeldeploy"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "pulumi_modeldeploy", package, ignore=ignored)
    with (package / file).open("a") as module:
        module.write(f"\n{line}\n")
    assert contract in broken(tmp_path)
