"""What the preview says about the arguments of a real-time service."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from pulumi_modeldeploy.core import inputs
from pulumi_modeldeploy.core.values import UNKNOWN, Values
from pulumi_modeldeploy.modelarts.service import TABLE

GOLDEN = Path(__file__).parent.parent / "golden" / "modelarts"
SAMPLES = [f"create-realtime-{name}.json" for name in ("single", "split", "custom", "schedule")]
POOL, GROUP = "pool-c8e2", {"vpc_id": "v", "subnet_network_id": "s", "security_group_id": "g"}
SMN = {"topic_urn": "urn:smn:eu-de:p:t", "events": [1, 3]}


def config(**changes: Any) -> Values:
    """One model version; `None` takes an argument away."""
    whole = {"model_id": "m1", "specification": "modelarts.vm.cpu.2u", "weight": 100}
    return {key: one for key, one in {**whole, "instance_count": 1, **changes}.items() if one != ""}


def custom(**spec: Any) -> Values:
    """A model version with a specification made to measure."""
    return config(specification="custom", custom_spec={"cpu": 1.5, "memory": 7500, **spec})


def bag(*configs: Any, **changes: Any) -> Values:
    whole = {"service_name": "mnist", "infer_type": "real-time", "config": [*configs] or [config()]}
    return {**whole, **changes}


def check(raw: Values) -> inputs.Checked:
    return inputs.check(TABLE.declaration, raw, TABLE.rules)


def smn(**changes: Any) -> Values:
    return {"smn_notification": {**SMN, **changes}}


def timer(**changes: Any) -> list[Values]:
    return [{"type": "stop", "time_unit": "HOURS", "duration": 1, **changes}]


# --- wrong ---------------------------------------------------------------------------------------

M2 = {"model_id": "m2"}
WRONG: dict[str, tuple[Values, str, str]] = {
    # names and texts
    "name empty": (bag(service_name=""), "service_name", "1 to 64 long, has 0"),
    "name too long": (bag(service_name="m" * 65), "service_name", "has 65"),
    "name with a space": (bag(service_name="my model"), "service_name", "letters, digits, - and _"),
    "name with a dot": (bag(service_name="m.1"), "service_name", "letters, digits, - and _"),
    "name with an umlaut": (bag(service_name="größe"), "service_name", "letters"),
    "name in Cyrillic": (bag(service_name="модель"), "service_name", "letters"),
    "name with a raised digit": (bag(service_name="m\u00b2"), "service_name", "letters"),
    "name is a number": (bag(service_name=7), "service_name", "must be a text"),
    "description too long": (
        bag(description="d" * 101),
        "description",
        "at most 100 long, has 101",
    ),
    **{
        f"description with {one}": (bag(description=f"a{one}b"), "description", "hold none of")
        for one in "&!'\"<>"
    },
    "description is a list": (bag(description=["d"]), "description", "must be a text"),
    # the type
    "type missing": ({"service_name": "m", "config": [config()]}, "infer_type", "is missing"),
    "type misspelt": (bag(infer_type="realtime"), "infer_type", "must be real-time"),
    "type with capitals": (bag(infer_type="Real-Time"), "infer_type", "must be real-time"),
    # the list of versions
    "config missing": ({"service_name": "m", "infer_type": "real-time"}, "config", "is missing"),
    "config empty": (bag(config=[]), "config", "at least one entry"),
    "config an object": (bag(config=config()), "config", "must be a list of objects"),
    "config of texts": (bag("m1"), "config[0]", "must be an object"),
    "unknown name": (bag(desciption="d"), "desciption", "did you mean description?"),
    "unknown name in config": (
        bag(config(instance_cuont=1)),
        "config[0].instance_cuont",
        "did you mean instance_count?",
    ),
    "unknown name in spec": (
        bag(custom(gpu_p5=1), pool_name=POOL),
        "config[0].custom_spec.gpu_p5",
        "did you mean gpu_p4?",
    ),
    # model, specification, instances
    "model missing": (bag(config(model_id="")), "config[0].model_id", "is missing"),
    "model too long": (bag(config(model_id="m" * 65)), "config[0].model_id", "has 65"),
    "model twice": (
        bag(config(weight=50), config(weight=50)),
        "config[0].model_id",
        "is used twice",
    ),
    "model twice, apart": (
        bag(config(weight=50), config(weight=20, **M2), config(weight=30)),
        "config[0].model_id",
        "must differ",
    ),
    "specification missing": (
        bag(config(specification="")),
        "config[0].specification",
        "is missing",
    ),
    "free specification twice": (
        bag(config(weight=50, specification="modelarts.vm.cpu.free"), config(weight=50, **M2)),
        "config[0].specification",
        "single version only",
    ),
    "no instances": (bag(config(instance_count=0)), "config[0].instance_count", "is 0"),
    "negative instances": (bag(config(instance_count=-1)), "config[0].instance_count", "is -1"),
    "too many instances": (bag(config(instance_count=129)), "config[0].instance_count", "is 129"),
    "half an instance": (bag(config(instance_count=1.5)), "config[0].instance_count", "whole"),
    "instances in words": (bag(config(instance_count="two")), "config[0].instance_count", "whole"),
    "instances missing": (bag(config(instance_count="")), "config[0].instance_count", "missing"),
    # weights
    "weight missing": (bag(config(weight=None)), "config[0].weight", "real-time service needs it"),
    "second weight missing": (
        bag(config(weight=50), config(weight=None, **M2)),
        "config[1].weight",
        "is missing",
    ),
    "one weight, not all of it": (bag(config(weight=90)), "config", "add up to 90 (90)"),
    "weights too small": (
        bag(config(weight=70), config(weight=20, **M2)),
        "config",
        "these add up to 90 (70 + 20)",
    ),
    "weights too great": (
        bag(config(weight=70), config(weight=40, **M2)),
        "config",
        "these add up to 110 (70 + 40)",
    ),
    "weights in texts": (
        bag(config(weight="70"), config(weight="20", **M2)),
        "config",
        "these add up to 90 (70 + 20)",
    ),
    "known weights are too great already": (
        bag(config(weight=70), config(weight=40, **M2), config(weight=UNKNOWN, model_id="m3")),
        "config",
        "these add up to 110",
    ),
    "all weights zero": (bag(config(weight=0)), "config", "these add up to 0"),
    "weight with a fraction": (bag(config(weight=33.3)), "config[0].weight", "whole number"),
    "weight in per cent": (bag(config(weight="100%")), "config[0].weight", "whole number"),
    "weight yes": (bag(config(weight=True)), "config[0].weight", "whole number"),
    # environment
    "environment a list": (bag(config(envs=["A=1"])), "config[0].envs", "must be a map"),
    "number in the environment": (bag(config(envs={"A": 1})), "config[0].envs['A']", "be a text"),
    "yes in the environment": (bag(config(envs={"A": True})), "config[0].envs['A']", "be a text"),
    # specifications made to measure
    "custom without its numbers": (
        bag(config(specification="custom"), pool_name=POOL),
        "config[0].custom_spec",
        'needed with specification "custom"',
    ),
    "numbers without custom": (
        bag({**custom(), "specification": "modelarts.vm.cpu.2u"}),
        "config[0].custom_spec",
        'goes with specification "custom" only',
    ),
    "custom in the public pool": (
        bag(custom()),
        "config[0].specification",
        "dedicated resource pools only",
    ),
    "custom in a pool without a name": (
        bag(custom(), cluster_id=""),
        "cluster_id",
        "must be 1 to 64 long, has 0",
    ),
    "no cores": (bag(custom(cpu=0), pool_name=POOL), "config[0].custom_spec.cpu", "at least 0.01"),
    "no memory": (bag(custom(memory=0), pool_name=POOL), "config[0].custom_spec.memory", "least 1"),
    "half a megabyte": (
        bag(custom(memory=0.5), pool_name=POOL),
        "config[0].custom_spec.memory",
        "whole number",
    ),
    "cores missing": (
        bag(config(specification="custom", custom_spec={"memory": 1}), pool_name=POOL),
        "config[0].custom_spec.cpu",
        "is missing",
    ),
    "memory missing": (
        bag(config(specification="custom", custom_spec={"cpu": 1}), pool_name=POOL),
        "config[0].custom_spec.memory",
        "is missing",
    ),
    "negative GPUs": (
        bag(custom(gpu_p4=-1), pool_name=POOL),
        "config[0].custom_spec.gpu_p4",
        "at least 0",
    ),
    "negative chips": (
        bag(custom(ascend_a310=-1), pool_name=POOL),
        "config[0].custom_spec.ascend_a310",
        "at least 0",
    ),
    "half a chip": (
        bag(custom(ascend_a310=0.5), pool_name=POOL),
        "config[0].custom_spec.ascend_a310",
        "whole number",
    ),
    "two kinds of accelerators": (
        bag(custom(gpu_p4=0.5, ascend_a310=1), pool_name=POOL),
        "config[0].custom_spec",
        "either of them",
    ),
    # pools
    "pool of a version alone": (
        bag(config(pool_name=POOL)),
        "config[0].pool_name",
        "needs a pool of the service too",
    ),
    "cluster of a version alone": (
        bag(config(cluster_id="c1")),
        "config[0].cluster_id",
        "needs a pool of the service too",
    ),
    "pool without a name": (bag(pool_name=""), "pool_name", "1 to 64 long, has 0"),
    "workspace without a name": (bag(workspace_id=""), "workspace_id", "1 to 64 long, has 0"),
    "VPC without a name": (bag(**{**GROUP, "vpc_id": ""}), "vpc_id", "1 to 64 long, has 0"),
    "subnet too long": (
        bag(**{**GROUP, "subnet_network_id": "s" * 65}),
        "subnet_network_id",
        "has 65",
    ),
    # schedules
    "two schedules": (bag(schedule=timer() * 2), "schedule", "at most 1"),
    "schedule an object": (bag(schedule=timer()[0]), "schedule", "must be a list of objects"),
    "schedule that starts": (bag(schedule=timer(type="start")), "schedule[0].type", "be stop"),
    "schedule in weeks": (
        bag(schedule=timer(time_unit="WEEKS")),
        "schedule[0].time_unit",
        "one of DAYS, HOURS, MINUTES",
    ),
    "schedule in small letters": (
        bag(schedule=timer(time_unit="hours")),
        "schedule[0].time_unit",
        "one of DAYS, HOURS, MINUTES",
    ),
    "schedule of nothing": (bag(schedule=timer(duration=0)), "schedule[0].duration", "at least 1"),
    "schedule of a fraction": (bag(schedule=timer(duration=1.5)), "schedule[0].duration", "whole"),
    "schedule without duration": (
        bag(schedule=[{"type": "stop", "time_unit": "DAYS"}]),
        "schedule[0].duration",
        "is missing",
    ),
    # notifications
    "topic missing": (
        bag(additional_properties={"smn_notification": {"events": [1]}}),
        "additional_properties.smn_notification.topic_urn",
        "is missing",
    ),
    "topic empty": (
        bag(additional_properties=smn(topic_urn="")),
        "additional_properties.smn_notification.topic_urn",
        "has 0",
    ),
    "no events": (
        bag(additional_properties=smn(events=[])),
        "additional_properties.smn_notification.events",
        "at least one entry",
    ),
    "unheard-of event": (
        bag(additional_properties=smn(events=[1, 4])),
        "additional_properties.smn_notification.events",
        "has 4",
    ),
    "event twice": (
        bag(additional_properties=smn(events=[3, 3])),
        "additional_properties.smn_notification.events",
        "has a number twice",
    ),
    "event in words": (
        bag(additional_properties=smn(events=["running"])),
        "additional_properties.smn_notification.events[0]",
        "whole number",
    ),
    "other properties": (
        bag(additional_properties={"smn": SMN}),
        "additional_properties.smn",
        "known are smn_notification",
    ),
    # the rest
    "unheard-of policy": (
        bag(load_balancer_policy="RANDOM"),
        "load_balancer_policy",
        "ROUND_ROBIN, LEAST_CONNECTIONS, SOURCE_IP",
    ),
    "priority too small": (bag(priority=0), "priority", "between 1 and 3, is 0"),
    "priority too great": (bag(priority=4), "priority", "between 1 and 3, is 4"),
    "unheard-of goal": (bag(desired_status="paused"), "desired_status", "running, stopped"),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_a_mistake_is_told_once_at_its_place(case: str) -> None:
    raw, path, text = WRONG[case]
    (failure,) = check(raw).failures
    assert failure.path == path
    assert text in failure.show()


MISSING_PARTS = [
    ({"vpc_id"}, {"subnet_network_id", "security_group_id"}),
    ({"subnet_network_id"}, {"vpc_id", "security_group_id"}),
    ({"security_group_id"}, {"vpc_id", "subnet_network_id"}),
    ({"vpc_id", "subnet_network_id"}, {"security_group_id"}),
    ({"vpc_id", "security_group_id"}, {"subnet_network_id"}),
    ({"subnet_network_id", "security_group_id"}, {"vpc_id"}),
]


@pytest.mark.parametrize(("there", "missing"), MISSING_PARTS, ids=lambda one: "+".join(sorted(one)))
def test_the_parts_of_a_network_are_given_together(there: set[str], missing: set[str]) -> None:
    failures = check(bag(**dict.fromkeys(there, "x"))).failures
    assert {failure.path for failure in failures} == missing
    assert all("given together or not at all" in failure.text for failure in failures)


def test_all_mistakes_are_told_in_one_go() -> None:
    raw = bag(
        config(weight=70, instance_count=0, envs={"A": 1}),
        custom(gpu_p4=1, ascend_a310=1) | {"weight": 20, "model_id": "m2"},
        service_name="my model",
        description="<b>",
        vpc_id="v",
        priority=9,
        nmae="x",
    )
    assert {failure.path for failure in check(raw).failures} == {
        "nmae",
        "service_name",
        "description",
        "priority",
        "subnet_network_id",
        "security_group_id",
        "config",
        "config[0].instance_count",
        "config[0].envs['A']",
        "config[1].custom_spec",
        "config[1].specification",
    }


def test_messages_quote_no_texts() -> None:
    for raw, _, _ in WRONG.values():
        shown = " ".join(failure.show() for failure in check(raw).failures)
        for secret in ("my model", "a&b", "WEEKS", "RANDOM", "paused", "100%", "realtime "):
            assert secret not in shown


# --- warnings ------------------------------------------------------------------------------------

DOUBTFUL: dict[str, tuple[Values, str, str]] = {
    "name begins with a digit": (bag(service_name="1st"), "service_name", "begin with a letter"),
    "name begins with a dash": (bag(service_name="-m"), "service_name", "begin with a letter"),
    "name begins with a line": (bag(service_name="_m"), "service_name", "begin with a letter"),
    "description with +": (bag(description="a+b"), "description", "neither + nor ="),
    "description with =": (bag(description="a=b"), "description", "neither + nor ="),
    "many instances": (
        bag(config(instance_count=6)),
        "config[0].instance_count",
        "between 1 and 5",
    ),
    "two pools": (bag(pool_name=POOL, cluster_id="c1"), "cluster_id", "has no effect"),
    "two pools of a version": (
        bag(config(pool_name=POOL, cluster_id="c1"), pool_name=POOL),
        "config[0].cluster_id",
        "has no effect",
    ),
    "network of a pool": (bag(pool_name=POOL, **GROUP), "vpc_id", "has no effect"),
    "network of a cluster": (bag(cluster_id="c1", **GROUP), "vpc_id", "has no effect"),
    "older events": (
        bag(additional_properties=smn(events=[2, 9])),
        "additional_properties.smn_notification.events",
        "has 2, 9",
    ),
}


@pytest.mark.parametrize("case", list(DOUBTFUL))
def test_what_the_sources_disagree_about_is_a_warning(case: str) -> None:
    raw, path, text = DOUBTFUL[case]
    checked = check(raw)
    assert checked.failures == []
    (warning,) = checked.warnings
    assert warning.path == path
    assert text in warning.show()


@pytest.mark.parametrize("case", [*WRONG, *DOUBTFUL])
def test_every_rule_but_those_of_structure_can_be_turned_off(case: str) -> None:
    raw, path, text = {**WRONG, **DOUBTFUL}[case]
    rules = {one.rule for one in check(raw).problems if one.path == path and text in one.show()}
    rest = inputs.check(TABLE.declaration, raw, TABLE.rules, off=rules).problems
    left = {one.rule for one in rest} & rules
    assert left == {rule for rule in rules if rule.endswith((".type", ".required", ".known"))}
    assert rules


# --- right ---------------------------------------------------------------------------------------


def sample(name: str) -> Values:
    found: Values = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return found


RIGHT: dict[str, Values] = {
    **{f"the vendor's sample {name}": sample(name) for name in SAMPLES},
    "the least": bag(),
    "automatic name": {"infer_type": "real-time", "config": [config()]},
    "name of one letter": bag(service_name="m"),
    "longest name": bag(service_name="m" * 64),
    "name with all that is allowed": bag(service_name="aZ-09_数字"),
    "no description": bag(description=""),
    "longest description": bag(description="d" * 100),
    "description in Chinese": bag(description="数字识别, 70/30: [v1] (v2)"),
    "three versions, one without traffic": bag(
        config(weight=70), config(weight=30, **M2), config(weight=0, model_id="m3")
    ),
    "weights in texts": bag(config(weight="70"), config(weight="30", **M2)),
    "weights in floats": bag(config(weight=70.0), config(weight=30.0, **M2)),
    "five instances": bag(config(instance_count=5)),
    "empty environment": bag(config(envs={})),
    "environment": bag(config(envs={"A_b-C.d": "", "load_epoch": "0"})),
    "made to measure": bag(custom(cpu=0.01, memory=1, gpu_p4=0.5), pool_name=POOL),
    "made to measure, no accelerator": bag(custom(gpu_p4=0, ascend_a310=0), cluster_id="c1"),
    "made to measure, chips": bag(custom(gpu_p4=0, ascend_a310=2), cluster_id="c1"),
    "pool of a version": bag(config(pool_name="pool-2"), pool_name=POOL),
    "cluster of a version, pool of the service": bag(config(cluster_id="c1"), pool_name=POOL),
    "network": bag(**GROUP),
    "free specification alone": bag(config(specification="modelarts.vm.cpu.free")),
    "schedule": bag(schedule=timer(time_unit="MINUTES", duration=90)),
    "no schedule": bag(schedule=[]),
    "notification": bag(additional_properties=smn(events=[11, 7, 3, 1])),
    "no properties": bag(additional_properties={}),
    "policy and priority": bag(load_balancer_policy="SOURCE_IP", priority=3),
    "stopped": bag(desired_status="stopped", workspace_id="0"),
    "everything": bag(
        custom(gpu_p4=1) | {"weight": 60, "envs": {"A": "1"}, "pool_name": "pool-2"},
        config(weight=40, **M2),
        description="all",
        workspace_id="0",
        pool_name=POOL,
        schedule=timer(),
        additional_properties=smn(),
        load_balancer_policy="ROUND_ROBIN",
        priority=1,
        desired_status="running",
    ),
}


@pytest.mark.parametrize("case", list(RIGHT))
def test_what_is_right_passes(case: str) -> None:
    assert [problem.show() for problem in check(RIGHT[case]).problems] == []


# --- unknown -------------------------------------------------------------------------------------

Place = tuple[str | int, ...]


def places(value: Any, at: Place = ()) -> list[Place]:
    """Every place in a bag: leaves, objects, lists and entries."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    if isinstance(value, list):
        inner = list(enumerate(value))
    below = [place for key, one in inner for place in places(one, (*at, key))]
    return below if at == () else [at, *below]


def unknown_at(raw: Values, *spots: Place) -> Values:
    """The same bag, not known in some places; the innermost goes first."""
    changed: Any = copy.deepcopy(raw)
    for spot in sorted(spots, key=len, reverse=True):
        holder = changed
        for key in spot[:-1]:
            holder = holder[key]
        holder[spot[-1]] = UNKNOWN
    return dict(changed)


EVERYWHERE = [(case, place) for case in RIGHT for place in places(RIGHT[case])]


def test_one_unknown_anywhere_raises_no_false_alarm() -> None:
    alarms = {
        (case, place): [one.show() for one in check(unknown_at(RIGHT[case], place)).failures]
        for case, place in EVERYWHERE
    }
    assert len(alarms) > 300
    assert {key: texts for key, texts in alarms.items() if texts} == {}


@how(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_many_unknowns_raise_no_false_alarm(data: st.DataObject) -> None:
    raw = RIGHT[data.draw(st.sampled_from(list(RIGHT)))]
    spots = data.draw(st.lists(st.sampled_from(places(raw)), unique=True, max_size=6))
    assert [one.show() for one in check(unknown_at(raw, *spots)).failures] == []


def test_everything_unknown_raises_no_false_alarm() -> None:
    assert check(dict.fromkeys(TABLE.declaration.args, UNKNOWN)).failures == []


def test_an_unknown_stays_unknown() -> None:
    raw = bag(config(weight=UNKNOWN), description=UNKNOWN)
    values = check(raw).values
    assert values["description"] is UNKNOWN
    assert values["config"][0]["weight"] is UNKNOWN
