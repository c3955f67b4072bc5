"""PAI under the real engine: programs come up, serve, change, and touch nothing of others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from conftest import Run, Stack

    from pulumi_modeldeploy.emulator import Emulator

HEAD = """\
import pulumi
from pulumi_modeldeploy import pai

OSS = {"ModelStorage": "oss", "OssPath": "oss://examplebucket/xxxx/"}
NAS = {
    "ModelStorage": "nas",
    "NasMountTarget": "317d14.cn-shanghai.nas.aliyuncs.com",
    "NasPath": "/",
    "SecurityGroupID": "sg-1",
    "VpcID": "vpc-1",
    "VswitchID": "vsw-1",
}


def app(resource, /, *, opts=None, **given):
    usual = {"app_type": "LLM", "service_spec": "llama_7b_fp16", "replicas": 1}
    return pai.AppService(resource, opts=opts, **{**usual, **given})


"""
STRANGER = "1999999999999999"
USUAL = {"AppType": "LLM", "ServiceSpec": "llama_7b_fp16", "Replicas": 1}


def program(stack: Stack, text: str) -> None:
    stack.program(text, head=HEAD)


def services(emulator: Emulator) -> dict[str, dict[str, Any]]:
    return {one["ServiceName"]: one for one in emulator.admin.resources("pai")}


def changing(emulator: Emulator) -> list[str]:
    """The calls so far that changed something."""
    return [one["operation"] for one in emulator.admin.requests() if one["method"] != "GET"]


def steady(stack: Stack, emulator: Emulator) -> None:
    """See that further runs, with and without a look at the cloud, change nothing."""
    before = changing(emulator)
    assert stack.up("--expect-no-changes").unchanged
    assert stack.up("--refresh", "--expect-no-changes").unchanged
    assert changing(emulator) == before


TWO = """
oss = app("oss", config=OSS)
nas = app("nas_mounted", service_name="nas_mounted", config=NAS, labels={"team": "a"},
          workspace_id="123456", quota_id="abcdef")
pulumi.export("url", oss.internet_endpoint)
pulumi.export("token", oss.access_token)
pulumi.export("versions", [oss.current_version, nas.latest_version, nas.running_instance])
"""
CHANGED = """
less = {"ModelStorage": "oss", "OssPath": "oss://examplebucket/other/"}
oss = app("oss", config=less, replicas=2, service_spec="llama_7b_int8", app_version="v2")
nas = app("nas_mounted", service_name="nas_mounted", config=OSS, labels={"owner": "b"},
          workspace_id="123456", quota_id="abcdef", safety_lock="dangerous")
pulumi.export("token", oss.access_token)
"""


def test_two_ways_of_mounting_come_up_change_in_place_and_go(
    stack: Stack, emulator: Emulator
) -> None:
    program(stack, TWO)
    shown = stack.preview()
    assert shown.ok, shown.output
    texts = [shown.output, stack.up().output]
    tokens = {one["AccessToken"] for one in services(emulator).values()}
    outputs = json.loads(stack.run("stack", "output", "--json", "--show-secrets").output)
    answer = requests.get(
        outputs["url"], headers={"Authorization": outputs["token"]}, timeout=10
    ).json()
    assert answer["AppSpecName"] == "llama_7b_fp16"
    assert outputs["versions"] == [1, 1, 1]
    steady(stack, emulator)
    ids = {name: one["ServiceId"] for name, one in services(emulator).items()}

    program(stack, CHANGED)
    texts += [stack.up().output, stack.up("--refresh").output, stack.run("stack", "export").output]
    changed = services(emulator)
    assert {name: one["ServiceId"] for name, one in changed.items()} == ids
    oss = next(one for name, one in changed.items() if name.startswith("oss_"))
    assert (oss["AppSpecName"], oss["AppVersion"], oss["TotalInstance"]) == (
        *("llama_7b_int8", "v2"),
        2,
    )
    nas = changed["nas_mounted"]
    assert json.loads(nas["AppConfig"]) == {
        "ModelStorage": "oss",
        "OssPath": "oss://examplebucket/xxxx/",
    }
    labels = {one["LabelKey"]: one["LabelValue"] for one in nas["Labels"]}
    assert (
        labels.pop("modeldeploy") == stack.resource("nas_mounted")["outputs"]["modeldeploy"]["mark"]
    )
    assert (labels, nas["SafetyLock"]) == ({"owner": "b"}, "dangerous")
    steady(stack, emulator)

    refused = stack.run("destroy", "--yes", "--skip-preview")
    assert 'Give safety_lock="none", run `pulumi up`' in refused.diagnostics
    program(stack, CHANGED.replace(', safety_lock="dangerous"', ""))
    stack.up()
    texts.append(stack.destroy().output)
    assert services(emulator) == {}
    stored = stack.stored_bytes()
    assert [one for one in tokens if one.encode() in stored or one in "".join(texts)] == []


def test_a_key_of_the_configuration_that_goes_is_gone(stack: Stack, emulator: Emulator) -> None:
    program(stack, 'app("llm", config={**OSS, "Extra": "x"})')
    assert "config['Extra']: is no documented key" in stack.up().diagnostics
    program(stack, 'app("llm", config=OSS)')
    stack.up()
    (one,) = services(emulator).values()
    assert sorted(json.loads(one["AppConfig"])) == ["ModelStorage", "OssPath"]
    program(stack, 'app("llm")')
    stack.up()
    (one,) = services(emulator).values()
    assert json.loads(one["AppConfig"]) == {}
    steady(stack, emulator)
    assert changing(emulator) == ["CreateAppService", *["UpdateAppService"] * 2]


def test_another_name_and_another_region_replace(stack: Stack, emulator: Emulator) -> None:
    program(stack, 'app("llm", service_name="one")\napp("auto")')
    stack.up()
    (auto,) = services(emulator).keys() - {"one"}
    program(stack, 'app("llm", service_name="two")\napp("auto")')
    stack.up()
    assert set(services(emulator)) == {"two", auto}
    stack.configure("pai:region", "cn-beijing")
    stack.up()
    there = services(emulator)
    assert {one["Region"] for one in there.values()} == {"cn-beijing"}
    assert len(there) == 2
    steady(stack, emulator)
    stack.destroy()
    assert services(emulator) == {}


LOCKED = {
    "a change": ("all", 'service_name="one", replicas=2, safety_lock="all"', "cannot be changed"),
    "a stop": (
        "dangerous",
        'service_name="one", desired_status="stopped", safety_lock="dangerous"',
        "cannot be stopped",
    ),
    "another name": ("dangerous", 'service_name="two"', "cannot be deleted"),
}


@pytest.mark.parametrize("case", list(LOCKED))
def test_what_a_lock_forbids_is_refused_in_the_preview(
    case: str, stack: Stack, emulator: Emulator
) -> None:
    level, given, told = LOCKED[case]
    program(stack, f'app("llm", service_name="one", safety_lock="{level}")')
    stack.up()
    before = changing(emulator)
    program(stack, f'app("llm", {given})')
    for run in (stack.preview(), stack.try_up()):
        assert not run.ok
        assert f"safety_lock: says that it {told}" in run.diagnostics
    assert changing(emulator) == before


def test_what_runs_is_what_should(stack: Stack, emulator: Emulator) -> None:
    """A stopped service has no instances, and keeps how many it is going to have."""
    program(stack, 'app("llm", replicas=3, desired_status="stopped")')
    stack.up()
    steady(stack, emulator)
    assert stack.resource("llm")["outputs"]["replicas"] == 3
    program(stack, 'app("llm", replicas=2, desired_status="stopped")')
    stack.up()
    steady(stack, emulator)
    program(stack, 'app("llm", replicas=2)')
    stack.up()
    (one,) = services(emulator).values()
    assert (one["Status"], one["RunningInstance"]) == ("Running", 2)
    steady(stack, emulator)


# --- others --------------------------------------------------------------------------------------


def seed(emulator: Emulator, name: str, **more: Any) -> None:
    """Have somebody else deploy a service."""
    emulator.admin.seed(pai={"services": [{**USUAL, "ServiceName": name, **more}]})


IN_THE_WAY = {
    "another account's": ({"ParentUid": STRANGER}, "another Alibaba Cloud account has a service"),
    "nobody's": ({}, 'take that one over: adopt="taken"'),
    "another resource's": (
        {"Labels": {"modeldeploy": "0123456789ab"}},
        'take that one over: adopt="taken", adopt_from="0123456789ab"',
    ),
}


@pytest.mark.parametrize("case", list(IN_THE_WAY))
def test_a_name_that_somebody_has_is_refused_in_words(
    case: str, stack: Stack, emulator: Emulator
) -> None:
    given, told = IN_THE_WAY[case]
    seed(emulator, "taken", **given)
    before = services(emulator)
    program(stack, 'app("mine", service_name="taken")')
    runs: list[Run] = [stack.preview(), stack.try_up()]
    stack.configure("pai:preflight", "off")
    runs.append(stack.try_up())
    for run in runs:
        assert not run.ok
        assert told in run.diagnostics, run.output
    assert services(emulator) == before
    assert changing(emulator) == []


def test_the_line_of_a_refusal_adopts_in_place_of_another_name_too(
    stack: Stack, emulator: Emulator
) -> None:
    """A killed run made the new service and could not write its mark any more."""
    program(stack, 'app("mine", service_name="old")')
    stack.up()
    seed(emulator, "new")
    adopted = services(emulator)["new"]["ServiceId"]
    program(stack, 'app("mine", service_name="new", adopt="new")')
    assert stack.preview().ok
    stack.up()
    assert {n: one["ServiceId"] for n, one in services(emulator).items()} == {"new": adopted}
    steady(stack, emulator)
    program(stack, 'app("mine", service_name="new")')
    steady(stack, emulator)


def test_a_service_that_somebody_made_anew_under_our_name_is_not_touched(
    stack: Stack, emulator: Emulator
) -> None:
    program(stack, 'app("mine", service_name="ours")')
    stack.up()
    emulator.admin.reset()
    seed(emulator, "ours")
    before = services(emulator)
    program(stack, 'app("mine", service_name="ours", replicas=2)')
    refused = stack.try_up()
    assert "does not exist any more" in refused.diagnostics, refused.output
    program(stack, "")
    stack.up()
    assert stack.resources() == []
    assert services(emulator) == before
    assert changing(emulator) == []


def test_a_killed_create_is_finished_by_the_next_run(stack: Stack, emulator: Emulator) -> None:
    """The automatic name is its mark; a given one gets a label a moment later, or is refused."""
    emulator.admin.deploy_seconds(60)
    program(stack, 'app("auto")\napp("given", service_name="given")')
    run = stack.start("up", "--yes", "--skip-preview")
    labelled: list[Any] = []
    while not labelled:
        assert run.poll() is None
        labelled = emulator.admin.requests("UpdateServiceLabel")
    run.kill()
    run.communicate()
    assert stack.run("cancel", "--yes").ok
    made = {name: one["ServiceId"] for name, one in services(emulator).items()}
    assert len(made) == 2
    emulator.admin.deploy_seconds(0)
    assert "resuming PAI app service" in stack.up().output
    assert {name: one["ServiceId"] for name, one in services(emulator).items()} == made
    assert changing(emulator).count("CreateAppService") == 2
    steady(stack, emulator)


def test_a_service_outside_of_the_stack_is_read_only(stack: Stack, emulator: Emulator) -> None:
    seed(emulator, "theirs", Config={"ModelStorage": "oss"}, Labels={"team": "a"})
    token = services(emulator)["theirs"]["AccessToken"]
    program(
        stack,
        'found = pai.AppService.get("theirs", "theirs")\n'
        'pulumi.export("labels", found.labels)\n'
        'pulumi.export("replicas", found.replicas)\n'
        'pulumi.export("token", found.access_token)\n',
    )
    run = stack.up()
    outputs = json.loads(stack.run("stack", "output", "--json", "--show-secrets").output)
    assert outputs == {"labels": {"team": "a"}, "replicas": 1, "token": token}
    assert token.encode() not in stack.stored_bytes()
    assert token not in run.output
    steady(stack, emulator)
    stack.destroy()
    assert changing(emulator) == []
