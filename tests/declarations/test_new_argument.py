"""An argument that does not exist today, added as one line, is there everywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ANCHOR = '    envs: NotRequiredMap[str] = arg(default=None, source="table 5")\n'
LINE = (
    '    canaries: NotRequired[int] = arg(default=None, checks=[between(1, 9)], source="table 5")\n'
)
DOCSTRING = '    """How many canaries sing, 1 to 9."""\n'

PROGRAM = """\
import pulumi
from pulumi_modeldeploy import modelarts


def config(canaries: pulumi.Input[int]) -> modelarts.ServiceConfigArgs:
    return modelarts.ServiceConfigArgs(
        model_id="m", weight=100, specification="s", instance_count=1, canaries=canaries
    )


service = modelarts.Service("svc", infer_type="real-time", config=[config(3)])
seen: pulumi.Output[int | None] = service.config.apply(lambda entries: entries[0].canaries)
"""

BEHAVIOUR = """\
from pulumi_modeldeploy.core import diff, inputs, wire
from pulumi_modeldeploy.modelarts.service import TABLE

declared = TABLE.declaration


def given(canaries):
    entry = {"model_id": "m", "weight": 100, "specification": "s", "instance_count": 1.0}
    raw = {"infer_type": "real-time", "config": [{**entry, "canaries": canaries}]}
    return inputs.check(declared, raw, TABLE.rules)


one, two = given(1.0).values, given(2.0).values
assert wire.body(declared, one)["config"][0]["canaries"] == 1
assert [found.name for found in diff.compare(declared, one, two)] == ["config"]
assert declared.to_state(one)["config"][0]["canaries"] == 1
(problem,) = given(10.0).failures
assert problem.path == "config[0].canaries", problem
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and its tools with one more line."""
    house = tmp_path_factory.mktemp("house")
    ignored = shutil.ignore_patterns("__pycache__")
    for room in ("pulumi_modeldeploy", "tools", "docs"):
        shutil.copytree(ROOT / room, house / room, ignore=ignored)
    args = house / "pulumi_modeldeploy" / "modelarts" / "args.py"
    text = args.read_text()
    assert text.count(ANCHOR) == 1
    args.write_text(text.replace(ANCHOR, LINE + DOCSTRING + ANCHOR))
    return house


def run(house: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(house), "MYPYPATH": str(house)}
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=house,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_on_the_wire_in_the_diff_in_the_state_and_checked(house: Path) -> None:
    done = run(house, "-c", BEHAVIOUR)
    assert done.returncode == 0, done.stderr


CHECKERS = (("mypy", "--strict"), ("pyright", "--pythonpath", sys.executable))


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda words: words[0])
def test_it_is_typed(house: Path, checker: tuple[str, ...]) -> None:
    good, bad = house / "good.py", house / "bad.py"
    good.write_text(PROGRAM)
    bad.write_text(PROGRAM.replace("config(3)", 'config("three")').replace("int | None", "str"))
    right = run(house, "-m", *checker, good)
    assert right.returncode == 0, right.stdout
    wrong = run(house, "-m", *checker, bad)
    assert wrong.returncode == 1
    assert "Argument" in wrong.stdout
    assert "int" in wrong.stdout


def test_it_is_in_the_reference(house: Path) -> None:
    done = run(house, "tools/docs/reference.py")
    assert done.returncode == 0, done.stderr
    page = (house / "docs" / "reference" / "modelarts.md").read_text()
    assert "canaries" in page
    assert "How many canaries sing, 1 to 9." in page
    assert "between 1 and 9" in page
