"""The tables of rules under the real engine: it shows of every rule what the tables say.

Each case has its rule configured as it wants it. Those that fit together share a run, under names
of their own.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cases import BROKEN, KEPT, MENDED, Case, Mended
from samples import model

from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.policy import rule
from pulumi_modeldeploy.policy.testing import judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator
    from pulumi_modeldeploy.policy.testing import Planned, Verdict

HERE = Path(__file__).parent
PACK = HERE.parents[1] / "policy-pack"
PACKAGES = ("huaweicloud", "opentelekomcloud", "alicloud", "aws", "test")
"""Other packages of resources in the tables."""
SHARES = 3
"""Tests that the rounds are dealt out to, so that they run side by side."""
ALONE = {"total-instances", "hourly-budget", "one-service-per-model"}
"""Rules that judge everything in a stack at once."""
GROUP = "group-of-ours"
"""What services of one case share, and none of different cases."""
LATER = {"weight-step", "no-public-endpoint"}
"""Rules about what only a deployment shows; tests/engine/test_policy.py has them."""
PREVIEWED = [case for case in (*BROKEN, *KEPT) if case.rule not in LATER]


@dataclass
class Round:
    """Cases that share a run.

    Attributes:
        cases: The cases.
        settings: How rules are configured; the others are disabled.
    """

    cases: list[Case] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def takes(self, case: Case) -> bool:
        """Tell whether a case fits in."""
        alone = any(one.rule in ALONE for one in (case, *self.cases))
        fits = self.settings.get(case.rule) in (None, case.settings)
        return not self.cases or (fits and not alone)

    def resources(self) -> Iterator[tuple[str, Planned]]:
        """Walk over the resources of all cases, with what stands before their names."""
        for index, case in enumerate(self.cases):
            # What another one depends on is made before it.
            for one in sorted(case.resources, key=lambda one: bool(one.depends)):
                yield f"c{index}-", one


def rounds(cases: Iterable[Case]) -> list[Round]:
    """Distribute cases."""
    found: list[Round] = []
    for case in cases:
        fitting = next((one for one in found if one.takes(case)), None)
        if fitting is None:
            fitting = Round()
            found.append(fitting)
        fitting.cases.append(case)
        fitting.settings[case.rule] = case.settings
    return found


def written(prefix: str, value: Any) -> Any:
    """Write arguments for the program."""
    if value is UNKNOWN:
        return {"unknown": True}
    if isinstance(value, dict):
        return {key: written(prefix, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [written(prefix, inner) for inner in value]
    return f"{prefix}{GROUP}" if value == GROUP else value


def listed(prefix: str, one: Planned) -> dict[str, Any]:
    """Write a resource for the program."""
    return {
        "token": one.token,
        "name": f"{prefix}{one.name}",
        "state": written(prefix, one.state),
        "protect": one.protect,
        "secrets": list(one.secrets),
        "region": one.region,
        "depends": {key: f"{prefix}{name}" for key, (name,) in one.depends.items()},
    }


@pytest.fixture
def governed(stack: Stack) -> Stack:
    """A stack whose program makes what is listed beside it."""
    shutil.copy(HERE / "engine" / "program.py", stack.folder / "__main__.py")
    plugins = []
    for name in PACKAGES:
        script = stack.folder / name / f"pulumi-resource-{name}"
        script.parent.mkdir()
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "engine/provider.py"}"\n')
        script.chmod(0o755)
        plugins.append({"name": name, "path": str(script.parent)})
    project = {"name": "proj", "runtime": "python", "plugins": {"providers": plugins}}
    (stack.folder / "Pulumi.yaml").write_text(json.dumps(project))
    regions = {one.region for case in PREVIEWED for one in case.resources if one.region}
    profiles = json.dumps({region: {"region": region} for region in regions})
    with (stack.folder / "Pulumi.dev.yaml").open("a") as file:
        file.write("config:\n  modelarts:preflight: 'off'\n")
        file.writelines(f"  {cloud}:profiles: '{profiles}'\n" for cloud in ("modelarts", "pai"))
    return stack


def run_round(stack: Stack, one: Round, level: str, *words: str) -> list[tuple[str, str, str]]:
    """Run the engine over a round; answer what it says: the rule, the resource, what is wrong."""
    given = [listed(prefix, resource) for prefix, resource in one.resources()]
    (stack.folder / "resources.json").write_text(json.dumps(given))
    levels = {name: {"enforcementLevel": level, **own} for name, own in one.settings.items()}
    (stack.folder / "policies.json").write_text(json.dumps({"all": "disabled", **levels}))
    log = stack.folder / "events.json"
    log.unlink(missing_ok=True)
    pack = ["--policy-pack", str(PACK), "--policy-pack-config", "policies.json"]
    run = stack.run(*words, *pack, "--event-log", str(log), env={"PULUMI_DEBUG_COMMANDS": "1"})
    events = [json.loads(line) for line in log.read_text().splitlines()]
    found = [event["policyEvent"] for event in events if "policyEvent" in event]
    # Nothing else ends it, such as the check of a sample.
    assert run.ok == (not found), run.output
    assert "mistakes in" not in run.output, run.output
    return [
        (
            event["policyName"],
            event["resourceUrn"].rpartition("::")[2],
            text(event["message"], rule(event["policyName"]).description),
        )
        for event in found
    ]


def text(message: str, description: str) -> str:
    """Take what is right away from the message of an event; what is wrong stays."""
    shown = re.sub(r"<\{%.*?%\}>", "", message)
    assert shown.startswith(f"{description}\n"), shown
    return shown.removeprefix(f"{description}\n").partition("\n")[0]


def texts(index: int, case: Case, found: list[tuple[str, str, str]]) -> list[str]:
    """Write what was said about a case as its table does."""
    prefix = f"c{index}-"
    told = []
    for name, resource, wrong in found:
        if name == case.rule and resource.startswith(prefix):
            told.append(f"{resource.removeprefix(prefix)}: {wrong.replace(prefix, '')}")
        elif name == case.rule and not resource.startswith("c"):
            told.append(wrong)
    return sorted(told)


@pytest.mark.parametrize("share", range(SHARES))
def test_a_preview_says_what_the_tables_say(governed: Stack, share: int) -> None:
    for one in rounds(PREVIEWED)[share::SHARES]:
        found = run_round(governed, one, "mandatory", "preview")
        for index, case in enumerate(one.cases):
            assert texts(index, case, found) == sorted(case.messages), case.rule


def unknown(value: Any) -> Any:
    """Put what is not known yet in place of every plain value."""
    if isinstance(value, dict):
        return {key: unknown(one) for key, one in value.items()}
    return [unknown(one) for one in value] if isinstance(value, list) else UNKNOWN


@pytest.mark.parametrize("share", range(SHARES))
def test_a_preview_says_nothing_false_of_what_is_not_known(governed: Stack, share: int) -> None:
    """It says what a rule says without the engine, and nothing that the known values would not."""
    cases = []
    for case in BROKEN:
        hidden = [replace(one, state=unknown(one.state)) for one in case.resources]
        levels = {case.rule: {"enforcementLevel": "mandatory", **case.settings}}
        told = judge(rule(case.rule), hidden, configuration=levels).messages
        assert set(told) <= set(case.messages), case.rule
        cases.append(replace(case, resources=hidden, messages=told))
    previewed = [case for case in cases if case.rule not in LATER]
    for one in rounds(previewed)[share::SHARES]:
        found = run_round(governed, one, "mandatory", "preview")
        for index, case in enumerate(one.cases):
            assert texts(index, case, found) == sorted(case.messages), case.rule


def mended(case: Case) -> Verdict:
    """What a remedy makes of a case without the engine."""
    levels = {case.rule: {"enforcementLevel": "remediate", **case.settings}}
    return judge(rule(case.rule), case.resources, configuration=levels)


def deployable(one: Mended) -> Case:
    """A case whose resource can be made and deleted: a deployment is one of what there is."""
    state = {key: value for key, value in one.resource.state.items() if key != "safetyLock"}
    made = replace(one.resource, state=state, protect=False)
    if "modelServiceUuid" not in made.state:
        return Case(one.rule, [made], (), one.settings)
    made.state["modelServiceUuid"] = UNKNOWN
    made.depends = {"modelServiceUuid": ["catalogue"]}
    return Case(one.rule, [made, model("catalogue", protect=False)], (), one.settings)


def test_what_is_mended_reaches_the_cloud_as_the_tables_say(
    governed: Stack, emulator: Emulator
) -> None:
    # What nobody knows before an update is known in it; what is not mended stops it.
    deployed = [one for one in MENDED if UNKNOWN not in one.resource.state.values()]
    cases = [case for case in map(deployable, deployed) if not mended(case).messages]
    assert {case.rule for case in cases} == {case.rule for case in MENDED}
    for one in rounds(cases):
        up = ("up", "--yes", "--skip-preview")
        assert run_round(governed, one, "remediate", *up) == []
        for index, case in enumerate(one.cases):
            resource, prefix = case.resources[0], f"c{index}-"
            stored = governed.resource(f"{prefix}{resource.name}")["inputs"]
            wanted = written(prefix, mended(case).inputs(resource.name))
            known = wanted.keys() - resource.depends
            assert {key: stored.get(key) for key in known} == {key: wanted[key] for key in known}
        assert run_round(governed, one, "remediate", *up, "--expect-no-changes") == []
    governed.destroy()
    assert not any(emulator.admin.resources(cloud) for cloud in ("modelarts", "pai", "zstack"))
