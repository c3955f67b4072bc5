"""What is said when an app service does not come to a good end, and what goes wrong on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.emulator.pai_services import STATUSES
from pulumi_modeldeploy.errors import ApiError, NotReady, Refused, TransportError
from pulumi_modeldeploy.pai import api, service
from pulumi_modeldeploy.pai.service import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Cloud

    from pulumi_modeldeploy.core.values import Json, Values

HOUR = 3600
STORED = " It is stored with its id; `pulumi up` goes on with it."
OSS = {"ModelStorage": "oss", "OssPath": "oss://bucket/llama/"}


def told(look: Callable[[], object]) -> str:
    """The one reason that is shown; it is one paragraph."""
    with pytest.raises(NotReady) as info:
        look()
    (reason,) = info.value.reasons
    assert "\n" not in reason
    return reason


def made(cloud: Cloud, **changes: Any) -> tuple[str, Values]:
    identifier, state = cloud.create(cloud.wanted(**changes))
    cloud.time.sleep(HOUR)
    cloud.forget()
    return identifier, state


# --- events --------------------------------------------------------------------------------------


def test_a_failure_says_the_state_and_the_warnings_since_the_last_change(cloud: Cloud) -> None:
    identifier, state = made(cloud)
    record = cloud.record("llama")
    cloud.admin.deploy_seconds(100)

    def happens() -> None:
        for text in ("The image cannot be pulled.", "An instance crashed."):
            record.enter("Waiting", cloud.emulator._world.clock.now(), text, "Warning")
            cloud.emulator._world.clock.advance(1)
        cloud.admin.fail(record.service_id, "Instances do not come up.")

    record.enter("Running", record.since, "Something of the past.", "Warning")
    cloud.time.meanwhile.append(happens)
    reason = told(lambda: cloud.update(identifier, cloud.wanted(config=OSS), state))
    assert reason == (
        "PAI app service is Failed: Instances do not come up. (An instance crashed.; The image "
        "cannot be pulled.)." + STORED
    )
    (asked,) = cloud.queries("DescribeServiceEvent")
    assert asked["EventType"] == "Warning"
    assert asked["StartTime"] == cloud.only["UpdateTime"].replace("T", " ").rstrip("Z")


def row(message: Any, time: str = "2026-01-02 03:04:05", **more: Any) -> Json:
    text = message if isinstance(message, str) else json.dumps(message)
    return {"Type": "Warning", "Reason": "Failed", "Message": text, "Time": time, **more}


def sentence(text: str, time: str = "2026-01-02 03:04:05") -> Json:
    return row({"versionId": 1, "message": text, "availableInstance": 0}, time)


ANSWERS: dict[str, tuple[Any, str]] = {
    "no answer": (None, ""),
    "no events": ({"Events": []}, ""),
    "nothing said": ({}, ""),
    "no list": ({"Events": None}, ""),
    "no objects": ({"Events": ["text", None]}, ""),
    "a sentence": ({"Events": [sentence("no GPU")]}, "no GPU"),
    "what the state says itself": ({"Events": [sentence("it failed")]}, ""),
    "the newest first": (
        {
            "Events": [
                sentence("first", "2026-01-02 03:04:05"),
                sentence("third", "2026-01-02 03:04:07"),
                sentence("second", "2026-01-02 03:04:06"),
            ]
        },
        "third; second; first",
    ),
    "each once": ({"Events": [sentence("a"), sentence("b"), sentence("a")]}, "a; b"),
    "three of them": ({"Events": [sentence(one) for one in "abcd"]}, "a; b; c"),
    "a plain text": ({"Events": [row("plain")]}, "plain"),
    "a text in quotation marks": ({"Events": [row('"quoted"')]}, '"quoted"'),
    "an object without a sentence": ({"Events": [row({"versionId": 1})]}, '{"versionId": 1}'),
    "no words at all": ({"Events": [{"Type": "Warning"}]}, ""),
    "only a reason": ({"Events": [row("", Reason="BackOff")]}, "BackOff"),
    "without a time": ({"Events": [{"Message": "a"}, sentence("b")]}, "b; a"),
}


@pytest.mark.parametrize("case", list(ANSWERS))
def test_events_in_words(case: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, words = ANSWERS[case]
    op, asked = cloud.operation(), []

    def get(call: object, query: Any = None, **_: object) -> Any:
        if call is api.EVENTS:
            asked.append(query)
            return answer
        return {"ServiceName": "llama", "Message": "it failed"}

    monkeypatch.setattr(op.client, "get", get)
    assert service.explain(op, "llama") == words
    assert "StartTime" not in asked[0], "nobody knows when it was changed last"


@pytest.mark.parametrize("status", [403, 404, 500])
def test_without_permission_for_events_the_state_is_told(status: int, cloud: Cloud) -> None:
    identifier, state = made(cloud)
    cloud.admin.fail(cloud.only["ServiceId"], "no node left", next=True)
    cloud.admin.faults({"operation": "DescribeServiceEvent", "fault": "status", "status": status})
    reason = told(lambda: cloud.update(identifier, cloud.wanted(config=OSS), state))
    assert reason == "PAI app service is Failed: no node left." + STORED


# --- states --------------------------------------------------------------------------------------


def test_a_deployment_that_takes_too_long_tells_how_far_it_came(cloud: Cloud) -> None:
    cloud.admin.deploy_seconds(100_000)
    reason = told(lambda: cloud.create(cloud.wanted()))
    assert reason == (
        "PAI app service is still Creating after 1800 s (Service is creating)." + STORED
    )


def test_an_update_that_takes_too_long_tells_so_and_is_gone_on_with(cloud: Cloud) -> None:
    identifier, state = made(cloud)
    cloud.admin.deploy_seconds(3000)
    values = cloud.wanted(config=OSS)
    with pytest.raises(NotReady, match=r"still Updating after 1800 s \(Service is up") as info:
        cloud.update(identifier, values, state)
    state = cloud.update(identifier, values, info.value.state)
    assert cloud.changes == ["UpdateAppService"]
    assert cloud.differs(state, values) == []


@pytest.mark.parametrize("status", ["Pending", "Waiting"])
def test_what_is_short_of_resources_can_be_changed(status: str, cloud: Cloud) -> None:
    identifier, state = made(cloud)
    cloud.admin.fail(cloud.only["ServiceId"], "no GPU left", status=status)
    found = cloud.read(identifier, state)
    assert cloud.differs(found, cloud.wanted()) == ["status"]
    values = cloud.wanted(service_spec="llama_13b_fp16")
    state = cloud.update(identifier, values, found)
    assert (cloud.changes, cloud.differs(state, values)) == (["UpdateAppService"], [])


def test_a_state_that_no_page_lists_is_waited_out_and_named(cloud: Cloud) -> None:
    identifier, state = made(cloud)
    record = cloud.record("llama")
    record.status = "Cogitating"
    cloud.row.clear()
    with pytest.raises(NotReady, match="still Cogitating after 1800 s"):
        cloud.update(identifier, cloud.wanted(config=OSS), state)
    assert cloud.row[0] == "Cogitating, 0 of 1 instances (a state not documented)"
    assert cloud.changes == []


def test_every_state_of_the_pages_has_its_place() -> None:
    for wait in (TABLE.ready, TABLE.settled, *(one.wait for one in TABLE.goals.values())):
        known = {*wait.until, *wait.fail, *wait.passing}
        assert {*STATUSES} - known <= {"Deleting", "Failed", "DeleteFailed"}
        assert not {*wait.until} & {*wait.fail}
    assert {*STATUSES} <= {*TABLE.gone.passing, *TABLE.gone.fail}


# --- accidents -----------------------------------------------------------------------------------

THROTTLED = {"fault": "status", "status": 429, "code": "Throttling.User"}


def test_throttling_is_waited_out_although_it_comes_as_a_bad_request(cloud: Cloud) -> None:
    cloud.admin.faults({**THROTTLED, "times": 3, "seconds": 7})
    cloud.create(cloud.wanted())
    hit = [one["status"] for one in cloud.requests if one["fault"]]
    assert set(hit) <= {400, 429}
    assert cloud.time.passed >= 21
    assert cloud.changes.count("CreateAppService") == 1


@pytest.mark.parametrize("operation", [one.operation for one in (api.LABEL, api.LOCK, api.UPDATE)])
def test_every_change_that_was_not_carried_out_is_sent_again(operation: str, cloud: Cloud) -> None:
    identifier, state = made(cloud)
    cloud.admin.faults({**THROTTLED, "operation": operation, "times": 2, "seconds": 3})
    values = cloud.wanted(config=OSS, labels={"a": "1"}, safety_lock="all")
    state = cloud.update(identifier, values, state)
    assert cloud.changes.count(operation) == 3
    assert cloud.differs(cloud.read(identifier, state), values) == []


def test_what_the_cloud_says_of_secret_inputs_is_hidden(cloud: Cloud) -> None:
    """Its message quotes a path that the program has from a secret."""
    cloud.admin.seed(pai={"ossPaths": ["oss://other/"]})
    secret = {**OSS, "OssPath": "oss://bucket/very-secret-path/"}
    with pytest.raises(NotReady) as info:
        cloud.create(cloud.wanted(config=secret))
    (reason,), state = info.value.reasons, info.value.state
    assert "very-secret" not in state["message"]
    assert state["config"] == secret
    assert "Failed" in reason


SEEDS = (0, 1, 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_life_among_random_accidents_ends_with_one_service(seed: int, cloud: Cloud) -> None:
    """Every run may end badly; the next one goes on, and in the end there is one of them."""
    cloud.admin.deploy_seconds(5)
    cloud.admin.seed(pai={"lag": {"create": 1, "update": 2}})
    faults = ("status", "reset", "lost-response", "truncate")
    cloud.admin.faults(
        *({"fault": one, "probability": 0.12, "seed": seed + n} for n, one in enumerate(faults))
    )
    programs = (
        cloud.automatic(config=OSS, labels={"a": "1", "b": "2"}),
        cloud.automatic(replicas=2, labels={"b": "3"}, safety_lock="dangerous"),
        cloud.automatic(desired_status="stopped"),
    )
    identifier, state, refusals = "", programs[0], []
    for values in programs:
        for _ in range(30):
            try:
                if identifier:
                    state = cloud.update(identifier, values, state)
                else:
                    identifier, state = cloud.create(values)
                break
            except NotReady as unready:
                identifier, state = unready.id, unready.state
            except (ApiError, Refused, TransportError) as error:
                refusals.append(str(error))
        assert cloud.differs(state, values) == []
    assert "not touched" not in " ".join(refusals)
    cloud.admin.faults()
    assert cloud.differs(cloud.read(identifier, state), programs[-1]) == []
    assert (cloud.only["ServiceName"], cloud.labels) == (identifier, {})
