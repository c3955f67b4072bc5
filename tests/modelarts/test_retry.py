"""ModelArts: what is tried again, with which signature, and clocks that are wrong."""

from __future__ import annotations

import time
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import lifecycle, plan
from pulumi_modeldeploy.core.retry import Budget
from pulumi_modeldeploy.emulator import huawei_iam
from pulumi_modeldeploy.errors import AmbiguousError, ApiError, NotReady
from pulumi_modeldeploy.modelarts import api
from pulumi_modeldeploy.modelarts.service import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests
    from conftest import Cloud

    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Values

USER = {
    "HW_USER_NAME": huawei_iam.USER_NAME,
    "HW_USER_PASSWORD": huawei_iam.PASSWORD,
    "HW_DOMAIN_NAME": huawei_iam.DOMAIN_NAME,
}
HOUR = 3600.0


def sent_by(op: Operation) -> list[requests.PreparedRequest]:
    """The requests of an operation, as they go out."""
    sent: list[requests.PreparedRequest] = []

    def keep(response: requests.Response, **_: Any) -> None:
        sent.append(response.request)

    op.client._session.hooks["response"].append(keep)
    return sent


# --- the table -----------------------------------------------------------------------------------

RETRIED: dict[str, tuple[int, str, bool, bool]] = {
    "throttled by the gateway": (429, "APIGW.0308", True, False),
    "throttled by the gateway, under another status": (400, "APIG.0308", True, False),
    "throttled by ModelArts": (429, "ModelArts.6101", True, False),
    "throttled by ModelArts, otherwise": (400, "ModelArts.2799", True, False),
    "an internal error": (500, "ModelArts.0010", False, True),
    "a deployment that failed": (500, "ModelArts.3501", False, True),
    "a gateway that is gone": (503, "ModelArts.4700", False, True),
    "a backend that is gone": (502, "APIG.0202", False, True),
    "a backend that takes too long": (504, "APIGW.0203", False, True),
    "a request that takes too long": (408, "", False, True),
    "a proxy's page": (503, "", False, True),
    "a wrong argument": (400, "ModelArts.0101", False, False),
    "a quota": (400, "ModelArts.3520", False, False),
    "a name that is taken": (409, "ModelArts.3503", False, False),
    "a wrong key": (401, "APIGW.0301", False, False),
    "no permission": (403, "ModelArts.0108", False, False),
    "nothing there": (404, "ModelArts.3502", False, False),
}


@pytest.mark.parametrize("case", list(RETRIED))
@pytest.mark.parametrize("dialect", [api.DIALECT, api.VPC_DIALECT], ids=lambda one: one.name)
def test_what_is_tried_again(case: str, dialect: Any) -> None:
    status, code, refused, failed = RETRIED[case]
    error = ApiError("x", status, code, "")
    assert (dialect.retry.is_refused(error), dialect.retry.is_failed(error)) == (refused, failed)


THROTTLED = {"operation": "CreateService", "fault": "status", "status": 429}


def test_a_create_that_is_throttled_is_sent_again_when_the_cloud_says(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    cloud.admin.faults({**THROTTLED, "times": 3, "seconds": 20})
    before = cloud.now
    identifier, _ = lifecycle.create(cloud.operation(), arguments())
    assert identifier == cloud.only["service_id"]
    assert cloud.now - before == pytest.approx(3 * 20 + 0.5 + 1 + 2)
    assert [one["status"] for one in cloud.admin.requests("CreateService")] == [429] * 3 + [200]
    assert "CreateService answers HTTP 429, trying again" in cloud.row


def test_a_create_that_is_throttled_to_the_end_is_told_in_one_paragraph(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    cloud.admin.faults(THROTTLED)
    with pytest.raises(ApiError) as info:
        lifecycle.create(cloud.operation(), arguments())
    text = str(info.value)
    assert text.startswith("CreateService: The throttling threshold has been reached: user, limit")
    assert "(HTTP 429, APIGW.0308, request " in text
    assert text.endswith("in 300 s")
    assert "\n" not in text
    assert cloud.services == []


# --- every try is signed anew --------------------------------------------------------------------


def test_every_try_is_signed_with_its_own_time(cloud: Cloud) -> None:
    cloud.admin.faults({"operation": "ShowService", "fault": "status", "times": 3, "status": 503})
    op = cloud.operation()
    auth: Any = op.client._session.auth
    # The emulator checks dates by the real clock: these are some seconds apart only.
    auth._now = lambda: time.time() + cloud.now
    sent = sent_by(op)
    assert op.look("none") is None
    dates = [one.headers["X-Sdk-Date"] for one in sent]
    signatures = [one.headers["Authorization"].rpartition("=")[2] for one in sent]
    assert len(sent) == 4
    assert dates == sorted(dates)
    assert len({*dates[1:]}) == 3
    assert len({*signatures}) >= 3


@pytest.mark.parametrize("code", api.RENEW)
def test_a_token_that_ends_between_two_tries_is_renewed_once(code: str, cloud: Cloud) -> None:
    environ = {k: v for k, v in cloud.environ.items() if not k.endswith("_KEY")}
    op = cloud.operation(environ={**environ, **USER})
    show = {"operation": "ShowService", "fault": "status", "times": 2}
    cloud.admin.faults(
        {**show, "status": 503},
        {**show, "status": 401, "code": code, "times": 1},
        {**show, "status": 503},
    )
    sent = sent_by(op)
    assert op.look("none") is None
    tokens = [one.headers["X-Auth-Token"] for one in sent if "/services/" in str(one.url)]
    assert tokens == tokens[:1] * 3 + tokens[-1:] * 3
    assert tokens[0] != tokens[-1]
    assert len(cloud.admin.requests("CreateToken")) == 2


def test_an_outage_of_iam_is_waited_out_within_the_verbs_budget(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    environ = {k: v for k, v in cloud.environ.items() if not k.endswith("_KEY")}
    op = cloud.operation(environ={**environ, **USER})
    cloud.admin.faults({"operation": "CreateToken", "fault": "status", "status": 503, "times": 9})
    began = time.monotonic()
    identifier, _ = lifecycle.create(op, arguments())
    assert identifier == cloud.only["service_id"]
    assert op.budget.lost > 40
    assert time.monotonic() - began < 20, "pauses are the operation's, not the machine's"


# --- clocks that are wrong -----------------------------------------------------------------------


def wrong_clock(op: Operation, wrong: float, cloud: Cloud) -> list[requests.PreparedRequest]:
    """Let an operation run on a machine whose clock is wrong."""
    auth: Any = op.client._session.auth
    auth._now = lambda: time.time() + wrong
    op.client.clock = replace(op.client.clock, wall=lambda: cloud.wall() + wrong)
    return sent_by(op)


@pytest.mark.parametrize("wrong", [HOUR, -HOUR, 1000, -12 * HOUR], ids="{:+.0f} s".format)
def test_a_whole_life_on_a_machine_whose_clock_is_wrong(
    wrong: float, cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    op = cloud.operation()
    sent = wrong_clock(op, wrong, cloud)
    identifier, state = lifecycle.create(op, arguments())
    new = arguments(description="new")
    state = lifecycle.update(op, identifier, new, state)
    assert plan.changes(TABLE, state, new) == []
    lifecycle.delete(op, identifier, state)
    assert cloud.services == []
    refused = sum(one["status"] == 401 for one in cloud.admin.requests())
    assert refused == 1, "the first answer tells the time for the whole connection"
    assert cloud.changes == ["CreateService", "UpdateService", "DeleteService"]
    assert len(sent) == len(cloud.admin.requests())


def test_the_emulator_tells_its_time_as_the_cloud_does(cloud: Cloud) -> None:
    op = cloud.operation()
    sent = wrong_clock(op, HOUR, cloud)
    auth: Any = op.client._session.auth
    auth.correct = lambda *_: False
    with pytest.raises(ApiError, match=r"APIGW\.0301") as info:
        op.look("none")
    (request,) = sent
    said = request.headers["X-Sdk-Date"]
    assert f"calc aksk signature fail:signature expired, signature time:{said},server" in str(
        info.value
    )


def test_a_create_that_lost_its_answer_is_found_again_by_a_wrong_clock(
    cloud: Cloud, arguments: Callable[..., Values]
) -> None:
    """Its age is told by the cloud's clock: ours would call it 30 hours old."""
    cloud.admin.faults({"operation": "CreateService", "fault": "lost-response", "times": 1})
    op = cloud.operation()
    wrong_clock(op, 23 * HOUR, cloud)
    cloud.admin.deploy_seconds(10 * HOUR)
    with pytest.raises(NotReady):
        lifecycle.create(op, arguments())
    cloud.sleep(7 * HOUR)
    again = cloud.operation()
    wrong_clock(again, 23 * HOUR, cloud)
    cloud.admin.deploy_seconds(0)
    identifier, _ = lifecycle.create(again, arguments())
    assert identifier == cloud.only["service_id"]
    assert cloud.changes == ["CreateService"]


def test_a_wrong_key_is_tried_once(cloud: Cloud) -> None:
    """A key that fails too often is locked, and its refusal has the code of a wrong clock."""
    op = cloud.operation(environ={**cloud.environ, "HW_SECRET_KEY": "wrong"})
    wrong_clock(op, 600, cloud)
    with pytest.raises(ApiError, match=r"the signature does not match \(HTTP 401, APIGW\.0301"):
        op.look("none")
    assert len(cloud.admin.requests()) == 1


def test_a_wrong_key_and_a_wrong_clock_are_tried_twice(cloud: Cloud) -> None:
    op = cloud.operation(environ={**cloud.environ, "HW_SECRET_KEY": "wrong"})
    wrong_clock(op, HOUR, cloud)
    with pytest.raises(ApiError, match="the signature does not match"):
        op.look("none")
    assert len(cloud.admin.requests()) == 2


def test_a_clock_that_is_years_off_is_for_the_user_to_set(cloud: Cloud) -> None:
    op = cloud.operation()
    wrong_clock(op, -20 * 365 * 24 * HOUR, cloud)
    with pytest.raises(ApiError, match="see to this machine's clock: the cloud grants 15 minutes"):
        op.look("none")
    assert len(cloud.admin.requests()) == 1


def test_answers_tell_the_time(cloud: Cloud) -> None:
    """Else nothing of this would work in tests and demos."""
    answer = cloud.operation().client.send(api.LIST, budget=Budget(cloud.clock))
    told = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert abs(told - time.time()) < 60


def test_a_create_that_nobody_answers_leaves_open_whether_it_happened(cloud: Cloud) -> None:
    cloud.admin.faults({"operation": "CreateService", "fault": "status", "status": 502})
    with pytest.raises(AmbiguousError, match=r"HTTP 502, APIGW\.0202"):
        cloud.operation().call(api.CREATE, {})
    assert len(cloud.admin.requests("CreateService")) == 1
