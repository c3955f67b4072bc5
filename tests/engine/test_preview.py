"""What a preview tells: mistakes of all resources, unknowns, names, nothing secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

SECRET = "hush-hush-value"

MISTAKES = f"""
secret = pulumi.Output.secret("{SECRET}")
service(
    "plain",
    infer_type="realtime",
    description="a < b",
    vpc_id="vpc-1",
    config=[config("m1", 70), config("m2", 20)],
)
service(
    "secret",
    infer_type=secret,
    description=secret.apply(lambda text: text + "!"),
    config=[config("m1", pulumi.Output.secret(98765)), {{"model_id": secret, "instance_cuont": 1}}],
)
late = pulumi.Output.from_input(200)
service(
    "resolved",
    config=[config(instance_count=late, weight=late)],
    schedule=late.apply(lambda _: [{{"type": "stop", "time_unit": "WEEKS", "duration": 0}}]),
)
right = service("right")
service("dependent", config=[config(right.service_id, 90)])
"""

EXPECTED = (
    "plain: infer_type: must be one of real-time, batch, edge",
    "plain: description: must hold none of",
    "plain: subnet_network_id: is missing",
    "plain: security_group_id: is missing",
    "plain: config: the weights of a real-time service add up to 100, these add up to 90 (70 + 20)",
    "secret: infer_type: must be one of real-time, batch, edge",
    "secret: description: must hold none of",
    "secret: config[0].weight: must be between 0 and 100",
    "secret: config[1].instance_cuont: is no argument of ServiceConfigArgs",
    "secret: config[1].specification: is missing",
    "resolved: config[0].instance_count: must be between 1 and 128, is 200",
    "resolved: config[0].weight: must be between 0 and 100, is 200",
    "resolved: schedule[0].time_unit: must be one of DAYS, HOURS, MINUTES",
    "resolved: schedule[0].duration: must be at least 1, is 0",
    "dependent: config: the weights of a real-time service add up to 100, these add up to 90 (90)",
)


def test_one_preview_shows_every_mistake_of_all_resources(stack: Stack, emulator: Emulator) -> None:
    stack.program(MISTAKES)
    for _ in range(4):  # what comes when is the engine's choice
        run = stack.preview()
        assert not run.ok
        missing = [text for text in EXPECTED if f"error: {text}" not in run.diagnostics]
        assert missing == []
        assert "Traceback" not in run.output
        assert SECRET not in run.output
        assert "98765" not in run.output
    assert [r for r in emulator.admin.requests() if r["method"] != "GET"] == []


def test_an_update_refuses_mistakes_too(stack: Stack, emulator: Emulator) -> None:
    stack.program('service("svc", config=[config("m1", 70), config("m2", 20)])')
    run = stack.try_up()
    assert not run.ok
    assert "config: the weights of a real-time service add up to 100" in run.diagnostics
    assert "Traceback" not in run.output
    assert emulator.admin.requests() == []


WEIGHTS = """
first = service("first")
weight = first.id.apply(lambda _: {weight})
service("second", config=[config("m1", 70), config("m2", weight)])
"""


def test_unknown_weights_raise_no_false_alarm_and_are_judged_when_known(stack: Stack) -> None:
    stack.program(WEIGHTS.format(weight=20))
    preview = stack.preview()
    assert preview.ok, preview.output
    run = stack.try_up()
    assert not run.ok
    assert "these add up to 90 (70 + 20)" in run.diagnostics
    stack.program(WEIGHTS.format(weight=30))
    assert stack.preview().ok
    stack.up()


def test_known_weights_that_exceed_the_sum_are_refused_beside_an_unknown_one(
    stack: Stack,
) -> None:
    text = WEIGHTS.format(weight=30).replace(
        'config("m1", 70)', 'config("m1", 70), config("m3", 40)'
    )
    stack.program(text)
    run = stack.preview()
    assert not run.ok
    assert "these add up to 110 (70 + 40)" in run.diagnostics


def test_a_rule_can_be_turned_off_by_its_name(stack: Stack, emulator: Emulator) -> None:
    stack.program('service("svc", config=[config("m1", 70), config("m2", 20)])')
    stack.configure("modeldeploy:skipRules", "weights-add-up")
    assert stack.preview().ok
    run = stack.try_up()
    assert not run.ok
    assert "CreateService" in run.diagnostics, "the cloud refuses what the check let pass"
    assert emulator.admin.resources("modelarts") == []


def test_taking_away_what_the_cloud_would_keep_is_refused(stack: Stack) -> None:
    stack.program('service("svc", priority=2)')
    stack.up()
    stack.program('service("svc")')
    run = stack.preview()
    assert not run.ok
    assert "priority: was taken away" in run.diagnostics


UNFIT = """
import decimal

service("right", config=[config(weight=decimal.Decimal(100), envs={1: "x"})])
service("set", config=[config(envs={"A": {"x"}})], schedule={"a"})
service("huge", config=[config(weight=10**400)])
service("bytes", description=b"x", config=(config() for _ in range(1)))
service("camel", config=[{"modelId": "x", "model_id": "y", "specification": "s", "weight": 100}])
service("object", additional_properties=object())
"""


def test_what_the_wire_cannot_carry_is_a_mistake_with_a_place(stack: Stack) -> None:
    stack.program('service("bytes")\nservice("set")\nservice("huge")')
    stack.up()
    stack.program(UNFIT)
    run = stack.preview()
    assert not run.ok
    assert "Traceback" not in run.output
    for text in (
        "set: config[0].envs['A']: must be a text",
        "set: schedule[0]: must be an object",
        "huge: config[0].weight: must be a whole number",
        "bytes: description: must be a text",
        "bytes: config[0]: must be an object",
        "camel: config[0].modelId (camelCase): is no argument of ServiceConfigArgs: did you mean",
        "object: additional_properties: must be an object",
    ):
        assert f"error: {text}" in run.diagnostics
    assert "error: right:" not in run.diagnostics


def test_a_preview_of_a_replacement_asks_no_cloud(stack: Stack, emulator: Emulator) -> None:
    stack.program('service("svc")')
    stack.up()
    seen = len(emulator.admin.requests())
    stack.configure("modelarts:preflight", "off")
    stack.program('service("svc", workspace_id="1")')
    stack.environment["MODELARTS_ENDPOINT"] = "http://127.0.0.1:1"
    run = stack.preview()
    assert run.ok, run.output
    assert "+-1 to replace" in run.output
    assert len(emulator.admin.requests()) == seen


LATE = """
import asyncio


async def later(value):
    for _ in range(2000):
        await asyncio.sleep(0)
    return value


service("early", config=[config(weight=50)])
right = service("right")
pulumi.Output.all(right.service_name, later(53)).apply(
    lambda found: service("late", config=[config(weight=found[1])]).urn
)
"""


def test_resources_that_an_apply_constructs_are_judged_too(stack: Stack) -> None:
    stack.program(LATE)
    run = stack.preview()
    assert not run.ok
    assert "early: config: the weights of a real-time service" in run.diagnostics
    assert "late: config: the weights of a real-time service" in run.diagnostics
    assert "2 mistakes in early, late" in run.diagnostics


def test_a_refused_removal_hides_no_mistake_of_others(stack: Stack) -> None:
    stack.program('service("a", priority=1)\nservice("b")\nservice("c")')
    stack.up()
    stack.program(
        'service("a")\n'
        'service("b", config=[config(weight=90)])\n'
        'service("c", config=[config(weight=pulumi.Output.from_input(80))])'
    )
    run = stack.preview()
    assert not run.ok
    for text in ("a: priority: was taken away", "add up to 90 (90)", "add up to 80 (80)"):
        assert text in run.diagnostics


def test_what_is_doubtful_is_a_warning_of_its_resource(stack: Stack) -> None:
    stack.program('service("svc", config=[config(instance_count=6)])')
    run = stack.preview()
    assert run.ok
    assert run.diagnostics.count("warning: config[0].instance_count: must be between 1 and 5") == 1


def test_a_credential_in_clear_configuration_is_refused(stack: Stack) -> None:
    stack.program('service("svc")')
    stack.configure("modelarts:secretKey", "0123456789abcdef")
    run = stack.preview()
    assert not run.ok
    assert "pulumi config set --secret modelarts:secretKey" in run.output
    assert "Traceback" not in run.output
    assert "0123456789abcdef" not in run.output


@pytest.mark.parametrize(
    ("key", "value"), [("modelarts:ownerMark", "maybe"), ("modeldeploy:resumeWithin", "soon")]
)
def test_a_malformed_setting_is_refused_in_the_preview(stack: Stack, key: str, value: str) -> None:
    stack.program('service("svc")')
    stack.configure(key, value)
    run = stack.preview()
    assert not run.ok
    assert f"{key} must be " in run.diagnostics


@pytest.mark.parametrize("missing", ["HW_PROJECT_ID", "HW_ACCESS_KEY"])
def test_a_missing_setting_names_the_places_where_it_may_be_given(
    stack: Stack, missing: str
) -> None:
    stack.program('service("svc")')
    del stack.environment[missing]
    run = stack.try_up()
    assert not run.ok
    assert missing in run.diagnostics
    assert "pulumi config set" in run.diagnostics
    assert "Traceback" not in run.output
