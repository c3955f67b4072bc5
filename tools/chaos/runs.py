"""Runs of `pulumi` that are started, watched and ended by force."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox import Sandbox

MARK = "CHAOS_RUN"
"""Variable by which the processes of a run are found: they all inherit it."""
OURS = uuid.uuid4().hex
"""What its values begin with, for all runs that this process starts."""
PROVIDER = b"pulumi.dynamic"
LIMIT = 240.0
"""Seconds after which a run hangs, as far as we are concerned."""


_OVER = threading.Event()


class Over(Exception):
    """Nothing is started any more."""


@dataclass
class Run:
    """A run of `pulumi`, its output in a file.

    Attributes:
        words: What it was asked.
        process: The CLI.
        log: Where its output goes.
        mark: What its processes have in their environment.
        began: When it was started, by the monotonic clock.
    """

    words: tuple[str, ...]
    process: subprocess.Popen[bytes]
    log: Path
    mark: bytes
    began: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        """Whether the CLI has ended."""
        return self.process.poll() is not None

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(errors="replace")

    @property
    def last_words(self) -> str:
        """Its errors, or how it ended, in one line."""
        told = self.output.partition("\nDiagnostics:")[2] or self.output
        errors = [
            line
            for line in told.splitlines()
            if re.search(r"error: (?!update f)|^\s+\* (?!urn)", line)
        ]
        return " ".join(" ".join(errors or told.splitlines()[-5:]).split())[:1000]

    def wait(self, seconds: float = LIMIT) -> int:
        """Wait for the CLI's end and return its exit code.

        Raises:
            subprocess.TimeoutExpired: It has not ended in time.
        """
        return self.process.wait(seconds)

    def processes(self, part: bytes = b"") -> list[int]:
        """Ids of its processes whose command line holds `part`."""
        return _processes(self.mark, part)

    def gone(self, part: bytes, seconds: float) -> bool:
        """Wait until there is no process with `part` in its command line that was ever asked.

        Of a CLI that is killed while it starts a provider, that provider stays: it is Pulumi's own,
        and what it would serve is loaded with the first question only.
        """
        until = time.monotonic() + seconds
        while any(_talks(process) for process in self.processes(part)):
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def sweep(self) -> None:
        """Kill whatever is left of it."""
        for process in self.processes():
            _kill(process)
        self.process.wait(LIMIT)


def start(sandbox: Sandbox, folder: Path, number: int, *words: str, **env: str) -> Run:
    """Start `pulumi WORDS` in a process group of its own; its output goes into `folder`.

    Raises:
        Over: `end_all` was called.
    """
    if _OVER.is_set():
        raise Over
    log, mark = folder / f"{number:03}-{words[0]}.log", f"{OURS}-{uuid.uuid4().hex}"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the engine
            ["pulumi", *words, "--non-interactive"],  # noqa: S607 - of the sandbox's path
            cwd=sandbox.project,
            env={**sandbox.env, **env, MARK: mark},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return Run(words, process, log, f"{MARK}={mark}".encode())


def end_all() -> None:
    """Kill all runs, and let nothing be started any more."""
    _OVER.set()
    for process in _processes(f"{MARK}={OURS}".encode()):
        _kill(process)


def _processes(mark: bytes, part: bytes = b"") -> list[int]:
    """Find processes by what is in their environment and in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # gone meanwhile, or somebody else's
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                command = (entry / "cmdline").read_bytes()
                # A process that has ended and was not waited for has no command line.
                found += [int(entry.name)] if command and part in command else []
    return found


def _talks(process: int) -> bool:
    """Tell whether a process has more sockets than the one that it listens on."""
    sockets = []
    with contextlib.suppress(OSError):  # gone meanwhile
        for entry in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                sockets += [entry] if str(entry.readlink()).startswith("socket:") else []
    return len(sockets) > 1


# --- endings -------------------------------------------------------------------------------------


def kill_cli(run: Run) -> None:
    """Kill -9 of the CLI alone, in which the engine runs; its plugins stay."""
    _kill(run.process.pid)


def kill_group(run: Run) -> None:
    """Kill -9 of the CLI's process group, as a CI runner does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.process.pid, signal.SIGKILL)


def kill_provider(run: Run) -> None:
    """Kill -9 of the provider; the engine goes on without it."""
    for process in run.processes(PROVIDER):
        _kill(process)


def lose_machine(run: Run) -> None:
    """Kill -9 of everything."""
    kill_cli(run)
    for process in run.processes():
        _kill(process)


def interrupt(run: Run) -> None:
    """Ctrl-C once."""
    run.process.send_signal(signal.SIGINT)


def interrupt_twice(run: Run) -> None:
    """Ctrl-C, and again before the first has brought the run to its end."""
    interrupt(run)
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.wait(0.03)
    if not run.is_over:
        interrupt(run)


ENDINGS: Mapping[str, Callable[[Run], None]] = {
    "cli": kill_cli,
    "group": kill_group,
    "provider": kill_provider,
    "machine": lose_machine,
    "int": interrupt,
    "int-int": interrupt_twice,
}
DEADLY = ("cli", "group", "int-int")
"""Endings that leave a provider without its engine."""


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
