"""The life of a stack: each change of its program is cut short, then made once more, and judged."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox import Sandbox

from chaos import judge, programs, runs
from chaos.judge import Findings
from chaos.others import Others
from chaos.programs import ANEW, SECRET, STACK, Change, Program
from chaos.runs import DEADLY, ENDINGS, PROVIDER
from chaos.steps import CREATE, DESTROY, chance, drawn_moment, drawn_steps, draws, noise
from pulumi_modeldeploy.emulator import Emulator

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from chaos.runs import Run
    from chaos.steps import Moment, Step

SLOW, FAST = 1.5, 0.1
"""Deploy times in seconds: waits of a run that is cut short are hit, others are short."""
QUIET = 1.0
"""Seconds after a kill by which a provider has noticed it: it changes nothing any more."""
LEAVES = 15.0
"""Seconds after which a provider whose run is dead is gone."""
AGAIN: Sequence[Sequence[str]] = ((), ("--refresh",))
"""What runs are told that are to change nothing."""


@dataclass
class Report:
    """What came of a life.

    Attributes:
        seed: What it was drawn from.
        steps: What was done, in words.
        kills: How many runs were cut short, by ending.
        missed: How many were over before.
        runs: How many runs of `pulumi` there were.
        slowest: Longest time in seconds from one Ctrl-C to the end of the run.
        refused: How many runs were refused with words that say what to do, which was done.
        mended: How many files a kill left empty in the folder of the state.
        findings: What is not as it should be.
        seconds: How long all of it took.
        kept: Where the folder of a life that failed is.
    """

    seed: int
    steps: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    runs: int = 0
    slowest: float = 0.0
    refused: int = 0
    mended: int = 0
    findings: Findings = field(default_factory=Findings)
    seconds: float = 0.0
    kept: str = ""


def live(seed: int, engine: Path, keep: Path, steps: Sequence[Step] = ()) -> Report:
    """Lead a life to its end, or to the first step after which something is not as it should be.

    Args:
        seed: What everything is drawn from.
        engine: Bin folder of the engine.
        keep: Where the folder of a life that failed is copied to.
        steps: What is done; default: drawn.
    """
    began = time.monotonic()
    with Life(seed, engine) as life:
        try:
            for number, step in enumerate(steps or drawn_steps(seed)):
                life.take(step, number)
                if life.findings.lines():
                    break
            else:
                life.end()
        except subprocess.TimeoutExpired as error:
            life.findings.failed.append(f"{error} (run {life.report.runs})")
        report = life.report
        if report.findings.lines():
            report.kept = life.keep(keep)
    report.seconds = time.monotonic() - began
    return report


class Life:
    """A stack, the cloud that it lives in, and what was done to it."""

    def __init__(self, seed: int, engine: Path) -> None:
        self.report = Report(seed)
        self.program: Program = {}
        self.secret = f"opens-nothing-{draws(seed, 'secret').randbytes(6).hex()}"
        self._engine = engine
        self._leaving = ExitStack()
        self._runs: list[Run] = []
        self._tokens: set[str] = set()
        self._made: set[str] = set()

    def __enter__(self) -> Self:
        """Make the stack, and fill the cloud with services of others."""
        self.emulator = self._leaving.enter_context(Emulator(deploy_time=0.0))
        self.admin = self.emulator.admin
        env = {**self.emulator.env, SECRET: self.secret}
        self.sandbox = self._leaving.enter_context(Sandbox(self._engine, env))
        self.folder = self.sandbox.project.parent
        (self.folder / "logs").mkdir()
        self._leaving.callback(self._sweep)
        self.write({})
        self.must("stack", "init", STACK)
        self.others = Others(self.emulator)
        self.others.settle()
        self.foreign = judge.cloud(self.admin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leaving.close()

    @property
    def findings(self) -> Findings:
        """What is not as it should be."""
        return self.report.findings

    def keep(self, folder: Path) -> str:
        """Copy everything that was written, and return where it is."""
        target = folder / f"seed-{self.report.seed}"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder, target, symlinks=True)
        return str(target)

    # Runs

    def write(self, program: Program) -> None:
        """Ask for other services."""
        self.program = program
        programs.write(program, self.sandbox.project)

    def start(self, *words: str, **env: str) -> Run:
        """Start `pulumi WORDS`."""
        self.report.runs += 1
        run = runs.start(self.sandbox, self.folder / "logs", self.report.runs, *words, **env)
        self._runs.append(run)
        return run

    def must(self, *words: str, **env: str) -> bool:
        """Run `pulumi WORDS`, which is to end well."""
        run = self.start(*words, **env)
        if run.wait() == 0:
            return True
        self.findings.failed.append(f"{run.log.name}: {run.last_words}")
        return False

    def _sweep(self) -> None:
        """Kill what earlier runs have left."""
        for run in self._runs:
            run.sweep()
        self._runs.clear()

    # Steps

    def take(self, step: Step, number: int) -> None:
        """Change the program, cut its run short, run it again, and judge."""
        draw = draws(self.report.seed, number, step.change)
        change = self._change(step, draw)
        self.others.leave(change.standing, self.secret)
        self.write(change.program)
        verb = DESTROY if step.change == DESTROY else "up"
        usual, looks = (verb, "--yes", "--skip-preview"), ("--refresh",) * step.refresh
        command = (*usual, *change.words, *looks)
        env = {"PULUMI_SKIP_CHECKPOINTS": "true"} if step.skip else {}
        if step.pending:
            self._leave_deletes(command)
        moments = (*step.moments, *(drawn_moment(draw, change.calls) for _ in step.endings))
        told = [str(step)]
        for ending, moment in zip(step.endings, moments, strict=False):
            self.admin.deploy_seconds(SLOW)
            self.admin.faults(*moment.faults(), *noise(step.faults, draw))
            hit = self.cut(command, ending, moment, env)
            self.admin.faults()
            told.append(f"{ending if hit else 'missed'} at {moment}")
            if hit:
                calm = not (moment.held or step.faults)
                self._look_after(ending, calm=calm, quiet=chance(draw, 0.25))
            self._unlock()
        self.report.steps.append(" | ".join(told))
        former = self.program
        if step.edited:
            self.write(programs.edited(step.edited, self.program, draw))
        self.admin.deploy_seconds(draw.choice((SLOW, FAST)))
        if change.words and chance(draw, 0.3):
            command = (*usual, "--refresh")  # the other way out of a forced replacement
        if self._finish(command, env, former):
            again = (
                draw.choice(([()], [("--refresh",)], AGAIN)) if step.again is None else step.again
            )
            self.judge({} if verb == DESTROY else self.program, again)
        self._sweep()

    def _finish(self, command: tuple[str, ...], env: Mapping[str, str], former: Program) -> bool:
        """Run to the end, and do what the messages say where a service is refused.

        Args:
            command: What is run.
            env: What its environment holds besides.
            former: What the run asked for that was cut short.
        """
        for last in (*[False] * len(self.program), True):
            run = self.start(*command, **env)
            if run.wait() == 0:
                return True
            cleared = self.program != former and self.others.clear(run.output)
            if last or not (cleared or self._adopt(run, former) or self._let_go(run)):
                self.findings.failed.append(f"{run.log.name}: {run.last_words}")
                return False
            self.report.refused += 1
        raise AssertionError("the last run ends it")

    def _adopt(self, run: Run, former: Program) -> bool:
        """Take over what was refused because nothing on it says whose it is.

        That may be where the name is given and the description leaves no room, or where the uuid is
        given and the job that would prove it had other arguments.
        """
        told = dict(_REFUSED.findall(run.output) + _TAKEN.findall(run.output))
        followed = dict(self.program)
        for key, one in self.program.items():
            before = former.get(key, one)
            unproven = one != before and "resource_uuid" in one.args
            unmarked = one.is_unmarked or before.is_unmarked
            line = told.get(one.all_names[-1])
            if line and (unmarked or unproven) and "adopt" not in one.args:
                # What only a new one can have otherwise is written as it is there.
                there = {ANEW[one.kind]: before.args[ANEW[one.kind]]} if unproven else {}
                followed[key] = one.having(**dict(_ARGUMENT.findall(line)), **there)
        if followed == self.program:
            return False
        self.write(followed)
        return True

    def _let_go(self, run: Run) -> bool:
        """Do not ask any more to take over what a replacement that was cut short has deleted."""
        gone = [
            one
            for one in self.program.values()
            if one.all_names[-1] in _GONE.findall(run.output)
            and one.args.get("adopt") in self._made
        ]
        for one in gone:
            self.write({**self.program, one.key: one.having(adopt=None, adopt_from=None)})
        return bool(gone)

    def _change(self, step: Step, draw: random.Random) -> Change:
        if step.change == DESTROY:
            gone = programs.change(self.program, {})
            return Change(self.program, gone.calls)
        make = programs.create if step.change == CREATE else programs.CHANGES[step.change]
        return make(self.program, draw)

    def _leave_deletes(self, command: tuple[str, ...]) -> None:
        """Run while nothing can be deleted: old objects of replacements stay in the state."""
        self.admin.deploy_seconds(FAST)
        self.admin.faults(
            *(
                {"operation": one, "fault": "status", "status": 403}
                for one in programs.DELETES.values()
            )
        )
        self.start(*command).wait()
        self.admin.faults()

    def cut(
        self, command: Sequence[str], ending: str, moment: Moment, env: Mapping[str, str]
    ) -> bool:
        """Start a run and cut it short; `False`: it was over before."""
        last = self._last()
        run = self.start(*command, **env)
        if not self._reached(run, moment, last):
            self.report.missed += 1
            return False
        ENDINGS[ending](run)
        killed = time.monotonic()
        self.report.kills[ending] += 1
        run.wait()
        if ending == "int":
            self.report.slowest = max(self.report.slowest, time.monotonic() - killed)
        return True

    def _reached(self, run: Run, moment: Moment, last: int) -> bool:
        """Wait for a moment; `False`: the run was over before."""
        due = None if moment.number else run.began + moment.seconds
        seen = 0
        while not run.is_over:
            if due is None:
                entries = self.admin.requests(after=last)
                last = entries[-1]["seq"] if entries else last
                changing = [one["operation"] for one in entries if one["method"] != "GET"]
                seen += sum(moment.operation in ("", one) for one in changing)
                if seen >= moment.number:
                    due = time.monotonic() + moment.seconds
            elif time.monotonic() >= due:
                return True
            if time.monotonic() > run.began + runs.LIMIT:
                self.findings.failed.append(f"{run.log.name} hangs")
                return True
            time.sleep(0.01)
        return False

    def _last(self) -> int:
        entries = self.admin.requests()
        return entries[-1]["seq"] if entries else 0

    def _unlock(self) -> None:
        """Do what the guide says after a kill: mend the folder of the state, remove the lock."""
        for file in (self.folder / "state").rglob("*.attrs"):
            if not file.stat().st_size:
                # The engine was killed between making and writing it; reading the state then fails.
                file.unlink()
                self.report.mended += 1
        if any((self.folder / "state" / ".pulumi" / "locks").rglob("*.json")):
            self.must("cancel", "--yes")

    # Judgement

    def _look_after(self, ending: str, *, calm: bool, quiet: bool) -> None:
        """Judge how a run ended, `calm` if nothing was in its way, `quiet` if there is time."""
        if ending == "int" and calm:
            self.must_be_stored()
        if ending in DEADLY and quiet:
            self._must_be_quiet(self._runs[-1])

    def must_be_stored(self) -> None:
        """After one Ctrl-C the state holds every service that exists."""
        known = judge.state(self.folder / "state")
        theirs = {*self.foreign, *(one.found for one in self.program.values())}
        stored = {*known.ids.values(), *known.doomed}
        for key in judge.cloud(self.admin).keys() - theirs - stored:
            self.findings.failed.append(f"Ctrl-C: {key} exists and is not stored")

    def _must_be_quiet(self, run: Run) -> None:
        """A provider whose run is dead changes nothing, and leaves."""
        time.sleep(QUIET)
        last = self._last()
        if not run.gone(PROVIDER, LEAVES):
            self.findings.failed.append(f"{run.log.name}: its provider is still there")
        changing = [one for one in self.admin.requests(after=last) if one["method"] != "GET"]
        self.findings.failed += [f"{one['operation']} of a run that is dead" for one in changing]

    def judge(self, program: Program, again: Sequence[Sequence[str]] = AGAIN) -> None:
        """Compare cloud, state and program, and see that further runs change nothing.

        Args:
            program: What should be there.
            again: What each further run is told besides.
        """
        known = judge.state(self.folder / "state")
        there = judge.cloud(self.admin)
        self._tokens |= {one["AccessToken"] for one in there.values() if "AccessToken" in one}
        self._made |= there.keys()
        self.findings.add(judge.compare(program, self.secret, known, there, self.foreign))
        if self.findings.lines() or not program:
            return
        last = self._last()
        for words in again:
            self.must("up", "--yes", "--skip-preview", "--expect-no-changes", *words)
        changing = [one for one in self.admin.requests(after=last) if one["method"] != "GET"]
        self.findings.failed += [f"{one['operation']} in a run without changes" for one in changing]

    def end(self) -> None:
        """Clear what Pulumi goes on warning of, and look for secrets in all that was written."""
        if judge.state(self.folder / "state").pending:
            self.must("refresh", "--clear-pending-creates", "--yes", "--skip-preview")
        env = self.emulator.env
        secrets = [self.secret, *(env[name] for name in _CREDENTIALS), *self._tokens]
        self.findings.leaks += judge.leaks(self.folder, secrets)


_CREDENTIALS = ("HW_SECRET_KEY", "ZSTACK_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
_REFUSED = re.compile(r"\((\S+)\):\n(?: +\S.*\n)*? +error: .*it was not touched.*(adopt=.*)")
"""Name of a resource that is refused, and the line that adopts what stands in its way."""
_GONE = re.compile(r"\((\S+)\):\n(?: +\S.*\n)*? +error: there is no .* to adopt where")
"""Name of a resource whose object to be adopted does not exist."""
_TAKEN = re.compile(r"resource '(\S+)' has a problem: .*not this resource's.*(adopt=.*) \[")
"""The same, where the check sees it."""
_ARGUMENT = re.compile(r'(\w+)="([\w-]+)"')
