"""What is said about refusals of the cloud: each row, and how it reaches who runs the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pulumi_modeldeploy.core import lifecycle
from pulumi_modeldeploy.errors import ApiError, NotReady, Refused
from pulumi_modeldeploy.modelarts import api
from pulumi_modeldeploy.modelarts.advice import ADVICE, ANY, advise

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Cloud

    from pulumi_modeldeploy.core.values import Values

    Arguments = Callable[..., Values]

SAYS = {
    "0116": (400, ("quota of the account", "service ticket")),
    "0118": (400, ("quota of the account", "service ticket")),
    "3520": (400, ("as many services of this type", "failed ones count too", "service ticket")),
    "3521": (400, ("services of this type run", "service ticket")),
    "3522": (400, ("instances", "instance_count", "service ticket")),
    "3561": (400, ("quota of nodes", "service ticket")),
    "3578": (400, ("quota of models", "service ticket")),
    "3856": (400, ("free services",)),
    "3857": (400, ("free services",)),
    "4860": (400, ("quota of real-time services", "service ticket")),
    "4861": (400, ("quota of batch services", "service ticket")),
    "3952": (400, ("try later", "instance_count")),
    "3976": (400, ("specification", "pool")),
    "6200": (500, ("try later", "pool")),
    "4116": (403, ("arrears", "billing center")),
    "4118": (403, ("suspended", "billing center")),
    "6201": (401, ("suspended", "billing center")),
    "6203": (401, ("restricted", "billing center")),
    "0428": (401, ("agency", "console")),
    "0202": (401, ("modelarts:token", "24 hours")),
    "0203": (401, ("modelarts:token", "24 hours")),
    "0204": (400, ("project",)),
    "0210": (403, ("modelarts:projectId", "HW_PROJECT_ID")),
    "0108": (403, ("IAM permission", "README")),
    "0112": (403, ("IAM permission", "README")),
    "3518": (400, ("enable it",)),
    "3540": (400, ("the user who made",)),
    "3507": (404, ("model_id", "modelarts.get_models()")),
    "3514": (400, ("input_params",)),
    "3515": (400, ("published", "model_status")),
    "3516": (400, ("different versions",)),
    "3534": (400, ("security_group_id", "TCP 8080")),
    "3547": (400, ("pool_name", "cluster_id")),
    "3551": (400, ("src_path", "dest_path", "agency")),
    "3580": (400, ("subscri",)),
    "3589": (400, ("infer_type", "install_type")),
    "3593": (400, ("subscri",)),
    "3835": (400, ("modelarts.get_specifications()",)),
    "3836": (400, ("modelarts.get_specifications()",)),
    "3953": (400, ("AI service",)),
}
"""Number -> the status that the page has it under, and what the advice must name."""


def test_every_row_is_looked_at() -> None:
    assert set(SAYS) == {number for _, number in ADVICE}


@pytest.mark.parametrize("number", SAYS)
def test_a_refusal_says_where_it_is_mended(number: str) -> None:
    status, words = SAYS[number]
    text = advise(status, f"ModelArts.{number}")
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize("row", ADVICE, ids=str)
def test_an_advice_is_a_short_part_of_a_sentence(row: tuple[int, str]) -> None:
    text = ADVICE[row]
    assert len(text) < 200
    assert not text.endswith(".")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ModelArts.0428"),
        (401, "ModelArts.0210"),
        (401, "ModelArts.0204"),
        (400, "ModelArts.9999"),
        (400, "APIG.0118"),
        (400, "0118"),
        (400, ""),
    ],
)
def test_what_means_something_else_or_nothing_is_left_to_the_cloud(status: int, code: str) -> None:
    assert advise(status, code) == ""


def test_what_is_listed_with_a_status_is_not_listed_without() -> None:
    some = {number for status, number in ADVICE if status == ANY}
    assert some & {number for status, number in ADVICE if status != ANY} == set()


# --- over real HTTP ------------------------------------------------------------------------------


def answer(cloud: Cloud, operation: str, status: int, code: str) -> None:
    """Have an operation refused with a code."""
    rule = {"operation": operation, "fault": "status", "status": status, "code": code}
    cloud.admin.faults(rule)


def test_a_quota_that_is_used_up(cloud: Cloud, arguments: Arguments) -> None:
    answer(cloud, "CreateService", 400, "ModelArts.3520")
    with pytest.raises(ApiError) as info:
        lifecycle.create(cloud.operation(), arguments())
    assert info.value.code == "ModelArts.3520"
    text = str(info.value)
    assert text.startswith("CreateService: Injected. (HTTP 400, ModelArts.3520, request ")
    assert text.endswith("); " + advise(400, "ModelArts.3520"))
    assert cloud.services == []
    assert cloud.changes == ["CreateService"], "waiting does not raise a quota"


def test_no_resources_for_an_update_are_told_with_the_service_stored(
    cloud: Cloud, arguments: Arguments
) -> None:
    identifier, state = lifecycle.create(cloud.operation(), arguments())
    answer(cloud, "UpdateService", 400, "ModelArts.3952")
    wanted = arguments(description="another")
    with pytest.raises(NotReady) as info:
        lifecycle.update(cloud.operation(), identifier, wanted, state)
    (reason,) = info.value.reasons
    assert f"; {advise(400, 'ModelArts.3952')}. It is stored with its id; " in reason


def test_no_resources_said_as_an_internal_error(cloud: Cloud, arguments: Arguments) -> None:
    answer(cloud, "CreateService", 500, "ModelArts.6200")
    with pytest.raises(Refused) as info:
        lifecycle.create(cloud.operation(), arguments())
    assert advise(500, "ModelArts.6200") in str(info.value)
    assert cloud.services == []


def test_the_dialect_asks_the_table() -> None:
    assert api.DIALECT.advise(401, "ModelArts.0428") == advise(401, "ModelArts.0428") != ""
