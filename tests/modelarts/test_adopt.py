"""Adopting ModelArts services that somebody else made, over real HTTP against the emulator."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pulumi_modeldeploy.core import inputs, lifecycle, plan, preflight
from pulumi_modeldeploy.errors import InvalidInputs, Refused
from pulumi_modeldeploy.modelarts.service import TABLE

if TYPE_CHECKING:
    from conftest import Cloud

    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Values

THEIRS = "0123456789ab"
HOUR = 3600
ONE = {"model_id": "m1", "specification": "modelarts.vm.cpu.2u", "instance_count": 1, "weight": 100}
SPLIT = [{**ONE, "weight": 70}, {**ONE, "model_id": "m2", "weight": 30}]
TIMER = [{"type": "stop", "time_unit": "HOURS", "duration": 9}]
NETWORK = {"vpc_id": "v1", "subnet_network_id": "s1", "security_group_id": "g1"}
BATCH = {
    "model_id": "m1",
    "specification": "modelarts.vm.cpu.2u",
    "instance_count": 1,
    "src_path": "https://bucket.obs.example.com/in/",
    "dest_path": "https://bucket.obs.example.com/out/",
    "req_uri": "/",
    "mapping_type": "file",
}
EDGE = {"model_id": "m1", "specification": "modelarts.vm.cpu.2u", "nodes": ["n1"]}
WHOLE = {
    "description": "made by hand",
    "workspace_id": "7",
    **NETWORK,
    "schedule": TIMER,
    "load_balancer_policy": "SOURCE_IP",
    "priority": 2,
    "additional_properties": {
        "smn_notification": {"topic_urn": "urn:smn:a:b:c", "events": [1]},
        "websocket_upgrade": True,
    },
}


def seed(cloud: Cloud, **body: Any) -> str:
    """Have somebody else deploy a service; answers its id."""
    usual = {"service_name": "theirs", "infer_type": "real-time", "config": [ONE]}
    cloud.admin.seed(modelarts={"services": [{**usual, **body}]})
    return str(cloud.only["service_id"])


def wanted(identifier: str, **changes: Any) -> Values:
    raw = {"infer_type": "real-time", "config": [ONE], "adopt": identifier, **changes}
    checked = inputs.check(TABLE.declaration, raw, TABLE.rules)
    assert checked.failures == []
    return checked.values


def operation(cloud: Cloud, **how: Any) -> Operation:
    op = cloud.operation(**how)
    op.identity = replace(op.identity, adopted=True)
    return op


def take(cloud: Cloud, values: Values, **how: Any) -> Values:
    identifier, state = lifecycle.create(operation(cloud, **how), values, "mnist")
    assert identifier == values["adopt"]
    return state


def differs(state: Values, values: Values) -> list[str]:
    op_state = {k: v for k, v in state.items() if k != "service_name" or k in values}
    return [one.name for one in plan.changes(TABLE, op_state, values)]


# --- left alone, or changed ----------------------------------------------------------------------

ALIKE: dict[str, tuple[Values, Values]] = {
    "bare": ({}, {}),
    "of which little is given": (WHOLE, {}),
    "of which all is given": (WHOLE, {**WHOLE, "service_name": "theirs"}),
    "split, in another order": ({"config": SPLIT}, {"config": SPLIT[::-1]}),
    "batch": (
        {"infer_type": "batch", "config": [BATCH]},
        {"infer_type": "batch", "config": [BATCH]},
    ),
    "edge": ({"infer_type": "edge", "config": [EDGE]}, {"infer_type": "edge", "config": [EDGE]}),
    "with more variables than are given": ({"config": [{**ONE, "envs": {"A": "1"}}]}, {}),
}


@pytest.mark.parametrize("case", list(ALIKE))
def test_one_that_matches_is_left_alone_and_stays_so(case: str, cloud: Cloud) -> None:
    there, given = ALIKE[case]
    values = wanted(seed(cloud, **there), **given)
    before = cloud.only
    state = take(cloud, values)
    assert cloud.changes == []
    assert {k: v for k, v in cloud.only.items() if k != "operation_time"} == {
        k: v for k, v in before.items() if k != "operation_time"
    }
    assert (state["service_name"], differs(state, values)) == ("theirs", [])
    managed = plan.lasting(TABLE, values)
    fresh = lifecycle.read(operation(cloud), values["adopt"], managed)
    assert fresh is not None
    assert differs(fresh, values) == []
    olds = plan.managed(TABLE, operation(cloud).identity, state, values)
    lifecycle.update(operation(cloud), values["adopt"], values, olds)
    assert cloud.changes == []


UPDATES: dict[str, tuple[Values, Values]] = {
    "config": ({"config": SPLIT}, {"config": SPLIT}),
    "schedule": ({"schedule": []}, {"schedule": []}),
    "priority": ({"priority": 3}, {"priority": 3}),
    "load_balancer_policy": (
        {"load_balancer_policy": "ROUND_ROBIN"},
        {"load_balancer_policy": "ROUND_ROBIN"},
    ),
    "desired_status": ({"desired_status": "stopped"}, {"status": "stopped"}),
}


@pytest.mark.parametrize("name", list(UPDATES))
def test_what_differs_is_sent_and_nothing_else(name: str, cloud: Cloud) -> None:
    given, body = UPDATES[name]
    values = wanted(seed(cloud, **WHOLE), **given)
    before = cloud.only
    state = take(cloud, values)
    assert cloud.bodies("UpdateService") == [body]
    assert differs(state, values) == []
    for kept in WHOLE.keys() - {name}:
        assert cloud.only[kept] == before[kept], kept


def test_a_stopped_one_is_started_unless_told_otherwise(cloud: Cloud) -> None:
    identifier = seed(cloud)
    seeded = lifecycle.read(operation(cloud), identifier, None)
    assert seeded is not None
    assert seeded["desired_status"] == "running"
    take(cloud, wanted(identifier, desired_status="stopped"))
    take(cloud, wanted(identifier, desired_status="stopped"))
    assert cloud.changes == ["UpdateService"]
    assert take(cloud, wanted(identifier))["status"] == "running"


def test_a_failed_one_is_started_again(cloud: Cloud) -> None:
    identifier = seed(cloud)
    cloud.admin.fail(identifier, "no memory")
    assert take(cloud, wanted(identifier))["status"] == "running"
    assert cloud.bodies("UpdateService") == [{"status": "running"}]


# --- marks ---------------------------------------------------------------------------------------


class Mark(NamedTuple):
    """What stands on a service before, what is given, and what stands there afterwards.

    OWN and THEIRS in texts are marks; `calls` counts those that change something.
    """

    there: str
    given: str | None
    after: str
    calls: int
    name: str = "theirs"
    giver: bool = False
    mode: str = "on"


LONG = "x" * 95
MARKS = {
    "none, none given": Mark("by hand", None, "by hand", 0),
    "none, the same text": Mark("by hand", "by hand", "by hand", 0),
    "none, another text": Mark("by hand", "new", "new [md:OWN]", 1),
    "no text at all": Mark("", None, "", 0),
    "ours, none given": Mark("by hand [md:OWN]", None, "by hand [md:OWN]", 0),
    "ours, the same text": Mark("by hand [md:OWN]", "by hand", "by hand [md:OWN]", 0),
    "ours, another text": Mark("by hand [md:OWN]", "new", "new [md:OWN]", 1),
    "ours in the name": Mark("by hand", None, "by hand", 0, name="svc-OWN"),
    "theirs, none given": Mark("by hand [md:THEIRS]", None, "by hand [md:OWN]", 1, giver=True),
    "theirs, the same": Mark("by hand [md:THEIRS]", "by hand", "by hand [md:OWN]", 1, giver=True),
    "theirs, another text": Mark("by hand [md:THEIRS]", "new", "new [md:OWN]", 2, giver=True),
    "theirs, without text": Mark("[md:THEIRS]", None, "[md:OWN]", 1, giver=True),
    "theirs in the name": Mark("by hand", None, "by hand [md:OWN]", 1, "svc-THEIRS", giver=True),
    "ours in the name, theirs over it": Mark(
        "by hand [md:THEIRS]", None, "by hand", 1, "svc-OWN", giver=True
    ),
    "no room": Mark(LONG, None, LONG, 0, "svc-THEIRS", giver=True),
    "turned off": Mark("a [md:THEIRS]", None, "a [md:THEIRS]", 0, giver=True, mode="off"),
}


@pytest.mark.parametrize("case", list(MARKS))
def test_a_mark_is_written_over_another_ones_only(case: str, cloud: Cloud) -> None:
    mark = MARKS[case]

    def spelled(text: str) -> str:
        return text.replace("OWN", cloud.mark).replace("THEIRS", THEIRS)

    identifier = seed(cloud, service_name=spelled(mark.name), description=spelled(mark.there))
    more = {"adopt_from": THEIRS} if mark.giver else {}
    values = wanted(identifier, **({"description": mark.given} if mark.given else {}), **more)
    state = take(cloud, values, stack={"modelarts:ownerMark": mark.mode})
    assert cloud.only.get("description", "") == spelled(mark.after)
    assert cloud.changes == ["UpdateService"] * mark.calls
    assert state.get("description") == mark.given
    assert ("leaves no room" in "".join(cloud.warnings)) is (case == "no room")


def test_a_description_that_is_taken_away_leaves_the_mark(cloud: Cloud) -> None:
    identifier = seed(cloud, description=f"by hand [md:{THEIRS}]")
    values = wanted(identifier, description="by hand", adopt_from=THEIRS)
    state = take(cloud, values)
    lifecycle.update(operation(cloud), identifier, wanted(identifier), state)
    assert cloud.only["description"] == f"[md:{cloud.mark}]"


# --- refused -------------------------------------------------------------------------------------

TAKEN: dict[str, tuple[Values, float, bool]] = {
    "no mark": ({}, 0, False),
    "another mark": ({"description": f"by hand [md:{THEIRS}]"}, 0, True),
    "ours, but old": ({"description": "by hand [md:OWN]"}, 25 * HOUR, False),
}


@pytest.mark.parametrize("case", list(TAKEN))
def test_the_line_of_a_refusal_adopts_the_service(case: str, cloud: Cloud) -> None:
    body, age, giver = TAKEN[case]
    body = {k: v.replace("OWN", cloud.mark) for k, v in body.items()}
    identifier = seed(cloud, service_name="mnist", **body)
    cloud.sleep(age)
    normal = {k: v for k, v in wanted("x", service_name="mnist").items() if k != "adopt"}
    with pytest.raises(Refused) as refused:
        lifecycle.create(cloud.operation(), normal)
    assert cloud.changes == []
    line = re.search(r'adopt="([^"]+)"(?:, adopt_from="([^"]+)")?$', str(refused.value))
    assert line is not None
    assert (line[1], line[2]) == (identifier, THEIRS if giver else None)
    values = {**normal, "adopt": line[1]} | ({"adopt_from": line[2]} if line[2] else {})
    assert differs(take(cloud, values), normal) == []


IMMOVABLE: dict[str, tuple[Values, Values, str]] = {
    "name": ({}, {"service_name": "mine"}, 'service_name ("theirs" there)'),
    "type": (
        {"infer_type": "batch", "config": [BATCH]},
        {"infer_type": "edge", "config": [EDGE]},
        'infer_type ("batch" there)',
    ),
    "workspace": (WHOLE, {"workspace_id": "8"}, 'workspace_id ("7" there)'),
    "network": (
        WHOLE,
        {**NETWORK, "vpc_id": "v2"},
        'vpc_id ("v1" there)',
    ),
    "pool": ({}, {"pool_name": "p"}, "pool_name (not set there)"),
    "cluster": ({"cluster_id": "c"}, {"cluster_id": "d"}, 'cluster_id ("c" there)'),
    "socket": (
        WHOLE,
        {"additional_properties": {"websocket_upgrade": False}},
        "additional_properties",
    ),
}


@pytest.mark.parametrize("case", list(IMMOVABLE))
def test_what_only_a_new_one_can_have_is_refused(case: str, cloud: Cloud) -> None:
    there, given, told = IMMOVABLE[case]
    values = wanted(seed(cloud, **there), **given)
    with pytest.raises(Refused, match=re.escape(f"it was not touched: {told}. Write what")):
        take(cloud, values)
    assert cloud.changes == []


# --- the preflight -------------------------------------------------------------------------------


def asked(cloud: Cloud, values: Values, *, adopted: bool) -> list[str]:
    """What a preview says about the name and all else."""
    op, how = operation(cloud) if adopted else cloud.operation(), preflight.Asked()
    op.looks = preflight.looks_of(TABLE, op.settings, op.identity, op.client)
    if adopted:
        _, there = preflight.adoption(op, values, how)
        assert there is not None
        how.olds = there
    due = preflight.due(TABLE, op.settings, op.identity, values, how)
    return [one.text for one in preflight.judge(op, due)]


def test_the_preflight_refuses_a_taken_name_with_the_line(cloud: Cloud) -> None:
    body = {"infer_type": "real-time", "config": [ONE]}
    identifier = seed(cloud, description=f"[md:{THEIRS}]")
    values = wanted(identifier, service_name="theirs")
    (text,) = asked(cloud, values, adopted=False)
    assert text.endswith(f'take that one over: adopt="{identifier}", adopt_from="{THEIRS}"')
    assert asked(cloud, values, adopted=True) == []
    cloud.admin.seed(modelarts={"services": [{**body, "service_name": "another"}]})
    (another,) = (one for one in cloud.services if one["service_name"] == "another")
    (text,) = asked(cloud, {**values, "adopt": another["service_id"]}, adopted=True)
    assert "has this service_name already" in text


def test_the_name_of_an_adopted_one_may_be_written_down_later(cloud: Cloud) -> None:
    identifier = seed(cloud)
    op, olds = operation(cloud), preflight.Asked(olds=wanted(identifier))
    values = wanted(identifier, service_name="theirs")
    assert preflight.due(TABLE, op.settings, op.identity, values, olds) == []


@pytest.mark.parametrize("mode", ["error", "warn", "off"])
def test_the_preflights_mode_counts_for_adopting_too(mode: str, cloud: Cloud) -> None:
    op = operation(cloud, stack={"modelarts:preflight": mode})
    op.looks = preflight.looks_of(TABLE, op.settings, op.identity, op.client)
    problems, there = preflight.adoption(op, wanted("nowhere"), preflight.Asked())
    assert [one.warn for one in problems] == {"error": [False], "warn": [True], "off": []}[mode]
    assert there is None


def test_what_runs_already_is_not_judged_again(cloud: Cloud) -> None:
    """Its model may have been deleted since: it serves all the same."""
    identifier = seed(cloud)
    cloud.admin.seed(modelarts={"models": [{"model_id": "another"}]})
    op = operation(cloud)
    op.looks = preflight.looks_of(TABLE, op.settings, op.identity, op.client)
    assert lifecycle.create(op, wanted(identifier))[0] == identifier
    with pytest.raises(InvalidInputs, match="there is no model of this id"):
        lifecycle.create(op, wanted(identifier, config=[{**ONE, "model_id": "m3"}]))
    assert cloud.changes == []
