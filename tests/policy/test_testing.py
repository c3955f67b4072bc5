"""The testing kit: programs under mocks and plain resources, our rules and those of the SDK."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ResourceValidationPolicy,
    StackValidationPolicy,
)
from samples import UUID, app, service, version

from pulumi_modeldeploy import modelarts, pai
from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.errors import InvalidInputs, SettingsError
from pulumi_modeldeploy.policy import RULES, ModelArtsService, rule, view_of
from pulumi_modeldeploy.policy.testing import Violation, foreign, judge, resource

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hush-hush-value"


def config(**more: Any) -> modelarts.ServiceConfigArgs:
    given = {"model_id": "m1", "specification": "s", "instance_count": 9, "weight": 100, **more}
    return modelarts.ServiceConfigArgs(**given)


def program() -> None:
    secret = pulumi.Output.secret(SECRET)
    first = modelarts.Service(
        "first",
        infer_type="real-time",
        config=[config(envs={"A_TOKEN": secret, "B_TOKEN": "in-clear"})],
        opts=pulumi.ResourceOptions(protect=True),
    )
    modelarts.Service(
        "second",
        infer_type="real-time",
        config=[
            config(instance_count=first.id.apply(lambda _: 9), weight=50),
            config(model_id="m2", weight=50),
        ],
        vpc_id=first.service_id,
        subnet_network_id="s",
        security_group_id="g",
    )
    pai.AppService(
        "app", app_type="LLM", service_spec=pulumi.Config("x").require("spec"), replicas=1
    )


@pytest.fixture(autouse=True)
def _no_event_loop() -> None:
    """As another test may have left the thread."""
    asyncio.set_event_loop(None)


def test_a_program_is_judged_as_the_engine_would() -> None:
    names = ("instance-ceiling", "encrypted-secrets", "protected", "own-network")
    names = (*names, "allowed-regions", "allowed-specifications")
    verdict = judge(
        map(rule, names),
        program,
        region="eu-de",
        config={"x:spec": "llama_7b_fp16"},
        configuration={
            "allowed-regions": {"regions": ["eu-nl"]},
            "allowed-specifications": {"specifications": ["llama*", "s"]},
        },
    )
    told = " ".join(verdict.messages)
    assert SECRET not in told
    assert "in-clear" not in told
    assert {(one.rule, one.resource) for one in verdict.violations} == {
        ("instance-ceiling", "first"),
        ("instance-ceiling", "second"),
        ("encrypted-secrets", "first"),
        ("protected", "second"),
        ("protected", "app"),
        ("own-network", "first"),
        *(("allowed-regions", name) for name in ("first", "second", "app")),
    }
    assert "second: config[1].instance_count: must be at most 5, is 9" in verdict.messages
    assert "B_TOKEN" in told
    assert "A_TOKEN" not in told
    assert verdict.inputs("second")["vpcId"] is UNKNOWN
    assert verdict.inputs("app")["desiredStatus"] == "running", "defaults are those of the check"
    assert verdict.stopped


PROGRAM = """
import pulumi
from pulumi_modeldeploy import modelarts

def service(name, group):
    given = {"model_id": "m1", "specification": "s", "instance_count": 1, "weight": 100}
    modelarts.Service(
        name, infer_type="real-time", config=[given],
        vpc_id="v", subnet_network_id="s", security_group_id=group.id,
    )

class Secgroup(pulumi.CustomResource):
    def __init__(self, name):
        super().__init__("huaweicloud:Vpc/secgroup:Secgroup", name, {})

shared, own = Secgroup("shared"), Secgroup("own")
service("a", shared)
service("b", own)
service("c", shared)
"""


def test_a_folder_is_run_and_what_arguments_depend_on_is_known(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(PROGRAM)
    for where in (tmp_path, tmp_path / "__main__.py"):
        verdict = judge(rule("separate-groups"), where, profile="production")
        assert verdict.violations == [
            Violation(
                "separate-groups",
                "c",
                "must have a security group of its own, not that of a",
                EnforcementLevel.MANDATORY,
            )
        ]


def test_without_a_profile_a_rule_counts_whatever_its_level() -> None:
    stopless = [service(schedule=None)]
    assert judge(rule("automatic-stop"), stopless).messages
    assert judge(rule("automatic-stop"), stopless, profile="production").messages == []
    mended = judge(rule("automatic-stop"), stopless, profile="development")
    assert mended.messages == []
    assert mended.inputs("digits")["schedule"][0]["duration"] == 12
    assert judge(rule("automatic-stop"), stopless, configuration={"all": "disabled"}).messages == []


def test_configurations_come_from_files_too(tmp_path: Path) -> None:
    file = tmp_path / "policies.json"
    file.write_text(json.dumps({"all": "disabled", "instance-ceiling": {"most": 1}}))
    assert judge(RULES, [app()], configuration=file).messages == []
    file.write_text(json.dumps({"instance-ceiling": {"most": 1}}))
    assert judge(rule("instance-ceiling"), [app()], configuration=file).messages == [
        "llama: replicas: must be at most 1, is 2"
    ]
    for wrong in ({"instance-celing": "mandatory"}, {"instance-ceiling": {"mots": 1}}):
        with pytest.raises(SettingsError, match="did you mean"):
            judge(rule("instance-ceiling"), [app()], configuration=wrong)


def test_mistakes_in_arguments_are_named_lest_a_test_proves_nothing() -> None:
    with pytest.raises(InvalidInputs, match="svc: config: is missing: it must be given"):
        judge(RULES, [resource(modelarts.Service, "svc", infer_type="real-time")])
    with pytest.raises(InvalidInputs, match="replicsa: is no argument of AppService"):
        judge(RULES, [app(replicsa=3)])


def plain(args: Any, report: Any) -> None:
    settings = args.get_config()
    if args.resource_type == "aws:x:Y":
        args.not_applicable("another cloud")
    if args.props["replicas"] > settings["most"]:
        report(f"{settings['word']} many")


async def later(args: Any, report: Any) -> None:
    if len(args.resources) > 1:
        report("more than one", args.resources[0].urn)


def fill(args: Any) -> Any:
    args.props["replicas"] = 1
    return args.props


SCHEMA = PolicyConfigSchema({"most": {"type": "integer", "default": 3}, "word": {"default": "too"}})
PLAIN = ResourceValidationPolicy("plain", "Plain.", plain, config_schema=SCHEMA)
LATER = StackValidationPolicy("later", "Later.", later)


def test_policies_of_the_sdk_are_judged_as_well() -> None:
    resources = [app(replicas=4), app("few"), foreign("aws:x:Y", "other")]
    verdict = judge([PLAIN, LATER], resources, configuration={"plain": {"word": "very"}})
    assert verdict.messages == ["llama: very many", "llama: more than one"]
    assert not verdict.stopped
    unknown = judge(PLAIN, [app(replicas=UNKNOWN)])
    assert (unknown.messages, unknown.unknown) == ([], [("plain", "llama")])


def test_a_remediation_alone_is_a_policy_too() -> None:
    mending = ResourceValidationPolicy(
        "mending", "Mends.", remediate=fill, enforcement_level=EnforcementLevel.REMEDIATE
    )
    verdict = judge(mending, [app(replicas=4)])
    assert (verdict.messages, verdict.inputs("llama")["replicas"]) == ([], 1)


def test_what_a_remediation_does_not_mend_stops_an_update() -> None:
    level = {"owner-label": "remediate"}
    verdict = judge(rule("owner-label"), [app(labels=None)], configuration=level)
    assert verdict.messages == ["llama: labels: must have a label owner"]
    assert verdict.stopped


def test_a_derived_class_is_the_resource_that_it_is_derived_from() -> None:
    class Ours(modelarts.Service):
        """A service with a house style."""

    made = resource(
        Ours,
        "svc",
        infer_type="edge",
        cluster_id="c",
        config=[config(instance_count=None, weight=None)],
    )
    assert made.token == "pulumi-python:dynamic/modelarts:Service"
    found: list[Any] = []
    seeing = ResourceValidationPolicy("s", "S.", lambda args, _report: found.append(view_of(args)))
    judge(seeing, [made])
    assert isinstance(found[0], ModelArtsService)
    assert found[0].config[0].model_id == "m1"


def test_outputs_are_seen_by_rules_over_stacks_only() -> None:
    public = app(outputs={"internet_endpoint": "https://80.1.2.3"})
    assert judge(rule("no-public-endpoint"), [public]).messages == [
        "llama: internet_endpoint: must not be public"
    ]
    assert UUID not in str(judge(RULES, [public]).messages)


def test_resources_of_one_name_are_told_apart_by_their_types() -> None:
    both = [app("x", replicas=9), service("x", config=[version(instance_count=7)])]
    verdict = judge(rule("instance-ceiling"), both)
    assert verdict.messages == [
        "x: replicas: must be at most 5, is 9",
        "x: config[0].instance_count: must be at most 5, is 7",
    ]
    with pytest.raises(KeyError, match="2 resources are called x"):
        verdict.inputs("x")
    assert verdict.inputs("urn:pulumi:dev::project::pulumi-python:dynamic/pai:AppService::x")[
        "replicas"
    ]
    with pytest.raises(InvalidInputs, match="two resources of one type are called x"):
        judge(rule("instance-ceiling"), [app("x"), app("x")])


def test_rules_over_several_arguments_are_checked_too() -> None:
    with pytest.raises(InvalidInputs, match="the weights of a real-time service add up to 100"):
        judge(RULES, [service(config=[version(weight=50)])])


@pytest.mark.parametrize("key", ["spring.datasource.password", "a[0].PASSWORD", "PASSWORD"])
def test_a_secret_variable_may_have_any_name(key: str) -> None:
    envs = {key: "hush", "spring.datasource": "x", "spring": "y", "a": "z"}
    made = service(config=[version(envs=envs)], secrets=[f"config[0].envs.{key}"])
    assert judge(rule("encrypted-secrets"), [made]).messages == []
    assert set(judge(RULES, [made]).wire("digits")["config"][0]["envs"][key]) > {"value"}
