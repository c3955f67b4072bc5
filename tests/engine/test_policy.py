"""The policy pack under the real engine: what it shows, what it stops, what it mends."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.policy import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run, Stack

    from pulumi_modeldeploy.emulator import Emulator

ROOT = Path(__file__).parents[2]
PACK = ROOT / "policy-pack"
SECRET = "hush-hush-value"
UUID = "0123456789abcdef0123456789abcdef"
FOUND = re.compile(r"^ +- \[(\w+)\] +([\w-]+) +\((?:[^()]+: )?([^():]+)\)$", re.MULTILINE)


def pack(stack: Stack, configuration: dict[str, Any] | None = None) -> list[str]:
    """The options by which a command gets the pack."""
    file = stack.folder / "policies.json"
    file.write_text(json.dumps(configuration or {}))
    return ["--policy-pack", str(PACK), "--policy-pack-config", str(file)]


def violations(run: Run) -> set[tuple[str, str, str]]:
    """What a run says was violated: level, rule, resource."""
    return {(level, rule, name) for level, rule, name in FOUND.findall(run.output)}


def changing(emulator: Emulator) -> list[str]:
    return [one["operation"] for one in emulator.admin.requests() if one["method"] != "GET"]


CLOUDS = "from pulumi_modeldeploy import pai, zstack\n"
BAD = f"""
{CLOUDS}
secret = pulumi.Output.secret("{SECRET}")
service(
    "wild",
    workspace_id="w-9",
    config=[
        config(
            "m1", 60, instance_count=9, specification="custom",
            custom_spec={{"cpu": 64, "memory": 1024}},
            envs={{"DB_PASSWORD": "in-clear", "A_TOKEN": secret}},
            additional_properties={{
                "log_volume": [{{"host_path": "/var/log", "mount_path": "/logs"}}],
                "max_unavailable": 0.5,
            }},
            pool_name="p-1",
        ),
        config("m2", 40, pool_name="p-1"),
    ],
    pool_name="p-1",
)
for name in ("one", "two"):
    service(
        name, config=[config("m2")],
        vpc_id="v", subnet_network_id="s", security_group_id="g-1",
    )
service("bare", config=[config("m3")], opts=pulumi.ResourceOptions(protect=True))
pai.AppService(
    "app", app_type="LLM", service_spec="llama_7b_fp16", replicas=6,
    config={{"ModelStorage": "oss", "OssPath": "oss://theirs/model/"}},
)
zstack.ModelServiceDeployment(
    "runs", model_service_uuid="{UUID}", zone_uuid="{UUID}", type="Container",
    docker_image="vllm:latest", l3_network_uuids=["{UUID}"],
)
"""
STRICT: dict[str, Any] = {
    "all": "mandatory",
    "allowed-regions": {"regions": ["nowhere"], "zones": ["z"]},
    "allowed-workspaces": {"workspaces": ["0"]},
    "allowed-specifications": {"specifications": ["modelarts.*", "llama_7b_fp16"]},
    "approved-models": {"models": ["m1", "m2"]},
    "allowed-storage": {"locations": ["oss://ours/*"]},
    "allowed-registries": {"registries": ["registry.example.com/"]},
    "approved-groups": {"groups": ["g-2"]},
    "instance-size": {"cpu": 8},
    "instance-ceiling": {"most": 5},
    "total-instances": {"most": 10},
    "hourly-budget": {"most": 1, "prices": {"*": 1}},
    "minimum-replicas": {"least": 2},
}
THREE = ("wild", "one", "two")
EXPECTED: dict[str, tuple[str, ...]] = {
    "allowed-regions": (*THREE, "bare", "app", "runs"),
    "allowed-workspaces": ("wild", "app", "runs"),
    "allowed-specifications": ("wild",),
    "approved-models": ("bare",),
    "allowed-storage": ("app",),
    "allowed-registries": ("runs",),
    "pinned-images": ("runs",),
    "instance-ceiling": ("wild", "app"),
    "instance-size": ("wild",),
    "minimum-replicas": (*THREE, "bare"),
    "gentle-upgrades": ("wild",),
    "own-network": ("bare",),
    "approved-groups": ("one", "two"),
    "encrypted-secrets": ("wild",),
    "no-host-paths": ("wild",),
    "automatic-stop": (*THREE, "bare"),
    "log-reporting": (*THREE, "bare"),
    "failure-notifications": (*THREE, "bare"),
    "owner-label": ("app", "runs"),
    "protected": (*THREE, "app", "runs"),
    "safety-lock": ("app",),
    "dedicated-pool": ("one", "two", "bare", "app"),
    "total-instances": ("proj-dev",),
    "hourly-budget": ("proj-dev",),
    "one-service-per-model": ("two", "wild"),
    "separate-groups": ("two",),
}


def test_one_preview_shows_every_violation_and_an_update_is_stopped_by_them(
    stack: Stack, emulator: Emulator
) -> None:
    stack.program(BAD)
    # Addresses and steps of traffic are known after a deployment only, see below; rules of groups
    # come from other providers, whose plugins are not here.
    others = {"no-public-endpoint", "weight-step", "open-groups"}
    assert {one.name for one in RULES} - set(EXPECTED) == others
    expected = {("mandatory", rule, name) for rule, names in EXPECTED.items() for name in names}
    options = pack(stack, STRICT)
    for run in (stack.preview(*options), stack.run("up", "--yes", *options)):
        assert not run.ok
        assert violations(run) == expected, run.output
        assert "config[0].instance_count: must be at most 5, is 9" in run.output
        assert "config[0].envs['DB_PASSWORD']: must be secret" in run.output
        assert "A_TOKEN" not in run.output
        assert SECRET not in run.output
        assert "in-clear" not in run.output.partition("Policies:")[2]
        assert "Traceback" not in run.output
    assert changing(emulator) == []
    assert stack.resources() == []


GOOD = f"""
{CLOUDS}
safe = pulumi.ResourceOptions(protect=True)
secret = pulumi.Output.secret("{SECRET}")
first = service(
    "first",
    opts=safe,
    config=[config("m1", instance_count=2, envs={{"A_TOKEN": secret}})],
    pool_name="p-1",
    additional_properties={{
        "log_report_channels": [{{"type": "LTS"}}],
        "smn_notification": {{"topic_urn": "t", "events": [1]}},
    }},
)
pai.AppService(
    "app", opts=safe, app_type="LLM", service_spec="llama_7b_fp16", replicas=2,
    quota_id="q", labels={{"owner": "ml"}}, safety_lock="dangerous",
)
chat = zstack.ModelService(
    "chat", opts=safe, model_center_uuid="{UUID}", yaml="services: []", request_cpu=1,
    request_memory=1024, install_path="file:///a", start_command="run", user_tags=["owner::ml"],
    architecture_images=[{{"cpu_architecture": "x86_64", "docker_image": "vllm:v1"}}],
)
zstack.ModelServiceDeployment(
    "runs", opts=safe, model_service_uuid=chat.uuid, zone_uuid="{UUID}", type="Container",
    docker_image="vllm:v0.11.0", l3_network_uuids=["{UUID}"], user_tags=["owner::ml"],
    environment_variables={{"API_KEY": first.service_id, "N": first.id}},
)
"""


def test_a_compliant_program_hears_nothing_until_something_is_public(
    stack: Stack, emulator: Emulator
) -> None:
    stack.configure("modeldeploy:policyProfile", "production")
    stack.program(GOOD)
    # What has an id for a password is judged when it is known.
    exempt = {"encrypted-secrets": {"exempt": ["API_KEY"]}}
    for words in (("preview",), ("up", "--yes", "--skip-preview"), ("preview",)):
        run = stack.run(*words, *pack(stack, exempt))
        assert run.ok, run.output
        assert violations(run) == set(), run.output
        assert "✅ modeldeploy@v0.1.0" in run.output
    assert len(emulator.admin.resources("modelarts")) == 1
    public = {"no-public-endpoint": {"enforcementLevel": "mandatory", "networks": [], "hosts": []}}
    run = stack.preview(*pack(stack, {**exempt, **public}))
    assert not run.ok
    assert violations(run) == {
        ("mandatory", "no-public-endpoint", name) for name in ("first", "app", "runs")
    }
    for output in ("access_address", "internet_endpoint", "urls"):
        assert f"          {output}: must not be public\n" in run.output


MENDED = f"""
{CLOUDS}
secret = pulumi.Output.secret("{SECRET}")
service(
    "svc",
    config=[config("m1", 60, instance_count=9, envs={{"A_TOKEN": secret}}), config("m2", 40)],
    additional_properties={{"smn_notification": {{"topic_urn": secret, "events": [1]}}}},
)
service("whole", config=secret.apply(lambda text: [config("m1", 100, instance_count=7)]))
pai.AppService(
    "app", app_type="LLM", service_spec="llama_7b_fp16", replicas=6, labels={{"note": secret}},
)
"""
MENDING = {
    "log-reporting": "remediate",
    "owner-label": {"enforcementLevel": "remediate", "values": {"owner": "ml"}},
}


def test_what_is_mended_reaches_the_cloud_stays_secret_and_stays(
    stack: Stack, emulator: Emulator
) -> None:
    stack.environment["MODELDEPLOY_POLICY_PROFILE"] = "development"
    stack.program(MENDED)
    run = stack.up("--diff", *pack(stack, MENDING))
    assert set(re.findall(r"\[remediate\] +(\S+) +\(\S+: (\w+)\)", run.output)) == {
        *(
            (rule, name)
            for rule in ("automatic-stop", "log-reporting")
            for name in ("svc", "whole")
        ),
        *(("instance-ceiling", name) for name in ("svc", "whole", "app")),
        ("owner-label", "app"),
    }
    assert SECRET not in run.output
    services = {one["service_name"][:3]: one for one in emulator.admin.resources("modelarts")}
    for one in services.values():
        assert one["schedule"] == [{"type": "stop", "time_unit": "HOURS", "duration": 12}]
        assert one["additional_properties"]["log_report_channels"] == [{"type": "LTS"}]
    assert [one["instance_count"] for one in services["svc"]["config"]] == [2, 1]
    assert [one["instance_count"] for one in services["who"]["config"]] == [2]
    assert services["svc"]["config"][0]["envs"] == {"A_TOKEN": SECRET}
    (app,) = emulator.admin.resources("pai")
    assert app["TotalInstance"] == 2
    labels = {one["LabelKey"]: one["LabelValue"] for one in app["Labels"]}
    assert labels == {"note": SECRET, "owner": "ml"}

    assert SECRET.encode() not in stack.stored_bytes()
    for one in stack.resources():
        assert one["inputs"]["__provider"] == one["outputs"]["__provider"]
    assert stack.up("--expect-no-changes", *pack(stack, MENDING)).unchanged
    stack.destroy()
    assert emulator.admin.resources("modelarts") == emulator.admin.resources("pai") == []


REPLACED = """
service(
    "svc", opts=pulumi.ResourceOptions(delete_before_replace={first}), workspace_id="{workspace}",
    config=[config("m1", instance_count=9, envs={{"A_TOKEN": pulumi.Output.secret("{secret}")}})],
)
"""


@pytest.mark.parametrize("first", [False, True], ids=["create first", "delete first"])
def test_what_is_mended_reaches_what_replaces_a_service(
    stack: Stack, emulator: Emulator, *, first: bool
) -> None:
    """The engine has the program's own inputs checked once more then."""
    stack.environment["MODELDEPLOY_POLICY_PROFILE"] = "development"
    ids = []
    for workspace in ("w1", "w2"):
        stack.program(REPLACED.format(first=first, workspace=workspace, secret=SECRET))
        stack.run("up", "--yes", *pack(stack))
        (service,) = emulator.admin.resources("modelarts")
        ids.append(service["service_id"])
        assert service["workspace_id"] == workspace
        assert [one["instance_count"] for one in service["config"]] == [2]
        assert [one["type"] for one in service["schedule"]] == ["stop"]
        assert stack.up("--expect-no-changes", *pack(stack)).unchanged
    assert len(set(ids)) == 2
    assert SECRET.encode() not in stack.stored_bytes()


LATE = """
first = service("first")
count = first.id.apply(lambda _: 9)
service("second", config=[config("m1", 100, instance_count=count)])
service("third", config=[config("m1", 60), config(first.service_id, 40, instance_count=9)])
"""


def test_what_is_not_known_is_judged_in_the_update(stack: Stack, emulator: Emulator) -> None:
    only = {"all": "disabled", "instance-ceiling": "mandatory"}
    stack.program(LATE)
    preview = stack.preview(*pack(stack, only))
    assert violations(preview) == {("mandatory", "instance-ceiling", "third")}
    assert "can't run policy" not in preview.output
    stack.program(LATE.replace("40, instance_count=9", "40"))
    preview = stack.preview(*pack(stack, only))
    assert preview.ok, preview.output
    assert violations(preview) == set()
    run = stack.try_up(*pack(stack, only))
    assert not run.ok
    assert ("mandatory", "instance-ceiling", "second") in violations(run)
    names = [one["service_name"].partition("-")[0] for one in emulator.admin.resources("modelarts")]
    assert "first" in names
    assert "second" not in names


UNKNOWN = f"""
{CLOUDS}
safe = pulumi.ResourceOptions(protect=True)
source = service("source", opts=safe)


def late(value):
    return source.id.apply(lambda _: value)


service(
    "service", opts=safe, workspace_id=late("w"), pool_name=late("p"), vpc_id=late("v"),
    subnet_network_id=late("s"), security_group_id=late("g"), schedule=late([]),
    additional_properties=late({{}}),
    config=[
        config(
            late("m"), late(100), instance_count=late(1), specification=late("custom"),
            envs=late({{"PASSWORD": "x"}}), pool_name=late("p"), additional_properties=late({{}}),
        )
    ],
)
service("whole", opts=safe, workspace_id=late("w"), pool_name=late("p"), vpc_id=late("v"),
    subnet_network_id=late("s"), security_group_id=late("g"), schedule=late([]),
    additional_properties=late({{}}), config=late([config("m")]),
)
pai.AppService(
    "app", opts=safe, app_type="LLM", service_spec=late("llama_7b_fp16"), replicas=late(6),
    workspace_id=late("1"), quota_id=late("q"), safety_lock=late("none"), labels=late({{}}),
    config=late({{"OssPath": "oss://theirs/"}}),
)
zstack.ModelService(
    "entry", opts=safe, model_center_uuid=late("{UUID}"), yaml=late("services: []"),
    request_cpu=late(99), request_memory=late(1), install_path=late("/a"),
    start_command=late("run"), user_tags=late([]),
    architecture_images=late([{{"cpu_architecture": "x86_64", "docker_image": "vllm:latest"}}]),
)
zstack.ModelServiceDeployment(
    "runs", opts=safe, model_service_uuid=late("{UUID}"), zone_uuid=late("{UUID}"),
    type="Container", docker_image=late("vllm:latest"), l3_network_uuids=late([]),
    project_uuid=late("{UUID}"), user_tags=late([]), cpu_num=late(99), memory_size=late(2**40),
    environment_variables=late({{"PASSWORD": "x"}}),
)
"""


def test_no_rule_judges_what_is_not_known(stack: Stack) -> None:
    strict = {**STRICT, "allowed-regions": {"regions": ["cn-*"], "zones": ["z"]}}
    stack.program(UNKNOWN)
    run = stack.preview(*pack(stack, strict))
    assert "can't run policy" not in run.output
    assert {name for _, _, name in violations(run)} == {"source"}, run.output


SPLIT = 'service("svc", config=[config("m1", {}), config("m2", {}, envs={{"A": "b"}})])'


def test_traffic_that_moves_in_one_step_is_judged_by_what_was_deployed_last(stack: Stack) -> None:
    only = {"all": "disabled", "weight-step": "mandatory"}
    stack.program(SPLIT.format(90, 10))
    stack.up(*pack(stack, only))
    stack.program(SPLIT.format(30, 70))
    run = stack.run("up", "--yes", *pack(stack, only))
    assert violations(run) == {("mandatory", "weight-step", "svc")}
    assert "config: must move at most 50 percent of the traffic in one run, moves 60" in run.output
    stack.configure("modeldeploy:policyRules", json.dumps({"weight-step": {"most": 60}}))
    assert violations(stack.up(*pack(stack, only))) == set()
    assert stack.up("--expect-no-changes", *pack(stack, only)).unchanged
    assert "was" not in stack.resource("svc")["inputs"]["modeldeploy"]
    stack.program(SPLIT.format(30, 70).replace('"b"', '"c"'))
    least = pack(stack, {**only, "weight-step": {"enforcementLevel": "mandatory", "most": 1}})
    assert violations(stack.up(*least)) == set()
    late = "weight = service('new').id.apply(lambda _: 70)\n"
    stack.program(late + SPLIT.format(30, 70).replace("70, envs", "weight, envs"))
    assert violations(stack.preview(*least)) == set()
    stack.program(SPLIT.format("pulumi.Output.secret(20)", 80))
    run = stack.preview(*least)
    assert "config: must move at most 1 percent of the traffic in one run\n" in run.output
    stack.up()
    stack.program(SPLIT.format(90, 10))
    run = stack.preview(*least)
    assert violations(run) == {("mandatory", "weight-step", "svc")}
    assert "config: must have no secret weights: they are compared in each run" in run.output


MISTAKES: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "a rule of the file": (
        {"instance-celing": "mandatory"},
        {},
        ("policy pack modeldeploy: instance-celing is no rule: did you mean instance-ceiling?"),
    ),
    "a setting of the file": (
        {"instance-ceiling": {"mots": 3}},
        {},
        "instance-ceiling: mots is no setting: did you mean most?",
    ),
    "a rule of the stack": (
        {},
        {"policyRules": '{"instance-celing": "mandatory"}'},
        (
            "modeldeploy:policyRules, policy pack modeldeploy: instance-celing is no rule: did you "
            "mean instance-ceiling?"
        ),
    ),
    "a profile": (
        {},
        {"policyProfile": "prodution"},
        (
            "modeldeploy:policyProfile, or what policy pack modeldeploy says of stacks' names, "
            "must be one of baseline, production, development; PACK/PROFILE for one pack only"
        ),
    ),
}


def test_what_is_misspelt_in_a_configuration_ends_a_run_at_its_start(
    stack: Stack, emulator: Emulator
) -> None:
    stack.program('service("svc")')
    settings = stack.folder / "Pulumi.dev.yaml"
    before = settings.read_text()
    for name, (file, config, text) in MISTAKES.items():
        lines = [f"  modeldeploy:{key}: {json.dumps(value)}\n" for key, value in config.items()]
        settings.write_text(before + ("config:\n" if lines else "") + "".join(lines))
        run = stack.run("up", "--yes", "--skip-preview", *pack(stack, file))
        assert not run.ok, name
        (said,) = re.findall(r"^error: (?:configuring .+?: )?(.+)$", run.output, re.MULTILINE)
        assert said == text, name
        assert "calling application" not in run.output, name
        assert "Traceback" not in run.output, name
    assert changing(emulator) == []


def test_the_teams_pack_does_what_its_readme_says(
    new_stack: Callable[..., Stack], emulator: Emulator, tmp_path: Path
) -> None:
    name = "10-team-pack"
    project = Path(shutil.copytree(ROOT / "examples" / name, tmp_path / name))
    readme = (project / "README.md").read_text()
    words = re.search(r"^pulumi up (--policy-pack .+)$", readme, re.MULTILINE)
    assert words is not None
    options = words[1].split()
    stack = new_stack(folder=project)
    run = stack.up(*options)
    assert violations(run) == {("remediate", "log-level-is-set", "1 resource")}
    (service,) = emulator.admin.resources("modelarts")
    assert [one["envs"] for one in service["config"]] == [
        {"LOG_LEVEL": "info"},
        {"LOG_LEVEL": "debug"},
    ]
    for key, value in re.findall(r"^pulumi config set (\w+) (\S+)$", readme, re.MULTILINE):
        stack.configure(key, value)
    run = stack.preview(*options)
    assert not run.ok
    told = readme.partition("```\nconfig: ")[2].partition("```")[0].strip().splitlines()
    assert len(told) == 2
    for text in told:
        assert text in run.output
