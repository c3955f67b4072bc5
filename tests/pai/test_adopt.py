"""Adopting app services that somebody else made, and reading those that stay outside."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pulumi_modeldeploy.core import adopt, inputs, lifecycle, plan, preflight
from pulumi_modeldeploy.errors import ApiError, NotReady, Refused
from pulumi_modeldeploy.pai import api
from pulumi_modeldeploy.pai.service import TABLE

if TYPE_CHECKING:
    from conftest import Cloud

    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Values

THEIRS = "0123456789ab"
HOUR = 3600
OSS = {"ModelStorage": "oss", "OssPath": "oss://bucket/llama/"}
BODY = {"AppType": "LLM", "ServiceSpec": "llama_7b_fp16", "Replicas": 2}
WHOLE = {
    "AppVersion": "v1",
    "Config": OSS,
    "WorkspaceId": "7",
    "QuotaId": "q1",
    "Labels": {"team": "search"},
    "SafetyLock": "none",
}
GIVEN: Values = {
    "app_version": "v1",
    "config": OSS,
    "workspace_id": "7",
    "quota_id": "q1",
    "labels": {"team": "search"},
    "safety_lock": "none",
}
"""The same as arguments."""


def seed(cloud: Cloud, **body: Any) -> str:
    """Have somebody else deploy a service; answers its name."""
    name = str({"ServiceName": "theirs", **body}["ServiceName"])
    cloud.admin.seed(pai={"services": [{"ServiceName": name, **BODY, **body}]})
    return name


def wanted(cloud: Cloud, identifier: str, **changes: Any) -> Values:
    return cloud.wanted(service_name=None, replicas=2, adopt=identifier, **changes)


def operation(cloud: Cloud, *about: Values, **how: Any) -> Operation:
    op = cloud.operation(*about, **how)
    op.identity = replace(op.identity, adopted=True)
    return op


def take(cloud: Cloud, values: Values, **how: Any) -> Values:
    identifier, state = lifecycle.create(operation(cloud, values, **how), values, "llama")
    assert identifier == values["adopt"]
    return state


def differs(cloud: Cloud, state: Values, values: Values) -> list[str]:
    """What the next preview would show; the name that nobody gave is only shown."""
    identity = operation(cloud).identity
    return cloud.differs(plan.managed(TABLE, identity, state, values), values)


def settled(cloud: Cloud, state: Values, values: Values) -> None:
    """See that a second run changes nothing, also after a refresh, and without the argument."""
    identifier = values["adopt"]
    assert differs(cloud, state, values) == []
    managed = inputs.normalise(TABLE.declaration, plan.lasting(TABLE, values))
    fresh = lifecycle.read(operation(cloud, state), identifier, managed)
    assert fresh is not None
    rest = plan.lasting(TABLE, values)
    assert differs(cloud, fresh, rest) == []
    cloud.forget()
    olds = inputs.normalise(TABLE.declaration, fresh)
    lifecycle.update(operation(cloud, fresh, rest), identifier, rest, olds)
    assert cloud.changes == []


# --- left alone, or changed ----------------------------------------------------------------------

ALIKE: dict[str, tuple[dict[str, Any], Values]] = {
    "bare": ({}, {}),
    "of which little is given": (WHOLE, {}),
    "of which all is given": (WHOLE, {**GIVEN, "service_name": "theirs"}),
    "with a mark of nobody's": ({"Labels": {"other": THEIRS}}, {}),
    "locked": ({"SafetyLock": "all"}, {}),
    "locked, as is given": ({"SafetyLock": "all"}, {"safety_lock": "all"}),
}


@pytest.mark.parametrize("case", list(ALIKE))
def test_one_that_matches_is_left_alone_and_stays_so(case: str, cloud: Cloud) -> None:
    there, given = ALIKE[case]
    values = {**wanted(cloud, seed(cloud, **there)), **given}
    before = cloud.only
    state = take(cloud, values)
    assert (cloud.changes, cloud.only) == ([], before)
    assert state["service_name"] == "theirs"
    assert state["service_id"] == before["ServiceId"]
    settled(cloud, state, values)


def test_instances_of_a_stopped_one_are_set_since_it_does_not_tell_them(cloud: Cloud) -> None:
    values = wanted(cloud, seed(cloud, Status="Stopped"), desired_status="stopped")
    state = take(cloud, values)
    assert cloud.changes == ["UpdateAppService"]
    settled(cloud, state, values)


DIFFERENT: dict[str, tuple[Values, list[str]]] = {
    "service_spec": ({"service_spec": "qwen_72b"}, ["UpdateAppService"]),
    "app_version": ({"app_version": "v2"}, ["UpdateAppService"]),
    "replicas": ({"replicas": 3}, ["UpdateAppService"]),
    "config": ({"config": {"ModelStorage": "oss"}}, ["UpdateAppService"]),
    "workspace_id": ({"workspace_id": "8"}, ["UpdateAppService"]),
    "quota_id": ({"quota_id": "q2"}, ["UpdateAppService"]),
    "labels": ({"labels": {"ours": "1"}}, ["UpdateServiceLabel"]),
    "safety_lock": ({"safety_lock": "all"}, ["UpdateServiceSafetyLock"]),
    "desired_status": ({"desired_status": "stopped"}, ["StopService"]),
}


@pytest.mark.parametrize("name", list(DIFFERENT))
def test_what_differs_is_sent_and_nothing_else(name: str, cloud: Cloud) -> None:
    given, calls = DIFFERENT[name]
    values = {**wanted(cloud, seed(cloud, **WHOLE)), **given}
    before = cloud.only
    op = operation(cloud)
    assert adopt.outlook(op, values, TABLE.parse(before)) == (
        f"adopts PAI app service theirs and updates {name}"
    )
    cloud.time.sleep(60)
    state = take(cloud, values)
    assert cloud.changes == calls
    kept = {"AppSpecName", "AppVersion", "AppConfig", "WorkspaceId", "QuotaId", "SafetyLock"}
    kept -= {TABLE.declaration.args[name].reads}
    assert {key: cloud.only[key] for key in kept} == {key: before[key] for key in kept}
    assert cloud.labels.items() >= {"team": "search"}.items()
    settled(cloud, state, values)


def test_a_stopped_one_is_started_unless_told_otherwise(cloud: Cloud) -> None:
    state = take(cloud, wanted(cloud, seed(cloud, Status="Stopped")))
    assert state["status"] == "Running"
    assert cloud.changes == ["UpdateAppService", "StartService"]


def test_a_failed_one_is_started_again(cloud: Cloud) -> None:
    state = take(cloud, wanted(cloud, seed(cloud, Status="Failed")))
    assert (state["status"], cloud.changes) == ("Running", ["StartService"])


def test_a_locked_one_is_changed_by_who_unlocks_it(cloud: Cloud) -> None:
    name = seed(cloud, SafetyLock="all", Labels={"modeldeploy": THEIRS})
    values = wanted(cloud, name, service_spec="qwen_72b", adopt_from=THEIRS)
    with pytest.raises(NotReady, match=r"locked \(safety_lock all\) and cannot be changed"):
        take(cloud, values)
    assert (cloud.changes, cloud.labels) == ([], {"modeldeploy": THEIRS})
    values = {**values, "safety_lock": "none"}
    state = take(cloud, values)
    assert cloud.changes == ["UpdateServiceSafetyLock", "UpdateServiceLabel", "UpdateAppService"]
    assert cloud.labels == {"modeldeploy": cloud.mark}
    settled(cloud, state, values)


# --- marks ---------------------------------------------------------------------------------------


class Mark(NamedTuple):
    """Name and label of a service before, and its label afterwards. OWN and THEIRS are marks."""

    name: str
    there: str
    after: str
    giver: bool = False
    mode: str = "on"


MARKS = {
    "none": Mark("theirs", "", ""),
    "ours": Mark("theirs", "OWN", "OWN"),
    "ours in the name": Mark("svc_OWN", "", ""),
    "theirs": Mark("theirs", "THEIRS", "OWN", giver=True),
    "theirs in the name": Mark("svc_THEIRS", "", "OWN", giver=True),
    "ours over theirs in the name": Mark("svc_THEIRS", "OWN", "OWN"),
    "theirs over ours in the name": Mark("svc_OWN", "THEIRS", "OWN", giver=True),
    "turned off": Mark("theirs", "THEIRS", "THEIRS", giver=True, mode="off"),
}


@pytest.mark.parametrize("case", list(MARKS))
def test_a_mark_is_written_over_another_ones_only(case: str, cloud: Cloud) -> None:
    mark = MARKS[case]

    def spelled(text: str) -> str:
        return text.replace("OWN", cloud.mark).replace("THEIRS", THEIRS)

    labels = {"modeldeploy": spelled(mark.there)} if mark.there else {}
    name = seed(cloud, ServiceName=spelled(mark.name), Labels={"team": "search", **labels})
    values = wanted(cloud, name)
    if mark.giver:
        with pytest.raises(Refused, match="carries the mark of another resource") as refused:
            take(cloud, values)
        assert str(refused.value).endswith(f'adopt="{name}", adopt_from="{THEIRS}"')
        assert cloud.changes == []
        values["adopt_from"] = THEIRS
    state = take(cloud, values, stack={"pai:ownerMark": mark.mode})
    after = {"modeldeploy": spelled(mark.after)} if mark.after else {}
    assert cloud.labels == {"team": "search", **after}
    assert ("UpdateServiceLabel" in cloud.changes) is (labels != after)
    settled(cloud, state, values)


def test_a_mark_that_was_taken_from_another_stack_keeps_it_out(cloud: Cloud) -> None:
    """It looks for the name that is made of its own mark, and finds ours on it."""
    other = "urn:pulumi:prod::elsewhere::other::theirs"
    values = cloud.wanted(service_name=None)
    mark = cloud.operation(urn=other).identity.mark
    plan.fill_name(TABLE, "llama", values, {}, mark)
    name, _ = cloud.create(values, urn=other)
    take(cloud, cloud.wanted(service_name=None, adopt=name, adopt_from=mark))
    with pytest.raises(Refused, match="carries the mark of another resource"):
        cloud.create(values, urn=other)


# --- refused -------------------------------------------------------------------------------------

TAKEN: dict[str, tuple[dict[str, Any], float, bool]] = {
    "no mark": ({}, 0, False),
    "another mark": ({"Labels": {"modeldeploy": THEIRS}}, 0, True),
    "ours, but old": ({"Labels": {"modeldeploy": "OWN"}}, 25 * HOUR, False),
}


@pytest.mark.parametrize("case", list(TAKEN))
def test_the_line_of_a_refusal_adopts_the_service(case: str, cloud: Cloud) -> None:
    body, age, giver = TAKEN[case]
    body = json.loads(json.dumps(body).replace("OWN", cloud.mark))
    name = seed(cloud, ServiceName="llama", **body)
    cloud.time.sleep(age)
    normal = cloud.wanted(replicas=2)
    with pytest.raises(Refused) as refused:
        cloud.create(normal)
    assert cloud.changes == []
    line = re.search(r'adopt="([^"]+)"(?:, adopt_from="([^"]+)")?$', str(refused.value))
    assert line is not None
    assert (line[1], line[2]) == (name, THEIRS if giver else None)
    values = {**normal, "adopt": line[1]} | ({"adopt_from": line[2]} if line[2] else {})
    settled(cloud, take(cloud, values), values)


def test_what_is_not_there_is_named(cloud: Cloud) -> None:
    with pytest.raises(Refused, match="there is no PAI app service nowhere to adopt"):
        take(cloud, wanted(cloud, "nowhere"))
    assert cloud.changes == []


def test_nor_is_one_that_is_being_deleted(cloud: Cloud) -> None:
    name = seed(cloud)
    cloud.admin.deploy_seconds(100)
    cloud.do(api.DELETE, name=name)
    with pytest.raises(Refused, match="there is no PAI app service theirs to adopt"):
        take(cloud, wanted(cloud, name))


def test_another_accounts_cannot_be_adopted(cloud: Cloud) -> None:
    name = seed(cloud, ParentUid="2000000000000002")
    with pytest.raises(ApiError, match=r"PrivilegeCheckFailed.*another Alibaba Cloud account's"):
        take(cloud, wanted(cloud, name))
    assert cloud.changes == []


def test_one_that_could_not_be_deleted_is_refused(cloud: Cloud) -> None:
    name = seed(cloud, Status="DeleteFailed")
    with pytest.raises(Refused, match="is DeleteFailed, which no call leads out of"):
        take(cloud, wanted(cloud, name))
    assert cloud.changes == []


def test_one_of_another_name_than_the_program_gives_is_refused(cloud: Cloud) -> None:
    name = seed(cloud)
    values = cloud.wanted(service_name="mine", replicas=2, adopt=name)
    told = 'it was not touched: service_name ("theirs" there). Write what'
    with pytest.raises(Refused, match=re.escape(told)):
        take(cloud, values)
    assert cloud.changes == []


def test_an_ordinary_service_is_no_app_and_cannot_become_one(cloud: Cloud) -> None:
    """The general calls show it, too; it has no type of app."""
    name = seed(cloud)
    record = cloud.record(name)
    record.body = {**record.body, "AppType": "", "ServiceSpec": "", "AppVersion": ""}
    with pytest.raises(Refused, match=r"it was not touched: app_type \(\"\" there\)"):
        take(cloud, wanted(cloud, name))
    with pytest.raises(Refused, match="carries no mark"):
        cloud.create(cloud.wanted(service_name=name))
    assert cloud.changes == []


WRONG: dict[str, tuple[Values, str, str]] = {
    "alone": ({"adopt_from": THEIRS}, "adopt_from", "is given only together with adopt"),
    "no mark": (
        {"adopt": "a", "adopt_from": "0123456789AB"},
        "adopt_from",
        "must be the 12 hex digits of a mark",
    ),
    "no name": ({"adopt": "a b"}, "adopt", "must hold only letters, digits, _ and -"),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_what_is_malformed_is_a_mistake_at_its_path(case: str, cloud: Cloud) -> None:
    more, path, text = WRONG[case]
    found = inputs.check(TABLE.declaration, {**cloud.wanted(), **more}, TABLE.rules)
    assert [one.path for one in found.failures] == [path]
    assert text in found.failures[0].text


def test_a_preview_looks_for_what_is_to_be_adopted(cloud: Cloud) -> None:
    name = seed(cloud)
    for asked, paths in ((name, []), ("nowhere", ["adopt"])):
        values = wanted(cloud, asked)
        op = operation(cloud, values)
        op.looks = preflight.looks_of(TABLE, op.settings, op.identity, op.client)
        problems, there = preflight.adoption(op, values, preflight.Asked())
        assert [one.path for one in problems] == paths
        assert (there is None) is bool(paths)
    assert cloud.changes == []


# --- outside of the stack ------------------------------------------------------------------------


def test_one_from_outside_is_read_whole(cloud: Cloud) -> None:
    name = seed(cloud, **{**WHOLE, "Labels": {"team": "search", "modeldeploy": THEIRS}})
    op = cloud.operation()
    op.about = None
    state = lifecycle.read(op, name, None)
    assert state is not None
    shown = cloud.only
    arguments = {name: state.get(name) for name in TABLE.declaration.args}
    assert {key: one for key, one in arguments.items() if one is not None} == {
        **GIVEN,
        "service_name": "theirs",
        "app_type": "LLM",
        "service_spec": "llama_7b_fp16",
        "replicas": 2,
        "desired_status": "running",
    }
    for key, item in TABLE.declaration.outputs.items():
        assert state.get(key) == shown[item.wire]


@pytest.mark.parametrize("status", ["Stopped", "Failed", "DeleteFailed"])
def test_what_should_run_is_told_by_what_does(status: str, cloud: Cloud) -> None:
    name = seed(cloud, Status=status)
    state = lifecycle.read(cloud.operation(), name, None)
    assert state is not None
    assert state["status"] == status
    assert state.get("desired_status") == ("stopped" if status == "Stopped" else None)


def test_one_that_is_not_there_is_none(cloud: Cloud) -> None:
    assert lifecycle.read(cloud.operation(), "nowhere", None) is None
