"""Jobs that get lost, fail, end, or were left by another run: one object each time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import http, lifecycle
from pulumi_modeldeploy.errors import (
    AmbiguousError,
    ApiError,
    JobFailed,
    ModelDeployError,
    NotReady,
    Refused,
    Stopped,
    WaitTimeout,
)

if TYPE_CHECKING:
    from conftest import Cloud

    from pulumi_modeldeploy.core.values import Values

HOUR = 3600
ONE, TWO = "1" * 32, "2" * 32
OWN = "5d94103e19254d8696c0f05489c259ab"
Fault = dict[str, Any]


def label(fault: Fault) -> str:
    return " ".join(str(value) for value in fault.values())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that never come are given up at once."""
    monkeypatch.setattr(http, "READ_SECONDS", {})
    monkeypatch.setattr(http, "OTHER_READ_SECONDS", 0.5)


# --- accidents on the way to a job ---------------------------------------------------------------

DONE: list[Fault] = [{"fault": "lost-response"}, {"fault": "truncate"}]
NOT_DONE: list[Fault] = [
    {"fault": "reset"},
    {"fault": "status", "status": 503},
    {"fault": "status", "status": 500},
    {"fault": "status", "status": 429, "seconds": 3},
]


@pytest.mark.parametrize("seconds", [0, 100], ids=["at once", "slow"])
@pytest.mark.parametrize("own", [None, OWN], ids=["of the mark", "given"])
@pytest.mark.parametrize("fault", [*DONE, *NOT_DONE[:2]], ids=label)
def test_one_object_comes_of_a_create_that_had_an_accident(
    fault: Fault, own: str | None, seconds: int, either: Cloud
) -> None:
    values = either.wanted(resource_uuid=own, user_tags=["a"])
    either.admin.deploy_seconds(seconds)
    creating = either.table.create.operation
    either.admin.faults({"operation": creating, "times": 1, **fault})
    identifier, state = either.create(values)
    assert identifier == either.only["uuid"] == (own or either.uuid)
    assert either.differs(state, values) == []
    done = [one for one in either.requests if one["operation"] == creating]
    accepted = [one for one in done if one["status"] == 202]
    assert len(accepted) == 1
    assert set(either.changes) == {creating}


@pytest.mark.parametrize("fault", [*DONE, *NOT_DONE], ids=label)
@pytest.mark.parametrize("times", [1, 2])
def test_polls_go_on_after_an_accident(fault: Fault, times: int, either: Cloud) -> None:
    either.admin.deploy_seconds(100)
    either.admin.faults({"operation": "QueryApiJob", "times": times, **fault})
    identifier, _ = either.create(either.wanted())
    assert identifier == either.only["uuid"]
    assert either.changes == [either.table.create.operation]


def test_polls_go_on_after_an_outage(either: Cloud) -> None:
    either.admin.deploy_seconds(4000)
    either.time.pace = 2
    either.admin.faults({"operation": "QueryApiJob", "fault": "reset", "times": 40})
    identifier, _ = either.create(either.wanted(), limit=10**4)
    assert identifier == either.only["uuid"]
    assert either.changes == [either.table.create.operation]


@pytest.mark.parametrize("seconds", [0, 100], ids=["at once", "slow"])
@pytest.mark.parametrize("fault", [*DONE, *NOT_DONE], ids=label)
def test_an_update_that_had_an_accident_goes_on(fault: Fault, seconds: int, either: Cloud) -> None:
    identifier, state = either.create(either.wanted())
    either.admin.deploy_seconds(seconds)
    (updating,) = either.table.steps[0].calls
    either.admin.faults({"operation": updating.operation, "times": 1, **fault})
    values = either.wanted(name="other", description="new")
    state = either.update(identifier, values, state)
    assert either.differs(state, values) == []
    assert either.only["name"] == "other"
    assert either.only["description"] == "new"


ENTRIES: dict[str, tuple[Values, Values]] = {
    "BindModelToService": ({}, {"model_uuids": [ONE, TWO]}),
    "UnbindModelFromService": ({"model_uuids": [ONE, TWO]}, {"model_uuids": [TWO]}),
    "AttachTagToResources": ({}, {"tag_uuids": [ONE, TWO]}),
    "DetachTagFromResources": ({"tag_uuids": [ONE, TWO]}, {"tag_uuids": [TWO]}),
    "CreateSystemTag": ({}, {"system_tags": ["a::1", "b::2"]}),
    "CreateUserTag": ({}, {"user_tags": ["a", "b"]}),
    "DeleteTag": ({"user_tags": ["a", "b"]}, {"user_tags": ["b"]}),
}


@pytest.mark.parametrize("fault", [*DONE, *NOT_DONE], ids=label)
@pytest.mark.parametrize("operation", list(ENTRIES))
def test_a_change_of_tags_or_models_that_had_an_accident_goes_on(
    operation: str, fault: Fault, cloud: Cloud
) -> None:
    before, after = (cloud.wanted(**one) for one in ENTRIES[operation])
    identifier, state = cloud.create(before)
    cloud.admin.deploy_seconds(100)
    cloud.admin.faults({"operation": operation, "times": 1, **fault})
    state = cloud.update(identifier, after, state)
    assert cloud.differs(state, after) == []
    assert cloud.differs(cloud.read(identifier, state), after) == []
    texts = [one["tag"] for kind in ("systemTags", "userTags") for one in cloud.tags(kind)]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("seconds", [0, 100], ids=["at once", "slow"])
@pytest.mark.parametrize("fault", [*DONE, *NOT_DONE], ids=label)
def test_a_delete_that_had_an_accident_goes_on(fault: Fault, seconds: int, either: Cloud) -> None:
    identifier, state = either.create(either.wanted())
    either.admin.deploy_seconds(seconds)
    either.admin.faults({"operation": either.table.delete.operation, "times": 1, **fault})
    either.delete(identifier, state)
    assert either.objects == []


@pytest.mark.usefixtures("impatient")
def test_answers_that_never_come_are_looked_for(either: Cloud) -> None:
    def lose(operation: str) -> None:
        either.admin.faults({"operation": operation, "fault": "timeout", "times": 1})

    lose(either.table.create.operation)
    identifier, state = either.create(either.wanted())
    assert identifier == either.only["uuid"]
    lose(either.table.steps[0].calls[0].operation)
    state = either.update(identifier, either.wanted(name="other"), state)
    assert either.only["name"] == state["name"] == "other"
    lose("QueryApiJob")
    state = either.update(identifier, either.wanted(name="another"), state)
    assert either.only["name"] == state["name"] == "another"
    lose(either.table.delete.operation)
    either.delete(identifier, state)
    assert either.objects == []
    assert [one["fault"] for one in either.requests].count("timeout") == 4


def test_a_life_among_random_accidents_ends_with_one_object(either: Cloud) -> None:
    """Every run may end badly; the next one goes on, and in the end there is one of them."""
    either.admin.deploy_seconds(5)
    faults = ("status", "reset", "lost-response", "truncate")
    either.admin.faults(
        *({"fault": one, "probability": 0.12, "seed": seed} for seed, one in enumerate(faults))
    )
    values = either.wanted(user_tags=["a"], description="all of it")
    identifier, state = "", values
    refusals: list[str] = []
    for _ in range(30):
        try:
            if identifier:
                state = either.update(identifier, values, state)
            else:
                identifier, state = either.create(values)
            break
        except NotReady as unready:
            identifier, state = unready.id, unready.state
        except (ApiError, Refused, AmbiguousError) as error:
            refusals.append(str(error))
    assert "not touched" not in " ".join(refusals)
    either.admin.faults()
    state = either.update(identifier, values, state)
    assert either.differs(either.read(identifier, state), values) == []
    assert either.only["uuid"] == identifier
    assert [one["tag"] for one in either.tags("userTags")] == ["a"]


def test_the_job_is_asked_for_at_the_endpoint_wherever_the_node_says_it_is(either: Cloud) -> None:
    either.admin.seed(zstack={"managementNode": {"address": "10.255.255.1:8080"}})
    identifier, state = either.create(either.wanted())
    state = either.update(identifier, either.wanted(name="other"), state)
    assert state["name"] == either.only["name"] == "other"
    either.delete(identifier, state)
    assert either.objects == []


# --- jobs that fail ------------------------------------------------------------------------------

NO_AGENT = "the agent of the center was switched off"


def center(cloud: Cloud, **more: Any) -> str:
    uuid = "c" * 32
    cloud.admin.seed(zstack={"modelCenters": [{"uuid": uuid, "serviceNetworkUuid": ONE, **more}]})
    return uuid


def test_a_job_that_fails_is_told_by_its_root_cause_and_the_calls_name(either: Cloud) -> None:
    either.admin.fail(center(either), NO_AGENT)
    with pytest.raises(JobFailed) as info:
        either.create(either.wanted())
    text = str(info.value)
    assert text.startswith(f"{either.table.create.operation}: ")
    assert f"caused by: {NO_AGENT} (HTTP 503, SYS.1006)" in text
    assert "QueryApiJob" not in text
    assert either.objects == []


def test_a_rule_of_the_server_is_told_with_its_number(cloud: Cloud) -> None:
    cloud.admin.seed(zstack={"models": [{"uuid": ONE}]})
    with pytest.raises(JobFailed) as info:
        cloud.create(cloud.wanted(model_uuids=[TWO]))
    assert str(info.value) == (
        f"AddModelService: the model[uuid:{TWO}] does not exist [ORG_ZSTACK_AI_10083] "
        "(HTTP 503, SYS.1007)"
    )
    assert cloud.changes == ["AddModelService"]


REFUSED: dict[str, tuple[str, Values, str, str]] = {
    "a center that does not exist": (
        "cloud",
        {"modelCenters": [{"uuid": ONE}]},
        r"AddModelService: invalid field\[modelCenterUuid\].+not found \(HTTP 503, SYS\.1003\)",
        "AddModelService",
    ),
    "an image that is not ready": (
        "cloud",
        {"images": [{"uuid": ONE, "status": "Downloading"}]},
        r"AddModelService: .+is not ready \[ORG_ZSTACK_AI_10054\]",
        "AddModelService",
    ),
    "a zone that does not exist": (
        "running",
        {"zones": [{"uuid": ONE}]},
        r"DeployModelService: invalid field\[zoneUuid\].+not found \(HTTP 503, SYS\.1003\)",
        "DeployModelService",
    ),
    "a center without a network": (
        "running",
        {"modelCenters": [{"uuid": "c" * 32}]},
        r"DeployModelService: l3NetworkUuids is needed.+\[ORG_ZSTACK_AI_10077\]",
        "DeployModelService",
    ),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_the_server_refuses_is_told_once(case: str, request: pytest.FixtureRequest) -> None:
    kind, seed, text, operation = REFUSED[case]
    cloud: Cloud = request.getfixturevalue(kind)
    cloud.admin.seed(zstack=seed)
    images = [{"cpu_architecture": "x86_64", "vm_image_uuid": ONE}]
    values = cloud.wanted(**({"architecture_images": images} if "images" in seed else {}))
    with pytest.raises(JobFailed, match=text):
        cloud.create(values)
    assert cloud.changes == [operation]
    assert cloud.objects == []


def test_a_create_that_failed_is_tried_again_once_the_cause_is_mended(either: Cloud) -> None:
    """Its job answers for three hours, and says what was wrong then."""
    uuid = center(either)
    either.admin.fail(uuid, NO_AGENT)
    with pytest.raises(JobFailed, match=NO_AGENT):
        either.create(either.wanted())
    either.admin.fail(uuid, status="Connected")
    for _ in range(2):
        identifier, state = either.create(either.wanted())
        assert identifier == either.only["uuid"]
        either.delete(identifier, state)


def test_a_create_that_fails_again_tells_what_is_wrong_now(either: Cloud) -> None:
    uuid = center(either)
    either.admin.fail(uuid, "the first reason")
    with pytest.raises(JobFailed, match="the first reason"):
        either.create(either.wanted(name="a"))
    either.admin.fail(uuid, "the second reason")
    with pytest.raises(JobFailed, match="the second reason"):
        either.create(either.wanted(name="b"))
    assert either.objects == []


def test_a_failed_update_is_stored_as_it_is_and_the_next_run_goes_on(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted(description="old"))
    cloud.admin.fail(identifier, "no space left")
    values = cloud.wanted(description="new", user_tags=["a"])
    with pytest.raises(NotReady) as info:
        cloud.update(identifier, values, state)
    (reason,) = info.value.reasons
    assert reason.startswith("UpdateModelService: ")
    assert "caused by: no space left (HTTP 503, SYS.1006)" in reason
    assert reason.endswith("`pulumi up` goes on with it.")
    assert info.value.id == identifier
    assert cloud.differs(info.value.state, values) == ["description", "user_tags"]
    assert cloud.changes.count("UpdateModelService") == 1

    state = cloud.update(identifier, values, info.value.state)
    assert cloud.differs(cloud.read(identifier, state), values) == []


def test_a_step_that_fails_keeps_what_was_done_before_it(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.seed(zstack={"models": [{"uuid": ONE}]})
    values = cloud.wanted(description="new", model_uuids=[ONE, TWO], user_tags=["a"])
    with pytest.raises(NotReady, match=r"BindModelToService: the model\[uuid:2+\] does not exist"):
        cloud.update(identifier, values, state)
    assert cloud.only["description"] == "new"
    found = cloud.read(identifier, {**state, **values})
    assert found["model_uuids"] == [ONE]
    assert sorted(cloud.differs(found, values)) == ["model_uuids", "user_tags"]


def test_a_failed_delete_is_told_and_the_object_stays(running: Cloud) -> None:
    identifier, state = running.create(running.wanted())
    running.admin.fail(identifier, "the cluster is gone", next=True)
    with pytest.raises(JobFailed, match=r"^DeleteModelServiceInstanceGroup: .+the cluster is gone"):
        running.delete(identifier, state)
    assert running.only["uuid"] == identifier
    running.delete(identifier, state)
    assert running.objects == []


def test_a_name_that_is_too_long_for_the_database_ends_after_a_few_tries(either: Cloud) -> None:
    """The same code says that a uuid is taken, so that other ones are tried, but not for ever."""
    values = {**either.wanted(), "name": "n" * 256}
    with pytest.raises(JobFailed, match="Data too long for column 'name'"):
        either.create(values, stack={"modeldeploy:skipRules": "name.length"})
    assert 1 < len(either.changes) <= lifecycle.TRIES
    assert either.objects == []


# --- jobs that are not known any more ------------------------------------------------------------

EXPIRED: Fault = {"operation": "QueryApiJob", "fault": "status", "status": 404, "times": 1}


@pytest.mark.parametrize("own", [None, OWN], ids=["of the mark", "given"])
@pytest.mark.parametrize("seconds", [0, 100], ids=["at once", "slow"])
def test_a_creates_job_that_is_not_known_any_more_is_looked_for(
    seconds: int, own: str | None, either: Cloud
) -> None:
    either.admin.deploy_seconds(seconds)
    either.admin.faults(EXPIRED)
    identifier, _ = either.create(either.wanted(resource_uuid=own))
    assert identifier == either.only["uuid"]


def test_a_run_that_slept_for_hours_finds_its_object(either: Cloud) -> None:
    """A laptop that was closed: the job is done and not known any more when it wakes up."""
    either.admin.deploy_seconds(100)
    op = either.operation()
    asleep = iter([True])

    def alive() -> bool:
        # Asked before the creating call, then after the first look at the job.
        if next(asleep, False) is False and not either.objects:
            either.time.sleep(6)
            either.admin.resources("zstack")
            either.time.sleep(4 * HOUR)
        return True

    op.waiter.alive = alive
    op.waiter.limit = 10 * HOUR
    identifier, _ = lifecycle.create(op, either.wanted())
    assert identifier == either.only["uuid"]
    assert either.changes == [either.table.create.operation]
    assert 404 in [one["status"] for one in either.requests]


def test_an_updates_job_that_is_not_known_any_more_is_looked_for(either: Cloud) -> None:
    identifier, state = either.create(either.wanted())
    either.admin.faults(EXPIRED)
    state = either.update(identifier, either.wanted(name="other"), state)
    assert state["name"] == either.only["name"] == "other"


def test_a_deletes_job_that_is_not_known_any_more_is_looked_for(either: Cloud) -> None:
    identifier, state = either.create(either.wanted())
    either.admin.faults(EXPIRED)
    either.delete(identifier, state)
    assert either.objects == []


def test_a_delete_that_was_lost_before_anything_happened_is_not_called_done(
    either: Cloud,
) -> None:
    identifier, state = either.create(either.wanted())
    either.admin.deploy_seconds(10**6)
    either.admin.faults(EXPIRED)
    with pytest.raises(ModelDeployError):
        either.delete(identifier, state, limit=60)
    assert either.only["uuid"] == identifier


# --- jobs that take their time -------------------------------------------------------------------


def test_a_job_that_takes_longer_than_the_limit_is_told_and_gone_on_with(either: Cloud) -> None:
    either.admin.deploy_seconds(10**4)
    either.time.pace = 5
    with pytest.raises(WaitTimeout, match=f"{either.table.kind} is still .* after 60 s"):
        either.create(either.wanted(), limit=60)
    assert either.objects == []
    identifier, _ = either.create(either.wanted(), limit=10**5)
    assert identifier == either.only["uuid"]
    accepted = [one for one in either.requests if one["status"] == 202 and one["body"]]
    assert len(accepted) == 1


def test_a_job_that_the_server_gave_up_is_a_failure(either: Cloud) -> None:
    """30 minutes are the server's own limit: SYS.1001 in the job."""
    either.admin.deploy_seconds(40_000)
    either.time.pace = 50
    operation = either.table.create.operation
    text = rf"^{operation}: API\[{operation}\] timed out \(HTTP 503, SYS\.1001\)$"
    with pytest.raises(JobFailed, match=text):
        either.create(either.wanted(), limit=10**5)
    assert either.objects == []


# --- what a killed run left ----------------------------------------------------------------------


@pytest.mark.parametrize("own", [None, OWN], ids=["of the mark", "given"])
@pytest.mark.parametrize("later", [0, 60, 2 * HOUR], ids=["at once", "a minute", "two hours"])
def test_a_killed_create_is_gone_on_with(later: int, own: str | None, either: Cloud) -> None:
    values = either.wanted(resource_uuid=own)
    either.kill(values)
    if later:
        either.time.sleep(6)
        assert len(either.objects) == 1
        either.time.sleep(later)
    identifier, state = either.create(values)
    assert identifier == either.only["uuid"] == (own or either.uuid)
    assert either.differs(state, values) == []
    assert either.warnings == []
    accepted = [one for one in either.requests if one["status"] == 202 and one["body"]]
    assert len(accepted) == 1
    assert any(re.match(r"resuming .+ of an interrupted run", line) for line in either.row)


@pytest.mark.parametrize("later", [0, 6], ids=["at once", "later"])
def test_a_killed_create_with_another_body_is_brought_to_what_is_wanted(
    later: int, either: Cloud
) -> None:
    either.kill(either.wanted(name="before", description="old", user_tags=["a"]))
    either.time.sleep(later)
    values = either.wanted(name="after", user_tags=["b"])
    identifier, state = either.create(values)
    assert identifier == either.only["uuid"] == either.uuid
    assert either.only["name"] == "after"
    assert not either.only.get("description")
    assert either.differs(either.read(identifier, state), values) == []


def test_what_a_killed_create_bound_and_nobody_wants_any_more_is_unbound(cloud: Cloud) -> None:
    cloud.kill(cloud.wanted(model_uuids=[ONE, TWO], support_distributed=True))
    cloud.time.sleep(6)
    _, state = cloud.create(cloud.wanted(model_uuids=[TWO]))
    assert [one["model_uuid"] for one in state["model_service_refs"]] == [TWO]
    assert cloud.only["supportDistributed"] is False


def test_what_a_killed_create_left_is_refused_if_it_cannot_become_what_is_wanted(
    cloud: Cloud,
) -> None:
    cloud.kill(cloud.wanted(install_path="/old"))
    cloud.time.sleep(6)
    with pytest.raises(Refused, match=rf"{cloud.uuid}.*install_path.*was not touched.*go back"):
        cloud.create(cloud.wanted(install_path="/new"))
    assert cloud.only["installPath"] == "/old"
    identifier, _ = cloud.create(cloud.wanted(install_path="/old"))
    assert identifier == cloud.only["uuid"]


def test_a_killed_deployment_that_never_ran_is_made_anew_if_it_cannot_become_what_is_wanted(
    running: Cloud,
) -> None:
    running.kill(running.wanted(model_uuid=ONE))
    running.time.sleep(6)
    identifier, state = running.create(running.wanted(model_uuid=TWO))
    assert running.only["uuid"] == identifier
    assert running.only["modelUuid"] == state["model_uuid"] == TWO
    assert running.changes.count("DeleteModelServiceInstanceGroup") == 1


def test_a_killed_deployment_that_runs_is_refused_if_it_cannot_become_what_is_wanted(
    running: Cloud,
) -> None:
    running.kill(running.wanted(model_uuid=ONE))
    running.time.sleep(200)
    with pytest.raises(Refused, match=r"model_uuid.*was not touched"):
        running.create(running.wanted(model_uuid=TWO))
    assert running.only["modelUuid"] == ONE


def test_a_killed_deployment_of_another_service_is_not_taken_for_this_one(
    cloud: Cloud, running: Cloud
) -> None:
    other, _ = cloud.create(cloud.wanted(name="another"), urn="urn:another")
    running.kill(running.wanted())
    running.time.sleep(6)
    identifier, state = running.create(running.wanted(model_service_uuid=other))
    assert running.only["uuid"] == identifier
    assert running.only["modelServiceUuid"] == state["model_service_uuid"] == other


def test_a_killed_deployment_is_sent_what_the_cloud_does_not_show(running: Cloud) -> None:
    """The body is another one, so that no job proves what it was made with."""
    running.kill(running.wanted(environment_variables={"A": "1"}))
    running.time.sleep(200)
    values = running.wanted(environment_variables={"A": "2"}, description="new")
    running.forget()
    _, state = running.create(values)
    body = {"environmentVariables": {"A": "2"}, "description": "new"}
    assert running.bodies("UpdateModelServiceInstanceGroup") == [
        {"updateModelServiceInstanceGroup": body}
    ]
    assert "A:2" in state["yaml"]
    (warning,) = running.warnings
    assert "zone_uuid" in warning
    assert "docker_image" in warning
    assert "--replace" in warning


def test_what_a_job_proves_is_not_sent_again(running: Cloud) -> None:
    values = running.wanted(environment_variables={"A": "1"})
    running.kill(values)
    running.time.sleep(200)
    running.forget()
    running.create(values)
    assert running.changes == []
    assert running.warnings == []


def test_a_job_proves_nothing_about_an_object_that_was_made_later(running: Cloud) -> None:
    values = running.wanted(environment_variables={"A": "1"})
    identifier, state = running.create(values)
    running.delete(identifier, state)
    running.time.sleep(60)
    running.kill(running.wanted(environment_variables={"A": "2"}))
    running.time.sleep(200)
    running.create(values)
    assert "A:1" in running.only["yaml"]


def test_an_old_one_is_refused(either: Cloud) -> None:
    either.create(either.wanted())
    either.time.sleep(25 * HOUR)
    either.forget()
    with pytest.raises(Refused, match=r"25 hours old.*resumeWithin"):
        either.create(either.wanted())
    assert either.changes == []
    state = either.create(either.wanted(), stack={"modeldeploy:resumeWithin": "48"})[1]
    assert either.differs(state, either.wanted()) == []


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles"])
def test_ages_are_counted_in_the_nodes_time_zone(zone: str, either: Cloud) -> None:
    either.admin.seed(zstack={"managementNode": {"timeZone": zone}})
    stack = {"zstack:timeZone": zone, "modeldeploy:resumeWithin": "1"}
    either.create(either.wanted(), stack=stack)
    either.time.sleep(HOUR // 2)
    either.create(either.wanted(), stack=stack)
    (line,) = [one for one in either.row if one.startswith("resuming")]
    assert re.search(r", 18\d\d s old,", line)
    either.time.sleep(HOUR)
    with pytest.raises(Refused, match="2 hours old"):
        either.create(either.wanted(), stack=stack)


# --- whose it is ---------------------------------------------------------------------------------


def test_a_uuid_that_somebody_else_has_is_refused_and_not_touched(either: Cloud) -> None:
    either.create(either.wanted(name="theirs", resource_uuid=OWN), urn="urn:theirs")
    before = either.only
    either.forget()
    with pytest.raises(Refused, match=rf"{OWN} has this resource_uuid already.*was not touched"):
        either.create(either.wanted(resource_uuid=OWN))
    assert either.changes == []
    assert either.only == before


def test_a_uuid_that_somebody_else_took_meanwhile_is_refused(either: Cloud) -> None:
    """It appears after our first look and before our call."""
    values = either.wanted(resource_uuid=OWN)
    op = either.operation(values)
    first = iter([True])

    def take() -> bool:
        if next(first, False):
            either.create(either.wanted(name="theirs", resource_uuid=OWN), urn="urn:theirs")
        return True

    op.waiter.alive = take
    with pytest.raises((Refused, JobFailed), match=r"resource_uuid|Duplicate entry"):
        lifecycle.create(op, values)
    assert either.only["name"] == "theirs"


def test_a_uuid_of_ours_that_something_unseen_has_is_replaced_by_another(cloud: Cloud) -> None:
    """The database has one key for all kinds of objects; only SYS.1000 tells."""
    cloud.admin.seed(zstack={"zones": [{"uuid": cloud.uuid}]})
    identifier, state = cloud.create(cloud.wanted())
    assert identifier == cloud.only["uuid"] == state["uuid"] != cloud.uuid
    assert cloud.changes == ["AddModelService"] * 2


@pytest.mark.parametrize("later", [0, 4 * HOUR], ids=["at once", "when no job is known any more"])
def test_what_was_made_under_another_uuid_is_found_again(later: int, cloud: Cloud) -> None:
    """A run that ended before its state was stored."""
    cloud.admin.seed(zstack={"zones": [{"uuid": cloud.uuid}]})
    identifier, _ = cloud.create(cloud.wanted())
    cloud.time.sleep(later)
    again, state = cloud.create(cloud.wanted(description="new"))
    assert again == identifier == cloud.only["uuid"]
    assert state["description"] == cloud.only["description"] == "new"


def test_a_given_uuid_that_something_unseen_has_is_told(cloud: Cloud) -> None:
    cloud.admin.seed(zstack={"zones": [{"uuid": OWN}]})
    with pytest.raises(JobFailed, match=f"AddModelService: Duplicate entry '{OWN}'"):
        cloud.create(cloud.wanted(resource_uuid=OWN))
    assert cloud.changes == ["AddModelService"]


def test_a_given_uuid_that_we_had_once_and_somebody_has_now_is_refused(either: Cloud) -> None:
    values = either.wanted(resource_uuid=OWN)
    either.delete(*either.create(values))
    either.time.sleep(60)
    either.create(either.wanted(name="theirs", resource_uuid=OWN), urn="urn:theirs")
    with pytest.raises(Refused, match="was not touched"):
        either.create(values)
    assert either.only["name"] == "theirs"


def test_two_resources_of_the_same_arguments_are_two_objects(either: Cloud) -> None:
    uuids = {either.create(either.wanted(), urn=f"urn:{name}")[0] for name in "abc"}
    assert {one["uuid"] for one in either.objects} == uuids
    assert len(uuids) == 3


def test_the_job_is_named_after_mark_and_body(either: Cloud) -> None:
    op, other = either.operation(), either.operation(urn="urn:other")
    named = {
        op.job_of({"a": 1, "b": 2}, 0),
        op.job_of({"a": 1, "b": 3}, 0),
        op.job_of({"a": 1, "b": 2}, 1),
        other.job_of({"a": 1, "b": 2}, 0),
    }
    assert len(named) == 4
    assert op.job_of({"b": 2, "a": 1}, 0) == either.operation().job_of({"a": 1, "b": 2}, 0)
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in named)


def test_nothing_goes_on_once_the_run_is_over(either: Cloud) -> None:
    identifier, state = either.create(either.wanted())
    either.forget()
    with pytest.raises((NotReady, Stopped), match="the run is over"):
        either.update(identifier, either.wanted(name="x"), state, alive=lambda: False)
    with pytest.raises(Stopped):
        either.delete(identifier, state, alive=lambda: False)
    assert either.changes == []
