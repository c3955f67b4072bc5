"""What is said when a deployment or an update does not come to a good end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import lifecycle
from pulumi_modeldeploy.errors import NotReady
from pulumi_modeldeploy.modelarts import api, service

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Cloud

    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Json, Values

    Arguments = Callable[..., Values]

CHANGED = [
    {"model_id": "m2", "specification": "modelarts.vm.cpu.2u", "instance_count": 1, "weight": 100}
]
STORED = " It is stored with its id; `pulumi up` goes on with it."


def told(look: Callable[[], object]) -> str:
    """The one reason that is shown; it is one paragraph."""
    with pytest.raises(NotReady) as info:
        look()
    (reason,) = info.value.reasons
    assert "\n" not in reason
    return reason


def utc(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(milliseconds / 1000))


def log_of(cloud: Cloud) -> list[Json]:
    call = api.LOGS
    found = cloud.operation().client.send(call, path={"id": cloud.only["service_id"]})
    entries: list[Json] = found.body["logs"]
    return entries


def test_a_deployment_that_fails(cloud: Cloud, arguments: Arguments) -> None:
    cloud.admin.seed(modelarts={"models": [{"model_id": "m1", "fails": "no GPU left"}]})
    reason = told(lambda: lifecycle.create(cloud.operation(), arguments()))
    assert reason == (
        "ModelArts service is failed: no GPU left (service failed: no GPU left)." + STORED
    )


def test_a_deployment_that_takes_too_long_tells_how_far_it_came(
    cloud: Cloud, arguments: Arguments
) -> None:
    cloud.admin.deploy_seconds(1000)
    reason = told(lambda: lifecycle.create(cloud.operation(limit=650), arguments()))
    assert reason == (
        "ModelArts service is still deploying after 650 s (schedule resource success; "
        "prepare environment success; build image for model success)." + STORED
    )


def test_an_update_that_is_rolled_back(cloud: Cloud, arguments: Arguments) -> None:
    identifier, state = lifecycle.create(cloud.operation(), arguments())
    cloud.sleep(3600)
    cloud.admin.fail(identifier, "no node left", next=True)
    wanted = arguments(config=CHANGED)
    reason = told(lambda: lifecycle.update(cloud.operation(), identifier, wanted, state))
    (entry,) = log_of(cloud)
    assert reason == (
        f"ModelArts service {identifier} is running with its former configuration: the cloud "
        "rolled the change of config back (update service failed: no node left; "
        f"update log: FAIL of {utc(entry['update_time'])})." + STORED
    )
    assert cloud.admin.requests("ListServiceLogs")[0]["query"] == {
        "update_time": str(entry["update_time"])
    }


def test_events_and_log_are_those_of_the_last_update(cloud: Cloud, arguments: Arguments) -> None:
    """What failed before it is no reason for this."""
    identifier, state = lifecycle.create(cloud.operation(), arguments())
    wanted = arguments(config=CHANGED)
    for reason in ("the first reason", "the second reason"):
        cloud.sleep(3600)
        cloud.admin.fail(identifier, reason, next=True)
        text = told(lambda: lifecycle.update(cloud.operation(), identifier, wanted, state))
        assert reason in text
    assert "the first reason" not in text
    last = max(entry["update_time"] for entry in log_of(cloud))
    assert f"update log: FAIL of {utc(last)})" in text


def test_a_failed_service_whose_update_fails_too(cloud: Cloud, arguments: Arguments) -> None:
    identifier, state = lifecycle.create(cloud.operation(), arguments())
    cloud.admin.fail(identifier, "the first reason")
    cloud.sleep(3600)
    cloud.admin.fail(identifier, "no image", next=True)
    wanted = arguments(config=CHANGED)
    reason = told(lambda: lifecycle.update(cloud.operation(), identifier, wanted, state))
    assert reason.startswith("ModelArts service is failed: no image (service failed: no image; ")
    assert "; update log: FAIL of 2" in reason
    assert "the first reason" not in reason


def test_a_start_that_fails_has_no_update_log(cloud: Cloud, arguments: Arguments) -> None:
    identifier, state = lifecycle.create(cloud.operation(), arguments(desired_status="stopped"))
    cloud.admin.fail(identifier, "no node left", next=True)
    reason = told(lambda: lifecycle.update(cloud.operation(), identifier, arguments(), state))
    assert reason == (
        "ModelArts service is failed: no node left (service failed: no node left)." + STORED
    )


@pytest.mark.parametrize("status", [403, 500])
def test_without_permission_for_events_and_logs_the_fact_is_told(
    status: int, cloud: Cloud, arguments: Arguments
) -> None:
    identifier, state = lifecycle.create(cloud.operation(), arguments())
    cloud.admin.fail(identifier, "no node left", next=True)
    cloud.admin.faults(
        *(
            {"operation": operation, "fault": "status", "status": status}
            for operation in ("ListServiceEvents", "ListServiceLogs")
        )
    )
    wanted = arguments(config=CHANGED)
    reason = told(lambda: lifecycle.update(cloud.operation(), identifier, wanted, state))
    assert reason.endswith("rolled the change of config back." + STORED)


# --- what clouds may answer ----------------------------------------------------------------------

EVENTS = [
    {"event_type": "abnormal", "event_info": "start failed"},
    {"event_type": "normal", "event_info": "pulled"},
    {"event_type": "abnormal", "event_info": "start failed"},
    {"event_type": "abnormal", "event_info": "pull failed"},
]
FAIL = {"update_time": 1574770228888, "result": "FAIL"}
LATER = {**FAIL, "update_time": 1574770229000}
NODES = [
    {"result": True, "node_id": "n1", "operation": "deploy"},
    {"result": False, "node_id": "n2", "node_name": "shop", "operation": "deploy"},
    {"result": False, "node_id": "n3", "operation": "delete"},
]
OF = "2019-11-26 12:10:28 UTC"
ANSWERS: dict[str, tuple[Json | None, list[Any], list[Any], str]] = {
    "nothing": (None, [], [FAIL], ""),
    "events, each once": (None, EVENTS, [], "start failed; pull failed"),
    "no event is abnormal": (None, EVENTS[1:2], [], "pulled"),
    "an update without a time": (
        {},
        [],
        [FAIL, LATER],
        "update log: FAIL of 2019-11-26 12:10:29 UTC",
    ),
    "times that are texts": (
        {"update_time": "1574770228888"},
        [],
        [LATER, {**FAIL, "update_time": "1574770228888"}],
        f"update log: FAIL of {OF}",
    ),
    "the entry of the time": (FAIL, [], [LATER, FAIL], f"update log: FAIL of {OF}"),
    "only others' entries": (FAIL, [], [LATER], ""),
    "no object": (FAIL, ["text"], [None], ""),
    "an event without words": (None, [{"event_type": "abnormal"}], [], ""),
    "what the log says otherwise": (
        FAIL,
        EVENTS[3:],
        [{**FAIL, "result": "RUNNING"}],
        f"pull failed; update log: RUNNING of {OF}",
    ),
    "edge nodes": (
        FAIL,
        [],
        [{**FAIL, "result_detail": NODES}],
        f"update log: FAIL of {OF}; deploy on node shop failed; delete on node n3 failed",
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_a_failure_in_words(case: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted, events, logs, words = ANSWERS[case]
    op: Operation = cloud.operation()
    op.accepted = accepted

    def get(call: object, **_: object) -> Json:
        return {"events": events} if call is api.EVENTS else {"logs": logs}

    monkeypatch.setattr(op.client, "get", get)
    assert service.explain(op, "s1") == words
