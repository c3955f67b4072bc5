"""The team's rules, without an engine: run `python -m pytest` in this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rules import RULES, gpus_have_a_ticket, services_are_described

from pulumi_modeldeploy import modelarts
from pulumi_modeldeploy.policy import rule
from pulumi_modeldeploy.policy.testing import UNKNOWN, Planned, judge, resource

HERE = Path(__file__).parent
GPU = "modelarts.vm.gpu.v100"
BY_NAME = {one.name: one for one in RULES}


def service(specification: Any = "modelarts.vm.cpu.2u", **more: Any) -> Planned:
    config = {"model_id": "m1", "specification": specification, "instance_count": 1}
    given = {"infer_type": "real-time", "config": [{**config, "weight": 100}], **more}
    return resource(modelarts.Service, "svc", **given)


def test_gpus_have_a_ticket() -> None:
    ticket = BY_NAME["gpus-have-a-ticket"]
    wrong = ["svc: config[0].specification: must not be a GPU without a ticket in the description"]
    assert judge(ticket, [service()]).messages == []
    assert judge(ticket, [service(GPU)]).messages == wrong
    assert judge(ticket, [service(GPU, description="see OPS-17")]).messages == []
    assert judge(ticket, [service(GPU, description=UNKNOWN)]).messages == []
    assert judge(ticket, [service(UNKNOWN)]).messages == []
    other = {ticket.name: {"pattern": "REQ-.+"}}
    assert (
        judge(ticket, [service(GPU, description="OPS-17")], configuration=other).messages == wrong
    )


def test_a_missing_log_level_is_mended() -> None:
    level = BY_NAME["log-level-is-set"]
    assert judge(level, [service()]).messages == ["svc: config[0].envs: must have LOG_LEVEL"]
    mended = judge(level, [service()], configuration={level.name: "remediate"})
    assert mended.messages == []
    assert mended.inputs("svc")["config"][0]["envs"] == {"LOG_LEVEL": "info"}


def test_services_are_described() -> None:
    described = BY_NAME["services-are-described"]
    assert judge(described, [service()]).messages == ["svc: must have a description"]
    assert judge(described, [service(description="digits")]).messages == []


def test_the_program_keeps_all_rules_as_the_pack_is_configured() -> None:
    verdict = judge(
        RULES,
        HERE.parent / "__main__.py",
        profile="production",
        configuration=HERE / "policies.json",
    )
    assert verdict.messages == []
    levels = [one["envs"]["LOG_LEVEL"] for one in verdict.inputs("recommender")["config"]]
    assert levels == ["info", "debug"]


def test_rules_are_plain_functions() -> None:
    assert gpus_have_a_ticket.__doc__
    assert services_are_described.__doc__
    assert rule("weight-step") in RULES
