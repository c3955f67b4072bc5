"""What the guide of PAI says is so: its lists, its call, and its messages."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy import pai
from pulumi_modeldeploy.core.declare import Change, Declaration, Removal
from pulumi_modeldeploy.pai.rules import KEYS_OF

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "pai.md").read_text()
TROUBLESHOOTING = (DOCS / "troubleshooting.md").read_text()
ARGS = Declaration.of(pai.AppService).args
SPEC = {"AppType": "LLM", "ServiceSpec": "llama_7b_fp16", "Replicas": 1}
HEAD = """\
import pulumi
from pulumi_modeldeploy import pai

def app(**more):
    given = dict(app_type="LLM", service_spec="llama_7b_fp16", replicas=1)
    return pai.AppService("llama", **{**given, **more})

"""


def section(name: str) -> str:
    found = GUIDE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert found, name
    return found


def block(name: str, language: str) -> str:
    """The first block of code in a section."""
    found = re.search(rf"^```{language}\n(.+?)^```$", section(name), re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found[1]


def listed(begin: str, end: str) -> set[str]:
    """Names of arguments between two phrases."""
    text = " ".join(section("Changes and replacements").split())
    return set(re.findall(r"`([a-z]\w+)`", text.partition(begin)[2].partition(end)[0]))


# --- lists ---------------------------------------------------------------------------------------


def test_what_replaces_is_all_there() -> None:
    replacing = {name for name, one in ARGS.items() if one.column.change is Change.REPLACE}
    assert listed("Everything is changed in place except", "and the region") == replacing


def test_what_cannot_be_taken_away_is_all_there() -> None:
    refused = {
        name for name, one in ARGS.items() if not one.required and one.on_removal is Removal.REFUSE
    }
    assert listed("as a whole.", "cannot be sent empty") == refused


def test_keys_of_both_modes_are_all_there() -> None:
    rows = re.findall(r"^\| `(oss|nas)` \| (.+) \|$", section("Where the model lies"), re.MULTILINE)
    keys = {mode: tuple(re.findall(r"`([A-Z]\w+)`", text)) for mode, text in rows}
    assert keys == dict(KEYS_OF)


def test_lookups_are_all_there() -> None:
    named = re.findall(r"^\| `(get_\w+)` \|", section("Lookups"), re.MULTILINE)
    there = [name for name in pai.__all__ if inspect.isfunction(getattr(pai, name))]
    assert set(named) == {name.removesuffix("_output") for name in there}
    assert len(named) == len(set(named))


# --- the call ------------------------------------------------------------------------------------


def test_the_guide_s_service_answers_the_guide_s_call(stack: Stack, emulator: Emulator) -> None:
    stack.program(block("An app service", "python"), head="")
    stack.up()
    command = block("An app service", "sh").removeprefix("pulumi up\n")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.replace("curl", "curl -sS --fail", 1)],  # noqa: S607
        cwd=stack.folder,
        env={**stack.environment, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=True,
    )
    (service,) = emulator.admin.resources("pai")
    assert json.loads(done.stdout)["ServiceId"] == service["ServiceId"]


# --- messages ------------------------------------------------------------------------------------


def said(page: str, run_output: str) -> bool:
    """Whether a message of the guide is in an output, whatever mark its name has."""
    mark = "[0-9a-f]{12}"
    pattern = mark.join(re.escape(part) for part in re.split(mark, page.strip()))
    return re.search(pattern, run_output) is not None


def test_the_guide_s_message_about_names(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(pai={"services": [{**SPEC, "ServiceName": "taken", "ParentUid": "42"}]})
    stack.program('app(service_name="taken")', head=HEAD)
    run = stack.preview()
    assert not run.ok
    assert said(block("Names", ""), run.output)
    changing = [one for one in emulator.admin.requests() if one["method"] != "GET"]
    assert changing == [], "no call touches it"


def test_the_guide_s_message_about_locks(stack: Stack, emulator: Emulator) -> None:
    stack.program('app(safety_lock="dangerous")', head=HEAD)
    stack.up()
    run = stack.run("destroy", "--yes", "--skip-preview")
    assert not run.ok
    assert said(block("Safety lock", ""), run.output)
    assert emulator.admin.requests("DeleteService") == []
    stack.program('app(safety_lock="none")', head=HEAD)
    stack.up()
    stack.destroy()
    assert emulator.admin.resources("pai") == []


def no_credentials(stack: Stack, _emulator: Emulator) -> None:
    for part in ("ID", "SECRET"):
        stack.environment.pop(f"ALIBABA_CLOUD_ACCESS_KEY_{part}")
    stack.environment["HOME"] = str(stack.folder)


def wrong_secret(stack: Stack, _emulator: Emulator) -> None:
    stack.environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = "wrong"


def wrong_key(stack: Stack, _emulator: Emulator) -> None:
    stack.environment["ALIBABA_CLOUD_ACCESS_KEY_ID"] = "wrong"


def no_permission(_stack: Stack, emulator: Emulator) -> None:
    emulator.admin.faults({"fault": "status", "status": 403, "operation": "CreateAppService"})


def failing(_stack: Stack, emulator: Emulator) -> None:
    spec = {"ServiceSpec": "llama_7b_fp16", "fails": "no such path"}
    emulator.admin.seed(pai={"serviceSpecs": [spec]})


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (no_credentials, "there are no credentials for PAI"),
        (wrong_secret, "SignatureDoesNotMatch"),
        (wrong_key, "InvalidAccessKeyId.NotFound"),
        (no_permission, "Forbidden.RAM"),
        (failing, "is Failed: "),
    ],
)
def test_messages_of_pai_are_those_of_troubleshooting(
    wrong: Callable[[Stack, Emulator], Any], text: str, stack: Stack, emulator: Emulator
) -> None:
    stack.program("app()", head=HEAD)
    wrong(stack, emulator)
    run = stack.try_up()
    assert not run.ok
    assert text in run.output
    assert text in TROUBLESHOOTING
