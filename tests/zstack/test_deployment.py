"""Deployments: states over time, failures, addresses, and what the cloud never shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from pulumi_modeldeploy.core import plan
from pulumi_modeldeploy.errors import JobFailed, NotReady, Refused
from pulumi_modeldeploy.zstack.deployment import TABLE

if TYPE_CHECKING:
    from conftest import Cloud

ONE, TWO = "1" * 32, "2" * 32

# --- coming up -----------------------------------------------------------------------------------


def test_create_waits_until_it_runs(running: Cloud) -> None:
    running.admin.deploy_seconds(300)
    _, state = running.create(running.wanted())
    assert state["status"] == "Running"
    assert running.time.passed >= 300
    assert [one for one in running.row if one in ("Deploying", "Running")] == [
        "Deploying",
        "Running",
    ]


def test_addresses_are_outputs(running: Cloud) -> None:
    identifier, state = running.create(running.wanted())
    (instance,) = state["instances"]
    assert state["url"] == instance["url"]
    assert state["urls"] == [instance["url"]]
    assert instance["internal_url"] == instance["url"]
    assert instance["model_service_group_uuid"] == identifier
    assert instance["status"] == "Running"
    answer = requests.get(state["url"], timeout=10).json()
    assert answer["modelServiceGroupUuid"] == identifier


def test_there_is_no_address_before_it_ran(running: Cloud) -> None:
    running.admin.deploy_seconds(10**4)
    running.time.pace = 5
    with pytest.raises(NotReady) as info:
        running.create(running.wanted(), limit=900)
    assert "url" not in info.value.state
    assert info.value.state["urls"] == []


@pytest.mark.parametrize(
    ("instances", "words"),
    [
        (["Deploying"], "Deploying"),
        (["Running", "Deploying", "Running"], "Deploying: 2/3 instances"),
        ([], "Deploying"),
    ],
)
def test_the_row_says_how_many_instances_run(instances: list[str], words: str) -> None:
    document = {"status": "Deploying", "instances": [{"status": one} for one in instances]}
    assert TABLE.sight(document).words == words


def test_a_virtual_machine_is_deployed(running: Cloud) -> None:
    values = running.wanted(type="VirtualMachine", docker_image=None, vm_image_uuid=ONE)
    _, state = running.create(values)
    assert state["instances"][0]["vm_instance_uuid"]


def test_outputs_of_data_sets_are_read(running: Cloud) -> None:
    identifier, state = running.create(running.wanted(dataset_uuids=[TWO, ONE]))
    refs = state["dataset_ref_inventories"]
    assert [one["dataset_uuid"] for one in refs] == [TWO, ONE]
    assert {one["model_service_instance_group_uuid"] for one in refs} == {identifier}
    assert state["dataset_uuids"] == [TWO, ONE]


# --- failing -------------------------------------------------------------------------------------


def doomed(running: Cloud) -> None:
    running.admin.seed(zstack={"models": [{"uuid": ONE, "fails": "no GPU is left"}, {"uuid": TWO}]})


def test_a_deployment_that_fails_is_stored_and_only_a_new_one_helps(running: Cloud) -> None:
    doomed(running)
    running.admin.deploy_seconds(60)
    values = running.wanted(model_uuid=ONE)
    with pytest.raises(NotReady) as info:
        running.create(values)
    (reason,) = info.value.reasons
    assert reason.startswith("ZStack deployment is Error")
    assert info.value.id == running.only["uuid"]
    assert info.value.state["status"] == "Error"
    assert running.differs(info.value.state, values) == []
    assert plan.is_hopeless(TABLE, info.value.state)

    # The engine deletes it and creates another, under the next generation's mark or the same.
    running.delete(info.value.id, info.value.state)
    identifier, state = running.create(running.wanted(model_uuid=TWO))
    assert running.only["uuid"] == identifier
    assert not plan.is_hopeless(TABLE, state)


def test_one_that_fails_later_is_read_as_it_is_and_replaced(running: Cloud) -> None:
    values = running.wanted()
    identifier, state = running.create(values)
    assert not plan.is_hopeless(TABLE, state)
    running.admin.fail(identifier, "the host burns")
    found = running.read(identifier, state)
    assert found["status"] == "Error"
    assert plan.is_hopeless(TABLE, found)
    assert running.differs(found, values) == []


@pytest.mark.parametrize("status", ["Stopped", "Unknown"])
def test_other_states_are_no_reason_to_replace(status: str, running: Cloud) -> None:
    identifier, state = running.create(running.wanted())
    running.admin.fail(identifier, status=status)
    found = running.read(identifier, state)
    assert found["status"] == status
    assert not plan.is_hopeless(TABLE, found)


def test_what_a_killed_run_left_in_error_is_told_with_its_id(running: Cloud) -> None:
    doomed(running)
    values = running.wanted(model_uuid=ONE)
    running.kill(values)
    running.time.sleep(200)
    with pytest.raises(NotReady, match="ZStack deployment is Error") as info:
        running.create(values)
    assert info.value.id == running.only["uuid"]
    assert plan.is_hopeless(TABLE, info.value.state)


def test_one_that_is_deleted_while_it_comes_up_is_not_stored(running: Cloud) -> None:
    running.admin.deploy_seconds(300)
    half, done = running.time.passed + 150, list[str]()

    def alive() -> bool:
        if running.time.passed >= half and not done:
            done.append(running.only["uuid"])
            for one in running.objects:
                path = f"/zstack/v1/ai/model-services/instances/groups/{one['uuid']}"
                requests.delete(running.url + path, headers=signed(running, path), timeout=10)
        return True

    with pytest.raises(Exception, match="is gone; somebody else has deleted it") as info:
        running.create(running.wanted(), alive=alive)
    assert not isinstance(info.value, NotReady)


def signed(running: Cloud, path: str) -> dict[str, str]:
    """The headers of somebody else's request."""
    request = requests.Request("DELETE", running.url + path).prepare()
    return dict(running.operation().client._session.auth(request).headers)


# --- updates -------------------------------------------------------------------------------------

REDEPLOYING: dict[str, Any] = {
    "environment_variables": {"A": "2"},
    "startup_parameters": {"n": "2"},
    "service_boot_uptime": 60,
    "service_livez": "/b",
    "service_readyz": "/b",
}
BEFORE: dict[str, Any] = {
    "environment_variables": {"A": "1"},
    "startup_parameters": {"n": "1"},
    "service_boot_uptime": 30,
    "service_livez": "/a",
    "service_readyz": "/a",
}


@pytest.mark.parametrize("name", list(REDEPLOYING))
def test_a_new_configuration_is_deployed_and_waited_for(name: str, running: Cloud) -> None:
    identifier, state = running.create(running.wanted(**BEFORE))
    running.admin.deploy_seconds(300)
    began = running.time.passed
    values = running.wanted(**{**BEFORE, name: REDEPLOYING[name]})
    running.row.clear()
    state = running.update(identifier, values, state)
    assert running.time.passed - began >= 300
    assert "Deploying" in running.row
    assert state["status"] == "Running"
    assert running.changes.count("UpdateModelServiceInstanceGroup") == 1


def test_a_new_name_deploys_nothing(running: Cloud) -> None:
    identifier, state = running.create(running.wanted())
    running.admin.deploy_seconds(300)
    began = running.time.passed
    running.update(identifier, running.wanted(name="other", description="new"), state)
    assert running.time.passed - began < 60


def test_all_that_differs_goes_in_one_call(running: Cloud) -> None:
    identifier, state = running.create(running.wanted(**BEFORE))
    running.forget()
    running.update(identifier, running.wanted(**REDEPLOYING, name="other"), state)
    (body,) = running.bodies("UpdateModelServiceInstanceGroup")
    assert body["updateModelServiceInstanceGroup"] == {
        "name": "other",
        "environmentVariables": {"A": "2"},
        "startupParameters": {"n": "2"},
        "serviceBootupTime": 60,
        "serviceLivez": "/b",
        "serviceReadyz": "/b",
    }


def test_a_refused_update_keeps_what_is_not_shown_as_it_was(running: Cloud) -> None:
    """So that the next run sends it again, although no answer says that it differs."""
    identifier, state = running.create(running.wanted(**BEFORE))
    values = running.wanted(**REDEPLOYING)
    running.admin.fail(identifier, "the agent is busy", next=True)
    with pytest.raises(NotReady, match="caused by: the agent is busy") as info:
        running.update(identifier, values, state)
    for name, value in BEFORE.items():
        assert info.value.state[name] == value
    assert info.value.state["status"] == "Running"
    assert sorted(running.differs(info.value.state, values)) == sorted(REDEPLOYING)

    running.forget()
    state = running.update(identifier, values, info.value.state)
    (body,) = running.bodies("UpdateModelServiceInstanceGroup")
    assert len(body["updateModelServiceInstanceGroup"]) == len(REDEPLOYING)
    assert running.differs(state, values) == []


def test_what_a_refused_update_would_have_set_first_is_not_stored(running: Cloud) -> None:
    identifier, state = running.create(running.wanted())
    values = running.wanted(environment_variables={"A": "1"})
    running.admin.fail(identifier, "the agent is busy", next=True)
    with pytest.raises(NotReady) as info:
        running.update(identifier, values, state)
    assert "environment_variables" not in info.value.state


def test_a_new_configuration_that_fails_is_stored_and_replaced(running: Cloud) -> None:
    identifier, state = running.create(running.wanted())
    running.admin.deploy_seconds(300)
    values = running.wanted(environment_variables={"A": "1"})
    half, done = running.time.passed + 150, list[str]()

    def alive() -> bool:
        if running.time.passed >= half and not done:
            done.append(identifier)
            running.admin.fail(identifier, "out of memory")
        return True

    with pytest.raises(NotReady, match="ZStack deployment is Error") as info:
        running.update(identifier, values, state, alive=alive)
    assert info.value.id == identifier
    assert info.value.state["status"] == "Error"
    assert plan.is_hopeless(TABLE, info.value.state)


def test_a_slow_update_is_stored_and_the_next_run_finishes_it(running: Cloud) -> None:
    identifier, state = running.create(running.wanted())
    running.admin.deploy_seconds(1000)
    values = running.wanted(environment_variables={"A": "1"})
    with pytest.raises(NotReady, match="is still Deploying after 100 s") as info:
        running.update(identifier, values, state, limit=100)
    assert info.value.state["status"] == "Deploying"
    state = running.update(identifier, values, info.value.state, limit=10**4)
    assert state["status"] == "Running"
    assert state["environment_variables"] == {"A": "1"}
    assert running.differs(state, values) == []


def test_a_slow_create_is_stored_and_the_next_run_finishes_it(running: Cloud) -> None:
    running.admin.deploy_seconds(1000)
    with pytest.raises(NotReady, match="is still Deploying after 200 s") as info:
        running.create(running.wanted(), limit=200)
    assert info.value.state["status"] == "Deploying"
    state = running.update(info.value.id, running.wanted(), info.value.state)
    assert state["status"] == "Running"
    assert running.changes == ["DeployModelService"]


def test_what_depends_on_another_deployment_protects_it(cloud: Cloud, running: Cloud) -> None:
    served, state = running.create(running.wanted(), urn="urn:served")
    judge, _ = cloud.create(cloud.wanted(type="ModelEval"), urn="urn:judge")
    values = running.wanted(
        name="evaluation", model_service_uuid=judge, model_service_group_uuids=[served]
    )
    identifier, found = running.create(values, urn="urn:evaluation")
    with pytest.raises(JobFailed, match=r"still referenced \[ORG_ZSTACK_AI_10086\]"):
        running.delete(served, state)
    running.delete(identifier, found)
    running.delete(served, state)
    assert running.objects == []


def test_a_deployment_whose_service_was_deleted_is_seen_and_replaced(
    cloud: Cloud, running: Cloud
) -> None:
    values = running.wanted()
    identifier, state = running.create(values)
    cloud.delete(values["model_service_uuid"], {})
    found = running.read(identifier, state)
    (difference,) = plan.changes(TABLE, found, values)
    assert (difference.name, difference.replaces) == ("model_service_uuid", True)


def test_a_deployment_of_a_service_that_does_not_exist_is_refused(running: Cloud) -> None:
    with pytest.raises((JobFailed, Refused), match=r"DeployModelService: .*ModelServiceVO"):
        running.create(running.wanted(model_service_uuid=ONE))
    assert running.objects == []
