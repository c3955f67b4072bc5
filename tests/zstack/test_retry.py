"""ZStack: what is tried again, with which signature, and clocks and zones that are wrong."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from pulumi_modeldeploy.core import lifecycle
from pulumi_modeldeploy.emulator import zstack_identity
from pulumi_modeldeploy.errors import ApiError
from pulumi_modeldeploy.zstack import api

if TYPE_CHECKING:
    import requests
    from conftest import Cloud

    from pulumi_modeldeploy.core.operation import Operation

HOUR = 3600.0
ACCOUNT = {
    "zstack:accountName": zstack_identity.ACCOUNT_NAME,
    "zstack:password": zstack_identity.PASSWORD,
}
ZONE = "Asia/Shanghai"
"""Where the management node is."""


def sent_by(op: Operation) -> list[requests.PreparedRequest]:
    """The requests of an operation, as they go out."""
    sent: list[requests.PreparedRequest] = []

    def keep(response: requests.Response, **_: Any) -> None:
        sent.append(response.request)

    op.client._session.hooks["response"].append(keep)
    return sent


def wrong_clock(op: Operation, wrong: float, cloud: Cloud) -> list[requests.PreparedRequest]:
    """Let an operation run on a machine whose clock is wrong."""
    auth: Any = op.client._session.auth
    auth._now = lambda: time.time() + wrong
    op.client.clock = replace(op.client.clock, wall=lambda: cloud.time.wall() + wrong)
    return sent_by(op)


def at_node(cloud: Cloud, *, checks: bool = False) -> dict[str, str]:
    """Put the node somewhere; answers the setting that says so."""
    cloud.admin.seed(zstack={"managementNode": {"timeZone": ZONE, "checkTimeZone": checks}})
    return {"zstack:timeZone": ZONE}


# --- calls and jobs ------------------------------------------------------------------------------

THROTTLED = {"fault": "status", "status": 429, "seconds": 20}


def test_a_create_that_is_throttled_is_sent_again_when_the_server_says(either: Cloud) -> None:
    creating = either.table.create.operation
    either.admin.faults({**THROTTLED, "operation": creating, "times": 3})
    before = either.time.passed
    identifier, _ = either.create(either.wanted())
    assert identifier == either.only["uuid"]
    assert either.time.passed - before >= 3 * 20
    statuses = [one["status"] for one in either.requests if one["operation"] == creating]
    assert statuses == [429] * 3 + [202]


def test_polls_that_are_throttled_are_passed_over(either: Cloud) -> None:
    either.admin.deploy_seconds(1000)
    either.admin.faults({**THROTTLED, "operation": "QueryApiJob", "times": 40})
    op = either.operation(either.wanted())
    identifier, _ = lifecycle.create(op, either.wanted())
    assert identifier == either.only["uuid"]
    assert op.budget.lost == 0
    assert either.changes == [either.table.create.operation]


@pytest.mark.parametrize("times", [1, 30])
def test_what_stands_before_the_server_says_nothing_about_a_job(times: int, either: Cloud) -> None:
    either.admin.faults(
        {"operation": "QueryApiJob", "fault": "status", "status": 503, "times": times}
    )
    identifier, _ = either.create(either.wanted())
    assert identifier == either.only["uuid"]
    assert either.changes == [either.table.create.operation]


def test_a_job_that_is_said_to_have_failed_is_asked_for_three_times_and_then_looked_for(
    either: Cloud,
) -> None:
    either.admin.faults({"operation": "QueryApiJob", "fault": "status", "code": "SYS.1006"})
    identifier, _ = either.create(either.wanted())
    assert identifier == either.only["uuid"]
    assert either.changes == [either.table.create.operation]
    polls = [one for one in either.requests if one["operation"] == "QueryApiJob"]
    assert len(polls) % 3 == 0


def test_every_try_is_signed_with_its_own_date_and_carries_the_same_job(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    op = cloud.operation()
    auth: Any = op.client._session.auth
    # The emulator checks dates by the real clock: these are some seconds apart only.
    auth._now = lambda: time.time() + cloud.time.passed
    cloud.admin.faults(
        {"operation": "DeleteModelService", "fault": "status", "status": 500, "times": 3}
    )
    sent = sent_by(op)
    lifecycle.delete(op, identifier, state)
    tries = [one for one in sent if one.method == "DELETE"]
    assert len(tries) == 4
    assert len({one.headers["Date"] for one in tries}) >= 3
    assert len({one.headers["Authorization"] for one in tries}) >= 3
    assert len({one.headers["X-Job-UUID"] for one in tries}) == 1


def test_a_session_that_ends_between_two_tries_is_renewed_once(cloud: Cloud) -> None:
    stack, show = ACCOUNT, {"operation": "QueryModelService", "fault": "status"}
    environ = {"ZSTACK_ENDPOINT": cloud.url}
    op = cloud.operation(stack=stack, environ=environ)
    cloud.admin.faults(
        {**show, "status": 500, "times": 2},
        {**show, "code": "ID.1001", "times": 1},
        {**show, "status": 500, "times": 2},
    )
    sent = sent_by(op)
    assert op.look("1" * 32) is None
    sessions = [one.headers["Authorization"] for one in sent if one.method == "GET"]
    assert sessions == sessions[:1] * 3 + sessions[-1:] * 3
    assert sessions[0] != sessions[-1]
    assert [one["operation"] for one in cloud.requests].count("LogInByAccount") == 2


def test_an_outage_of_logins_is_waited_out_within_the_verbs_budget(cloud: Cloud) -> None:
    environ = {"ZSTACK_ENDPOINT": cloud.url}
    op = cloud.operation(cloud.wanted(), stack=ACCOUNT, environ=environ)
    cloud.admin.faults(
        {"operation": "LogInByAccount", "fault": "status", "status": 500, "times": 9}
    )
    began = time.monotonic()
    identifier, _ = lifecycle.create(op, cloud.wanted())
    assert identifier == cloud.only["uuid"]
    assert op.budget.lost > 40
    assert time.monotonic() - began < 20, "pauses are the operation's, not the machine's"


# --- clocks and zones that are wrong -------------------------------------------------------------


@pytest.mark.parametrize("checks", [False, True], ids=["wall clock", "instants"])
@pytest.mark.parametrize("wrong", [HOUR, -HOUR, 1000, -12 * HOUR], ids="{:+.0f} s".format)
def test_a_whole_life_on_a_machine_whose_clock_is_wrong(
    wrong: float, checks: bool, cloud: Cloud
) -> None:
    op = cloud.operation(cloud.wanted(), stack=at_node(cloud, checks=checks))
    wrong_clock(op, wrong, cloud)
    identifier, state = lifecycle.create(op, cloud.wanted())
    state = lifecycle.update(op, identifier, cloud.wanted(name="other"), state)
    assert cloud.only["name"] == "other"
    lifecycle.delete(op, identifier, state)
    assert cloud.objects == []
    assert [one["status"] for one in cloud.requests].count(403) == 1
    assert cloud.changes == ["AddModelService", "UpdateModelService", "DeleteModelService"]


def test_a_killed_create_is_found_again_by_a_wrong_clock(either: Cloud) -> None:
    """Its age is told by the node's clock: ours would say that it lies in the future.

    With another body no job proves whose it is.
    """
    stack, values = at_node(either), either.wanted(description="new")
    either.kill(either.wanted(), stack=stack)
    either.time.sleep(60)
    op = either.operation(values, stack=stack)
    wrong_clock(op, -2 * HOUR, either)
    identifier, _ = lifecycle.create(op, values)
    assert identifier == either.only["uuid"]
    assert either.only["description"] == "new"
    assert either.changes.count(either.table.create.operation) == 1


@pytest.mark.parametrize("zone", ["UTC", "America/Lima", "+05:30"])
def test_a_wrong_zone_is_no_wrong_clock_and_is_not_guessed(zone: str, cloud: Cloud) -> None:
    at_node(cloud)
    op = cloud.operation(stack={"zstack:timeZone": zone})
    with pytest.raises(ApiError) as info:
        lifecycle.create(op, cloud.wanted())
    assert str(info.value) == (
        "QueryModelService: requestTimeTooSkewed (HTTP 403); this machine's clock agrees with the "
        "date of the answer, so the management node has another local time: set zstack:timeZone "
        "to the node's time zone"
    )
    assert len(cloud.requests) == 1
    auth: Any = op.client._session.auth
    assert auth.ahead == 0


def test_a_wrong_zone_and_a_wrong_clock_end_in_the_advice_about_the_zone(cloud: Cloud) -> None:
    at_node(cloud)
    op = cloud.operation(stack={"zstack:timeZone": "UTC"})
    wrong_clock(op, HOUR, cloud)
    with pytest.raises(ApiError, match="another local time: set zstack:timeZone"):
        lifecycle.create(op, cloud.wanted())
    assert [one["status"] for one in cloud.requests] == [403, 403]


def test_a_clock_that_is_wrong_by_just_the_zone_is_taken_and_left_alone(cloud: Cloud) -> None:
    """The server sees a wall clock and nothing else: what makes it right need not be known."""
    stack = at_node(cloud)
    offset = datetime.now(timezone.utc).astimezone(ZoneInfo(ZONE)).utcoffset()
    assert offset is not None
    op = cloud.operation(cloud.wanted(), stack={**stack, "zstack:timeZone": "UTC"})
    wrong_clock(op, offset.total_seconds(), cloud)
    lifecycle.create(op, cloud.wanted())
    assert 403 not in [one["status"] for one in cloud.requests]


def test_a_clock_that_is_days_off_is_for_the_user_to_set(cloud: Cloud) -> None:
    op = cloud.operation(stack=at_node(cloud))
    wrong_clock(op, -3 * 24 * HOUR, cloud)
    with pytest.raises(ApiError) as info:
        lifecycle.create(op, cloud.wanted())
    assert "(HTTP 403); the time of the signature differs from the management node's local" in str(
        info.value
    )
    assert "set zstack:timeZone to the node's time zone, and see to the clocks" in str(info.value)
    assert len(cloud.requests) == 1


def test_a_wrong_key_is_tried_once(cloud: Cloud) -> None:
    stack = {
        "zstack:accessKeyId": zstack_identity.ACCESS_KEY_ID,
        "zstack:accessKeySecret": "wrong",
    }
    op = cloud.operation(stack=stack)
    with pytest.raises(ApiError, match="wrong accessKey signature"):
        op.look("1" * 32)
    assert len(cloud.requests) == 1


def test_a_signer_that_learned_the_time_signs_by_it() -> None:
    auth = api.AccessKeyAuth("id", "secret", timezone.utc, now=lambda: 0.0)
    assert auth.correct(HOUR, auth.ahead)
    assert auth.now() == HOUR
    assert repr(auth) == "AccessKeyAuth(...)"
