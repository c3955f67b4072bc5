"""`make demo`: a real `pulumi up` against the emulator, a change, no change, destroy.

Exits with 1 if something did not go as it says on the screen.
"""

from __future__ import annotations

import collections
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import requests
from sandbox import ROOT, Sandbox, engine

from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.emulator.environment import further_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM = "examples/00-demo"
DEPLOY_SECONDS = 2.0
REQUESTS = 100
QUIET = ("--suppress-permalink=true", "--suppress-progress")
"""Not shown with the commands: they keep temporary paths and dots away from the screen."""


class Surprise(Exception):
    """Something did not happen that the demo promises."""


def main() -> int:
    """Run the demo and return the exit code."""
    try:
        with (
            Emulator(deploy_time=DEPLOY_SECONDS) as emulator,
            Sandbox(engine(), emulator.env) as sandbox,
        ):
            show(emulator, sandbox)
    except subprocess.CalledProcessError as error:
        return complain(f"`{' '.join(map(str, error.cmd[:2]))}` failed (exit {error.returncode})")
    except Surprise as surprise:
        return complain(str(surprise))
    except KeyboardInterrupt:
        return complain("stopped")
    return 0


def complain(problem: str) -> int:
    """Say what went wrong, and return the exit code for it."""
    print(f"\ndemo: {problem}", file=sys.stderr)
    return 1


def show(emulator: Emulator, sandbox: Sandbox) -> None:
    """Go through the life of two services."""
    shutil.copy(ROOT / "Pulumi.yaml", sandbox.project)
    shutil.copytree(ROOT / PROGRAM, sandbox.project / PROGRAM)

    heading("An emulated cloud, an empty stack")
    print(f"ModelArts is emulated at {emulator.url}; nothing leaves this machine.")
    print(f"The program is {PROGRAM}/__main__.py.")
    pulumi(sandbox, "stack", "init", "demo")
    pulumi(sandbox, "config", "set", "split", "70")
    pulumi(sandbox, "config", "set", "--secret", "apiToken", "opens-nothing")

    heading("First `pulumi up`: both services are created")
    pulumi(sandbox, "up", "--yes")
    expect(sandbox, {"create": 3})  # with the stack itself
    traffic(sandbox, {"digits-v1": 70, "digits-v2": 30})

    heading("A change: 60 percent instead of 70")
    pulumi(sandbox, "config", "set", "split", "60")
    pulumi(sandbox, "up", "--yes")
    expect(sandbox, {"update": 1, "same": 2})
    traffic(sandbox, {"digits-v1": 60, "digits-v2": 40})

    heading("Once more: nothing to do")
    before = len(emulator.admin.requests())
    pulumi(sandbox, "up", "--yes", "--expect-no-changes")
    expect(sandbox, {"same": 3})
    if len(emulator.admin.requests()) != before:
        raise Surprise("an `up` without changes called the cloud")

    heading("`pulumi destroy`")
    pulumi(sandbox, "destroy", "--yes")
    left = emulator.admin.resources("modelarts")
    if left:
        raise Surprise(f"{len(left)} services are left in the emulated cloud")
    heading("Done: no service is left, and neither are state nor emulator")


def heading(text: str) -> None:
    """Print a heading, before what programs print after it."""
    print(f"\n=== {text}\n", flush=True)


def pulumi(sandbox: Sandbox, *words: str) -> None:
    """Show a command and run it."""
    print(f"$ pulumi {' '.join(words)}", flush=True)
    display = QUIET if words[0] in ("up", "destroy") else ()
    sandbox.pulumi(*words, *display)


def expect(sandbox: Sandbox, changes: Mapping[str, int]) -> None:
    """Compare what the last update did, as the engine recorded it."""
    last = json.loads(sandbox.ask("stack", "history", "--json", "--page-size", "1"))[0]
    done = {verb: count for verb, count in last["resourceChanges"].items() if count}
    if done != changes:
        raise Surprise(f"the last `pulumi up` was to do {changes}, but it did {done}")


def traffic(sandbox: Sandbox, weights: Mapping[str, int]) -> None:
    """Call the service and show which model answered how often."""
    url = json.loads(sandbox.ask("stack", "output", "--json"))["digitsUrl"]
    print(f"\n{REQUESTS} requests to {url}")
    headers = {"X-Auth-Token": further_credentials()["HW_AUTH_TOKEN"]}
    answers: collections.Counter[str] = collections.Counter()
    with requests.Session() as session:
        session.trust_env = False  # a proxy would not find this machine's emulator
        for _ in range(REQUESTS):
            response = session.post(url, json={"image": "0" * 64}, headers=headers, timeout=10)
            response.raise_for_status()
            answers[response.json()["model_id"]] += 1
    for model, count in sorted(answers.items()):
        print(f"  {model}  {count:3}  {'#' * (count // 2)}")
    if answers != weights:
        raise Surprise(f"the traffic was to be split {dict(weights)}, but it is {dict(answers)}")


if __name__ == "__main__":
    sys.exit(main())
