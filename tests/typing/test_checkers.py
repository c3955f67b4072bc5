"""mypy and pyright report the mistakes of users where they are made, and nothing else."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
OWN = {file.name: file.read_text() for file in Path(__file__).parent.glob("programs/*.py")}
EXAMPLES = {
    f"example_{file.parent.name[:2]}.py": file.read_text()
    for file in ROOT.glob("examples/*/__main__.py")
}
README = {
    f"readme_{number}.py": code
    for number, code in enumerate(
        re.findall(
            r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
        )
    )
}
PROGRAMS = OWN | EXAMPLES | README
"""Texts by name."""
Found: TypeAlias = dict[str, dict[int, str]]
"""Messages by program and line."""

pytestmark = pytest.mark.xdist_group("checkers")  # one process asks each checker once for all


def reports(command: Sequence[str], folder: Path) -> str:
    """Return what a checker prints about the programs; it exits with 1 if it found mistakes.

    They are checked in a folder of their own, far from this repository's settings, under names of
    their own, since only one `__main__.py` can be checked at a time.
    """
    for name, text in PROGRAMS.items():
        (folder / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", *command, *PROGRAMS],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def mypy(tmp_path_factory: pytest.TempPathFactory) -> Found:
    found: Found = {name: {} for name in PROGRAMS}
    folder = tmp_path_factory.mktemp("mypy")
    cache = ROOT / ".mypy_cache" / "programs"
    options = ["--strict", "--output", "json", "--cache-dir", str(cache)]
    for line in reports(["mypy", *options], folder).splitlines():
        one = json.loads(line)
        if one["severity"] == "error":
            found[Path(one["file"]).name][one["line"]] = one["message"]
    return found


@pytest.fixture(scope="module")
def pyright(tmp_path_factory: pytest.TempPathFactory) -> Found:
    found: Found = {name: {} for name in PROGRAMS}
    folder = tmp_path_factory.mktemp("pyright")
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    options = ["--outputjson", "--pythonpath", sys.executable]
    for one in json.loads(reports(["pyright", *options], folder))["generalDiagnostics"]:
        if one["severity"] == "error":
            line = one["range"]["start"]["line"] + 1
            found[Path(one["file"]).name][line] = one["message"]
    return found


@pytest.fixture(params=["mypy", "pyright"])
def found(request: pytest.FixtureRequest) -> Found:
    """What a checker found, by program and line."""
    reported: Found = request.getfixturevalue(request.param)
    return reported


def statements(name: str) -> Iterator[range]:
    """Return the lines of each statement of a program, blocks as one."""
    for node in ast.parse(PROGRAMS[name]).body:
        yield range(node.lineno, (node.end_lineno or node.lineno) + 1)


@pytest.mark.parametrize("name", ["good.py", *sorted(EXAMPLES | README)])
def test_a_good_program_has_no_errors(found: Found, name: str) -> None:
    assert found[name] == {}


@pytest.mark.parametrize("name", ["bad.py", "one_more.py"])
def test_each_mistake_is_reported_at_its_statement(found: Found, name: str) -> None:
    lines = PROGRAMS[name].splitlines()
    wrong = {n for n, line in enumerate(lines, start=1) if "# wrong: " in line}
    assert wrong
    for statement in statements(name):
        reported = {n: text for n, text in found[name].items() if n in statement}
        expected = wrong.intersection(statement)
        assert bool(reported) == bool(expected), (statement, reported)


def test_a_misspelt_argument_is_named(found: Found) -> None:
    texts = " ".join(found["bad.py"].values())
    for name in ("descriptoin", "wieght", "infer_type", "acces_address"):
        assert f'"{name}"' in texts
