"""What changed: only what the user manages, by what it means to the cloud."""

import random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from synthetic import Kiln

from pulumi_modeldeploy.core import diff, inputs
from pulumi_modeldeploy.core.declare import (
    Args,
    Change,
    Declaration,
    NotRequired,
    NotRequiredList,
    NotRequiredLists,
    NotRequiredObject,
    NotRequiredObjects,
    Removal,
    Required,
    arg,
    output_id,
)
from pulumi_modeldeploy.core.resource import Resource
from pulumi_modeldeploy.core.values import UNKNOWN, Values

KILN = Declaration.of(Kiln)


class Leaf(Args):
    name: Required[str] = arg()
    size: NotRequired[float] = arg(default=None)


class Tree(Resource):
    """Every shape and every column."""

    fixed: NotRequired[str] = arg(default=None, change=Change.REPLACE)
    text: NotRequired[str] = arg(default=None)
    sticky: NotRequired[int] = arg(default=None)
    reborn: NotRequired[int] = arg(default=None, removed=Removal.REPLACE)
    ordered: NotRequiredList[int] = arg(default=None)
    bag: NotRequiredList[int] = arg(default=None, unordered=True)
    leaf: NotRequiredObject[Leaf] = arg(default=None)
    row: NotRequiredObjects[Leaf] = arg(default=None)
    heap: NotRequiredObjects[Leaf] = arg(default=None, unordered=True, match_by="name")
    rows: NotRequiredLists[int] = arg(default=None)
    bags: NotRequiredLists[int] = arg(default=None, unordered=True)
    own_id: NotRequired[str] = arg(default=None, change=Change.REPLACE, follows="tree_id")
    shade: NotRequired[str] = arg(default=None, implied="dark")

    tree_id = output_id()


TREE = Declaration.of(Tree)


def names(olds: Values, news: Values) -> list[str]:
    return [one.name for one in diff.compare(TREE, olds, news)]


LEAVES = [{"name": "a", "size": 1}, {"name": "b"}]

SAME: dict[str, tuple[Values, Values]] = {
    "nothing": ({}, {}),
    "none and absent": ({"text": None}, {}),
    "the order of a bag": ({"bag": [1, 2, 2]}, {"bag": [2, 1, 2]}),
    "the order of a heap": ({"heap": LEAVES}, {"heap": LEAVES[::-1]}),
    "whole float and integer": ({"leaf": {"name": "a", "size": 1.0}}, {"leaf": LEAVES[0]}),
    "what no argument is": ({"status": "on"}, {"status": "off"}),
    "the order inside bags": ({"bags": {"a": [1, 2], "b": []}}, {"bags": {"b": [], "a": [2, 1]}}),
    "the order of keys": ({"rows": {"a": [1], "b": [2]}}, {"rows": {"b": [2], "a": [1]}}),
    "what is implied": ({}, {"shade": "dark"}),
    "what was chosen, given": ({"tree_id": "t1"}, {"own_id": "t1"}),
    "what was given, left out": ({"own_id": "t1", "tree_id": "t1"}, {}),
    "what was given, left out before it was known": ({"own_id": "t1"}, {}),
    "what was chosen, left out": ({"tree_id": "t1"}, {}),
    "none in an object": ({"leaf": {"name": "a", "size": None}}, {"leaf": {"name": "a"}}),
}


@pytest.mark.parametrize("case", list(SAME))
def test_it_is_the_same(case: str) -> None:
    assert names(*SAME[case]) == []


DIFFERENT: dict[str, tuple[Values, Values, list[str]]] = {
    "a text": ({"text": "a"}, {"text": "b"}, ["text"]),
    "added": ({}, {"text": "b"}, ["text"]),
    "added, empty": ({}, {"text": ""}, ["text"]),
    "removed": ({"text": "a"}, {}, ["text"]),
    "zero and absent": ({"sticky": 0}, {}, ["sticky"]),
    "unknown": ({"text": "a"}, {"text": UNKNOWN}, ["text"]),
    "unknown and unknown": ({"text": UNKNOWN}, {"text": UNKNOWN}, ["text"]),
    "the order of a list": ({"ordered": [1, 2]}, {"ordered": [2, 1]}, ["ordered"]),
    "how often in a bag": ({"bag": [1, 2, 2]}, {"bag": [1, 1, 2]}, ["bag"]),
    "more in a bag": ({"bag": [1]}, {"bag": [1, 1]}, ["bag"]),
    "a leaf of an object": ({"leaf": LEAVES[0]}, {"leaf": {"name": "a", "size": 2}}, ["leaf"]),
    "removed from an object": ({"leaf": LEAVES[0]}, {"leaf": {"name": "a"}}, ["leaf"]),
    "unknown in an object": ({"leaf": LEAVES[0]}, {"leaf": {"name": UNKNOWN}}, ["leaf"]),
    "the order of a row": ({"row": LEAVES}, {"row": LEAVES[::-1]}, ["row"]),
    "an entry less": ({"heap": LEAVES}, {"heap": LEAVES[:1]}, ["heap"]),
    "an entry renamed": ({"heap": LEAVES}, {"heap": [LEAVES[0], {"name": "c"}]}, ["heap"]),
    "a leaf in a heap": (
        {"heap": LEAVES},
        {"heap": [{"name": "b", "size": 2}, LEAVES[0]]},
        ["heap"],
    ),
    "an unknown entry": ({"heap": LEAVES}, {"heap": [LEAVES[0], UNKNOWN]}, ["heap"]),
    "the order inside rows": ({"rows": {"a": [1, 2]}}, {"rows": {"a": [2, 1]}}, ["rows"]),
    "a key more": ({"bags": {"a": [1]}}, {"bags": {"a": [1], "b": []}}, ["bags"]),
    "a key less": ({"bags": {"a": [1], "b": [1]}}, {"bags": {"a": [1]}}, ["bags"]),
    "a key renamed": ({"bags": {"a": [1]}}, {"bags": {"b": [1]}}, ["bags"]),
    "under another key": ({"bags": {"a": [1], "b": []}}, {"bags": {"b": [1], "a": []}}, ["bags"]),
    "how often inside bags": ({"bags": {"a": [1, 1, 2]}}, {"bags": {"a": [1, 2, 2]}}, ["bags"]),
    "empty and absent": ({"bags": {}}, {}, ["bags"]),
    "unknown inside bags": ({"bags": {"a": [1]}}, {"bags": {"a": [UNKNOWN]}}, ["bags"]),
    "an unknown list": ({"bags": {"a": [1]}}, {"bags": {"a": UNKNOWN}}, ["bags"]),
    "another than the chosen": ({"tree_id": "t1"}, {"own_id": "t2"}, ["own_id"]),
    "another than the given": (
        {"own_id": "t1", "tree_id": "t1"},
        {"own_id": "t2"},
        ["own_id"],
    ),
    "another than what is implied": ({"shade": "light"}, {}, ["shade"]),
    "two, in the order of the declaration": (
        {"ordered": [1], "text": "a"},
        {"ordered": [2], "text": "b"},
        ["text", "ordered"],
    ),
}


@pytest.mark.parametrize("case", list(DIFFERENT))
def test_it_is_different(case: str) -> None:
    olds, news, found = DIFFERENT[case]
    assert names(olds, news) == found


REPLACES: dict[str, tuple[Values, Values, bool]] = {
    "an immutable one changes": ({"fixed": "a"}, {"fixed": "b"}, True),
    "an immutable one is added": ({}, {"fixed": "b"}, True),
    "an immutable one is removed": ({"fixed": "a"}, {}, True),
    "an immutable one becomes unknown": ({"fixed": "a"}, {"fixed": UNKNOWN}, True),
    "one that follows is given another": ({"tree_id": "a"}, {"own_id": "b"}, True),
    "one that follows becomes unknown": ({"own_id": "a"}, {"own_id": UNKNOWN}, True),
    "lists change": ({"bags": {"a": [1]}}, {"bags": {"a": [2]}}, False),
    "another changes": ({"text": "a"}, {"text": "b"}, False),
    "another is removed": ({"text": "a"}, {}, False),
    "one without an empty value is removed": ({"sticky": 1}, {}, False),
    "one that says so is removed": ({"reborn": 1}, {}, True),
    "one that says so changes": ({"reborn": 1}, {"reborn": 2}, False),
}


@pytest.mark.parametrize("case", list(REPLACES))
def test_the_columns_decide_what_a_change_does(case: str) -> None:
    olds, news, replaces = REPLACES[case]
    (difference,) = diff.compare(TREE, olds, news)
    assert difference.replaces is replaces
    assert difference.removed is (not news)


# --- whatever is compared ------------------------------------------------------------------------

texts = st.text(max_size=3)
numbers = st.integers(-3, 3) | st.floats(-3, 3)
leaf = st.fixed_dictionaries({"name": texts}, optional={"size": numbers})
trees = st.fixed_dictionaries(
    {},
    optional={
        "fixed": texts,
        "text": texts,
        "sticky": st.integers(0, 2),
        "ordered": st.lists(st.integers(0, 3), max_size=4),
        "bag": st.lists(st.integers(0, 3), max_size=4),
        "leaf": leaf,
        "row": st.lists(leaf, max_size=3),
        "heap": st.lists(leaf, max_size=3, unique_by=lambda one: one["name"]),
        "rows": st.dictionaries(texts, st.lists(st.integers(0, 3), max_size=3), max_size=3),
        "bags": st.dictionaries(texts, st.lists(st.integers(0, 3), max_size=3), max_size=3),
    },
)


@given(trees)
def test_everything_is_the_same_as_itself(values: Values) -> None:
    assert names(values, values) == []


@given(trees)
def test_everything_is_the_same_as_its_normal_form(values: Values) -> None:
    assert names(inputs.normalise(TREE, values), values) == []


@given(trees, trees)
def test_a_difference_is_one_both_ways(one: Values, other: Values) -> None:
    assert names(one, other) == names(other, one)


@given(trees, st.integers())
def test_the_order_of_what_has_none_says_nothing(values: Values, seed: int) -> None:
    shuffled = dict(values)
    for key in ("bag", "heap"):
        if key in values:
            shuffled[key] = random.Random(seed).sample(values[key], len(values[key]))  # noqa: S311
    if "bags" in values:
        chance = random.Random(seed)  # noqa: S311
        pairs = chance.sample(list(values["bags"].items()), len(values["bags"]))
        shuffled["bags"] = {key: chance.sample(one, len(one)) for key, one in pairs}
    assert names(values, shuffled) == []


def spoilt(value: Any, at: int) -> tuple[Any, int]:
    """Put an unknown in the place of the leaf number `at`; answers how many leaves are left."""
    if isinstance(value, dict):
        result: Any = {}
        for key, one in value.items():
            result[key], at = spoilt(one, at)
        return result, at
    if isinstance(value, list):
        result = []
        for one in value:
            changed, at = spoilt(one, at)
            result.append(changed)
        return result, at
    return (UNKNOWN if at == 0 else value), at - 1


@given(trees, st.data())
def test_an_unknown_at_any_depth_differs_from_everything(
    values: Values, data: st.DataObject
) -> None:
    leaf_count = -spoilt(values, -1)[1] - 1
    assume(leaf_count)
    changed, _ = spoilt(values, data.draw(st.integers(0, leaf_count - 1)))
    (name,) = names(values, changed)
    assert changed[name] != values[name]


@given(trees, trees)
def test_only_what_differs_is_listed_with_old_and_new(olds: Values, news: Values) -> None:
    for one in diff.compare(TREE, olds, news):
        assert one.old == olds.get(one.name)
        assert one.new == news.get(one.name)
        assert one.old is not None or one.new is not None


MALFORMED: dict[str, Values] = {
    "a text for a map of lists": {"bags": "x"},
    "a list for a map of lists": {"rows": [1]},
    "null for a list": {"bags": {"a": None}},
    "a number for a list": {"rows": {"a": 7}},
}


@pytest.mark.parametrize("case", list(MALFORMED))
def test_what_makes_no_sense_is_just_different(case: str) -> None:
    """Normalising keeps it, out of an old state or an answer."""
    (name,) = MALFORMED[case]
    right = {name: {"a": [1]}}
    assert names(MALFORMED[case], right) == [name]
    assert names(right, MALFORMED[case]) == [name]
    assert names(MALFORMED[case], MALFORMED[case]) == []


def test_pruning_keeps_lists_under_keys() -> None:
    assert diff.prune(TREE, {"bags": {"a": []}, "rows": {}}) == {"bags": {"a": []}}


# --- what an update looks for in the cloud -------------------------------------------------------


def test_a_union_adds_what_was_there_before_at_every_depth() -> None:
    wanted = {"text": "a", "leaf": {"name": "x"}, "heap": [{"name": "b"}, {"name": "c"}]}
    olds = {"sticky": 1, "leaf": {"name": "y", "size": 2}, "heap": [{"name": "c", "size": 3}]}
    assert diff.union(TREE, wanted, olds) == {
        "text": "a",
        "sticky": 1,
        "leaf": {"name": "x", "size": 2},
        "heap": [{"name": "b"}, {"name": "c", "size": 3}],
    }


def test_a_union_of_a_list_with_an_order_goes_by_place() -> None:
    wanted = {"row": [{"name": "b"}, {"name": "c"}]}
    olds = {"row": [{"name": "c", "size": 3}]}
    assert diff.union(TREE, wanted, olds)["row"] == [{"name": "b", "size": 3}, {"name": "c"}]


@given(trees, trees)
def test_a_union_holds_all_that_is_wanted(wanted: Values, olds: Values) -> None:
    found = diff.union(TREE, wanted, olds)
    assert set(found) == set(wanted) | set(olds)
    for name in ("fixed", "text", "sticky", "ordered", "bag", "rows", "bags"):
        assert found.get(name) == wanted.get(name, olds.get(name))
    assert diff.union(TREE, wanted, {}) == wanted


def test_pruning_leaves_out_what_says_nothing_but_keeps_entries() -> None:
    values = {
        "text": "",
        "sticky": 0,
        "ordered": [0, 0],
        "bag": [],
        "leaf": {"name": "", "size": 0},
        "row": [{"name": "a", "size": 0}, {"name": ""}],
        "heap": None,
    }
    assert diff.prune(TREE, values) == {"ordered": [0, 0], "row": [{"name": "a"}, {}]}


def test_an_empty_value_of_a_free_map_is_one() -> None:
    assert diff.prune(KILN, {"labels": {"A": ""}}) == {"labels": {"A": ""}}
    assert diff.prune(KILN, {"labels": {}}) == {}


def test_kilns_are_compared_like_any_other() -> None:
    assert [one.name for one in diff.compare(KILN, {"heat": 1}, {"heat": 2, "zone": "z"})] == [
        "zone",
        "heat",
    ]
