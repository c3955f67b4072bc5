"""`make demo`: a real `pulumi up` of three clouds on the emulator, a change, no change, destroy.

Exits with 1 if something did not go as it says on the screen.
"""

from __future__ import annotations

import collections
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import requests
from sandbox import ROOT, Sandbox, engine

from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.emulator.environment import further_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROGRAM = "examples/00-demo"
CLOUDS = ("modelarts", "zstack", "pai")
DEPLOY_SECONDS = 2.0
REQUESTS = 100
QUIET = ("--skip-preview", "--suppress-permalink=true", "--suppress-progress")
"""Not shown with the commands: they keep what comes twice, temporary paths and dots away."""
QUIETER = (*QUIET, "--suppress-outputs")
"""The same for later runs, whose outputs are those of the first."""


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
    """Go through the life of a service on each cloud."""
    shutil.copy(ROOT / "Pulumi.yaml", sandbox.project)
    shutil.copytree(ROOT / PROGRAM, sandbox.project / PROGRAM)

    heading("Three emulated clouds, an empty stack")
    print(f"ModelArts, ZStack and PAI are emulated at {emulator.url}; nothing leaves this machine.")
    print(f"The program is {PROGRAM}/__main__.py.")
    emulator.admin.seed(**json.loads((ROOT / PROGRAM / "seed.json").read_text()))
    pulumi(sandbox, "stack", "init", "demo")

    heading("First `pulumi up`: everything is created")
    pulumi(sandbox, "up", "--yes", display=QUIET)
    expect(sandbox, {"create": 5})  # with the stack itself
    call_all(sandbox, {"digits-v1": 70, "digits-v2": 30}, version=1)

    heading("A change: 60 percent instead of 70, and a larger model")
    pulumi(sandbox, "config", "set", "split", "60")
    pulumi(sandbox, "config", "set", "model", "llama_13b_fp16")
    pulumi(sandbox, "up", "--yes", display=QUIETER)
    expect(sandbox, {"update": 2, "same": 3})
    call_all(sandbox, {"digits-v1": 60, "digits-v2": 40}, version=2)

    heading("Once more: nothing to do")
    before = emulator.admin.requests()
    pulumi(sandbox, "up", "--yes", "--expect-no-changes", display=QUIETER)
    expect(sandbox, {"same": 5})
    since = emulator.admin.requests(after=before[-1]["seq"])
    if any(one["method"] != "GET" for one in since):
        raise Surprise("an `up` without changes changed something in a cloud")

    heading("`pulumi destroy`")
    pulumi(sandbox, "destroy", "--yes", display=QUIETER)
    left = [one for cloud in CLOUDS for one in emulator.admin.resources(cloud)]
    if left:
        raise Surprise(f"{len(left)} objects are left in the emulated clouds")
    heading("Done: nothing is left on any cloud, and neither are state nor emulator")


def heading(text: str) -> None:
    """Print a heading, before what programs print after it."""
    print(f"\n=== {text}\n", flush=True)


def pulumi(sandbox: Sandbox, *words: str, display: Sequence[str] = ()) -> None:
    """Show a command and run it, with further options that are not shown."""
    print(f"$ pulumi {' '.join(words)}", flush=True)
    sandbox.pulumi(*words, *display)


def expect(sandbox: Sandbox, changes: Mapping[str, int]) -> None:
    """Compare what the last update did, as the engine recorded it."""
    last = json.loads(sandbox.ask("stack", "history", "--json", "--page-size", "1"))[0]
    done = {verb: count for verb, count in last["resourceChanges"].items() if count}
    if done != changes:
        raise Surprise(f"the last `pulumi up` was to do {changes}, but it did {done}")


def call_all(sandbox: Sandbox, weights: Mapping[str, int], *, version: int) -> None:
    """Call what was deployed, as its users do, and show who answers."""
    shown = json.loads(sandbox.ask("stack", "output", "--json", "--show-secrets"))
    with requests.Session() as session:
        session.trust_env = False  # a proxy would not find this machine's emulator
        split(session, shown["digitsUrl"], weights)

        print("\nchat on ZStack: a request to chatUrl")
        said = ask(session, shown["chatUrl"])
        print(f"  answered by instance {said['instanceUuid']}")

        print("\nllama on PAI: a request to llamaUrl with llamaToken")
        said = ask(session, shown["llamaUrl"], {"Authorization": shown["llamaToken"]})
        print(f"  answered by {said['AppSpecName']}, version {said['Version']} of the service")
    if said["Version"] != version:
        raise Surprise(f"llama was to be at version {version}, but it is at {said['Version']}")


def split(session: requests.Session, url: str, weights: Mapping[str, int]) -> None:
    """Show which model version answers how often."""
    print(f"\ndigits on ModelArts: {REQUESTS} requests to digitsUrl")
    headers = {"X-Auth-Token": further_credentials()["HW_AUTH_TOKEN"]}
    answers = collections.Counter(ask(session, url, headers)["model_id"] for _ in range(REQUESTS))
    for model, count in sorted(answers.items()):
        print(f"  {model}  {count:3}  {'#' * (count // 2)}")
    if answers != weights:
        raise Surprise(f"the traffic was to be split {dict(weights)}, but it is {dict(answers)}")


def ask(session: requests.Session, url: str, headers: Mapping[str, str] | None = None) -> Any:
    """Send a request for a prediction."""
    response = session.post(url, json={"image": "0" * 64}, headers=headers, timeout=10)
    response.raise_for_status()
    return response.json()


if __name__ == "__main__":
    sys.exit(main())
