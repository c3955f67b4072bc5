"""What the state says is what there is: after failed updates, slow jobs, odd dates and defaults."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import lifecycle
from pulumi_modeldeploy.errors import NotReady, Refused, WaitTimeout
from pulumi_modeldeploy.zstack import api, service, tags

if TYPE_CHECKING:
    from conftest import Cloud

OWN = "5d94103e19254d8696c0f05489c259ab"
REVERTS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a value": ({"environment_variables": {"V": "A"}}, {"V": "A"}),
    "nothing": ({}, {}),
}


@pytest.mark.parametrize("case", list(REVERTS))
def test_going_back_after_a_failed_update_is_sent(case: str, running: Cloud) -> None:
    before, sent = REVERTS[case]
    identifier, state = running.create(running.wanted(**before))
    running.admin.deploy_seconds(10**4)
    running.time.pace = 5
    op = running.operation(state, limit=60)
    changed = running.wanted(environment_variables={"V": "B"})
    with pytest.raises(NotReady) as info:
        lifecycle.update(op, identifier, changed, state)
    assert op.unsure == {"environment_variables"}
    running.forget()
    again = running.operation(info.value.state, limit=10**5)
    again.unsure = op.unsure
    lifecycle.update(again, identifier, running.wanted(**before), info.value.state)
    (update,) = (one for one in running.requests if one["method"] == "PUT")
    assert update["body"]["updateModelServiceInstanceGroup"]["environmentVariables"] == sent
    assert again.unsure == set()


def test_a_create_whose_job_is_slow_says_what_goes_on(cloud: Cloud) -> None:
    cloud.admin.deploy_seconds(10**4)
    text = (
        r"the job of AddModelService goes on\); the cloud goes on making it: run `pulumi up` again"
    )
    with pytest.raises(WaitTimeout, match=text):
        cloud.create(cloud.wanted(), limit=5)


def test_what_a_slow_job_has_made_already_is_stored(cloud: Cloud) -> None:
    """A real server may show the object long before its job ends."""
    cloud.admin.deploy_seconds(10**4)
    real, looks = cloud.table.find, iter((False, True))

    def find(op: Any, values: Any) -> Any:
        if next(looks):
            cloud.time.sleep(10**4)
        return real(op, values)

    op = cloud.operation(cloud.wanted(), limit=5)
    op.table = dataclasses.replace(cloud.table, find=find)
    with pytest.raises(NotReady, match="It is stored with its id") as info:
        lifecycle.create(op, cloud.wanted())
    assert info.value.id == cloud.uuid


DATES = {"cannot be read": "le 3 mars 2026", "lies in the future": "Jan 1, 2199 1:00:00 AM"}


@pytest.mark.parametrize("case", list(DATES))
def test_what_is_of_unknown_age_is_ours_only_with_a_proof(case: str, either: Cloud) -> None:
    either.create(either.wanted())
    either.time.sleep(4 * 3600)  # jobs are forgotten
    real = either.table.find

    def find(op: Any, values: Any) -> Any:
        found = real(op, values)
        return found and {**found, "createDate": DATES[case]}

    op = either.operation(either.wanted())
    op.table = dataclasses.replace(either.table, find=find)
    with pytest.raises(Refused, match="its age cannot be told"):
        lifecycle.create(op, either.wanted())


def test_a_create_that_is_proven_goes_on_whatever_the_server_filled_in(either: Cloud) -> None:
    either.kill(either.wanted())
    either.time.sleep(200)
    own = {"condaVersion": "4.12"} if either.table is service.TABLE else {"modelUuid": "1" * 32}
    real = either.table.find

    def find(op: Any, values: Any) -> Any:
        found = real(op, values)
        return found and {**found, **own}

    op = either.operation(either.wanted())
    op.table = dataclasses.replace(either.table, find=find)
    assert lifecycle.create(op, either.wanted())[0] == either.uuid
    assert len(either.objects) == 1


def test_a_uuid_that_somebody_takes_while_our_answer_is_lost_stays_theirs(cloud: Cloud) -> None:
    values = cloud.wanted(resource_uuid=OWN)
    turns = iter((True,))

    def theirs() -> bool:
        if next(turns, False):
            cloud.create(cloud.wanted(name="theirs", resource_uuid=OWN), urn="urn:theirs")
            lost = {"operation": "AddModelService", "times": 1, "fault": "lost-response"}
            cloud.admin.faults(lost)
        return True

    with pytest.raises(Refused, match=f"{OWN} has this resource_uuid already"):
        cloud.create(values, alive=theirs)
    assert cloud.only["name"] == "theirs"


def test_a_tag_that_is_accepted_and_not_shown_is_sent_once(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.forget()
    monkeypatch.setattr(tags, "_tags", lambda *_: [])
    cloud.update(identifier, cloud.wanted(user_tags=["a"]), state)
    assert [one["operation"] for one in cloud.requests if one["method"] == "POST"] == [
        "CreateUserTag"
    ]


def test_a_tag_of_a_user_s_is_no_mark(cloud: Cloud) -> None:
    values = cloud.wanted(user_tags=["modeldeploy::hello"])
    identifier, _ = cloud.create(values)
    assert cloud.create(values)[0] == identifier
    assert len(cloud.objects) == 1


def test_a_stopped_deployment_takes_changes(running: Cloud) -> None:
    identifier, state = running.create(running.wanted())
    running.admin.fail(identifier, status="Stopped")
    state = running.update(identifier, running.wanted(description="x"), state)
    assert (state["status"], state["description"]) == ("Stopped", "x")


def test_a_job_without_a_location_is_asked_for_by_our_name(cloud: Cloud) -> None:
    nowhere = dataclasses.replace(api.JOBS, path=lambda status, _: None if status == 200 else "")
    op = cloud.operation(cloud.wanted())
    op.table = dataclasses.replace(cloud.table, jobs=nowhere)
    assert lifecycle.create(op, cloud.wanted())[0] == cloud.uuid


def test_an_error_says_what_the_instances_are(running: Cloud) -> None:
    identifier, _ = running.create(running.wanted())
    running.admin.fail(identifier)
    assert re.fullmatch(r"instances are Error", running.table.sight(running.only).reason)
