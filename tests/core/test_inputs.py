"""Raw values become checked inputs: everything that is wrong at once, unknowns left alone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import SHARES, Kiln

from pulumi_modeldeploy.core import inputs
from pulumi_modeldeploy.core.checks import Rule, length
from pulumi_modeldeploy.core.declare import (
    Args,
    Declaration,
    NotRequired,
    NotRequiredList,
    NotRequiredLists,
    NotRequiredMap,
    arg,
)
from pulumi_modeldeploy.core.values import UNKNOWN, Values

KILN = Declaration.of(Kiln)
GOOD: Values = {"heat": 3, "workers": [{"image": "a", "share": 100}]}


class Every(Args):
    """One argument of every type."""

    text: NotRequired[str] = arg(default=None)
    whole: NotRequired[int] = arg(default=None)
    number: NotRequired[float] = arg(default=None)
    yes: NotRequired[bool] = arg(default=None)
    wholes: NotRequiredList[int] = arg(default=None)
    lists: NotRequiredLists[int] = arg(default=None)


class Tidy(Args, trimmed=True):
    """Texts that the cloud writes another way."""

    text: NotRequired[str] = arg(default=None, checks=[length(1, 3)])
    low: NotRequired[str] = arg(default=None, lowered=True)
    lows: NotRequiredList[str] = arg(default=None, lowered=True)
    labels: NotRequiredMap[str] = arg(default=None)
    bags: NotRequiredLists[str] = arg(default=None, lowered=True)


EVERY = Declaration.of(Every)
TIDY = Declaration.of(Tidy)


def messages(checked: inputs.Checked) -> list[str]:
    return [problem.show() for problem in checked.problems]


def test_right_arguments_come_back_with_defaults_and_without_problems() -> None:
    checked = inputs.check(KILN, GOOD, (SHARES,))
    assert checked.problems == []
    assert checked.values == {**GOOD, "power": "on"}


def test_a_default_that_is_none_is_not_filled_in() -> None:
    assert "note" not in inputs.check(KILN, GOOD).values


def test_none_counts_as_left_out() -> None:
    checked = inputs.check(KILN, {**GOOD, "note": None, "power": None})
    assert checked.values == {**GOOD, "power": "on"}
    missing = inputs.check(KILN, {"heat": None})
    assert messages(missing) == ["heat: is missing: it must be given [heat.required]"]


def test_everything_that_is_wrong_is_reported_at_once_with_its_path() -> None:
    raw = {
        "name": "",
        "heta": 3,
        "note": 7,
        "labels": {"a": 1},
        "workers": [
            {"share": 101, "limits": {"cpu": 0, "gpu": -1}},
            {"image": "b", "share": "many", "env": ["x"], "limits": {"cpus": 1}},
            "a worker",
        ],
        "power": "of",
    }
    assert messages(inputs.check(KILN, raw, (SHARES,))) == [
        "heta: is no argument of Kiln: did you mean heat? [heta.known]",
        "name: must be 1 to 40 long, has 0 [name.length]",
        "heat: is missing: it must be given [heat.required]",
        "note: must be a text [note.type]",
        "labels['a']: must be a text [labels.type]",
        "workers[0].image: is missing: it must be given [workers.image.required]",
        "workers[0].share: must be between 0 and 100, is 101 [workers.share.between]",
        "workers[0].limits.cpu: must be at least 0.1, is 0 [workers.limits.cpu.between]",
        "workers[0].limits.gpu: must be at least 0, is -1 [workers.limits.gpu.between]",
        "workers[1].share: must be a whole number [workers.share.type]",
        "workers[1].env: must be a map [workers.env.type]",
        (
            "workers[1].limits.cpus: is no argument of Limits: did you mean cpu? "
            "[workers.limits.cpus.known]"
        ),
        "workers[1].limits.cpu: is missing: it must be given [workers.limits.cpu.required]",
        "workers[2]: must be an object [workers.type]",
        "power: must be one of on, off [power.one-of]",
        "workers: shares add up to 100, these add up to 101 (101) [shares]",
    ]


def test_an_unknown_name_gets_the_nearest_one_or_all() -> None:
    (near,) = inputs.check(KILN, {**GOOD, "worker": []}).problems
    assert near.text == "is no argument of Kiln: did you mean workers?"
    (far,) = inputs.check(KILN, {**GOOD, "qqq": 1}).problems
    assert far.text == (
        "is no argument of Kiln: known are name, zone, heat, note, labels, timer, kiln_uuid, "
        "workers, power, glaze, door, racks, vents, recipe, adopt, adopt_from"
    )


TYPES: dict[str, tuple[str, Any, Any]] = {
    "text": ("text", "a", "a"),
    "empty text": ("text", "", ""),
    "whole float": ("whole", 3.0, 3),
    "numeric text": ("whole", "70", 70),
    "numeric text with spaces": ("whole", " 70 ", 70),
    "numeric text of a whole float": ("whole", "70.0", 70),
    "negative": ("whole", -2.0, -2),
    "zero": ("whole", 0.0, 0),
    "fraction": ("number", 1.5, 1.5),
    "numeric text of a fraction": ("number", "1.5", 1.5),
    "a whole number where fractions may stand": ("number", 2.0, 2),
    "yes": ("yes", True, True),
    "no": ("yes", False, False),
    "list": ("wholes", [1.0, "2", 3], [1, 2, 3]),
    "list with an unknown": ("wholes", [1.0, UNKNOWN], [1, UNKNOWN]),
    "unknown": ("whole", UNKNOWN, UNKNOWN),
}


@pytest.mark.parametrize("case", list(TYPES))
def test_values_are_brought_into_their_normal_form(case: str) -> None:
    name, raw, normal = TYPES[case]
    checked = inputs.check(EVERY, {name: raw})
    assert checked.problems == []
    assert checked.values == {name: normal}
    assert [type(one) for one in checked.values.values()] == [type(normal)]


WRONG_TYPES: dict[str, tuple[str, Any, str]] = {
    "number for text": ("text", 1.0, "must be a text"),
    "list for text": ("text", ["a"], "must be a text"),
    "fraction for whole": ("whole", 1.5, "must be a whole number"),
    "text for whole": ("whole", "seven", "must be a whole number"),
    "empty text for whole": ("whole", "", "must be a whole number"),
    "yes for whole": ("whole", True, "must be a whole number"),
    "infinite for whole": ("whole", float("inf"), "must be a whole number"),
    "text of infinity for whole": ("whole", "inf", "must be a whole number"),
    "no number": ("number", float("nan"), "must be a number"),
    "text for number": ("number", "1,5", "must be a number"),
    "yes for number": ("number", False, "must be a number"),
    "text for yes": ("yes", "true", "must be True or False"),
    "number for yes": ("yes", 1.0, "must be True or False"),
    "text for list": ("wholes", "1,2", "must be a list"),
    "map for list": ("wholes", {"a": 1}, "must be a list"),
}


@pytest.mark.parametrize("case", list(WRONG_TYPES))
def test_what_cannot_be_a_value_of_the_type_is_told(case: str) -> None:
    name, raw, text = WRONG_TYPES[case]
    checked = inputs.check(EVERY, {name: raw})
    assert messages(checked) == [f"{name}: {text} [{name}.type]"]


def test_a_wrong_entry_of_a_list_is_told_by_its_place() -> None:
    checked = inputs.check(EVERY, {"wholes": [1, "x", 2, None]})
    assert messages(checked) == [
        "wholes[1]: must be a whole number [wholes.type]",
        "wholes[3]: must be a whole number [wholes.type]",
    ]


DEPTHS: dict[str, Values] = {
    "an argument": {**GOOD, "heat": UNKNOWN},
    "a list": {**GOOD, "workers": UNKNOWN},
    "an entry": {**GOOD, "workers": [UNKNOWN]},
    "a leaf": {**GOOD, "workers": [{"image": UNKNOWN, "share": UNKNOWN}]},
    "a nested object": {**GOOD, "workers": [{"image": "a", "share": 100, "limits": UNKNOWN}]},
    "a nested leaf": {
        **GOOD,
        "workers": [{"image": "a", "share": 100, "limits": {"cpu": UNKNOWN}}],
    },
    "a map": {**GOOD, "labels": UNKNOWN},
    "a value of a map": {**GOOD, "labels": {"a": UNKNOWN}},
}


@pytest.mark.parametrize("case", list(DEPTHS))
def test_what_is_unknown_is_kept_and_raises_no_alarm(case: str) -> None:
    checked = inputs.check(KILN, DEPTHS[case], (SHARES,))
    assert checked.problems == []
    assert checked.values == {**DEPTHS[case], "power": "on"}


def test_what_is_known_beside_an_unknown_is_judged() -> None:
    raw = {"heat": 99, "name": UNKNOWN, "workers": [{"image": UNKNOWN, "share": 101}]}
    paths = [problem.path for problem in inputs.check(KILN, raw, (SHARES,)).problems]
    assert paths == ["heat", "workers[0].share", "workers"]


def test_a_malformed_value_counts_as_unknown_to_other_rules() -> None:
    raw = {**GOOD, "workers": [{"image": "a", "share": "x"}, {"image": "b", "share": 30}]}
    assert [one.path for one in inputs.check(KILN, raw, (SHARES,)).problems] == ["workers[0].share"]


# --- lists under keys, texts as the cloud writes them ---------------------------------------------

LISTS: dict[str, tuple[Any, Any, list[str]]] = {
    "right": ({"a": [1, 2], "b": []}, {"a": [1, 2], "b": []}, []),
    "none": ({}, {}, []),
    "whole floats and texts": ({"a": [1.0, "2"]}, {"a": [1, 2]}, []),
    "a wrong entry": (
        {"a": [1, "x"], "b": [2]},
        {"a": [1, UNKNOWN], "b": [2]},
        ["lists['a'][1]: must be a whole number [lists.type]"],
    ),
    "two wrong entries": (
        {"a": [None], "b b": [True]},
        {"a": [UNKNOWN], "b b": [UNKNOWN]},
        [
            "lists['a'][0]: must be a whole number [lists.type]",
            "lists['b b'][0]: must be a whole number [lists.type]",
        ],
    ),
    "no list": (
        {"a": 1, "b": None, "c": {}},
        {"a": UNKNOWN, "b": UNKNOWN, "c": UNKNOWN},
        [f"lists['{key}']: must be a list [lists.type]" for key in "abc"],
    ),
    "no map": ([1], UNKNOWN, ["lists: must be a map of lists [lists.type]"]),
    "a text": ("x", UNKNOWN, ["lists: must be a map of lists [lists.type]"]),
    "unknown": (UNKNOWN, UNKNOWN, []),
    "an unknown list": ({"a": UNKNOWN, "b": [1]}, {"a": UNKNOWN, "b": [1]}, []),
    "an unknown entry": (
        {"a": [UNKNOWN, "x"]},
        {"a": [UNKNOWN, UNKNOWN]},
        ["lists['a'][1]: must be a whole number [lists.type]"],
    ),
}


@pytest.mark.parametrize("case", list(LISTS))
def test_lists_under_keys_are_checked_entry_by_entry(case: str) -> None:
    raw, values, problems = LISTS[case]
    checked = inputs.check(EVERY, {"lists": raw})
    assert messages(checked) == problems
    assert checked.values == {"lists": values}


def test_normalising_keeps_malformed_lists_as_they_are() -> None:
    odd = {"lists": {"a": ["x"], "b": None, "c": 3}}
    assert inputs.normalise(EVERY, odd) == odd
    assert inputs.normalise(EVERY, {"lists": [1]}) == {"lists": [1]}


@pytest.mark.parametrize("strict", [True, False], ids=["check", "normalise"])
def test_texts_are_brought_to_the_clouds_spelling(strict: bool) -> None:
    raw = {
        "text": " a b\n",
        "low": " ABC ",
        "lows": ["A", " B"],
        "labels": {" K ": " v "},
        "bags": {" K ": ["X "]},
    }
    found = inputs.check(TIDY, raw).values if strict else inputs.normalise(TIDY, raw)
    assert found == {
        "text": "a b",
        "low": "abc",
        "lows": ["a", "b"],
        "labels": {" K ": " v "},  # free maps are the user's
        "bags": {" K ": ["x"]},
    }


def test_texts_are_judged_as_the_cloud_writes_them() -> None:
    assert inputs.check(TIDY, {"text": "  abc  "}).problems == []
    (problem,) = inputs.check(TIDY, {"text": "    "}).problems
    assert problem.show() == "text: must be 1 to 3 long, has 0 [text.length]"


def test_texts_of_other_classes_stay_as_they_are() -> None:
    assert inputs.check(EVERY, {"text": " A "}).values == {"text": " A "}


# --- warnings, rules that are off ----------------------------------------------------------------

HINT = Rule("hint", lambda _values, report: report("note", "is short"), "t", "s", warn=True)


def test_warnings_are_no_failures() -> None:
    checked = inputs.check(KILN, GOOD, (HINT,))
    assert checked.failures == []
    assert messages(checked) == ["note: is short [hint]"]
    assert checked.warnings == checked.problems


def test_where_something_fails_it_is_not_warned_about_too() -> None:
    checked = inputs.check(KILN, {**GOOD, "note": "x" * 21}, (HINT,))
    assert [one.rule for one in checked.problems] == ["note.length"]


def test_rules_can_be_turned_off_by_name() -> None:
    raw = {"heat": 99, "workers": [{"image": "a", "share": 1}]}
    names = {problem.rule for problem in inputs.check(KILN, raw, (SHARES,)).problems}
    assert names == {"heat.between", "shares"}
    assert inputs.check(KILN, raw, (SHARES,), off=names).problems == []
    assert inputs.check(KILN, raw, (SHARES,), off={"shares"}).problems[0].rule == "heat.between"


def test_a_rule_that_is_off_lets_the_warning_of_its_path_through() -> None:
    checked = inputs.check(KILN, {**GOOD, "note": "x" * 21}, (HINT,), off={"note.length"})
    assert [one.rule for one in checked.problems] == ["hint"]


# --- taking away ---------------------------------------------------------------------------------

REMOVED: dict[str, tuple[Values, Values, list[str]]] = {
    "a number": ({"timer": 3}, {}, ["timer"]),
    "a number set to none": ({"timer": 3}, {"timer": None}, ["timer"]),
    "a number that was never there": ({}, {}, []),
    "a number that becomes unknown": ({"timer": 3}, {"timer": UNKNOWN}, []),
    "a number that changes": ({"timer": 3}, {"timer": 4}, []),
    "a text": ({"note": "x"}, {}, []),
    "a map": ({"labels": {"a": "b"}}, {}, []),
    "what a new object is for": ({"zone": "z"}, {}, []),
}


@pytest.mark.parametrize("case", list(REMOVED))
def test_what_the_cloud_would_keep_cannot_be_taken_away(case: str) -> None:
    olds, news, refused = REMOVED[case]
    checked = inputs.check(KILN, {**GOOD, **news}, olds={**GOOD, **olds})
    assert [problem.path for problem in checked.failures] == refused
    assert all("was taken away" in problem.text for problem in checked.failures)
    assert all(problem.rule == f"{problem.path}.removed" for problem in checked.failures)


def test_without_a_state_nothing_was_taken_away() -> None:
    assert inputs.check(KILN, GOOD).problems == []


# --- whatever comes ------------------------------------------------------------------------------


names = st.sampled_from([*KILN.args, "image", "share", "env", "limits", "cpu", "gpu", "x", ""])
leaves = st.one_of(
    st.just(UNKNOWN),
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["70", "1e400", "-0", "on", "NaN", "½", "\uff11"]),
)
json_like = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
bags = st.dictionaries(names, json_like, max_size=6)


@given(bags)
def test_check_answers_whatever_it_is_given(raw: Values) -> None:
    checked = inputs.check(KILN, raw, (SHARES,), olds={"timer": 1})
    for problem in checked.problems:
        assert problem.show(["workers[0]"]).endswith(f"[{problem.rule}]")
    assert set(checked.values) <= set(KILN.args)


@given(bags)
def test_normalise_answers_whatever_it_is_given(raw: Values) -> None:
    assert set(inputs.normalise(KILN, raw)) <= set(KILN.args)


def spelt(value: Any) -> str:
    """Values compared with their types: 1 is not 1.0, and no number is like itself."""
    return json.dumps(value, default=repr, sort_keys=True)


@given(bags)
def test_normalising_twice_changes_nothing(raw: Values) -> None:
    once = inputs.normalise(KILN, raw)
    assert spelt(inputs.normalise(KILN, once)) == spelt(once)


tidy = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(TIDY.args, json_like)
    | {"text": st.text(max_size=5), "low": st.text(max_size=5)},
)


@given(tidy, st.fixed_dictionaries({"lists": json_like}))
def test_spelling_twice_changes_nothing(texts: Values, lists: Values) -> None:
    for declaration, raw in ((TIDY, texts), (EVERY, lists)):
        once = inputs.normalise(declaration, raw)
        assert spelt(inputs.normalise(declaration, once)) == spelt(once)
        checked = inputs.check(declaration, raw).values
        assert spelt(inputs.check(declaration, checked).values) == spelt(checked)


@given(bags)
def test_checking_what_was_checked_changes_nothing(raw: Values) -> None:
    once = inputs.check(KILN, raw).values
    assert spelt(inputs.check(KILN, once).values) == spelt(once)


def test_large_whole_numbers_stay_exact() -> None:
    exact = 2**53 + 1
    assert inputs.check(EVERY, {"whole": exact}).values == {"whole": exact}
    assert inputs.check(EVERY, {"whole": str(exact)}).values == {"whole": exact}


def test_normalising_neither_judges_nor_completes() -> None:
    odd = {"heat": 99.0, "workers": [{"share": "7"}], "unheard": 1}
    assert inputs.normalise(KILN, odd) == {"heat": 99, "workers": [{"share": 7}]}


def test_normalising_keeps_what_is_of_no_known_type() -> None:
    """What an old state or a newer cloud says must not become unknown."""
    odd = {"heat": "very", "note": ["x"], "workers": "none", "labels": {"a": 1}}
    assert inputs.normalise(KILN, odd) == odd
