"""The life of a PAI app service over real HTTP, against the emulator."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import lifecycle, plan
from pulumi_modeldeploy.core.declare import Change
from pulumi_modeldeploy.core.http import Call
from pulumi_modeldeploy.emulator.pai import Pai
from pulumi_modeldeploy.errors import (
    ApiError,
    InvalidInputs,
    NotReady,
    Refused,
    Stopped,
    TransportError,
    WaitFailed,
    WaitTimeout,
)
from pulumi_modeldeploy.pai import api
from pulumi_modeldeploy.pai.service import TABLE

if TYPE_CHECKING:
    from conftest import Cloud

    from pulumi_modeldeploy.core.values import Values

HOUR = 3600
STORED = " It is stored with its id; `pulumi up` goes on with it."
BACK = Call("UpdateServiceVersion", "PUT", "/api/v2/services/{region}/{id}/version")
OTHER = "urn:pulumi:prod::elsewhere::other::theirs"
OSS = {"ModelStorage": "oss", "OssPath": "oss://bucket/llama/"}
NAS = {
    "ModelStorage": "nas",
    "NasMountTarget": "abc.cn-shanghai.nas.aliyuncs.com",
    "NasPath": "/",
    "VpcID": "vpc-1",
    "VswitchID": "vsw-1",
    "SecurityGroupID": "sg-1",
}
BODY = {
    "ServiceName": "llama",
    "AppType": "LLM",
    "ServiceSpec": "llama_7b_fp16",
    "Replicas": 1,
}
"""A service that somebody made in the console."""


def settled(cloud: Cloud, identifier: str, state: Values, values: Values) -> Values:
    """See that a second run, with a refresh before it or not, changes nothing; answers its state.

    Nor does one that is forced to look at everything.
    """
    assert cloud.differs(state, values) == []
    refreshed = cloud.read(identifier, state)
    assert cloud.differs(refreshed, values) == []
    cloud.forget()
    again = cloud.update(identifier, values, refreshed)
    assert cloud.changes == []
    assert cloud.differs(again, values) == []
    return again


# --- create, read, nothing changes ---------------------------------------------------------------

PROGRAMS: dict[str, Values] = {
    "the least": {},
    "everything": {
        "app_version": "v2",
        "replicas": 3,
        "config": NAS,
        "workspace_id": "123",
        "quota_id": "quota1",
        "labels": {"team": "search"},
        "safety_lock": "dangerous",
    },
    "a mount of OSS": {"config": OSS},
    "a mount of NAS": {"config": NAS},
    "keys that no page knows": {"config": {**OSS, "Other": {"deep": [1, 2.5, None, True]}}},
    "an empty configuration": {"config": {}},
    "an unknown specification": {"service_spec": "qwen_72b"},
    "stopped": {"desired_status": "stopped"},
    "stopped, of three": {"desired_status": "stopped", "replicas": 3},
    "labels": {"labels": {"a": "1", "b": "", "Ünï cöde": "x y"}},
    "no labels": {"labels": {}},
    "not locked": {"safety_lock": "none"},
    "locked against deletion": {"safety_lock": "dangerous"},
    "locked against everything": {"safety_lock": "all"},
    "locked, and stopped": {"safety_lock": "all", "desired_status": "stopped"},
}


@pytest.mark.parametrize("name", ["given", "automatic"])
@pytest.mark.parametrize("case", list(PROGRAMS))
def test_the_second_run_changes_nothing(case: str, name: str, cloud: Cloud) -> None:
    make = cloud.wanted if name == "given" else cloud.automatic
    values = make(**PROGRAMS[case])
    identifier, state = cloud.create(values)
    assert identifier == values["service_name"] == cloud.only["ServiceName"]
    settled(cloud, identifier, state, values)


def test_create_answers_what_the_cloud_says(cloud: Cloud) -> None:
    values = cloud.wanted(replicas=2, config=OSS, workspace_id="7", quota_id="quota1")
    identifier, state = cloud.create(values)
    shown, declared = cloud.only, TABLE.declaration
    assert {name: state[name] for name in values} == values
    assert {name: state.get(name) for name in declared.outputs} == {
        name: shown[item.wire] for name, item in declared.outputs.items()
    }
    assert state["status"] == "Running"
    assert state["internet_endpoint"].endswith("/api/predict/llama")
    assert len(state["access_token"]) > 40
    assert cloud.read(identifier, state) == state


def test_the_token_is_in_the_secret_outputs_only(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    declared = TABLE.declaration.outputs
    plain = {k: v for k, v in state.items() if k not in declared or not declared[k].column.secret}
    shown = json.dumps([plain, cloud.row, cloud.warnings, cloud.requests, identifier])
    assert state["access_token"] not in shown
    assert set(state) - set(plain) == {"access_token", "service_config"}


def test_create_waits_until_instances_run_and_shows_them(cloud: Cloud) -> None:
    cloud.admin.deploy_seconds(60)
    _, state = cloud.create(cloud.wanted(replicas=4))
    assert (state["status"], state["running_instance"]) == ("Running", 4)
    assert cloud.time.passed >= 60
    assert cloud.row[0] == "Creating, 0 of 4 instances"
    counted = [int(one.split()[1]) for one in cloud.row if one.startswith("Waiting, ")]
    assert counted == sorted(counted)
    assert len(set(counted)) > 2
    assert cloud.row[-1] == "Running"


def test_it_is_looked_at_no_faster_than_the_vendors_own_client_does(cloud: Cloud) -> None:
    cloud.admin.deploy_seconds(60)
    cloud.create(cloud.wanted())
    looks = [one for one in cloud.requests if one["method"] == "GET"]
    assert len(looks) <= 60 / 2.7 + 3


def test_a_given_name_gets_the_mark_in_a_label_and_an_automatic_one_needs_none(
    cloud: Cloud,
) -> None:
    cloud.create(cloud.wanted())
    assert cloud.labels == {"modeldeploy": cloud.mark}
    assert cloud.changes == ["CreateAppService", "UpdateServiceLabel"]
    cloud.forget()
    values = cloud.automatic()
    cloud.create(values)
    assert values["service_name"] == f"llama_{cloud.mark}"
    assert cloud.changes == ["CreateAppService"]


def test_no_mark_is_written_where_none_is_wanted(cloud: Cloud) -> None:
    cloud.create(cloud.wanted(labels={"a": "1"}), stack={"pai:ownerMark": "off"})
    assert cloud.labels == {"a": "1"}
    with pytest.raises(Refused, match="carries no mark"):
        cloud.create(cloud.wanted())


@pytest.mark.parametrize("name", ["abc", "a" * 63, "a_1", "a-b", "A1"])
def test_a_name_may_be_as_short_and_as_long_as_this(name: str, cloud: Cloud) -> None:
    values = cloud.wanted(service_name=name)
    identifier, state = cloud.create(values)
    assert identifier == name
    settled(cloud, identifier, state, values)


def test_two_resources_of_one_stack_live_side_by_side(cloud: Cloud) -> None:
    for urn in ("urn:a::llama", "urn:b::llama"):
        values = cloud.wanted(service_name=None)
        plan.fill_name(TABLE, "llama", values, {}, cloud.operation(urn=urn).identity.mark)
        cloud.create(values, urn=urn)
    assert len(cloud.services) == 2


def test_the_mistakes_of_a_policy_are_refused_before_anything_is_sent(cloud: Cloud) -> None:
    values = {**cloud.wanted(), "replicas": 0}
    with pytest.raises(InvalidInputs, match="replicas"):
        cloud.create(values)
    assert cloud.requests == []


def test_nothing_is_sent_once_the_run_is_over(cloud: Cloud) -> None:
    with pytest.raises(Stopped):
        cloud.create(cloud.wanted(), alive=lambda: False)
    assert cloud.changes == []


# --- a service that is not seen at once ----------------------------------------------------------


@pytest.mark.parametrize("looks", [1, 2])
@pytest.mark.parametrize("name", ["given", "automatic"])
def test_one_that_is_not_seen_just_after_its_create_is_waited_for(
    name: str, looks: int, cloud: Cloud
) -> None:
    cloud.admin.seed(pai={"lag": {"create": looks}})
    values = cloud.wanted() if name == "given" else cloud.automatic()
    identifier, state = cloud.create(values)
    assert state["status"] == "Running"
    assert cloud.bodies("CreateAppService") == [cloud.bodies("CreateAppService")[0]]
    settled(cloud, identifier, state, values)


def test_nor_are_its_labels_written_at_once(cloud: Cloud) -> None:
    cloud.admin.seed(pai={"lag": {"create": 1}})
    cloud.admin.faults(
        {
            "operation": "UpdateServiceLabel",
            "fault": "status",
            "status": 404,
            "code": "InvalidService.NotFound",
            "times": 3,
        }
    )
    cloud.create(cloud.wanted())
    assert cloud.labels == {"modeldeploy": cloud.mark}
    assert cloud.changes.count("CreateAppService") == 1


@pytest.mark.parametrize("status", [403, 404])
def test_one_that_cannot_be_marked_is_stored(status: int, cloud: Cloud) -> None:
    """Also where it is not to be seen yet: it was answered with its id."""
    cloud.admin.seed(pai={"lag": {"create": 2}})
    cloud.admin.faults({"operation": "UpdateServiceLabel", "fault": "status", "status": status})
    values = cloud.wanted()
    with pytest.raises(NotReady, match=f"UpdateServiceLabel: .*HTTP {status}") as info:
        cloud.create(values)
    assert (info.value.id, info.value.state["service_id"]) == ("llama", cloud.only["ServiceId"])
    cloud.admin.faults()
    cloud.time.sleep(10)
    state = cloud.update("llama", values, info.value.state)
    assert state["status"] == "Running"
    assert cloud.changes.count("CreateAppService") == 1


def test_one_that_never_shows_is_said_to_be_gone(cloud: Cloud) -> None:
    gone = {"status": 404, "code": "InvalidService.NotFound"}
    cloud.admin.faults({"operation": "DescribeService", "fault": "status", **gone})
    with pytest.raises(WaitFailed, match="PAI app service is gone; somebody else has deleted it"):
        cloud.create(cloud.automatic())
    assert 30 <= cloud.time.passed <= 45


# --- lost answers --------------------------------------------------------------------------------

LOST = ["lost-response", "truncate"]
AGAIN = [{"fault": "reset"}, {"fault": "status", "status": 503}, {"fault": "status", "status": 500}]


@pytest.mark.parametrize("mark", ["on", "off"])
@pytest.mark.parametrize("name", ["given", "automatic"])
@pytest.mark.parametrize("fault", LOST)
def test_one_service_comes_of_a_create_whose_answer_got_lost(
    fault: str, name: str, mark: str, cloud: Cloud
) -> None:
    cloud.admin.deploy_seconds(20)
    cloud.admin.faults({"operation": "CreateAppService", "fault": fault, "times": 1})
    values = cloud.wanted(labels={"a": "1"}) if name == "given" else cloud.automatic()
    identifier, state = cloud.create(values, stack={"pai:ownerMark": mark})
    assert state["status"] == "Running"
    assert cloud.changes.count("CreateAppService") == 1
    marked = {"modeldeploy": cloud.mark} if (name, mark) == ("given", "on") else {}
    assert cloud.labels == {**values.get("labels", {}), **marked}
    settled(cloud, identifier, state, values)


@pytest.mark.parametrize("fault", AGAIN, ids=lambda fault: " ".join(map(str, fault.values())))
def test_a_create_that_did_not_happen_is_sent_again(fault: dict[str, Any], cloud: Cloud) -> None:
    cloud.admin.faults({"operation": "CreateAppService", "times": 2, **fault})
    cloud.create(cloud.wanted())
    assert cloud.changes == [*["CreateAppService"] * 3, "UpdateServiceLabel"]
    assert cloud.labels == {"modeldeploy": cloud.mark}


@pytest.mark.parametrize("name", ["given", "automatic"])
def test_a_second_call_that_finds_the_name_taken_by_the_first_is_no_stranger(
    name: str, cloud: Cloud
) -> None:
    """The first one's answer is lost, and the service is not to be seen for a moment."""
    cloud.admin.seed(pai={"lag": {"create": 1}})
    cloud.admin.faults({"operation": "CreateAppService", "fault": "lost-response", "times": 1})
    values = cloud.wanted() if name == "given" else cloud.automatic()
    identifier, state = cloud.create(values)
    found = [one for one in cloud.requests if one["operation"] == "CreateAppService"]
    assert [one["status"] for one in found][1:] == [409]
    assert cloud.only["ServiceId"] == state["service_id"]
    assert cloud.operation().table.mark_of(cloud.only) == cloud.mark
    settled(cloud, identifier, state, values)


def test_a_name_that_is_said_to_be_taken_and_is_nobodys_is_an_error(cloud: Cloud) -> None:
    cloud.admin.faults({"operation": "CreateAppService", "fault": "status", "status": 409})
    with pytest.raises(Refused, match=r"HTTP 409.*no PAI app service of this resource is to be"):
        cloud.create(cloud.wanted())
    assert cloud.services == []


def test_a_refused_create_says_what_the_cloud_said(cloud: Cloud) -> None:
    cloud.admin.seed(pai={"serviceSpecs": [{"ServiceSpec": "llama_13b_fp16"}]})
    with pytest.raises(ApiError) as info:
        cloud.create(cloud.wanted())
    text = r"CreateAppService: .*ServiceSpec.* \(HTTP 400, InvalidParameter, request [0-9A-F-]+\)"
    assert re.fullmatch(text, str(info.value))
    assert cloud.services == []
    assert cloud.changes == ["CreateAppService"]


# --- interrupted runs ----------------------------------------------------------------------------


def kill_before_it_is_marked(cloud: Cloud, values: Values) -> None:
    """Leave a service behind that was created, by a run that died with the answer."""
    op = cloud.operation(values)
    order = lifecycle._order(op, values)
    cloud.admin.deploy_seconds(60)
    cloud.do(api.CREATE, order["body"], **order.get("query", {}))


def kill_while_deploying(cloud: Cloud, values: Values) -> None:
    """Leave a service behind whose id nobody stored."""
    kill_before_it_is_marked(cloud, values)
    op = cloud.operation(values)
    if TABLE.sign and TABLE.sign.due(op, values["service_name"]):
        TABLE.sign.write(op, values["service_name"])
    cloud.forget()


def test_one_of_a_given_name_that_was_not_marked_yet_is_refused_with_the_line_that_adopts_it(
    cloud: Cloud,
) -> None:
    values = cloud.wanted()
    kill_before_it_is_marked(cloud, values)
    with pytest.raises(Refused, match=r"\(it carries no mark\); it was not touched") as refused:
        cloud.create(values)
    assert str(refused.value).endswith('take that one over: adopt="llama"')
    assert cloud.changes == []


@pytest.mark.parametrize("name", ["given", "automatic"])
def test_a_killed_create_is_resumed(name: str, cloud: Cloud) -> None:
    values = cloud.wanted() if name == "given" else cloud.automatic()
    kill_while_deploying(cloud, values)
    left = cloud.only["ServiceId"]
    identifier, state = cloud.create(values)
    assert state["service_id"] == left
    assert cloud.changes == []
    (line,) = [line for line in cloud.row if line.startswith("resuming")]
    text = rf"resuming PAI app service {identifier}, \d+ s old, of an interrupted run or a lost .*"
    assert re.fullmatch(text, line)
    settled(cloud, identifier, state, values)


@pytest.mark.parametrize("name", ["given", "automatic"])
def test_a_run_that_is_cancelled_while_it_waits_leaves_a_service_to_go_on_with(
    name: str, cloud: Cloud
) -> None:
    values = cloud.wanted() if name == "given" else cloud.automatic()
    cloud.admin.deploy_seconds(60)
    alive = iter([True] * (2 if name == "given" else 1))
    with pytest.raises(NotReady, match="the run that waited for it is over") as info:
        cloud.create(values, alive=lambda: next(alive, False))
    assert TABLE.mark_of(cloud.only) == cloud.mark
    assert (info.value.id, info.value.state["status"]) == (values["service_name"], "Creating")
    cloud.forget()
    state = cloud.update(info.value.id, values, info.value.state)
    assert cloud.changes == []
    settled(cloud, info.value.id, state, values)


def test_what_is_resumed_is_brought_to_what_is_wanted(cloud: Cloud) -> None:
    kill_while_deploying(cloud, cloud.wanted(config=OSS, workspace_id="7"))
    values = cloud.wanted(
        service_spec="llama_13b_fp16",
        replicas=2,
        workspace_id="8",
        labels={"a": "1"},
        safety_lock="all",
        desired_status="stopped",
    )
    identifier, state = cloud.create(values)
    assert cloud.changes == [
        "UpdateAppService",
        "UpdateServiceLabel",
        "StopService",
        "UpdateServiceSafetyLock",
    ]
    assert json.loads(cloud.only["AppConfig"]) == {}
    settled(cloud, identifier, state, values)


def test_one_that_failed_is_revived_when_it_is_found_again(cloud: Cloud) -> None:
    values = cloud.automatic()
    kill_while_deploying(cloud, values)
    cloud.admin.fail(cloud.only["ServiceId"], "no GPU left")
    identifier, state = cloud.create(values)
    assert cloud.changes == ["StartService"]
    settled(cloud, identifier, state, values)


def test_an_old_one_is_refused(cloud: Cloud) -> None:
    cloud.create(cloud.wanted())
    cloud.time.sleep(25 * HOUR)
    with pytest.raises(Refused, match=r"25 hours old.*resumeWithin") as refused:
        cloud.create(cloud.wanted())
    assert str(refused.value).endswith('adopt="llama"')
    identifier, _ = cloud.create(cloud.wanted(), stack={"modeldeploy:resumeWithin": "48"})
    assert identifier == "llama"


def test_one_of_the_future_is_refused(cloud: Cloud) -> None:
    mine = {"Labels": {"modeldeploy": cloud.mark}, "CreateTime": "2099-01-01T00:00:00Z"}
    cloud.admin.seed(pai={"services": [{**BODY, **mine}]})
    with pytest.raises(Refused, match="its age cannot be told"):
        cloud.create(cloud.wanted())


def test_one_that_is_being_deleted_is_waited_out_and_made_anew(cloud: Cloud) -> None:
    _, first = cloud.create(cloud.wanted())
    cloud.admin.deploy_seconds(100)
    cloud.do(api.DELETE)
    _, second = cloud.create(cloud.wanted())
    assert second["service_id"] != first["service_id"] != ""
    assert second["status"] == "Running"
    assert cloud.time.passed >= 125


# --- what is not ours ----------------------------------------------------------------------------

STRANGERS: dict[str, tuple[Values, str, str]] = {
    "without a mark": ({}, "it carries no mark", 'adopt="llama"'),
    "with another mark": (
        {"Labels": {"modeldeploy": "0123456789ab"}},
        "it carries the mark of another resource",
        'adopt="llama", adopt_from="0123456789ab"',
    ),
}


@pytest.mark.parametrize("mark", ["on", "off"])
@pytest.mark.parametrize("case", list(STRANGERS))
def test_a_strangers_service_of_this_name_is_refused_and_not_touched(
    case: str, mark: str, cloud: Cloud
) -> None:
    extra, text, line = STRANGERS[case]
    cloud.admin.seed(pai={"services": [{**BODY, **extra}]})
    before = cloud.only
    with pytest.raises(Refused, match=rf"\({text}\); it was not touched") as refused:
        cloud.create(cloud.wanted(replicas=2), stack={"pai:ownerMark": mark})
    assert str(refused.value).endswith(f"or take that one over: {line}")
    assert (cloud.changes, cloud.only) == ([], before)


def test_a_stranger_that_comes_between_is_refused(cloud: Cloud) -> None:
    """It appears after our first look and before our call, and carries no mark."""
    op = cloud.operation()
    first = []

    def seeded() -> bool:
        if not first:
            first.append(True)
            cloud.admin.seed(pai={"services": [BODY]})
        return True

    op.waiter.alive = seeded
    with pytest.raises(Refused, match=r"carries no mark.*What came of our own call: .*HTTP 409"):
        lifecycle.create(op, cloud.wanted())
    assert cloud.labels == {}


FOREIGN = {**BODY, "ParentUid": "2000000000000002"}
SAID = (
    "service_name: another Alibaba Cloud account has a service of this name, and names are unique "
    "in a region across all accounts; nothing was touched. Give another name, or leave it out to "
    "have one made."
)


def test_another_accounts_service_of_this_name_is_refused_in_words(cloud: Cloud) -> None:
    cloud.admin.seed(pai={"services": [FOREIGN]})
    with pytest.raises(Refused, match=re.escape(SAID)):
        cloud.create(cloud.wanted())
    assert cloud.changes == []


def test_another_accounts_service_that_comes_between_is_refused_in_words(cloud: Cloud) -> None:
    """The create is answered by the name being taken, and whose it is shows when one looks."""
    cloud.admin.faults({"operation": "CreateAppService", "fault": "reset", "times": 1})
    cloud.time.meanwhile.append(lambda: cloud.admin.seed(pai={"services": [FOREIGN]}))
    with pytest.raises(Refused, match=re.escape(SAID)):
        cloud.create(cloud.wanted())
    assert cloud.labels == {}


def test_the_same_name_in_another_region_is_another_service(cloud: Cloud) -> None:
    cloud.admin.seed(pai={"services": [{**FOREIGN, "Region": "cn-beijing"}]})
    cloud.create(cloud.wanted())
    assert sorted(one["Region"] for one in cloud.services) == ["cn-beijing", "cn-shanghai"]


# --- failures ------------------------------------------------------------------------------------


def test_a_failed_create_is_stored_with_the_reason_and_the_next_run_revives_it(
    cloud: Cloud,
) -> None:
    spec = {"ServiceSpec": "llama_7b_fp16"}
    cloud.admin.seed(pai={"serviceSpecs": [{**spec, "fails": "The image cannot be pulled."}]})
    values = cloud.wanted(labels={"a": "1"})
    with pytest.raises(NotReady) as info:
        cloud.create(values)
    (reason,) = info.value.reasons
    assert reason == f"PAI app service is Failed: The image cannot be pulled.{STORED}"
    state = info.value.state
    assert (info.value.id, state["status"]) == ("llama", "Failed")
    assert state["service_id"] == cloud.only["ServiceId"]
    assert cloud.differs(state, values) == ["labels", "status"]

    cloud.admin.seed(pai={"serviceSpecs": [spec]})
    cloud.forget()
    state = cloud.update("llama", values, state)
    assert sorted(cloud.changes) == ["StartService", "UpdateServiceLabel"]
    settled(cloud, "llama", state, values)


def test_a_failed_one_is_revived_by_what_mends_it(cloud: Cloud) -> None:
    cloud.admin.seed(pai={"ossPaths": ["oss://bucket/"]})
    wrong, right = ({**OSS, "OssPath": f"oss://{one}/"} for one in ("nowhere", "bucket"))
    with pytest.raises(NotReady, match=r"Failed: The path oss://nowhere/ does not exist"):
        cloud.create(cloud.wanted(config=wrong))
    cloud.forget()
    values = cloud.wanted(config=right)
    state = cloud.update("llama", values, cloud.read("llama", cloud.wanted(config=wrong)))
    assert cloud.changes == ["UpdateAppService"]
    settled(cloud, "llama", state, values)


def test_a_failure_of_a_fresh_create_is_not_revived_in_the_same_run(cloud: Cloud) -> None:
    cloud.admin.deploy_seconds(30)
    cloud.time.meanwhile.append(lambda: cloud.admin.fail(cloud.only["ServiceId"], "crash"))
    with pytest.raises(NotReady, match="Failed: crash"):
        cloud.create(cloud.automatic())
    assert cloud.changes == ["CreateAppService"]


def test_one_that_gets_no_resources_is_stored_when_the_time_is_over(cloud: Cloud) -> None:
    waits = {"ServiceSpec": "llama_7b_fp16", "waits": "There are no GPUs left."}
    cloud.admin.seed(pai={"serviceSpecs": [waits, {"ServiceSpec": "llama_13b_fp16"}]})
    with pytest.raises(NotReady) as info:
        cloud.create(cloud.wanted())
    (reason,) = info.value.reasons
    assert reason.startswith(
        "PAI app service is still Waiting after 1800 s (There are no GPUs left.)"
    )
    assert reason.endswith("It is stored with its id; `pulumi up` goes on with it.")
    assert info.value.state["status"] == "Waiting"

    cloud.forget()
    with pytest.raises(NotReady, match="still Waiting after 60 s"):
        cloud.update("llama", cloud.wanted(), info.value.state, limit=60)
    assert cloud.changes == []

    values = cloud.wanted(service_spec="llama_13b_fp16")
    state = cloud.update("llama", values, info.value.state)
    assert cloud.changes == ["UpdateAppService"]
    settled(cloud, "llama", state, values)


def test_one_that_gets_resources_later_is_waited_for_by_the_next_run(cloud: Cloud) -> None:
    waits = {"ServiceSpec": "llama_7b_fp16", "waits": "There are no GPUs left."}
    cloud.admin.seed(pai={"serviceSpecs": [waits]})
    with pytest.raises(NotReady, match="still Waiting after 60 s") as info:
        cloud.create(cloud.wanted(), limit=60)
    assert cloud.differs(info.value.state, cloud.wanted()) == ["status"]
    cloud.forget()
    up = {"status": "Running"}
    cloud.time.meanwhile.append(lambda: cloud.admin.fail(cloud.only["ServiceId"], **up))
    state = cloud.update("llama", cloud.wanted(), info.value.state)
    assert cloud.changes == []
    settled(cloud, "llama", state, cloud.wanted())


def test_one_that_gets_no_resources_can_be_stopped_and_deleted(cloud: Cloud) -> None:
    waits = {"ServiceSpec": "llama_7b_fp16", "waits": "There are no GPUs left."}
    cloud.admin.seed(pai={"serviceSpecs": [waits]})
    with pytest.raises(NotReady) as info:
        cloud.create(cloud.wanted(), limit=60)
    values = cloud.wanted(desired_status="stopped")
    state = cloud.update("llama", values, info.value.state)
    settled(cloud, "llama", state, values)
    cloud.delete("llama", state)
    assert cloud.services == []


def test_one_that_could_not_be_deleted_is_replaced(cloud: Cloud) -> None:
    """No call leads out of that; a new one has the same name, so the old one goes first."""
    values = cloud.wanted()
    identifier, state = cloud.create(values)
    cloud.admin.fail(cloud.only["ServiceId"], "a volume is in use", next=True)
    with pytest.raises(WaitFailed, match="DeleteFailed: a volume is in use"):
        cloud.delete(identifier, state)
    found = cloud.read(identifier, state)
    assert found["status"] == "DeleteFailed"
    assert plan.is_hopeless(TABLE, found)
    assert not plan.is_hopeless(TABLE, state)
    cloud.delete(identifier, found)
    again, fresh = cloud.create(values)
    assert again == identifier
    assert fresh["service_id"] != state["service_id"]
    settled(cloud, again, fresh, values)


def test_an_update_of_one_that_could_not_be_deleted_says_that_it_is_replaced(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.fail(cloud.only["ServiceId"], "a volume is in use", status="DeleteFailed")
    with pytest.raises(NotReady, match="`pulumi up` replaces it"):
        cloud.update(identifier, cloud.wanted(replicas=2), state)


# --- update --------------------------------------------------------------------------------------


@dataclass
class Case:
    """A change in place: from, to, and what the updating call then says that is new."""

    old: Values
    new: Values
    body: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()


UPDATES: dict[str, Case] = {
    "app_version": Case({"app_version": "v1"}, {"app_version": "v2"}, {"AppVersion": "v2"}),
    "app_version, new": Case({}, {"app_version": "v2"}, {"AppVersion": "v2"}),
    "service_spec": Case({}, {"service_spec": "qwen_72b"}, {"ServiceSpec": "qwen_72b"}),
    "replicas": Case({}, {"replicas": 3}, {"Replicas": 3}),
    "replicas, fewer": Case({"replicas": 3}, {"replicas": 1}, {"Replicas": 1}),
    "config": Case({"config": OSS}, {"config": NAS}, {"Config": NAS}),
    "config, new": Case({}, {"config": OSS}, {"Config": OSS}),
    "config, less": Case(
        {"config": {**OSS, "Other": "x"}}, {"config": OSS}, {"Config": OSS}, gone=("Other",)
    ),
    "config, gone": Case({"config": OSS}, {}, {"Config": {}}, gone=("OssPath",)),
    "config, emptied": Case({"config": OSS}, {"config": {}}, {"Config": {}}, gone=("OssPath",)),
    "workspace_id": Case({"workspace_id": "7"}, {"workspace_id": "8"}, query={"WorkspaceId": "8"}),
    "workspace_id, new": Case({}, {"workspace_id": "8"}, query={"WorkspaceId": "8"}),
    "quota_id": Case({"quota_id": "q1"}, {"quota_id": "q2"}, query={"QuotaId": "q2"}),
    "quota_id, new": Case({}, {"quota_id": "q2"}, query={"QuotaId": "q2"}),
    "several at once": Case(
        {"config": OSS, "workspace_id": "7"},
        {"config": NAS, "replicas": 2, "workspace_id": "8", "app_version": "v3"},
        {"Config": NAS, "Replicas": 2, "AppVersion": "v3"},
        {"WorkspaceId": "8"},
    ),
}
OF_OTHER_CALLS = ("labels", "safety_lock", "desired_status", "profile")


def test_every_argument_that_is_sent_by_the_update_has_a_case() -> None:
    declared = TABLE.declaration.args.items()
    changing = {name for name, one in declared if one.column.change is Change.UPDATE}
    assert {*UPDATES} >= changing - {*OF_OTHER_CALLS, "app_type"}, "of which there is one only"


@pytest.mark.parametrize("desired", ["running", "stopped"])
@pytest.mark.parametrize("case", list(UPDATES))
def test_an_update_sends_all_that_there_is_and_settles(
    case: str, desired: str, cloud: Cloud
) -> None:
    """What the emulator shows first is the service as it was before."""
    changed = UPDATES[case]
    before = cloud.wanted(**changed.old, desired_status=desired)
    identifier, state = cloud.create(before)
    cloud.admin.deploy_seconds(30)
    cloud.time.sleep(60)
    cloud.forget()
    after = cloud.wanted(**changed.new, desired_status=desired)
    assert plan.replacing(TABLE, state, after) == []
    state = cloud.update(identifier, after, state)

    (sent,) = [one for one in cloud.requests if one["method"] != "GET"]
    given = {name: one for name, one in after.items() if name not in OF_OTHER_CALLS}
    named = {TABLE.declaration.args[name].wire: one for name, one in given.items()}
    whole = {k: v for k, v in named.items() if k not in ("ServiceName", "WorkspaceId", "QuotaId")}
    assert sent["body"] == {**whole, **changed.body}
    assert sent["body"].items() >= changed.body.items()
    assert sent["query"].items() >= changed.query.items()
    assert state["status"] == ("Running" if desired == "running" else "Stopped")
    assert not any(one in cloud.only["AppConfig"] for one in changed.gone)
    settled(cloud, identifier, state, after)


def test_a_stopped_service_has_its_new_configuration_when_it_is_started(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted(desired_status="stopped", config=OSS))
    cloud.forget()
    values = cloud.wanted(config=NAS, replicas=3)
    state = cloud.update(identifier, values, state)
    assert cloud.changes == ["UpdateAppService", "StartService"]
    assert (state["status"], cloud.only["RunningInstance"]) == ("Running", 3)
    settled(cloud, identifier, state, values)


def test_instances_of_a_stopped_service_are_what_was_set_last(cloud: Cloud) -> None:
    """It has none, and does not say how many it is going to have: that is no drift."""
    values = cloud.wanted(desired_status="stopped", replicas=3)
    identifier, state = cloud.create(values)
    assert (state["total_instance"], state["replicas"]) == (0, 3)
    found = cloud.read(identifier, state)
    assert (found["total_instance"], found["replicas"]) == (0, 3)
    cloud.forget()
    five = cloud.wanted(desired_status="stopped", replicas=5)
    assert cloud.differs(found, five) == ["replicas"]
    state = cloud.update(identifier, five, found)
    assert [one["Replicas"] for one in cloud.bodies("UpdateAppService")] == [5]
    settled(cloud, identifier, state, five)


def test_instances_that_a_killed_run_set_on_a_stopped_service_are_set_again(cloud: Cloud) -> None:
    """Nobody knows whether they were."""
    identifier, state = cloud.create(cloud.wanted(desired_status="stopped"))
    cloud.admin.faults({"operation": "UpdateAppService", "fault": "status", "status": 403})
    values = cloud.wanted(desired_status="stopped", replicas=5)
    with pytest.raises(NotReady, match="HTTP 403") as info:
        cloud.update(identifier, values, state)
    assert cloud.differs(info.value.state, values) == ["replicas"]
    cloud.admin.faults()
    state = cloud.update(identifier, values, info.value.state)
    settled(cloud, identifier, state, values)


# --- updates that show late, fail or are undone --------------------------------------------------


@pytest.mark.parametrize("looks", [0, 1, 2, 5])
@pytest.mark.parametrize(
    "change",
    [{"service_spec": "llama_13b_fp16"}, {"replicas": 3}, {"desired_status": "stopped"}],
    ids=lambda change: next(iter(change)),
)
def test_what_is_shown_of_before_an_update_does_not_end_the_wait(
    change: Values, looks: int, cloud: Cloud
) -> None:
    cloud.admin.seed(pai={"lag": {"update": looks}})
    identifier, state = cloud.create(cloud.wanted(config=OSS))
    cloud.admin.deploy_seconds(100)
    cloud.time.sleep(200)
    cloud.forget()
    values = cloud.wanted(config=OSS, **change)
    began = cloud.time.passed
    state = cloud.update(identifier, values, state)
    assert len(cloud.changes) == 1
    assert cloud.time.passed - began >= 25
    settled(cloud, identifier, state, values)


@pytest.mark.parametrize(
    "change",
    [
        {"service_spec": "llama_13b_fp16"},
        {"replicas": 3},
        {"workspace_id": "7"},
        {"desired_status": "stopped"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_taken_up_at_once_is_not_waited_for(change: Values, cloud: Cloud) -> None:
    """Version, date or number of instances tell that a state is later than the change."""
    cloud.admin.seed(pai={"lag": {"update": 0}})
    identifier, state = cloud.create(cloud.wanted())
    cloud.time.sleep(60)
    began = cloud.time.passed
    cloud.update(identifier, cloud.wanted(**change), state)
    assert cloud.time.passed == began


@pytest.mark.parametrize("fault", [*LOST, "reset"])
@pytest.mark.parametrize("looks", [0, 1, 2])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"service_spec": "llama_13b_fp16"}),
        ({}, {"replicas": 3}),
        ({}, {"workspace_id": "7"}),
        ({}, {"desired_status": "stopped"}),
        ({"desired_status": "stopped"}, {}),
    ],
    ids=["specification", "instances", "workspace", "stop", "start"],
)
def test_a_change_whose_answer_got_lost_is_made_once(
    before: Values, after: Values, looks: int, fault: str, cloud: Cloud
) -> None:
    cloud.admin.seed(pai={"lag": {"update": looks}})
    identifier, state = cloud.create(cloud.wanted(**before))
    cloud.admin.deploy_seconds(60)
    cloud.time.sleep(100)
    cloud.forget()
    names = ("UpdateAppService", "StartService", "StopService")
    cloud.admin.faults(*({"operation": one, "fault": fault, "times": 1} for one in names))
    values = cloud.wanted(**after)
    state = cloud.update(identifier, values, state)
    asked = [one for one in cloud.requests if one["operation"] in names]
    assert [one["status"] for one in asked if one["status"]] == [200]
    settled(cloud, identifier, state, values)


@pytest.mark.parametrize("fault", [*LOST, "reset"])
def test_instances_of_a_stopped_one_are_set_until_an_answer_says_so(
    fault: str, cloud: Cloud
) -> None:
    """No look tells them; setting them twice does no harm."""
    identifier, state = cloud.create(cloud.wanted(desired_status="stopped"))
    cloud.forget()
    cloud.admin.faults({"operation": "UpdateAppService", "fault": fault, "times": 1})
    values = cloud.wanted(desired_status="stopped", replicas=3)
    state = cloud.update(identifier, values, state)
    assert [one["Replicas"] for one in cloud.bodies("UpdateAppService")] == [3, 3]
    settled(cloud, identifier, state, values)


def test_a_workspace_that_the_cloud_does_not_change_is_said(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it does is not documented, so it is looked at."""
    before = {"workspace_id": "7", "quota_id": "q1"}
    identifier, state = cloud.create(cloud.wanted(**before))
    monkeypatch.setattr(Pai, "_take_place", staticmethod(lambda _service, _call: None))
    values = cloud.wanted(workspace_id="8", quota_id="q2")
    text = "is Running with its former configuration: the cloud rolled the change of {} back"
    with pytest.raises(NotReady, match=text.format("workspace_id, quota_id")) as info:
        cloud.update(identifier, values, state)
    assert {name: info.value.state[name] for name in before} == before
    assert cloud.differs(info.value.state, values) == ["workspace_id", "quota_id"]


def test_an_update_that_is_undone_is_a_failure(cloud: Cloud) -> None:
    """Somebody went back to the former version while its instances were waited for."""
    specs = [{"ServiceSpec": "llama_7b_fp16"}, {"ServiceSpec": "qwen", "waits": "no GPU left"}]
    cloud.admin.seed(pai={"serviceSpecs": specs})
    identifier, state = cloud.create(cloud.wanted(config=OSS))
    cloud.time.sleep(10)
    cloud.time.meanwhile += [lambda: None, lambda: cloud.do(BACK, {"Version": 1})]
    values = cloud.wanted(config=NAS, service_spec="qwen")
    with pytest.raises(NotReady) as info:
        cloud.update(identifier, values, state)
    (reason,) = info.value.reasons
    assert "the cloud rolled the change of service_spec, config back" in reason
    assert cloud.differs(info.value.state, values) == ["service_spec", "config"]
    cloud.admin.seed(pai={"serviceSpecs": [{"ServiceSpec": "qwen"}]})
    state = cloud.update(identifier, values, info.value.state)
    settled(cloud, identifier, state, values)


def test_a_failed_update_is_stored_as_it_is_and_gone_on_with(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted(config=OSS))
    cloud.time.sleep(HOUR)
    cloud.admin.fail(cloud.only["ServiceId"], "out of memory", next=True)
    values = cloud.wanted(config=NAS, labels={"a": "1"})
    with pytest.raises(NotReady) as info:
        cloud.update(identifier, values, state)
    (reason,) = info.value.reasons
    assert reason == f"PAI app service is Failed: out of memory.{STORED}"
    assert cloud.differs(info.value.state, values) == ["labels", "status"]
    cloud.forget()
    state = cloud.update(identifier, values, info.value.state)
    assert cloud.changes == ["UpdateServiceLabel", "StartService"]
    settled(cloud, identifier, state, values)


def test_a_failed_update_may_be_taken_back(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted(config=OSS))
    cloud.time.sleep(HOUR)
    cloud.admin.fail(cloud.only["ServiceId"], "out of memory", next=True)
    with pytest.raises(NotReady) as info:
        cloud.update(identifier, cloud.wanted(config=NAS), state)
    cloud.forget()
    values = cloud.wanted(config=OSS)
    state = cloud.update(identifier, values, info.value.state)
    assert cloud.changes == ["UpdateAppService"]
    settled(cloud, identifier, state, values)


def test_an_update_waits_until_the_service_can_take_it(cloud: Cloud) -> None:
    """One that somebody else's change, or a killed run's, is under way on."""
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.deploy_seconds(60)
    cloud.time.sleep(100)
    cloud.do(api.UPDATE, {"ServiceSpec": "llama_13b_fp16"})
    cloud.time.sleep(6)
    values = cloud.wanted(replicas=2)
    state = cloud.update(identifier, values, state)
    assert (state["service_spec"], state["replicas"]) == ("llama_7b_fp16", 2)
    assert cloud.changes == ["UpdateAppService"]
    settled(cloud, identifier, state, values)


@pytest.mark.parametrize("status", ["Failed", "Running"])
def test_a_failed_one_that_should_be_stopped_is_stopped(status: str, cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.fail(cloud.only["ServiceId"], "crash", status=status)
    values = cloud.wanted(desired_status="stopped")
    settled(cloud, identifier, cloud.update(identifier, values, state), values)


def test_progress_of_an_update_is_shown(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.deploy_seconds(60)
    cloud.time.sleep(100)
    cloud.row.clear()
    cloud.update(identifier, cloud.wanted(replicas=5, config=OSS), state)
    assert cloud.row[0] == "updating replicas, config"
    assert cloud.row[-1] == "Running"
    assert any(re.fullmatch(r"Updating, [2-4] of 5 instances", one) for one in cloud.row)


def test_a_renamed_resource_writes_todays_mark(cloud: Cloud) -> None:
    """Its name keeps the former mark where it was made of that; the label decides."""
    values = cloud.automatic()
    identifier, state = cloud.create(values)
    former, today = cloud.mark, cloud.operation(urn=OTHER).identity.mark
    op = cloud.operation(state, values, urn=OTHER)
    op.former_mark = former
    state = lifecycle.update(op, identifier, values, state)
    assert cloud.labels == {"modeldeploy": today}
    assert TABLE.mark_of(cloud.only) == today
    assert cloud.differs(state, values) == []
    with pytest.raises(Refused, match="the mark of another resource"):
        cloud.create(values)
    assert cloud.create(values, urn=OTHER)[0] == identifier


# --- what should run -----------------------------------------------------------------------------


def test_stop_and_start(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted(config=OSS))
    cloud.admin.deploy_seconds(30)
    cloud.time.sleep(60)
    cloud.forget()
    for desired, status, call in (
        ("stopped", "Stopped", "StopService"),
        ("running", "Running", "StartService"),
    ):
        values = cloud.wanted(config=OSS, desired_status=desired)
        state = cloud.update(identifier, values, state)
        assert (state["status"], cloud.changes) == (status, [call])
        settled(cloud, identifier, state, values)


@pytest.mark.parametrize(
    ("call", "desired", "other"),
    [(api.STOP, "running", "stopped"), (api.START, "stopped", "running")],
    ids=["stopped", "started"],
)
def test_what_somebody_did_by_hand_is_shown_and_undone(
    call: Any, desired: str, other: str, cloud: Cloud
) -> None:
    values = cloud.wanted(desired_status=desired)
    identifier, state = cloud.create(values)
    cloud.do(call)
    cloud.time.sleep(10)
    found = cloud.read(identifier, state)
    assert found["desired_status"] == other
    assert cloud.differs(found, values) == ["desired_status", "status"]
    settled(cloud, identifier, cloud.update(identifier, values, found), values)


def test_one_that_failed_by_itself_is_started_again(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.fail(cloud.only["ServiceId"], "crash")
    found = cloud.read(identifier, state)
    assert (found["desired_status"], found["message"]) == ("running", "crash")
    assert cloud.differs(found, cloud.wanted()) == ["status"]
    settled(cloud, identifier, cloud.update(identifier, cloud.wanted(), found), cloud.wanted())


def test_one_that_is_being_stopped_is_stopped_first_and_started_then(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.deploy_seconds(100)
    cloud.time.sleep(200)
    cloud.do(api.STOP)
    cloud.time.sleep(6)
    state = cloud.update(identifier, cloud.wanted(), state)
    assert cloud.changes == ["StartService"]
    settled(cloud, identifier, state, cloud.wanted())


# --- read ----------------------------------------------------------------------------------------

BY_HAND: dict[str, tuple[dict[str, Any], dict[str, str], list[str]]] = {
    "specification": ({"ServiceSpec": "qwen"}, {}, ["service_spec"]),
    "instances": ({"Replicas": 4}, {}, ["replicas"]),
    "version": ({"AppVersion": "v9"}, {}, ["app_version"]),
    "configuration": ({"Config": {"ModelStorage": "oss"}}, {}, ["config"]),
    "a key more": ({"Config": {**OSS, "Other": 1}}, {}, ["config"]),
    "workspace": ({}, {"WorkspaceId": "9"}, ["workspace_id"]),
    "quota": ({}, {"QuotaId": "q9"}, ["quota_id"]),
}


@pytest.mark.parametrize("case", list(BY_HAND))
def test_a_change_by_hand_is_shown_by_name_and_undone(case: str, cloud: Cloud) -> None:
    body, query, names = BY_HAND[case]
    values = cloud.wanted(app_version="v1", replicas=2, config=OSS, workspace_id="7", quota_id="q1")
    identifier, state = cloud.create(values)
    cloud.do(api.UPDATE, body, **query)
    cloud.time.sleep(10)
    found = cloud.read(identifier, state)
    assert cloud.differs(found, values) == names
    state = cloud.update(identifier, values, found)
    assert cloud.changes == ["UpdateAppService"]
    settled(cloud, identifier, state, values)


def test_what_the_program_does_not_say_is_nobodys_drift(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.do(api.UPDATE, {"Config": OSS, "AppVersion": "v9"}, WorkspaceId="9", QuotaId="q9")
    cloud.do(api.LABEL, {"Labels": {"theirs": "1"}})
    cloud.time.sleep(10)
    settled(cloud, identifier, cloud.read(identifier, state), cloud.wanted())


def test_one_that_is_gone_is_read_as_gone(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.delete(identifier, state)
    assert cloud.look(identifier, state) is None
    with pytest.raises(Refused, match="PAI app service llama does not exist any more"):
        cloud.update(identifier, cloud.wanted(), state)


def test_one_that_is_on_its_way_out_is_read_as_gone(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.deploy_seconds(100)
    cloud.do(api.DELETE)
    assert cloud.look(identifier, state) is None


NOT_GONE: dict[str, tuple[int, str]] = {
    "a key that is not known": (404, "InvalidAccessKeyId.NotFound"),
    "an API that is not known": (404, "InvalidApi.NotFound"),
    "another product": (404, "InvalidParameter.NotFound"),
    "no permission": (403, "Forbidden.RAM"),
    "another account's": (403, "Forbidden.PrivilegeCheckFailed"),
}


@pytest.mark.parametrize("verb", ["read", "update", "delete"])
@pytest.mark.parametrize("case", list(NOT_GONE))
def test_other_refusals_do_not_say_that_it_is_gone(case: str, verb: str, cloud: Cloud) -> None:
    status, code = NOT_GONE[case]
    identifier, state = cloud.create(cloud.wanted())
    cloud.forget()
    fault = {"fault": "status", "status": status, "code": code}
    cloud.admin.faults({"operation": "DescribeService", **fault})
    verbs = {
        "read": lambda: cloud.look(identifier, state),
        "update": lambda: cloud.update(identifier, cloud.wanted(replicas=2), state),
        "delete": lambda: cloud.delete(identifier, state),
    }
    with pytest.raises(ApiError, match=f"DescribeService: .*HTTP {status}, {code}"):
        verbs[verb]()
    assert cloud.changes == []


def test_another_accounts_is_an_error_in_words_and_not_gone(cloud: Cloud) -> None:
    """The credentials are another account's today, or ours was deleted and they took the name."""
    identifier, state = cloud.create(cloud.wanted())
    cloud.delete(identifier, state)
    cloud.admin.seed(pai={"services": [FOREIGN]})
    text = r"Forbidden.PrivilegeCheckFailed.*names are unique in a region across all accounts"
    with pytest.raises(ApiError, match=text):
        cloud.look(identifier, state)
    with pytest.raises(ApiError, match=text):
        cloud.delete(identifier, state)
    assert len(cloud.services) == 1


def test_an_outage_is_no_answer(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.faults({"operation": "DescribeService", "fault": "status", "status": 503})
    with pytest.raises(TransportError, match="HTTP 503"):
        cloud.look(identifier, state)


def made_anew(cloud: Cloud, **more: Any) -> tuple[Values, dict[str, Any]]:
    """Have somebody delete ours and make another one of this name; answers ours, and theirs."""
    identifier, state = cloud.create(cloud.wanted(config=OSS))
    cloud.delete(identifier, state)
    cloud.admin.seed(pai={"services": [{**BODY, **more}]})
    cloud.forget()
    return state, cloud.only


def test_one_that_somebody_made_anew_under_our_name_is_not_ours(cloud: Cloud) -> None:
    state, theirs = made_anew(cloud)
    assert cloud.look("llama", state) is None
    with pytest.raises(Refused, match="PAI app service llama does not exist any more"):
        cloud.update("llama", cloud.wanted(replicas=2, desired_status="stopped"), state)
    cloud.delete("llama", state)
    assert (cloud.changes, cloud.only) == ([], theirs)


def test_nor_is_it_while_ours_is_waited_for(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.deploy_seconds(1000)
    cloud.time.sleep(2000)

    def swap() -> None:
        cloud.admin.deploy_seconds(0)
        cloud.do(api.DELETE)
        cloud.admin.seed(pai={"services": [BODY]})

    cloud.time.meanwhile += [lambda: None, swap]
    with pytest.raises(WaitFailed, match="is gone; somebody else has deleted it"):
        cloud.update(identifier, cloud.wanted(config=OSS), state)
    assert cloud.only["ServiceId"] != state["service_id"]
    assert cloud.changes == []


def test_nor_while_it_is_being_deleted(cloud: Cloud) -> None:
    """The name is free before the last look, and somebody takes it at once."""
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.deploy_seconds(100)

    def swap() -> None:
        cloud.admin.advance(100)
        cloud.admin.seed(pai={"services": [BODY]})

    cloud.time.meanwhile.append(swap)
    cloud.delete(identifier, state)
    assert cloud.only["ServiceId"] != state["service_id"]


def test_an_outage_does_not_make_anybody_forget_which_one_is_ours(cloud: Cloud) -> None:
    """What is stored then lacks all other outputs."""
    identifier, state = cloud.create(cloud.wanted())

    def breaks_down() -> bool:
        cloud.admin.faults(
            {"operation": "UpdateAppService", "fault": "status", "status": 403},
            {"operation": "DescribeService", "fault": "status", "status": 503},
        )
        return True

    with pytest.raises(NotReady, match="the cloud cannot be asked just now") as info:
        cloud.update(identifier, cloud.wanted(replicas=2), state, alive=breaks_down)
    cloud.admin.faults()
    cloud.delete(identifier, state)
    cloud.admin.seed(pai={"services": [BODY]})
    cloud.forget()
    assert "status" not in info.value.state
    cloud.delete(identifier, info.value.state)
    assert (cloud.changes, len(cloud.services)) == ([], 1)


# --- delete --------------------------------------------------------------------------------------


@pytest.mark.parametrize("desired", ["running", "stopped"])
def test_delete_waits_until_the_name_is_free(desired: str, cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted(desired_status=desired))
    cloud.admin.deploy_seconds(100)
    began = cloud.time.passed
    cloud.delete(identifier, state)
    assert cloud.services == []
    assert cloud.time.passed - began >= 25


def test_delete_of_what_is_gone_is_done(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.delete(identifier, state)
    cloud.forget()
    cloud.delete(identifier, state)
    assert cloud.changes == []


def test_delete_of_what_is_being_deleted_waits_for_it(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.deploy_seconds(100)
    cloud.do(api.DELETE)
    cloud.delete(identifier, state)
    assert cloud.services == []


@pytest.mark.parametrize("fault", [*LOST, "reset", "status"])
def test_a_delete_whose_answer_got_lost_goes_on(fault: str, cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.deploy_seconds(100)
    cloud.admin.faults({"operation": "DeleteService", "fault": fault, "times": 2})
    cloud.delete(identifier, state)
    assert cloud.services == []


def test_a_delete_that_is_refused_says_so(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.faults({"operation": "DeleteService", "fault": "status", "status": 403})
    with pytest.raises(ApiError, match=r"DeleteService: .*HTTP 403, Forbidden\.RAM"):
        cloud.delete(identifier, state)
    assert len(cloud.services) == 1


def test_a_delete_that_takes_too_long_says_so(cloud: Cloud) -> None:
    identifier, state = cloud.create(cloud.wanted())
    cloud.admin.deploy_seconds(10_000)
    with pytest.raises(WaitTimeout, match="is still Deleting after 900 s"):
        cloud.delete(identifier, state)
