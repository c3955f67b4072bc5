"""Checked inputs to request bodies, answers to arguments and outputs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Kiln

from pulumi_modeldeploy.core import wire
from pulumi_modeldeploy.core.declare import (
    Args,
    Declaration,
    NotRequired,
    NotRequiredList,
    NotRequiredLists,
    NotRequiredMap,
    NotRequiredObject,
    NotRequiredObjects,
    Reply,
    Required,
    arg,
    output,
    output_list,
    output_map,
)
from pulumi_modeldeploy.core.resource import Resource
from pulumi_modeldeploy.core.values import UNKNOWN, Json, Values


class Spec(Args):
    cpu: Required[float] = arg()
    gpu: NotRequired[float] = arg(default=None, wire="gpu_count")


class Unit(Args):
    model: Required[str] = arg(wire="modelId")
    weight: NotRequired[int] = arg(default=None)
    envs: NotRequiredMap[str] = arg(default=None)
    spec: NotRequiredObject[Spec] = arg(default=None, wire="resources.spec")
    tags: NotRequiredList[str] = arg(default=None, unordered=True)


class Hint(Reply):
    text = output(str)
    at = output(int, wire="occurredAt")


class Thing(Resource):
    """Every shape, with dotted names on the wire."""

    name: NotRequired[str] = arg(default=None)
    count: NotRequired[int] = arg(default=None, wire="size.count")
    ratio: NotRequired[float] = arg(default=None, wire="size.ratio")
    loud: NotRequired[bool] = arg(default=None)
    labels: NotRequiredMap[str] = arg(default=None, wire="meta.labels")
    steps: NotRequiredList[int] = arg(default=None)
    bag: NotRequiredList[int] = arg(default=None, unordered=True)
    spec: NotRequiredObject[Spec] = arg(default=None)
    units: NotRequiredObjects[Unit] = arg(default=None, unordered=True, match_by="model")
    rows: NotRequiredObjects[Spec] = arg(default=None)
    local: NotRequired[str] = arg(default=None, body=False)
    hidden: NotRequired[str] = arg(default=None, echoed=False)
    path: NotRequired[str] = arg(default=None, body=False, echoed=True, wire="pathName")
    alias: NotRequired[str] = arg(default=None, wire="aliasName", reads="shown.alias")
    table: NotRequiredLists[int] = arg(default=None, wire="meta.table")
    bags: NotRequiredLists[str] = arg(default=None, unordered=True)
    shared: NotRequiredList[str] = arg(default=None, unordered=True, shared=True)

    status = output(str)
    url = output(str, wire="links.self")
    hints = output_list(Hint, wire="events")
    last = output(Hint)
    ports = output_list(int)
    annotations = output_map(str)


THING = Declaration.of(Thing)

FULL: Values = {
    "name": "a",
    "count": 3,
    "ratio": 0.5,
    "loud": True,
    "labels": {"A": "1"},
    "steps": [2, 1],
    "bag": [1, 2],
    "spec": {"cpu": 1, "gpu": 2},
    "units": [
        {"model": "m1", "weight": 70, "envs": {"K": "v"}, "spec": {"cpu": 1}, "tags": ["t"]},
        {"model": "m2", "weight": 30},
    ],
    "rows": [{"cpu": 1}],
    "local": "here",
    "table": {"K_1": [2, 1], "k": []},
    "bags": {"A": ["x", "y"]},
    "shared": ["p", "q"],
}
DOCUMENT: Json = {
    "name": "a",
    "size": {"count": 3, "ratio": 0.5},
    "loud": True,
    "meta": {"labels": {"A": "1"}, "table": {"K_1": [2, 1], "k": []}},
    "bags": {"A": ["x", "y"]},
    "shared": ["p", "q"],
    "steps": [2, 1],
    "bag": [1, 2],
    "spec": {"cpu": 1, "gpu_count": 2},
    "units": [
        {
            "modelId": "m1",
            "weight": 70,
            "envs": {"K": "v"},
            "resources": {"spec": {"cpu": 1}},
            "tags": ["t"],
        },
        {"modelId": "m2", "weight": 30},
    ],
    "rows": [{"cpu": 1}],
}

# --- out -----------------------------------------------------------------------------------------


def test_a_body_has_what_is_set_by_the_clouds_names() -> None:
    assert wire.body(THING, FULL) == DOCUMENT


def test_a_body_has_nothing_else() -> None:
    assert wire.body(THING, {}) == {}
    assert wire.body(THING, {"name": None, "local": "here"}) == {}


def test_zeros_and_empties_are_sent() -> None:
    zeros = {
        "name": "",
        "count": 0,
        "loud": False,
        "labels": {},
        "steps": [],
        "units": [{"model": "", "weight": 0, "envs": {}, "tags": []}],
    }
    assert wire.body(THING, zeros) == {
        "name": "",
        "size": {"count": 0},
        "loud": False,
        "meta": {"labels": {}},
        "steps": [],
        "units": [{"modelId": "", "weight": 0, "envs": {}, "tags": []}],
    }


def test_a_part_of_a_body_has_only_what_is_asked_for() -> None:
    assert wire.body(THING, FULL, only=["count", "name"]) == {"name": "a", "size": {"count": 3}}
    assert wire.body(THING, FULL, only=[]) == {}


# --- in ------------------------------------------------------------------------------------------

specs = st.fixed_dictionaries(
    {"cpu": st.integers(0, 9) | st.floats(0.1, 9)}, optional={"gpu": st.integers(0, 2)}
)
texts = st.text(max_size=4)
maps = st.dictionaries(texts, texts, max_size=3)
units = st.fixed_dictionaries(
    {"model": st.text(min_size=1, max_size=4)},
    optional={
        "weight": st.integers(0, 100),
        "envs": maps,
        "spec": specs,
        "tags": st.lists(texts, max_size=3),
    },
)
things = st.fixed_dictionaries(
    {},
    optional={
        "name": texts,
        "count": st.integers(0, 3),
        "ratio": st.integers(0, 3) | st.floats(0.25, 3).filter(lambda one: not one.is_integer()),
        "loud": st.booleans(),
        "labels": maps,
        "steps": st.lists(st.integers(0, 3), max_size=3),
        "bag": st.lists(st.integers(0, 3), max_size=4),
        "spec": specs,
        "units": st.lists(units, max_size=3, unique_by=lambda one: one["model"]),
        "rows": st.lists(specs, max_size=3),
        "local": texts,
        "hidden": texts,
        "table": st.dictionaries(texts, st.lists(st.integers(0, 3), max_size=3), max_size=3),
        "bags": st.dictionaries(texts, st.lists(texts, max_size=3), max_size=3),
        "shared": st.lists(texts, max_size=3),
    },
)


def left_out(document: Any) -> Any:
    """What a cloud makes of a body that leaves empty things out of its answers.

    An empty value of a free map is one, and stays.
    """
    if isinstance(document, dict):
        free = ("labels", "envs", "table", "bags")
        kept = {key: one if key in free else left_out(one) for key, one in document.items()}
        return {key: one for key, one in kept.items() if one not in ("", 0, [], {}, None)}
    if isinstance(document, list):
        return [left_out(one) for one in document]
    return document


@given(things)
def test_what_was_sent_is_read_back(values: Values) -> None:
    assert wire.read(THING, wire.body(THING, values), managed=values) == values


@given(things)
def test_what_was_sent_is_read_back_from_a_cloud_that_leaves_out_what_is_empty(
    values: Values,
) -> None:
    assert wire.read(THING, left_out(wire.body(THING, values)), managed=values) == values


@given(things, st.randoms(use_true_random=False))
def test_what_was_sent_is_read_back_in_the_users_order(values: Values, chance: Any) -> None:
    document = wire.body(THING, values)
    for key in ("units", "bag"):
        chance.shuffle(document.get(key, []))
    for entries in document.get("bags", {}).values():
        chance.shuffle(entries)
    for unit in document.get("units", []):
        chance.shuffle(unit.get("tags", []))
    assert wire.read(THING, document, managed=values) == values


@given(things)
def test_what_the_cloud_adds_is_not_read(values: Values) -> None:
    document = {**DOCUMENT, "colour": "red", **wire.body(THING, values)}
    for unit in document["units"]:
        unit.update(status="ready", seen=1)
    managed = {key: values[key] for key in list(values)[::2]}
    assert wire.read(THING, document, managed=managed) == managed


def test_without_managed_arguments_all_that_is_there_is_read() -> None:
    found = wire.read(THING, {**DOCUMENT, "colour": "red"}, managed=None)
    assert found == {key: one for key, one in FULL.items() if key not in ("local", "shared")}


def test_without_managed_arguments_what_is_empty_is_not_read() -> None:
    empty = {"name": "", "size": {"count": 0}, "meta": {"labels": {}}, "steps": [], "spec": None}
    assert wire.read(THING, empty, managed=None) == {}


def test_an_argument_that_is_not_in_the_body_stays_as_it_is() -> None:
    assert wire.read(THING, {"local": "there"}, managed={"local": "here"}) == {"local": "here"}


READS: dict[str, tuple[Values, Json, Values]] = {
    "under another name": ({"alias": "a"}, {"shown": {"alias": "b"}}, {"alias": "b"}),
    "not under its own": ({"alias": "a"}, {"aliasName": "b"}, {}),
    "in no body, but in answers": ({"path": "a"}, {"pathName": "b"}, {"path": "b"}),
    "in no answer": ({"hidden": "a"}, {"hidden": "b"}, {"hidden": "a"}),
    "shared, what was set": (
        {"shared": ["p", "q"]},
        {"shared": ["x", "q", "p"]},
        {"shared": ["p", "q"]},
    ),
    "shared, one is gone": ({"shared": ["p", "q"]}, {"shared": ["q", "x"]}, {"shared": ["q"]}),
    "shared, all are gone": ({"shared": ["p"]}, {"shared": ["x"]}, {"shared": []}),
    "shared, none shown": ({"shared": ["p"]}, {}, {"shared": []}),
    "shared, none set": ({"shared": []}, {"shared": ["x"]}, {"shared": []}),
    "another order under a key": (
        {"bags": {"a": ["x", "y"]}},
        {"bags": {"a": ["y", "x"]}},
        {"bags": {"a": ["x", "y"]}},
    ),
    "one more under a key": (
        {"bags": {"a": ["x", "y"]}},
        {"bags": {"a": ["z", "y", "x"]}},
        {"bags": {"a": ["x", "y", "z"]}},
    ),
    "another order where it counts": (
        {"table": {"a": [1, 2]}},
        {"meta": {"table": {"a": [2, 1]}}},
        {"table": {"a": [2, 1]}},
    ),
    "a key of others": ({"bags": {"a": []}}, {"bags": {"b": ["x"]}}, {"bags": {"b": ["x"]}}),
    "no keys at all, and none set": ({"table": {}}, {"meta": {}}, {"table": {}}),
    "no keys at all": ({"table": {"a": [1]}}, {"meta": {"table": {}}}, {"table": {}}),
    "numbers for texts": ({"bags": {"a": ["1"]}}, {"bags": {"a": [1]}}, {"bags": {"a": ["1"]}}),
    "texts for numbers": (
        {"table": {"a": [1]}},
        {"meta": {"table": {"a": ["1"]}}},
        {"table": {"a": [1]}},
    ),
}


@pytest.mark.parametrize("case", list(READS))
def test_the_columns_say_what_is_read(case: str) -> None:
    managed, document, expected = READS[case]
    assert wire.read(THING, document, managed) == expected


def test_names_of_answers_are_not_those_of_bodies() -> None:
    assert wire.body(THING, {"alias": "a", "hidden": "h", "path": "p"}) == {
        "aliasName": "a",
        "hidden": "h",
    }


def test_taking_lists_under_keys_away_sends_none() -> None:
    assert THING.args["table"].on_removal == {}
    assert wire.body(THING, {"table": {}, "bags": {"a": []}}) == {
        "meta": {"table": {}},
        "bags": {"a": []},
    }


SENSELESS: dict[str, Any] = {
    "a text": "x",
    "a list": ["x"],
    "null under a key": {"a": None},
    "a text under a key": {"a": "xyz"},
    "a number under a key": {"a": 7},
}


@pytest.mark.parametrize("case", list(SENSELESS))
def test_lists_that_make_no_sense_are_read_as_they_are(case: str) -> None:
    found = wire.read(THING, {"bags": SENSELESS[case]}, {"bags": {"a": ["x"]}})["bags"]
    told = {"a number under a key": {"a": "7"}}.get(case, SENSELESS[case])  # texts are declared
    assert found == told


CHANGES: dict[str, tuple[Values, Json, Values]] = {
    "changed": ({"name": "a"}, {"name": "b"}, {"name": "b"}),
    "gone": ({"name": "a"}, {}, {}),
    "emptied": ({"name": "a"}, {"name": ""}, {"name": ""}),
    "zeroed": ({"count": 3}, {"size": {"count": 0}}, {"count": 0}),
    "filled": ({"name": ""}, {"name": "b"}, {"name": "b"}),
    "the way to it is gone": ({"count": 3}, {"size": None}, {}),
    "the way to it is no object": ({"count": 3}, {"size": 7}, {}),
    "a map emptied": ({"labels": {"A": "1"}}, {"meta": {"labels": {}}}, {"labels": {}}),
    "a value of a map": (
        {"labels": {"A": "1"}},
        {"meta": {"labels": {"A": "1", "B": "2"}}},
        {"labels": {"A": "1", "B": "2"}},
    ),
    "an entry more": (
        {"units": [{"model": "m2"}]},
        {"units": [{"modelId": "m1", "weight": 1}, {"modelId": "m2", "weight": 2}]},
        {"units": [{"model": "m2"}, {"model": "m1", "weight": 1}]},
    ),
    "an entry less": (
        {"units": [{"model": "m1"}, {"model": "m2"}]},
        {"units": [{"modelId": "m2"}]},
        {"units": [{"model": "m2"}]},
    ),
    "an optional object gone": (
        {"rows": [{"cpu": 1, "gpu": 2}]},
        {"rows": [{"cpu": 1}]},
        {"rows": [{"cpu": 1}]},
    ),
}


@pytest.mark.parametrize("case", list(CHANGES))
def test_what_somebody_changed_is_read(case: str) -> None:
    managed, document, expected = CHANGES[case]
    assert wire.read(THING, document, managed) == expected


def test_an_object_without_its_required_members_says_nothing() -> None:
    """The show page's sample has `"specification": "custom", "custom_spec": {}`."""
    managed = {"spec": {"cpu": 1, "gpu": 0}, "units": [{"model": "m", "spec": {"cpu": 2}}]}
    document = {"spec": {}, "units": [{"modelId": "m", "resources": {"spec": {}}}]}
    assert wire.read(THING, document, managed) == managed


def test_an_object_that_is_null_or_absent_is_gone() -> None:
    managed = {"spec": {"cpu": 1}, "name": "a"}
    assert wire.read(THING, {"spec": None, "name": "a"}, managed) == {"name": "a"}
    assert wire.read(THING, {"name": "a"}, managed) == {"name": "a"}


ODD: dict[str, tuple[Values, Json, Values]] = {
    "number for text": ({"name": "0"}, {"name": 0}, {"name": "0"}),
    "another number for text": ({"name": "7"}, {"name": 7}, {"name": "7"}),
    "text for number": ({"count": 3}, {"size": {"count": "3"}}, {"count": 3}),
    "float for number": ({"count": 3}, {"size": {"count": 3.0}}, {"count": 3}),
    "text in a list": ({"steps": [1]}, {"steps": ["1"]}, {"steps": [1]}),
    "number in a map": (
        {"labels": {"A": "1"}},
        {"meta": {"labels": {"A": 1}}},
        {"labels": {"A": "1"}},
    ),
}


@pytest.mark.parametrize("case", list(ODD))
def test_an_answer_may_spell_a_value_another_way(case: str) -> None:
    managed, document, expected = ODD[case]
    assert wire.read(THING, document, managed) == expected


NONSENSE: dict[str, Json] = {
    "text for a list of objects": {"units": "[]", "rows": "x"},
    "null in a list of objects": {"units": [None], "rows": [None]},
    "texts for objects": {"units": ["m"], "spec": "x", "rows": ["x"]},
    "list for an object": {"spec": [1], "meta": [1]},
    "text for a map": {"meta": {"labels": "x"}},
    "text for a list": {"bag": "x", "steps": "x"},
}


@pytest.mark.parametrize("case", list(NONSENSE))
def test_an_answer_that_makes_no_sense_raises_nothing_and_is_never_unknown(case: str) -> None:
    found = wire.read(THING, NONSENSE[case], FULL)
    assert "UNKNOWN" not in repr(found)
    assert wire.read(THING, NONSENSE[case], None) is not None


# --- outputs -------------------------------------------------------------------------------------


def test_outputs_are_read_by_the_clouds_names() -> None:
    document = {
        **DOCUMENT,
        "status": "on",
        "links": {"self": "https://x", "other": 1},
        "events": [{"text": "a", "occurredAt": 1, "more": 2}, {}],
        "last": {"text": "b"},
        "ports": [80, 443],
        "annotations": {"K_1": "v"},
    }
    assert wire.outputs(THING, document) == {
        "status": "on",
        "url": "https://x",
        "hints": [{"text": "a", "at": 1}, {}],
        "last": {"text": "b"},
        "ports": [80, 443],
        "annotations": {"K_1": "v"},
    }


class Facts(Reply):
    whole = output(int)
    part = output(float)
    word = output(str)
    truth = output(bool)


@pytest.mark.parametrize(
    ("name", "said", "meant"),
    [
        ("whole", "8192", 8192),
        ("whole", "-1", -1),
        ("whole", "2.0", 2.0),
        ("whole", "many", "many"),
        ("whole", "", ""),
        ("part", "0.5", 0.5),
        ("part", "2", 2),
        ("part", "nan", "nan"),
        ("part", "inf", "inf"),
        ("word", 0, "0"),
        ("word", 1.5, "1.5"),
        ("word", "8192", "8192"),
        ("truth", "true", True),
        ("truth", "False", False),
        ("truth", "maybe", "maybe"),
        ("truth", False, False),
    ],
)
def test_outputs_are_what_their_types_say_if_the_answer_can_be_read_so(
    name: str, said: Any, meant: Any
) -> None:
    found = wire.outputs(Declaration.of(Facts), {name: said})[name]
    assert found == meant
    assert type(found) is type(meant)


def test_outputs_that_the_answer_lacks_are_absent() -> None:
    assert wire.outputs(THING, {"status": None, "links": 7}) == {}


def test_outputs_may_be_zero_or_empty() -> None:
    document = {"status": "", "ports": [], "events": [], "annotations": {}}
    assert wire.outputs(THING, document) == {
        "status": "",
        "ports": [],
        "hints": [],
        "annotations": {},
    }


@pytest.mark.parametrize("unknown", [UNKNOWN, [UNKNOWN], [{"image": UNKNOWN}]])
def test_a_body_is_built_of_what_is_not_known_yet(unknown: Any) -> None:
    sent = wire.body(Declaration.of(Kiln), {"name": "oven", "workers": unknown})
    assert sent == {"name": "oven", "workers": unknown}
